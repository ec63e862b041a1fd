//! How many records of a table are rejected in all, once they are too many: the number that `--max-rejects` needs.
//!
//! What the reader rejects is known then; what the server rejects is seen by copying the rest, in a transaction that is
//! rolled back.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio_postgres::Client;

use crate::copy::CopyFormat;
use crate::load::ledger::TableProgress;
use crate::load::source::reader::Trace;
use crate::load::source::rejects::{MaxRejects, RejectCount, Rejects};
use crate::load::source::stream::ChunkStream;
use crate::load::table::constraint_columns::ConstraintColumns;
use crate::load::table::isolate::PieceSize;
use crate::load::table::segment::{SEGMENT, TableCopy};
use crate::load::table::table_load::{FillMode, TableLoad};
use crate::load::table::triggers;

/// The most records that the server rejects before it isn't asked any more: each costs a round trip or two.
const MOST: u64 = 1_000;

/// Counts the rejects of a table, of which the ledger has this. What can't be counted in a few seconds isn't.
pub async fn count_rejects(
    load: &TableLoad<'_>,
    client: &mut Client,
    committed: Option<TableProgress>,
) -> RejectCount {
    match may_reject(load, client).await {
        Ok(false) => return RejectCount::AsSeen,
        Ok(true) if load.bytes() > SEGMENT as u64 => return RejectCount::Unknown,
        Ok(true) | Err(_) => {}
    }
    let before = committed.as_ref().map_or(0, |it| it.account.rejected);
    let rest = TableLoad {
        earlier: committed,
        ..load.clone()
    };
    // Whatever error ends the count, the one that is reported is that there are too many.
    match count_rest(&rest, client).await {
        Ok(Some(count)) => RejectCount::All(before + count),
        Ok(None) | Err(_) => RejectCount::Unknown,
    }
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

/// The rejects of what isn't committed; `None` where the server rejects more than it is asked about.
async fn count_rest(load: &TableLoad<'_>, client: &mut Client) -> Result<Option<u64>> {
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
        duplicates: load.policy.duplicates,
        trace: Trace::Records,
        constraints: ConstraintColumns::default(),
    };
    let transaction = client.transaction().await?;
    if load.earlier.is_none() {
        load.make_empty(&transaction).await?;
    }
    triggers::disable(&transaction, table, &load.skipped_triggers).await?;
    let from = load.earlier.as_ref().and_then(|it| it.next);
    let mut chunks = ChunkStream::start(Arc::clone(&load.source), from, Trace::Records);
    let (mut by_reader, mut by_server, mut size) = (0, 0, PieceSize::default());
    while let Some(chunk) = chunks.next().await? {
        let isolated = copy
            .isolate(&transaction, &chunk, &mut size, |more| {
                by_server + more < MOST
            })
            .await?;
        by_reader += chunk.rejected.len() as u64;
        by_server += isolated.rejected.len() as u64;
        if by_server >= MOST {
            return Ok(None);
        }
    }
    transaction.rollback().await?;
    Ok(Some(by_reader + by_server))
}
