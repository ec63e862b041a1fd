//! A chunk whose rows are copied in pieces, so that one that the server rejects costs the piece and not the file.
//!
//! The server names the first row that it rejects. What is before it is copied alone, what is behind it goes on, and
//! pieces get smaller with each rejection and larger with each success.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Result, ensure};

use crate::load::source::chunk::{CHUNK_BYTES, RecordIndex};
use crate::load::table::server_rejection::ServerRejection;

/// Pieces get no smaller than this: a COPY's round trips cost more.
const SMALLEST: usize = 16 << 10;

/// The result of copying a piece.
pub enum PieceResult {
    /// So many rows were loaded.
    Loaded(u64),
    /// None was: the server rejected one, numbered from the piece's first.
    Rejected(ServerRejection),
    /// None was: the server rejected one of several, and did not say which.
    Unknown,
}

/// The size of the next piece, bytes.
#[derive(Debug, Clone, Copy)]
pub struct PieceSize(usize);

impl Default for PieceSize {
    fn default() -> PieceSize {
        PieceSize(CHUNK_BYTES)
    }
}

impl PieceSize {
    fn shrink(&mut self) {
        self.0 = (self.0 / 2).max(SMALLEST);
    }

    fn grow(&mut self) {
        self.0 = (self.0 * 2).min(CHUNK_BYTES);
    }
}

/// The result of copying a chunk.
#[derive(Debug, Default)]
pub struct Isolated {
    /// The rows loaded.
    pub loaded: u64,
    /// The rows that the server rejected, by their number in the chunk.
    pub rejected: BTreeMap<usize, ServerRejection>,
}

/// Copies the rows of a chunk but for those that the server rejects, until `allows` refuses a number of these.
///
/// `copy` copies a range of rows, all of them or none.
pub async fn copy_accepted(
    index: &RecordIndex,
    size: &mut PieceSize,
    allows: impl Fn(u64) -> bool,
    mut copy: impl AsyncFnMut(Range<usize>) -> Result<PieceResult>,
) -> Result<Isolated> {
    let mut isolated = Isolated::default();
    let mut start = 0;
    // The end of a piece that the server has seen: what is before a rejected row.
    let mut end = None;
    while start < index.len() {
        if isolated.rejected.contains_key(&start) {
            start += 1;
            continue;
        }
        let piece = start..end.unwrap_or_else(|| piece_end(index, start, *size, &isolated));
        match copy(piece.clone()).await? {
            PieceResult::Loaded(rows) => {
                isolated.loaded += rows;
                if end.take().is_none() {
                    size.grow();
                }
                start = piece.end;
            }
            PieceResult::Rejected(rejection) => {
                let row = start + usize::try_from(rejection.row)?;
                ensure!(
                    piece.contains(&row),
                    "the server rejected row {} of {}: {}",
                    rejection.row,
                    piece.len(),
                    rejection.message
                );
                isolated.rejected.insert(row, rejection);
                if !allows(isolated.rejected.len() as u64) {
                    return Ok(isolated);
                }
                size.shrink();
                end = (row > start).then_some(row);
            }
            PieceResult::Unknown => end = Some(start + piece.len() / 2),
        }
    }
    Ok(isolated)
}

/// At least one row, up to a number of bytes and not beyond a rejected one.
fn piece_end(index: &RecordIndex, start: usize, size: PieceSize, isolated: &Isolated) -> usize {
    let limit = index.row_start(start) + size.0;
    let mut end = start + 1;
    let next = isolated.rejected.range(start..).next();
    let last = next.map_or(index.len(), |(row, _)| *row);
    while end < last && index.row_start(end + 1) <= limit {
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests;
