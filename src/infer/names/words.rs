//! The word lists that rules name, by language. Pure.

use crate::infer::domain::WordList;

/// The language of people, places and streets; other texts are English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locale {
    /// Its code.
    pub code: &'static str,
    /// The telephone numbers that are kept for films and examples, as a regular expression.
    pub phone: &'static str,
    /// How a full name is put together.
    pub full_name: &'static str,
    /// How street and number are.
    pub address: &'static str,
}

/// Ofcom's numbers for drama.
const PHONE_GB: &str = "\\+44 7700 900[0-9]{3}";

/// 555-0100 to 555-0199 of every area are kept for fiction.
const PHONE_US: &str = "\\+1 (202|212|303|312|404|415|503|617|702|713) 555 01[0-9]{2}";

/// Every language, English first: the default.
pub const LOCALES: &[Locale] = &[
    Locale {
        code: "en",
        phone: PHONE_US,
        full_name: "{given} {family}",
        address: "{house} {streets}",
    },
    Locale {
        code: "de",
        // The Bundesnetzagentur's numbers for films.
        phone: "\\+49 (30 23125|69 90009|40 66969|221 4710|89 99998)[0-9]{3}",
        full_name: "{given} {family}",
        address: "{streets} {house}",
    },
    Locale {
        code: "fr",
        // Arcep's numbers for films.
        phone: "\\+33 (1 99 00|2 61 91|3 53 01|4 65 71|5 36 49|6 39 98) [0-9]{2} [0-9]{2}",
        full_name: "{given} {family}",
        address: "{house} {streets}",
    },
    Locale {
        code: "es",
        phone: PHONE_GB,
        full_name: "{given} {family}",
        address: "{streets}, {house}",
    },
    Locale {
        code: "pt",
        phone: PHONE_GB,
        full_name: "{given} {family}",
        address: "{streets}, {house}",
    },
    Locale {
        code: "it",
        phone: PHONE_GB,
        full_name: "{given} {family}",
        address: "{streets} {house}",
    },
    Locale {
        code: "nl",
        phone: PHONE_GB,
        full_name: "{given} {family}",
        address: "{streets} {house}",
    },
    Locale {
        code: "ja",
        phone: PHONE_GB,
        full_name: "{family} {given}",
        address: "{streets}{house}番地",
    },
];

macro_rules! lists {
    ($($locale:literal: $($name:literal)*;)*) => {
        &[$($(($locale, WordList {
            name: $name,
            text: include_str!(concat!("../../../data/words/", $locale, "/", $name, ".txt")),
        })),*),*]
    };
}

/// Every list by its language.
pub(super) const LISTS: &[(&str, WordList)] = lists! {
    "en": "bios" "categories" "clinical-notes" "colors" "comments" "companies" "company-kinds" "company-roots" "countries" "currencies"
        "departments" "diagnoses" "directions" "domains" "events" "files" "first-names" "genres" "headlines" "jobs" "keys" "labels" "languages"
        "last-names" "materials" "medications" "messages" "notes" "paths" "places" "plans" "products" "projects" "qualities" "review-titles" "roles"
        "sentences" "services" "specialties" "street-names" "streets" "subjects-of-titles" "tags" "tasks" "teams" "time-zones"
        "titles" "units" "us-places" "user-agents" "visit-reasons" "wards" "works";
    "de": "first-names" "last-names" "places" "street-names" "streets";
    "fr": "first-names" "last-names" "places" "street-names" "streets";
    "es": "first-names" "last-names" "places" "street-names" "streets";
    "pt": "first-names" "last-names" "places" "street-names" "streets";
    "it": "first-names" "last-names" "places" "street-names" "streets";
    "nl": "first-names" "last-names" "places" "street-names" "streets";
    "ja": "first-names" "last-names" "places" "street-names" "streets";
};

impl Locale {
    /// The language of a code such as `de`, or of one with a country, `de_AT`; without it, what there is.
    pub fn of(code: &str) -> Result<&'static Locale, String> {
        let language = code.split(['_', '-']).next().unwrap_or(code).to_lowercase();
        let found = LOCALES.iter().find(|it| it.code == language);
        found.ok_or_else(|| {
            let known: Vec<&str> = LOCALES.iter().map(|it| it.code).collect();
            format!("unknown locale `{code}`; there is {}", known.join(", "))
        })
    }

    /// English, which `init` writes unless told otherwise: the first.
    pub fn english() -> &'static Locale {
        &LOCALES[0]
    }

    /// A list in this language, or in English where it has none of its own.
    pub fn list(&self, name: &str) -> Option<&'static WordList> {
        let of = |code: &str| {
            LISTS
                .iter()
                .find(|(it, list)| *it == code && list.name == name)
        };
        of(self.code).or_else(|| of("en")).map(|(_, list)| list)
    }

    /// The names of all lists.
    pub fn list_names() -> impl Iterator<Item = &'static str> {
        let english = LISTS.iter().filter(|(code, _)| *code == "en");
        english.map(|(_, list)| list.name)
    }

    /// Whether names are written in plain letters alone.
    pub fn is_plain(&self) -> bool {
        self.code == "en"
    }
}

impl WordList {
    /// Its entries, each of one or more fields.
    pub fn entries(&self) -> impl Iterator<Item = Vec<&'static str>> + use<> {
        let lines = self.text.lines().map(str::trim_end);
        let entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        entries.map(|line| line.split(" | ").map(str::trim).collect())
    }
}

/// The names between braces in a template, doubled braces left out.
pub fn placeholders(template: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        if rest[open + 1..].starts_with('{') {
            rest = &rest[open + 2..];
            continue;
        }
        let Some(close) = rest[open..].find('}') else {
            break;
        };
        found.push(&rest[open + 1..open + close]);
        rest = &rest[open + close + 1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_entries_of_equal_fields_and_known_placeholders() {
        for (code, list) in LISTS {
            let locale = Locale::of(code).unwrap();
            let fields = list.entries().next().expect(list.name).len();
            let mut seen = std::collections::BTreeSet::new();
            for entry in list.entries() {
                assert_eq!(entry.len(), fields, "{code}/{}: {entry:?}", list.name);
                assert!(
                    entry.iter().all(|it| !it.is_empty()),
                    "{code}/{}: {entry:?}",
                    list.name
                );
                assert!(
                    seen.insert(entry[0]),
                    "{code}/{} repeats {}",
                    list.name,
                    entry[0]
                );
                for name in placeholders(entry[0]) {
                    assert!(locale.list(name).is_some(), "{code}/{}: {name}", list.name);
                }
            }
        }
    }

    #[test]
    fn lists_of_one_name_have_the_same_fields_in_every_language() {
        for (code, list) in LISTS {
            let english = Locale::of("en").unwrap().list(list.name).unwrap();
            let fields = |list: &WordList| list.entries().next().map(|it| it.len());
            assert_eq!(fields(list), fields(english), "{code}/{}", list.name);
        }
    }

    #[test]
    fn names_in_plain_letters_are_fit_for_an_email() {
        for locale in LOCALES {
            for name in ["first-names", "last-names"] {
                for entry in locale.list(name).unwrap().entries() {
                    let plain = entry[1];
                    let fit = plain.bytes().all(|it| it.is_ascii_lowercase());
                    assert!(fit, "{}/{name}: {entry:?}", locale.code);
                    let same = entry[0].to_lowercase() == plain;
                    assert!(
                        same || !locale.is_plain(),
                        "{}/{name}: {entry:?}",
                        locale.code
                    );
                }
            }
        }
    }

    #[test]
    fn a_locale_with_a_country_is_its_language_and_an_unknown_one_is_answered_with_the_list() {
        assert_eq!(Locale::of("de_AT").unwrap().code, "de");
        assert_eq!(Locale::of("pt-BR").unwrap().code, "pt");
        assert_eq!(
            Locale::of("xx").unwrap_err(),
            "unknown locale `xx`; there is en, de, fr, es, pt, it, nl, ja"
        );
    }
}
