//! A drop rule bound to the field of a file that it is about, and to the rows of the parent that it asks for.

use std::sync::{Arc, OnceLock};

use crate::copy::decimal::Decimal;
use crate::copy::number::integer;
use crate::dataset::spec::{DropRule, LoadedParent};

/// A rule with its field. Clones share what the parent has.
#[derive(Debug, Clone)]
pub struct BoundRule {
    /// The field's position in a record.
    pub field: usize,
    /// The rule.
    pub rule: DropRule,
    /// The rule's values that the parent has.
    parents: Arc<OnceLock<Vec<String>>>,
}

impl BoundRule {
    /// A rule for a field.
    pub fn new(field: usize, rule: DropRule) -> BoundRule {
        BoundRule {
            field,
            rule,
            parents: Arc::default(),
        }
    }

    /// The table whose rows the rule asks for, as long as they were not looked up.
    pub fn awaited(&self) -> Option<&LoadedParent> {
        let parent = self.rule.unless_loaded.as_ref();
        parent.filter(|_| self.parents.get().is_none())
    }

    /// Keeps records with these values of the parent.
    pub fn keep(&self, values: Vec<String>) {
        // The first look decides: a second read of the file must drop the same records.
        let _ = self.parents.set(values);
    }

    /// Whether a record with this value is dropped.
    pub fn applies(&self, value: &[u8]) -> bool {
        let kept = || self.parents.get().is_some_and(|kept| lists(kept, value));
        lists(&self.rule.values, value) && !kept()
    }
}

/// Whether a value is among others, blanks around them ignored and numbers compared as such.
pub fn lists(values: &[String], value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let number = whole_number(value);
    values.iter().any(|listed| {
        let listed = listed.trim().as_bytes();
        listed == value || (number.is_some() && whole_number(listed) == number)
    })
}

/// A whole number, `42.0` too, as a column of integers reads it.
fn whole_number(value: &[u8]) -> Option<i64> {
    let written_with_point = || Decimal::parse(value)?.scaled(0)?.exact();
    integer(value).ok().or_else(written_with_point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_parent_is_kept() {
        let rule = BoundRule::new(
            0,
            DropRule {
                name: "none".into(),
                column: 0,
                values: vec!["0".into(), "-1".into()],
                unless_loaded: None,
            },
        );
        assert!(rule.applies(b" 0 ") && rule.applies(b"-1") && !rule.applies(b"1"));
        assert!(rule.applies(b"0.0") && !rule.applies(b"0.5"));
        rule.keep(vec!["0".into()]);
        assert!(!rule.applies(b"00") && rule.applies(b"-1"));
    }
}
