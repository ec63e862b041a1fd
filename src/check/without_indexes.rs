//! The same samples without and with the foreign keys' indexes: before and after on one database.
//!
//! A few samples at a time run in a transaction in which the indexes are dropped and which is rolled back; then the
//! same ones run with the indexes. Drift affects both alike.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::checker::{CatalogSnapshot, Checker};
use super::evidence::Evidence;
use super::finding::Finding;
use super::measure::{BoundQuery, Executions, PINNED, Pace, Warmup};
use super::measurement::{AccessPath, Measurements, SampleFigures, milliseconds};
use super::prove::drop_index;
use super::read_check::{CheckedRead, ReadCheck};
use super::report::{Check, Subject};
use super::rules;
use crate::postgres::TableName;
use crate::postgres::catalog::Index;
use crate::progress::Unit;
use crate::queries::{Bindings, Query};

/// Samples of one batch: other clients wait for the locks of one side.
const BATCH: usize = 4;
/// After this long no further batch of a read is started.
const TIME_LIMIT: Duration = Duration::from_secs(20);

impl Checker<'_> {
    /// The checks of all reads that rely on a foreign key's index which backs no constraint: without these, and with
    /// them.
    pub async fn without_and_with_indexes(
        &self,
        client: &mut Client,
        queries: Vec<Query>,
    ) -> Result<(Vec<Check>, Vec<Check>)> {
        let reads = self.reads(queries);
        let catalog = self.snapshot(client, self.shards).await?;
        let (mut without, mut with) = (Vec::new(), Vec::new());
        let task = self
            .progress
            .task("queries", reads.len() as u64, Unit::Queries);
        for read in &reads {
            let read_check = self.read_check(read, &catalog);
            if let CheckedRead::Checked(checked) = read_check.check(client).await? {
                let (check, evidence) = *checked;
                let droppable = evidence
                    .as_ref()
                    .map(|it| self.droppable_indexes(it, &catalog));
                match (evidence, droppable) {
                    (Some(evidence), Some(dropped)) if !dropped.is_empty() => {
                        let (before, after) =
                            alternate(client, &read_check, &evidence, &dropped).await?;
                        without.push(judge(&read_check, &check, before));
                        with.push(judge(&read_check, &check, after));
                    }
                    _ => {
                        without.push(check.clone());
                        with.push(check);
                    }
                }
            }
            task.add(0, 1);
        }
        task.finish();
        Ok((without, with))
    }

    /// The indexes that cover foreign keys of the tables read, and that can be dropped.
    fn droppable_indexes(&self, evidence: &Evidence, catalog: &CatalogSnapshot) -> Vec<Index> {
        let covering = |index: &&Index| {
            self.survey.keys.iter().any(|key| {
                let key = &key.foreign_key;
                let alone = std::slice::from_ref(*index);
                evidence.tables.contains(&key.table)
                    && key.table_oid == index.table_oid
                    && crate::index::verdict(key, alone).is_covered()
            })
        };
        let droppable = catalog.indexes.iter().filter(|index| index.backs.is_none());
        droppable.filter(covering).cloned().collect()
    }
}

/// Batches of samples alternately without the indexes and with them.
async fn alternate(
    client: &mut Client,
    read_check: &ReadCheck<'_>,
    evidence: &Evidence,
    dropped: &[Index],
) -> Result<(Executions, Executions)> {
    let (mut without, mut with) = (none(), none());
    let started = Instant::now();
    let samples = read_check.settings.sampling.count as usize;
    for batch in evidence.bindings.batches(samples, BATCH) {
        for (side, dropped) in [(&mut without, dropped), (&mut with, &[][..])] {
            // One slow batch is enough.
            if side.stopped.is_none() {
                add(side, execute(client, read_check, &batch, dropped).await?);
            }
        }
        if started.elapsed() > TIME_LIMIT {
            break;
        }
    }
    Ok((without, with))
}

fn none() -> Executions {
    Executions {
        samples: Vec::new(),
        plans: Vec::new(),
        stopped: None,
    }
}

fn add(side: &mut Executions, batch: Executions) {
    // Without a sample the plan is only the estimated one.
    if side.plans.is_empty() || !batch.samples.is_empty() {
        side.plans.extend(batch.plans);
    }
    side.samples.extend(batch.samples);
    side.stopped = side.stopped.or(batch.stopped);
}

/// One batch of one side, in a transaction of its own.
async fn execute(
    client: &mut Client,
    read_check: &ReadCheck<'_>,
    bindings: &Bindings,
    dropped: &[Index],
) -> Result<Executions> {
    let query = &read_check.read.query;
    let could_not = || format!("{}: could not be compared", query.path);
    let transaction = client.transaction().await.with_context(could_not)?;
    transaction
        .batch_execute(PINNED)
        .await
        .with_context(could_not)?;
    for index in dropped {
        drop_index(&transaction, index).await.with_context(|| {
            let name = TableName::new(&index.table.schema, &index.name);
            format!("could not drop {name} within a transaction")
        })?;
    }
    let bound = BoundQuery::prepare(&transaction, query, bindings, u32::try_from(BATCH)?).await?;
    let estimated = bound.estimate().await?;
    let pace = Pace {
        time_limit: TIME_LIMIT,
        warmup: match dropped.is_empty() {
            true => Warmup::Execute,
            false => Warmup::Skip,
        },
    };
    let executions = bound.measure(estimated, pace).await;
    transaction.rollback().await.with_context(could_not)?;
    executions
}

/// A side as a check of its own.
fn judge(read_check: &ReadCheck, check: &Check, side: Executions) -> Check {
    let mut findings: Vec<Finding> = read_check.findings(&side, AccessPath::Index);
    let figures = SampleFigures::of(&side.samples);
    if let Some(budget) = read_check.budget() {
        findings.extend(rules::over_budget(
            &read_check.read.query,
            &figures,
            None,
            budget,
            side.stopped,
            &findings,
        ));
    }
    let measured = check.subject.measured().map(|it| Measurements {
        plan: side.median_plan().statement().clone(),
        budget_ms: read_check.budget().map(milliseconds),
        bound: rules::bound(
            side.median_plan(),
            read_check.read.purpose(),
            read_check.facts,
        ),
        latency: None,
        stopped: side
            .stopped
            .map(|reason| reason.message(side.samples.len())),
        samples: side.samples.clone(),
        figures,
        ..it.clone()
    });
    Check {
        subject: match &check.subject {
            Subject::Lookup(_) => Subject::Lookup(measured),
            _ => Subject::Query(measured),
        },
        ..read_check.check_with(findings, None)
    }
}
