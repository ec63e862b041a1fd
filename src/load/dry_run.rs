//! What a load of generated rows would do: tables to create, rows, sizes, and the time that a small measured trial lets expect.
//!
//! The trial makes and copies rows of each table into a table like it, in a transaction that is rolled back.

use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};
use bytes::Bytes;
use tokio_postgres::Transaction;

use crate::copy::CopyFormat;
use crate::dataset::RowPlan;
use crate::generate::TableMaker;
use crate::load::config::{Load, TablesFound};
use crate::load::constraints::{ensure_may_empty, read_qualified, referencing_tables_with_rows};
use crate::load::expected::{expected_tables, wal_level};
use crate::load::post_load_hook::PostLoadHook;
use crate::load::prepare::create_missing;
use crate::load::session::{SessionSettings, prepare_changes};
use crate::load::source::input::{Input, RowOrigin};
use crate::load::table::size::ExpectedSize;
use crate::load::table::target::{self, TargetTable};
use crate::postgres::copy::CopyIn;
use crate::postgres::name::{quoted, quoted_list};
use crate::progress::Progress;

/// Rows of the tables without a parent that the trial takes.
const TRIED: u64 = 1_000;

/// The table that the trial copies into.
const PROBE: &str = "seedrow_dry_run";

/// What a load would do.
#[derive(Debug)]
pub struct DryRun {
    /// The schema.
    pub schema: String,
    /// In load order.
    pub tables: Vec<PlannedTable>,
    /// Heap, indexes and WAL to come.
    pub size: ExpectedSize,
    /// Why its tables may not be emptied, where rows of other tables refer to theirs.
    pub obstacle: Option<Error>,
    /// Bytes free on the embedded server's disk.
    pub free_disk: Option<u64>,
    /// Connections at a time.
    pub jobs: usize,
    /// The time that rows and indexes take, as the trial lets expect.
    pub time: Duration,
    /// Rows that the trial copied.
    pub tried: u64,
}

/// A table of a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedTable {
    /// Its name.
    pub name: String,
    /// Rows to come.
    pub rows: u64,
    /// About so many bytes of CSV.
    pub bytes: u64,
    /// What becomes of it before its rows come.
    pub fate: TableFate,
}

/// What becomes of a table before its rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFate {
    /// The schema file creates it.
    Created,
    /// It is dropped, and the schema file creates it.
    Recreated,
    /// It holds rows, which are deleted.
    Emptied,
    /// It is used as it is.
    Used,
}

/// How long a table's rows take.
struct Measured {
    rows: u64,
    /// A row made and copied; the two go side by side, so that the slower one counts.
    row: Duration,
    /// An entry of an index.
    entry: Duration,
}

/// Plans the load of the input, and measures a little of it. Nothing stays.
pub async fn run<H: PostLoadHook>(
    load: &Load<'_>,
    origin: RowOrigin,
    input: &Input,
    hook: &H,
    progress: &Progress,
) -> Result<DryRun> {
    let (mut client, session) = SessionSettings::open(load, progress).await?;
    prepare_changes(load.server, &client).await?;
    let schema = load.schema(&client).await?;
    let existing = target::existing(&client, load.dataset, &schema, load.tables).await?;
    let transaction = client.transaction().await?;
    let schema = create_missing(load, &transaction, progress).await?;
    let targets = target::find(&transaction, load.dataset, &schema, load.tables).await?;
    hook.plan(&transaction, "").await?;
    let expected = expected_tables(&transaction, load, input, &targets, hook).await?;
    let size = ExpectedSize::of(&expected, wal_level(&transaction).await?);
    let obstacle = referencing_obstacle(&transaction, load, &targets).await?;
    let plan = RowPlan::first_rows(load.dataset, TRIED, origin.seed, load.tables);
    let (mut tables, mut busy, mut tried) = (Vec::new(), Duration::ZERO, 0);
    for (target, expected) in targets.iter().zip(&expected) {
        let measured = measure(&transaction, load, &plan, target).await?;
        let entries = expected.rows * (expected.keys + expected.others);
        busy += measured.row.mul_f64(expected.rows as f64);
        busy += measured.entry.mul_f64(entries as f64);
        tried += measured.rows;
        let name = &load.dataset.tables[target.table].name;
        tables.push(PlannedTable {
            name: name.clone(),
            rows: expected.rows,
            bytes: expected.csv_bytes,
            fate: match existing.contains(name) {
                false => TableFate::Created,
                true if load.tables_found == TablesFound::Recreated => TableFate::Recreated,
                true if load.replace && target.holds_rows => TableFate::Emptied,
                true => TableFate::Used,
            },
        });
    }
    let rolled_back = transaction.rollback().await;
    rolled_back.context("could not undo the trial")?;
    load.server.keep(client);
    let jobs = session.jobs.clamp(1, tables.len().max(1));
    Ok(DryRun {
        schema,
        size,
        obstacle,
        free_disk: load.server.free_disk(),
        jobs,
        time: busy.div_f64(jobs as f64),
        tried,
        tables,
    })
}

/// Copies a table's first rows into one like it, and builds an index there.
async fn measure(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    plan: &RowPlan,
    target: &TargetTable,
) -> Result<Measured> {
    let start = Instant::now();
    let maker = TableMaker::new(load.dataset, plan, target.table)?;
    let (mut csv, mut rows) = (Vec::new(), 0);
    for block in 0..plan.blocks() {
        rows += maker.write_block(block, &mut csv)?;
    }
    let made = start.elapsed();
    let columns = load.dataset.tables[target.table].written();
    let columns: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
    let probe = format!("{}.{}", quoted(&target.name.schema), quoted(PROBE));
    let execute = async |sql: String| {
        let done = transaction.batch_execute(&sql).await;
        done.with_context(|| format!("could not measure {}", target.name))
    };
    execute(format!("CREATE TABLE {probe} (LIKE {})", target.name)).await?;
    let start = Instant::now();
    let statement = format!(
        "COPY {probe} ({}) FROM STDIN ({}, ENCODING 'UTF8')",
        quoted_list(&columns),
        CopyFormat::Csv.option()
    );
    let mut copy = CopyIn::start(transaction, &statement).await?;
    copy.send(Bytes::from(csv)).await;
    copy.finish().await?;
    let copied = start.elapsed();
    let start = Instant::now();
    if let Some(column) = columns.first() {
        // Not every type has an order.
        let index = format!("CREATE INDEX ON {probe} ({})", quoted(column));
        execute("SAVEPOINT before_index".to_owned()).await?;
        if transaction.batch_execute(&index).await.is_err() {
            execute("ROLLBACK TO SAVEPOINT before_index".to_owned()).await?;
        }
    }
    let indexed = start.elapsed();
    execute(format!("DROP TABLE {probe}")).await?;
    let each = |time: Duration| time.div_f64(rows.max(1) as f64);
    Ok(Measured {
        rows,
        row: each(made.max(copied)),
        entry: each(indexed),
    })
}

/// The error of rows that would be emptied and that rows of other tables refer to, where there are any.
async fn referencing_obstacle(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    targets: &[TargetTable],
) -> Result<Option<Error>> {
    if !load.replace {
        return Ok(None);
    }
    let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
    let constraints = read_qualified(transaction, &oids).await?;
    let filled = referencing_tables_with_rows(transaction, targets, &constraints).await?;
    Ok(ensure_may_empty(targets, &filled).err())
}
