//! The negative control: drop an index that a check relies on, require that the check fails, and roll back.
//!
//! Everything runs in a transaction that is rolled back. DROP INDEX takes an ACCESS EXCLUSIVE lock until then, so few
//! samples run at a time, under a lock timeout.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, GenericClient, Transaction};

use super::evidence::{Evidence, used_indexes};
use super::finding::{Finding, Severity};
use super::measure::{BoundQuery, Executions, PINNED, Pace, Warmup};
use super::measurement::{AccessPath, FailingCheck, IndexProof, SampleCost, SampleFigures};
use super::read_check::ReadCheck;
use super::report::{Check, Subject};
use super::rules::{self, SMALL_PAGES};
use crate::index;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, Index, Scope};
use crate::postgres::name::{quoted, quoted_list};
use crate::progress::{Progress, Unit};
use crate::units::{grouped, shortened};

/// A table that another session uses isn't waited for longer: other clients would queue behind the lock request.
const LOCK_TIMEOUT: &str = "2s";
/// Samples of each check without the index.
const SAMPLES: u32 = 3;
/// Few, because other clients wait. A table that is scanned is in memory from just before, or doesn't fit.
const PACE: Pace = Pace {
    time_limit: Duration::from_secs(5),
    warmup: Warmup::Skip,
};

/// A check to be proven.
pub struct CheckToProve<'a> {
    /// Its read.
    pub read_check: ReadCheck<'a>,
    /// Its result.
    pub check: &'a mut Check,
    /// The evidence of its verdict.
    pub evidence: &'a Evidence,
}

/// Drops each index that a passing check relies on and that backs no constraint, one at a time, and runs the checks
/// that rely on it. A check that stays green without its index finds `not-proven`.
pub async fn prove(
    client: &mut Client,
    checks: &mut [CheckToProve<'_>],
    progress: &Progress,
) -> Result<()> {
    let indexes = wholes(client, checks).await?;
    let task = progress.task("prove", indexes.len() as u64, Unit::Indexes);
    for index in &indexes {
        without(client, index, checks).await?;
        task.add(0, 1);
    }
    task.finish();
    Ok(())
}

/// An index to drop, with its partitions' where it is a partitioned table's.
struct WholeIndex {
    index: Index,
    /// Those of its parts that plans search; itself where it has none.
    parts: Vec<u32>,
}

/// The indexes that the checks rely on and that back no constraint; a partition's goes with the partitioned table's.
async fn wholes(client: &Client, checks: &[CheckToProve<'_>]) -> Result<Vec<WholeIndex>> {
    let indexes = checks.iter().flat_map(|it| &it.evidence.indexes);
    let indexes: Vec<&Index> = indexes.filter(|it| it.backs.is_none()).collect();
    let oids: Vec<u32> = indexes.iter().map(|index| index.oid).collect();
    let sql = "SELECT DISTINCT i.oid, COALESCE(pg_partition_root(i.oid)::oid, i.oid)
        FROM unnest($1::oid[]) AS i (oid)
        ORDER BY 2, 1";
    let rows = client
        .query(sql, &[&oids])
        .await
        .context("could not look up the wholes of indexes")?;
    let known = checks
        .first()
        .map_or(&[][..], |it| it.read_check.facts.indexes);
    let mut wholes: Vec<WholeIndex> = Vec::new();
    for row in rows {
        let (oid, root): (u32, u32) = (row.try_get(0)?, row.try_get(1)?);
        match wholes.iter_mut().find(|it| it.index.oid == root) {
            Some(whole) => whole.parts.push(oid),
            None => {
                let mut all = known.iter().chain(indexes.iter().copied());
                let index = all.find(|it| it.oid == root).cloned();
                wholes.extend(index.map(|index| WholeIndex {
                    index,
                    parts: vec![oid],
                }));
            }
        }
    }
    Ok(wholes)
}

/// Proves one index, in a transaction that drops it and is rolled back.
async fn without(
    client: &mut Client,
    whole: &WholeIndex,
    checks: &mut [CheckToProve<'_>],
) -> Result<()> {
    let index = &whole.index;
    let could_not = || format!("could not prove {}", quoted(&index.name));
    let mut transaction = client.transaction().await.with_context(could_not)?;
    transaction
        .batch_execute(PINNED)
        .await
        .with_context(could_not)?;
    let dropped = drop_index(&transaction, index).await;
    let is_part = |it: &Index| whole.parts.contains(&it.oid);
    let relying = checks
        .iter_mut()
        .filter(|it| it.evidence.indexes.iter().any(is_part));
    match dropped {
        Ok(()) => {
            for proven in relying {
                proven
                    .run(&mut transaction, index)
                    .await
                    .with_context(could_not)?;
            }
        }
        Err(error) => {
            let why = drop_rejected(&error, index)?;
            for proven in relying {
                proven.check.findings.push(why.clone());
            }
        }
    }
    transaction.rollback().await.with_context(could_not)
}

/// A partition's index goes with the partitioned table's.
pub async fn drop_index(transaction: &Transaction<'_>, index: &Index) -> Result<()> {
    let sql = "SELECT n.nspname::text, c.relname::text
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.oid = COALESCE(pg_partition_root($1::oid), $1)";
    let root = transaction.query_one(sql, &[&index.oid]).await?;
    let name = TableName::new(root.try_get::<_, String>(0)?, root.try_get::<_, String>(1)?);
    // Citus sends all of a text with a SET LOCAL in it to the nodes, the other statements, too.
    let limit = format!("SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'");
    transaction.batch_execute(&limit).await?;
    let drop = format!("DROP INDEX {name}");
    Ok(transaction.batch_execute(&drop).await?)
}

/// The finding for an index that can't be dropped, where that is no error of seedrow's.
fn drop_rejected(error: &anyhow::Error, index: &Index) -> Result<Finding> {
    let code = error.downcast_ref().and_then(tokio_postgres::Error::code);
    let name = quoted(&index.name);
    let (why, help) = match code {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => (
            format!("{} was locked for over {LOCK_TIMEOUT}", index.table),
            "try again when no other session uses it",
        ),
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => (
            format!("only the owner of {} may drop it", index.table),
            "connect as the owner",
        ),
        Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => (
            "other objects depend on it".to_owned(),
            "keep it: other objects depend on it",
        ),
        _ => anyhow::bail!("could not drop index {name}: {error:#}"),
    };
    Ok(Finding {
        rule: "not-proven",
        severity: Severity::Unchecked,
        on: None,
        message: format!("the effect of {name} can't be proven: {why}"),
        help: help.to_owned(),
    })
}

impl CheckToProve<'_> {
    async fn run(&mut self, transaction: &mut Transaction<'_>, index: &Index) -> Result<()> {
        let with = match &self.check.subject {
            Subject::Query(Some(it)) | Subject::Lookup(Some(it)) => it.figures.cost(),
            _ => return Ok(()),
        };
        let executions = self.execute(transaction).await?;
        let figures = SampleFigures::of(&executions.samples);
        let fails = match self.plan_fails(&executions, &figures) {
            true => Some(FailingCheck::Plan),
            false => self.coverage_fails(transaction).await?,
        };
        let proof = IndexProof {
            index: index_columns(transaction, index).await?,
            name: index.name.clone(),
            with,
            without: (!executions.samples.is_empty()).then(|| figures.cost()),
            fails,
        };
        if fails.is_none() {
            let facts = self.read_check.facts;
            let others: Vec<String> = executions
                .plans
                .iter()
                .flat_map(|plan| used_indexes(plan, facts))
                .filter(|it| facts.is_part_of(it.table_oid, index.table_oid))
                .map(|it| quoted(&it.name))
                .collect();
            self.check
                .findings
                .push(self.not_proven(index, &proof, others));
        }
        if let Subject::Query(Some(it)) | Subject::Lookup(Some(it)) = &mut self.check.subject {
            it.proofs.push(proof);
        }
        Ok(())
    }

    /// A few samples, within a savepoint: an execution that is cancelled ends that alone.
    async fn execute(&self, transaction: &mut Transaction<'_>) -> Result<Executions> {
        let savepoint = transaction.transaction().await?;
        let bindings = self.evidence.bindings.subset(SAMPLES as usize);
        let query = &self.read_check.read.query;
        let bound = BoundQuery::prepare(&savepoint, query, &bindings, SAMPLES).await?;
        let estimated = bound.estimate().await?;
        let executions = bound.measure(estimated, PACE).await?;
        savepoint.rollback().await?;
        Ok(executions)
    }

    /// Whether a rule over plans, pages or time fails.
    fn plan_fails(&self, executions: &Executions, figures: &SampleFigures) -> bool {
        let mut findings = self.read_check.findings(executions, AccessPath::Scan);
        if let Some(budget) = self.read_check.budget() {
            findings.extend(rules::over_budget(
                &self.read_check.read.query,
                figures,
                None,
                budget,
                executions.stopped,
                &findings,
            ));
        }
        let mut severities = findings.iter().map(|finding| finding.severity);
        severities.any(|severity| severity == Severity::Fail)
    }

    /// Whether no index covers the key that is looked up any more, by the catalog as it is now.
    async fn coverage_fails(&self, client: &impl GenericClient) -> Result<Option<FailingCheck>> {
        let Some(key) = &self.read_check.read.key else {
            return Ok(None);
        };
        let indexes = catalog::indexes(client, Scope::Database).await?;
        let covered = index::verdict(key, &indexes).is_covered();
        Ok((!covered).then_some(FailingCheck::Coverage))
    }

    /// The check stays green: another index does as well, or the table is too small to tell.
    fn not_proven(&self, index: &Index, proof: &IndexProof, mut others: Vec<String>) -> Finding {
        let facts = self.read_check.facts;
        let table = facts
            .tables
            .iter()
            .find(|table| table.oid == index.table_oid);
        let pages = table.map_or(0, |table| facts.pages(table));
        others.sort();
        others.dedup();
        let (severity, why, help) = if pages <= SMALL_PAGES {
            (
                Severity::Unchecked,
                format!(
                    "{} has {} pages, and reading them all is as fast",
                    index.table.within(&facts.survey.home),
                    grouped(pages)
                ),
                "fill the table with more rows, and prove it again".to_owned(),
            )
        } else if others.is_empty() {
            (
                Severity::Fail,
                "the plan without it breaks no rule".to_owned(),
                "give the query a tighter `-- budget:` or `-- max-buffers:`".to_owned(),
            )
        } else {
            (
                // The key is served either way; one of its indexes is superfluous.
                match self.read_check.read.key {
                    Some(_) => Severity::Warn,
                    None => Severity::Fail,
                },
                format!("{} does as well", shortened(&others)),
                format!(
                    "DROP INDEX {};   -- where nothing else needs it",
                    TableName::new(&index.table.schema, &index.name)
                ),
            )
        };
        let SampleCost {
            p50_ms: ms,
            buffers,
        } = proof.without.unwrap_or_default();
        Finding {
            rule: "not-proven",
            severity,
            on: None,
            message: format!(
                "stays green without {}: {:.2} ms → {ms:.2} ms, {} → {} buffers; {why}",
                proof.index,
                proof.with.p50_ms,
                grouped(proof.with.buffers),
                grouped(buffers)
            ),
            help,
        }
    }
}

/// `skus(style_id)`, expressions as Postgres writes them.
async fn index_columns(client: &impl GenericClient, index: &Index) -> Result<String> {
    let sql = "SELECT ARRAY(
            SELECT a.attname::text
            FROM unnest($2::int2[]) WITH ORDINALITY AS part (number, place)
            JOIN pg_attribute AS a ON a.attrelid = $1 AND a.attnum = part.number
            ORDER BY part.place
        )";
    let row = client
        .query_one(sql, &[&index.table_oid, &index.key_columns])
        .await
        .context("could not read an index' columns")?;
    let columns: Vec<String> = row.try_get(0)?;
    Ok(format!(
        "{}({})",
        quoted(&index.table.name),
        quoted_list(&columns)
    ))
}
