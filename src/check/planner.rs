//! The planner's own word: with sequential scans off, does the lookup that Postgres runs for a foreign key use an index for
//! every column?
//!
//! The rule over the catalog knows which index is right; the planner knows what the rule may have overlooked.

use anyhow::{Context, Result};
use futures_util::future::join;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, GenericClient};

use super::assertions::is_searched_for;
use crate::index::{CoverageVerdict, IndexCoverage, Proposal, Survey};
use crate::postgres::catalog::ForeignKey;
use crate::postgres::explain::{self, Node, Plan};
use crate::postgres::name::{literal, quoted};
use crate::postgres::{Capabilities, cluster};

/// What the planner does with a covered key's lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It searches an index for every column.
    Agrees,
    /// It searches another index than the one that covers the key, because that costs no more: as it often does while
    /// the table holds few rows. What it could do isn't known.
    Prefers(String),
    /// It doesn't, and what it does instead.
    Disagrees(String),
    /// Its plan has a node that no rule knows, and what the node does can't be judged.
    Unknown(String),
    /// It can't be asked: the role may not read the table.
    NotAllowed,
}

/// Asks for each key that an index covers, in the survey's order; `None` for the others, and for those whose table holds no
/// values to ask with where the server plans for values alone.
pub async fn ask(
    client: &mut Client,
    survey: &Survey,
    server: Capabilities,
) -> Result<Vec<Option<Answer>>> {
    if server.cluster.is_some() {
        cluster::prepare_plans(client).await?;
    }
    let could_not = "could not ask for the plans of the foreign keys' lookups";
    let mut answers = Vec::with_capacity(survey.keys.len());
    for key in &survey.keys {
        answers.push(match key.verdict.is_covered() {
            true => answer(client, key, server)
                .await
                .with_context(|| format!("{could_not}: {}", key.shown(&survey.home)))?,
            false => None,
        });
    }
    Ok(answers)
}

/// A key that its index doesn't serve, though it was built for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unserved {
    /// `skus(style_id) → styles(id)`
    pub key: String,
    /// Why, or what the planner does instead.
    pub why: String,
}

/// The keys, of those that the proposals were to serve, that aren't covered or whose lookups the planner doesn't search an
/// index for.
pub async fn unserved(
    client: &mut Client,
    survey: &Survey,
    proposals: &[Proposal],
    server: Capabilities,
) -> Result<Vec<Unserved>> {
    let answers = ask(client, survey, server).await?;
    let was_built_for = |key: &ForeignKey| {
        let built = |it: &Proposal| it.table == key.table && it.serves.contains(&key.name);
        proposals.iter().any(built)
    };
    let keys = survey.keys.iter().zip(answers);
    let why = |(key, answer): (&IndexCoverage, Option<Answer>)| match answer {
        None if key.verdict.is_missing() => Some(key.verdict.reason()),
        Some(Answer::Disagrees(plan)) => Some(plan),
        _ => None,
    };
    Ok(keys
        .filter(|(key, _)| was_built_for(&key.foreign_key))
        .filter_map(|(key, answer)| {
            Some(Unserved {
                key: key.shown(&survey.home),
                why: why((key, answer))?,
            })
        })
        .collect())
}

/// In a transaction of its own: one for all keys would keep the locks of all their tables and indexes, and the server has room
/// for some thousands (`max_locks_per_transaction`).
async fn answer(
    client: &mut Client,
    coverage: &IndexCoverage,
    server: Capabilities,
) -> Result<Option<Answer>> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    let settings = "SET LOCAL enable_seqscan = off; SET LOCAL statement_timeout = '60s'";
    // In this order, both sent before the first one's answer.
    let (set, plan) = join(
        transaction.batch_execute(settings),
        plan(&transaction, &coverage.foreign_key, server),
    )
    .await;
    transaction.rollback().await?;
    set?;
    match plan {
        Ok(plan) => Ok(plan.map(|plan| judge(&plan, coverage))),
        Err(error) => match error.downcast_ref().and_then(tokio_postgres::Error::code) {
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(Some(Answer::NotAllowed)),
            _ => Err(error),
        },
    }
}

/// The plan of a key's lookup: for any value, or where the server makes no such plans for the first that the table holds.
async fn plan(
    client: &impl GenericClient,
    key: &ForeignKey,
    server: Capabilities,
) -> Result<Option<Plan>> {
    if server.generic_plans {
        let types = key.comparisons.iter().map(|it| it.type_name.clone());
        let types: Vec<String> = types.collect();
        let plan = explain::generic(client, &lookup(key), &types).await?;
        return Ok(Some(plan));
    }
    let columns = key.columns.iter().map(|column| quoted(&column.name));
    let columns: Vec<String> = columns.collect();
    let sql = format!(
        "SELECT ARRAY[{}] FROM {} WHERE {} LIMIT 1",
        columns
            .iter()
            .map(|it| format!("{it}::text"))
            .collect::<Vec<_>>()
            .join(", "),
        key.table,
        columns
            .iter()
            .map(|it| format!("{it} IS NOT NULL"))
            .collect::<Vec<_>>()
            .join(" AND ")
    );
    let Some(row) = client.query_typed(&sql, &[]).await?.into_iter().next() else {
        return Ok(None);
    };
    let values: Vec<String> = row.try_get(0)?;
    explain::of_literals(client, &lookup_of(key, &values))
        .await
        .map(Some)
}

/// What `ri_triggers.c` prepares, without FOR KEY SHARE, which a reader isn't allowed.
fn lookup(key: &ForeignKey) -> String {
    let values = (1..=key.columns.len()).map(|at| format!("${at}"));
    lookup_with(key, &values.collect::<Vec<_>>())
}

/// The same for these values, in place of parameters.
fn lookup_of(key: &ForeignKey, values: &[String]) -> String {
    let typed = values.iter().zip(&key.comparisons);
    let typed = typed.map(|(value, it)| format!("{}::{}", literal(value), it.type_name));
    lookup_with(key, &typed.collect::<Vec<_>>())
}

fn lookup_with(key: &ForeignKey, values: &[String]) -> String {
    let columns = key.columns.iter().zip(&key.comparisons);
    let conditions: Vec<String> = values
        .iter()
        .zip(columns)
        .map(|(value, (column, comparison))| {
            comparison.condition(value, &format!("x.{}", quoted(&column.name)))
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

fn judge(plan: &Plan, coverage: &IndexCoverage) -> Answer {
    if let [first, ..] = plan.opaque_nodes().as_slice() {
        return Answer::Unknown(first.clone());
    }
    let columns = coverage.foreign_key.column_names();
    let nodes = plan.nodes().into_iter();
    let mut scans = nodes.filter(|node| node.relation.is_some());
    let Some(scan) = scans.find(|scan| !is_searched_for(scan, &columns)) else {
        return Answer::Agrees;
    };
    let covers = |index: &str| match &coverage.verdict {
        CoverageVerdict::Covered { index: covering } => covering == index,
        _ => false,
    };
    match scan.searched_indexes().first() {
        Some(index) if !covers(index) => Answer::Prefers((*index).to_owned()),
        _ => Answer::Disagrees(conditions(scan)),
    }
}

/// `Seq Scan on child, filtering by (x.c2 = $1)`; `Index Scan on child by (x.c1 = $1), filtering by (x.c2 = $2)`.
fn conditions(scan: &Node) -> String {
    let searches = scan.searches().into_iter();
    let conditions: Vec<&str> = searches.filter_map(|it| it.index_cond.as_deref()).collect();
    let by = match conditions.is_empty() {
        true => String::new(),
        false => format!(" by {}", conditions.join(" and ")),
    };
    let filter = scan.filter.as_ref();
    format!(
        "{} on {}{by}{}",
        scan.kind,
        quoted(scan.relation.as_deref().unwrap_or_default()),
        filter
            .map(|it| format!(", filtering by {it}"))
            .unwrap_or_default()
    )
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
        let values = ["7", "a'b"].map(str::to_owned);
        assert_eq!(
            lookup_of(&samples::foreign_key(&[1, 2]), &values),
            "SELECT 1 FROM ONLY public.child AS x WHERE '7'::integer OPERATOR(pg_catalog.=) x.c1 \
             AND 'a''b'::integer OPERATOR(pg_catalog.=) x.c2"
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
        let coverage = IndexCoverage {
            foreign_key: samples::foreign_key(&[1, 2]),
            verdict: CoverageVerdict::Covered { index: "x".into() },
            index_bytes: None,
        };
        let both = plan(r#""Index Cond": "((x.c1 = $1) AND (x.c2 = $2))""#);
        assert_eq!(judge(&both, &coverage), Answer::Agrees);
        let custom =
            r#"[{"Plan": {"Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive"}}]"#;
        let unknown = Answer::Unknown("Custom Scan (Citus Adaptive)".into());
        assert_eq!(judge(&Plan::parse(custom).unwrap(), &coverage), unknown);
        let one = plan(r#""Index Cond": "(x.c1 = $1)", "Filter": "(x.c2 = $2)""#);
        assert_eq!(
            judge(&one, &coverage),
            Answer::Disagrees(
                "Index Scan on child by (x.c1 = $1), filtering by (x.c2 = $2)".into()
            )
        );
        let other = IndexCoverage {
            verdict: CoverageVerdict::Covered { index: "y".into() },
            ..coverage
        };
        assert_eq!(judge(&one, &other), Answer::Prefers("x".into()));
    }
}
