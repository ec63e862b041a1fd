//! The partitions of a table as Postgres searches them: by hash, by list or by range, one level below the other.

use std::cmp::Ordering;
use std::collections::HashMap;

use anyhow::{Result, bail, ensure};

use crate::copy::hash;
use crate::load::partitions::bound::{Bound, Limit};
use crate::load::partitions::key::{KeyType, KeyValue, OwnedValue};

/// A partitioned table and those below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionTree {
    /// The columns of the keys of all levels.
    pub columns: Vec<String>,
    /// Its own partitions.
    pub top: Level,
}

/// One partitioned table's own partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The key's columns.
    key: Vec<KeyColumn>,
    search: Search,
    children: Vec<Child>,
    /// The position of the default partition among the children.
    default: Option<usize>,
}

/// A column of a level's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyColumn {
    /// Its position among the tree's columns.
    pub column: usize,
    /// How its values are compared.
    pub key_type: KeyType,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Child {
    /// The number of one that holds rows.
    Leaf(usize),
    /// One that is partitioned itself.
    Level(Box<Level>),
}

/// How a key's partition is found, by its position among the children.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Search {
    /// By the remainder of the hash and the greatest modulus, by which all others divide.
    Hash(Vec<Option<usize>>),
    /// By a value, or NULL.
    List {
        values: HashMap<OwnedValue, usize>,
        null: Option<usize>,
    },
    /// By the greatest lower bound that isn't above the key.
    Range(Vec<RangePart>),
}

/// A partition of a range.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RangePart {
    from: Vec<Limit<OwnedValue>>,
    to: Vec<Limit<OwnedValue>>,
    child: usize,
}

/// A bound whose values are read.
pub type ParsedBound = Bound<OwnedValue>;

impl Level {
    /// From the bounds of its partitions.
    pub fn new(key: Vec<KeyColumn>, partitions: Vec<(ParsedBound, Child)>) -> Result<Level> {
        let mut bounds = Vec::new();
        let mut children = Vec::new();
        let mut default = None;
        for (position, (bound, child)) in partitions.into_iter().enumerate() {
            match bound {
                Bound::Default => default = Some(position),
                bound => bounds.push((bound, position)),
            }
            children.push(child);
        }
        Ok(Level {
            search: Search::new(bounds)?,
            key,
            children,
            default,
        })
    }

    /// The number of the leaf that takes a row with these values of the tree's columns, in COPY's binary format; `None`
    /// where no partition does, or a value can't be read.
    pub fn route(&self, values: &[Option<&[u8]>]) -> Option<usize> {
        let child = self.find(values)?.or(self.default)?;
        match &self.children[child] {
            Child::Leaf(leaf) => Some(*leaf),
            Child::Level(level) => level.route(values),
        }
    }

    /// The child other than the default one; `None` where a value can't be read.
    fn find(&self, values: &[Option<&[u8]>]) -> Option<Option<usize>> {
        match &self.search {
            Search::Hash(by_remainder) => {
                let hash = self.hash(values)?;
                let remainder = usize::try_from(hash % by_remainder.len() as u64).ok()?;
                Some(by_remainder[remainder])
            }
            Search::List {
                values: known,
                null,
            } => match self.key[0].value_of(values)? {
                None => Some(*null),
                Some(value) => Some(known.get(&value.owned()).copied()),
            },
            Search::Range(parts) => self.find_range(parts, values),
        }
    }

    /// NULL isn't hashed.
    fn hash(&self, values: &[Option<&[u8]>]) -> Option<u64> {
        let mut so_far = 0;
        for column in &self.key {
            if let Some(value) = column.value_of(values)? {
                so_far = hash::combine(so_far, column.key_type.hash(value));
            }
        }
        Some(so_far)
    }

    /// No range takes NULL.
    fn find_range(&self, parts: &[RangePart], values: &[Option<&[u8]>]) -> Option<Option<usize>> {
        let mut key = Vec::with_capacity(self.key.len());
        for column in &self.key {
            match column.value_of(values)? {
                Some(value) => key.push(value),
                None => return Some(None),
            }
        }
        let behind = parts.partition_point(|part| compare(&part.from, &key) != Ordering::Greater);
        let part = behind.checked_sub(1).map(|place| &parts[place]);
        let part = part.filter(|part| compare(&part.to, &key) == Ordering::Greater);
        Some(part.map(|part| part.child))
    }
}

impl KeyColumn {
    /// Its value, NULL being `Some(None)`.
    #[inline]
    fn value_of<'v>(self, values: &[Option<&'v [u8]>]) -> Option<Option<KeyValue<'v>>> {
        match values[self.column] {
            None => Some(None),
            Some(binary) => self.key_type.value(binary).map(Some),
        }
    }
}

/// A bound compared with a key.
fn compare(bound: &[Limit<OwnedValue>], key: &[KeyValue]) -> Ordering {
    for (limit, value) in bound.iter().zip(key) {
        let order = match limit {
            Limit::Min => Ordering::Less,
            Limit::Max => Ordering::Greater,
            Limit::Value(limit) => limit.borrowed().cmp(value),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

impl Search {
    /// From the bounds of one table's partitions, which are of one kind.
    fn new(bounds: Vec<(ParsedBound, usize)>) -> Result<Search> {
        match bounds.first() {
            Some((Bound::Hash { .. }, _)) => Search::by_hash(&bounds),
            Some((Bound::Range { .. }, _)) => Search::by_range(bounds),
            Some((Bound::List(_), _)) | None => Search::by_list(bounds),
            Some((Bound::Default, _)) => bail!("a default partition has no bound"),
        }
    }

    fn by_hash(bounds: &[(ParsedBound, usize)]) -> Result<Search> {
        let mut hashes = Vec::new();
        for (bound, child) in bounds {
            match *bound {
                Bound::Hash { modulus, remainder } => hashes.push((modulus, remainder, *child)),
                _ => bail!("partitions are of several kinds"),
            }
        }
        let greatest = hashes.iter().map(|(modulus, ..)| *modulus).max();
        let greatest = greatest.unwrap_or(1);
        let mut by_remainder = vec![None; greatest];
        for (modulus, remainder, child) in hashes {
            ensure!(
                modulus > 0 && greatest.is_multiple_of(modulus),
                "modulus {greatest} isn't a multiple of {modulus}"
            );
            for place in (remainder..greatest).step_by(modulus) {
                by_remainder[place] = Some(child);
            }
        }
        Ok(Search::Hash(by_remainder))
    }

    fn by_list(bounds: Vec<(ParsedBound, usize)>) -> Result<Search> {
        let (mut values, mut null) = (HashMap::new(), None);
        for (bound, child) in bounds {
            let Bound::List(list) = bound else {
                bail!("partitions are of several kinds");
            };
            for value in list {
                match value {
                    Some(value) => {
                        values.insert(value, child);
                    }
                    None => null = Some(child),
                }
            }
        }
        Ok(Search::List { values, null })
    }

    fn by_range(bounds: Vec<(ParsedBound, usize)>) -> Result<Search> {
        let mut parts = Vec::new();
        for (bound, child) in bounds {
            match bound {
                Bound::Range { from, to } => parts.push(RangePart { from, to, child }),
                _ => bail!("partitions are of several kinds"),
            }
        }
        parts.sort();
        Ok(Search::Range(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: KeyColumn = KeyColumn {
        column: 0,
        key_type: KeyType::Int8,
    };
    const TEXT: KeyColumn = KeyColumn {
        column: 1,
        key_type: KeyType::Bytes,
    };

    fn number(value: i64) -> Limit<OwnedValue> {
        Limit::Value(OwnedValue::Whole(value))
    }

    fn level(key: &[KeyColumn], bounds: Vec<ParsedBound>) -> Level {
        let bounds = bounds.into_iter().enumerate();
        let partitions = bounds.map(|(leaf, bound)| (bound, Child::Leaf(leaf)));
        Level::new(key.to_vec(), partitions.collect()).unwrap()
    }

    fn route(level: &Level, value: Option<i64>, text: &str) -> Option<usize> {
        let value = value.map(i64::to_be_bytes);
        let value = value.as_ref().map(|bytes| &bytes[..]);
        level.route(&[value, Some(text.as_bytes())])
    }

    #[test]
    fn a_range_takes_its_lower_bound_and_not_its_upper() {
        let range = |from, to| Bound::Range {
            from: vec![from],
            to: vec![to],
        };
        let level = level(
            &[NUMBER],
            vec![
                range(number(10), number(20)),
                range(Limit::Min, number(-5)),
                range(number(20), Limit::Max),
            ],
        );
        for (value, leaf) in [
            (Some(-6), Some(1)),
            (Some(-5), None),
            (Some(9), None),
            (Some(10), Some(0)),
            (Some(19), Some(0)),
            (Some(20), Some(2)),
            (Some(i64::MAX), Some(2)),
            (None, None),
        ] {
            assert_eq!(route(&level, value, ""), leaf, "{value:?}");
        }
    }

    #[test]
    fn a_range_of_several_columns_compares_them_in_order() {
        let text = |text: &str| Limit::Value(OwnedValue::Bytes(text.into()));
        let level = level(
            &[NUMBER, TEXT],
            vec![
                Bound::Range {
                    from: vec![number(1), Limit::Min],
                    to: vec![number(1), text("m")],
                },
                Bound::Range {
                    from: vec![number(1), text("m")],
                    to: vec![number(3), Limit::Max],
                },
            ],
        );
        for (value, text, leaf) in [
            (1, "", Some(0)),
            (1, "lz", Some(0)),
            (1, "m", Some(1)),
            (2, "a", Some(1)),
            (3, "zz", Some(1)),
            (4, "", None),
            (0, "z", None),
        ] {
            assert_eq!(route(&level, Some(value), text), leaf, "{value} {text}");
        }
    }

    #[test]
    fn a_list_takes_null_where_it_says_so_and_the_rest_goes_to_the_default() {
        let listed = |value: &str| Some(OwnedValue::Bytes(value.into()));
        let mut bounds = vec![
            Bound::List(vec![listed("a"), None]),
            Bound::List(vec![listed("b")]),
        ];
        let text = KeyColumn { column: 0, ..TEXT };
        let by_list = |bounds: &[ParsedBound], value: Option<&str>| {
            level(&[text], bounds.to_vec()).route(&[value.map(str::as_bytes)])
        };
        assert_eq!(by_list(&bounds, Some("b")), Some(1));
        assert_eq!(by_list(&bounds, None), Some(0));
        assert_eq!(by_list(&bounds, Some("c")), None);
        bounds.push(Bound::Default);
        assert_eq!(by_list(&bounds, Some("c")), Some(2));
    }

    #[test]
    fn moduli_of_hash_partitions_may_differ() {
        let hash = |modulus, remainder| Bound::Hash { modulus, remainder };
        let level = level(&[NUMBER], vec![hash(2, 0), hash(4, 1), hash(4, 3)]);
        let by_remainder = [Some(0), Some(1), Some(0), Some(2)];
        assert_eq!(level.search, Search::Hash(by_remainder.to_vec()));
        // NULL has no hash, which leaves no remainder.
        assert_eq!(route(&level, None, ""), Some(0));
    }

    #[test]
    fn a_partition_may_be_partitioned() {
        let inner = level(&[TEXT], vec![Bound::List(vec![None]), Bound::Default]);
        let outer = vec![
            (Bound::Default, Child::Level(Box::new(inner))),
            (
                Bound::List(vec![Some(OwnedValue::Whole(7))]),
                Child::Leaf(2),
            ),
        ];
        let level = Level::new(vec![NUMBER], outer).unwrap();
        assert_eq!(route(&level, Some(7), "x"), Some(2));
        assert_eq!(route(&level, Some(8), "x"), Some(1));
    }
}
