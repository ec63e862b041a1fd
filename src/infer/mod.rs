//! A database's catalog → a dataset: its tables as they are, in load order, for files that need no makers. Pure.

mod belongs;
mod build;
pub mod checks;
pub mod column_type;
mod columns;
mod constraints;
pub mod domain;
mod doubts;
mod exclusions;
mod kept;
pub mod keys;
pub mod loaded;
pub mod model;
pub mod names;
pub mod new_table;
mod order;
mod places;
mod profiled;
pub mod question;
mod relations;
#[cfg(test)]
mod sample;
mod sizes;
pub mod source;
mod states;
pub mod toml;
mod totals;
mod types;
mod unfillable;
mod unique;

pub use build::model;
pub use constraints::Readings;
pub use profiled::{apply as apply_profile, number_of_values};
pub use sizes::Wish;

use std::path::PathBuf;

use xxhash_rust::xxh3::Xxh3;

use crate::dataset::source::Source;
use crate::dataset::spec::{Scale, SchemaScope, Size, Triggers};
use crate::dataset::{ColumnSpec, Dataset, Reading, TableSpec};
use crate::files::manifest::checksum;
use crate::postgres::catalog::{Column, ColumnDefault, ForeignKey, Table, TableKind};
use crate::script::Script;

/// The tables of a schema, as the catalog has them.
#[derive(Debug, Clone)]
pub struct SchemaTables {
    /// The schema's name.
    pub schema: String,
    /// Its tables, views and the like.
    pub tables: Vec<Table>,
    /// Their columns.
    pub columns: Vec<Column>,
    /// Their foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
}

impl SchemaTables {
    /// A schema without tables.
    pub fn none(schema: &str) -> SchemaTables {
        SchemaTables {
            schema: schema.to_owned(),
            tables: Vec::new(),
            columns: Vec::new(),
            foreign_keys: Vec::new(),
        }
    }

    /// The columns of a table; `None` where there is no such table.
    pub fn columns_of(&self, table: &str) -> Option<Vec<Column>> {
        let found = self.tables.iter().find(|it| it.name.name == table)?;
        let columns = self.columns.iter().filter(|it| it.table == found.oid);
        Some(columns.cloned().collect())
    }
}

/// The dataset of a schema's tables: parents first, every column that may be filled, no rows to generate. `ddl` is what
/// creates the tables where they are missing.
pub fn dataset(found: &SchemaTables, ddl: Script) -> Dataset {
    let is_filled = |table: &&Table| {
        matches!(table.kind, TableKind::Ordinary | TableKind::Partitioned)
            && table.root_oid.is_none()
    };
    let tables: Vec<&Table> = found.tables.iter().filter(is_filled).collect();
    let ordered = order::parents_first(&tables, &found.foreign_keys);
    let tables: Vec<TableSpec> = ordered.into_iter().map(|it| table(found, it)).collect();
    Dataset {
        name: found.schema.clone(),
        about: format!("the tables of schema {}", found.schema),
        source: Source::Disk,
        path: PathBuf::from(format!("schema {}", found.schema)),
        files: Vec::new(),
        hash: hash(found, &ddl),
        schema: ddl,
        schema_scope: SchemaScope::Whole,
        queries: Vec::new(),
        changes: Vec::new(),
        nulls: Vec::new(),
        waivers: Vec::new(),
        scale: Scale::default(),
        init: None,
        tables,
    }
}

fn table(found: &SchemaTables, table: &Table) -> TableSpec {
    let columns = found
        .columns
        .iter()
        .filter(|column| column.table == table.oid);
    let filled = columns.filter(|it| !matches!(it.default, ColumnDefault::Generated(_)));
    let names: Vec<String> = filled.map(|column| column.name.clone()).collect();
    new_table_spec(&table.name.name, &names)
}

/// A table of which nothing but its name and those of its columns is known.
pub fn new_table_spec(name: &str, columns: &[String]) -> TableSpec {
    TableSpec {
        name: name.to_owned(),
        file: Some(format!("{name}.csv")),
        other_files: Vec::new(),
        reading: Reading::default(),
        drop: Vec::new(),
        size: Size::Loaded,
        columns: columns
            .iter()
            .map(|name| ColumnSpec::loaded(name, 0))
            .collect(),
        fixed: false,
        unique: Vec::new(),
        exclusive: Vec::new(),
        joint: Vec::new(),
        triggers: Triggers::Fire,
        sharding: None,
        line: 0,
    }
}

/// Over the names and types of all columns: what decides how files are read.
fn hash(found: &SchemaTables, ddl: &Script) -> String {
    let mut hash = Xxh3::new();
    for table in &found.tables {
        hash.update(table.name.name.as_bytes());
        for column in found.columns.iter().filter(|it| it.table == table.oid) {
            hash.update(format!("\0{} {}", column.name, column.type_name).as_bytes());
        }
    }
    hash.update(ddl.text.as_bytes());
    for (_, text) in &ddl.included {
        hash.update(text.as_bytes());
    }
    checksum(hash.digest())
}
