//! A constraint as a formula over tests of columns, negations pushed down into the tests.

use crate::infer::domain::Limits;

/// A formula without negations.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// All must hold; none: always true.
    All(Vec<Formula>),
    /// One must hold; none: never true.
    Any(Vec<Formula>),
    /// Of one column.
    Test(Test),
    /// Of two columns.
    Pair(Pair),
    /// Of how many columns aren't NULL.
    Count(Count),
    /// Not understood; in words or as SQL.
    Unread(String),
}

/// What a column may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The column.
    pub column: usize,
    /// Whether it may be NULL.
    pub null: bool,
    /// What it may be otherwise; `None`: nothing.
    pub limits: Option<Limits>,
}

/// How two columns compare; holds where one is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The smaller column, or one.
    pub a: usize,
    /// The larger, or the other.
    pub b: usize,
    /// What is compared.
    pub kind: PairKind,
}

/// What two columns are to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairKind {
    /// `a < b`, or `a <= b`.
    Less {
        /// Whether equal values are refused.
        strict: bool,
    },
    /// `a <> b`
    NotEqual,
    /// `a = b`
    Equal,
    /// `b >= a + gap`; a number, seconds of times, days of dates.
    AtLeastApart(String),
    /// `b <= a + gap`
    AtMostApart(String),
}

/// How many of some columns aren't NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The columns.
    pub columns: Vec<usize>,
    /// The fewest.
    pub least: usize,
    /// The most.
    pub most: usize,
}

/// What a truth value must be for a row to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// True or NULL: what CHECK asks for.
    NotFalse,
    /// True: what WHERE asks for.
    True,
}

impl Formula {
    /// Always true.
    pub const TRUE: Formula = Formula::All(Vec::new());
    /// Never true.
    pub const FALSE: Formula = Formula::Any(Vec::new());

    /// A column that is or isn't NULL.
    pub fn null(column: usize, is_null: bool) -> Formula {
        Formula::Test(Test {
            column,
            null: is_null,
            limits: (!is_null).then(Limits::default),
        })
    }

    /// One of several limits of a column, NULL where a comparison with NULL is accepted.
    pub fn limits(column: usize, alternatives: Vec<Limits>, demand: Demand) -> Formula {
        let test = |limits| {
            Formula::Test(Test {
                column,
                null: demand == Demand::NotFalse,
                limits: Some(limits),
            })
        };
        Formula::Any(alternatives.into_iter().map(test).collect()).simplified()
    }

    /// Without ANDs in ANDs, ORs in ORs, and either of one part.
    pub fn simplified(self) -> Formula {
        match self {
            Formula::All(parts) => {
                let mut flat = Vec::new();
                for part in parts {
                    match part.simplified() {
                        Formula::All(inner) => flat.extend(inner),
                        Formula::Any(inner) if inner.is_empty() => return Formula::FALSE,
                        other => flat.push(other),
                    }
                }
                only(flat, Formula::All)
            }
            Formula::Any(parts) => {
                let mut flat = Vec::new();
                for part in parts {
                    match part.simplified() {
                        Formula::Any(inner) => flat.extend(inner),
                        Formula::All(inner) if inner.is_empty() => return Formula::TRUE,
                        other => flat.push(other),
                    }
                }
                only(flat, Formula::Any)
            }
            other => other,
        }
    }
}

fn only(mut parts: Vec<Formula>, of: fn(Vec<Formula>) -> Formula) -> Formula {
    match parts.len() {
        1 => parts.remove(0),
        _ => of(parts),
    }
}
