//! What a rule is, and when it matches. Pure.

use crate::copy::DataType;
use crate::copy::types::{Scalar, TypeKind};
use crate::infer::names::made::Make;

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
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests loop over it"))]
    pub example: &'static str,
}

/// A set of groups of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(pub u32);

macro_rules! type_sets {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $example:literal;)*) => {
        $($(#[$doc])* pub const $name: Types = Types(1 << $bit);)*

        /// Every group with the name of a type in it.
        pub const GROUPS: &[(Types, &str)] = &[$(($name, $example)),*];
    };
}

type_sets! {
    /// Texts.
    TEXT = 0 "text";
    /// Whole numbers.
    INT = 1 "integer";
    /// Numbers with a fixed number of decimals.
    DECIMAL = 2 "numeric";
    /// Binary fractions.
    FLOAT = 3 "double precision";
    /// `boolean`.
    BOOL = 4 "boolean";
    /// `date`.
    DATE = 5 "date";
    /// Timestamps with and without a time zone.
    STAMP = 6 "timestamp with time zone";
    /// Times of day.
    TIME = 7 "time without time zone";
    /// `interval`.
    INTERVAL = 8 "interval";
    /// `uuid`.
    UUID = 9 "uuid";
    /// `json` and `jsonb`.
    JSON = 10 "jsonb";
    /// `inet` and `cidr`.
    INET = 11 "inet";
    /// MAC addresses.
    MAC = 12 "macaddr";
    /// `bytea`.
    BYTES = 13 "bytea";
    /// Arrays of texts.
    TEXTS = 14 "text[]";
}

/// Numbers of any kind.
pub const NUMBER: Types = INT.or(DECIMAL).or(FLOAT);
/// Numbers with a fraction.
pub const FRACTION: Types = DECIMAL.or(FLOAT);
/// Days and points in time.
pub const WHEN: Types = DATE.or(STAMP);

impl Types {
    /// Either.
    pub const fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    /// Whether all of the other's are in it.
    pub const fn has(self, other: Types) -> bool {
        other.0 != 0 && self.0 & other.0 == other.0
    }

    /// The group of a column's type; none for types that no rule is about.
    pub fn of(data_type: &DataType) -> Types {
        match &data_type.base().kind {
            TypeKind::Scalar(scalar) => of_scalar(*scalar),
            TypeKind::Array(element, _) if Types::of(element) == TEXT => TEXTS,
            _ => Types(0),
        }
    }

    /// The group of a type's name, as SQL has it; sizes in parentheses don't count.
    pub fn named(name: &str) -> Types {
        let is = |(_, known): &&(Types, &str)| *known == name;
        GROUPS.iter().find(is).map_or(Types(0), |(types, _)| *types)
    }
}

fn of_scalar(scalar: Scalar) -> Types {
    match scalar {
        Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Name | Scalar::Char => TEXT,
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 => INT,
        Scalar::Numeric | Scalar::Money => DECIMAL,
        Scalar::Float4 | Scalar::Float8 => FLOAT,
        Scalar::Bool => BOOL,
        Scalar::Date => DATE,
        Scalar::Timestamp | Scalar::Timestamptz => STAMP,
        Scalar::Time | Scalar::Timetz => TIME,
        Scalar::Interval => INTERVAL,
        Scalar::Uuid => UUID,
        Scalar::Json | Scalar::Jsonb => JSON,
        Scalar::Inet | Scalar::Cidr => INET,
        Scalar::Macaddr | Scalar::Macaddr8 => MAC,
        Scalar::Bytea => BYTES,
        _ => Types(0),
    }
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
