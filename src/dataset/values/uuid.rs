//! uuids of version 4 and 7: never the same for two rows of a table.

use crate::dataset::choices::{Choices, LARGEST_DOMAIN};
use crate::dataset::values::bytes::write_hex;

/// uuids of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uuid {
    /// Which.
    pub version: UuidVersion,
}

/// The versions, in the layout of RFC 9562.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UuidVersion {
    /// Version 4: random.
    Random,
    /// Version 7: a time that rises with the row, then random bits.
    Timed {
        /// Milliseconds since 1970 of the first row.
        from: u64,
        /// Milliseconds since 1970 behind the last row.
        to: u64,
        /// The table's rows, once they are known.
        rows: u64,
    },
}

impl Uuid {
    pub(super) fn domain(&self) -> u128 {
        LARGEST_DOMAIN
    }

    /// For a table of so many rows.
    pub fn for_rows(&self, rows: u64) -> Uuid {
        let version = match self.version {
            UuidVersion::Timed { from, to, .. } => UuidVersion::Timed { from, to, rows },
            random => random,
        };
        Uuid { version }
    }

    /// The 16 bytes.
    #[inline]
    pub fn bytes(&self, mut choices: Choices) -> [u8; 16] {
        // The row's first 64 bits are another number for each row, and all of them are kept.
        let (row, own, other) = (choices.row(), choices.bits(), choices.random_bits());
        let (high, low) = match self.version {
            UuidVersion::Random => {
                let high = (own >> 16) << 16 | 0x4000 | (own >> 4 & 0x0fff);
                (high, other << 4 | own & 0x0f)
            }
            UuidVersion::Timed { from, to, rows } => {
                let time = from + share(row, rows, to.saturating_sub(from));
                (time << 16 | 0x7000 | own >> 52, own << 10 | other >> 54)
            }
        };
        let low = low & (u64::MAX >> 2) | 1 << 63;
        let mut uuid = [0; 16];
        uuid[..8].copy_from_slice(&high.to_be_bytes());
        uuid[8..].copy_from_slice(&low.to_be_bytes());
        uuid
    }

    pub(super) fn write(&self, choices: Choices, out: &mut Vec<u8>) {
        let uuid = self.bytes(choices);
        for (place, byte) in uuid.chunks(2).enumerate() {
            if (2..=5).contains(&place) {
                out.push(b'-');
            }
            write_hex(byte, out);
        }
    }
}

/// Where a row lies in a span that all rows share.
fn share(row: u64, rows: u64, span: u64) -> u64 {
    let before = u128::from(row.saturating_sub(1).min(rows));
    let share = u128::from(span) * before / u128::from(rows.max(1));
    u64::try_from(share).unwrap_or(span)
}
