//! Why a table's records can't be loaded, where others than these are read on to count them all.

use std::fmt;

use tokio_postgres::error::SqlState;

/// A key that stays in place during the load, and that a record breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedKey {
    /// A unique key or an exclusion constraint.
    Duplicate,
    /// A foreign key.
    Orphan,
}

impl RefusedKey {
    /// The key that an error of the server is about.
    pub fn of(code: &SqlState) -> Option<RefusedKey> {
        match *code {
            SqlState::UNIQUE_VIOLATION | SqlState::EXCLUSION_VIOLATION => {
                Some(RefusedKey::Duplicate)
            }
            SqlState::FOREIGN_KEY_VIOLATION => Some(RefusedKey::Orphan),
            _ => None,
        }
    }
}

/// A record of a foreign file breaks a key, and no such record may be left out.
#[derive(Debug)]
pub struct RefusedRecord {
    /// Which record, and what it breaks.
    pub message: String,
    /// The key.
    pub key: RefusedKey,
}

impl fmt::Display for RefusedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RefusedRecord {}

/// More records are rejected than are allowed. Those of all tables are counted before that is reported.
#[derive(Debug)]
pub struct TooManyRejects;

impl fmt::Display for TooManyRejects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more records are rejected than --max-rejects allows")
    }
}

impl std::error::Error for TooManyRejects {}
