//! Templates: text with `{name}` where a sibling column's value or a list's entry goes.

use std::sync::Arc;

use anyhow::Result;

use crate::dataset::distribution::Weights;
use crate::dataset::document::{TomlValue, did_you_mean};
use crate::dataset::lists::Lists;
use crate::dataset::spec::{Phrase, Piece, Template};

/// Lists whose entries are templates may nest this deep; a list that leads back to itself would never end.
const DEEPEST: usize = 8;

/// What a placeholder can name; a column comes before a list of the same name.
pub struct PlaceholderNames<'a> {
    /// The table's columns.
    pub columns: &'a [String],
    /// The dataset's lists.
    pub lists: &'a Lists,
}

/// Reads templates; a mistake names the template's line in the TOML file.
pub fn read(
    values: &[TomlValue],
    weights: Option<Weights>,
    names: &PlaceholderNames,
) -> Result<Phrase> {
    let template =
        |value: &TomlValue| parse(value.text()?, names, 0).map_err(|why| value.error(why));
    Ok(Phrase {
        templates: values.iter().map(template).collect::<Result<_>>()?,
        weights,
    })
}

/// Texts unchanged, braces included.
pub fn literal(texts: &[&str], weights: Option<Weights>) -> Phrase {
    let template = |text: &&str| vec![Piece::Text((*text).to_owned())];
    Phrase {
        templates: texts.iter().map(template).collect(),
        weights,
    }
}

fn parse(text: &str, names: &PlaceholderNames, depth: usize) -> Result<Template, String> {
    if depth > DEEPEST {
        return Err(format!(
            "lists lead to each other more than {DEEPEST} deep, as in \"{text}\""
        ));
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = rest[open..]
            .find('}')
            .ok_or_else(|| format!("\"{text}\" has a `{{` without its `}}`"))?;
        if open > 0 {
            pieces.push(Piece::Text(rest[..open].to_owned()));
        }
        pieces.push(placeholder(
            &rest[open + 1..open + close],
            text,
            names,
            depth,
        )?);
        rest = &rest[open + close + 1..];
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

fn placeholder(
    name: &str,
    text: &str,
    names: &PlaceholderNames,
    depth: usize,
) -> Result<Piece, String> {
    if let Some(column) = names.columns.iter().position(|known| known == name) {
        return Ok(Piece::Column(column));
    }
    let Some(list) = names.lists.find(name) else {
        let columns = did_you_mean(name, names.columns.iter().map(String::as_str));
        let lists = names.lists.advice(name);
        return Err(format!(
            "\"{text}\" names `{{{name}}}`, which is neither a column of this table ({columns}) nor a list ({lists})"
        ));
    };
    let templates: Result<Vec<Template>, String> = list
        .entries
        .iter()
        .map(|entry| parse(&entry[0], names, depth + 1))
        .collect();
    Ok(Piece::Phrase(Arc::new(Phrase {
        templates: templates?,
        weights: None,
    })))
}

/// Calls `each` with every column that a phrase names.
pub fn columns_of(phrase: &Phrase, each: &mut dyn FnMut(usize)) {
    for piece in phrase.templates.iter().flatten() {
        match piece {
            Piece::Text(_) => {}
            Piece::Column(column) => each(*column),
            Piece::Phrase(inner) => columns_of(inner, each),
        }
    }
}
