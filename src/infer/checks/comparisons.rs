//! Comparisons: of a column with a constant, of two columns, and of how many columns aren't NULL.

use super::comparison::{Comparison, array_text};
use super::counts;
use super::formula::{Demand, Formula, Pair, PairKind};
use super::limits;
use super::predicates;
use super::reader::Reader;
use super::subject::{Step, Subject};
use super::term::{Constant, Op, Term};
use crate::infer::domain::{Case, Limits};

/// `a OP b`
pub fn read(reader: &Reader, op: Op, a: &Term, b: &Term, demand: Demand) -> Formula {
    if let Term::Constant(_) = a {
        return match b {
            Term::Constant(_) => Formula::Unread("a comparison of constants".into()),
            _ => read(reader, op.flipped(), b, a, demand),
        };
    }
    if let Some(formula) = counts::read(reader, op, a, b) {
        return formula;
    }
    if let Some(formula) = spread(reader, op, a, b, demand) {
        return formula;
    }
    match b {
        Term::Constant(Constant::Null) if demand == Demand::NotFalse => Formula::TRUE,
        Term::Constant(Constant::Null) => Formula::FALSE,
        Term::Constant(constant) => with_constant(reader, op, a, constant, demand),
        _ => between_columns(reader, op, a, b, demand),
    }
}

/// Comparisons of a choice among terms: CASE, COALESCE, GREATEST and LEAST.
fn spread(reader: &Reader, op: Op, a: &Term, b: &Term, demand: Demand) -> Option<Formula> {
    let again = |it: &Term, demand| read(reader, op, it, b, demand);
    match a {
        Term::Case(branches, otherwise) => {
            let of = |it: &Term, demand| match (it, b) {
                (Term::Constant(value), Term::Constant(constant)) => {
                    constants(op, value, constant, demand)
                }
                _ => again(it, demand),
            };
            Some(reader.case(branches, otherwise, &of, demand))
        }
        Term::Call(name, arguments) => match (name.as_str(), op) {
            ("coalesce", _) => {
                let (first, rest) = arguments.split_first()?;
                let rest = match rest {
                    [Term::Constant(value)] => match b {
                        Term::Constant(constant) => constants(op, value, constant, demand),
                        _ => return None,
                    },
                    [single] => again(single, demand),
                    _ => read(
                        reader,
                        op,
                        &Term::Call(name.clone(), rest.to_vec()),
                        b,
                        demand,
                    ),
                };
                let is_null = predicates::null(reader, first, true);
                Some(Formula::Any(vec![
                    again(first, Demand::True),
                    Formula::All(vec![is_null, rest]),
                ]))
            }
            ("greatest", Op::Less | Op::LessOrEqual)
            | ("least", Op::Greater | Op::GreaterOrEqual) => Some(Formula::All(
                arguments.iter().map(|it| again(it, demand)).collect(),
            )),
            ("greatest", Op::Greater | Op::GreaterOrEqual)
            | ("least", Op::Less | Op::LessOrEqual) => Some(Formula::Any(
                arguments.iter().map(|it| again(it, Demand::True)).collect(),
            )),
            _ => None,
        },
        _ => None,
    }
}

/// A comparison whose answer is known.
fn constants(op: Op, a: &Constant, b: &Constant, demand: Demand) -> Formula {
    let (Constant::Text(a), Constant::Text(b)) = (a, b) else {
        return match demand {
            Demand::NotFalse => Formula::TRUE,
            Demand::True => Formula::FALSE,
        };
    };
    let order = crate::infer::domain::compare(a, b);
    let holds = match op {
        Op::Equal => order.is_eq(),
        Op::NotEqual => order.is_ne(),
        Op::Less => order.is_lt(),
        Op::LessOrEqual => order.is_le(),
        Op::Greater => order.is_gt(),
        Op::GreaterOrEqual => order.is_ge(),
    };
    if holds { Formula::TRUE } else { Formula::FALSE }
}

fn with_constant(
    reader: &Reader,
    op: Op,
    a: &Term,
    constant: &Constant,
    demand: Demand,
) -> Formula {
    if let Some(pair) = difference(op, a, constant) {
        return held(pair, demand);
    }
    let Some(subject) = reader.subject(a) else {
        return Formula::Unread(format!("a comparison of {}", reader.named(a)));
    };
    let comparison = match Comparison::with(op, constant) {
        Ok(comparison) => comparison,
        Err(reason) => return Formula::Unread(reason),
    };
    match limits::of(reader, &subject, &comparison) {
        Ok(alternatives) => Formula::limits(subject.column, alternatives, demand),
        Err(reason) => Formula::Unread(reason),
    }
}

/// `b - a >= 5`, and nothing but columns on the left.
fn difference(op: Op, a: &Term, constant: &Constant) -> Option<Pair> {
    let ("-", [Term::Column(larger), Term::Column(smaller)]) = a.as_call()? else {
        return None;
    };
    let gap = match constant {
        Constant::Text(text) => text.parse().ok()?,
        #[expect(clippy::cast_precision_loss, reason = "seconds of an interval")]
        Constant::Interval(seconds) => *seconds as f64,
        _ => return None,
    };
    pair(op, (*larger, 0.0), (*smaller, gap))
}

/// `= ANY (array)` and `<> ALL (array)`, and the other operators with either.
pub fn quantified(
    reader: &Reader,
    op: Op,
    a: &Term,
    array: &Term,
    any: bool,
    negated: bool,
    demand: Demand,
) -> Formula {
    let (op, any) = if negated {
        (op.negated(), !any)
    } else {
        (op, any)
    };
    let elements: Vec<Term> = match array {
        Term::Constant(Constant::Array(elements)) => {
            let term = |it: &Option<String>| match it {
                Some(text) => Term::text(text.clone()),
                None => Term::Constant(Constant::Null),
            };
            elements.iter().map(term).collect()
        }
        Term::Array(elements) => elements.clone(),
        _ => return element_of(reader, op, a, array, any),
    };
    let texts: Option<Vec<String>> = elements
        .iter()
        .map(|it| it.as_text().map(str::to_owned))
        .collect();
    let subject = reader.subject(a);
    match (op, any, texts, subject) {
        (Op::Equal, true, Some(texts), Some(subject)) => {
            listed(reader, &subject, &Comparison::In(texts), demand)
        }
        (Op::NotEqual, false, Some(texts), Some(subject)) => {
            listed(reader, &subject, &Comparison::NotIn(texts), demand)
        }
        _ => {
            let each = elements
                .iter()
                .map(|it| read(reader, op, a, it, demand))
                .collect();
            if any {
                Formula::Any(each)
            } else {
                Formula::All(each)
            }
        }
    }
}

/// `'a' = ANY (x)` of a column that is an array.
fn element_of(reader: &Reader, op: Op, a: &Term, array: &Term, any: bool) -> Formula {
    match (a, array, op, any) {
        (Term::Constant(Constant::Text(element)), Term::Column(column), Op::Equal, true) => {
            let only = array_text(&[Some(element.clone())]);
            Formula::limits(*column, vec![Limits::of_values([only])], Demand::NotFalse)
        }
        _ => Formula::Unread(format!("the elements of {}", reader.named(array))),
    }
}

fn listed(reader: &Reader, subject: &Subject, comparison: &Comparison, demand: Demand) -> Formula {
    match limits::of(reader, subject, comparison) {
        Ok(alternatives) => Formula::limits(subject.column, alternatives, demand),
        Err(reason) => Formula::Unread(reason),
    }
}

fn between_columns(reader: &Reader, op: Op, a: &Term, b: &Term, demand: Demand) -> Formula {
    if let (Some(left), Some(right)) = (reader.subject(a), reader.subject(b))
        && left.column == right.column
    {
        return with_itself(reader, op, &left, &right, demand);
    }
    let sides = (moved(a), moved(b));
    if let (Some(left), Some(right)) = sides
        && let Some(pair) = pair(op, left, right)
    {
        return held(pair, demand);
    }
    Formula::Unread(format!("{} with {}", reader.named(a), reader.named(b)))
}

/// A pair; where NULL isn't accepted, with both columns not NULL.
fn held(pair: Pair, demand: Demand) -> Formula {
    match demand {
        Demand::NotFalse => Formula::Pair(pair),
        Demand::True => {
            let both = [pair.a, pair.b].map(|column| Formula::null(column, false));
            Formula::All(both.into_iter().chain([Formula::Pair(pair)]).collect())
        }
    }
}

/// A column with a number or an interval added.
fn moved(term: &Term) -> Option<(usize, f64)> {
    match term {
        Term::Column(column) => Some((*column, 0.0)),
        Term::Call(name, arguments) => {
            let sign = match name.as_str() {
                "+" => 1.0,
                "-" => -1.0,
                _ => return None,
            };
            let amount = |term: &Term| match term {
                #[expect(clippy::cast_precision_loss, reason = "seconds of an interval")]
                Term::Constant(Constant::Interval(seconds)) => Some(*seconds as f64),
                other => other.as_number(),
            };
            match arguments.as_slice() {
                [Term::Column(column), by] => Some((*column, sign * amount(by)?)),
                [by, Term::Column(column)] if name == "+" => Some((*column, amount(by)?)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `a + x OP b + y` as a pair.
fn pair(op: Op, (a, x): (usize, f64), (b, y): (usize, f64)) -> Option<Pair> {
    let gap = y - x;
    let shown = super::constant::shown;
    Some(match op {
        Op::Equal if gap == 0.0 => Pair {
            a,
            b,
            kind: PairKind::Equal,
        },
        Op::NotEqual if gap == 0.0 => Pair {
            a,
            b,
            kind: PairKind::NotEqual,
        },
        Op::Equal | Op::NotEqual => return None,
        Op::Greater | Op::GreaterOrEqual => {
            let (pair_op, sides) = (op.flipped(), ((b, y), (a, x)));
            return pair(pair_op, sides.0, sides.1);
        }
        // a <= b + gap
        Op::Less | Op::LessOrEqual if gap == 0.0 => Pair {
            a,
            b,
            kind: PairKind::Less {
                strict: op == Op::Less,
            },
        },
        Op::Less | Op::LessOrEqual if gap < 0.0 => Pair {
            a,
            b,
            kind: PairKind::AtLeastApart(shown(
                -gap + if op == Op::Less { closest(-gap) } else { 0.0 },
            )),
        },
        Op::Less | Op::LessOrEqual => Pair {
            a: b,
            b: a,
            kind: PairKind::AtMostApart(shown(
                gap - if op == Op::Less { closest(gap) } else { 0.0 },
            )),
        },
    })
}

/// How far from a gap that is refused itself to stay: a whole number where it is one.
fn closest(gap: f64) -> f64 {
    if gap.fract() == 0.0 { 1.0 } else { gap / 100.0 }
}

/// `lower(x) = x`: what a function leaves as it is.
fn with_itself(reader: &Reader, op: Op, a: &Subject, b: &Subject, demand: Demand) -> Formula {
    let unread = || {
        let name = reader.columns[a.column].name;
        Formula::Unread(format!("{name} with itself"))
    };
    if let Some(alternatives) = range_ends(op, a, b) {
        return Formula::limits(a.column, alternatives, demand);
    }
    let steps = match (a.steps.as_slice(), b.steps.as_slice()) {
        (steps, []) | ([], steps) => steps,
        // What leaves the value as it is before the steps leaves it as it is after them.
        (long, short) if long.starts_with(short) => &long[short.len()..],
        (short, long) if long.starts_with(short) => &long[short.len()..],
        // What is trimmed is as long as before.
        (long, short) if without_trim(long) == without_trim(short) => &[Step::Trim],
        _ => return unread(),
    };
    if !matches!(op, Op::Equal | Op::LessOrEqual | Op::GreaterOrEqual) {
        return unread();
    }
    let mut limits = Limits::default();
    for step in steps {
        match step {
            Step::Lower => limits.case = Some(Case::Lower),
            Step::Upper => limits.case = Some(Case::Upper),
            Step::Trim => limits.trimmed = true,
            Step::Rounded(places) => limits.scale = Some(*places),
            Step::Without(text) if text.chars().count() == 1 => {
                let class = super::patterns::complement(&super::patterns::escaped(text));
                limits.patterns.extend(class);
            }
            Step::Truncated(unit) => {
                match super::moments::starts_of(unit, reader.columns[a.column].data_type) {
                    Some(values) => limits.narrow(&Limits::of_values(values)),
                    None => return unread(),
                }
            }
            Step::Abs => limits.narrow(&limits::at_least("0")),
            _ => return unread(),
        }
    }
    Formula::limits(a.column, vec![limits], demand)
}

/// `lower(range) < upper(range)`, which any range but the empty one keeps.
fn range_ends(op: Op, a: &Subject, b: &Subject) -> Option<Vec<Limits>> {
    let ends = (a.steps.as_slice(), b.steps.as_slice());
    let holds = match ends {
        ([Step::RangeStart], [Step::RangeEnd]) => {
            matches!(op, Op::Less | Op::LessOrEqual | Op::NotEqual)
        }
        ([Step::RangeEnd], [Step::RangeStart]) => {
            matches!(op, Op::Greater | Op::GreaterOrEqual | Op::NotEqual)
        }
        _ => false,
    };
    let not_empty = Limits {
        not_empty: true,
        ..Limits::default()
    };
    holds.then(|| vec![not_empty])
}

fn without_trim(steps: &[Step]) -> Vec<&Step> {
    steps.iter().filter(|it| **it != Step::Trim).collect()
}
