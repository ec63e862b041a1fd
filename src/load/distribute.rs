//! Distributes the dataset's tables over the nodes of a Citus cluster, as its keys `distribute` and `reference` say: in the
//! transaction that starts the load, before they hold rows.

mod fit;

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use tokio_postgres::{GenericClient, Transaction};

use crate::dataset::{Sharding, TableSpec};
use crate::load::config::Load;
use crate::load::table::target;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, ForeignKey, Scope};
use crate::postgres::name::quoted;
use crate::progress::Progress;
use fit::Wanted;

/// Distributes those of the tables that aren't yet. Refuses what can't be, before anything is committed.
pub async fn apply(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    schema: &str,
    progress: &Progress,
) -> Result<()> {
    let dataset = load.dataset;
    let real = dataset.real_tables();
    let mut specs = real.iter().map(|&table| &dataset.tables[table]);
    if !specs.any(|spec| spec.sharding.is_some()) {
        return Ok(());
    }
    if load.server.capabilities().cluster.is_none() {
        progress.note("load: not distributed: this database has no Citus");
        return Ok(());
    }
    let wanted = find(transaction, load, schema, &real).await?;
    let oids: Vec<u32> = wanted.iter().map(|it| it.oid).collect();
    let now = distributions(transaction, &oids).await?;
    ensure_as_wanted(&wanted, &now, &dataset.path.display().to_string())?;
    let missing: Vec<&Wanted> = wanted
        .iter()
        .filter(|it| it.spec.sharding.is_some() && !now.contains_key(&it.oid))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let scope = Scope::Tables(&oids);
    let foreign_keys = catalog::foreign_keys(transaction, scope).await?;
    let indexes = catalog::indexes(transaction, scope).await?;
    let columns = catalog::columns(transaction, scope).await?;
    fit::ensure_fit(&wanted, &foreign_keys, &indexes, &columns)
        .map_err(|mistake| mistake.within(&dataset.path))?;
    for table in &missing {
        ensure_empty(transaction, &table.name).await?;
    }
    distribute(transaction, &missing, &foreign_keys).await?;
    let listed: Vec<String> = missing.iter().map(|it| it.to_string()).collect();
    progress.note(format!("load: distributed: {}", listed.join(", ")));
    Ok(())
}

/// The dataset's tables that exist.
async fn find<'d>(
    client: &impl GenericClient,
    load: &Load<'d>,
    schema: &str,
    real: &[usize],
) -> Result<Vec<Wanted<'d>>> {
    let specs: Vec<&TableSpec> = real.iter().map(|&it| &load.dataset.tables[it]).collect();
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    let oids = catalog::find_all(client, Some(schema), &names).await?;
    let found = specs.into_iter().zip(oids);
    let wanted = |(spec, oid): (&'d TableSpec, Option<u32>)| {
        Some(Wanted {
            spec,
            oid: oid?,
            name: TableName::new(schema, &spec.name),
        })
    };
    Ok(found.filter_map(wanted).collect())
}

/// How those of the tables are distributed that are.
async fn distributions(
    client: &impl GenericClient,
    tables: &[u32],
) -> Result<HashMap<u32, Distribution>> {
    let sql = "SELECT
            logicalrelid::oid,
            CASE partmethod WHEN 'h' THEN column_to_column_name(logicalrelid, partkey) END
        FROM pg_dist_partition
        WHERE logicalrelid = ANY ($1::oid[]) AND (partmethod = 'h' OR repmodel = 't')";
    let rows = client
        .query(sql, &[&tables])
        .await
        .context("could not read which tables are distributed")?;
    let distribution = |row: &tokio_postgres::Row| -> Result<(u32, Distribution)> {
        Ok((
            row.try_get(0)?,
            Distribution {
                by: row.try_get(1)?,
            },
        ))
    };
    rows.iter().map(distribution).collect()
}

/// How a table is distributed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Distribution {
    /// The column; `None` for a reference table.
    by: Option<String>,
}

/// Refuses tables that are distributed otherwise than the dataset says.
fn ensure_as_wanted(
    wanted: &[Wanted<'_>],
    now: &HashMap<u32, Distribution>,
    path: &str,
) -> Result<()> {
    for table in wanted {
        let (Some(sharding), Some(is)) = (&table.spec.sharding, now.get(&table.oid)) else {
            continue;
        };
        let by = match sharding {
            Sharding::Distributed { by, .. } => Some(by),
            Sharding::Reference => None,
        };
        if is.by.as_ref() != by {
            let is = match &is.by {
                Some(by) => format!("distributed by {}", quoted(by)),
                None => "a reference table".to_owned(),
            };
            bail!(
                "{path}, line {}: table `{}` is {is} in the database; change the dataset, or have the tables made anew with \
                 --recreate",
                table.spec.line,
                table.spec.name
            );
        }
    }
    Ok(())
}

/// Distributing a table that holds rows moves them, which takes longer than loading them.
async fn ensure_empty(client: &impl GenericClient, table: &TableName) -> Result<()> {
    if target::holds_rows(client, table).await? {
        bail!(
            "{table} holds rows and isn't distributed; distribute it first, as by SELECT create_distributed_table(…), or \
             have the tables made anew with --recreate"
        );
    }
    Ok(())
}

/// A foreign key holds between tables of which one is distributed only where both are: they are dropped meanwhile.
async fn distribute(
    transaction: &Transaction<'_>,
    tables: &[&Wanted<'_>],
    foreign_keys: &[ForeignKey],
) -> Result<()> {
    let is_among = |oid: u32| tables.iter().any(|table| table.oid == oid);
    let between = foreign_keys
        .iter()
        .filter(|key| is_among(key.table_oid) || is_among(key.referenced_oid));
    let between: Vec<&ForeignKey> = between.collect();
    for key in &between {
        let drop = format!(
            "ALTER TABLE {} DROP CONSTRAINT {}",
            key.table,
            quoted(&key.name)
        );
        execute(transaction, &drop).await?;
    }
    let (reference, distributed): (Vec<&&Wanted>, Vec<&&Wanted>) = tables
        .iter()
        .partition(|it| it.spec.sharding == Some(Sharding::Reference));
    for table in reference.into_iter().chain(distributed) {
        execute(transaction, &table.statement()).await?;
    }
    for key in &between {
        let add = format!(
            "ALTER TABLE {} ADD CONSTRAINT {} {}",
            key.table,
            quoted(&key.name),
            key.definition
        );
        execute(transaction, &add).await?;
    }
    Ok(())
}

async fn execute(transaction: &Transaction<'_>, sql: &str) -> Result<()> {
    let done = transaction.batch_execute(sql).await;
    done.with_context(|| format!("could not execute {sql}"))
}
