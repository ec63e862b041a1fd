//! Tests that aren't comparisons: IS NULL, patterns, and functions that answer true or false.

use super::comparison::{Comparison, array_text};
use super::formula::{Demand, Formula, Test};
use super::limits;
use super::patterns;
use super::reader::Reader;
use super::term::{Constant, Term};
use crate::infer::domain::{JsonKey, JsonKind, Limits};

/// `x IS NULL` or `x IS NOT NULL`, of a column or of what is NULL where columns are.
pub fn null(reader: &Reader, term: &Term, is_null: bool) -> Formula {
    match term {
        Term::Column(column) => Formula::null(*column, is_null),
        Term::Constant(constant) => match (*constant == Constant::Null) == is_null {
            true => Formula::TRUE,
            false => Formula::FALSE,
        },
        Term::Call(name, arguments) => null_call(reader, name, arguments, is_null),
        Term::Case(branches, otherwise) => {
            let of = |it: &Term, _| null(reader, it, is_null);
            reader.case(branches, otherwise, &of, Demand::True)
        }
        _ => Formula::Unread(format!("whether {} is NULL", reader.named(term))),
    }
}

fn null_call(reader: &Reader, name: &str, arguments: &[Term], is_null: bool) -> Formula {
    let each = || {
        arguments
            .iter()
            .map(|it| null(reader, it, is_null))
            .collect()
    };
    match (name, arguments) {
        ("coalesce", _) | ("concat_ws", []) => match is_null {
            true => Formula::All(each()),
            false => Formula::Any(each()),
        },
        ("array_length" | "array_ndims", [Term::Column(column), ..]) if !is_null => {
            Formula::limits(*column, vec![limits::not_empty_array()], Demand::True)
        }
        ("row", _) => Formula::All(each()),
        ("nullif", [value, Term::Constant(constant)]) => nullif(reader, value, constant, is_null),
        ("->" | "->>", [value, Term::Constant(Constant::Text(key))]) => match is_null {
            true => null(reader, value, true),
            false => with_key(reader, value, key),
        },
        (
            "lower" | "upper" | "btrim" | "length" | "date_part" | "date_trunc" | "abs" | "+" | "-"
            | "*" | "||",
            _,
        ) => match is_null {
            true => Formula::Any(each()),
            false => Formula::All(each()),
        },
        _ => Formula::Unread(format!("whether {name}() is NULL")),
    }
}

/// `NULLIF(x, 'a') IS NULL`: x is NULL or `a`.
fn nullif(reader: &Reader, value: &Term, constant: &Constant, is_null: bool) -> Formula {
    let constant = Box::new(Term::Constant(constant.clone()));
    let equal = Term::Compare(super::term::Op::Equal, Box::new(value.clone()), constant);
    let compared = reader.formula(&equal, !is_null, Demand::True);
    match is_null {
        true => Formula::Any(vec![null(reader, value, true), compared]),
        false => compared,
    }
}

/// A column whose JSON has a key.
fn with_key(reader: &Reader, value: &Term, key: &str) -> Formula {
    match reader.subject(value) {
        Some(subject) if subject.steps.is_empty() => Formula::limits(
            subject.column,
            vec![limits::json_key(JsonKey::named(key))],
            Demand::True,
        ),
        _ => Formula::Unread(format!("the key {key} of {}", reader.named(value))),
    }
}

/// A function or an operator that answers true or false.
pub fn call(
    reader: &Reader,
    name: &str,
    arguments: &[Term],
    negated: bool,
    demand: Demand,
) -> Formula {
    let unread = || Formula::Unread(format!("calls {name}()"));
    match (name, arguments) {
        ("~" | "~*" | "~~" | "~~*" | "^@" | "starts_with", [value, pattern]) => {
            matched(reader, name, value, pattern, negated, demand)
        }
        ("coalesce", [value, Term::Constant(otherwise)]) => match otherwise.as_boolean() {
            // What is NULL counts as the constant.
            Some(yes) if yes != negated => reader.formula(value, negated, Demand::NotFalse),
            Some(_) => reader.formula(value, negated, Demand::True),
            None => unread(),
        },
        ("isempty", [Term::Column(column)]) => {
            let limits = match negated {
                true => Limits {
                    not_empty: true,
                    ..Limits::default()
                },
                false => Limits::of_values(["empty"]),
            };
            Formula::limits(*column, vec![limits], demand)
        }
        ("lower_inf" | "upper_inf", [Term::Column(column)]) if negated => {
            let limits = Limits {
                not_empty: true,
                ..Limits::default()
            };
            Formula::limits(*column, vec![limits], demand)
        }
        ("isfinite", [Term::Column(column)]) if !negated => {
            let limits = Limits {
                excluded: vec!["infinity".into(), "-infinity".into()],
                ..Limits::default()
            };
            Formula::limits(*column, vec![limits], demand)
        }
        (
            "?" | "?&" | "?|" | "jsonb_exists" | "jsonb_exists_all" | "jsonb_exists_any",
            [value, keys],
        ) if !negated => has_keys(reader, name, value, keys),
        ("@>" | "<@" | "&&", [a, b]) if !negated => contained(reader, name, a, b, demand),
        _ => unread(),
    }
}

fn matched(
    reader: &Reader,
    name: &str,
    value: &Term,
    pattern: &Term,
    negated: bool,
    demand: Demand,
) -> Formula {
    let pattern = match (name, pattern) {
        ("~~" | "~~*", Term::Constant(Constant::Text(like))) => patterns::of_like(like),
        ("^@" | "starts_with", Term::Constant(Constant::Text(text))) => {
            Some(format!("^{}", patterns::escaped(text)))
        }
        (_, Term::Constant(Constant::Text(pattern))) => Some(pattern.clone()),
        (_, Term::Call(call, arguments)) if call == "similar_to_escape" => {
            let like = arguments.first().and_then(Term::as_text);
            like.and_then(patterns::of_similar)
        }
        _ => None,
    };
    let (Some(pattern), Some(subject)) = (pattern, reader.subject(value)) else {
        return Formula::Unread(format!("a pattern of {}", reader.named(value)));
    };
    let comparison = match (negated, name.ends_with('*')) {
        (false, _) => Comparison::Matches(pattern),
        (true, false) => Comparison::MatchesNot(pattern),
        // A pattern that no text matches in one case may match one in the other.
        (true, true) => Comparison::MatchesNot(patterns::both_cases(&pattern)),
    };
    match limits::of(reader, &subject, &comparison) {
        Ok(alternatives) => Formula::limits(subject.column, alternatives, demand),
        Err(reason) => Formula::Unread(reason),
    }
}

/// `x ? 'key'` and its kin.
fn has_keys(reader: &Reader, name: &str, value: &Term, keys: &Term) -> Formula {
    let (Term::Column(column), Term::Constant(keys)) = (value, keys) else {
        return Formula::Unread(format!("{name} of {}", reader.named(value)));
    };
    let keys: Vec<&str> = match keys {
        Constant::Text(key) => vec![key],
        Constant::Array(keys) => keys.iter().flatten().map(String::as_str).collect(),
        _ => return Formula::Unread(format!("{name} of {}", reader.named(value))),
    };
    let has = |key: &&str| {
        let limits = Some(limits::json_key(JsonKey::named(*key)));
        Formula::Test(Test {
            column: *column,
            null: true,
            limits,
        })
    };
    let each = keys.iter().map(has).collect();
    match name {
        "?|" | "jsonb_exists_any" => Formula::Any(each),
        _ => Formula::All(each),
    }
}

/// `x <@ ARRAY[…]`, `x @> ARRAY[…]`, `x && ARRAY[…]`, and `x @> '{"key": 1}'`.
fn contained(reader: &Reader, name: &str, a: &Term, b: &Term, demand: Demand) -> Formula {
    let (name, column, constant) = match (a, b) {
        (Term::Column(column), Term::Constant(constant)) => (name, *column, constant),
        (Term::Constant(constant), Term::Column(column)) => {
            let flipped = match name {
                "@>" => "<@",
                "<@" => "@>",
                other => other,
            };
            (flipped, *column, constant)
        }
        _ => return Formula::Unread(format!("{name} of {}", reader.named(a))),
    };
    let limits = match (name, constant) {
        ("<@", Constant::Array(elements)) => Limits::of_values(limits::subsets(elements)),
        ("&&", Constant::Array(elements)) => {
            let some = limits::subsets(elements)
                .into_iter()
                .filter(|it| it != "{}");
            Limits::of_values(some)
        }
        ("@>", Constant::Array(elements)) => Limits::of_values([array_text(elements)]),
        ("@>", Constant::Text(json)) if json.starts_with(['{', '[']) => Limits {
            json_kinds: vec![if json.starts_with('{') {
                JsonKind::Object
            } else {
                JsonKind::Array
            }],
            ..Limits::of_values([json.clone()])
        },
        _ => return Formula::Unread(format!("{name} of {}", reader.named(a))),
    };
    Formula::limits(column, vec![limits], demand)
}
