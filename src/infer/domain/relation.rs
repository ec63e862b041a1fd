//! What a constraint demands of several columns of one row.

use super::limits::Limits;

/// What a constraint demands of several columns of one row. Each holds where a column it compares is NULL, as CHECK does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// `smaller < larger`.
    Less {
        /// The column with the smaller value.
        smaller: String,
        /// The column with the larger value.
        larger: String,
        /// Whether equal values are refused.
        strict: bool,
    },
    /// `larger >= smaller + gap`.
    AtLeastApart {
        /// The column with the smaller value.
        smaller: String,
        /// The column with the larger value.
        larger: String,
        /// A number; seconds of timestamps, times and intervals, days of dates.
        gap: String,
    },
    /// `larger <= smaller + gap`; `larger` may also be the smaller one.
    AtMostApart {
        /// The column that is added to.
        smaller: String,
        /// The column that isn't larger than the sum.
        larger: String,
        /// A number; seconds of timestamps, times and intervals, days of dates.
        gap: String,
    },
    /// `a <> b`.
    NotEqual {
        /// One column.
        a: String,
        /// The other.
        b: String,
    },
    /// `a = b`.
    Equal {
        /// One column.
        a: String,
        /// The other.
        b: String,
    },
    /// Exactly one of the columns isn't NULL.
    ExactlyOne(Vec<String>),
    /// At most one isn't NULL.
    AtMostOne(Vec<String>),
    /// At least one isn't NULL.
    AtLeastOne(Vec<String>),
    /// All are NULL or none is.
    AllOrNone(Vec<String>),
    /// `column` is NULL wherever `by` is; elsewhere it may be anything.
    NullWith {
        /// The column that becomes NULL.
        column: String,
        /// The column that decides.
        by: String,
    },
    /// `column` is NULL unless `by` has one of the values.
    OnlyIf {
        /// The column that is NULL elsewhere.
        column: String,
        /// The column that decides.
        by: String,
        /// Its values, as input texts; a boolean's are `true` and `false`.
        values: Vec<String>,
    },
    /// `column` isn't NULL where `by` has one of the values; elsewhere it may be anything.
    NeededIf {
        /// The column that must have a value.
        column: String,
        /// The column that decides.
        by: String,
        /// Its values, as input texts.
        values: Vec<String>,
    },
    /// `column = a * b + c`.
    Computed {
        /// The column.
        column: String,
        /// The formula, as the maker `formula` reads it.
        formula: String,
        /// The columns that it names.
        of: Vec<String>,
        /// The most decimals that its value may have; `None`: as many as it has.
        decimals: Option<u32>,
    },
    /// Where `by` has one of the values, `column` is within the limits; elsewhere it may be anything.
    LimitedIf {
        /// The column that is limited.
        column: String,
        /// The column that decides.
        by: String,
        /// Its values, as input texts.
        values: Vec<String>,
        /// What `column` may be then.
        limits: Box<Limits>,
    },
}
