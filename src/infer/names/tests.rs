//! The rules as one list: each is reachable, none hides another, and a person would choose what they make.

mod addresses;
mod datasets;

use super::*;
use crate::copy::types::{Scalar, TypeKind};
use types::GROUPS;

/// Tables, each with the makers that its columns get.
const CASES: &str = include_str!("cases.txt");

/// The rule that a column's name and type lead to.
fn rule_of(example: &str, types: Types, longest: u32) -> Option<&'static Rule> {
    let (table, column) = example.split_once('.').expect("table.column");
    let (table, words) = (tokens::of_table(table), tokens::of_column(column));
    first_rule(&table, &words, types, longest).map(|(rule, _)| rule)
}

#[test]
fn every_rule_is_reached_by_its_example_and_stands_in_no_others_way() {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        for (types, name) in GROUPS.iter().filter(|(types, _)| rule.types.has(*types)) {
            let found = rule_of(rule.example, *types, rule.length.max(1));
            if !found.is_some_and(|found| std::ptr::eq(found, rule)) {
                let found = found.map_or("none", |it| it.columns);
                wrong.push(format!(
                    "{} {name}: {:.40} → {found:.60}",
                    rule.example, rule.columns
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_alternative_of_a_rule_is_written_in_the_words_that_names_become() {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        for alternative in rule.columns.split('|') {
            let words = alternative.trim_start_matches('=').trim_end_matches(" *");
            let name = words.replace(' ', "_");
            if tokens::of_column(&name).join(" ") != words {
                wrong.push(format!(
                    "{alternative} → {}",
                    tokens::of_column(&name).join(" ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A type by its name in SQL, with a size in parentheses.
fn data_type(name: &str) -> DataType {
    if let Some(element) = name.strip_suffix("[]") {
        let kind = TypeKind::Array(Box::new(data_type(element)), b',');
        return DataType {
            oid: 0,
            modifier: -1,
            kind,
        };
    }
    let (plain, size) = match name.split_once('(') {
        Some((plain, size)) => (plain, size.trim_end_matches(')')),
        None => (name, ""),
    };
    let scalar = match plain {
        "int" => Scalar::Int4,
        "char" => Scalar::Bpchar,
        "varchar" => Scalar::Varchar,
        "timestamptz" => Scalar::Timestamptz,
        "timestamp" => Scalar::Timestamp,
        "float" => Scalar::Float8,
        "bool" => Scalar::Bool,
        "time" => Scalar::Time,
        other => {
            let named = Scalar::ALL.iter().find(|it| it.name() == other);
            *named.unwrap_or_else(|| panic!("no type {other}"))
        }
    };
    let modifier = match size.split_once(',') {
        Some((precision, scale)) => {
            (precision.trim().parse::<i32>().unwrap() << 16 | scale.trim().parse::<i32>().unwrap())
                + 4
        }
        None if size.is_empty() => -1,
        None => size.parse::<i32>().unwrap() + 4,
    };
    DataType {
        oid: scalar.oid(),
        modifier,
        kind: TypeKind::Scalar(scalar),
    }
}

/// A maker in a few words: `word first-names`, `field given 2`, `phrase {given} {family}`.
fn in_short(maker: &MakerToml) -> String {
    let options = maker
        .options
        .iter()
        .map(|(name, value)| match name.as_str() {
            "list" | "of" | "values" | "faker" => format!(" {}", value_in_short(value)),
            "field" => format!(".{}", value_in_short(value)),
            "min" => format!(" {}", value_in_short(value)),
            "max" => format!("..{}", value_in_short(value)),
            "distribution" | "spread" | "weights" | "by" | "alphabet" => String::new(),
            other => format!(" {other}={}", value_in_short(value)),
        });
    maker.make.clone() + &options.collect::<String>()
}

fn value_in_short(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::List(all) => all.iter().map(value_in_short).collect::<Vec<_>>().join("|"),
        Value::Table(all) => all
            .iter()
            .map(|(_, it)| value_in_short(it))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// `table: column type, column type!` (`!`: unique) → the choice for each column.
fn choices(line: &str, locale: &'static Locale) -> Vec<(String, Option<Choice>)> {
    let (table, columns) = line.split_once(": ").unwrap();
    let columns: Vec<(&str, DataType, bool)> = columns
        .split("; ")
        .map(|column| {
            let (name, kind) = column.trim().split_once(' ').unwrap();
            (
                name,
                data_type(kind.trim_end_matches('!')),
                kind.ends_with('!'),
            )
        })
        .collect();
    let siblings: Vec<Sibling> = columns
        .iter()
        .map(|(name, data_type, _)| Sibling {
            name,
            data_type,
            not_null: true,
        })
        .collect();
    let unique: Vec<&str> = columns.iter().filter(|it| it.2).map(|it| it.0).collect();
    let naming = Naming {
        locale,
        rules: TeamRules::default(),
        field: Field::Any,
    };
    let names = TableNames::new(table, &siblings, &naming).unique(&unique);
    let limits = Limits::default();
    let choose = |(name, data_type, unique): &(&str, DataType, bool)| {
        let unique = *unique;
        let column = NamedColumn {
            name,
            data_type,
            limits: &limits,
            unique,
            parent: None,
        };
        ((*name).to_owned(), names.choose(&column))
    };
    columns
        .iter()
        .filter(|it| it.0 != "id")
        .map(choose)
        .collect()
}

/// The makers of a table, a line each; hidden columns behind `+`.
fn table_in_short(line: &str, locale: &'static Locale) -> String {
    let mut lines = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for (name, choice) in choices(line, locale) {
        let Some(choice) = choice else {
            lines.push(format!("  {name}: -"));
            continue;
        };
        let null = choice.null.filter(|it| *it > 0.0);
        let null = null.map_or(String::new(), |it| format!(" null={it}"));
        let guess = if choice.confidence == crate::infer::domain::Confidence::Guess {
            " ?"
        } else {
            ""
        };
        lines.push(format!(
            "  {name}: {}{null}{guess}",
            in_short(&choice.maker)
        ));
        for (hidden, maker) in &choice.hidden {
            if !known.contains(hidden) {
                known.push(hidden.clone());
                lines.push(format!("  + {hidden}: {}", in_short(maker)));
            }
        }
    }
    lines.join("\n")
}

#[test]
fn names_lead_to_the_makers_that_a_person_would_choose() {
    let (mut wrong, mut columns) = (Vec::new(), 0);
    for case in CASES
        .split("\n\n")
        .map(str::trim)
        .filter(|it| !it.is_empty() && !it.starts_with('#'))
    {
        let (asked, expected) = case.split_once('\n').expect("a table, then its makers");
        let (code, line) = match asked.strip_prefix('@') {
            Some(rest) => rest.split_once(' ').unwrap(),
            None => ("en", asked),
        };
        let made = table_in_short(line, Locale::of(code).unwrap());
        columns += made.lines().filter(|it| !it.starts_with("  +")).count();
        if made.trim() != expected.trim() {
            wrong.push(format!("{asked}\n{made}"));
        }
    }
    assert!(wrong.is_empty(), "these are made:\n{}", wrong.join("\n\n"));
    assert!(columns >= 300, "{columns} columns");
}

#[test]
fn words_mean_something_else_in_a_clinic() {
    let text = data_type("text");
    for (tables, table, column, list) in [
        (["patients", "rooms"], "departments", "name", "wards"),
        (["employees", "rooms"], "departments", "name", "departments"),
        (
            ["patients", "rooms"],
            "appointments",
            "reason",
            "visit-reasons",
        ),
        (
            ["patients", "rooms"],
            "appointments",
            "notes",
            "clinical-notes",
        ),
        (["customers", "rooms"], "appointments", "reason", "notes"),
        (["patients", "orders"], "orders", "notes", "notes"),
    ] {
        let naming = Naming::default().about(tables);
        let names = TableNames::new(table, &[], &naming);
        let choice = names.choose(&NamedColumn {
            name: column,
            data_type: &text,
            limits: &Limits::default(),
            unique: false,
            parent: None,
        });
        let maker = choice.unwrap().maker;
        assert_eq!(maker.option("list"), Some(&list.into()), "{table}.{column}");
    }
}
