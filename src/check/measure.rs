//! Runs a query with each sample in turn and keeps its plans.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::header::Source;
use super::query::Query;
use super::report::{Latency, Sample};
use super::rules::milliseconds;
use super::settings::Settings;
use super::value::Value;
use crate::postgres::explain::{self, Explain, Plan, Run, error_line};

/// After this long no further sample of a query is begun, and of a lookup, of which there may be many.
pub const CAP: Duration = Duration::from_secs(30);
pub const LOOKUP_CAP: Duration = Duration::from_secs(5);
/// An execution that takes longer is cut off.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// How many executions are timed at the client, and after how long no further one is begun.
const EXECUTIONS: usize = 200;
const LATENCY_CAP: Duration = Duration::from_secs(1);

/// What every execution is pinned to: no compiling and no workers, so that runs are alike; [`STATEMENT_TIMEOUT`].
pub const PINNED: &str = "
    SET LOCAL jit = off;
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL plan_cache_mode = auto;
    SET LOCAL statement_timeout = '60s'";

/// A query's parameters, each with its type and values.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    types: Vec<Type>,
    values: Vec<Vec<Value>>,
}

impl Bindings {
    /// Adds the next parameter; `values` aren't empty.
    pub fn push(&mut self, ty: Type, values: Vec<Value>) {
        self.types.push(ty);
        self.values.push(values);
    }

    /// Sets made of the first of so many equal parts of the values.
    pub fn first(&self, samples: usize) -> Bindings {
        let spread = |values: &Vec<Value>| {
            let step = (values.len() / samples.max(1)).max(1);
            values.iter().step_by(step).take(samples).cloned().collect()
        };
        Bindings {
            types: self.types.clone(),
            values: self.values.iter().map(spread).collect(),
        }
    }

    /// The first so many sets, in turns of so many.
    pub fn turns(&self, samples: usize, turn: usize) -> Vec<Bindings> {
        let longest = self
            .values
            .iter()
            .map(Vec::len)
            .max()
            .unwrap_or(0)
            .min(samples);
        // Without a value to vary each set is the same, and a turn as long as asked for.
        let sets = if longest < 2 { samples } else { longest };
        let part = |values: &Vec<Value>, from: usize| -> Vec<Value> {
            let all = values.iter().cycle().skip(from);
            all.take(turn.min(sets - from)).cloned().collect()
        };
        let bindings = |from: usize| Bindings {
            types: self.types.clone(),
            values: self
                .values
                .iter()
                .map(|values| part(values, from))
                .collect(),
        };
        (0..sets).step_by(turn.max(1)).map(bindings).collect()
    }

    /// The parameters' types.
    pub fn types(&self) -> &[Type] {
        &self.types
    }

    /// As many sets as the parameter with the most values has, the others' values starting over; `samples` equal sets
    /// when no parameter comes from a column.
    pub fn sets(&self, query: &Query, samples: u32) -> Vec<Vec<Value>> {
        let sampled = query.parameters.iter().zip(&self.values);
        let count = sampled
            .filter(|(parameter, _)| matches!(parameter.source, Source::Column { .. }))
            .map(|(_, values)| values.len())
            .max()
            .unwrap_or(samples as usize);
        let set = |at: usize| {
            let values = self.values.iter();
            values.map(|v| v[at % v.len()].clone()).collect()
        };
        (0..count).map(set).collect()
    }
}

/// A query's executions.
#[derive(Debug)]
pub struct Measurement {
    /// One for each plan.
    pub samples: Vec<Sample>,
    /// The plans of the measured executions; when not even one ended, the plan it would have had.
    pub plans: Vec<Plan>,
    /// Why there are fewer than asked for.
    pub stopped: Option<Stopped>,
}

/// Why sampling ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The query's time was used up.
    Cap {
        /// How many samples were asked for.
        of: usize,
    },
    /// An execution was cut off.
    CutOff,
}

/// Times executions of the prepared statement from the first byte sent to the last row received, with each sample in turn.
/// Postgres plans them as it does for any driver: for the values at first, once for all where that costs no more.
pub async fn latency(
    transaction: &Transaction<'_>,
    query: &Query,
    bindings: &Bindings,
    settings: &Settings,
) -> Result<Option<Latency>> {
    let could_not = || format!("{}: could not be run", query.path);
    let statement = transaction
        .prepare_typed(&query.sql, bindings.types())
        .await
        .with_context(could_not)?;
    let sets = bindings.sets(query, settings.samples);
    let started = Instant::now();
    let mut times = Vec::with_capacity(EXECUTIONS);
    for set in sets.iter().cycle().take(EXECUTIONS) {
        let before = Instant::now();
        let rows = transaction
            .query_raw(&statement, references(set))
            .await
            .with_context(could_not)?;
        let mut rows = std::pin::pin!(rows);
        while rows.try_next().await.with_context(could_not)?.is_some() {}
        times.push(milliseconds(before.elapsed()));
        if started.elapsed() > LATENCY_CAP {
            break;
        }
    }
    Ok(Latency::of(&times))
}

/// The plan that is made without knowing the values, and the one that the planner would take for the first sample if it had
/// no sequential scans.
pub async fn alternatives(
    transaction: &Transaction<'_>,
    query: &Query,
    bindings: &Bindings,
    settings: &Settings,
) -> Result<(Plan, Plan)> {
    let could_not = || format!("{}: could not be planned", query.path);
    let explain = prepare(transaction, query, bindings, Run::Never).await?;
    let generic = explain::generic(transaction, &query.sql, &explain.type_names())
        .await
        .with_context(could_not)?;
    let sets = bindings.sets(query, settings.samples);
    let first = sets.first().map_or(&[][..], Vec::as_slice);
    let switch = |to: &str| format!("SET LOCAL enable_seqscan = {to}");
    transaction.batch_execute(&switch("off")).await?;
    let capable = explain.with(transaction, &references(first)).await;
    let capable = capable.with_context(could_not)?;
    transaction.batch_execute(&switch("on")).await?;
    Ok((generic, capable))
}

/// The plans for each sample, without running them.
pub async fn plans(
    transaction: &Transaction<'_>,
    query: &Query,
    bindings: &Bindings,
    settings: &Settings,
) -> Result<Vec<Plan>> {
    let explain = prepare(transaction, query, bindings, Run::Never).await?;
    let mut plans = Vec::new();
    for set in bindings.sets(query, settings.samples) {
        let plan = explain.with(transaction, &references(&set)).await;
        plans.push(plan.with_context(|| format!("{}: could not be planned", query.path))?);
    }
    Ok(plans)
}

/// The query's plan for its first sample, without running it. The outer error is anything but the server's refusal.
pub async fn estimate(
    transaction: &Transaction<'_>,
    query: &Query,
    bindings: &Bindings,
    settings: &Settings,
) -> Result<Plan> {
    let explain = prepare(transaction, query, bindings, Run::Never).await?;
    let sets = bindings.sets(query, settings.samples);
    let first = sets.first().map_or(&[][..], Vec::as_slice);
    explain
        .with(transaction, &references(first))
        .await
        .with_context(|| format!("{}: could not be planned", query.path))
}

/// How a read is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// After this long no further sample is begun.
    pub cap: Duration,
    /// Whether each sample is run before it is measured, which brings its pages into memory.
    pub warm: bool,
}

/// Runs the query with each sample and keeps its plans.
pub async fn measure(
    transaction: &Transaction<'_>,
    query: &Query,
    bindings: &Bindings,
    settings: &Settings,
    estimated: Plan,
    pace: Pace,
) -> Result<Measurement> {
    let explain = prepare(transaction, query, bindings, Run::Once).await?;
    let started = Instant::now();
    let sets = bindings.sets(query, settings.samples);
    let mut measurement = Measurement {
        samples: Vec::with_capacity(sets.len()),
        plans: Vec::with_capacity(sets.len()),
        stopped: None,
    };
    for set in &sets {
        if started.elapsed() > pace.cap && !measurement.plans.is_empty() {
            measurement.stopped = Some(Stopped::Cap { of: sets.len() });
            break;
        }
        match execute(transaction, &explain, set, pace).await {
            Ok(plan) => {
                measurement.samples.push(sample(query, set, &plan));
                measurement.plans.push(plan);
            }
            Err(error) if was_cut_off(&error) => {
                measurement.stopped = Some(Stopped::CutOff);
                break;
            }
            Err(error) => {
                return Err(error.context(format!(
                    "{}: failed with {}",
                    query.path,
                    shown(query, set)
                )));
            }
        }
    }
    if measurement.plans.is_empty() {
        measurement.plans.push(estimated);
    }
    Ok(measurement)
}

async fn execute(
    transaction: &Transaction<'_>,
    explain: &Explain,
    set: &[Value],
    pace: Pace,
) -> Result<Plan> {
    let values = references(set);
    if pace.warm {
        explain.with(transaction, &values).await?;
    }
    explain.with(transaction, &values).await
}

async fn prepare(
    transaction: &Transaction<'_>,
    query: &Query,
    bindings: &Bindings,
    run: Run,
) -> Result<Explain> {
    let prepared = Explain::prepare(transaction, &query.sql, &bindings.types, run).await;
    prepared.map_err(|error| {
        let place = match error_line(&error, &query.sql, run) {
            Some(line) => format!("{}, line {line}", query.path),
            None => query.path.clone(),
        };
        anyhow::Error::new(error).context(format!("{place}: the server refuses the query"))
    })
}

/// Whether an error is that a table isn't there.
pub fn is_missing_table(error: &anyhow::Error) -> bool {
    code(error) == Some(&SqlState::UNDEFINED_TABLE)
}

/// Whether an error is that the role may not do it.
pub fn is_not_allowed(error: &anyhow::Error) -> bool {
    code(error) == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}

fn was_cut_off(error: &anyhow::Error) -> bool {
    code(error) == Some(&SqlState::QUERY_CANCELED)
}

fn code(error: &anyhow::Error) -> Option<&SqlState> {
    error.downcast_ref::<tokio_postgres::Error>()?.code()
}

fn references(set: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    set.iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

fn shown(query: &Query, set: &[Value]) -> String {
    let named = query.parameters.iter().zip(set);
    let named: Vec<String> = named
        .map(|(parameter, value)| format!("{} = {}", parameter.name, value.json()))
        .collect();
    if named.is_empty() {
        "no parameters".to_owned()
    } else {
        named.join(", ")
    }
}

fn sample(query: &Query, set: &[Value], plan: &Plan) -> Sample {
    let named = query.parameters.iter().zip(set);
    Sample {
        parameters: named
            .map(|(parameter, value)| (parameter.name.clone(), value.json()))
            .collect(),
        execution_ms: plan.execution_ms,
        planning_ms: plan.planning_ms,
        buffers: plan.root.buffers(),
        rows: plan.root.rows * plan.root.loops,
        indexes: plan.indexes().into_iter().map(str::to_owned).collect(),
        plan: plan.raw.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::query::QueryFile;

    fn query(header: &str) -> Query {
        Query::parse(&QueryFile {
            name: "q".into(),
            path: "q.sql".into(),
            text: header.into(),
        })
        .unwrap()
    }

    #[test]
    fn shorter_lists_of_values_start_over() {
        let query =
            query("-- param a: t.a\n-- param b: t.b\n-- param c: int = 5\nSELECT :a, :b, :c");
        let mut bindings = Bindings::default();
        bindings.push(Type::INT4, [1, 2, 3].map(Value::Integer).to_vec());
        bindings.push(Type::INT4, [7, 8].map(Value::Integer).to_vec());
        bindings.push(Type::INT4, vec![Value::Integer(5)]);
        let sets = bindings.sets(&query, 20);
        assert_eq!(sets.len(), 3);
        assert_eq!(sets[2], [3, 7, 5].map(Value::Integer));
    }

    #[test]
    fn turns_make_up_all_sets() {
        let mut bindings = Bindings::default();
        bindings.push(Type::INT4, (1..=10).map(Value::Integer).collect());
        bindings.push(Type::INT4, vec![Value::Integer(7)]);
        let turns = bindings.turns(20, 4);
        let firsts: Vec<Vec<Value>> = turns.iter().map(|turn| turn.values[0].clone()).collect();
        assert_eq!(firsts.concat(), bindings.values[0]);
        assert_eq!(
            turns
                .iter()
                .map(|turn| turn.values[1].len())
                .collect::<Vec<_>>(),
            [4, 4, 2]
        );
        assert_eq!(bindings.turns(5, 4).len(), 2);
        assert_eq!(Bindings::default().turns(20, 4).len(), 5);
    }

    #[test]
    fn a_query_without_ids_runs_as_often_as_asked() {
        assert_eq!(Bindings::default().sets(&query("SELECT 1"), 20).len(), 20);
    }

    #[test]
    fn the_pinned_timeout_is_the_stated_one() {
        let seconds = format!("'{}s'", STATEMENT_TIMEOUT.as_secs());
        assert!(PINNED.contains(&seconds));
    }
}
