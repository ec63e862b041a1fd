//! How large the tables will be, announced before the first write.

/// Heap, indexes and WAL to come, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedSize {
    /// The tables.
    pub heap: u64,
    /// Keys and other indexes.
    pub indexes: u64,
    /// The write-ahead log; nothing where rows written by the transaction that made the table's file are not logged.
    pub wal: u64,
}

/// A row's header of 23 bytes rounded up, its line pointer, and half of the 8 that alignment may add.
const ROW_OVERHEAD: u64 = 24 + 4 + 4;

/// A b-tree entry over an integer at the fill factor of 90%: pgbench's 10 M accounts have 204 MiB of it.
const KEY_ENTRY: u64 = 22;

/// The same where values repeat, and are stored once for several rows: 11 to 18 bytes in the built-in datasets.
const INDEX_ENTRY: u64 = 16;

/// The entries of all indexes to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexEntries {
    /// Of primary and unique keys.
    pub keys: u64,
    /// Of other indexes.
    pub others: u64,
}

impl ExpectedSize {
    /// From the CSV bytes, rows, the indexes' entries, and whether the server's `wal_level` is minimal. Text is stored
    /// about as wide as it is written.
    pub fn expected(
        csv_bytes: u64,
        rows: u64,
        entries: IndexEntries,
        minimal_wal: bool,
    ) -> ExpectedSize {
        let heap = csv_bytes + rows * ROW_OVERHEAD;
        let indexes = entries.keys * KEY_ENTRY + entries.others * INDEX_ENTRY;
        let wal = if minimal_wal { 0 } else { heap + indexes };
        ExpectedSize { heap, indexes, wal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `seedrow run --rows 20k` made of the built-in catalog: 57.1 MiB of heap and 19.1 MiB of indexes.
    #[test]
    fn sizes_are_within_a_tenth_of_those_measured() {
        let entries = IndexEntries {
            keys: 533_961,
            others: 604_173,
        };
        let size = ExpectedSize::expected(43_969_519, 533_961, entries, false);
        let near = |told: u64, measured: f64| (told as f64 / (measured * 1_048_576.0) - 1.0).abs();
        assert!(near(size.heap, 57.1) < 0.1, "{size:?}");
        assert!(near(size.indexes, 19.1) < 0.1, "{size:?}");
        assert_eq!(size.wal, size.heap + size.indexes);
    }
}
