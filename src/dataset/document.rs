//! A TOML file with its lines: every value is asked for by key and kind, and a mistake says file, line, what is wrong
//! and what would be right.
//!
//! Serde's derive would name the line too, but neither the table and column in words nor the nearest known key.

use std::cell::RefCell;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file's name and lines, for messages.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// The file's path, as messages show it.
    pub path: &'a str,
    /// Where its lines begin: asked for each value, counting line feeds took two thirds of the time that a file of 2,000 tables
    /// is read in.
    starts: Arc<[usize]>,
}

/// One TOML table being read: what it is in words, its keys, and which of them have been asked for.
pub struct Section<'a> {
    document: Document<'a>,
    table: Option<&'a DeTable<'a>>,
    line: usize,
    what: String,
    asked: RefCell<Vec<&'static str>>,
}

/// One value with its place.
#[derive(Clone)]
pub struct TomlValue<'a> {
    document: Document<'a>,
    value: &'a DeValue<'a>,
    line: usize,
    what: String,
}

impl<'a> Document<'a> {
    /// Parses the text; a syntax error names file and line.
    pub fn parse(path: &'a str, text: &'a str) -> Result<(Document<'a>, Spanned<DeTable<'a>>)> {
        let feeds = memchr::memchr_iter(b'\n', text.as_bytes());
        let starts = std::iter::once(0).chain(feeds.map(|at| at + 1)).collect();
        let document = Document { path, starts };
        match DeTable::parse(text) {
            Ok(table) => Ok((document, table)),
            Err(error) => {
                let line = error.span().map_or(1, |span| document.line(span.start));
                Err(document.error(line, error.message().trim()))
            }
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// An error at a line of this file.
    pub fn error(&self, line: usize, message: impl std::fmt::Display) -> anyhow::Error {
        anyhow!("{}, line {line}: {message}", self.path)
    }

    /// The whole file as a section.
    pub fn root(&self, table: &'a Spanned<DeTable<'a>>) -> Section<'a> {
        Section {
            document: self.clone(),
            table: Some(table.get_ref()),
            line: 1,
            what: String::new(),
            asked: RefCell::default(),
        }
    }
}

impl<'a> Section<'a> {
    /// The value of a key, if it is there.
    pub fn get(&self, key: &'static str) -> Option<TomlValue<'a>> {
        self.asked.borrow_mut().push(key);
        self.table?.get(key).map(|value| self.value(key, value))
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &'static str) -> Result<TomlValue<'a>> {
        self.get(key)
            .ok_or_else(|| self.error(format!("`{key}` is missing")))
    }

    /// Every key with its value, in the file's order.
    pub fn entries(&self) -> Vec<(String, TomlValue<'a>)> {
        self.table
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.get_ref().to_string(), self.value(key.get_ref(), value)))
            .collect()
    }

    fn value(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> TomlValue<'a> {
        let what = match self.what.is_empty() {
            true => format!("`{key}`"),
            false => format!("{}, `{key}`", self.what),
        };
        TomlValue {
            document: self.document.clone(),
            line: self.document.line(value.span().start),
            value: value.get_ref(),
            what,
        }
    }

    /// Rejects keys that were not asked for.
    pub fn ensure_known_keys(&self) -> Result<()> {
        let asked = self.asked.borrow();
        for (key, _) in self.table.into_iter().flatten() {
            if !asked.iter().any(|known| known == key.get_ref()) {
                let line = self.document.line(key.span().start);
                let advice = did_you_mean(key.get_ref(), asked.iter().copied());
                let place = self.place();
                return Err(self.document.error(
                    line,
                    format!("{place}unknown key `{}`; {advice}", key.get_ref()),
                ));
            }
        }
        Ok(())
    }

    /// An error at this section, led by what it is.
    pub fn error(&self, message: impl std::fmt::Display) -> anyhow::Error {
        self.document
            .error(self.line, format!("{}{message}", self.place()))
    }

    fn place(&self) -> String {
        if self.what.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.what)
        }
    }

    /// The line it begins on, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What it is, in words for messages.
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl<'a> TomlValue<'a> {
    /// An error at this value, led by what it is.
    pub fn error(&self, message: impl std::fmt::Display) -> anyhow::Error {
        self.document
            .error(self.line, format!("{}: {message}", self.what))
    }

    fn wrong_kind(&self, expected: &str) -> anyhow::Error {
        self.error(format!(
            "expected {expected}, found {}",
            self.value.type_str()
        ))
    }

    /// What it is, in words for messages.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Its line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// As a TOML table, called `what` in messages.
    pub fn section(&self, what: impl Into<String>) -> Result<Section<'a>> {
        let table = self
            .value
            .as_table()
            .ok_or_else(|| self.wrong_kind("a table"))?;
        Ok(Section {
            table: Some(table),
            ..self.without_keys(what)
        })
    }

    /// A section without keys at this value's place: for a plain name in place of a table.
    pub fn without_keys(&self, what: impl Into<String>) -> Section<'a> {
        Section {
            document: self.document.clone(),
            table: None,
            line: self.line,
            what: what.into(),
            asked: RefCell::default(),
        }
    }

    /// A text, number, date, true or false as the file writes it, quotes and underscores left out; other values by their kind.
    pub fn as_written(&self) -> String {
        match self.value {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Datetime(date) => date.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            other => other.type_str().to_owned(),
        }
    }

    /// Whether it is a date or time as TOML has them, without quotes.
    pub fn is_date(&self) -> bool {
        self.value.is_datetime()
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        self.value.is_str()
    }

    /// The same value, called `what` in messages.
    pub fn called(&self, what: impl Into<String>) -> TomlValue<'a> {
        TomlValue {
            what: what.into(),
            ..self.clone()
        }
    }

    /// As text.
    pub fn text(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong_kind("text"))
    }

    /// As a whole number; underscores are allowed.
    pub fn integer(&self) -> Result<i64> {
        let integer = self
            .value
            .as_integer()
            .ok_or_else(|| self.wrong_kind("a whole number"))?;
        i64::from_str_radix(integer.as_str(), integer.radix())
            .map_err(|_| self.error("the number is too large"))
    }

    /// As a number with or without a fraction.
    pub fn number(&self) -> Result<f64> {
        if self.value.is_integer() {
            return Ok(self.integer()? as f64);
        }
        let float = self
            .value
            .as_float()
            .ok_or_else(|| self.wrong_kind("a number"))?;
        let number: f64 = float
            .as_str()
            .parse()
            .map_err(|_| self.wrong_kind("a number"))?;
        if number.is_finite() {
            Ok(number)
        } else {
            Err(self.error("expected a finite number"))
        }
    }

    /// As a probability, 0 to 1.
    pub fn probability(&self) -> Result<f64> {
        let number = self.number()?;
        if (0.0..=1.0).contains(&number) {
            return Ok(number);
        }
        Err(self.error(format!(
            "{number} is not a probability; it lies between 0 and 1"
        )))
    }

    /// As true or false.
    pub fn boolean(&self) -> Result<bool> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong_kind("true or false"))
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// Whether it is a whole number.
    pub fn is_integer(&self) -> bool {
        self.value.is_integer()
    }

    /// As a list that isn't empty.
    pub fn list(&self) -> Result<Vec<TomlValue<'a>>> {
        let array = self
            .value
            .as_array()
            .ok_or_else(|| self.wrong_kind("a list"))?;
        if array.is_empty() {
            bail!(self.error("the list is empty"));
        }
        let item = |value: &'a Spanned<DeValue<'a>>| TomlValue {
            document: self.document.clone(),
            line: self.document.line(value.span().start),
            value: value.get_ref(),
            what: self.what.clone(),
        };
        Ok(array.iter().map(item).collect())
    }

    /// As one of a static list of named things.
    pub fn one_of<T: Clone>(&self, kind: &str, known: &[(&'static str, T)]) -> Result<T> {
        let name = self.text()?;
        match known.iter().find(|(known, _)| *known == name) {
            Some((_, thing)) => Ok(thing.clone()),
            None => {
                let advice = did_you_mean(name, known.iter().map(|(name, _)| *name));
                Err(self.error(format!("unknown {kind} `{name}`; {advice}")))
            }
        }
    }
}

/// 1 for the same name. Two letters changed about, or one wrong, in a short name are more alike than Jaro and Winkler
/// say.
fn likeness(name: &str, known: &str) -> f64 {
    let slip = known.len() > 2 && strsim::osa_distance(name, known) <= 1;
    strsim::jaro_winkler(name, known).max(if slip { 0.9 } else { 0.0 })
}

/// "did you mean `phrase`?" when a known name is near, else all of them, if any.
pub fn did_you_mean<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known
        .iter()
        .map(|k| (likeness(name, k), k))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, nearest)) if likeness > 0.8 => format!("did you mean `{nearest}`?"),
        None => "there is none".into(),
        _ => format!("there is {}", known.join(", ")),
    }
}

/// A list of texts; none where the key is missing.
pub fn texts(value: Option<TomlValue>) -> Result<Vec<String>> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    value
        .list()?
        .iter()
        .map(|item| item.text().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_others_listed() {
        let known = ["phrase", "parent", "day", "id"];
        assert_eq!(did_you_mean("phrse", known), "did you mean `phrase`?");
        assert_eq!(did_you_mean("dya", known), "did you mean `day`?");
        let all = "there is phrase, parent, day, id";
        assert_eq!(did_you_mean("zebra", known), all);
        assert_eq!(
            did_you_mean("xd", known),
            all,
            "two letters are near to everything"
        );
        assert_eq!(did_you_mean("zebra", []), "there is none");
    }

    #[test]
    fn values_are_shown_as_they_are_written() {
        let text = "a = 1_000\nb = 2.50\nc = 2024-02-29\nd = \"x\"\ne = [1]";
        let (document, root) = Document::parse("x.toml", text).unwrap();
        let root = document.root(&root);
        let shown = |key| root.get(key).unwrap().as_written();
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(shown),
            ["1000", "2.50", "2024-02-29", "x", "array"]
        );
        assert_eq!(root.get("d").unwrap().line(), 4);
    }
}
