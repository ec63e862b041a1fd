//! What holds for columns whatever their makers: when they are NULL, which never repeat, how long texts may be.

use crate::dataset::draw::Chance;

/// Columns that together never repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueSet {
    /// Their positions.
    pub columns: Vec<usize>,
    /// The line in the TOML file.
    pub line: usize,
}

/// Columns of which exactly one is not NULL, except in a share of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusive {
    /// Their positions.
    pub columns: Vec<usize>,
    /// In how many rows all are NULL.
    pub none: Chance,
}

/// When a column is NULL, by its siblings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Where this sibling is.
    pub null_with: Option<usize>,
    /// Unless each of these siblings has one of the values.
    pub only_if: Vec<(usize, Vec<String>)>,
}

impl Conditions {
    /// The siblings.
    pub fn columns(&self) -> Vec<usize> {
        let only_if = self.only_if.iter().map(|(column, _)| *column);
        self.null_with.into_iter().chain(only_if).collect()
    }
}

/// How a column's texts are changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextLimits {
    /// The most characters: longer entries are left out, longer texts of pieces cut.
    pub max_length: Option<u32>,
    /// Written in this case.
    pub case: Option<Case>,
}

/// A case of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// a
    Lower,
    /// A
    Upper,
    /// a-b: lower case, and one `-` for whatever is neither letter nor digit.
    Slug,
}

impl Case {
    /// A text in the case.
    pub fn of(self, text: &str) -> String {
        match self {
            Case::Lower => text.to_lowercase(),
            Case::Upper => text.to_uppercase(),
            Case::Slug => slug(text),
        }
    }
}

fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|it: char| !it.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}
