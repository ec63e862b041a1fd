//! What is known of a column before a maker is chosen for it, and the choice: the vocabulary that reading constraints,
//! reading names and writing datasets share.
//!
//! Values are written as Postgres' input texts throughout, so that one form serves numbers, dates and labels alike.

mod limits;
mod maker;
mod relation;

pub use limits::{Bound, Case, JsonKey, JsonKind, Limits, compare};
pub use maker::{MakerToml, Value};
pub use relation::Relation;

use crate::copy::DataType;

/// A column beside the one that a maker is chosen for.
#[derive(Debug, Clone, Copy)]
pub struct Sibling<'a> {
    /// Its name, unquoted.
    pub name: &'a str,
    /// Its type.
    pub data_type: &'a DataType,
    /// Whether NULL is refused.
    pub not_null: bool,
}

/// What makes a column's values, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The maker with its options.
    pub maker: MakerToml,
    /// The share of NULLs that fits what the column means, where NULL is allowed; `None`: no opinion.
    pub null: Option<f64>,
    /// A few words for the comment beside the column: `a person's name`, `CHECK (price > 0)`.
    pub reason: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// A column that isn't written, which the maker names: added to the table once for all makers that name it.
    pub hidden: Vec<(String, MakerToml)>,
    /// Word lists that the maker names.
    pub lists: Vec<WordList>,
}

/// A word list that goes with a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordList {
    /// Its name under `[lists]`; the file is `words/NAME.txt`.
    pub name: &'static str,
    /// The file's text.
    pub text: &'static str,
}

/// How sure a choice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The type alone decided.
    Guess,
    /// The name says so.
    Likely,
    /// A key, an enum or a constraint says so.
    Sure,
}

impl Choice {
    /// A choice without an opinion on NULL, hidden columns and lists.
    pub fn new(maker: MakerToml, reason: impl Into<String>, confidence: Confidence) -> Choice {
        Choice {
            maker,
            null: None,
            reason: reason.into(),
            confidence,
            hidden: Vec::new(),
            lists: Vec::new(),
        }
    }
}
