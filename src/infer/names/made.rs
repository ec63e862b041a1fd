//! How a rule makes values: as TOML says, as an entry of a list that siblings share, as a number, or by a function. Pure.

use crate::infer::domain::{Confidence, MakerToml, Sibling, Value};
use crate::infer::names::NamedColumn;
use crate::infer::names::rule::{FLOAT, INT, Rule, Types};
use crate::infer::names::tokens;
use crate::infer::names::words::Locale;

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

    /// The values of a maker for this column: what a rule says, in this scene.
    pub fn make(&self, make: &Make) -> Option<Made> {
        match make {
            Make::Maker(maker) => Some(Made::new(maker())),
            Make::Entry(list, number) => Some(self.entry(list, *number)),
            Make::PlaceOr(place, list, other) => Some(match self.has_place() {
                true => self.entry("places", *place),
                false => self.entry(list, *other),
            }),
            Make::Number(least, usual, most) => Some(Made::new(self.number(*least, *usual, *most))),
            Make::By(function) => function(self),
        }
    }

    /// Whether siblings with the same prefix say where a place is.
    fn has_place(&self) -> bool {
        let is_place = |it: &MatchedSibling| {
            it.prefix == self.prefix
                && it.rule.is_some_and(|rule| {
                    matches!(rule.make, Make::Entry("places", _)) || rule.reason == NEAR
                })
        };
        self.siblings.iter().any(|it| is_place(it))
    }

    /// A field of a list's entry, which siblings of the same list and prefix share.
    pub fn entry(&self, list: &str, number: usize) -> Made {
        let shares = |it: &MatchedSibling| {
            it.prefix == self.prefix
                && match it.rule.map(|rule| &rule.make) {
                    Some(Make::Entry(other, _)) => *other == list,
                    Some(Make::PlaceOr(_, other, _)) => match self.has_place() {
                        true => list == "places",
                        false => *other == list,
                    },
                    _ => false,
                }
        };
        let drawn = match list {
            "places" if self.needs_short_places() => "us-places",
            list => list,
        };
        let fields = self.locale.list(list).and_then(|it| it.entries().next());
        let is_of_one = fields.is_none_or(|it| it.len() == 1);
        if !is_of_one && self.siblings.iter().any(|it| shares(it))
            || list == "places" && self.has_place()
        {
            let name = self.prefixed(match list {
                "places" => "place",
                "countries" => "country_entry",
                "currencies" => "currency_entry",
                "languages" => "language_entry",
                "files" => "file_entry",
                "units" => "unit_entry",
                "colors" => "color_entry",
                "products" => "product",
                "jobs" => "job",
                "diagnoses" => "diagnosis_entry",
                "medications" => "medication_entry",
                other => other,
            });
            let is_unique =
                self.column.unique || self.siblings.iter().any(|it| shares(it) && it.unique);
            let entry = match is_unique && super::fit::is_code_list(self.subject) {
                true => word(drawn).with("unique", true),
                false => word(drawn),
            };
            return Made::new(field(&name, number)).with_hidden(&name, entry);
        }
        Made::new(match number {
            1 => word(drawn),
            number => word(drawn).with("field", whole(number)),
        })
    }

    /// Whether a column for a region or a postcode takes only what the United States have.
    fn needs_short_places(&self) -> bool {
        let own = (self.column.name, self.longest);
        let others = self.siblings.iter().filter(|it| it.prefix == self.prefix);
        let others = others.map(|it| (it.column.name, super::fit::length(it.column.data_type)));
        let mut all = std::iter::once(own).chain(others);
        all.any(|(name, longest)| {
            let words = tokens::of_column(name);
            let is = |last: &[&str]| words.last().is_some_and(|it| last.contains(&it.as_str()));
            is(&["state", "province", "region"]) && longest <= 2
                || is(&["code"])
                    && words.len() > 1
                    && words[words.len() - 2] == "state"
                    && longest <= 2
                || is(&["postcode"]) && longest < 6
        })
    }

    /// A number of this column's type.
    pub fn number(&self, least: f64, usual: f64, most: f64) -> MakerToml {
        super::fit::number(self, least, usual, most)
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
