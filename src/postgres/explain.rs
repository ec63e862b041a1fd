//! EXPLAIN: prepares a statement with its parameters' types, runs it, and reads the plan's JSON.

mod distributed;
mod node;

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use futures_util::future::try_join3;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{GenericClient, Statement};

pub use node::{DistributedQuery, Node, NodeKind, NodeRole};

use super::name::quoted;

/// Whether the statement is executed (EXPLAIN ANALYZE).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Only planned: no actual rows, loops, buffers or times.
    Never,
    /// Executed; its rows are discarded.
    Once,
}

impl Run {
    /// The words before the statement; with VERBOSE, nodes name their schema and conditions their aliases.
    pub fn prefix(self) -> &'static str {
        match self {
            Run::Never => "EXPLAIN (VERBOSE, SETTINGS, FORMAT JSON) ",
            Run::Once => "EXPLAIN (ANALYZE, BUFFERS, VERBOSE, SETTINGS, FORMAT JSON) ",
        }
    }
}

/// A plan as EXPLAIN gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The topmost node.
    pub root: Node,
    /// Milliseconds of planning.
    pub planning_ms: f64,
    /// Milliseconds of execution, EXPLAIN's overhead included; 0 when it wasn't executed.
    pub execution_ms: f64,
    /// EXPLAIN's output with all fields, for plan viewers.
    pub raw: Value,
}

impl Plan {
    /// Reads what EXPLAIN (FORMAT JSON) of version 14 or later gave.
    pub fn parse(json: &str) -> Result<Plan> {
        #[derive(Deserialize)]
        struct Explained {
            #[serde(rename = "Plan")]
            plan: Node,
            #[serde(rename = "Planning Time", default)]
            planning_ms: f64,
            #[serde(rename = "Execution Time", default)]
            execution_ms: f64,
        }
        let raw: Value = serde_json::from_str(json).context("could not read the plan's JSON")?;
        let statement = raw.get(0).context("the plan's JSON holds no statement")?;
        let mut explained =
            Explained::deserialize(statement).context("could not understand the plan's JSON")?;
        distributed::gather(&mut explained.plan);
        Ok(Plan {
            root: explained.plan,
            planning_ms: explained.planning_ms,
            execution_ms: explained.execution_ms,
            raw,
        })
    }

    /// All nodes, each before its children.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        let mut left = vec![&self.root];
        while let Some(node) = left.pop() {
            nodes.push(node);
            left.extend(node.plans.iter().rev());
        }
        nodes
    }

    /// The indexes used, each once, in the plan's order.
    pub fn indexes(&self) -> Vec<&str> {
        let mut indexes = Vec::new();
        for index in self.nodes().iter().filter_map(|n| n.index.as_deref()) {
            if !indexes.contains(&index) {
                indexes.push(index);
            }
        }
        indexes
    }

    /// The statement's object in EXPLAIN's list of one: `{"Plan": …, "Execution Time": …}`.
    pub fn statement(&self) -> &Value {
        self.raw.get(0).unwrap_or(&self.raw)
    }

    /// Reads a statement's object.
    pub fn of_statement(statement: &Value) -> Result<Plan> {
        Plan::parse(&Value::Array(vec![statement.clone()]).to_string())
    }

    /// The labels of the plan's opaque nodes, each once; empty for a plan of known nodes only.
    pub fn opaque_nodes(&self) -> Vec<String> {
        let mut labels = Vec::new();
        for label in self
            .nodes()
            .iter()
            .filter(|it| it.is_opaque())
            .map(|it| it.label())
        {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        labels
    }
}

/// A statement ready to be explained.
#[derive(Clone)]
pub struct Explain {
    statement: Statement,
}

impl Explain {
    /// Prepares `sql`, its parameters `$1` … of these types: a parameter without a type fails in functions that take
    /// any type.
    pub async fn prepare(
        client: &impl GenericClient,
        sql: &str,
        types: &[Type],
        run: Run,
    ) -> Result<Explain, tokio_postgres::Error> {
        let statement = client
            .prepare_typed(&format!("{}{sql}", run.prefix()), types)
            .await?;
        Ok(Explain { statement })
    }

    /// The parameters' types as SQL writes them, those included that the server found out itself.
    pub fn type_names(&self) -> Vec<String> {
        self.statement.params().iter().map(type_name).collect()
    }

    /// Explains the statement with these values; Postgres plans it for them each time.
    pub async fn with(
        &self,
        client: &impl GenericClient,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Plan> {
        let row = client.query_one(&self.statement, values).await?;
        Plan::parse(row.try_get::<_, Json>(0)?.0)
    }
}

/// The generic plan of `sql`; nothing is executed. `types` are its parameters' types in SQL. Call it in a transaction:
/// `plan_cache_mode` is set until the end of it.
///
/// Through the extended protocol EXPLAIN plans for the values even then (seen on version 15): only EXPLAIN EXECUTE of a
/// prepared statement keeps its `$1`.
pub async fn generic(client: &impl GenericClient, sql: &str, types: &[String]) -> Result<Plan> {
    let list = |items: Vec<&str>| match items.is_empty() {
        true => String::new(),
        false => format!("({})", items.join(", ")),
    };
    // A statement that couldn't be explained stays prepared until the session's end, even when the transaction fails.
    static PREPARED: AtomicU64 = AtomicU64::new(0);
    let name = format!(
        "seedrow_generic_{}",
        PREPARED.fetch_add(1, Ordering::Relaxed)
    );
    let prepare = format!(
        "SET LOCAL plan_cache_mode = force_generic_plan; PREPARE {name}{} AS {sql}",
        list(types.iter().map(String::as_str).collect())
    );
    let explain = format!(
        "{}EXECUTE {name}{}",
        Run::Never.prefix(),
        list(vec!["NULL"; types.len()])
    );
    let end = format!("DEALLOCATE {name}; SET LOCAL plan_cache_mode = auto");
    // In this order, all sent before the first one's answer.
    let all = try_join3(
        client.batch_execute(&prepare),
        client.query_typed_one(&explain, &[]),
        client.batch_execute(&end),
    );
    let (_, row, _) = all.await?;
    Plan::parse(row.try_get::<_, Json>(0)?.0)
}

/// The plan of a statement without parameters, which isn't executed.
pub async fn of_literals(client: &impl GenericClient, sql: &str) -> Result<Plan> {
    let explain = format!("{}{sql}", Run::Never.prefix());
    let row = client.query_typed_one(&explain, &[]).await?;
    Plan::parse(row.try_get::<_, Json>(0)?.0)
}

/// A type as SQL writes it, whatever the search path.
fn type_name(ty: &Type) -> String {
    format!("{}.{}", quoted(ty.schema()), quoted(ty.name()))
}

/// The text of a value of type json.
struct Json<'a>(&'a str);

impl<'a> FromSql<'a> for Json<'a> {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> Result<Json<'a>, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Json(std::str::from_utf8(raw)?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_plan_of_version_15() {
        let plan = Plan::parse(include_str!(
            "../../tests/fixtures/plans/styles-indexed.json"
        ))
        .unwrap();
        assert_eq!(
            plan.indexes(),
            [
                "styles_product_id_idx",
                "photos_style_id_idx",
                "skus_style_id_idx"
            ]
        );
        assert!(plan.execution_ms > 0.0 && plan.planning_ms > 0.0);
        assert!(plan.root.buffers() > 0);
        let scan = plan
            .nodes()
            .into_iter()
            .find(|node| node.relation.as_deref() == Some("skus"))
            .unwrap();
        assert_eq!(scan.schema.as_deref(), Some("public"));
        assert_eq!(scan.alias.as_deref(), Some("sku"));
        assert!(scan.loops >= 1.0);
    }

    #[test]
    fn reads_a_plan_of_version_18() {
        let plan = Plan::parse(include_str!("../../tests/fixtures/plans/version-18.json")).unwrap();
        assert_eq!(plan.nodes().len(), 2);
        assert_eq!(plan.nodes()[1].rows, 5.67);
        assert_eq!(
            plan.raw[0]["Plan"]["Disabled"], false,
            "kept though unknown"
        );
    }

    #[test]
    fn refuses_what_is_no_plan() {
        for json in ["", "[]", "{}", "[{}]", "[{\"Plan\": {}}]"] {
            assert!(Plan::parse(json).is_err(), "{json}");
        }
    }
}
