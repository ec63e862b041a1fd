//! Texts that the row's number makes distinct.

use crate::copy::{Scalar, TypeKind};
use crate::infer::domain::{Confidence, MakerToml, Value};
use crate::infer::model::{ModelColumn, ModelTable};
use crate::infer::source::SourceColumn;
use crate::infer::types;

/// Whether a template names a column that never repeats.
pub(super) fn carries_row(model: &ModelTable, maker: &MakerToml) -> bool {
    let carries = |template: &Value| match template {
        Value::Text(text) => {
            let mut columns = model.columns.iter().filter(|it| it.maker.never_repeats());
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
pub(super) fn separated(model: &ModelTable, maker: &MakerToml) -> MakerToml {
    let rows = model.columns.iter().filter(|it| it.maker.never_repeats());
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
pub(super) fn with_one_number(model: &ModelTable, maker: &MakerToml) -> MakerToml {
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
pub(super) fn distinct(
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
        let null = maker.as_another("code", &["null"]);
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
pub(super) fn row_column(model: &mut ModelTable, before: &str) -> String {
    let is_row = |it: &&ModelColumn| {
        matches!(it.maker.make.as_str(), "serial" | "sequence") && it.maker.options.is_empty()
    };
    if let Some(column) = model.columns.iter().find(is_row) {
        return column.name.clone();
    }
    hidden_sequence(model, before, MakerToml::new("sequence"))
}

/// An array whose only element tells the row's number.
pub(super) fn array_of_row(
    model: &mut ModelTable,
    name: &str,
    (start, before): (i64, &str),
) -> MakerToml {
    let row = row_column_from(model, name, start);
    let of = format!("{{{{{before}{{{row}}}}}}}");
    MakerToml::new("phrase").with("of", of).with("unique", true)
}

/// How an array's only element tells the row's number: what the numbers start at, and what is before them.
pub(super) fn element_of_row(column: &SourceColumn) -> Option<(i64, &'static str)> {
    let TypeKind::Array(element, _) = &column.data_type.base().kind else {
        return None;
    };
    match element.scalar()? {
        Scalar::Int4 | Scalar::Int8 | Scalar::Numeric | Scalar::Text | Scalar::Varchar => {
            Some((1, ""))
        }
        // The last twelve digits of an id.
        Scalar::Uuid => Some((100_000_000_000, "00000000-0000-4000-8000-")),
        _ => None,
    }
}

/// As [`row_column`], where the first row has this number.
fn row_column_from(model: &mut ModelTable, before: &str, start: i64) -> String {
    match start {
        1 => row_column(model, before),
        start => hidden_sequence(
            model,
            before,
            MakerToml::new("sequence").with("start", start),
        ),
    }
}

fn hidden_sequence(model: &mut ModelTable, before: &str, maker: MakerToml) -> String {
    let name = free_name(model, "row");
    let place = model.columns.iter().position(|it| it.name == before);
    let column = ModelColumn {
        name: name.clone(),
        maker,
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
