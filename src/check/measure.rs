//! Executes a query with each set of its parameters' values, and keeps plans and times.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use futures_util::future::{join_all, try_join3};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Statement, Transaction};

use super::measurement::{Latency, SampleRun, StopReason, milliseconds};
use crate::postgres::explain::{self, Explain, Plan, Run};
use crate::queries::{Bindings, ParameterValue, Query};

/// How many executions are timed at the client, and after how long no further one is started.
pub const TIMED_EXECUTIONS: usize = 200;
const TIMING_LIMIT: Duration = Duration::from_secs(1);

/// While samples take no longer than this together, twice as many are sent before the first one's answer, up to
/// [`MOST_AT_ONCE`]: of short queries most time went by between two of them.
const QUICK: Duration = Duration::from_millis(50);
const MOST_AT_ONCE: usize = 16;

/// What every execution is pinned to: no JIT and no parallel workers, so that runs are alike; `STATEMENT_TIMEOUT`.
pub const PINNED: &str = "
    SET LOCAL jit = off;
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL plan_cache_mode = auto;
    SET LOCAL statement_timeout = '60s'";

/// How a query is executed for its measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// After this long no further sample is started.
    pub time_limit: Duration,
    /// What happens before each sample.
    pub warmup: Warmup,
}

/// Whether a sample's pages are brought into memory before it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warmup {
    /// The sample's statement is executed once before.
    Execute,
    /// It is measured at its first execution.
    Skip,
}

/// A query's measured executions.
#[derive(Debug)]
pub struct Executions {
    /// One for each plan.
    pub samples: Vec<SampleRun>,
    /// The plans of the measured executions; when not even one ended, the estimated one.
    pub plans: Vec<Plan>,
    /// Why there are fewer than asked for.
    pub stopped: Option<StopReason>,
}

impl Executions {
    fn with_capacity(sets: usize) -> Executions {
        Executions {
            samples: Vec::with_capacity(sets),
            plans: Vec::with_capacity(sets),
            stopped: None,
        }
    }

    /// The plan whose execution time is the median; there is at least one plan.
    pub fn median_plan(&self) -> &Plan {
        let mut plans: Vec<&Plan> = self.plans.iter().collect();
        plans.sort_by(|a, b| a.execution_ms.total_cmp(&b.execution_ms));
        plans[(plans.len() - 1) / 2]
    }
}

/// A query with its values, within the transaction that it is planned and executed in.
pub struct BoundQuery<'a> {
    transaction: &'a Transaction<'a>,
    query: &'a Query,
    sets: Vec<Vec<ParameterValue>>,
    /// Plans it without executing it.
    planned: Explain,
    /// Plans and executes it.
    executed: Explain,
    /// Executes it.
    statement: Statement,
}

impl<'a> BoundQuery<'a> {
    /// Prepares it, with the sets that the bindings give; `samples` of them where no parameter varies.
    pub async fn prepare(
        transaction: &'a Transaction<'a>,
        query: &'a Query,
        bindings: &'a Bindings,
        samples: u32,
    ) -> Result<BoundQuery<'a>> {
        // In this order, all sent before the first one's answer.
        let all = try_join3(
            explain(transaction, query, bindings, Run::Never),
            explain(transaction, query, bindings, Run::Once),
            query.prepare(transaction, bindings.types()),
        );
        let (planned, executed, statement) = all.await?;
        Ok(BoundQuery {
            transaction,
            query,
            sets: bindings.sets(&query.header.parameters, samples),
            planned,
            executed,
            statement,
        })
    }

    /// The plan for the first set, without executing it.
    pub async fn estimate(&self) -> Result<Plan> {
        self.plan(self.first_set()).await
    }

    /// The plans for all sets, without executing them.
    pub async fn plans(&self) -> Result<Vec<Plan>> {
        let mut plans = Vec::with_capacity(self.sets.len());
        for set in &self.sets {
            plans.push(self.plan(set).await?);
        }
        Ok(plans)
    }

    /// The generic plan, made without knowing the values.
    pub async fn generic(&self) -> Result<Plan> {
        let types = self.planned.type_names();
        explain::generic(self.transaction, &self.query.sql, &types)
            .await
            .with_context(|| self.could_not_plan())
    }

    /// The plan that the planner would choose for the first set if it had no sequential scans.
    pub async fn without_scans(&self) -> Result<Plan> {
        let plan = self.plan(self.first_set());
        // In this order, all sent before the first one's answer.
        let all = try_join3(self.set_seq_scans("off"), plan, self.set_seq_scans("on"));
        Ok(all.await?.1)
    }

    async fn set_seq_scans(&self, to: &str) -> Result<()> {
        let sql = format!("SET LOCAL enable_seqscan = {to}");
        Ok(self.transaction.batch_execute(&sql).await?)
    }

    /// Executes the query with each set and keeps its plans; `estimated` is used when no execution ends.
    pub async fn measure(&self, estimated: Plan, pace: Pace) -> Result<Executions> {
        let started = Instant::now();
        let mut executions = Executions::with_capacity(self.sets.len());
        let (mut left, mut at_once) = (&self.sets[..], 1);
        while !left.is_empty() && executions.stopped.is_none() {
            if started.elapsed() > pace.time_limit && !executions.plans.is_empty() {
                executions.stopped = Some(StopReason::TimeLimit {
                    of: self.sets.len(),
                });
                break;
            }
            let (batch, behind) = left.split_at(at_once.min(left.len()));
            left = behind;
            let before = Instant::now();
            self.execute(batch, pace.warmup, &mut executions).await?;
            at_once = match before.elapsed() < QUICK {
                true => MOST_AT_ONCE.min(at_once * 2),
                false => 1,
            };
        }
        if executions.plans.is_empty() {
            executions.plans.push(estimated);
        }
        Ok(executions)
    }

    /// Executes some sets, all sent before the first one's answer, up to one that takes too long.
    async fn execute(
        &self,
        sets: &[Vec<ParameterValue>],
        warmup: Warmup,
        executions: &mut Executions,
    ) -> Result<()> {
        let planned = sets.iter().map(async |set| {
            if warmup == Warmup::Execute {
                self.execute_once(set).await?;
            }
            self.executed.with(self.transaction, &references(set)).await
        });
        for (set, plan) in sets.iter().zip(join_all(planned).await) {
            match plan {
                Ok(plan) => {
                    executions.samples.push(self.sample_run(set, &plan));
                    executions.plans.push(plan);
                }
                Err(error) if is_cancelled(&error) => {
                    executions.stopped = Some(StopReason::StatementTimeout);
                    return Ok(());
                }
                Err(error) => {
                    let with = self.display_values(set);
                    return Err(error.context(format!("{}: failed with {with}", self.query.path)));
                }
            }
        }
        Ok(())
    }

    /// Times executions of the prepared statement from the first byte sent to the last row received, with each set in
    /// turn. Postgres plans them as it does for any driver: for the values at first, once for all where that costs no
    /// more.
    pub async fn latency(&self, executions: usize) -> Result<Option<Latency>> {
        let could_not = || format!("{}: could not be executed", self.query.path);
        let started = Instant::now();
        let mut times = Vec::with_capacity(executions);
        for set in self.sets.iter().cycle().take(executions) {
            let before = Instant::now();
            let executed = self.execute_once(set).await;
            executed.with_context(could_not)?;
            times.push(milliseconds(before.elapsed()));
            if started.elapsed() > TIMING_LIMIT {
                break;
            }
        }
        Ok(Latency::of(&times))
    }

    /// Executes the prepared statement up to its last row.
    async fn execute_once(&self, set: &[ParameterValue]) -> Result<()> {
        let rows = self.transaction.query_raw(&self.statement, references(set));
        let mut rows = std::pin::pin!(rows.await?);
        while rows.try_next().await?.is_some() {}
        Ok(())
    }

    async fn plan(&self, set: &[ParameterValue]) -> Result<Plan> {
        let plan = self.planned.with(self.transaction, &references(set)).await;
        plan.with_context(|| self.could_not_plan())
    }

    fn first_set(&self) -> &[ParameterValue] {
        self.sets.first().map_or(&[][..], Vec::as_slice)
    }

    fn could_not_plan(&self) -> String {
        format!("{}: could not be planned", self.query.path)
    }

    fn named_values(&self, set: &[ParameterValue]) -> Vec<(String, serde_json::Value)> {
        let named = self.query.header.parameters.iter().zip(set);
        named
            .map(|(parameter, value)| (parameter.name.clone(), value.to_json()))
            .collect()
    }

    /// `product_id = 5, count = 10`
    fn display_values(&self, set: &[ParameterValue]) -> String {
        let named = self.named_values(set);
        if named.is_empty() {
            return "no parameters".to_owned();
        }
        let named: Vec<String> = named
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        named.join(", ")
    }

    fn sample_run(&self, set: &[ParameterValue], plan: &Plan) -> SampleRun {
        SampleRun {
            parameters: self.named_values(set).into_iter().collect(),
            execution_ms: plan.execution_ms,
            planning_ms: plan.planning_ms,
            buffers: plan.root.buffers(),
            rows: plan.root.rows * plan.root.loops,
            indexes: plan.indexes().into_iter().map(str::to_owned).collect(),
            plan: Some(plan.statement().clone()),
        }
    }
}

async fn explain(
    transaction: &Transaction<'_>,
    query: &Query,
    bindings: &Bindings,
    run: Run,
) -> Result<Explain> {
    let prepared = Explain::prepare(transaction, &query.sql, bindings.types(), run).await;
    prepared.map_err(|error| query.rejected(error, run.prefix().len()))
}

/// Whether an error is that a table doesn't exist.
pub fn is_missing_table(error: &anyhow::Error) -> bool {
    sql_state(error) == Some(&SqlState::UNDEFINED_TABLE)
}

/// Whether an error is that the role lacks a privilege.
pub fn is_not_allowed(error: &anyhow::Error) -> bool {
    sql_state(error) == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}

fn is_cancelled(error: &anyhow::Error) -> bool {
    sql_state(error) == Some(&SqlState::QUERY_CANCELED)
}

fn sql_state(error: &anyhow::Error) -> Option<&SqlState> {
    error.downcast_ref::<tokio_postgres::Error>()?.code()
}

fn references(set: &[ParameterValue]) -> Vec<&(dyn ToSql + Sync)> {
    set.iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::measurement::STATEMENT_TIMEOUT;

    #[test]
    fn the_pinned_timeout_is_the_stated_one() {
        let seconds = format!("'{}s'", STATEMENT_TIMEOUT.as_secs());
        assert!(PINNED.contains(&seconds));
    }
}
