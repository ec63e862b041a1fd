//! The reading of terms as formulas: what each kind of term needs, whichever file reads it.

use super::CheckedColumn;
use super::formula::{Demand, Formula};
use super::subject::Subject;
use super::term::{Constant, Term};

/// Reads terms as formulas, with the columns that they name by place.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The columns.
    pub columns: &'a [CheckedColumn<'a>],
    /// The reading of any term, or of its negation: comparisons and calls have terms of every kind in them.
    pub any: fn(&Reader, &Term, bool, Demand) -> Formula,
}

impl Reader<'_> {
    /// The formula of a term, or of its negation.
    pub fn formula(&self, term: &Term, negated: bool, demand: Demand) -> Formula {
        (self.any)(self, term, negated, demand)
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

    /// A term as people read it, for what isn't understood.
    pub fn named(&self, term: &Term) -> String {
        match term {
            Term::Column(column) => self.columns[*column].name.to_owned(),
            Term::Constant(Constant::Text(text)) => text.clone(),
            Term::Call(name, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|it| self.named(it)).collect();
                format!("{name}({})", arguments.join(", "))
            }
            _ => "an expression".into(),
        }
    }
}
