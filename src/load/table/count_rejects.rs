//! How many records of a table are rejected in all, once they are too many: for the number that `--max-rejects` needs.
//!
//! What the reader rejects is read; what the server rejects is seen by copying the rows in a transaction that the caller
//! rolls back.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio_postgres::{Client, Transaction};

use crate::copy::CopyFormat;
use crate::load::policy::Policy;
use crate::load::source::chunk::Position;
use crate::load::source::reader::{RecordReader, Trace};
use crate::load::source::reading_options::ReadingOptions;
use crate::load::source::rejects::{MaxRejects, RejectCount, Rejects};
use crate::load::source::stream::ChunkStream;
use crate::load::table::constraint_columns::ConstraintColumns;
use crate::load::table::isolate::PieceSize;
use crate::load::table::segment::{SEGMENT, TableCopy};
use crate::load::table::table_load::{FillMode, TableLoad};
use crate::load::table::triggers;

/// The most records that the server rejects before it isn't asked any more: each costs a round trip or two.
const MOST: u64 = 1_000;

/// Counts the rejects of a table, those that are committed included; `None` where that takes more than a few seconds. The
/// rows that are accepted stay in the transaction, for those of other tables that refer to them. `policy` says which that
/// break keys are rejected.
pub async fn count_rejects(
    load: &TableLoad<'_>,
    transaction: &Transaction<'_>,
    policy: Policy,
) -> Result<Option<RejectCount>> {
    let none = || RejectCount {
        number: 0,
        options: ReadingOptions::default(),
    };
    if !load.source.source.is_foreign() {
        return Ok(Some(none()));
    }
    let committed = load.committed(transaction.client()).await?;
    let before = committed.as_ref().map_or(0, |it| it.account.rejected);
    let rest = TableLoad {
        earlier: committed,
        ..load.clone()
    };
    let more = if rest.is_complete() {
        Some(none())
    } else if load.bytes() <= SEGMENT as u64 {
        count_copied(&rest, transaction, policy).await?
    } else if may_reject(load, transaction.client()).await? {
        None
    } else {
        Some(count_read(&rest).await?)
    };
    Ok(more.map(|more| RejectCount {
        number: before + more.number,
        options: match before {
            0 => more.options,
            _ => ReadingOptions::NONE,
        },
    }))
}

/// Whether the server may reject a record that its types fit.
async fn may_reject(load: &TableLoad<'_>, client: &Client) -> Result<bool> {
    if load.mode == FillMode::Append || load.source.format.copy() != CopyFormat::Binary {
        return Ok(true);
    }
    let sql = include_str!("sql/server_judges.sql");
    let row = client
        .query_one(sql, &[&load.target.oid])
        .await
        .context("could not look up what the server checks")?;
    Ok(row.try_get(0)?)
}

/// Where a load goes on.
fn next(load: &TableLoad<'_>) -> Option<Position> {
    load.earlier.as_ref().and_then(|it| it.next)
}

/// The records that the reader rejects, of those that aren't committed.
async fn count_read(load: &TableLoad<'_>) -> Result<RejectCount> {
    let (source, from) = (Arc::clone(&load.source), next(load));
    let reading = tokio::task::spawn_blocking(move || {
        let (mut number, mut options) = (0, ReadingOptions::default());
        RecordReader::new(&source)?.read(from, Trace::Off, |chunk| {
            number += chunk.rejected.len() as u64;
            chunk.rejected.iter().for_each(|it| options.add(&it.reason));
            true
        })?;
        anyhow::Ok(RejectCount { number, options })
    });
    reading.await.context("reading the file was interrupted")?
}

/// The rejects of what isn't committed; `None` where the server rejects more than it is asked about.
async fn count_copied(
    load: &TableLoad<'_>,
    transaction: &Transaction<'_>,
    policy: Policy,
) -> Result<Option<RejectCount>> {
    let table = &load.target.name;
    let unlimited = Rejects::new(
        Path::new(""),
        MaxRejects::Count(u64::MAX),
        std::iter::empty(),
    );
    let copy = TableCopy {
        table,
        source: &load.source,
        frozen: false,
        limit: &unlimited,
        duplicates: policy.duplicates,
        orphans: policy.orphans,
        trace: Trace::Records,
        constraints: ConstraintColumns::default(),
        router: None,
    };
    if load.earlier.is_none() {
        load.make_empty(transaction).await?;
    }
    triggers::disable(transaction, table, &load.skipped_triggers).await?;
    let mut chunks = ChunkStream::start(Arc::clone(&load.source), next(load), Trace::Records);
    let (mut by_reader, mut by_server, mut size) = (0, 0, PieceSize::default());
    let mut options = ReadingOptions::default();
    while let Some(chunk) = chunks.next().await? {
        let isolated = copy
            .isolate(transaction, &chunk, &mut size, |more| {
                by_server + more < MOST
            })
            .await?;
        by_reader += chunk.rejected.len() as u64;
        chunk.rejected.iter().for_each(|it| options.add(&it.reason));
        by_server += isolated.rejected.len() as u64;
        if by_server >= MOST {
            return Ok(None);
        }
    }
    Ok(Some(RejectCount {
        number: by_reader + by_server,
        options: match by_server {
            0 => options,
            _ => ReadingOptions::NONE,
        },
    }))
}
