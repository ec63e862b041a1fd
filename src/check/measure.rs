//! Executes a query with each set of its parameters' values, and keeps plans and times.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::measurement::{Latency, SampleRun, StopReason, milliseconds};
use crate::postgres::explain::{self, Explain, Plan, Run};
use crate::queries::{Bindings, ParameterValue, Query};

/// How many executions are timed at the client, and after how long no further one is started.
pub const TIMED_EXECUTIONS: usize = 200;
const TIMING_LIMIT: Duration = Duration::from_secs(1);

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
    /// The sample is executed once before.
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
    bindings: &'a Bindings,
    sets: Vec<Vec<ParameterValue>>,
}

impl<'a> BoundQuery<'a> {
    /// With the sets that the bindings give; `samples` of them where no parameter varies.
    pub fn new(
        transaction: &'a Transaction<'a>,
        query: &'a Query,
        bindings: &'a Bindings,
        samples: u32,
    ) -> BoundQuery<'a> {
        BoundQuery {
            transaction,
            query,
            bindings,
            sets: bindings.sets(&query.header.parameters, samples),
        }
    }

    /// The plan for the first set, without executing it.
    pub async fn estimate(&self) -> Result<Plan> {
        let explain = self.prepare(Run::Never).await?;
        self.plan(&explain, self.first_set()).await
    }

    /// The plans for all sets, without executing them.
    pub async fn plans(&self) -> Result<Vec<Plan>> {
        let explain = self.prepare(Run::Never).await?;
        let mut plans = Vec::with_capacity(self.sets.len());
        for set in &self.sets {
            plans.push(self.plan(&explain, set).await?);
        }
        Ok(plans)
    }

    /// The generic plan, made without knowing the values.
    pub async fn generic(&self) -> Result<Plan> {
        let explain = self.prepare(Run::Never).await?;
        explain::generic(self.transaction, &self.query.sql, &explain.type_names())
            .await
            .with_context(|| self.could_not_plan())
    }

    /// The plan that the planner would choose for the first set if it had no sequential scans.
    pub async fn without_scans(&self) -> Result<Plan> {
        let explain = self.prepare(Run::Never).await?;
        self.set_seq_scans("off").await?;
        let without_scans = self.plan(&explain, self.first_set()).await?;
        self.set_seq_scans("on").await?;
        Ok(without_scans)
    }

    async fn set_seq_scans(&self, to: &str) -> Result<()> {
        let sql = format!("SET LOCAL enable_seqscan = {to}");
        Ok(self.transaction.batch_execute(&sql).await?)
    }

    /// Executes the query with each set and keeps its plans; `estimated` is used when no execution ends.
    pub async fn measure(&self, estimated: Plan, pace: Pace) -> Result<Executions> {
        let explain = self.prepare(Run::Once).await?;
        let started = Instant::now();
        let mut executions = Executions {
            samples: Vec::with_capacity(self.sets.len()),
            plans: Vec::with_capacity(self.sets.len()),
            stopped: None,
        };
        for set in &self.sets {
            if started.elapsed() > pace.time_limit && !executions.plans.is_empty() {
                executions.stopped = Some(StopReason::TimeLimit {
                    of: self.sets.len(),
                });
                break;
            }
            match self.execute(&explain, set, pace.warmup).await {
                Ok(plan) => {
                    executions.samples.push(self.sample_run(set, &plan));
                    executions.plans.push(plan);
                }
                Err(error) if is_cancelled(&error) => {
                    executions.stopped = Some(StopReason::StatementTimeout);
                    break;
                }
                Err(error) => {
                    let with = self.display_values(set);
                    return Err(error.context(format!("{}: failed with {with}", self.query.path)));
                }
            }
        }
        if executions.plans.is_empty() {
            executions.plans.push(estimated);
        }
        Ok(executions)
    }

    /// Times executions of the prepared statement from the first byte sent to the last row received, with each set in
    /// turn. Postgres plans them as it does for any driver: for the values at first, once for all where that costs no
    /// more.
    pub async fn latency(&self, executions: usize) -> Result<Option<Latency>> {
        let could_not = || format!("{}: could not be executed", self.query.path);
        let types = self.bindings.types();
        let statement = self.query.prepare(self.transaction, types).await?;
        let started = Instant::now();
        let mut times = Vec::with_capacity(executions);
        for set in self.sets.iter().cycle().take(executions) {
            let before = Instant::now();
            let rows = self
                .transaction
                .query_raw(&statement, references(set))
                .await
                .with_context(could_not)?;
            let mut rows = std::pin::pin!(rows);
            while rows.try_next().await.with_context(could_not)?.is_some() {}
            times.push(milliseconds(before.elapsed()));
            if started.elapsed() > TIMING_LIMIT {
                break;
            }
        }
        Ok(Latency::of(&times))
    }

    async fn prepare(&self, run: Run) -> Result<Explain> {
        let query = self.query;
        let prepared =
            Explain::prepare(self.transaction, &query.sql, self.bindings.types(), run).await;
        prepared.map_err(|error| query.rejected(error, run.prefix().len()))
    }

    async fn plan(&self, explain: &Explain, set: &[ParameterValue]) -> Result<Plan> {
        let plan = explain.with(self.transaction, &references(set)).await;
        plan.with_context(|| self.could_not_plan())
    }

    async fn execute(
        &self,
        explain: &Explain,
        set: &[ParameterValue],
        warmup: Warmup,
    ) -> Result<Plan> {
        let values = references(set);
        if warmup == Warmup::Execute {
            explain.with(self.transaction, &values).await?;
        }
        explain.with(self.transaction, &values).await
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
