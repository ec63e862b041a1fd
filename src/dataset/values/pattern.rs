//! Texts that match a regular expression of Postgres.
//!
//! The expression's syntax tree is narrowed to a part of its language in which each text is made in one way only: the
//! next character always decides which branch is taken and whether a repetition goes on. So texts of distinct indexes
//! differ, and a text is made without looking back.

mod bound;
mod narrow;
mod node;
mod read;

use anyhow::{Result, bail};

use crate::dataset::choices::Choices;
use node::Node;

/// Texts that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    node: Node,
}

impl Pattern {
    /// Reads an expression; its texts have so many characters. An error says what of it isn't supported.
    pub fn new(expression: &str, min: u32, max: Option<u32>) -> Result<Pattern> {
        let raw = read::node(expression)?;
        match bound::within(&raw, min, max, narrow::narrow) {
            Some(node) => Ok(Pattern { node }),
            None => {
                let shortest = narrow::narrow(&bound::limit(&raw, 0, 0)).lengths().0;
                let most = max.map_or(String::new(), |max| format!(" and at most {max}"));
                bail!(
                    "no text of at least {min}{most} characters is found; the shortest has {shortest}"
                )
            }
        }
    }

    pub(super) fn domain(&self) -> u128 {
        self.node.size()
    }

    pub(super) fn longest(&self) -> Option<u32> {
        u32::try_from(self.node.lengths().1).ok()
    }

    pub(super) fn may_hold(&self, byte: u8) -> bool {
        self.node.may_hold(char::from(byte))
    }

    pub(super) fn may_be_empty(&self) -> bool {
        self.node.lengths().0 == 0
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        self.node.write(&mut choices, out);
    }
}

#[cfg(test)]
mod tests;
