//! The rules, by subject; the first that matches decides.
//!
//! One static list: what a rule is about, what it makes and why it does are in one line, and the tests loop over it.

mod codes;
mod contact;
mod data;
mod files;
mod flags;
mod health;
mod measures;
mod money;
mod names;
mod people;
mod places;
mod states;
mod subjects;
mod sums;
mod texts;
mod times;
mod web;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::infer::names::rule::Rule;

/// The rules whose words may be those of a column, in order: the others aren't looked at.
pub fn about(column: &[String]) -> Vec<&'static Rule> {
    static BY_WORD: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(by_word);
    let is_number = |it: &&String| it.bytes().all(|byte| byte.is_ascii_digit());
    let last = column.last();
    let before = last.filter(is_number).and(column.len().checked_sub(2));
    let words = [column.first(), last, before.map(|at| &column[at])];
    let found = words
        .into_iter()
        .flatten()
        .filter_map(|word| BY_WORD.get(word.as_str()));
    let mut places: Vec<usize> = found.flatten().copied().collect();
    places.sort_unstable();
    places.dedup();
    let mut rules = all().enumerate();
    let rules = places
        .into_iter()
        .filter_map(|place| rules.find(|(at, _)| *at == place));
    rules.map(|(_, rule)| rule).collect()
}

/// The places of rules by the last word of an alternative, or by the first of one that is the beginning of a name.
fn by_word() -> HashMap<&'static str, Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, rule) in all().enumerate() {
        for words in rule.columns.split('|').map(|it| it.trim_start_matches('=')) {
            let word = match words.strip_suffix(" *") {
                Some(first) => first.split(' ').next(),
                None => words.split(' ').next_back(),
            };
            places.entry(word.unwrap_or("")).or_default().push(place);
        }
    }
    places
}

/// Every rule, in order.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    const ALL: &[&[Rule]] = &[
        health::RULES,
        codes::RULES,
        web::RULES,
        files::RULES,
        contact::RULES,
        places::RULES,
        people::RULES,
        times::RULES,
        states::RULES,
        money::RULES,
        measures::RULES,
        names::RULES,
        texts::RULES,
        flags::RULES,
        codes::ANY,
        data::RULES,
    ];
    ALL.iter().flat_map(|rules| rules.iter())
}

pub use times::{says_begun, says_created};
