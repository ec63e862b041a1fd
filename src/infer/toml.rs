//! A model → the TOML file, as a person would have written it: defaults left out, a comment with the reason behind each
//! column. Pure.

use std::fmt::Write as _;

use super::domain::{Confidence, MakerToml, Value};
use super::model::{Model, ModelColumn, ModelTable};
use super::source::WhyLeftOut;
use crate::dataset::spec::is_file_name;

/// Lines up to this width have their comments in one column.
const ALIGNED: usize = 72;
/// A comment that would end behind this column gets a line of its own.
const WIDEST: usize = 120;

/// What is at the top of a dataset.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// One sentence for `about`.
    pub about: String,
    /// The schema file, relative to the TOML file.
    pub schema: Option<&'a str>,
    /// Whether there is a folder `queries`.
    pub queries: bool,
}

/// The file's text.
pub fn write(model: &Model, head: &Head) -> String {
    let mut text = String::from(HEADER);
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("about = {}", string(&head.about)));
    match head.schema {
        Some(schema) => line(format!("schema = {}", string(schema))),
        None => line("# No `schema`: the target has the tables already.".to_owned()),
    }
    if head.queries {
        line("queries = \"queries\"".to_owned());
    }
    line("scale = \"all\"  # --rows counts the first table that isn't fixed; the others keep their proportion to it".to_owned());
    line(format!(
        "init = {{ version = {}, source = {} }}",
        string(env!("CARGO_PKG_VERSION")),
        string(&format!("schema {}", model.schema))
    ));
    let lists = model.lists().into_iter();
    let lists = lists.map(|list| (key(list.name), list_file(list.name)));
    let pools = model
        .pools()
        .map(|pool| (key(&pool.name), pool_file(&pool.name)));
    let lists: Vec<(String, String)> = lists.chain(pools).collect();
    if !lists.is_empty() {
        line("\n[lists]".to_owned());
        for (name, file) in lists {
            line(format!("{name} = {}", string(&file)));
        }
    }
    for on in &model.unindexed {
        text.push_str(&waiver(on));
    }
    for (number, table) in model.tables.iter().enumerate() {
        text.push('\n');
        text.push_str(&table_text(table, number));
    }
    text.push_str(&footer(model));
    text
}

/// A foreign key that stays without an index.
fn waiver(on: &str) -> String {
    format!(
        "\n[[waive]]\nrule = \"fk-not-indexed\"\non = {}\nreason = \"the source has no index for it\"\n",
        string(on)
    )
}

const HEADER: &str = "\
# Written by `seedrow init`. The comment at each column says what its maker follows from, and how sure that is: a key or
# constraint says so (sure), the name does (likely), or nothing but the type (guess). Change what you like:
# `seedrow init --merge` keeps it.

";

/// A word list's file, relative to the TOML file.
pub fn list_file(name: &str) -> String {
    format!("words/{name}.txt")
}

/// The file of the values that a constraint accepts.
pub fn pool_file(name: &str) -> String {
    format!("words/{name}.csv")
}

fn table_text(table: &ModelTable, number: usize) -> String {
    let name = key(&table.name);
    let mut text = format!("[tables.{name}]\n");
    if !is_file_name(&format!("{}.csv", table.name)) {
        let _ = writeln!(text, "file = \"table-{}.csv\"", number + 1);
    }
    let reason = match table.rows_reason.as_str() {
        "" => String::new(),
        reason => format!("  # {reason}"),
    };
    let rows = i64::try_from(table.rows).unwrap_or(i64::MAX);
    let _ = writeln!(text, "rows = {}{reason}", integer(rows));
    if table.kept {
        text.push_str("kept = true  # its rows are there already, and stay; others refer to these keys of them\n");
    } else if table.fixed {
        text.push_str("fixed = true\n");
    }
    if !table.unique.is_empty() {
        let sets: Vec<Value> = table.unique.iter().map(|it| it.clone().into()).collect();
        let _ = writeln!(text, "unique = {}", value(&Value::List(sets)));
    }
    if !table.exclusive.is_empty() {
        let arcs = table.exclusive.iter().map(|(columns, none)| {
            let mut entries = vec![("columns".to_owned(), columns.clone().into())];
            if *none > 0.0 {
                entries.push(("none".to_owned(), Value::Float(*none)));
            }
            Value::Table(entries)
        });
        let _ = writeln!(text, "exclusive = {}", value(&Value::List(arcs.collect())));
    }
    if let Some(reason) = &table.silenced {
        let _ = writeln!(text, "triggers = \"off\"  # {}", reason.replace('\n', " "));
    }
    for trigger in &table.triggers {
        let when = if trigger.before { "before" } else { "after" };
        let _ = writeln!(
            text,
            "# trigger {} fires {when} insert: {}()",
            trigger.name, trigger.function
        );
    }
    let _ = writeln!(text, "\n[tables.{name}.columns]");
    text.push_str(&columns_text(table));
    let profile = table.profile.to_string();
    if !profile.is_empty() {
        let _ = write!(text, "\n[tables.{name}.profile]\n{profile}");
    }
    text
}

fn columns_text(table: &ModelTable) -> String {
    let lines: Vec<(String, String)> = table
        .columns
        .iter()
        .map(|it| (column_line(it), comment(it)))
        .collect();
    let widths = lines.iter().map(|(line, _)| line.chars().count());
    let column = widths.filter(|it| *it <= ALIGNED).max().unwrap_or(0);
    let mut text = String::new();
    for (line, comment) in lines {
        let width = line.chars().count();
        let gap = column.saturating_sub(width) + 2;
        if width + gap + comment.chars().count() > WIDEST {
            let _ = writeln!(text, "{comment}\n{line}");
        } else {
            let _ = writeln!(text, "{line}{}{comment}", " ".repeat(gap));
        }
    }
    for (name, reason) in &table.skipped {
        let _ = writeln!(text, "# {}: left out; {}", key(name), one_line(reason));
    }
    text
}

fn comment(column: &ModelColumn) -> String {
    let confidence = match column.confidence {
        Confidence::Sure => "sure",
        Confidence::Likely => "likely",
        Confidence::Guess => "guess",
    };
    match column.hidden {
        true => format!("# {}", one_line(&column.reason)),
        false => format!("# {confidence}: {}", one_line(&column.reason)),
    }
}

/// A comment ends with its line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `name = "serial"`, or `name = { make = … }`.
pub fn column_line(column: &ModelColumn) -> String {
    let mut maker = column.maker.clone();
    if column.hidden {
        maker = maker.with("hidden", true);
    }
    format!("{} = {}", key(&column.name), maker_text(&maker))
}

fn maker_text(maker: &MakerToml) -> String {
    if maker.options.is_empty() {
        return string(&maker.make);
    }
    let mut entries = vec![("make".to_owned(), Value::Text(maker.make.clone()))];
    entries.extend(maker.options.iter().cloned());
    value(&Value::Table(entries))
}

/// A key as TOML wants it.
pub fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) {
        return name.to_owned();
    }
    basic_string(name)
}

/// A value as TOML writes it.
pub fn value(of: &Value) -> String {
    match of {
        Value::Text(text) => string(text),
        Value::Integer(number) => integer(*number),
        Value::Float(number) => float(*number),
        Value::Boolean(yes) => yes.to_string(),
        Value::List(values) => {
            let values: Vec<String> = values.iter().map(value).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Table(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, of)| format!("{} = {}", key(name), value(of)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

fn float(number: f64) -> String {
    let text = number.to_string();
    if text.contains(['.', 'e', 'n', 'i']) {
        text
    } else {
        format!("{text}.0")
    }
}

/// With `_` between thousands from 10,000 on.
fn integer(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let sign = if number < 0 { "-" } else { "" };
    if digits.len() < 5 {
        return format!("{sign}{digits}");
    }
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}")
}

/// In single quotes where that spares escapes.
fn string(text: &str) -> String {
    let escapes = text.contains(['"', '\\']);
    let is_literal = !text.contains('\'') && !text.chars().any(char::is_control);
    if escapes && is_literal {
        return format!("'{text}'");
    }
    basic_string(text)
}

fn basic_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// What isn't in the file, and what is uncertain in it.
fn footer(model: &Model) -> String {
    let doubts = model.doubts.iter().map(|it| {
        let definition = one_line(&it.definition);
        format!("{}, {}: {definition}", it.table, it.constraint)
    });
    let tried = model.tried.iter().map(|it| {
        let definition = one_line(&it.definition);
        format!(
            "{}, {}: {definition} ({} rows)",
            it.table, it.constraint, it.rows
        )
    });
    let refused = model.refused.iter().map(|it| {
        let [what, reason, advice] = [&it.what, &it.reason, &it.advice].map(|it| one_line(it));
        format!("{}, {what}: {reason}; {advice}", it.table)
    });
    let left_out = model.left_out.iter();
    let left_out = left_out.map(|it| format!("{}: {}", it.name, why(&it.why)));
    [
        list("Constraints that nothing was done for, since they aren't understood; rows may break them", doubts),
        list("Constraints that aren't understood, and that the server accepted all rows for that were tried", tried),
        list("Tables that can't be filled", refused),
        list("Left out", left_out),
    ]
    .concat()
}

/// A comment of several lines under a title; nothing without lines.
fn list(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("#   {line}\n")).collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\n# {title}:\n{lines}"),
    }
}

/// Why a relation was left out, in a few words.
pub fn why(why: &WhyLeftOut) -> String {
    match why {
        WhyLeftOut::View => "a view".to_owned(),
        WhyLeftOut::Foreign => "a foreign table".to_owned(),
        WhyLeftOut::Extension(name) => format!("a table of the extension {name}"),
        WhyLeftOut::Migrations => "a migration tool's record; --tables has it filled".to_owned(),
        WhyLeftOut::Asked => "not asked for".to_owned(),
        WhyLeftOut::Kept => "its rows are there already, and stay".to_owned(),
        WhyLeftOut::FilledByTriggers => "triggers of other tables write its rows".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_do() {
        for (of, text) in [
            (Value::from(12_345_i64), "12_345"),
            (Value::from(-1_234_i64), "-1234"),
            (Value::from(0.5), "0.5"),
            (Value::from(10.0), "10.0"),
            (Value::from("it's"), "\"it's\""),
            (Value::from(r"^\d+$"), r"'^\d+$'"),
            (Value::from("a\n\"b\""), r#""a\n\"b\"""#),
            (Value::from(vec!["a", "b"]), r#"["a", "b"]"#),
        ] {
            assert_eq!(value(&of), text);
        }
        for (name, text) in [
            ("user_id", "user_id"),
            ("Order Items", "\"Order Items\""),
            ("", "\"\""),
        ] {
            assert_eq!(key(name), text);
        }
    }

    #[test]
    fn every_string_is_read_back_as_it_was() {
        for text in ["plain", "it's \"both\"", "\u{1}\t\\", "größe", "'"] {
            let document: toml::Table = format!("x = {}", string(text)).parse().unwrap();
            assert_eq!(document["x"].as_str(), Some(text));
            let document: toml::Table = format!("{} = 1", key(text)).parse().unwrap();
            assert_eq!(document.keys().next().map(String::as_str), Some(text));
        }
    }
}
