//! Sorted rows that wait for their COPY, in bounded memory.

use anyhow::Result;

use crate::load::partitions::router::Router;

/// The bytes of rows that wait, of one table. The destination with the most is copied when there are more: with eight
/// partitions about 4 MB each time.
const MOST: usize = 16 << 20;

/// Rows by their destination.
#[derive(Debug)]
pub struct Buffers {
    destinations: Vec<Buffer>,
    /// Of all destinations.
    bytes: usize,
    /// The number of the next row.
    next_row: u32,
}

/// The rows of one destination.
#[derive(Debug, Clone, Default)]
pub struct Buffer {
    /// The rows in COPY's binary format.
    pub bytes: Vec<u8>,
    /// The number of each row since the buffers were created.
    pub rows: Vec<u32>,
}

impl Buffers {
    /// Empty ones for a router's destinations.
    pub fn new(router: &Router) -> Buffers {
        Buffers {
            destinations: vec![Buffer::default(); router.destinations()],
            bytes: 0,
            next_row: 0,
        }
    }

    /// Adds the rows of a chunk.
    pub fn add(&mut self, router: &Router, chunk: &[u8]) -> Result<()> {
        router.sort(chunk, |row, destination| {
            let buffer = &mut self.destinations[destination];
            buffer.bytes.extend_from_slice(row);
            buffer.rows.push(self.next_row);
            self.next_row += 1;
        })?;
        self.bytes += chunk.len();
        Ok(())
    }

    /// Whether rows have to be copied before more are added.
    pub fn are_full(&self) -> bool {
        self.bytes > MOST
    }

    /// Takes the rows of the destination that has the most, with its number; `None` when there are none.
    pub fn take_largest(&mut self) -> Option<(usize, Buffer)> {
        let sizes = self.destinations.iter().map(|it| it.bytes.len());
        let (number, size) = sizes.enumerate().max_by_key(|(_, size)| *size)?;
        if size == 0 {
            return None;
        }
        self.bytes -= size;
        Some((number, std::mem::take(&mut self.destinations[number])))
    }
}
