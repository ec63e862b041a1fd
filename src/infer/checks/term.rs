//! A constraint's expression with the spelling taken out: parentheses, casts that change nothing and the many ways to write
//! an operator are gone, constants are folded.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// A column, by its place among the table's.
    Column(usize),
    /// A value.
    Constant(Constant),
    /// `NOT x`
    Not(Box<Term>),
    /// `a AND b AND …`
    And(Vec<Term>),
    /// `a OR b OR …`
    Or(Vec<Term>),
    /// `a < b`
    Compare(Op, Box<Term>, Box<Term>),
    /// `a = ANY (b)`
    AnyOf(Op, Box<Term>, Box<Term>),
    /// `a <> ALL (b)`
    AllOf(Op, Box<Term>, Box<Term>),
    /// `a IS NULL`
    IsNull(Box<Term>),
    /// `a IS TRUE`, `a IS FALSE`
    Is(Box<Term>, bool),
    /// `a IS DISTINCT FROM b`
    Distinct(Box<Term>, Box<Term>),
    /// `CASE WHEN c THEN r … ELSE e END`
    Case(Vec<(Term, Term)>, Box<Term>),
    /// `ARRAY[…]` of something else than constants.
    Array(Vec<Term>),
    /// A function by its name in lower case without its schema, or an operator by its sign.
    Call(String, Vec<Term>),
}

/// A constant, as the input text that it has in Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    /// NULL.
    Null,
    /// Any single value; a boolean is `true` or `false`.
    Text(String),
    /// An interval, in seconds; months have 30 days.
    Interval(i64),
    /// An array of one dimension.
    Array(Vec<Option<String>>),
    /// So many seconds after the time at which the row is written.
    Now(i64),
    /// So many years after the year in which the row is written.
    Year(i64),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Op {
    /// What holds where this doesn't.
    pub fn negated(self) -> Op {
        match self {
            Op::Equal => Op::NotEqual,
            Op::NotEqual => Op::Equal,
            Op::Less => Op::GreaterOrEqual,
            Op::LessOrEqual => Op::Greater,
            Op::Greater => Op::LessOrEqual,
            Op::GreaterOrEqual => Op::Less,
        }
    }

    /// The same with its sides exchanged.
    pub fn flipped(self) -> Op {
        match self {
            Op::Less => Op::Greater,
            Op::LessOrEqual => Op::GreaterOrEqual,
            Op::Greater => Op::Less,
            Op::GreaterOrEqual => Op::LessOrEqual,
            Op::Equal | Op::NotEqual => self,
        }
    }
}

impl Constant {
    /// A boolean.
    pub fn boolean(yes: bool) -> Constant {
        Constant::Text(yes.to_string())
    }

    /// A text as a boolean.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Constant::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" => Some(true),
                "false" | "f" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Term {
    /// A single value.
    pub fn text(text: impl Into<String>) -> Term {
        Term::Constant(Constant::Text(text.into()))
    }

    /// The text of a single value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Term::Constant(Constant::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A single value that is a number.
    pub fn as_number(&self) -> Option<f64> {
        self.as_text()?.parse().ok()
    }

    /// A single value that is a whole number.
    pub fn as_integer(&self) -> Option<i64> {
        self.as_text()?.parse().ok()
    }

    /// Its function's or operator's name and arguments.
    pub fn as_call(&self) -> Option<(&str, &[Term])> {
        match self {
            Term::Call(name, arguments) => Some((name, arguments)),
            _ => None,
        }
    }

    /// The columns that it names, each once, in order.
    pub fn columns(&self) -> Vec<usize> {
        let mut found = Vec::new();
        self.add_columns(&mut found);
        found
    }

    fn add_columns(&self, found: &mut Vec<usize>) {
        match self {
            Term::Column(column) if !found.contains(column) => found.push(*column),
            Term::Column(_) | Term::Constant(_) => {}
            Term::Not(inner) | Term::IsNull(inner) | Term::Is(inner, _) => inner.add_columns(found),
            Term::And(parts) | Term::Or(parts) | Term::Array(parts) | Term::Call(_, parts) => {
                parts.iter().for_each(|part| part.add_columns(found));
            }
            Term::Compare(_, a, b)
            | Term::AnyOf(_, a, b)
            | Term::AllOf(_, a, b)
            | Term::Distinct(a, b) => {
                a.add_columns(found);
                b.add_columns(found);
            }
            Term::Case(branches, otherwise) => {
                for (condition, result) in branches {
                    condition.add_columns(found);
                    result.add_columns(found);
                }
                otherwise.add_columns(found);
            }
        }
    }
}
