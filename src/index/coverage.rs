//! The rule: does an index serve the lookup that Postgres runs for a foreign key?
//!
//! That lookup is `SELECT … FROM ONLY child WHERE fk1 = $1 AND fk2 = $2 …`, on every delete or key update of a parent.
//! Joins from parent to child ask the same.

use crate::postgres::catalog::{ForeignKey, Index};
use crate::postgres::name::quoted;

/// How well the indexes of its table serve a foreign key; each names the index it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An index that is valid and whole begins with exactly the key's columns, in any order.
    Covered {
        /// The index, unquoted.
        index: String,
    },
    /// It would be covered, but the index isn't valid, ready and live, so that no query uses it.
    Invalid {
        /// The index, unquoted.
        index: String,
    },
    /// It would be covered, but the index holds only the rows that satisfy its predicate.
    Partial {
        /// The index, unquoted.
        index: String,
    },
    /// An index begins with some of the key's columns only.
    PrefixOnly {
        /// The index, unquoted.
        index: String,
    },
    /// An index holds the key's columns, but others stand before them.
    NonLeading {
        /// The index, unquoted.
        index: String,
    },
    /// No index is of any help.
    Uncovered,
}

impl Verdict {
    /// Whether nothing is left to build.
    pub fn is_covered(&self) -> bool {
        matches!(self, Verdict::Covered { .. })
    }

    /// Why the key is or isn't covered, in a few words.
    pub fn reason(&self) -> String {
        match self {
            Verdict::Covered { index } => format!("covered by {}", quoted(index)),
            Verdict::Invalid { index } => format!("{} is invalid", quoted(index)),
            Verdict::Partial { index } => format!("{} is partial", quoted(index)),
            Verdict::PrefixOnly { index } => format!("{} has only some columns", quoted(index)),
            Verdict::NonLeading { index } => format!("{} has other columns first", quoted(index)),
            Verdict::Uncovered => "no index".to_owned(),
        }
    }

    /// Best first.
    fn rank(&self) -> u8 {
        match self {
            Verdict::Covered { .. } => 0,
            Verdict::Invalid { .. } => 1,
            Verdict::Partial { .. } => 2,
            Verdict::PrefixOnly { .. } => 3,
            Verdict::NonLeading { .. } => 4,
            Verdict::Uncovered => 5,
        }
    }
}

/// The best that any of `indexes` (those of other tables are passed over) does for the foreign key.
///
/// Not looked at yet: operator classes, and collations that differ from the column's.
pub fn verdict(foreign_key: &ForeignKey, indexes: &[Index]) -> Verdict {
    indexes
        .iter()
        .filter(|index| index.table_oid == foreign_key.table_oid)
        .map(|index| verdict_of(foreign_key, index))
        .min_by_key(Verdict::rank)
        .unwrap_or(Verdict::Uncovered)
}

/// Where an index has a foreign key's columns.
enum Place {
    /// All of them, before any other.
    Leading,
    /// Some of them, before any other.
    SomeLeading,
    /// All of them, behind others.
    Behind,
    /// Not enough of them, or in a kind of index that finds no equal values.
    Nowhere,
}

fn verdict_of(foreign_key: &ForeignKey, index: &Index) -> Verdict {
    let name = || index.name.clone();
    let whole = implied(index.predicate.as_deref(), foreign_key);
    match place(foreign_key, index) {
        Place::Leading if !index.usable() => Verdict::Invalid { index: name() },
        Place::Leading if !whole => Verdict::Partial { index: name() },
        Place::Leading => Verdict::Covered { index: name() },
        Place::SomeLeading if index.usable() && whole => Verdict::PrefixOnly { index: name() },
        Place::Behind if index.usable() && whole => Verdict::NonLeading { index: name() },
        Place::SomeLeading | Place::Behind | Place::Nowhere => Verdict::Uncovered,
    }
}

fn place(foreign_key: &ForeignKey, index: &Index) -> Place {
    // GIN, GiST, SP-GiST and BRIN answer other questions, or this one only by way of an extension's operators.
    if !matches!(index.method.as_str(), "btree" | "hash") {
        return Place::Nowhere;
    }
    let mut wanted: Vec<i16> = foreign_key.columns.iter().map(|c| c.number).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let leading = index
        .key_columns
        .iter()
        .take_while(|number| wanted.contains(number))
        .count();
    let held = |number: &i16| index.key_columns.contains(number);
    if leading >= wanted.len() {
        Place::Leading
    } else if leading > 0 {
        Place::SomeLeading
    } else if wanted.iter().all(held) {
        Place::Behind
    } else {
        Place::Nowhere
    }
}

/// Whether every row that the lookup can find satisfies the index's predicate: there is none, or it says no more
/// than that columns of the key aren't null, which `fk = $1` implies.
fn implied(predicate: Option<&str>, foreign_key: &ForeignKey) -> bool {
    let Some(mut rest) = predicate else {
        return true;
    };
    let tests: Vec<String> = foreign_key
        .columns
        .iter()
        .map(|column| format!("{} IS NOT NULL", quoted(&column.name)))
        .collect();
    while !rest.is_empty() {
        let known = ["(", ")", " AND "]
            .into_iter()
            .chain(tests.iter().map(String::as_str));
        match known.into_iter().find_map(|part| rest.strip_prefix(part)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::survey::samples::{foreign_key, index};

    fn named(name: &str, make: impl Fn(String) -> Verdict) -> Verdict {
        make(name.to_owned())
    }

    /// One case a line: the key's columns, the indexes there are, and the verdict.
    #[test]
    fn judges_each_case() {
        let covered = named("x", |index| Verdict::Covered { index });
        let prefix = named("x", |index| Verdict::PrefixOnly { index });
        let behind = named("x", |index| Verdict::NonLeading { index });
        let partial = named("x", |index| Verdict::Partial { index });
        let invalid = named("x", |index| Verdict::Invalid { index });
        let not_null = |predicate: &str| Index {
            predicate: Some(predicate.to_owned()),
            ..index("x", &[1])
        };
        let broken = |change: fn(&mut Index)| {
            let mut broken = index("x", &[1]);
            change(&mut broken);
            broken
        };
        let method = |method: &str, columns: &[i16]| Index {
            method: method.to_owned(),
            ..index("x", columns)
        };
        #[rustfmt::skip]
        let cases: Vec<(&str, &[i16], Vec<Index>, &Verdict)> = vec![
            ("no index at all",           &[1],    vec![],                                              &Verdict::Uncovered),
            ("its own index",             &[1],    vec![index("x", &[1])],                              &covered),
            ("a wider index",             &[1],    vec![index("x", &[1, 2])],                           &covered),
            ("both columns",              &[1, 2], vec![index("x", &[1, 2])],                           &covered),
            ("both, the other way round", &[1, 2], vec![index("x", &[2, 1, 3])],                        &covered),
            ("one of two",                &[1, 2], vec![index("x", &[2])],                              &prefix),
            ("one of two, then another",  &[1, 2], vec![index("x", &[1, 3, 2])],                        &prefix),
            ("another column first",      &[1],    vec![index("x", &[2, 1])],                           &behind),
            ("an expression first",       &[1],    vec![index("x", &[0, 1])],                           &behind),
            ("an expression only",        &[1],    vec![index("x", &[0])],                              &Verdict::Uncovered),
            ("another column",            &[1],    vec![index("x", &[2])],                              &Verdict::Uncovered),
            ("partial on another column", &[1],    vec![not_null("(status = 'open'::text)")],           &partial),
            ("partial, more than needed", &[1],    vec![not_null("((c1 IS NOT NULL) AND (c2 > 0))")],   &partial),
            ("partial, but implied",      &[1],    vec![not_null("(c1 IS NOT NULL)")],                  &covered),
            ("partial, implied for both", &[1, 2], vec![Index { key_columns: vec![1, 2], ..not_null("((c1 IS NOT NULL) AND (c2 IS NOT NULL))") }], &covered),
            ("invalid",                   &[1],    vec![broken(|i| i.valid = false)],                   &invalid),
            ("not ready",                 &[1],    vec![broken(|i| i.ready = false)],                   &invalid),
            ("being dropped",             &[1],    vec![broken(|i| i.live = false)],                    &invalid),
            ("hash",                      &[1],    vec![method("hash", &[1])],                          &covered),
            ("hash on one of two",        &[1, 2], vec![method("hash", &[1])],                          &prefix),
            ("brin",                      &[1],    vec![method("brin", &[1])],                          &Verdict::Uncovered),
            ("gin",                       &[1],    vec![method("gin", &[1])],                           &Verdict::Uncovered),
            ("the best of several",       &[1],    vec![index("y", &[2, 1]), index("x", &[1])],         &covered),
            ("another table's",           &[1],    vec![Index { table_oid: 99, ..index("x", &[1]) }],   &Verdict::Uncovered),
        ];
        for (case, columns, indexes, expected) in cases {
            assert_eq!(
                &verdict(&foreign_key(columns), &indexes),
                expected,
                "{case}"
            );
        }
    }

    #[test]
    fn every_verdict_says_why() {
        let index = || "Odd Name".to_owned();
        for verdict in [
            Verdict::Covered { index: index() },
            Verdict::Invalid { index: index() },
            Verdict::Partial { index: index() },
            Verdict::PrefixOnly { index: index() },
            Verdict::NonLeading { index: index() },
        ] {
            assert!(verdict.reason().contains("\"Odd Name\""), "{verdict:?}");
        }
    }
}
