//! A constraint as a formula over tests of columns, negations pushed down into the tests.
//!
//! A CHECK passes when its expression isn't false. In SQL's three-valued logic AND and OR keep that apart: an AND isn't false
//! when none of its parts is, an OR when one of them isn't. So the question reaches the single tests, which answer it for
//! NULL, too.

use super::CheckedColumn;
use super::comparison;
use super::parse::is_truth;
use super::predicates;
use super::subject::Subject;
use super::term::{Constant, Op, Term};
use crate::copy::{Scalar, TypeKind};
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

/// Reads terms as formulas, with the columns that they name by place.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The columns.
    pub columns: &'a [CheckedColumn<'a>],
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

impl Reader<'_> {
    /// The formula of a term, or of its negation.
    pub fn formula(&self, term: &Term, negated: bool, demand: Demand) -> Formula {
        match term {
            Term::Not(inner) => self.formula(inner, !negated, demand),
            Term::And(parts) | Term::Or(parts) => {
                let read = |it| self.formula(it, negated, demand);
                let read = parts.iter().map(read).collect();
                match matches!(term, Term::And(_)) != negated {
                    true => Formula::All(read),
                    false => Formula::Any(read),
                }
            }
            Term::Is(inner, wanted) => self.truth(inner, *wanted, negated),
            Term::IsNull(inner) => predicates::null(self, inner, !negated),
            Term::Constant(constant) => truth_of(constant, negated, demand),
            Term::Column(column) if self.is_boolean(*column) => {
                let values = Limits::of_values([(!negated).to_string()]);
                Formula::limits(*column, vec![values], demand)
            }
            Term::Compare(op, a, b) if self.are_truths(a, b) => {
                self.equivalence(*op, a, b, negated, demand)
            }
            Term::Compare(op, a, b) => {
                let op = if negated { op.negated() } else { *op };
                comparison::read(self, op, a, b, demand)
            }
            Term::AnyOf(op, a, array) => {
                comparison::quantified(self, *op, a, array, true, negated, demand)
            }
            Term::AllOf(op, a, array) => {
                comparison::quantified(self, *op, a, array, false, negated, demand)
            }
            Term::Distinct(a, b) => self.distinct(a, b, negated),
            Term::Case(branches, otherwise) => self.case(
                branches,
                otherwise,
                &|result, demand| self.formula(result, negated, demand),
                demand,
            ),
            Term::Call(name, arguments) => predicates::call(self, name, arguments, negated, demand),
            Term::Column(_) | Term::Array(_) => Formula::Unread("not a truth value".into()),
        }
    }

    /// `x IS TRUE` and `x IS FALSE`, which are never NULL.
    fn truth(&self, inner: &Term, wanted: bool, negated: bool) -> Formula {
        match negated {
            false => self.formula(inner, !wanted, Demand::True),
            true => self.formula(inner, wanted, Demand::NotFalse),
        }
    }

    fn is_boolean(&self, column: usize) -> bool {
        let base = &self.columns[column].data_type.base().kind;
        matches!(base, TypeKind::Scalar(Scalar::Bool))
    }

    /// Whether a comparison is one of truth values, not of a column with a constant.
    fn are_truths(&self, a: &Term, b: &Term) -> bool {
        let is_column = |it: &Term| matches!(it, Term::Column(column) if self.is_boolean(*column));
        let is_constant = |it: &Term| matches!(it, Term::Constant(it) if it.as_boolean().is_some());
        let may_be = |it: &Term| is_truth(it) || is_column(it) || is_constant(it);
        may_be(a) && may_be(b) && (is_truth(a) || is_truth(b) || is_column(a) || is_column(b))
    }

    /// `a = b` and `a <> b` of truth values: both true or both false, or one of each.
    fn equivalence(&self, op: Op, a: &Term, b: &Term, negated: bool, demand: Demand) -> Formula {
        let same = match op {
            Op::Equal => !negated,
            Op::NotEqual => negated,
            _ => return Formula::Unread("an order of truth values".into()),
        };
        let both = |first: bool, second: bool| {
            let first = self.formula(a, !first, demand);
            let second = self.formula(b, !second, demand);
            Formula::All(vec![first, second])
        };
        Formula::Any(vec![both(true, same), both(false, !same)]).simplified()
    }

    fn distinct(&self, a: &Term, b: &Term, negated: bool) -> Formula {
        let (value, constant) = match (a, b) {
            (value, Term::Constant(constant)) | (Term::Constant(constant), value) => {
                (value, constant)
            }
            _ => return self.distinct_columns(a, b, negated),
        };
        if *constant == Constant::Null {
            return predicates::null(self, value, negated);
        }
        let op = if negated { Op::Equal } else { Op::NotEqual };
        let constant = Term::Constant(constant.clone());
        match negated {
            true => comparison::read(self, op, value, &constant, Demand::True),
            false => Formula::Any(vec![
                predicates::null(self, value, true),
                comparison::read(self, op, value, &constant, Demand::True),
            ]),
        }
    }

    fn distinct_columns(&self, a: &Term, b: &Term, negated: bool) -> Formula {
        let null = |term, is_null| predicates::null(self, term, is_null);
        let op = if negated { Op::Equal } else { Op::NotEqual };
        let compared = comparison::read(self, op, a, b, Demand::True);
        match negated {
            true => Formula::Any(vec![
                Formula::All(vec![null(a, true), null(b, true)]),
                compared,
            ]),
            false => Formula::Any(vec![
                compared,
                Formula::All(vec![null(a, true), null(b, false)]),
                Formula::All(vec![null(a, false), null(b, true)]),
            ]),
        }
    }

    /// A CASE whose results are read by `result`: the first branch whose condition is true.
    pub fn case(
        &self,
        branches: &[(Term, Term)],
        otherwise: &Term,
        result: &dyn Fn(&Term, Demand) -> Formula,
        demand: Demand,
    ) -> Formula {
        let mut alternatives = Vec::new();
        let mut before: Vec<Formula> = Vec::new();
        for (condition, value) in branches {
            let mut parts = before.clone();
            parts.push(self.formula(condition, false, Demand::True));
            parts.push(result(value, demand));
            alternatives.push(Formula::All(parts));
            before.push(self.formula(condition, true, Demand::NotFalse));
        }
        before.push(result(otherwise, demand));
        alternatives.push(Formula::All(before));
        Formula::Any(alternatives).simplified()
    }

    /// The column and what is done to its values before they are compared.
    pub fn subject(&self, term: &Term) -> Option<Subject> {
        Subject::of(term, self.columns)
    }
}

fn truth_of(constant: &Constant, negated: bool, demand: Demand) -> Formula {
    match (constant.as_boolean(), constant) {
        (Some(yes), _) if yes != negated => Formula::TRUE,
        (Some(_), _) => Formula::FALSE,
        (None, Constant::Null) if demand == Demand::NotFalse => Formula::TRUE,
        (None, Constant::Null) => Formula::FALSE,
        _ => Formula::Unread("not a truth value".into()),
    }
}
