//! Runs a query with each sample in turn and keeps its plans.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::finding::Sample;
use super::header::Source;
use super::query::Query;
use super::run::Settings;
use super::value::Value;
use crate::postgres::explain::{Explain, Plan, Run, error_line};

/// After this long no further sample of a query is begun.
const CAP: Duration = Duration::from_secs(30);
/// An execution that takes longer is cut off.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// What every execution is pinned to: no compiling and no workers, so that runs are alike; [`STATEMENT_TIMEOUT`].
pub const PINNED: &str = "
    SET LOCAL jit = off;
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL statement_timeout = '60s'";

/// A query's parameters, each with its type and values.
#[derive(Debug, Default)]
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

    /// As many sets as the parameter with the most values has, the others' values starting over; `samples` equal sets
    /// when no parameter comes from a column.
    fn sets(&self, query: &Query, samples: u32) -> Vec<Vec<Value>> {
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

/// Runs the query twice with each sample, the second time measured: the first brings its pages into memory.
pub async fn measure(
    transaction: &Transaction<'_>,
    query: &Query,
    bindings: &Bindings,
    settings: &Settings,
    estimated: Plan,
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
        if started.elapsed() > CAP && !measurement.plans.is_empty() {
            measurement.stopped = Some(Stopped::Cap { of: sets.len() });
            break;
        }
        match warm_then_measured(transaction, &explain, set).await {
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

async fn warm_then_measured(
    transaction: &Transaction<'_>,
    explain: &Explain,
    set: &[Value],
) -> Result<Plan> {
    let values = references(set);
    explain.with(transaction, &values).await?;
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
    fn a_query_without_ids_runs_as_often_as_asked() {
        assert_eq!(Bindings::default().sets(&query("SELECT 1"), 20).len(), 20);
    }

    #[test]
    fn the_pinned_timeout_is_the_stated_one() {
        let seconds = format!("'{}s'", STATEMENT_TIMEOUT.as_secs());
        assert!(PINNED.contains(&seconds));
    }
}
