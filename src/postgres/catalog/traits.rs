//! What writing a dataset asks of the catalog beyond tables, columns and keys: extensions, policies, partition bounds,
//! triggers and domains.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

use super::Scope;
use super::read::{get, read};

/// What decides whether rows can be put into a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTraits {
    /// The table's oid.
    pub table: u32,
    /// The extension that it belongs to.
    pub extension: Option<String>,
    /// FORCE ROW LEVEL SECURITY: policies apply to the owner, too.
    pub forces_policies: bool,
    /// Whether row security applies to the connection's role.
    pub under_policies: bool,
    /// Whether the connection's role may insert.
    pub may_insert: bool,
    /// How it is partitioned.
    pub partitioning: Option<Partitioning>,
}

/// How a table is partitioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioning {
    /// What decides the partition.
    pub strategy: Strategy,
    /// The key's columns; `None` for an expression.
    pub columns: Vec<Option<String>>,
    /// The partitions of the first level, each with `pg_get_expr` of its bounds.
    pub partitions: Vec<(u32, String)>,
    /// What all rows must satisfy, as an expression; `None` where columns alone are the key.
    pub rule: Option<String>,
}

/// What decides the partition of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// PARTITION BY LIST.
    List,
    /// PARTITION BY RANGE.
    Range,
    /// PARTITION BY HASH.
    Hash,
}

/// A trigger that fires for inserted rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The table's oid.
    pub table: u32,
    /// The name, unquoted.
    pub name: String,
    /// Whether it may change the row.
    pub before: bool,
    /// Whether it fires for each row, else for each statement.
    pub for_each_row: bool,
    /// Whether it is an ENABLE ALWAYS trigger.
    pub always: bool,
    /// Whether it fires at the transaction's end.
    pub deferred: bool,
    /// The function's name, unquoted.
    pub function: String,
}

/// What a domain demands of its values, without what the domain below it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// `pg_type.oid`.
    pub oid: u32,
    /// The name, unquoted.
    pub name: String,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// The type that it narrows, as DDL writes it.
    pub base: String,
    /// Each CHECK's name and `pg_get_constraintdef`.
    pub checks: Vec<(String, String)>,
}

/// The traits of the tables in scope.
pub async fn table_traits(
    client: &impl GenericClient,
    scope: Scope<'_>,
) -> Result<Vec<TableTraits>> {
    let sql = include_str!("../sql/table_traits.sql");
    read(client, sql, scope, "tables' privileges", |row| {
        let strategy: Option<&str> = get(row, "strategy")?;
        let partitioning = match strategy.map(strategy_of) {
            None => None,
            Some(strategy) => {
                let partitions: Vec<u32> = get(row, "partitions")?;
                let bounds: Vec<String> = get(row, "bounds")?;
                Some(Partitioning {
                    strategy,
                    columns: get(row, "partition_columns")?,
                    partitions: partitions.into_iter().zip(bounds).collect(),
                    rule: get(row, "partition_rule")?,
                })
            }
        };
        Ok(TableTraits {
            table: get(row, "oid")?,
            extension: get(row, "extension")?,
            forces_policies: get(row, "forces_policies")?,
            under_policies: get(row, "under_policies")?,
            may_insert: get(row, "may_insert")?,
            partitioning,
        })
    })
    .await
}

fn strategy_of(letter: &str) -> Strategy {
    match letter {
        "l" => Strategy::List,
        "h" => Strategy::Hash,
        _ => Strategy::Range,
    }
}

/// The triggers that fire for rows inserted into the tables in scope.
pub async fn triggers(client: &impl GenericClient, scope: Scope<'_>) -> Result<Vec<Trigger>> {
    let sql = include_str!("../sql/triggers.sql");
    read(client, sql, scope, "triggers", |row| {
        Ok(Trigger {
            table: get(row, "table_oid")?,
            name: get(row, "name")?,
            before: get(row, "before")?,
            for_each_row: get(row, "for_each_row")?,
            always: get(row, "always")?,
            deferred: get(row, "deferred")?,
            function: get(row, "function")?,
        })
    })
    .await
}

/// The database's domains.
pub async fn domains(client: &impl GenericClient) -> Result<Vec<Domain>> {
    let rows = client
        .query_typed(include_str!("../sql/domains.sql"), &[])
        .await;
    let rows = rows.context("could not read the database's domains")?;
    rows.iter()
        .map(|row| {
            let names: Vec<String> = get(row, "check_names")?;
            let checks: Vec<String> = get(row, "checks")?;
            Ok(Domain {
                oid: get(row, "oid")?,
                name: get(row, "name")?,
                base: get(row, "base")?,
                not_null: get(row, "not_null")?,
                checks: names.into_iter().zip(checks).collect(),
            })
        })
        .collect()
}
