//! The catalog as writing a dataset needs it: tables by name with all that decides their columns, no oids. Pure.
//!
//! Sorted by name throughout, so that two databases with the same schema give the same dataset.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::copy::{DataType, TypeKind};
use crate::postgres::catalog::{
    Column, ColumnDefault, Constraint, ConstraintKind, Domain, ForeignKey, Index, Partitioning,
    Strategy, Table, TableKind, TableTraits, Trigger,
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

impl Source {
    /// The tables of a schema. `wanted` decides by name which of them are meant.
    pub fn new(schema: &str, rows: &CatalogRows, wanted: impl Fn(&str) -> bool) -> Source {
        let traits: HashMap<u32, &TableTraits> =
            rows.traits.iter().map(|it| (it.table, it)).collect();
        let mut source = Source {
            schema: schema.to_owned(),
            ..Source::default()
        };
        let mut kept = Vec::new();
        for table in rows.tables.iter().filter(|it| it.name.schema == schema) {
            if table.root_oid.is_some() {
                continue;
            }
            match why_left_out(table, traits.get(&table.oid).copied(), &wanted) {
                Some(why) => source.left_out.push(LeftOut {
                    name: table.name.name.clone(),
                    why,
                }),
                None => kept.push(table),
            }
        }
        let by_oid = Grouped::new(rows);
        let names: HashMap<u32, &str> = kept
            .iter()
            .map(|it| (it.oid, it.name.name.as_str()))
            .collect();
        source.tables = kept
            .iter()
            .map(|table| by_oid.table(table, &traits, &names))
            .collect();
        source.tables.sort_by(|a, b| a.name.cmp(&b.name));
        source.left_out.sort_by(|a, b| a.name.cmp(&b.name));
        source
    }

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

fn why_left_out(
    table: &Table,
    traits: Option<&TableTraits>,
    wanted: impl Fn(&str) -> bool,
) -> Option<WhyLeftOut> {
    match table.kind {
        TableKind::View | TableKind::MaterializedView => return Some(WhyLeftOut::View),
        TableKind::Foreign => return Some(WhyLeftOut::Foreign),
        TableKind::Ordinary | TableKind::Partitioned => {}
    }
    if let Some(extension) = traits.and_then(|it| it.extension.clone()) {
        return Some(WhyLeftOut::Extension(extension));
    }
    (!wanted(&table.name.name)).then_some(WhyLeftOut::Asked)
}

/// A table's partitions, without those that have none of their own.
fn partitions(partitioning: &Partitioning, traits: &HashMap<u32, &TableTraits>) -> Partitions {
    let partition = |(oid, bounds): &(u32, String)| {
        let own = traits.get(oid).and_then(|it| it.partitioning.as_ref());
        Partition {
            bounds: bounds.clone(),
            within: own.map(|it| partitions(it, traits)),
        }
    };
    let all = partitioning.partitions.iter().map(partition);
    let takes_rows = |it: &Partition| it.within.as_ref().is_none_or(|it| !it.each.is_empty());
    Partitions {
        strategy: partitioning.strategy,
        columns: partitioning.columns.clone(),
        each: all.filter(takes_rows).collect(),
    }
}

/// The catalog's rows by their table.
struct Grouped<'r> {
    columns: BTreeMap<u32, Vec<&'r Column>>,
    foreign_keys: BTreeMap<u32, Vec<&'r ForeignKey>>,
    constraints: BTreeMap<u32, Vec<&'r Constraint>>,
    indexes: BTreeMap<u32, Vec<&'r Index>>,
    triggers: BTreeMap<u32, Vec<&'r Trigger>>,
    domains: HashMap<u32, &'r Domain>,
}

fn grouped<T>(rows: &[T], table: impl Fn(&T) -> u32) -> BTreeMap<u32, Vec<&T>> {
    let mut groups: BTreeMap<u32, Vec<&T>> = BTreeMap::new();
    for row in rows {
        groups.entry(table(row)).or_default().push(row);
    }
    groups
}

fn of<'g, 'r, T>(groups: &'g BTreeMap<u32, Vec<&'r T>>, table: u32) -> &'g [&'r T] {
    groups.get(&table).map_or(&[], Vec::as_slice)
}

impl<'r> Grouped<'r> {
    fn new(rows: &'r CatalogRows) -> Grouped<'r> {
        Grouped {
            columns: grouped(&rows.columns, |it| it.table),
            foreign_keys: grouped(&rows.foreign_keys, |it| it.table_oid),
            constraints: grouped(&rows.constraints, |it| it.table_oid),
            indexes: grouped(&rows.indexes, |it| it.table_oid),
            triggers: grouped(&rows.triggers, |it| it.table),
            domains: rows.domains.iter().map(|it| (it.oid, it)).collect(),
        }
    }

    fn table(
        &self,
        table: &Table,
        all_traits: &HashMap<u32, &TableTraits>,
        names: &HashMap<u32, &str>,
    ) -> SourceTable {
        let traits = all_traits.get(&table.oid).copied();
        let partitioning = traits.and_then(|it| it.partitioning.as_ref());
        let columns = of(&self.columns, table.oid);
        let uniques = self.uniques(table.oid);
        let checks = |kind: ConstraintKind| self.checks(table.oid, kind);
        let triggers = of(&self.triggers, table.oid).iter().copied();
        let mut table = SourceTable {
            name: table.name.name.clone(),
            rows: rows(table.rows),
            columns: columns.iter().map(|it| self.column(it)).collect(),
            uniques,
            foreign_keys: self.keys(table.oid, names),
            checks: checks(ConstraintKind::Check),
            exclusions: checks(ConstraintKind::Exclusion),
            triggers: triggers.cloned().collect(),
            row_security: match traits {
                Some(it) if it.under_policies && it.forces_policies => RowSecurity::Forced,
                Some(it) if it.under_policies => RowSecurity::Applies,
                _ => RowSecurity::Passed,
            },
            may_insert: traits.is_none_or(|it| it.may_insert),
            partitions: partitioning.map(|it| partitions(it, all_traits)),
            kept: None,
        };
        if let Some(rule) = partitioning.and_then(|it| it.rule.as_deref()) {
            let columns = columns_in(&table, rule);
            table.checks.push(SourceCheck {
                name: "its partitions".to_owned(),
                definition: format!("CHECK ({rule})"),
                columns,
            });
        }
        table
    }

    fn column(&self, column: &Column) -> SourceColumn {
        let mut domain_checks = Vec::new();
        let mut not_null = column.not_null;
        let (mut data_type, mut base_type) = (&column.data_type, &column.type_name);
        while let TypeKind::Domain(base) = &data_type.kind {
            if let Some(domain) = self.domains.get(&data_type.oid) {
                not_null |= domain.not_null;
                base_type = &domain.base;
                let checks = domain.checks.iter();
                domain_checks.extend(checks.map(|(name, definition)| SourceCheck {
                    name: format!("{} of domain {}", name, domain.name),
                    definition: definition.clone(),
                    columns: Vec::new(),
                }));
            }
            data_type = base;
        }
        SourceColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            base_type: base_type.clone(),
            data_type: column.data_type.clone(),
            not_null,
            default: column.default.clone(),
            domain_checks,
        }
    }

    fn uniques(&self, table: u32) -> Vec<UniqueSet> {
        let columns = of(&self.columns, table);
        let name = |number: i16| {
            let found = columns.iter().find(|it| it.number == number);
            found.map(|it| it.name.clone())
        };
        let primary: Vec<&str> = of(&self.constraints, table)
            .iter()
            .filter(|it| it.kind == ConstraintKind::PrimaryKey)
            .map(|it| it.name.as_str())
            .collect();
        let indexes = of(&self.indexes, table).iter().filter(|it| it.unique);
        let mut sets: Vec<UniqueSet> = indexes
            .map(|index| {
                let parts = index.key_columns.iter().zip(&index.expressions);
                let part = |(number, expression): (&i16, &Option<String>)| match expression {
                    Some(text) => KeyPart::Expression(text.clone()),
                    None => KeyPart::Column(name(*number).unwrap_or_default()),
                };
                UniqueSet {
                    name: index.name.clone(),
                    primary: index
                        .backs
                        .as_deref()
                        .is_some_and(|it| primary.contains(&it)),
                    parts: parts.map(part).collect(),
                    predicate: index.predicate.clone(),
                    nulls_not_distinct: index.definition.contains("NULLS NOT DISTINCT"),
                }
            })
            .collect();
        sets.sort_by(|a, b| b.primary.cmp(&a.primary).then(a.name.cmp(&b.name)));
        sets
    }

    fn keys(&self, table: u32, names: &HashMap<u32, &str>) -> Vec<SourceKey> {
        let keys = of(&self.foreign_keys, table).iter();
        let mut keys: Vec<SourceKey> = keys
            .filter(|key| key.enforced)
            .map(|key| SourceKey {
                name: key.name.clone(),
                columns: key.columns.iter().map(|it| it.name.clone()).collect(),
                table: names
                    .get(&key.referenced_oid)
                    .map(|name| (*name).to_owned()),
                table_shown: key.referenced.within(&key.table.schema),
                referenced: key
                    .referenced_columns
                    .iter()
                    .map(|it| it.name.clone())
                    .collect(),
            })
            .collect();
        keys.sort_by(|a, b| (&a.columns, &a.name).cmp(&(&b.columns, &b.name)));
        keys
    }

    fn checks(&self, table: u32, kind: ConstraintKind) -> Vec<SourceCheck> {
        let constraints = of(&self.constraints, table).iter();
        let mut checks: Vec<SourceCheck> = constraints
            .filter(|it| it.kind == kind)
            .map(|it| SourceCheck {
                name: it.name.clone(),
                definition: it.definition.clone(),
                columns: it.columns.clone(),
            })
            .collect();
        checks.sort_by(|a, b| a.name.cmp(&b.name));
        checks
    }
}

/// `reltuples` as a number of rows.
fn rows(estimate: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate of 0 or more; the cast saturates"
    )]
    (estimate >= 0.0).then_some(estimate as u64)
}
