//! What becomes of rows that stand in the way, and of those that break keys.

/// What becomes of rows that are there and of those that break keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether rows are added to those that are there.
    pub append: bool,
    /// Rows whose primary or unique key stands in an earlier row.
    pub duplicates: Duplicates,
    /// Rows that refer to a row that isn't there.
    pub orphans: Orphans,
}

/// What becomes of rows whose primary or unique key stands in an earlier row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// The load is left unfinished.
    Fail,
    /// The first one is kept, the others are rejected.
    Reject,
}

/// What becomes of rows that refer to a row that isn't there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// The load is left unfinished.
    Fail,
    /// They are loaded, and the foreign key stays NOT VALID.
    Keep,
    /// They are rejected, and the rows that refer to them.
    Reject,
}
