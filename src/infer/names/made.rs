//! Makers that rules share, and what a column's surroundings give them. Pure.

use crate::infer::domain::{Confidence, MakerToml, Value};
use crate::infer::names::rule::{Made, MatchedSibling, Scene};
use crate::infer::names::tokens;
use crate::infer::names::types::{FLOAT, INT};

impl Made {
    /// A maker alone.
    pub fn new(maker: MakerToml) -> Made {
        Made {
            maker,
            null: None,
            hidden: Vec::new(),
            confidence: Confidence::Likely,
        }
    }

    /// With a share of NULLs.
    pub fn null(mut self, share: f64) -> Made {
        self.null = Some(share);
        self
    }

    /// With a hidden column.
    pub fn with_hidden(mut self, name: &str, maker: MakerToml) -> Made {
        if !self.hidden.iter().any(|(known, _)| known == name) {
            self.hidden.push((name.to_owned(), maker));
        }
        self
    }

    /// No more than a guess.
    pub fn guess(mut self) -> Made {
        self.confidence = Confidence::Guess;
        self
    }
}

/// `{ make = "phrase", of = … }`; several templates become a list.
pub fn phrase(templates: &[&str]) -> MakerToml {
    MakerToml::new("phrase").with("of", one_or_more(templates))
}

/// A text, or a list of them.
fn one_or_more(texts: &[&str]) -> Value {
    match texts {
        [one] => (*one).into(),
        many => many.to_vec().into(),
    }
}

/// A random entry of a list.
pub fn word(list: &str) -> MakerToml {
    MakerToml::new("word").with("list", list)
}

/// A field of the entry that a `word` column draws.
pub fn field(of: &str, field: usize) -> MakerToml {
    MakerToml::new("field")
        .with("of", of)
        .with("field", whole(field))
}

/// One of some texts, the first ones more often where there are weights.
pub fn one_of(values: &[&str], weights: &[i64]) -> MakerToml {
    let maker = MakerToml::new("one-of").with("values", values.to_vec());
    match weights {
        [] => maker,
        weights => maker.with("weights", weights.to_vec()),
    }
}

/// Texts that match a regular expression.
pub fn pattern(of: &str) -> MakerToml {
    MakerToml::new("pattern").with("of", of)
}

/// A whole number as an option.
pub fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl<'a> Scene<'a> {
    /// A name with this column's prefix: `billing_place`.
    pub fn prefixed(&self, name: &str) -> String {
        let name = format!("{}{name}", self.prefix);
        // A column of the table itself may have that name.
        match self.sibling(&name) {
            Some(_) => format!("{name}_drawn"),
            None => name,
        }
    }

    /// The sibling of exactly this name.
    pub fn sibling(&self, name: &str) -> Option<&'a MatchedSibling<'a>> {
        self.siblings
            .iter()
            .copied()
            .find(|it| it.column.name == name)
    }

    /// The sibling with this column's prefix whose words are these.
    pub fn sibling_in_words(&self, words: &[&str]) -> Option<&'a MatchedSibling<'a>> {
        let is = |it: &&MatchedSibling| {
            let name = tokens::of_column(it.column.name).join("_");
            let rest = name.strip_prefix(&self.prefix);
            rest.is_some_and(|rest| words.contains(&rest.replace('_', " ").as_str()))
        };
        self.siblings.iter().copied().find(is)
    }

    /// A column that holds the row's number: the table's own `id`, or a hidden one.
    pub fn row(&self) -> (String, Option<(String, MakerToml)>) {
        match self.sibling("id") {
            Some(id) if id.types == INT && id.column.not_null => ("id".into(), None),
            _ => {
                let name = match self.sibling("row") {
                    Some(_) => "row_number",
                    None => "row",
                };
                (name.into(), Some((name.into(), MakerToml::new("sequence"))))
            }
        }
    }

    /// Whether numbers are whole.
    pub fn is_whole(&self) -> bool {
        self.types == INT
    }

    /// Whether numbers are binary fractions.
    pub fn is_float(&self) -> bool {
        self.types == FLOAT
    }
}
