//! The same samples without and with the foreign keys' indexes, in turns: before and after on one database.
//!
//! Few samples at a time run in a transaction in which the indexes are gone and which is rolled back; then the same ones run
//! with the indexes. What drifts meanwhile, drifts for both.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::checker::{Judging, World};
use super::evidence::Evidence;
use super::finding::Finding;
use super::fk_lookup::Read;
use super::measure::{self, Measurement, PINNED, Pace, Stopped};
use super::prove::drop_index;
use super::query::Query;
use super::read_check::{Bench, Checked};
use super::report::{Access, Check, Figures, Measured, Sample, Subject};
use super::rules::{self, milliseconds};
use crate::postgres::TableName;
use crate::postgres::catalog::Index;
use crate::postgres::explain::Plan;
use crate::progress::Unit;

/// Samples of one turn: others wait for the locks of one side.
const TURN: usize = 4;
/// After this long no further turn of a read is begun.
const CAP: Duration = Duration::from_secs(20);

/// One read, both ways.
struct Side {
    samples: Vec<Sample>,
    plans: Vec<Plan>,
    stopped: Option<Stopped>,
}

impl Side {
    fn new() -> Side {
        Side {
            samples: Vec::new(),
            plans: Vec::new(),
            stopped: None,
        }
    }

    fn add(&mut self, measurement: Measurement) {
        // Without a sample the plan is only what it would have been.
        if self.plans.is_empty() || !measurement.samples.is_empty() {
            self.plans.extend(measurement.plans);
        }
        self.samples.extend(measurement.samples);
        self.stopped = self.stopped.or(measurement.stopped);
    }
}

impl Judging<'_> {
    /// The checks of all reads that rely on a foreign key's index which backs no constraint: without these, and with them.
    pub async fn both_ways(
        &self,
        client: &mut Client,
        queries: Vec<Query>,
    ) -> Result<(Vec<Check>, Vec<Check>)> {
        let reads = self.reads(queries);
        let world = self.world(client).await?;
        let (mut without, mut with) = (Vec::new(), Vec::new());
        let task = self
            .progress
            .task("queries", reads.len() as u64, Unit::Queries);
        for read in &reads {
            let bench = self.bench(read, &world);
            if let Checked::Yes(yes) = bench.check(client).await? {
                let (check, evidence) = *yes;
                let gone = evidence.as_ref().map(|it| self.keys_indexes(it, &world));
                match (evidence, gone) {
                    (Some(evidence), Some(gone)) if !gone.is_empty() => {
                        let (before, after) = turns(client, &bench, &evidence, &gone).await?;
                        without.push(judged(&bench, &check, before));
                        with.push(judged(&bench, &check, after));
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
    fn keys_indexes(&self, evidence: &Evidence, world: &World) -> Vec<Index> {
        let covering = |index: &&Index| {
            self.survey.keys.iter().any(|key| {
                let key = &key.foreign_key;
                let alone = std::slice::from_ref(*index);
                evidence.tables.contains(&key.table)
                    && key.table_oid == index.table_oid
                    && crate::index::verdict(key, alone).is_covered()
            })
        };
        let droppable = world.indexes.iter().filter(|index| index.backs.is_none());
        droppable.filter(covering).cloned().collect()
    }
}

async fn turns(
    client: &mut Client,
    bench: &Bench<'_>,
    evidence: &Evidence,
    gone: &[Index],
) -> Result<(Side, Side)> {
    let (mut before, mut after) = (Side::new(), Side::new());
    let started = Instant::now();
    for turn in evidence
        .bindings
        .turns(bench.settings.samples as usize, TURN)
    {
        for (side, drop) in [(&mut before, gone), (&mut after, &[][..])] {
            // One slow turn is enough.
            if side.stopped.is_none() {
                side.add(execute(client, bench, &turn, drop).await?);
            }
        }
        if started.elapsed() > CAP {
            break;
        }
    }
    Ok((before, after))
}

/// One turn of one side, in a transaction of its own.
async fn execute(
    client: &mut Client,
    bench: &Bench<'_>,
    bindings: &measure::Bindings,
    gone: &[Index],
) -> Result<Measurement> {
    let Read { query, .. } = bench.read;
    let could_not = || format!("{}: could not be compared", query.path);
    let transaction = client.transaction().await.with_context(could_not)?;
    transaction
        .batch_execute(PINNED)
        .await
        .with_context(could_not)?;
    for index in gone {
        drop_index(&transaction, index).await.with_context(|| {
            let name = TableName::new(&index.table.schema, &index.name);
            format!("could not drop {name} for a moment")
        })?;
    }
    let few = super::settings::Settings {
        samples: u32::try_from(TURN)?,
        ..bench.settings.clone()
    };
    let estimated = measure::estimate(&transaction, query, bindings, &few).await?;
    let pace = Pace {
        cap: CAP,
        warm: gone.is_empty(),
    };
    let measurement = measure::measure(&transaction, query, bindings, &few, estimated, pace).await;
    transaction.rollback().await.with_context(could_not)?;
    measurement
}

/// A side as a check of its own.
fn judged(bench: &Bench<'_>, check: &Check, side: Side) -> Check {
    let measurement = Measurement {
        samples: side.samples,
        plans: side.plans,
        stopped: side.stopped,
    };
    let mut findings: Vec<Finding> = bench.findings(&measurement, Access::Index);
    let figures = Figures::of(&measurement.samples);
    let query = &bench.read.query;
    if let Some(budget) = bench.budget() {
        findings.extend(rules::over_budget(
            query,
            &figures,
            None,
            budget,
            measurement.stopped,
            &findings,
        ));
    }
    let measured = check.subject.measured().map(|it| Measured {
        plan: super::read_check::median_plan(&measurement).raw.clone(),
        budget_ms: bench.budget().map(milliseconds),
        bound: rules::bound(super::read_check::median_plan(&measurement), bench.facts),
        latency: None,
        stopped: measurement
            .stopped
            .map(|it| super::read_check::why(it, measurement.samples.len())),
        samples: measurement.samples.clone(),
        figures,
        ..it.clone()
    });
    Check {
        subject: match &check.subject {
            Subject::Lookup(_) => Subject::Lookup(measured),
            _ => Subject::Query(measured),
        },
        ..bench.found(findings, None)
    }
}
