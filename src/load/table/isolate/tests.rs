//! Rows are copied once or rejected, and a rejection costs about a piece.
#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use tokio_postgres::error::SqlState;

use super::*;

const ROW_BYTES: usize = 50;

fn index(rows: usize) -> RecordIndex {
    let mut index = RecordIndex::default();
    for row in 0..rows {
        index.push(row as u64 + 2, false, b"1,2", (row + 1) * ROW_BYTES);
    }
    index
}

fn rejection(row: usize) -> ServerRejection {
    ServerRejection {
        row: row as u64,
        column: None,
        value: None,
        constraint: None,
        table: None,
        message: "violates check constraint".into(),
        code: SqlState::CHECK_VIOLATION,
    }
}

/// What a server kept that rejects these rows, and the bytes that it was sent.
struct ServerState {
    kept: Vec<usize>,
    rejected: Vec<usize>,
    sent: usize,
}

fn run(rows: usize, bad: &BTreeSet<usize>, max: u64) -> ServerState {
    let (index, mut size) = (index(rows), PieceSize::default());
    let (mut kept, mut sent) = (Vec::new(), 0);
    let copy = async |piece: Range<usize>| {
        sent += index.row_start(piece.end) - index.row_start(piece.start);
        Ok(match bad.range(piece.clone()).next() {
            Some(&row) => PieceResult::Rejected(rejection(row - piece.start)),
            None => {
                kept.extend(piece.clone());
                PieceResult::Loaded(piece.len() as u64)
            }
        })
    };
    let isolated = copy_accepted(&index, &mut size, |count| count <= max, copy);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let isolated = runtime.block_on(isolated).unwrap();
    assert_eq!(isolated.loaded, kept.len() as u64);
    ServerState {
        kept,
        rejected: isolated.rejected.into_keys().collect(),
        sent,
    }
}

proptest! {
    #[test]
    fn every_row_is_loaded_or_rejected(rows in 0_usize..3000, bad in proptest::collection::btree_set(0_usize..3000, 0..60)) {
        let bad: BTreeSet<usize> = bad.into_iter().filter(|row| *row < rows).collect();
        let outcome = run(rows, &bad, u64::MAX);
        let good: Vec<usize> = (0..rows).filter(|row| !bad.contains(row)).collect();
        prop_assert_eq!(outcome.kept, good);
        prop_assert_eq!(outcome.rejected, bad.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn hundreds_of_rejections_cost_little_more_than_the_chunk() {
    let rows = CHUNK_BYTES / ROW_BYTES;
    let bad: BTreeSet<usize> = (0..500).map(|number| rows - 5000 + number * 10).collect();
    let outcome = run(rows, &bad, u64::MAX);
    assert_eq!(outcome.rejected.len(), 500);
    // A few pieces that halve, then two of the smallest for each.
    let most = 4 * CHUNK_BYTES + 500 * 2 * SMALLEST;
    assert!(outcome.sent < most, "{} bytes sent", outcome.sent);
}

#[test]
fn one_too_many_ends_it() {
    let bad = BTreeSet::from([3, 5, 7, 9]);
    assert_eq!(run(20, &bad, 2).rejected, [3, 5, 7]);
}
