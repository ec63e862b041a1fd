//! Unique indexes → columns that never repeat, alone or together: by makers that can't, else by `unique`. Pure.

use std::collections::BTreeSet;

use super::domain::{Case, Confidence, MakerToml};
use super::keys::{KeyPlan, KeyRole};
use super::model::{Doubt, ModelColumn, ModelTable};
use super::source::{KeyPart, SourceTable, UniqueSet};
use super::types;
use crate::copy::Scalar;

/// A set that the table's rows must not repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedSet {
    /// The index.
    pub name: String,
    /// Its columns, those within expressions too, without repeats.
    pub columns: Vec<String>,
    /// Texts whose case doesn't count.
    pub cases: Vec<(String, Case)>,
    /// Columns whose NULLs would be the same as another value.
    pub never_null: Vec<String>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
}

/// The sets that rows could break, and those that nothing is known of.
pub fn wanted(table: &SourceTable, keys: &KeyPlan) -> (Vec<WantedSet>, Vec<Doubt>) {
    let (mut sets, mut doubts) = (Vec::new(), Vec::new());
    for set in &table.uniques {
        match read(table, set) {
            Some(read) if read.is_empty_of(table, keys, set.nulls_not_distinct) => {}
            Some(read) => sets.push(read),
            None => doubts.push(Doubt {
                table: table.name.clone(),
                constraint: set.name.clone(),
                definition: format!("UNIQUE ({})", shown(set)),
            }),
        }
    }
    (sets, doubts)
}

fn shown(set: &UniqueSet) -> String {
    let part = |part: &KeyPart| match part {
        KeyPart::Column(text) | KeyPart::Expression(text) => text.clone(),
    };
    set.parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn read(table: &SourceTable, set: &UniqueSet) -> Option<WantedSet> {
    let mut wanted = WantedSet {
        name: set.name.clone(),
        columns: Vec::new(),
        cases: Vec::new(),
        never_null: Vec::new(),
        predicate: set.predicate.clone(),
    };
    for part in &set.parts {
        let column = match part {
            KeyPart::Column(name) => name.clone(),
            KeyPart::Expression(text) => {
                let named = columns_in(table, text);
                let [column] = named.as_slice() else {
                    return None;
                };
                match function(text) {
                    "lower" => wanted.cases.push((column.clone(), Case::Lower)),
                    "upper" => wanted.cases.push((column.clone(), Case::Upper)),
                    "COALESCE" => wanted.never_null.push(column.clone()),
                    "md5" | "sha256" | "digest" | "btrim" | "encode" | "" => {}
                    // A function of a schema's own: texts that differ in a number most likely stay different.
                    _ => wanted.cases.push((column.clone(), Case::Lower)),
                }
                column.clone()
            }
        };
        if set.nulls_not_distinct {
            wanted.never_null.push(column.clone());
        }
        if !wanted.columns.contains(&column) {
            wanted.columns.push(column);
        }
    }
    Some(wanted)
}

/// The function that an expression calls first.
fn function(expression: &str) -> &str {
    let plain = expression.trim_start_matches('(');
    let end = plain.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    match end {
        Some(end) if plain[end..].starts_with('(') => &plain[..end],
        _ => "",
    }
}

/// The table's columns that an expression names.
pub fn columns_in(table: &SourceTable, expression: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = expression.split(|c: char| !is_part(c)).collect();
    let named = |name: &&String| {
        let plain = name.chars().all(is_part);
        match plain {
            true => words.contains(&name.as_str()),
            false => expression.contains(&format!("\"{}\"", name.replace('"', "\"\""))),
        }
    };
    let columns = table.columns.iter().map(|it| &it.name);
    columns.filter(named).cloned().collect()
}

impl WantedSet {
    /// Whether a column of it is always NULL, so that no two rows are the same.
    fn is_empty_of(&self, table: &SourceTable, keys: &KeyPlan, nulls_not_distinct: bool) -> bool {
        !nulls_not_distinct
            && self.columns.iter().any(|column| {
                let role = keys.role(&table.name, column);
                matches!(role, Some(KeyRole::Null { .. })) && !self.never_null.contains(column)
            })
    }
}

/// Has the table's makers keep the sets.
pub fn apply(table: &SourceTable, model: &mut ModelTable, sets: &[WantedSet]) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for set in sets {
        for column in &set.never_null {
            if let Some(column) = model.column_mut(column) {
                column.maker.options.retain(|(name, _)| name != "null");
            }
        }
        for (column, case) in &set.cases {
            fold(model, column, *case);
        }
    }
    let mut smallest: Vec<&WantedSet> = Vec::new();
    let mut by_size: Vec<&WantedSet> = sets.iter().collect();
    by_size.sort_by_key(|set| set.columns.len());
    for set in by_size {
        let covers = |other: &&WantedSet| other.columns.iter().all(|it| set.columns.contains(it));
        if !smallest.iter().any(covers) {
            smallest.push(set);
        }
    }
    smallest.sort_by_key(|set| sets.iter().position(|it| it == *set));
    for set in smallest {
        if !keep(table, model, set) {
            doubts.push(Doubt {
                table: table.name.clone(),
                constraint: set.name.clone(),
                definition: format!("UNIQUE ({})", set.columns.join(", ")),
            });
        }
    }
    doubts
}

/// Makers write texts in one case where an index ignores it.
fn fold(model: &mut ModelTable, column: &str, case: Case) {
    if let Some(column) = model.column_mut(column)
        && is_text_maker(&column.maker.make)
    {
        let case = match case {
            Case::Lower => "lower",
            Case::Upper => "upper",
        };
        column.maker = column.maker.clone().with("case", case);
    }
}

/// Whether a set holds then.
fn keep(table: &SourceTable, model: &mut ModelTable, set: &WantedSet) -> bool {
    let made: Vec<&String> = set
        .columns
        .iter()
        .filter(|it| model.column(it).is_some())
        .collect();
    let holds_by_itself = made.iter().any(|it| {
        let column = model.column(it);
        column.is_some_and(|it| never_repeats(&it.maker))
    });
    match made.as_slice() {
        _ if holds_by_itself => true,
        [] => false,
        // What is left out is the same in all rows, or NULL in all.
        [column] => alone(table, model, column),
        columns => {
            let columns: Vec<String> = columns.iter().map(|it| (*it).clone()).collect();
            if let Some(text) = widest_text(model, &columns) {
                return alone(table, model, &text);
            }
            if !model.unique.contains(&columns) {
                model.unique.push(columns);
            }
            true
        }
    }
}

/// The text that carries the row's number, so that a set without keys has room for any number of rows.
fn widest_text(model: &ModelTable, columns: &[String]) -> Option<String> {
    let makes = |column: &&String, makers: &[&str]| {
        let column = model.column(column);
        column.is_some_and(|it| makers.contains(&it.maker.make.as_str()))
    };
    let has_room = |column: &String| {
        makes(
            &column,
            &[
                "reference",
                "copy",
                "timestamp",
                "date",
                "code",
                "pattern",
                "sequence",
            ],
        )
    };
    if columns.iter().any(has_room) {
        return None;
    }
    let texts = |it: &&String| makes(it, &["text", "fake", "word", "field", "phrase"]);
    columns.iter().find(texts).cloned()
}

/// Whether no two rows have the same value.
pub fn never_repeats(maker: &MakerToml) -> bool {
    matches!(maker.make.as_str(), "serial" | "sequence" | "uuid")
        || maker.option("unique") == Some(&true.into())
}

fn is_text_maker(make: &str) -> bool {
    matches!(
        make,
        "text" | "phrase" | "fake" | "word" | "field" | "one-of" | "code" | "pattern" | "hex"
    )
}

/// A column that is unique by itself.
fn alone(table: &SourceTable, model: &mut ModelTable, name: &str) -> bool {
    let Some(source) = table.column(name) else {
        return false;
    };
    let Some(column) = model.column(name) else {
        return false;
    };
    let (maker, confidence) = (column.maker.clone(), column.confidence);
    let longest = types::max_length(&source.data_type, &Default::default());
    let is_accepted = maker.make == "word" && confidence == Confidence::Sure;
    if !is_accepted && whole_list(table, model, name) {
        return true;
    }
    let better = match maker.make.as_str() {
        // A constraint accepts the list's entries, and nothing else.
        "word" if is_accepted => Some(maker.clone().with("unique", true)),
        "integer"
            if confidence != Confidence::Sure && is_free(&maker, source.data_type.scalar()) =>
        {
            Some(renamed(&maker, "sequence", &["null"]))
        }
        "text" | "fake" | "word" | "field" | "hex" => Some(distinct(
            model,
            name,
            &maker,
            longest.or(length_option(&maker)),
        )),
        "phrase" if !carries_row(model, &maker) => Some(distinct(
            model,
            name,
            &maker,
            longest.or(length_option(&maker)),
        )),
        "phrase" => {
            let maker = with_one_number(model, &maker);
            Some(separated(model, &maker).with("unique", true))
        }
        "json" => {
            let row = row_column(model, name);
            Some(
                maker
                    .clone()
                    .with("of", format!("{{{{\"row\": {{{row}}}}}}}")),
            )
        }
        "copy" | "array" | "value" | "tsvector" | "xml" | "hstore" | "polygon" | "point" => {
            return false;
        }
        _ => Some(maker.clone().with("unique", true)),
    };
    if let (Some(better), Some(column)) = (better, model.column_mut(name)) {
        column.maker = better;
    }
    true
}

/// Has a table of names be its list, each entry once: `Cardiology`, not `Cardiology 12`. False where the list is too short
/// for the table, or its texts repeat.
fn whole_list(table: &SourceTable, model: &mut ModelTable, name: &str) -> bool {
    const FEWEST: usize = 5;
    let is_owned = |column: &str| table.column(column).is_some_and(|it| it.not_null);
    let mut keys = table.foreign_keys.iter().flat_map(|it| &it.columns);
    let Some((leader, number)) = entry_of(model, name) else {
        return false;
    };
    let Some(entries) = list_of(model, &leader) else {
        return false;
    };
    let texts: Option<BTreeSet<String>> = entries
        .iter()
        .map(|entry| Some(entry.get(number.checked_sub(1)?)?.to_lowercase()))
        .collect();
    let is_distinct = texts.is_some_and(|it| it.len() == entries.len());
    let is_long = table.rows.is_none_or(|rows| rows <= entries.len() as u64);
    let is_plain = length_option_is_kept(model, name);
    if !is_distinct
        || !is_long
        || !is_plain
        || entries.len() < FEWEST
        || keys.any(|it| is_owned(it))
    {
        return false;
    }
    lead(model, &leader, name, number);
    true
}

/// A longer text would be cut, and case folded texts may be the same.
fn length_option_is_kept(model: &ModelTable, name: &str) -> bool {
    model.column(name).is_some_and(|it| {
        it.maker.option("max-length").is_none() && it.maker.option("null").is_none()
    })
}

/// The column that draws the entry of a list which a column is a field of, and the field's number.
fn entry_of(model: &ModelTable, name: &str) -> Option<(String, usize)> {
    use super::domain::Value;
    let maker = &model.column(name)?.maker;
    let number = match maker.option("field") {
        Some(Value::Integer(number)) => usize::try_from(*number).ok()?,
        _ => 1,
    };
    match (maker.make.as_str(), maker.option("of")) {
        ("word", _) => Some((name.to_owned(), number)),
        ("field", Some(Value::Text(of))) => Some((of.clone(), number)),
        _ => None,
    }
}

/// The entries of the list that a column draws from.
fn list_of(model: &ModelTable, leader: &str) -> Option<Vec<Vec<&'static str>>> {
    use super::domain::Value;
    let Some(Value::Text(name)) = model.column(leader)?.maker.option("list") else {
        return None;
    };
    let list = model.lists.iter().find(|it| it.name == name)?;
    Some(list.entries().collect())
}

/// Has a column draw the entry in place of a hidden one, each once.
fn lead(model: &mut ModelTable, leader: &str, name: &str, number: usize) {
    let Some(list) = model
        .column(leader)
        .and_then(|it| it.maker.option("list").cloned())
    else {
        return;
    };
    let is_hidden = model.column(leader).is_some_and(|it| it.hidden);
    if leader != name && !is_hidden {
        // The entry is distinct already, or is made so.
        if let Some(column) = model.column_mut(leader) {
            column.maker = column.maker.clone().with("unique", true);
        }
        return;
    }
    let mut maker = MakerToml::new("word").with("list", list.clone());
    if number > 1 {
        maker = maker.with("field", i64::try_from(number).unwrap_or(1));
    }
    if let Some(column) = model.column_mut(name) {
        let case = column.maker.option("case").cloned();
        column.maker = case
            .into_iter()
            .fold(maker, |it, case| it.with("case", case));
        column.maker = column.maker.clone().with("unique", true);
    }
    follow(model, name, &list);
    if leader != name {
        model.columns.retain(|it| it.name != leader);
        for column in &mut model.columns {
            if column.maker.option("of") == Some(&leader.into()) {
                column.maker = column.maker.clone().with("of", name);
            }
        }
    }
}

/// Has other columns of the same list be fields of the same entry.
fn follow(model: &mut ModelTable, leader: &str, list: &super::domain::Value) {
    let is_other = |it: &&mut ModelColumn| {
        it.name != leader && it.maker.make == "word" && it.maker.option("list") == Some(list)
    };
    for column in model.columns.iter_mut().filter(is_other) {
        let number = column.maker.option("field").cloned();
        let kept = renamed(&column.maker, "field", &["null", "max-length", "case"]);
        column.maker = MakerToml::new("field")
            .with("of", leader)
            .with("field", number.unwrap_or(1_i64.into()));
        column.maker.options.extend(kept.options);
    }
}

/// Whether nothing but the type bounds a number.
fn is_free(maker: &MakerToml, scalar: Option<Scalar>) -> bool {
    let is = |option: &str, value: i64| maker.option(option) == Some(&value.into());
    let by_default = is("min", 1) && (is("max", 1_000) || is("max", 1_001));
    by_default || scalar.is_none()
}

/// The same column by another maker, with some of its options.
fn renamed(maker: &MakerToml, make: &str, kept: &[&str]) -> MakerToml {
    let options = maker.options.iter();
    MakerToml {
        make: make.to_owned(),
        options: options
            .filter(|(name, _)| kept.contains(&name.as_str()))
            .cloned()
            .collect(),
    }
}

fn length_option(maker: &MakerToml) -> Option<u32> {
    match maker.option("max-length") {
        Some(super::domain::Value::Integer(length)) => u32::try_from(*length).ok(),
        _ => None,
    }
}

/// Whether a template names a column that never repeats.
fn carries_row(model: &ModelTable, maker: &MakerToml) -> bool {
    use super::domain::Value;
    let carries = |template: &Value| match template {
        Value::Text(text) => {
            let mut columns = model.columns.iter().filter(|it| never_repeats(&it.maker));
            columns.any(|it| text.contains(&format!("{{{}}}", it.name)))
        }
        _ => false,
    };
    match maker.option("of") {
        Some(Value::List(templates)) => templates.iter().all(carries),
        Some(template) => carries(template),
        None => false,
    }
}

/// With a sign between the row's number and what is before it: `Kim1` of row 2 would be `Kim` of row 12.
fn separated(model: &ModelTable, maker: &MakerToml) -> MakerToml {
    use super::domain::Value;
    let rows = model.columns.iter().filter(|it| never_repeats(&it.maker));
    let rows: Vec<String> = rows.map(|it| format!("}}{{{}}}", it.name)).collect();
    let apart = |text: &String| {
        let sign = if text.contains('@') { '.' } else { '-' };
        let separate =
            |text: String, row: &String| text.replace(row, &format!("}}{sign}{}", &row[1..]));
        Value::Text(rows.iter().fold(text.clone(), separate))
    };
    let of = match maker.option("of") {
        Some(Value::Text(text)) => apart(text),
        Some(Value::List(all)) => Value::List(
            all.iter()
                .map(|it| match it {
                    Value::Text(text) => apart(text),
                    other => other.clone(),
                })
                .collect(),
        ),
        _ => return maker.clone(),
    };
    maker.clone().with("of", of)
}

/// A slug of a name that ends in the row's number has it once: `art-1` of `Art 1`.
fn with_one_number(model: &ModelTable, maker: &MakerToml) -> MakerToml {
    use super::domain::Value;
    let numbered = || {
        let Some(Value::Text(of)) = maker.option("of") else {
            return None;
        };
        let (name, row) = of.strip_prefix('{')?.split_once("}-{")?;
        let Some(Value::Text(template)) = model.column(name)?.maker.option("of") else {
            return None;
        };
        let base = template.strip_suffix(&format!(" {{{row}"))?;
        let column = base.strip_prefix('{')?.strip_suffix('}')?;
        model.column(column)?;
        Some(format!("{base}-{{{row}"))
    };
    match numbered() {
        Some(of) => maker.clone().with("of", of),
        None => maker.clone(),
    }
}

/// A text that was chosen, made distinct by the row's number; a code where that has no room.
fn distinct(
    model: &mut ModelTable,
    name: &str,
    maker: &MakerToml,
    longest: Option<u32>,
) -> MakerToml {
    const SHORTEST: u32 = 16;
    if let Some(longest) = longest.filter(|it| *it < SHORTEST) {
        let code = types::code(longest, &Default::default());
        let code = match maker.option("case") {
            Some(case) if *case == "lower".into() => code.with("alphabet", "a-z0-9"),
            _ => code,
        };
        let null = renamed(maker, "code", &["null"]);
        let code = null
            .options
            .into_iter()
            .fold(code, |it, (name, value)| it.with(&name, value));
        return code.with("unique", true);
    }
    let row = row_column(model, name);
    let base = free_name(model, &format!("{name}_text"));
    let hidden = MakerToml {
        make: maker.make.clone(),
        options: maker
            .options
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "null" | "max-length" | "case" | "unique"))
            .cloned()
            .collect(),
    };
    let place = model.columns.iter().position(|it| it.name == name);
    let column = ModelColumn {
        name: base.clone(),
        maker: hidden,
        reason: format!("for {name}"),
        confidence: Confidence::Guess,
        hidden: true,
    };
    model.columns.insert(place.unwrap_or(0), column);
    let mut phrase = MakerToml::new("phrase").with("of", format!("{{{base}}} {{{row}}}"));
    for option in ["case", "null"] {
        if let Some(value) = maker.option(option) {
            phrase = phrase.with(option, value.clone());
        }
    }
    if let Some(longest) = longest {
        phrase = phrase.with("max-length", i64::from(longest));
    }
    phrase.with("unique", true)
}

/// A column that holds the row's number: the table's own, or a hidden one.
fn row_column(model: &mut ModelTable, before: &str) -> String {
    let is_row = |it: &&ModelColumn| {
        matches!(it.maker.make.as_str(), "serial" | "sequence") && it.maker.options.is_empty()
    };
    if let Some(column) = model.columns.iter().find(is_row) {
        return column.name.clone();
    }
    let name = free_name(model, "row");
    let place = model.columns.iter().position(|it| it.name == before);
    let column = ModelColumn {
        name: name.clone(),
        maker: MakerToml::new("sequence"),
        reason: format!("for {before}"),
        confidence: Confidence::Guess,
        hidden: true,
    };
    model.columns.insert(place.unwrap_or(0), column);
    name
}

fn free_name(model: &ModelTable, wish: &str) -> String {
    let is_free = |name: &String| {
        model.column(name).is_none() && !model.skipped.iter().any(|(it, _)| it == name)
    };
    let numbered = (2..).map(|number| format!("{wish}_{number}"));
    let mut names = std::iter::once(wish.to_owned()).chain(numbered);
    names.find(is_free).unwrap_or_default()
}
