//! The statistics that a column's rows are to have: how often it is NULL, how many distinct values there are and how often
//! each comes up, in which order they lie.
//!
//! A profile says nothing of the values themselves, which the column's maker makes: a draw gives the position of a value
//! among the column's distinct ones, and the maker turns it into the value. So one maker serves any distribution.

pub mod bounds;
pub mod correlation;
pub mod draw;
pub mod fan_out;
mod fit;
pub mod order;
pub mod quantiles;
pub mod ratio;
pub mod read;
pub mod shuffle;
pub mod together;
mod write;

pub use fit::{apply, ensure_fits};
pub use read::{counts, own_keys, table};

/// What a table's columns have in `[tables.T.profile]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableProfile {
    /// Columns' names with their profiles, in the file's order.
    pub columns: Vec<(String, ColumnProfile)>,
    /// Values of several columns that come up together.
    pub joint: Vec<Joint>,
}

/// The statistics of one column. What isn't given is left to its maker.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnProfile {
    /// The share of rows in which it is NULL.
    pub null: Option<f64>,
    /// How many distinct values it has.
    pub distinct: Option<Distinct>,
    /// The shares of all rows that its most common values have, largest first.
    pub shares: Vec<f64>,
    /// Where each of these lies among the distinct values in their order, from 0 to 1; none: scattered. Of a reference, where
    /// each lies among the parents.
    pub ranks: Vec<f64>,
    /// Bounds of buckets with as many rows each, in the column's own values as the dataset writes them, ascending.
    pub bounds: Vec<String>,
    /// As `pg_stats.correlation`: from -1 to 1, how far the rows lie in the order of their values.
    pub correlation: Option<f64>,
    /// As `pg_stats.avg_width`: the mean bytes of its texts, the header of 1 byte (4 from 127 bytes on) included.
    pub width: Option<f64>,
    /// For a reference: how many parents have how many children, those of `shares` not among them.
    pub counts: Vec<CountShare>,
    /// For a reference: where the rows that the parents of `shares` don't have lie among all parents, as many between each two.
    pub quantiles: Vec<f64>,
    /// The sibling that its value follows from.
    pub given: Option<Given>,
    /// The line in the TOML file; 0 where it is made here.
    pub line: usize,
}

/// How many distinct values a column has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distinct {
    /// So many, whatever the rows.
    Count(u64),
    /// So many for each row, NULLs included: above 0, at most 1.
    PerRow(f64),
}

/// A share of the parents has so many children.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountShare {
    /// The number of children.
    pub children: u32,
    /// The share of the parents, 0 to 1.
    pub share: f64,
}

/// The sibling that a column's value is a function of.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The sibling's name.
    pub column: String,
    /// In which share of the rows.
    pub degree: f64,
}

/// Common values of several columns together.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// The columns' names.
    pub columns: Vec<String>,
    /// For each combination, the position of each column's value among its `shares`; `None` for NULL.
    pub values: Vec<Vec<Option<usize>>>,
    /// The share of all rows that each combination has.
    pub shares: Vec<f64>,
}

/// A key with whether a profile has it.
type Key = (&'static str, fn(&ColumnProfile) -> bool);

/// The keys of a profile as a dataset writes them.
const KEYS: &[Key] = &[
    ("null", |it| it.null.is_some()),
    ("distinct", |it| it.distinct.is_some()),
    ("shares", |it| !it.shares.is_empty()),
    ("ranks", |it| !it.ranks.is_empty()),
    ("bounds", |it| !it.bounds.is_empty()),
    ("correlation", |it| it.correlation.is_some()),
    ("width", |it| it.width.is_some()),
    ("counts", |it| !it.counts.is_empty()),
    ("quantiles", |it| !it.quantiles.is_empty()),
    ("given", |it| it.given.is_some()),
];

impl ColumnProfile {
    /// The keys that are given.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        KEYS.iter()
            .filter(|(_, has)| has(self))
            .map(|(name, _)| *name)
    }

    /// How many bytes its texts have without their header.
    pub fn text_bytes(&self) -> Option<f64> {
        /// Up to this width a header has 1 byte, else 4.
        const SHORT: f64 = 127.0;
        self.width.map(|width| match width <= SHORT {
            true => (width - 1.0).max(1.0),
            false => (width - 4.0).max(SHORT - 1.0),
        })
    }

    /// The same for the rows that aren't NULL, so many of all: the shares of these, and their distinct values.
    #[must_use]
    pub fn of_filled(mut self, rows: u64, filled: u64) -> ColumnProfile {
        if filled < rows {
            let share = (filled as f64 / rows as f64).max(f64::MIN_POSITIVE);
            let distinct = self.distinct.map(|it| it.of_rows(rows));
            self.distinct = distinct.map(Distinct::Count);
            self.shares
                .iter_mut()
                .for_each(|it| *it = (*it / share).min(1.0));
        }
        self.null = None;
        self
    }

    /// Whether it says more than how often the column is NULL.
    pub fn shapes_values(&self) -> bool {
        self.keys().any(|key| key != "null")
    }

    /// Whether it decides which of its maker's values each row has.
    pub fn draws_values(&self) -> bool {
        self.distinct.is_some()
            || !self.shares.is_empty()
            || self.correlation.is_some()
            || self.given.is_some()
    }

    /// Its keys, and those that only another has.
    pub fn or(self, other: ColumnProfile) -> ColumnProfile {
        fn first<T>(own: Vec<T>, other: Vec<T>) -> Vec<T> {
            if own.is_empty() { other } else { own }
        }
        let line = match self.keys().next() {
            Some(_) => self.line,
            None => other.line,
        };
        // Ranks are those of the shares they stand beside.
        let ranks = match self.shares.is_empty() {
            true => other.ranks,
            false => self.ranks,
        };
        ColumnProfile {
            null: self.null.or(other.null),
            distinct: self.distinct.or(other.distinct),
            shares: first(self.shares, other.shares),
            ranks,
            bounds: first(self.bounds, other.bounds),
            correlation: self.correlation.or(other.correlation),
            width: self.width.or(other.width),
            counts: first(self.counts, other.counts),
            quantiles: first(self.quantiles, other.quantiles),
            given: self.given.or(other.given),
            line,
        }
    }
}

impl Distinct {
    /// As `pg_stats.n_distinct`: below 0 for each row.
    pub fn of_statistics(n_distinct: f64) -> Option<Distinct> {
        match n_distinct {
            count if count >= 1.0 => Some(Distinct::Count(rounded(count))),
            share if (-1.0..0.0).contains(&share) => Some(Distinct::PerRow(-share)),
            _ => None,
        }
    }

    /// How many there are in so many rows, at least 1.
    pub fn of_rows(self, rows: u64) -> u64 {
        match self {
            Distinct::Count(count) => count.max(1),
            Distinct::PerRow(share) => rounded(share * rows as f64).clamp(1, rows.max(1)),
        }
    }
}

/// A share of a number of rows, to the nearest.
pub fn part(rows: u64, share: f64) -> u64 {
    rounded(rows as f64 * share.clamp(0.0, 1.0)).min(rows)
}

/// Where values of such ranks, 0 to 1, are among so many, of which there are at least as many: each in another place.
pub fn positions_by_rank(ranks: &[f64], values: u64) -> Vec<u64> {
    let count = ranks.len();
    let mut by_rank: Vec<usize> = (0..count).collect();
    by_rank.sort_by(|one, other| ranks[*one].total_cmp(&ranks[*other]));
    let mut positions = vec![0; count];
    let mut least = 0;
    for (place, &which) in by_rank.iter().enumerate() {
        // Those behind it need positions, too.
        let most = values - (count - place) as u64;
        positions[which] = part(values - 1, ranks[which]).clamp(least, most.max(least));
        least = positions[which] + 1;
    }
    positions
}

/// The nearest whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of rows are positive and below 2^53, and `as` saturates"
)]
fn rounded(number: f64) -> u64 {
    libm::round(number) as u64
}

#[cfg(test)]
mod tests;
