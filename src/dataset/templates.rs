//! Templates: text with `{name}` where a sibling column's value or a list's entry goes.

use std::sync::Arc;

use anyhow::Result;
use memchr::memchr2;

use crate::dataset::distribution::Weights;
use crate::dataset::document::{TomlValue, did_you_mean};
use crate::dataset::lists::Lists;

/// One of several templates.
#[derive(Debug)]
pub struct Phrase {
    /// The templates.
    pub templates: Vec<Template>,
    /// How likely each is; `None`: all the same.
    pub weights: Option<Weights>,
}

/// Pieces one behind the other.
pub type Template = Vec<Piece>;

/// A piece of a template.
#[derive(Debug)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// An entry of a list, which may be a template itself.
    Phrase(Arc<Phrase>),
    /// The value of a sibling column.
    Column(usize),
}

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
    let mut literal = String::new();
    let mut rest = text;
    while let Some(brace) = memchr2(b'{', b'}', rest.as_bytes()) {
        literal.push_str(&rest[..brace]);
        let (open, behind) = (rest[brace..].starts_with('{'), &rest[brace + 1..]);
        // A brace twice is one of the text's own; so is a closing one alone.
        if behind.starts_with(&rest[brace..=brace]) || !open {
            literal.push_str(&rest[brace..=brace]);
            rest = behind.strip_prefix(&rest[brace..=brace]).unwrap_or(behind);
            continue;
        }
        let close = behind.find('}').ok_or_else(|| {
            format!(
                "\"{text}\" has a `{{` without its `}}`; write `{{{{` for a brace of the text's own"
            )
        })?;
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(placeholder(&behind[..close], text, names, depth)?);
        rest = &behind[close + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(literal));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, String> {
        let columns = ["id".to_owned()];
        let names = PlaceholderNames {
            columns: &columns,
            lists: &Lists::default(),
        };
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => format!("\"{text}\""),
            Piece::Column(column) => format!("#{column}"),
            Piece::Phrase(_) => "list".into(),
        };
        Ok(parse(text, &names, 0)?.iter().map(show).collect())
    }

    #[test]
    fn doubled_braces_are_the_texts_own() {
        for (text, pieces) in [
            ("", "\"\""),
            ("No. {id}!", "\"No. \"#0\"!\""),
            ("{id}{id}", "#0#0"),
            ("{{\"id\": {id}}}", "\"{\"id\": \"#0\"}\""),
            ("{{id}}", "\"{id}\""),
            ("a } b", "\"a } b\""),
            ("{id}}", "#0\"}\""),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(pieces), "{text}");
        }
        assert!(parsed("{id").unwrap_err().contains("without its `}`"));
        assert!(parsed("{no}").unwrap_err().contains("neither a column"));
    }
}
