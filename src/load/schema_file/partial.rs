//! A schema file where some of its tables exist: those that exist are compared with it, then the statements about the others
//! are run.
//!
//! No statement is interpreted. The file is applied in a schema of its own, which is rolled back: that shows what each
//! table would be, and which tables each statement is about.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use super::{Done, execute, run_step};
use crate::load::config::Load;
use crate::load::table::target;
use crate::postgres::name::{literal, quoted};
use crate::script::{StatementKind, Step};
use crate::suggestion::again;

/// The schema of the trial.
const TRIAL: &str = "seedrow_partial";

/// What a step of the file is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    /// These tables.
    Tables(BTreeSet<String>),
    /// No table: a type, a function, a setting.
    Other,
}

/// A table as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TableShape {
    /// Columns and constraints, one a line.
    shape: String,
    /// What else a statement may change.
    rest: String,
}

/// Runs the statements of the file that are about tables that don't exist, or about none. Refuses where a table that exists
/// isn't as the file says. Returns what was left out.
pub async fn run_missing(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    schema: &str,
) -> Result<Vec<String>> {
    let file = load.dataset.schema.path.display();
    let real = load.dataset.real_tables();
    let existing = target::existing(transaction, load.dataset, schema, &real).await?;
    execute(transaction, "SAVEPOINT before_trial").await?;
    let tried = try_apart(transaction, load).await;
    let (abouts, wanted) = tried.with_context(|| {
        format!(
            "schema {schema} has {}, and {file} could not be tried in a schema of its own to compare them",
            existing.join(", ")
        )
    })?;
    execute(transaction, "ROLLBACK TO SAVEPOINT before_trial").await?;
    let is = shapes(transaction, schema).await?;
    ensure_alike(load, schema, &existing, &is, &wanted)?;
    let mut left_out = Vec::new();
    for (step, about) in load.dataset.schema.steps.iter().zip(abouts) {
        let is_wanted = match &about {
            About::Tables(tables) => tables.iter().any(|table| !is.contains_key(table)),
            About::Other => true,
        };
        if is_wanted {
            left_out.extend(run_tolerant(transaction, step).await?);
        }
    }
    Ok(left_out)
}

/// Applies the file in a schema of its own: what each step is about, and what the tables are at the end.
async fn try_apart(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
) -> Result<(Vec<About>, BTreeMap<String, TableShape>)> {
    let trial = quoted(TRIAL);
    execute(transaction, &format!("CREATE SCHEMA {trial}")).await?;
    let lead = literal(&trial);
    let path = format!(
        "SELECT set_config('search_path', concat_ws(', ', {lead}, nullif(current_setting('search_path'), '')), true)"
    );
    execute(transaction, &path).await?;
    let mut before = shapes(transaction, TRIAL).await?;
    let mut abouts = Vec::new();
    for step in &load.dataset.schema.steps {
        run_step(transaction, step).await?;
        let after = shapes(transaction, TRIAL).await?;
        let changed = after
            .iter()
            .filter(|(name, it)| before.get(*name) != Some(it));
        let changed: BTreeSet<String> = changed.map(|(name, _)| name.clone()).collect();
        abouts.push(match changed.is_empty() {
            true => About::Other,
            false => About::Tables(changed),
        });
        before = after;
    }
    Ok((abouts, before))
}

async fn shapes(
    transaction: &Transaction<'_>,
    schema: &str,
) -> Result<BTreeMap<String, TableShape>> {
    let path = transaction.query_one("SHOW search_path", &[]).await?;
    let path: String = path.try_get(0)?;
    set_path(transaction, &quoted(schema)).await?;
    let rows = transaction
        .query(include_str!("sql/shapes.sql"), &[&schema])
        .await
        .context("could not read what the tables are like")?;
    set_path(transaction, &path).await?;
    let shape = |row: &tokio_postgres::Row| {
        let shape = TableShape {
            shape: row.try_get("shape")?,
            rest: row.try_get("rest")?,
        };
        Ok((row.try_get("name")?, shape))
    };
    rows.iter().map(shape).collect()
}

async fn set_path(transaction: &Transaction<'_>, path: &str) -> Result<()> {
    let sql = "SELECT set_config('search_path', $1, true)";
    let done = transaction.query(sql, &[&path]).await;
    done.context("could not set search_path")?;
    Ok(())
}

/// Refuses tables that aren't as the file says, with the first difference of each.
fn ensure_alike(
    load: &Load<'_>,
    schema: &str,
    existing: &[String],
    is: &BTreeMap<String, TableShape>,
    wanted: &BTreeMap<String, TableShape>,
) -> Result<()> {
    let file = load.dataset.schema.path.display();
    let mut differences = Vec::new();
    for name in existing {
        if let (Some(is), Some(wanted)) = (is.get(name), wanted.get(name)) {
            differences
                .extend(difference(&is.shape, &wanted.shape).map(|it| format!("{name}: {it}")));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    bail!(
        "schema {schema} has {}, which {file} makes in another way, so the tables that are missing aren't made: {}. To \
         drop the dataset's tables and make them anew, run: {}",
        existing.join(", "),
        differences.join("; "),
        again(&["--recreate"])
    )
}

/// The first line that only one of two shapes has.
fn difference(is: &str, wanted: &str) -> Option<String> {
    let lacks = |text: &str, line: &str| !text.lines().any(|it| it == line);
    let missing = wanted.lines().find(|line| lacks(is, line));
    let extra = is.lines().find(|line| lacks(wanted, line));
    match (missing, extra) {
        (Some(missing), _) => Some(format!("it lacks {missing}")),
        (None, Some(extra)) => Some(format!("it has {extra}")),
        (None, None) => None,
    }
}

/// Runs a step; what it would make may exist.
pub async fn run_tolerant(transaction: &Transaction<'_>, step: &Step) -> Result<Option<String>> {
    if step.kind.statement() != StatementKind::Other {
        return Ok(match run_step(transaction, step).await? {
            Done::Run => None,
            Done::LeftOut(what) => what,
        });
    }
    execute(transaction, "SAVEPOINT before_object").await?;
    match run_step(transaction, step).await {
        Err(error) if exists(&error) => {
            execute(transaction, "ROLLBACK TO SAVEPOINT before_object").await?;
        }
        done => {
            done?;
            execute(transaction, "RELEASE SAVEPOINT before_object").await?;
        }
    }
    Ok(None)
}

/// Whether the server refused to make something that exists.
fn exists(error: &anyhow::Error) -> bool {
    let codes = error.chain().filter_map(|it| it.downcast_ref());
    let mut codes = codes.filter_map(tokio_postgres::Error::code);
    codes.any(|code| {
        [
            SqlState::DUPLICATE_OBJECT,
            SqlState::DUPLICATE_FUNCTION,
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_SCHEMA,
        ]
        .contains(code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(
            difference(
                "column a text\nPRIMARY KEY (a)",
                "PRIMARY KEY (a)\ncolumn a text"
            ),
            None
        );
        assert_eq!(
            difference("column a text", "column a text\ncolumn b text"),
            Some("it lacks column b text".to_owned())
        );
        assert_eq!(
            difference("column a text\ncolumn b text", "column a text"),
            Some("it has column b text".to_owned())
        );
    }
}
