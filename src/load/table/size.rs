//! How large the tables will be, announced before the first write.

use crate::load::table::segment::SEGMENT;

/// Heap, indexes and WAL to come, bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpectedSize {
    /// The tables.
    pub heap: u64,
    /// Keys and other indexes.
    pub indexes: u64,
    /// The write-ahead log.
    pub wal: u64,
}

/// A table to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedTable {
    /// Its rows.
    pub rows: u64,
    /// Bytes of its rows as CSV: text is stored about as wide as it is written.
    pub csv_bytes: u64,
    /// Primary and unique keys.
    pub keys: u64,
    /// Other indexes.
    pub others: u64,
    /// What one transaction writes.
    pub filled: Filled,
}

/// What the transaction that empties a table writes of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// All.
    AtOnce,
    /// The first 64 MiB.
    InSegments,
    /// None: it is emptied by another one.
    Later,
}

/// What the server logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalLevel {
    /// `wal_level = minimal`: files of at least so many bytes, `wal_skip_threshold`, that the writing transaction made, are
    /// not logged but synchronized.
    Minimal(u64),
    /// Everything.
    Full,
}

/// A page.
const PAGE: u64 = 8192;

/// What is logged of a table beside its rows and indexes: its lines in the catalog, its statistics.
const LOGGED_BESIDE: u64 = 32 << 10;

/// A row's header of 23 bytes rounded up, its line pointer, and half of the 8 that alignment may add.
const ROW_OVERHEAD: u64 = 24 + 4 + 4;

/// A b-tree entry over an integer at the fill factor of 90%: pgbench's 10 M accounts have 204 MiB of it.
const KEY_ENTRY: u64 = 22;

/// The same where values repeat, and are stored once for several rows: 11 to 18 bytes in the built-in datasets.
const INDEX_ENTRY: u64 = 16;

impl ExpectedSize {
    /// Of all tables.
    pub fn of(tables: &[ExpectedTable], level: WalLevel) -> ExpectedSize {
        let mut all = ExpectedSize::default();
        for table in tables {
            let heap = pages(table.csv_bytes + table.rows * ROW_OVERHEAD);
            let (key, other) = (index(table.rows, KEY_ENTRY), index(table.rows, INDEX_ENTRY));
            all.heap += heap;
            all.indexes += table.keys * key + table.others * other;
            all.wal += LOGGED_BESIDE
                + logged_rows(heap, table.filled, level)
                + table.keys * logged(key, level)
                + table.others * logged(other, level);
        }
        all
    }
}

fn pages(bytes: u64) -> u64 {
    bytes.div_ceil(PAGE) * PAGE
}

/// A b-tree: a first page that says where the root is, and above more than one leaf a root.
fn index(rows: u64, entry: u64) -> u64 {
    let leaves = pages(rows * entry);
    let above = if leaves > PAGE { PAGE } else { 0 };
    PAGE + leaves + above
}

fn logged_rows(heap: u64, filled: Filled, level: WalLevel) -> u64 {
    match filled {
        Filled::AtOnce => logged(heap, level),
        Filled::InSegments => {
            let first = heap.min(SEGMENT as u64);
            logged(first, level) + heap - first
        }
        Filled::Later => heap,
    }
}

/// Of a file that the transaction makes.
fn logged(bytes: u64, level: WalLevel) -> u64 {
    match level {
        WalLevel::Minimal(threshold) if bytes >= threshold => 0,
        WalLevel::Minimal(_) | WalLevel::Full => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1_048_576.0;

    /// Rows, CSV, keys and other indexes of the built-in catalog.
    fn catalog(products: u64) -> Vec<ExpectedTable> {
        // Each table's rows and bytes of CSV of a thousand products, and its indexes beside the key.
        [
            (1_000, 215_000, 0),
            (2_220, 64_500, 1),
            (1_957, 58_700, 1),
            (5_690, 1_582_000, 1),
            (11_320, 192_400, 1),
            (4_510, 76_500, 2),
        ]
        .map(|(rows, bytes, others)| {
            let of = |thousand: u64| thousand * products / 1_000;
            ExpectedTable {
                rows: of(rows),
                csv_bytes: of(bytes),
                keys: 1,
                others,
                filled: Filled::AtOnce,
            }
        })
        .to_vec()
    }

    /// What `seedrow run` made of the built-in catalog.
    #[test]
    fn sizes_are_near_those_measured() {
        let near = |told: u64, measured: f64| (told as f64 / (measured * MIB) - 1.0).abs() < 0.15;
        let size = ExpectedSize::of(&catalog(20_000), WalLevel::Minimal(2 << 20));
        assert!(near(size.heap, 57.1), "{size:?}");
        assert!(near(size.indexes, 19.1), "{size:?}");
        assert!(near(size.wal, 9.53), "{size:?}");
    }

    #[test]
    fn what_is_logged_depends_on_the_server_and_on_how_a_table_is_filled() {
        let wal = |rows: u64, filled, level| {
            let table = ExpectedTable {
                rows,
                csv_bytes: rows * 68,
                keys: 0,
                others: 0,
                filled,
            };
            let size = ExpectedSize::of(&[table], level);
            size.wal
        };
        let minimal = WalLevel::Minimal(2 << 20);
        for (rows, filled, level, logged) in [
            (1_000_000, Filled::AtOnce, minimal, 0),
            (
                1_000_000,
                Filled::InSegments,
                minimal,
                100_007_936 - (64 << 20),
            ),
            (1_000_000, Filled::Later, minimal, 100_007_936),
            (1_000_000, Filled::AtOnce, WalLevel::Full, 100_007_936),
            (100, Filled::AtOnce, minimal, 16_384),
            (0, Filled::AtOnce, WalLevel::Full, 0),
        ] {
            assert_eq!(
                wal(rows, filled, level),
                logged + LOGGED_BESIDE,
                "{rows} {filled:?} {level:?}"
            );
        }
    }

    #[test]
    fn an_index_has_a_page_more_than_entries() {
        assert_eq!(index(0, KEY_ENTRY), PAGE);
        assert_eq!(index(100, KEY_ENTRY), 2 * PAGE);
        assert_eq!(index(1_000, KEY_ENTRY), 5 * PAGE);
    }
}
