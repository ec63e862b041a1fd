//! Tables whose drop rules ask which parents were loaded: each waits for the rows of those.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio_postgres::Client;

use crate::copy::Scalar;
use crate::copy::number::integer;
use crate::dataset::spec::LoadedParent;
use crate::load::table::table_load::TableLoad;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, Scope};
use crate::postgres::name::quoted;

/// The tables of a load, each started once the rows that its rules ask for are there.
pub struct ParentGate<'a> {
    loads: &'a [TableLoad<'a>],
    state: Mutex<GateState>,
}

/// Tables by their position in the dataset.
struct GateState {
    loaded: HashSet<usize>,
    started: HashSet<usize>,
}

impl<'a> ParentGate<'a> {
    /// For these tables; those that an earlier attempt completed hold their rows.
    pub fn new(loads: &'a [TableLoad<'a>]) -> ParentGate<'a> {
        let complete = loads.iter().filter(|load| load.is_complete());
        ParentGate {
            loads,
            state: Mutex::new(GateState {
                loaded: complete.map(|load| load.target.table).collect(),
                started: HashSet::new(),
            }),
        }
    }

    /// The tables that can start now, each returned once.
    pub fn ready(&self) -> Vec<&'a TableLoad<'a>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ready = Vec::new();
        for load in self.loads {
            let is_there = |table: usize| state.loaded.contains(&table) || !self.is_loaded(table);
            let mut awaited = load.source.rules().iter().filter_map(|rule| rule.awaited());
            if awaited.all(|parent| is_there(parent.table))
                && state.started.insert(load.target.table)
            {
                ready.push(load);
            }
        }
        ready
    }

    /// A table has its rows; returns those that can start now.
    pub fn loaded(&self, load: &TableLoad) -> Vec<&'a TableLoad<'a>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.loaded.insert(load.target.table);
        drop(state);
        self.ready()
    }

    /// How many tables' rows are still to come or under way.
    pub fn left(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.loads.len() - state.loaded.len()
    }

    /// Whether a table is one of this load.
    fn is_loaded(&self, table: usize) -> bool {
        self.loads.iter().any(|load| load.target.table == table)
    }
}

/// Looks up which of the values that a table's rules are about its parents have.
pub async fn look_up_parents(client: &Client, load: &TableLoad<'_>) -> Result<()> {
    for rule in load.source.rules() {
        if let Some(parent) = rule.awaited() {
            let schema = &load.target.name.schema;
            rule.keep(existing(client, schema, parent, &rule.rule.values).await?);
        }
    }
    Ok(())
}

/// The values that a parent has; none of a table that isn't there.
async fn existing(
    client: &Client,
    schema: &str,
    parent: &LoadedParent,
    values: &[String],
) -> Result<Vec<String>> {
    let name = TableName::new(schema, &parent.table_name);
    let Some(oid) = catalog::find(client, Some(schema), &parent.table_name).await? else {
        return Ok(Vec::new());
    };
    let columns = catalog::columns(client, Scope::Tables(&[oid])).await?;
    let Some(column) = columns.iter().find(|column| column.name == parent.column) else {
        return Ok(Vec::new());
    };
    let key = quoted(&column.name);
    let context = || format!("could not look into {name}");
    let whole = [Scalar::Int2, Scalar::Int4, Scalar::Int8].map(Some);
    let rows = if whole.contains(&column.data_type.scalar()) {
        // Compared as numbers: a text for each row would take several times as long.
        let numbers = values.iter().map(|value| integer(value.trim().as_bytes()));
        let numbers: Vec<i64> = numbers.filter_map(Result::ok).collect();
        let sql = format!("SELECT DISTINCT {key}::text FROM {name} WHERE {key} = ANY ($1::int8[])");
        client.query(&sql, &[&numbers]).await
    } else {
        let sql = format!("SELECT DISTINCT {key}::text FROM {name} WHERE {key}::text = ANY ($1)");
        client.query(&sql, &[&values]).await
    };
    let rows = rows.with_context(context)?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
