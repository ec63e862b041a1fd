//! Constraints in the form that Postgres prints, and what is read from them.

use super::*;
use crate::copy::{Scalar, TypeKind};
use crate::infer::domain::{Bound, Case};

/// `a integer!, b text, kind enum(x|y), c key`: the columns of a table, `!` behind those that refuse NULL; `key` is an
/// integer of a foreign key.
pub fn columns(declared: &str) -> Vec<(String, DataType, bool)> {
    let column = |text: &str| {
        let (name, kind) = text.trim().split_once(' ').unwrap();
        let (kind, not_null) = match kind.strip_suffix('!') {
            Some(kind) => (kind, true),
            None => (kind, false),
        };
        (name.to_owned(), data_type(kind), not_null)
    };
    declared.split(", ").map(column).collect()
}

/// The oid of the type of columns that are a foreign key's.
const KEY: u32 = 2;

fn data_type(name: &str) -> DataType {
    let built = |kind: TypeKind| DataType {
        oid: 1,
        modifier: -1,
        kind,
    };
    if let Some(element) = name.strip_suffix("[]") {
        return built(TypeKind::Array(Box::new(data_type(element)), b','));
    }
    if let Some(labels) = name.strip_prefix("enum(") {
        let labels = labels.trim_end_matches(')').split('|');
        return built(TypeKind::Enum(labels.map(str::to_owned).collect()));
    }
    let name = name.split('(').next().unwrap_or(name);
    let short = match name {
        "char" => "character",
        "varchar" => "character varying",
        "timestamp" => "timestamp without time zone",
        "timestamptz" => "timestamp with time zone",
        "time" => "time without time zone",
        "float" => "double precision",
        "key" => {
            return DataType {
                oid: KEY,
                ..Scalar::Int4.into()
            };
        }
        "int4range" => return built(TypeKind::Range(Box::new(Scalar::Int4.into()))),
        "tstzrange" => return built(TypeKind::Range(Box::new(Scalar::Timestamptz.into()))),
        "daterange" => return built(TypeKind::Range(Box::new(Scalar::Date.into()))),
        other => other,
    };
    let found = Scalar::ALL.iter().find(|it| it.name() == short);
    found.map_or(DataType::UNRESOLVED, |it| (*it).into())
}

pub fn read(declared: &str, checks: &[&str]) -> CheckReading {
    let declared = columns(declared);
    let columns: Vec<CheckedColumn> = declared
        .iter()
        .map(|(name, data_type, not_null)| CheckedColumn {
            name,
            data_type,
            not_null: *not_null,
            limits: Limits::default(),
            is_key: data_type.oid == KEY,
        })
        .collect();
    let checks: Vec<Check> = checks
        .iter()
        .map(|definition| Check {
            name: "check",
            definition,
        })
        .collect();
    read_table(&checks, &columns)
}

/// A reading in a line.
pub fn shown(reading: &CheckReading) -> String {
    let limits = reading
        .limits
        .iter()
        .map(|(column, it)| format!("{column}: {}", limits_shown(it)));
    let relations = reading.relations.iter().map(relation_shown);
    let unread = reading
        .unread
        .iter()
        .map(|it| format!("UNREAD {}", it.reason));
    let parts: Vec<String> = limits.chain(relations).chain(unread).collect();
    parts.join("; ")
}

fn limits_shown(limits: &Limits) -> String {
    let mut parts = Vec::new();
    let bound = |sign: &str, it: &Bound| {
        format!("{sign}{} {}", if it.inclusive { "=" } else { "" }, it.value)
    };
    match &limits.values {
        Some(values) if values.is_empty() => parts.push("null".to_owned()),
        Some(values) if values.len() > 8 => parts.push(format!(
            "in {} .. ({})",
            values[..3].join("|"),
            values.len()
        )),
        Some(values) => parts.push(format!("in {}", values.join("|"))),
        None => {}
    }
    parts.extend(limits.min.as_ref().map(|it| bound(">", it)));
    parts.extend(limits.max.as_ref().map(|it| bound("<", it)));
    parts.extend(limits.min_length.map(|it| format!("length >= {it}")));
    parts.extend(limits.max_length.map(|it| format!("length <= {it}")));
    parts.extend(limits.patterns.iter().map(|it| format!("~ {it}")));
    parts.extend(limits.case.map(|it| match it {
        Case::Lower => "lower".to_owned(),
        Case::Upper => "upper".to_owned(),
    }));
    parts.extend(limits.trimmed.then(|| "trimmed".to_owned()));
    parts.extend(limits.not_empty.then(|| "not empty".to_owned()));
    parts.extend(limits.scale.map(|it| format!("scale {it}")));
    if !limits.json_kinds.is_empty() {
        parts.push(format!("json {:?}", limits.json_kinds));
    }
    for key in &limits.json_keys {
        parts.push(format!("key {} {:?} {:?}", key.name, key.kinds, key.values));
    }
    if !limits.excluded.is_empty() {
        parts.push(format!("not {}", limits.excluded.join("|")));
    }
    parts.extend(limits.not_null.then(|| "not null".to_owned()));
    parts.join(", ")
}

fn relation_shown(relation: &Relation) -> String {
    match relation {
        Relation::Less {
            smaller,
            larger,
            strict,
        } => {
            format!("{smaller} {} {larger}", if *strict { "<" } else { "<=" })
        }
        Relation::AtLeastApart {
            smaller,
            larger,
            gap,
        } => format!("{larger} >= {smaller} + {gap}"),
        Relation::AtMostApart {
            smaller,
            larger,
            gap,
        } => format!("{larger} <= {smaller} + {gap}"),
        Relation::NotEqual { a, b } => format!("{a} <> {b}"),
        Relation::Equal { a, b } => format!("{a} = {b}"),
        Relation::ExactlyOne(columns) => format!("one of {}", columns.join(" ")),
        Relation::AtMostOne(columns) => format!("at most one of {}", columns.join(" ")),
        Relation::AtLeastOne(columns) => format!("at least one of {}", columns.join(" ")),
        Relation::AllOrNone(columns) => format!("all or none of {}", columns.join(" ")),
        Relation::NullWith { column, by } => format!("{column} null with {by}"),
        Relation::OnlyIf { column, by, values } => {
            format!("{column} only if {by} in {}", values.join("|"))
        }
        Relation::NeededIf { column, by, values } => {
            format!("{column} needed if {by} in {}", values.join("|"))
        }
        Relation::Computed {
            column, formula, ..
        } => format!("{column} = {formula}"),
        Relation::LimitedIf {
            column,
            by,
            values,
            limits,
        } => {
            format!(
                "{column} ({}) if {by} in {}",
                limits_shown(limits),
                values.join("|")
            )
        }
    }
}

/// Forms of constraints: columns, the constraint as Postgres prints it, and what is read from it, a line each; in
/// `tests/it/checks.rs` a server confirms the second, and that rows which keep to the third satisfy it.
const FORMS: &str = include_str!("../../../tests/fixtures/checks/forms.txt");

#[test]
fn every_form_of_constraint_is_read_as_it_should_be() {
    let lines: Vec<&str> = FORMS
        .lines()
        .filter(|it| !it.is_empty() && !it.starts_with('#'))
        .collect();
    let mut wrong = Vec::new();
    for form in lines.chunks(3) {
        let [declared, check, expected] = form else {
            panic!("three lines a form: {form:?}");
        };
        let found = shown(&read(declared, &[check]));
        if found != *expected {
            wrong.push(format!("{check}\n  read: {found}\n  not:  {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines.len() / 3 >= 150);
}

#[test]
fn what_several_constraints_ask_for_fits_together() {
    let reading = read(
        "status enum(draft|sent|void), sent_at timestamp, reason text",
        &[
            "CHECK (((status = 'sent'::status) = (sent_at IS NOT NULL)))",
            "CHECK (((status = 'void'::status) = (reason IS NOT NULL)))",
        ],
    );
    let expected = "sent_at needed if status in sent; reason needed if status in void; \
                    sent_at only if status in sent; reason only if status in void";
    assert_eq!(shown(&reading), expected);
}

#[test]
fn of_the_values_of_a_foreign_key_none_is_chosen() {
    let check = "CHECK ((((owner IS NULL) AND (kind = ANY (ARRAY[2, 5]))) OR (kind <> ALL (ARRAY[2, 5])) OR (kind IS NULL)))";
    let reading = read("kind key, owner key", &[check]);
    assert_eq!(shown(&reading), "owner: null");
    let of_other_columns = read("kind integer, owner integer", &[check]);
    assert_ne!(shown(&of_other_columns), "owner: null");
}
