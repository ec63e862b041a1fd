//! The tables a load fills: created where they are missing, compared with the dataset, and empty unless they may be
//! emptied.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use tokio_postgres::{GenericClient, SimpleQueryMessage};

use crate::dataset::Dataset;
use crate::dataset::spec::SchemaScope;
use crate::load::partitions::{self, Partitions};
use crate::load::table::agreement::ensure_agree;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, Scope, TableKind};
use crate::postgres::name::literal;

/// A table of the database that a table of the dataset goes into.
#[derive(Debug, Clone)]
pub struct TargetTable {
    /// The table's position in the dataset.
    pub table: usize,
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema and name.
    pub name: TableName,
    /// Whether it is an ordinary table, neither partitioned nor a partition.
    pub ordinary: bool,
    /// The partitions of a partitioned table.
    pub partitions: Option<Partitions>,
    /// Its columns.
    pub columns: Vec<catalog::Column>,
    /// Whether it holds rows now.
    pub holds_rows: bool,
}

impl TargetTable {
    /// Whether its rows can be frozen as they come: into itself, or into partitions that they are sorted into.
    pub fn takes_freeze(&self) -> bool {
        let partitions = self.partitions.as_ref();
        self.ordinary || partitions.is_some_and(Partitions::are_sorted_here)
    }

    /// Whether a table is this one or a partition of it.
    pub fn holds(&self, table: &TableName) -> bool {
        let mut partitions = self.partitions.iter().flat_map(|it| &it.tables);
        self.name == *table || partitions.any(|partition| partition.name == *table)
    }

    /// Its oid and those of its partitions.
    pub fn oids(&self) -> impl Iterator<Item = u32> {
        let partitions = self.partitions.iter().flat_map(|it| &it.tables);
        std::iter::once(self.oid).chain(partitions.map(|partition| partition.oid))
    }

    /// Whether a table is a partition of it that holds rows itself.
    pub fn is_leaf(&self, table: &TableName) -> bool {
        let mut partitions = self.partitions.iter().flat_map(|it| &it.tables);
        partitions.any(|partition| partition.is_leaf && partition.name == *table)
    }
}

/// Whether the dataset's schema must be applied: when a wanted table isn't there.
///
/// Refuses where the dataset has no schema that creates it.
pub async fn are_missing(
    client: &impl GenericClient,
    dataset: &Dataset,
    schema: &str,
    wanted: &[usize],
) -> Result<bool> {
    let real = dataset.real_tables();
    let there = existing(client, dataset, schema, &real).await?;
    let name = |table: &usize| dataset.tables[*table].name.clone();
    if wanted.iter().all(|table| there.contains(&name(table))) {
        return Ok(false);
    }
    if dataset.schema_scope != SchemaScope::Nothing {
        return Ok(true);
    }
    let missing: Vec<String> = real
        .iter()
        .map(name)
        .filter(|name| !there.contains(name))
        .collect();
    bail!(
        "schema {schema} has no table {}, and {} names no schema file that creates it; create the dataset's tables there \
         first, as by `psql -f schema.sql`, or have the file create them: `schema = \"schema.sql\"` at the top of {}",
        missing.join(", "),
        dataset.name,
        dataset.path.display()
    )
}

/// Looks the wanted tables up and compares their columns with the dataset's.
pub async fn find(
    client: &impl GenericClient,
    dataset: &Dataset,
    schema: &str,
    wanted: &[usize],
) -> Result<Vec<TargetTable>> {
    let oids = find_oids(client, dataset, schema, wanted).await?;
    let columns = catalog::columns(client, Scope::Tables(&oids)).await?;
    let tables = catalog::tables(client, Scope::Tables(&oids)).await?;
    let triggered = with_filling_triggers(client, &oids).await?;
    let mut targets = Vec::new();
    for (&table, oid) in wanted.iter().zip(oids) {
        let spec = &dataset.tables[table];
        let mut columns: Vec<_> = columns
            .iter()
            .filter(|it| it.table == oid)
            .cloned()
            .collect();
        if triggered.contains(&oid) {
            // What is NULL in a record may be filled before it is stored: the server judges.
            columns.iter_mut().for_each(|it| it.not_null = false);
        }
        let name = TableName::new(schema, &spec.name);
        ensure_agree(dataset, spec, &columns, &name.within(schema))?;
        let found = tables.iter().find(|it| it.oid == oid);
        ensure!(
            found.is_some_and(|it| matches!(it.kind, TableKind::Ordinary | TableKind::Partitioned)),
            "{name} in the database is no table but a view or the like, and rows cannot be loaded into it"
        );
        let ordinary =
            found.is_some_and(|it| it.kind == TableKind::Ordinary && it.root_oid.is_none());
        let partitions = match found {
            Some(found) if found.kind == TableKind::Partitioned => {
                Some(partitions::read(client, oid, &columns).await?)
            }
            _ => None,
        };
        let holds_rows = holds_rows(client, &name).await?;
        targets.push(TargetTable {
            table,
            oid,
            name,
            ordinary,
            partitions,
            columns,
            holds_rows,
        });
    }
    Ok(targets)
}

/// The oids of the wanted tables, all of which have to exist.
async fn find_oids(
    client: &impl GenericClient,
    dataset: &Dataset,
    schema: &str,
    wanted: &[usize],
) -> Result<Vec<u32>> {
    let found = find_each(client, dataset, schema, wanted).await?;
    let oid = |(&table, oid): (&usize, Option<u32>)| {
        let spec = &dataset.tables[table];
        oid.with_context(|| {
            format!(
                "{}, line {}: table `{}` is not in schema {schema} after {} was applied; correct the one or the other",
                dataset.path.display(),
                spec.line,
                spec.name,
                dataset.schema.path.display()
            )
        })
    };
    wanted.iter().zip(found).map(oid).collect()
}

async fn find_each(
    client: &impl GenericClient,
    dataset: &Dataset,
    schema: &str,
    wanted: &[usize],
) -> Result<Vec<Option<u32>>> {
    let names = wanted.iter().map(|&table| &*dataset.tables[table].name);
    catalog::find_all(client, Some(schema), &names.collect::<Vec<_>>()).await
}

/// Those of the tables that have a trigger that can change a row before it is inserted: BEFORE INSERT FOR EACH ROW, and
/// enabled on this connection.
async fn with_filling_triggers(client: &impl GenericClient, tables: &[u32]) -> Result<Vec<u32>> {
    let sql = "SELECT DISTINCT tgrelid FROM pg_trigger
        -- The bits are those of TRIGGER_TYPE_ROW, _BEFORE and _INSERT.
        WHERE tgrelid = ANY ($1) AND NOT tgisinternal AND tgtype & 7 = 7
            AND tgenabled IN (CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R' ELSE 'O' END, 'A')";
    let rows = client
        .query(sql, &[&tables])
        .await
        .context("could not read the tables' triggers")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The names of the wanted tables that exist.
pub async fn existing(
    client: &impl GenericClient,
    dataset: &Dataset,
    schema: &str,
    wanted: &[usize],
) -> Result<Vec<String>> {
    let found = find_each(client, dataset, schema, wanted).await?;
    let there = wanted.iter().zip(found).filter(|(_, oid)| oid.is_some());
    Ok(there
        .map(|(&table, _)| dataset.tables[table].name.clone())
        .collect())
}

/// The names of the wanted tables that exist and hold rows.
pub async fn full(
    client: &impl GenericClient,
    dataset: &Dataset,
    schema: &str,
    wanted: &[usize],
) -> Result<Vec<String>> {
    let found = find_each(client, dataset, schema, wanted).await?;
    let existing: Vec<(u32, TableName)> = wanted
        .iter()
        .zip(found)
        .filter_map(|(&table, oid)| {
            let name = TableName::new(schema, &dataset.tables[table].name);
            Some((oid?, name))
        })
        .collect();
    let oids: Vec<u32> = existing.iter().map(|(oid, _)| *oid).collect();
    let partitioned = partitioned_among(client, &oids).await?;
    // A statement for each, sent together: a cluster plans no query over many distributed tables.
    let statements: Vec<String> = existing
        .iter()
        .map(|(oid, table)| {
            let rows = rows_of(table, partitioned.contains(oid));
            format!("SELECT EXISTS (SELECT 1 FROM {rows})")
        })
        .collect();
    let answers = client
        .simple_query(&statements.join("; "))
        .await
        .context("could not look into the tables")?;
    let answers = answers.iter().filter_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row.get(0) == Some("t")),
        _ => None,
    });
    Ok(existing
        .into_iter()
        .zip(answers)
        .filter(|(_, is_full)| *is_full)
        .map(|((_, table), _)| table.name)
        .collect())
}

async fn partitioned_among(client: &impl GenericClient, tables: &[u32]) -> Result<BTreeSet<u32>> {
    let sql = "SELECT oid FROM pg_class WHERE oid = ANY ($1) AND relkind = 'p'";
    let rows = client.query(sql, &[&tables]).await;
    let rows = rows.context("could not look up the tables")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A table's own rows, for FROM: those in the tables that inherit from it are theirs, those in its partitions its own. Asked
/// first, since a cluster would run both branches of a CASE.
async fn own_rows(client: &impl GenericClient, table: &TableName) -> Result<String> {
    let sql = format!(
        "SELECT relkind = 'p' FROM pg_class WHERE oid = {}::regclass",
        literal(&table.to_string())
    );
    let row = client.query_typed_one(&sql, &[]).await;
    let row = row.with_context(|| format!("could not look up {table}"))?;
    Ok(rows_of(table, row.try_get(0)?))
}

fn rows_of(table: &TableName, is_partitioned: bool) -> String {
    match is_partitioned {
        true => table.to_string(),
        false => format!("ONLY {table}"),
    }
}

/// Whether a table holds at least one row.
pub async fn holds_rows(client: &impl GenericClient, table: &TableName) -> Result<bool> {
    let rows = own_rows(client, table).await?;
    let row = client
        .query_typed_one(&format!("SELECT EXISTS (SELECT 1 FROM {rows})"), &[])
        .await
        .with_context(|| format!("could not look into {table}"))?;
    Ok(row.try_get(0)?)
}

/// The rows of a table, counted.
pub async fn count(client: &impl GenericClient, table: &TableName) -> Result<u64> {
    let rows = own_rows(client, table).await?;
    let row = client
        .query_typed_one(&format!("SELECT count(*) FROM {rows}"), &[])
        .await
        .with_context(|| format!("could not count the rows of {table}"))?;
    Ok(row.try_get::<_, i64>(0)?.try_into()?)
}
