//! How large the tables will be, announced before the first write.

/// Heap, indexes and WAL to come, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedSize {
    /// The tables.
    pub heap: u64,
    /// Primary keys, and an index for each foreign key.
    pub indexes: u64,
    /// The write-ahead log; nothing where rows written by the transaction that made the table's file are not logged.
    pub wal: u64,
}

/// A row's header of 23 bytes rounded up, its line pointer, and half of the 8 that alignment may add.
const ROW_OVERHEAD: u64 = 24 + 4 + 4;

/// A b-tree entry over an integer at the fill factor of 90%: pgbench's 10 M accounts have 214 MB of it.
const INDEX_ENTRY: u64 = 22;

impl ExpectedSize {
    /// From the CSV bytes, rows, the entries of all keys' and foreign keys' indexes, and whether the server's `wal_level`
    /// is minimal. Text is stored about as wide as it is written.
    pub fn expected(
        csv_bytes: u64,
        rows: u64,
        index_entries: u64,
        minimal_wal: bool,
    ) -> ExpectedSize {
        let heap = csv_bytes + rows * ROW_OVERHEAD;
        let indexes = index_entries * INDEX_ENTRY;
        let wal = if minimal_wal { 0 } else { heap + indexes };
        ExpectedSize { heap, indexes, wal }
    }
}
