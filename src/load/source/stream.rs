//! The chunks of a source, read or generated on a thread of its own and handed over through a bounded channel.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::load::source::bound::BoundSource;
use crate::load::source::chunk::{Position, RowChunk};
use crate::load::source::reader::RecordReader;
use crate::load::source::table_source::SourceKind;

pub use crate::load::source::reader::Trace;

/// Chunks waiting for the server; memory is bounded by their number.
const WAITING: usize = 4;

/// Chunks on their way.
pub struct ChunkStream(Receiver<Result<RowChunk>>);

impl ChunkStream {
    /// Starts reading or generating, from the source's beginning or where an earlier attempt ended.
    pub fn start(source: Arc<BoundSource>, from: Option<Position>, trace: Trace) -> ChunkStream {
        let (sender, chunks) = channel(WAITING);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send(&source, from, trace, &sender) {
                // A receiver that is gone has its own error to report.
                let _ = sender.blocking_send(Err(error));
            }
        });
        ChunkStream(chunks)
    }

    /// The next chunk; `None` at the end. An error when the source cannot be read or isn't as its manifest says.
    pub async fn next(&mut self) -> Result<Option<RowChunk>> {
        self.0.recv().await.transpose()
    }
}

fn send(
    bound: &BoundSource,
    from: Option<Position>,
    trace: Trace,
    sender: &Sender<Result<RowChunk>>,
) -> Result<()> {
    let source = &bound.source;
    if let SourceKind::Generated(rows) = &source.kind {
        return rows.send(source.table, source.bytes, &bound.format, from, sender);
    }
    let reader = RecordReader::new(bound)?;
    reader.read(from, trace, |chunk| sender.blocking_send(Ok(chunk)).is_ok())
}
