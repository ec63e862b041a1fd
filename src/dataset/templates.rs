//! Templates: text with `{name}` where a sibling column's value or a list's entry goes.

use std::cell::RefCell;
use std::collections::BTreeMap;
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
    /// The columns that they name, each once.
    columns: Vec<usize>,
}

impl Phrase {
    /// Of these templates.
    pub fn new(templates: Vec<Template>, weights: Option<Weights>) -> Phrase {
        let mut columns = Vec::new();
        let mut add = |column: &usize| {
            if !columns.contains(column) {
                columns.push(*column);
            }
        };
        for piece in templates.iter().flatten() {
            match piece {
                Piece::Text(_) => {}
                Piece::Column(column) => add(column),
                Piece::Phrase(list) => list.columns.iter().for_each(&mut add),
            }
        }
        Phrase {
            templates,
            weights,
            columns,
        }
    }

    /// The columns that its templates name, those in lists too.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }
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

/// What a placeholder can name in a table; a column comes before a list of the same name.
pub struct PlaceholderNames<'a> {
    columns: &'a [String],
    lists: &'a Lists,
    /// The lists that were named so far. Each is read once: a few that name each other make hundreds of paths.
    read: RefCell<BTreeMap<String, NestedList>>,
}

/// A list that a template has named.
#[derive(Clone)]
struct NestedList {
    phrase: Arc<Phrase>,
    /// How deep the lists below it nest.
    height: usize,
}

impl<'a> PlaceholderNames<'a> {
    /// A table's columns and the dataset's lists.
    pub fn new(columns: &'a [String], lists: &'a Lists) -> PlaceholderNames<'a> {
        PlaceholderNames {
            columns,
            lists,
            read: RefCell::default(),
        }
    }
}

/// Reads templates; a mistake names the template's line in the TOML file.
pub fn read(
    values: &[TomlValue],
    weights: Option<Weights>,
    names: &PlaceholderNames,
) -> Result<Phrase> {
    let template = |value: &TomlValue| {
        let parsed = parse(value.text()?, names, 0).map_err(|why| value.error(why))?;
        Ok(parsed.template)
    };
    let templates = values.iter().map(template).collect::<Result<_>>()?;
    Ok(Phrase::new(templates, weights))
}

/// Texts unchanged, braces included.
pub fn literal(texts: &[&str], weights: Option<Weights>) -> Phrase {
    let template = |text: &&str| vec![Piece::Text((*text).to_owned())];
    Phrase::new(texts.iter().map(template).collect(), weights)
}

/// A template, and how deep the lists that it names nest.
struct Parsed {
    template: Template,
    height: usize,
}

/// `depth` is how deep the lists around it nest.
fn parse(text: &str, names: &PlaceholderNames, depth: usize) -> Result<Parsed, String> {
    let mut pieces = Vec::new();
    let mut height = 0;
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
        let name = &behind[..close];
        match names.columns.iter().position(|known| known == name) {
            Some(column) => pieces.push(Piece::Column(column)),
            None => {
                let list = list(name, text, names, depth)?;
                height = height.max(list.height + 1);
                pieces.push(Piece::Phrase(list.phrase));
            }
        }
        rest = &behind[close + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(Parsed {
        template: pieces,
        height,
    })
}

/// The list of a name in a template.
fn list(
    name: &str,
    text: &str,
    names: &PlaceholderNames,
    depth: usize,
) -> Result<NestedList, String> {
    let known = names.read.borrow().get(name).cloned();
    let list = match known {
        Some(list) => list,
        // Where lists lead to themselves, this ends before any of them has been read.
        None if depth < DEEPEST => {
            let list = read_list(name, text, names, depth)?;
            names
                .read
                .borrow_mut()
                .insert(name.to_owned(), list.clone());
            list
        }
        None => return Err(too_deep(text)),
    };
    match depth + list.height < DEEPEST {
        true => Ok(list),
        false => Err(too_deep(text)),
    }
}

fn too_deep(text: &str) -> String {
    format!("lists lead to each other more than {DEEPEST} deep, as in \"{text}\"")
}

fn read_list(
    name: &str,
    text: &str,
    names: &PlaceholderNames,
    depth: usize,
) -> Result<NestedList, String> {
    let Some(list) = names.lists.find(name) else {
        let columns = did_you_mean(name, names.columns.iter().map(String::as_str));
        let lists = names.lists.advice(name);
        return Err(format!(
            "\"{text}\" names `{{{name}}}`, which is neither a column of this table ({columns}) nor a list ({lists})"
        ));
    };
    let mut templates = Vec::with_capacity(list.entries.len());
    let mut height = 0;
    for entry in &list.entries {
        let parsed = parse(&entry[0], names, depth + 1)?;
        height = height.max(parsed.height);
        templates.push(parsed.template);
    }
    let phrase = Arc::new(Phrase::new(templates, None));
    Ok(NestedList { phrase, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, String> {
        let (columns, lists) = (["id".to_owned()], Lists::default());
        let names = PlaceholderNames::new(&columns, &lists);
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => format!("\"{text}\""),
            Piece::Column(column) => format!("#{column}"),
            Piece::Phrase(_) => "list".into(),
        };
        Ok(parse(text, &names, 0)?.template.iter().map(show).collect())
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
