//! Ranges of whole numbers, dates and timestamps, from a bound that belongs to them to one that doesn't.

use crate::dataset::calendar::{DAY, date_from_days};
use crate::dataset::choices::{Choices, product};
use crate::dataset::values::write_padded;

/// Ranges within bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeValues {
    /// What its bounds are.
    pub of: RangeOf,
    /// The least bound: a number, days or seconds since 1970.
    pub min: i64,
    /// The greatest.
    pub max: i64,
    /// The longest range, at least 1.
    pub length: u64,
    /// Whether ranges of distinct indexes never overlap.
    pub overlap: Overlap,
    /// Whether it is a multirange of one range.
    pub multi: bool,
}

/// Whether ranges may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// They may.
    Allowed,
    /// Those of distinct indexes don't: each has a slot of its own.
    Never,
}

/// What a range's bounds are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeOf {
    /// Whole numbers.
    Integer,
    /// Days since 1970-01-01.
    Date,
    /// Seconds since 1970-01-01 00:00 UTC.
    Timestamp,
}

impl RangeValues {
    /// Lower bounds that leave space for the longest range, or slots of its length.
    fn places(&self) -> u64 {
        let span = self.max.abs_diff(self.min);
        match self.overlap {
            Overlap::Allowed => span.saturating_sub(self.length).saturating_add(1),
            Overlap::Never => span / self.length,
        }
    }

    pub(super) fn domain(&self) -> u128 {
        let places = u128::from(self.places());
        match self.overlap {
            Overlap::Allowed => product([places, u128::from(self.length)]),
            Overlap::Never => places,
        }
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        let (lower, length) = match self.overlap {
            Overlap::Allowed => (choices.below(self.places()), 1 + choices.below(self.length)),
            Overlap::Never => {
                let slot = choices.below(self.places().max(1)) * self.length;
                let length = 1 + choices.random_below(self.length);
                (
                    slot + choices.random_below(self.length - length + 1),
                    length,
                )
            }
        };
        let lower = self.min.saturating_add_unsigned(lower);
        out.extend_from_slice(if self.multi { b"{[" } else { b"[" });
        self.of.write(lower, out);
        out.push(b',');
        self.of.write(lower.saturating_add_unsigned(length), out);
        out.extend_from_slice(if self.multi { b")}" } else { b")" });
    }
}

impl RangeOf {
    fn write(self, bound: i64, out: &mut Vec<u8>) {
        match self {
            RangeOf::Integer => out.extend_from_slice(itoa::Buffer::new().format(bound).as_bytes()),
            RangeOf::Date => write_date(bound, out),
            RangeOf::Timestamp => {
                write_date(bound.div_euclid(DAY), out);
                let second = bound.rem_euclid(DAY).unsigned_abs();
                let parts = [
                    (b'T', second / 3600),
                    (b':', second / 60 % 60),
                    (b':', second % 60),
                ];
                for (before, part) in parts {
                    out.push(before);
                    write_padded(part, 2, out);
                }
                out.push(b'Z');
            }
        }
    }
}

fn write_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date_from_days(days);
    for (width, part) in [(4, year), (2, month), (2, day)] {
        if width == 2 {
            out.push(b'-');
        }
        write_padded(part.unsigned_abs(), width, out);
    }
}
