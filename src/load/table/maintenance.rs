//! What each table needs after its rows: sequences set, statistics gathered, rows counted.

use anyhow::{Context, Result, ensure};
use tokio_postgres::{Client, GenericClient};

use crate::load::ledger;
use crate::load::table::target;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, Scope};
use crate::postgres::sequences::{Position, Sequence};

/// Sets a sequence past the values of all columns that it fills, so that the next INSERT gets a free one.
///
/// It goes back only where `replaced` rows are gone, a column owns it, and all of its columns can be read: else values
/// that were given out may be in use where this can't see.
pub async fn set_sequence(client: &Client, sequence: &Sequence, replaced: bool) -> Result<()> {
    let Some((column, extreme)) = sequence.extreme(client).await? else {
        return Ok(());
    };
    let wanted = sequence.position_past(extreme);
    let may_go_back = replaced && sequence.owned && sequence.is_judged_wholly();
    if !may_go_back && !is_behind(client, sequence, wanted).await? {
        return Ok(());
    }
    client
        .execute(
            "SELECT setval($1::oid::regclass, $2, $3)",
            &[&sequence.oid, &wanted.last, &wanted.is_called],
        )
        .await
        .with_context(|| {
            format!(
                "could not set sequence {} past {extreme}, the last value of {}",
                sequence.name,
                column.table()
            )
        })?;
    Ok(())
}

async fn is_behind(client: &Client, sequence: &Sequence, wanted: Position) -> Result<bool> {
    if !sequence.readable {
        return Ok(sequence.owned);
    }
    let next = sequence.next(sequence.position(client).await?);
    let wanted = sequence.next(wanted);
    Ok(match (next, wanted) {
        (Some(next), Some(wanted)) => sequence.is_beyond(wanted, next),
        (next, None) => next.is_some(),
        (None, _) => false,
    })
}

/// What a table needs before its pages are known to hold only rows that everybody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacuum {
    /// Nothing: COPY FREEZE set the visibility map.
    Nothing,
    /// Rows of others are beside the load's, some were deleted, or the server keeps none frozen.
    Plain,
    /// As if the rows had come frozen: VACUUM writes each page now, and none later to freeze it.
    Freeze,
}

impl Vacuum {
    /// The statement that does it, and gathers the statistics of these tables.
    pub fn statement(self, tables: &str) -> String {
        match self {
            Vacuum::Nothing => format!("ANALYZE {tables}"),
            Vacuum::Plain => format!("VACUUM (ANALYZE) {tables}"),
            Vacuum::Freeze => format!("VACUUM (FREEZE, ANALYZE) {tables}"),
        }
    }
}

/// Gathers the table's statistics, and has its pages vacuumed where FREEZE has not.
pub async fn analyze(client: &Client, table: &TableName, vacuum: Vacuum) -> Result<()> {
    if vacuum != Vacuum::Nothing {
        flush_commits(client).await?;
    }
    client
        .batch_execute(&vacuum.statement(&table.to_string()))
        .await
        .with_context(|| format!("could not analyze {table}"))
}

/// Has all commits until now, and the session's later ones, on the server's disk: VACUUM marks no page visible to all whose
/// rows' commit, or one that shares a page of the commit log with it, isn't there.
async fn flush_commits(client: &Client) -> Result<()> {
    client
        .batch_execute("SET synchronous_commit = on; SELECT pg_current_xact_id()")
        .await
        .context("could not flush the commits before VACUUM")
}

/// Whether nobody has written to a table since COPY FREEZE filled it, so that it holds the rows that COPY counted: counting
/// those of the catalog again took 3% of all CPU time. ANALYZE has just been run.
pub async fn is_untouched(client: &impl GenericClient, table: &TableName) -> Result<bool> {
    let row = client
        .query_opt(
            include_str!("sql/untouched.sql"),
            &[&table.schema, &table.name],
        )
        .await
        .with_context(|| format!("could not look up the pages of {table}"))?;
    Ok(row.map_or(Ok(false), |row| row.try_get(0))?)
}

/// Compares the table's account with its rows.
pub async fn ensure_counts(
    client: &impl GenericClient,
    schema: &str,
    table: &TableName,
) -> Result<()> {
    let accounts = ledger::accounts(client, schema, std::slice::from_ref(&table.name)).await?;
    let counted = target::count(client, table).await?;
    for account in accounts {
        ensure!(
            account.loaded == counted,
            "{table} holds {counted} rows, and {} were loaded into it; {}",
            account.loaded,
            suspects(client, schema, table).await?
        );
    }
    Ok(())
}

/// Who may have written to a table while it was loaded, and what to do about triggers.
async fn suspects(client: &impl GenericClient, schema: &str, table: &TableName) -> Result<String> {
    let triggers = catalog::triggers(client, Scope::Schema(schema)).await?;
    if triggers.is_empty() {
        return Ok("another session wrote to it during the load".to_owned());
    }
    let found = catalog::find_all(client, Some(schema), &[table.name.as_str()]).await?;
    let own = triggers.iter().filter(|it| found.contains(&Some(it.table)));
    let own: Vec<&str> = own.map(|it| it.name.as_str()).collect();
    let whose = match own.as_slice() {
        [] => "a trigger of another table".to_owned(),
        [one] => format!("its trigger {one}, one of another table"),
        several => format!("its triggers {}, one of another table", several.join(", ")),
    };
    Ok(format!(
        "{whose} or another session wrote to it during the load; load without triggers: --triggers off, or \
         `triggers = \"off\"` in the sections of the tables whose triggers write to others' rows"
    ))
}
