//! The rules as one list: each is reachable, none hides another, and nothing they make could be somebody's.

use std::collections::BTreeMap;

use super::*;
use crate::copy::types::{Scalar, TypeKind};
use types::GROUPS;

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
    let cases = include_str!("cases.txt");
    let (mut wrong, mut columns) = (Vec::new(), 0);
    for case in cases
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

/// What every rule makes, for each type it takes, in every language, wide and narrow, unique or not.
fn all_choices() -> Vec<(String, Choice)> {
    let mut choices = Vec::new();
    for rule in rules::all() {
        for (_, kind) in GROUPS.iter().filter(|(types, _)| rule.types.has(*types)) {
            match *kind {
                "text" => {
                    choose_all(rule, "text", &mut choices);
                    let narrow = format!("varchar({})", rule.length.max(1));
                    choose_all(rule, &narrow, &mut choices);
                }
                other => choose_all(rule, other, &mut choices),
            }
        }
    }
    choices
}

/// What a rule makes of its example, among other columns, in every language.
fn choose_all(rule: &Rule, kind: &str, choices: &mut Vec<(String, Choice)>) {
    const SIBLINGS: [(bool, &str); 3] = [
        (false, "id integer"),
        (true, "id uuid"),
        (
            false,
            "id integer; city text; title text; first_name text; name text; created_at date",
        ),
    ];
    let (table, name) = rule.example.split_once('.').unwrap();
    let (own, naming, limits) = (data_type(kind), Naming::default(), Limits::default());
    for (unique, siblings) in SIBLINGS {
        let siblings = siblings.split("; ").map(|it| it.split_once(' ').unwrap());
        let columns: Vec<(&str, DataType)> = siblings
            .filter(|it| it.0 != name)
            .map(|(name, kind)| (name, data_type(kind)))
            .chain([(name, own.clone())])
            .collect();
        let siblings: Vec<Sibling> = columns
            .iter()
            .map(|(name, data_type)| Sibling {
                name,
                data_type,
                not_null: true,
            })
            .collect();
        // Which rules the siblings match is the same in all languages, and takes the longest.
        let mut names = TableNames::new(table, &siblings, &naming);
        let column = NamedColumn {
            name,
            data_type: &own,
            limits: &limits,
            unique,
            parent: None,
        };
        for locale in LOCALES {
            names.locale = locale;
            if let Some(choice) = names.choose(&column) {
                choices.push((format!("{} {kind} {}", rule.example, locale.code), choice));
            }
        }
    }
}

/// Every text in a maker.
fn texts_in(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Text(text) => texts.push(text.clone()),
        Value::List(all) => all.iter().for_each(|it| texts_in(it, texts)),
        Value::Table(all) => all.iter().for_each(|(_, it)| texts_in(it, texts)),
        _ => {}
    }
}

/// Whether a text may be a mail address, a URL or a telephone number: what belongs to somebody.
fn is_address(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.starts_with(['+', '\\']) || bytes.any(|it| matches!(it, b'@' | b':'))
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

#[test]
fn nothing_that_is_made_could_be_somebodys() {
    let choices = all_choices();
    assert!(choices.len() > 3_000, "{} choices", choices.len());
    let mut texts: Vec<(String, String)> = Vec::new();
    for (what, choice) in &choices {
        let mut found = Vec::new();
        for maker in std::iter::once(&choice.maker).chain(choice.hidden.iter().map(|(_, it)| it)) {
            maker
                .options
                .iter()
                .for_each(|(_, it)| texts_in(it, &mut found));
        }
        texts.extend(found.into_iter().map(|text| (what.clone(), text)));
    }
    let lists = words::LISTS
        .iter()
        .flat_map(|(_, list)| list.entries().flatten());
    let lists = lists.map(|text| ("a list".to_owned(), text.to_owned()));
    let texts: BTreeMap<String, String> = texts
        .into_iter()
        .chain(lists)
        .filter(|(_, text)| is_address(text))
        .map(|(what, text)| (text, what))
        .collect();
    assert!(texts.len() > 10, "{} addresses", texts.len());
    for (text, what) in texts {
        let plain = text.replace('\\', "");
        for (at, _) in plain.match_indices('@') {
            let domain = &plain[at + 1..];
            let is_example = ["example.com", "example.org", "example.net"]
                .iter()
                .any(|it| domain.starts_with(it));
            assert!(is_example, "{what}: {text}");
        }
        for (at, scheme) in plain.match_indices("://") {
            let host = plain[at + scheme.len()..].split('/').next().unwrap();
            let behind = host
                .split("example.com")
                .nth(1)
                .or(host.split("example.org").nth(1));
            let is_example = behind.is_some_and(|it| it.is_empty() || it.starts_with('{'));
            assert!(is_example, "{what}: {text}");
        }
        if let Some(number) = plain.strip_prefix('+') {
            let kept = ["1 (", "44 7700 900[0-9]{3}", "49 (", "33 (", "999 {"];
            assert!(
                kept.iter().any(|it| number.starts_with(it)),
                "{what}: {text}"
            );
            assert!(
                !number.starts_with("1 (") || number.ends_with(") 555 01[0-9]{2}"),
                "{what}: {text}"
            );
        }
    }
}

/// A value as TOML writes it.
fn in_toml(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::List(all) => format!(
            "[{}]",
            all.iter().map(in_toml).collect::<Vec<_>>().join(", ")
        ),
        Value::Table(all) => {
            let entries = all
                .iter()
                .map(|(name, it)| format!("{name} = {}", in_toml(it)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        other => value_in_short(other),
    }
}

fn column_in_toml(name: &str, maker: &MakerToml, hidden: bool) -> String {
    let make = ("make".to_owned(), Value::Text(maker.make.clone()));
    let mut entries = vec![make];
    entries.extend(maker.options.iter().cloned());
    entries.extend(hidden.then(|| ("hidden".to_owned(), Value::Boolean(true))));
    format!("{name:?} = {}", in_toml(&Value::Table(entries)))
}

/// A dataset of tables such as [`choices`] takes, as a file in a folder.
fn dataset_of(
    lines: &[String],
    locale: &'static Locale,
    folder: &std::path::Path,
) -> std::path::PathBuf {
    let mut lists: Vec<WordList> = Vec::new();
    let mut tables = String::new();
    for (number, line) in lines.iter().enumerate() {
        let mut columns = vec!["id = \"serial\"".to_owned()];
        let mut known: Vec<String> = Vec::new();
        for (name, choice) in choices(line, locale) {
            let Some(choice) = choice else { continue };
            columns.push(column_in_toml(&name, &choice.maker, false));
            for (hidden, maker) in choice.hidden {
                if !known.contains(&hidden) {
                    columns.push(column_in_toml(&hidden, &maker, true));
                    known.push(hidden);
                }
            }
            lists.extend(choice.lists);
        }
        let columns = columns.join("\n");
        tables +=
            &format!("\n[tables.t{number}]\nrows = 20\n[tables.t{number}.columns]\n{columns}\n");
    }
    lists.sort_by(|a, b| a.name.cmp(b.name));
    lists.dedup_by(|a, b| a.name == b.name);
    let mut text = "schema = \"schema.sql\"\n[lists]\n".to_owned();
    for list in &lists {
        text += &format!("{0} = \"{0}.txt\"\n", list.name);
        std::fs::write(folder.join(format!("{}.txt", list.name)), list.text).unwrap();
    }
    std::fs::write(folder.join("schema.sql"), "").unwrap();
    let path = folder.join("names.toml");
    std::fs::write(&path, text + &tables).unwrap();
    path
}

#[test]
fn every_maker_is_one_that_a_dataset_can_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> = Vec::new();
    for rule in rules::all() {
        let (table, column) = rule.example.split_once('.').unwrap();
        for (_, kind) in GROUPS.iter().filter(|(types, _)| rule.types.has(*types)) {
            let kinds = match *kind {
                "text" => vec![
                    "text".to_owned(),
                    format!("varchar({})", rule.length.max(1)),
                    "text!".to_owned(),
                ],
                other => vec![other.to_owned()],
            };
            lines.extend(
                kinds
                    .iter()
                    .map(|kind| format!("{table}: id int; {column} {kind}")),
            );
        }
    }
    let cases = include_str!("cases.txt").lines();
    lines.extend(
        cases
            .filter(|it| it.contains(": id ") && !it.starts_with('@'))
            .map(str::to_owned),
    );
    for code in ["en", "de"] {
        let path = dataset_of(&lines, Locale::of(code).unwrap(), folder.path());
        if let Err(why) = crate::dataset::Dataset::open(&path.display().to_string()) {
            let text = std::fs::read_to_string(&path).unwrap();
            let line = format!("{why}")
                .split("line ")
                .nth(1)
                .and_then(|it| it.split(':').next()?.parse::<usize>().ok());
            panic!(
                "{why:#}: {}",
                text.lines().nth(line.unwrap_or(1) - 1).unwrap_or("")
            );
        }
    }
}
