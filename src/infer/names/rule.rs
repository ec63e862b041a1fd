//! What a rule is, what it makes values with and from, and when it matches. Pure.

use crate::infer::domain::{Confidence, MakerToml, Sibling};
use crate::infer::names::types::Types;
use crate::infer::names::words::Locale;
use crate::infer::names::{Field, NamedColumn};

/// From words of a column's and a table's name to a maker.
#[derive(Debug)]
pub struct Rule {
    /// Alternatives, separated by `|`: the last words of the column's name. `=` before one: all of them; ` *` behind
    /// one: the first words.
    pub columns: &'static str,
    /// What the column says something of: the word before these, else the table's noun. Empty: anything.
    pub subjects: &'static [&'static str],
    /// The types that the maker's values are read by.
    pub types: Types,
    /// The fewest characters that a text column must take.
    pub length: u32,
    /// What makes the values.
    pub make: Make,
    /// A few words for the comment.
    pub reason: &'static str,
    /// `table.column` that this rule and none before it matches.
    #[cfg(test)]
    pub example: &'static str,
}

/// The reason of rules for what lies near the place that siblings name.
pub const NEAR: &str = "near the place";

/// What a rule makes values with.
pub enum Make {
    /// A maker that needs nothing of its surroundings.
    Maker(fn() -> MakerToml),
    /// A field of an entry of a list; siblings of the same list and prefix share the entry.
    Entry(&'static str, usize),
    /// A field of a place where siblings say more of that place, else an entry of another list.
    PlaceOr(usize, &'static str, usize),
    /// A number, within limits and with the decimals of the type: least, usual (0: all alike), most.
    Number(f64, f64, f64),
    /// What depends on siblings, subject or type.
    By(fn(&Scene) -> Option<Made>),
}

impl std::fmt::Debug for Make {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Make::Maker(_) => "Maker",
            Make::Entry(..) => "Entry",
            Make::PlaceOr(..) => "PlaceOr",
            Make::Number(..) => "Number",
            Make::By(_) => "By",
        })
    }
}

/// A maker with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The maker.
    pub maker: MakerToml,
    /// See [`Choice::null`](crate::infer::domain::Choice::null).
    pub null: Option<f64>,
    /// Columns that aren't written, by name.
    pub hidden: Vec<(String, MakerToml)>,
    /// How sure it is.
    pub confidence: Confidence,
}

/// A column with the rule that matched it.
pub struct Scene<'a> {
    /// The column.
    pub column: &'a NamedColumn<'a>,
    /// The group of its type.
    pub types: Types,
    /// The words before the rule's, each with a `_` behind it: `billing_`, or nothing.
    pub prefix: String,
    /// What the column says something of.
    pub subject: &'a str,
    /// The language.
    pub locale: &'static Locale,
    /// What the schema is about.
    pub field: Field,
    /// The longest text that fits.
    pub longest: u32,
    /// The other columns, each with the rule that matches it and its prefix.
    pub siblings: &'a [&'a MatchedSibling<'a>],
}

/// A sibling with the rule that matches it.
pub struct MatchedSibling<'a> {
    /// The sibling.
    pub column: Sibling<'a>,
    /// The group of its type.
    pub types: Types,
    /// Whether its values don't repeat by themselves.
    pub unique: bool,
    /// Its rule, if any.
    pub rule: Option<&'static Rule>,
    /// The words before the rule's.
    pub prefix: String,
}

/// How a rule's words matched: the words before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'w> {
    /// The words of the column's name before those of the rule: `billing` of `billing_city`.
    pub prefix: &'w [String],
    /// What the column says something of.
    pub subject: &'w str,
}

impl Rule {
    /// Whether the rule is about a column of these words, of a table of these.
    pub fn matches<'w>(&self, table: &'w [String], column: &'w [String]) -> Option<Match<'w>> {
        let without_number = match column {
            [head @ .., last] if !head.is_empty() && last.bytes().all(|it| it.is_ascii_digit()) => {
                head
            }
            all => all,
        };
        let mut alternatives = self.columns.split('|');
        alternatives.find_map(|words| {
            let prefix = before(words, column).or_else(|| before(words, without_number))?;
            let subject = subject(table, prefix);
            let is_about = self.subjects.is_empty() || self.subjects.contains(&subject);
            is_about.then_some(Match { prefix, subject })
        })
    }
}

/// The words before those of a pattern, if it matches.
fn before<'w>(pattern: &str, column: &'w [String]) -> Option<&'w [String]> {
    if let Some(whole) = pattern.strip_prefix('=') {
        return column.iter().eq(whole.split(' ')).then_some(&column[..0]);
    }
    if let Some(first) = pattern.strip_suffix(" *") {
        let count = first.split(' ').count();
        let matches = column.len() > count && column[..count].iter().eq(first.split(' '));
        return matches.then_some(&column[..0]);
    }
    let count = pattern.split(' ').count();
    let start = column.len().checked_sub(count)?;
    let matches = column[start..].iter().eq(pattern.split(' '));
    matches.then_some(&column[..start])
}

/// Words before a noun that say which one, not what.
const WHICH: &[&str] = &[
    "default",
    "primary",
    "secondary",
    "main",
    "old",
    "new",
    "original",
    "current",
    "previous",
    "last",
    "first",
    "next",
    "short",
    "long",
    "local",
    "native",
    "official",
    "legal",
    "full",
    "base",
    "my",
    "the",
    "other",
    "public",
    "internal",
    "external",
    "x",
];

/// What a column says something of: the word before the rule's, else what the table's rows are.
fn subject<'w>(table: &'w [String], prefix: &'w [String]) -> &'w str {
    let says = |word: &&String| !WHICH.contains(&&***word);
    let noun = prefix.iter().rev().find(says).or(table.last());
    noun.map_or("", String::as_str)
}

/// A list of rules, one a line.
macro_rules! rules {
    ($($columns:tt $subjects:tt $types:expr, $length:literal => $make:expr, $reason:literal, $example:literal;)*) => {
        &[$(crate::infer::names::rule::Rule {
            columns: $columns,
            subjects: &$subjects,
            types: $types,
            length: $length,
            make: $make,
            reason: $reason,
            #[cfg(test)]
            example: $example,
        }),*]
    };
}
pub(super) use rules;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::names::tokens;

    fn prefix_of(pattern: &str, column: &str) -> Option<String> {
        before(pattern, &tokens::of_column(column)).map(|words| words.join(" "))
    }

    #[test]
    fn patterns_are_ends_wholes_or_beginnings() {
        assert_eq!(prefix_of("city", "billing_city"), Some("billing".into()));
        assert_eq!(prefix_of("first name", "first_name"), Some(String::new()));
        assert_eq!(prefix_of("city", "city_id"), None);
        assert_eq!(prefix_of("=name", "name"), Some(String::new()));
        assert_eq!(prefix_of("=name", "file_name"), None);
        assert_eq!(prefix_of("is *", "is_active"), Some(String::new()));
        assert_eq!(prefix_of("is *", "is"), None);
    }

    #[test]
    fn the_subject_is_the_word_before_or_the_table() {
        let of = |table: &str, prefix: &str| {
            let (table, prefix) = (tokens::of_table(table), tokens::of_column(prefix));
            subject(&table, &prefix).to_owned()
        };
        assert_eq!(of("orders", "customer"), "customer");
        assert_eq!(of("orders", ""), "order");
        assert_eq!(of("user_roles", "default"), "role");
    }
}
