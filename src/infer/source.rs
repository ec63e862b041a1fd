//! The catalog as writing a dataset needs it: tables by name with all that decides their columns, no oids. Pure.
//!
//! Sorted by name throughout, so that two databases with the same schema give the same dataset.

mod from_catalog;

use std::collections::BTreeSet;

use crate::copy::DataType;
use crate::postgres::TableName;
use crate::postgres::catalog::{
    Column, ColumnDefault, Constraint, Domain, ForeignKey, Index, Strategy, Table, TableTraits,
    Trigger,
};

/// What was read from a database's catalog, by oid.
#[derive(Debug, Clone, Default)]
pub struct CatalogRows {
    /// Tables, views and the like.
    pub tables: Vec<Table>,
    /// Their columns.
    pub columns: Vec<Column>,
    /// Their foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Their other constraints.
    pub constraints: Vec<Constraint>,
    /// Their indexes.
    pub indexes: Vec<Index>,
    /// What decides whether rows can be put into them.
    pub traits: Vec<TableTraits>,
    /// The triggers that fire for inserted rows.
    pub triggers: Vec<Trigger>,
    /// The database's domains.
    pub domains: Vec<Domain>,
}

/// The tables in which migration tools record what they have done, in lower case. Rows that nobody applied would have them
/// skip migrations, and without theirs they would begin again.
const MIGRATIONS: &[&str] = &[
    "__diesel_schema_migrations",
    "__drizzle_migrations",
    "__efmigrationshistory",
    "_prisma_migrations",
    "_sqlx_migrations",
    "_yoyo_log",
    "_yoyo_migration",
    "_yoyo_version",
    "alembic_version",
    "ar_internal_metadata",
    "atlas_schema_revisions",
    "databasechangelog",
    "databasechangeloglock",
    "django_migrations",
    "doctrine_migration_versions",
    "flyway_schema_history",
    "goose_db_version",
    "gorp_migrations",
    "knex_migrations",
    "knex_migrations_lock",
    "kysely_migration",
    "kysely_migration_lock",
    "migrations",
    "mikro_orm_migrations",
    "pgmigrations",
    "phinxlog",
    "refinery_schema_history",
    "schema_migration",
    "schema_migrations",
    "seaql_migrations",
    "sequelizemeta",
    "yoyo_lock",
];

/// The tables of one schema.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The schema's name.
    pub schema: String,
    /// The tables that can hold rows, by name.
    pub tables: Vec<SourceTable>,
    /// What is in the schema beside them, by name.
    pub left_out: Vec<LeftOut>,
}

/// A relation that no dataset fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// What it is.
    pub why: WhyLeftOut,
}

/// Why a relation isn't among a dataset's tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyLeftOut {
    /// A view or a materialized view.
    View,
    /// A foreign data wrapper's table.
    Foreign,
    /// A table of an extension's own.
    Extension(String),
    /// A migration tool's record of what it has done.
    Migrations,
    /// `--exclude`, or `--tables` without it.
    Asked,
    /// It holds rows, which stay, and no other table refers to it.
    Kept,
    /// Triggers of other tables write its rows.
    FilledByTriggers,
}

/// A table that can hold rows.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceTable {
    /// Its name, unquoted.
    pub name: String,
    /// Rows when last analysed; `None` where that has never happened.
    pub rows: Option<u64>,
    /// Its columns in their order.
    pub columns: Vec<SourceColumn>,
    /// What must not repeat; the primary key first.
    pub uniques: Vec<UniqueSet>,
    /// Its foreign keys, by columns.
    pub foreign_keys: Vec<SourceKey>,
    /// Its CHECKs.
    pub checks: Vec<SourceCheck>,
    /// Its EXCLUDE constraints.
    pub exclusions: Vec<SourceCheck>,
    /// The triggers that fire for inserted rows.
    pub triggers: Vec<Trigger>,
    /// Whether policies apply to the role that read the catalog.
    pub row_security: RowSecurity,
    /// Whether the role may insert.
    pub may_insert: bool,
    /// Its partitions; `None` where it isn't partitioned.
    pub partitions: Option<Partitions>,
    /// What new rows can refer to, where the table keeps the rows that it has and gets no new ones.
    pub kept: Option<KeptRows>,
}

/// What decides the partition of a row, and the partitions there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitions {
    /// How the key is compared.
    pub strategy: Strategy,
    /// The key's columns; `None` for an expression.
    pub columns: Vec<Option<String>>,
    /// The partitions that rows can be put into.
    pub each: Vec<Partition>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its bounds, as `pg_get_expr` writes them.
    pub bounds: String,
    /// Its own partitions.
    pub within: Option<Partitions>,
}

/// Rows that are there already, or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRows {
    /// The columns that foreign keys refer to.
    pub columns: Vec<String>,
    /// Their values as texts, never NULL.
    pub rows: Vec<Vec<String>>,
    /// Whether the table has more.
    pub more: bool,
}

/// Whether a table's policies apply to the connection's role: COPY then refuses to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSecurity {
    /// They don't, or there are none.
    Passed,
    /// They do.
    Applies,
    /// They do, and to the table's owner, too.
    Forced,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceColumn {
    /// Its name, unquoted.
    pub name: String,
    /// The type as DDL writes it.
    pub type_name: String,
    /// The type below its domains as DDL writes it; the type itself where it is none.
    pub base_type: String,
    /// The type, resolved.
    pub data_type: DataType,
    /// Whether NULL is refused, by the column or its domain.
    pub not_null: bool,
    /// What fills it when a row doesn't name it.
    pub default: ColumnDefault,
    /// The CHECKs of its domain, and of the domains below.
    pub domain_checks: Vec<SourceCheck>,
}

/// What must not repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueSet {
    /// The index' name.
    pub name: String,
    /// Whether it is the primary key.
    pub primary: bool,
    /// What it is made of.
    pub parts: Vec<KeyPart>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
    /// Whether two NULLs are the same.
    pub nulls_not_distinct: bool,
}

/// A part of a unique set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// A column.
    Column(String),
    /// An expression, as Postgres writes it.
    Expression(String),
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceKey {
    /// The constraint's name.
    pub name: String,
    /// The referring columns.
    pub columns: Vec<String>,
    /// The table referred to; `None` where it isn't among the source's tables.
    pub table: Option<String>,
    /// How messages call the table referred to.
    pub table_shown: String,
    /// The table referred to, where it is of another schema.
    pub elsewhere: Option<TableName>,
    /// The columns referred to, each in its referring column's place.
    pub referenced: Vec<String>,
}

/// A constraint by its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCheck {
    /// Its name.
    pub name: String,
    /// `pg_get_constraintdef`.
    pub definition: String,
    /// The columns it reads; empty for a domain's.
    pub columns: Vec<String>,
}

impl SourceTable {
    /// One without columns, that rows may be inserted into.
    pub fn empty(name: String) -> SourceTable {
        SourceTable {
            name,
            rows: None,
            columns: Vec::new(),
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            triggers: Vec::new(),
            row_security: RowSecurity::Passed,
            may_insert: true,
            partitions: None,
            kept: None,
        }
    }
}

impl Source {
    /// Leaves out the tables of migration tools, but for those that are asked for.
    pub fn leave_out_migrations(&mut self, asked: &[String]) {
        let keys = self.tables.iter().flat_map(|it| &it.foreign_keys);
        let referenced: BTreeSet<String> = keys.filter_map(|it| it.table.clone()).collect();
        let (records, tables): (Vec<SourceTable>, Vec<SourceTable>) =
            std::mem::take(&mut self.tables)
                .into_iter()
                .partition(|it| {
                    MIGRATIONS.contains(&it.name.to_lowercase().as_str())
                        && it.foreign_keys.is_empty()
                        && !referenced.contains(&it.name)
                        && !asked.contains(&it.name)
                });
        self.tables = tables;
        self.left_out.extend(records.into_iter().map(|it| LeftOut {
            name: it.name,
            why: WhyLeftOut::Migrations,
        }));
    }

    /// Adds a table of another schema with rows of it that keys can refer to.
    pub fn add_elsewhere(&mut self, name: &TableName, rows: KeptRows) {
        let shown = name.within(&self.schema);
        let keys = self.tables.iter_mut().flat_map(|it| &mut it.foreign_keys);
        for key in keys.filter(|it| it.elsewhere.as_ref() == Some(name)) {
            key.table = Some(shown.clone());
        }
        let table = SourceTable {
            may_insert: false,
            kept: Some(rows),
            ..SourceTable::empty(shown)
        };
        let place = self.tables.partition_point(|it| it.name < table.name);
        self.tables.insert(place, table);
    }

    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&SourceTable> {
        let found = self
            .tables
            .binary_search_by(|table| table.name.as_str().cmp(name));
        found.ok().map(|index| &self.tables[index])
    }
}

impl SourceTable {
    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&SourceColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a foreign key has the column.
    pub fn is_in_foreign_key(&self, column: &str) -> bool {
        let mut keys = self.foreign_keys.iter();
        keys.any(|key| key.columns.iter().any(|it| it == column))
    }
}

impl SourceColumn {
    /// Whether nothing but Postgres may fill it.
    pub fn is_generated(&self) -> bool {
        matches!(self.default, ColumnDefault::Generated(_))
    }

    /// Whether a sequence fills it.
    pub fn is_serial(&self) -> bool {
        match &self.default {
            ColumnDefault::IdentityAlways | ColumnDefault::IdentityByDefault => true,
            ColumnDefault::Expression(text) => text.starts_with("nextval("),
            ColumnDefault::Nothing | ColumnDefault::Generated(_) => false,
        }
    }

    /// Whether a row may leave it out.
    pub fn has_default(&self) -> bool {
        !matches!(self.default, ColumnDefault::Nothing)
    }
}

impl UniqueSet {
    /// The columns that it names plainly.
    pub fn plain_columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            KeyPart::Column(name) => Some(name.as_str()),
            KeyPart::Expression(_) => None,
        })
    }
}

/// The table's columns that an expression names.
pub fn columns_in(table: &SourceTable, expression: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = expression.split(|c: char| !is_part(c)).collect();
    let named = |name: &&String| {
        let plain = name.chars().all(is_part);
        match plain {
            true => words.contains(&name.as_str()),
            false => expression.contains(&format!("\"{}\"", name.replace('"', "\"\""))),
        }
    };
    let columns = table.columns.iter().map(|it| &it.name);
    columns.filter(named).cloned().collect()
}
