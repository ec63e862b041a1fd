//! Rows are made on a scratch database, analysed and compared with the profile, and the dataset's figures adjusted: what ANALYZE
//! makes of rows isn't what they were made by, since it estimates from a sample.

mod compare;

use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use tokio_postgres::Client;

use crate::copy::CopyFormat;
use crate::dataset::amount::Factor;
use crate::dataset::{Dataset, RowPlan};
use crate::generate::TableMaker;
use crate::infer::model::Model;
use crate::postgres::copy::CopyIn;
use crate::postgres::name::{quoted, quoted_list};
use crate::profile::{self, Level, Profile, Reading};

use compare::Best;
pub use compare::{Figure, TableFit};

/// At most so many rows a table are made.
const MOST_ROWS: f64 = 1_000_000.0;
/// How often the figures are adjusted.
const ADJUSTMENTS: usize = 2;
/// The seed that `run` has by default.
const SEED: u64 = 42;
/// Bytes of a message to the server.
const CHUNK: usize = 1 << 20;

/// Adjusts the figures of a model until its rows have the profile's statistics, or nearly; returns how near each table is. The
/// database has the tables, and keeps no row.
pub async fn calibrate(
    client: &mut Client,
    model: &mut Model,
    wanted: &Profile,
    open: &dyn Fn(&Model) -> Result<Arc<Dataset>>,
) -> Result<Vec<TableFit>> {
    let reading = Reading {
        schema: wanted.schema.clone(),
        level: Level::Shape,
        sample: f64::MIN_POSITIVE,
    };
    let mut best = Best::default();
    for round in 0..=ADJUSTMENTS {
        let dataset = open(model)?;
        let factor = factor(&dataset)?;
        fill(client, &dataset, &wanted.schema, factor).await?;
        let made = profile::from_server(client, &reading).await?;
        empty(client, &dataset, &wanted.schema).await?;
        best.take(model, wanted, &made);
        if round < ADJUSTMENTS && !compare::adjust(model, wanted, &made) {
            break;
        }
    }
    Ok(best.apply(model))
}

/// By how much the rows of all tables are multiplied, so that none has too many.
fn factor(dataset: &Dataset) -> Result<Factor> {
    let tables = dataset.real_tables();
    let plan = RowPlan::new(dataset, dataset.amount(None, None), SEED, &tables);
    let most = tables.iter().map(|it| plan.rows(*it)).max();
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let factor = MOST_ROWS / most.unwrap_or(1).max(1) as f64;
    Factor::try_from(factor.min(1.0)).map_err(anyhow::Error::msg)
}

/// Fills and analyses the tables. Foreign keys aren't checked: they hold for what is made.
async fn fill(client: &mut Client, dataset: &Dataset, schema: &str, factor: Factor) -> Result<()> {
    let tables = dataset.real_tables();
    let plan = RowPlan::new(dataset, dataset.amount(None, Some(factor)), SEED, &tables);
    for table in tables {
        let name = qualified(dataset, schema, table);
        copy(client, dataset, &plan, table, &name)
            .await
            .with_context(|| format!("could not fill {name}"))?;
        client
            .batch_execute(&format!("ANALYZE {name}"))
            .await
            .with_context(|| format!("could not analyse {name}"))?;
    }
    Ok(())
}

async fn copy(
    client: &mut Client,
    dataset: &Dataset,
    plan: &RowPlan,
    table: usize,
    name: &str,
) -> Result<()> {
    let columns = dataset.tables[table].written();
    let columns: Vec<&str> = columns.map(|it| it.name.as_str()).collect();
    let transaction = client.transaction().await?;
    transaction
        .batch_execute(
            "SET LOCAL session_replication_role = replica; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY';
            SET LOCAL synchronous_commit = off",
        )
        .await?;
    let statement = format!(
        "COPY {name} ({}) FROM STDIN ({}, ENCODING 'UTF8')",
        quoted_list(&columns),
        CopyFormat::Csv.option()
    );
    let mut copy = CopyIn::start(&transaction, &statement).await?;
    let maker = TableMaker::new(dataset, plan, table)?;
    let mut rows = Vec::new();
    for block in 0..plan.blocks() {
        maker.write_block(block, &mut rows)?;
        if rows.len() >= CHUNK && !copy.send(Bytes::from(std::mem::take(&mut rows))).await {
            break;
        }
    }
    copy.send(Bytes::from(rows)).await;
    copy.finish().await?;
    Ok(transaction.commit().await?)
}

async fn empty(client: &Client, dataset: &Dataset, schema: &str) -> Result<()> {
    let tables = dataset.real_tables();
    let names: Vec<String> = tables
        .into_iter()
        .map(|it| qualified(dataset, schema, it))
        .collect();
    client
        .batch_execute(&format!("TRUNCATE {} CASCADE", names.join(", ")))
        .await
        .context("could not empty the scratch tables")
}

fn qualified(dataset: &Dataset, schema: &str, table: usize) -> String {
    let name = &dataset.tables[table].name;
    format!("{}.{}", quoted(schema), quoted(name))
}
