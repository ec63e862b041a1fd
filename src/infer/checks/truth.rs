//! Truth values → formulas: AND, OR, NOT and what is true or false by itself.
//!
//! A CHECK passes when its expression isn't false. In SQL's three-valued logic AND and OR keep that apart: an AND isn't false
//! when none of its parts is, an OR when one of them isn't. So the question reaches the single tests, which answer it for
//! NULL, too.

use super::CheckedColumn;
use super::comparisons;
use super::formula::{Demand, Formula};
use super::parse::is_truth;
use super::predicates;
use super::reader::Reader;
use super::term::{Constant, Op, Term};
use crate::copy::{Scalar, TypeKind};
use crate::infer::domain::Limits;

/// A reader of constraints of these columns.
pub fn reader<'a>(columns: &'a [CheckedColumn<'a>]) -> Reader<'a> {
    Reader {
        columns,
        any: |reader, term, negated, demand| reader.read(term, negated, demand),
    }
}

impl Reader<'_> {
    /// The formula of a term, or of its negation.
    fn read(&self, term: &Term, negated: bool, demand: Demand) -> Formula {
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
                comparisons::read(self, op, a, b, demand)
            }
            Term::AnyOf(op, a, array) => {
                comparisons::quantified(self, *op, a, array, true, negated, demand)
            }
            Term::AllOf(op, a, array) => {
                comparisons::quantified(self, *op, a, array, false, negated, demand)
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
            true => comparisons::read(self, op, value, &constant, Demand::True),
            false => Formula::Any(vec![
                predicates::null(self, value, true),
                comparisons::read(self, op, value, &constant, Demand::True),
            ]),
        }
    }

    fn distinct_columns(&self, a: &Term, b: &Term, negated: bool) -> Formula {
        let null = |term, is_null| predicates::null(self, term, is_null);
        let op = if negated { Op::Equal } else { Op::NotEqual };
        let compared = comparisons::read(self, op, a, b, Demand::True);
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
