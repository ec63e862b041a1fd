//! The planner's own word: with sequential scans off, does the lookup that Postgres runs for a foreign key use an index for
//! every column?
//!
//! The rule over the catalog knows which index is right; the planner knows what the rule may have overlooked.

use anyhow::{Context, Result};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use super::assertions::is_searched_for;
use crate::index::Survey;
use crate::postgres::catalog::ForeignKey;
use crate::postgres::explain::{self, Plan};
use crate::postgres::name::quoted;

/// What the planner does with a covered key's lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It searches an index for every column.
    Agrees,
    /// It doesn't, and what it does instead.
    Disagrees(String),
    /// Its plan has a node that nobody knows, and what the node does can't be judged.
    Unknown(String),
    /// It can't be asked: the role may not read the table.
    NotAllowed,
}

/// Asks for each key that an index covers, in the survey's order; `None` for the others.
pub async fn ask(client: &mut Client, survey: &Survey) -> Result<Vec<Option<Answer>>> {
    let could_not = "could not ask for the plans of the foreign keys' lookups";
    let builder = client.build_transaction().read_only(true);
    let mut transaction = builder.start().await.context(could_not)?;
    transaction
        .batch_execute("SET LOCAL enable_seqscan = off; SET LOCAL statement_timeout = '60s'")
        .await
        .context(could_not)?;
    let mut answers = Vec::with_capacity(survey.keys.len());
    for key in &survey.keys {
        answers.push(match key.verdict.is_covered() {
            true => Some(
                answer(&mut transaction, &key.foreign_key)
                    .await
                    .with_context(|| format!("{could_not}: {}", key.shown(&survey.home)))?,
            ),
            false => None,
        });
    }
    transaction.rollback().await.context(could_not)?;
    Ok(answers)
}

async fn answer(transaction: &mut Transaction<'_>, key: &ForeignKey) -> Result<Answer> {
    let savepoint = transaction.transaction().await?;
    let types: Vec<String> = key
        .comparisons
        .iter()
        .map(|c| c.type_name.clone())
        .collect();
    match explain::generic(&savepoint, &lookup(key), &types).await {
        Ok(plan) => {
            savepoint.commit().await?;
            Ok(judge(&plan, key))
        }
        Err(error) => {
            savepoint.rollback().await?;
            let code = error.downcast_ref().and_then(tokio_postgres::Error::code);
            match code {
                Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(Answer::NotAllowed),
                _ => Err(error),
            }
        }
    }
}

/// What `ri_triggers.c` prepares, without FOR KEY SHARE, which a reader isn't allowed.
fn lookup(key: &ForeignKey) -> String {
    let conditions: Vec<String> = (1..)
        .zip(key.columns.iter().zip(&key.comparisons))
        .map(|(at, (column, comparison))| {
            let collate = comparison.collate.as_ref();
            let collate = collate.map(|name| format!(" COLLATE {name}"));
            format!(
                "${at} {} x.{}{}",
                comparison.operator,
                quoted(&column.name),
                collate.unwrap_or_default()
            )
        })
        .collect();
    let only = if key.partitions.is_empty() {
        "ONLY "
    } else {
        ""
    };
    format!(
        "SELECT 1 FROM {only}{} AS x WHERE {}",
        key.table,
        conditions.join(" AND ")
    )
}

fn judge(plan: &Plan, key: &ForeignKey) -> Answer {
    if let [first, ..] = plan.opaque_nodes().as_slice() {
        return Answer::Unknown(first.clone());
    }
    let columns = key.column_names();
    let scans = plan
        .nodes()
        .into_iter()
        .filter(|node| node.relation.is_some());
    for scan in scans {
        if !is_searched_for(scan, &columns) {
            let filter = scan.filter.as_ref().or(scan.index_cond.as_ref());
            return Answer::Disagrees(format!(
                "{} on {}{}",
                scan.kind,
                quoted(scan.relation.as_deref().unwrap_or_default()),
                filter.map(|it| format!(" by {it}")).unwrap_or_default()
            ));
        }
    }
    Answer::Agrees
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::samples;

    #[test]
    fn asks_as_postgres_does() {
        let mut key = samples::foreign_key(&[1, 2]);
        key.comparisons[1].collate = Some("pg_catalog.\"C\"".into());
        assert_eq!(
            lookup(&key),
            "SELECT 1 FROM ONLY public.child AS x WHERE $1 OPERATOR(pg_catalog.=) x.c1 \
             AND $2 OPERATOR(pg_catalog.=) x.c2 COLLATE pg_catalog.\"C\""
        );
    }

    #[test]
    fn every_column_must_be_searched_for() {
        let plan = |condition: &str| {
            let node = format!(
                r#"{{"Node Type": "Index Scan", "Relation Name": "child", "Index Name": "x", {condition}}}"#
            );
            Plan::parse(&format!(r#"[{{"Plan": {node}}}]"#)).unwrap()
        };
        let key = samples::foreign_key(&[1, 2]);
        let both = plan(r#""Index Cond": "((x.c1 = $1) AND (x.c2 = $2))""#);
        assert_eq!(judge(&both, &key), Answer::Agrees);
        let custom =
            r#"[{"Plan": {"Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive"}}]"#;
        let unknown = Answer::Unknown("Custom Scan (Citus Adaptive)".into());
        assert_eq!(judge(&Plan::parse(custom).unwrap(), &key), unknown);
        let one = plan(r#""Index Cond": "(x.c1 = $1)", "Filter": "(x.c2 = $2)""#);
        assert_eq!(
            judge(&one, &key),
            Answer::Disagrees("Index Scan on child by (x.c2 = $2)".into())
        );
    }
}
