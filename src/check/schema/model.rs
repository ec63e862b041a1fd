//! A schema as one plain value, read from the catalog with every name qualified.

use anyhow::Result;
use tokio_postgres::Client;

use crate::postgres::TableName;
use crate::postgres::catalog::{
    self, Column, Constraint, ForeignKey, Index, Scope, Table, TableKind,
};

/// Tables with their columns, constraints and indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema {
    /// By schema and name; no partitions, no views.
    pub tables: Vec<TableDefinition>,
}

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableDefinition {
    /// Its `pg_class.oid` in the database that it was read from.
    pub oid: u32,
    /// Its name.
    pub name: TableName,
    /// By number.
    pub columns: Vec<Column>,
    /// Primary, unique, check and exclusion constraints.
    pub constraints: Vec<Constraint>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes, those of constraints included.
    pub indexes: Vec<Index>,
}

impl Schema {
    /// The table of this name.
    pub fn table(&self, name: &TableName) -> Option<&TableDefinition> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// Only the tables of these names, where some are given.
    pub fn only(mut self, tables: Option<&[String]>) -> Schema {
        if let Some(wanted) = tables {
            self.tables.retain(|table| table.name.is_among(wanted));
        }
        self
    }
}

/// Reads all tables of a database.
///
/// With an empty search path, so that the catalog writes every name with its schema, whatever the connection's own.
pub async fn read(client: &Client) -> Result<Schema> {
    client.batch_execute("BEGIN READ ONLY").await?;
    let schema = read_in_transaction(client).await;
    client.batch_execute("ROLLBACK").await?;
    schema
}

/// The same in a transaction that has begun; the search path is empty until its end.
pub async fn read_in_transaction(client: &Client) -> Result<Schema> {
    client.batch_execute("SET LOCAL search_path = ''").await?;
    let tables = catalog::tables(client, Scope::Database).await?;
    let is_table = |table: &Table| {
        let kind = matches!(
            table.kind,
            TableKind::Ordinary | TableKind::Partitioned | TableKind::Foreign
        );
        kind && table.root_oid.is_none_or(|root| root == table.oid)
    };
    let columns = catalog::columns(client, Scope::Database).await?;
    let constraints = catalog::constraints(client, Scope::Database).await?;
    let foreign_keys = catalog::foreign_keys(client, Scope::Database).await?;
    let indexes = catalog::indexes(client, Scope::Database).await?;
    let define = |table: Table| TableDefinition {
        columns: of(&columns, |it| it.table == table.oid),
        constraints: of(&constraints, |it| it.table_oid == table.oid),
        foreign_keys: of(&foreign_keys, |it| it.table_oid == table.oid),
        indexes: of(&indexes, |it| it.table_oid == table.oid),
        oid: table.oid,
        name: table.name,
    };
    Ok(Schema {
        tables: tables.into_iter().filter(is_table).map(define).collect(),
    })
}

fn of<T: Clone>(all: &[T], is_its: impl Fn(&T) -> bool) -> Vec<T> {
    all.iter().filter(|it| is_its(it)).cloned().collect()
}
