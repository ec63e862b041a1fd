//! Handling of existing rows and of rows that violate keys.

pub use crate::dataset::spec::Triggers;

/// Handling of existing rows and of rows that violate keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether rows are added to existing ones.
    pub append: bool,
    /// Rows with the primary or unique key of an earlier row.
    pub duplicates: Duplicates,
    /// Rows that refer to a row that doesn't exist.
    pub orphans: Orphans,
    /// Triggers that fire for inserted rows.
    pub triggers: Triggers,
}

/// Handling of rows with the primary or unique key of an earlier row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// The load fails and stays unfinished.
    Fail,
    /// The first one is kept, the others are rejected.
    Reject,
}

/// Handling of rows that refer to a row that doesn't exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// The load fails and stays unfinished.
    Fail,
    /// They are loaded, and the foreign key stays NOT VALID.
    Keep,
    /// They are rejected, and the rows that refer to them.
    Reject,
}
