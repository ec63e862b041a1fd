//! The rules, by subject; the first that matches decides.
//!
//! One static list: what a rule is about, what it makes and why it does are in one line, and the tests loop over it.

mod codes;
mod contact;
mod data;
mod files;
mod flags;
mod measures;
mod money;
mod names;
mod people;
mod places;
mod states;
mod subjects;
mod texts;
mod times;
mod web;

use crate::infer::names::rule::Rule;

/// Every rule, in order.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    const ALL: &[&[Rule]] = &[
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

pub use times::says_created;
