//! How a rule makes the values of a column: as TOML says, as an entry of a list that siblings share, as a number, or by a
//! function. Pure.

use crate::infer::domain::MakerToml;
use crate::infer::names::made::{field, whole, word};
use crate::infer::names::rule::{Made, Make, MatchedSibling, NEAR, Scene};
use crate::infer::names::{Field, tokens};
use crate::infer::names::{extent, fit};

/// What a clinic's notes are about.
const VISIT: &[&str] = &[
    "appointment",
    "visit",
    "consultation",
    "admission",
    "encounter",
    "patient",
    "vital_sign",
];

impl Scene<'_> {
    /// The values of a maker for this column: what a rule says, in this scene.
    pub fn make(&self, make: &Make) -> Option<Made> {
        match make {
            Make::Maker(maker) => Some(Made::new(maker())),
            Make::Entry(list, number) => Some(self.entry(self.in_field(list), *number)),
            Make::PlaceOr(place, list, other) => Some(match self.has_place() {
                true => self.entry("places", *place),
                false => self.entry(list, *other),
            }),
            Make::Number(least, usual, most) => Some(Made::new(self.number(*least, *usual, *most))),
            Make::By(function) => function(self),
        }
    }

    /// The list that is meant where the schema's field gives the words another meaning.
    fn in_field(&self, list: &'static str) -> &'static str {
        match (self.field, list) {
            (Field::Any, _) => list,
            (Field::Health, "departments") => "wards",
            (Field::Health, "notes") if VISIT.contains(&self.subject) => {
                let words = tokens::of_column(self.column.name);
                let why = ["reason", "purpose"];
                match words.as_slice() {
                    [only] if why.contains(&only.as_str()) => "visit-reasons",
                    _ => "clinical-notes",
                }
            }
            (Field::Health, _) => list,
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
            let entry = match is_unique && fit::is_code_list(self.subject) {
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
        let others = others.map(|it| (it.column.name, extent::length(it.column.data_type)));
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
        fit::number(self, least, usual, most)
    }
}
