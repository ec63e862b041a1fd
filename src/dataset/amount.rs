//! How many rows are made: as many as the root table is given, or a multiple of each table's own number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A factor's denominator.
const MILLION: u64 = 1_000_000;

/// How many rows are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Rows of the root table.
    pub root_rows: u64,
    /// What each table's own rows are multiplied by, where they don't follow from those of the root.
    pub scale: Option<Factor>,
}

impl Amount {
    /// So few rows of the root table that it has at most this number, and of the other tables in proportion.
    pub fn at_most(self, root_rows: u64) -> Amount {
        if self.root_rows <= root_rows {
            return self;
        }
        let reduced = |Factor(millionths)| {
            let product = u128::from(millionths) * u128::from(root_rows);
            let reduced = product / u128::from(self.root_rows);
            Factor(u64::try_from(reduced).unwrap_or(millionths).max(1))
        };
        Amount {
            root_rows,
            scale: self.scale.map(reduced),
        }
    }
}

impl From<u64> for Amount {
    fn from(root_rows: u64) -> Amount {
        Amount {
            root_rows,
            scale: None,
        }
    }
}

/// What rows are multiplied by, in millionths; above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Factor(u64);

impl Factor {
    /// So many rows, multiplied and rounded; never fewer than one.
    pub fn of(self, rows: u64) -> u64 {
        let product = u128::from(rows) * u128::from(self.0);
        let scaled = (product + u128::from(MILLION / 2)) / u128::from(MILLION);
        u64::try_from(scaled).unwrap_or(u64::MAX).max(1)
    }
}

impl TryFrom<f64> for Factor {
    type Error = String;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and below 10^6 by the test before it"
    )]
    fn try_from(factor: f64) -> Result<Factor, String> {
        if !(1e-6..=1e6).contains(&factor) {
            return Err("expected a factor from 0.000001 to 1000000, such as 0.1 or 10".into());
        }
        Ok(Factor((factor * MILLION as f64).round() as u64))
    }
}

impl FromStr for Factor {
    type Err = String;

    fn from_str(text: &str) -> Result<Factor, String> {
        // What isn't a number is refused as one out of range is.
        Factor::try_from(text.parse::<f64>().unwrap_or(0.0))
    }
}

impl From<Factor> for f64 {
    fn from(factor: Factor) -> f64 {
        factor.0 as f64 / MILLION as f64
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}", f64::from(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_multiply_rows_and_are_written_as_they_are_read() {
        for (text, rows, scaled) in [
            ("0.1", 25, 3),
            ("0.1", 1, 1),
            ("10", 25, 250),
            ("1.5", 3, 5),
            ("0.000001", 2_500_000, 3),
        ] {
            let factor: Factor = text.parse().unwrap();
            assert_eq!(factor.of(rows), scaled, "{text}");
            assert_eq!(factor.to_string(), text);
            assert_eq!(Factor::try_from(f64::from(factor)), Ok(factor));
        }
        let tenth = Amount {
            root_rows: 1_000,
            scale: Some(Factor(100_000)),
        };
        assert_eq!(tenth.at_most(5_000), tenth);
        assert_eq!(tenth.at_most(50).scale, Some(Factor(5_000)));
        for wrong in ["0", "-1", "nan", "1e9", "a tenth", "10%"] {
            assert!(wrong.parse::<Factor>().is_err(), "{wrong}");
        }
    }
}
