//! What a server is asked of a constraint that isn't understood, and what it answers. Pure.

use super::checks::pool::Pool;
use super::domain::Limits;
use crate::copy::DataType;

/// A constraint of one table, and the columns that it is about: all of a CHECK's, or one of a domain's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuestionKey {
    /// The table.
    pub table: String,
    /// The constraint.
    pub constraint: String,
    /// The columns.
    pub columns: Vec<String>,
}

/// Whether the rows that a table's makers make satisfy a constraint, and which values else do.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What it is about.
    pub key: QuestionKey,
    /// `pg_get_constraintdef`.
    pub definition: String,
    /// Its columns, in the key's order.
    pub columns: Vec<AskedColumn>,
}

/// A column of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedColumn {
    /// As the constraint names it: `value` of a domain.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// What else is asked of it.
    pub limits: Limits,
    /// What fills it.
    pub filled: Filled,
    /// Whether it may be left out, and is NULL then.
    pub may_be_null: bool,
    /// Whether its values may be those of a list.
    pub may_be_listed: bool,
}

/// What fills a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// Its maker, which may be another one.
    ByMaker,
    /// A key's, which has to stay.
    ByKey,
    /// The same in every row: NULL, or a default's constant.
    Always(Option<String>),
    /// A default of which the value isn't known.
    Unknown,
}

impl Filled {
    /// Whether it is a key's.
    pub fn is_by_key(&self) -> bool {
        *self == Filled::ByKey
    }
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It accepts what the makers make: so many rows of it.
    Held(usize),
    /// It accepts these values.
    Pool(Pool),
    /// It accepts what the makers make where some columns are always NULL, and others never.
    Nulls {
        /// Those that are always NULL.
        always: Vec<String>,
        /// Those that never are.
        never: Vec<String>,
    },
}

impl Answer {
    /// The columns that it has be made otherwise.
    pub fn changed<'a>(&'a self, key: &'a QuestionKey) -> Vec<&'a str> {
        match self {
            Answer::Held(_) => Vec::new(),
            Answer::Pool(_) => key.columns.iter().map(String::as_str).collect(),
            Answer::Nulls { always, never } => {
                always.iter().chain(never).map(String::as_str).collect()
            }
        }
    }
}
