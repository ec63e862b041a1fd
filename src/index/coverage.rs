//! The rule: does an index serve the lookup that Postgres runs for a foreign key?
//!
//! That lookup is `SELECT … FROM ONLY child WHERE fk1 = $1 AND fk2 = $2 …`, on every delete or key update of a parent.
//! Joins from parent to child ask the same.

use crate::postgres::catalog::{ForeignKey, Index, KeyColumn, Partition};
use crate::postgres::name::quoted;

/// How well the indexes of its table serve a foreign key; each names the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoverageVerdict {
    /// An index that is valid and whole begins with exactly the key's columns, in any order.
    Covered {
        /// The index, unquoted.
        index: String,
    },
    /// Each partition has such an index of its own.
    CoveredInParts {
        /// How many partitions there are.
        partitions: usize,
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
    /// An index holds the key's columns, but others come first.
    NonLeading {
        /// The index, unquoted.
        index: String,
    },
    /// An index begins with the key's columns, but can't be asked for equal values.
    Unfit {
        /// The index, unquoted.
        index: String,
        /// Why not.
        why: Unfit,
    },
    /// No index helps.
    Uncovered,
    /// It isn't covered, and a waiver says why.
    Waived {
        /// The reason.
        reason: String,
    },
}

/// Why an index on the right columns doesn't find equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Its access method answers other questions: BRIN, GIN, GiST, SP-GiST.
    Method,
    /// The key's operator isn't in its operator class.
    OperatorClass,
    /// It is sorted by another collation than the key is compared by.
    Collation,
    /// It holds the column as it is, and Postgres compares the column cast to another type.
    Cast,
}

impl CoverageVerdict {
    /// All [names](CoverageVerdict::name).
    pub const NAMES: &[&str] = &[
        "COVERED",
        "PREFIX_ONLY",
        "NON_LEADING",
        "PARTIAL",
        "INVALID",
        "UNCOVERED",
        "WAIVED",
    ];

    /// Whether nothing is left to build.
    pub fn is_covered(&self) -> bool {
        matches!(
            self,
            CoverageVerdict::Covered { .. } | CoverageVerdict::CoveredInParts { .. }
        )
    }

    /// Whether an index should be built.
    pub fn is_missing(&self) -> bool {
        !self.is_covered() && !matches!(self, CoverageVerdict::Waived { .. })
    }

    /// The index that it names, unquoted.
    pub fn index(&self) -> Option<&str> {
        match self {
            CoverageVerdict::Covered { index }
            | CoverageVerdict::Invalid { index }
            | CoverageVerdict::Partial { index }
            | CoverageVerdict::PrefixOnly { index }
            | CoverageVerdict::NonLeading { index }
            | CoverageVerdict::Unfit { index, .. } => Some(index),
            CoverageVerdict::CoveredInParts { .. }
            | CoverageVerdict::Uncovered
            | CoverageVerdict::Waived { .. } => None,
        }
    }

    /// Its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            CoverageVerdict::Covered { .. } | CoverageVerdict::CoveredInParts { .. } => "COVERED",
            CoverageVerdict::Invalid { .. } => "INVALID",
            CoverageVerdict::Partial { .. } => "PARTIAL",
            CoverageVerdict::PrefixOnly { .. } => "PREFIX_ONLY",
            CoverageVerdict::NonLeading { .. } => "NON_LEADING",
            CoverageVerdict::Unfit { .. } | CoverageVerdict::Uncovered => "UNCOVERED",
            CoverageVerdict::Waived { .. } => "WAIVED",
        }
    }

    /// Why the key is or isn't covered, in a few words.
    pub fn reason(&self) -> String {
        match self {
            CoverageVerdict::Covered { index } => format!("covered by {}", quoted(index)),
            CoverageVerdict::CoveredInParts { partitions } => {
                format!("covered by an index on each of its {partitions} partitions")
            }
            CoverageVerdict::Invalid { index } => format!("{} is invalid", quoted(index)),
            CoverageVerdict::Partial { index } => format!("{} is partial", quoted(index)),
            CoverageVerdict::PrefixOnly { index } => {
                format!("{} has only some columns", quoted(index))
            }
            CoverageVerdict::NonLeading { index } => {
                format!("{} has other columns first", quoted(index))
            }
            CoverageVerdict::Unfit { index, why } => {
                let why = match why {
                    Unfit::Method => "finds no equal values: it is neither btree nor hash",
                    Unfit::OperatorClass => "has an operator class without the key's operator",
                    Unfit::Collation => "is sorted by another collation than the key's",
                    Unfit::Cast => {
                        "holds the column without the cast that Postgres compares it with"
                    }
                };
                format!("{} {why}", quoted(index))
            }
            CoverageVerdict::Uncovered => "no index".to_owned(),
            CoverageVerdict::Waived { reason } => format!("waived: {reason}"),
        }
    }

    /// Best first.
    fn rank(&self) -> u8 {
        match self {
            CoverageVerdict::Covered { .. } | CoverageVerdict::CoveredInParts { .. } => 0,
            CoverageVerdict::Invalid { .. } => 1,
            CoverageVerdict::Partial { .. } => 2,
            CoverageVerdict::PrefixOnly { .. } => 3,
            CoverageVerdict::NonLeading { .. } => 4,
            CoverageVerdict::Unfit { .. } => 5,
            CoverageVerdict::Waived { .. } => 6,
            CoverageVerdict::Uncovered => 7,
        }
    }
}

/// The best verdict of any of `indexes`; those of other tables are skipped. The key of a partitioned table is covered, too,
/// when each of its partitions has an index of its own.
pub fn verdict(foreign_key: &ForeignKey, indexes: &[Index]) -> CoverageVerdict {
    let own = verdict_on(foreign_key, indexes);
    let parts = &foreign_key.partitions;
    let is_covered = |part| verdict_on(&copy(foreign_key, part), indexes).is_covered();
    if own.is_covered() || parts.is_empty() || !parts.iter().all(is_covered) {
        return own;
    }
    CoverageVerdict::CoveredInParts {
        partitions: parts.len(),
    }
}

/// Bytes on disk of the index that a verdict names; of a partitioned table's key, of the indexes of its partitions.
pub fn index_bytes(
    foreign_key: &ForeignKey,
    verdict: &CoverageVerdict,
    indexes: &[Index],
) -> Option<u64> {
    let named = |key: &ForeignKey, verdict: &CoverageVerdict| {
        let name = verdict.index()?;
        let mut indexes = indexes.iter();
        let index = indexes.find(|it| it.table_oid == key.table_oid && it.name == name)?;
        Some(index.bytes)
    };
    let of_part = |part: &Partition| {
        let key = copy(foreign_key, part);
        named(&key, &verdict_on(&key, indexes))
    };
    match foreign_key.partitions.as_slice() {
        [] => named(foreign_key, verdict),
        parts => parts.iter().map(of_part).sum(),
    }
}

fn verdict_on(foreign_key: &ForeignKey, indexes: &[Index]) -> CoverageVerdict {
    indexes
        .iter()
        .filter(|index| index.table_oid == foreign_key.table_oid)
        .map(|index| verdict_of(foreign_key, index))
        .min_by_key(CoverageVerdict::rank)
        .unwrap_or(CoverageVerdict::Uncovered)
}

/// The key on a partition, whose columns may be numbered differently.
fn copy(foreign_key: &ForeignKey, part: &Partition) -> ForeignKey {
    let columns = foreign_key.columns.iter().zip(&part.numbers);
    ForeignKey {
        table: part.table.clone(),
        table_oid: part.table_oid,
        columns: columns
            .map(|(column, &number)| KeyColumn {
                name: column.name.clone(),
                number,
            })
            .collect(),
        partitions: Vec::new(),
        ..foreign_key.clone()
    }
}

/// Where an index has a foreign key's columns.
enum ColumnPosition {
    /// All of them, before any other.
    Leading,
    /// All of them before any other, and it can't be searched for equal values in these.
    Useless(Unfit),
    /// Some of them, before any other.
    SomeLeading,
    /// All of them, after others.
    Behind,
    /// Not enough of them.
    Nowhere,
}

fn verdict_of(foreign_key: &ForeignKey, index: &Index) -> CoverageVerdict {
    let name = || index.name.clone();
    let whole = implied(index.predicate.as_deref(), foreign_key);
    match place(foreign_key, index) {
        ColumnPosition::Leading if !index.usable() => CoverageVerdict::Invalid { index: name() },
        ColumnPosition::Leading if !whole => CoverageVerdict::Partial { index: name() },
        ColumnPosition::Leading => CoverageVerdict::Covered { index: name() },
        ColumnPosition::Useless(why) if index.usable() => {
            CoverageVerdict::Unfit { index: name(), why }
        }
        ColumnPosition::SomeLeading if index.usable() && whole => {
            CoverageVerdict::PrefixOnly { index: name() }
        }
        ColumnPosition::Behind if index.usable() && whole => {
            CoverageVerdict::NonLeading { index: name() }
        }
        _ => CoverageVerdict::Uncovered,
    }
}

fn place(foreign_key: &ForeignKey, index: &Index) -> ColumnPosition {
    let keys = &foreign_key.columns;
    // Which columns of the key come first, each with its position in the index.
    let leading: Vec<(usize, usize)> = (0..index.key_columns.len())
        .map_while(|at| (0..keys.len()).find(|&key| holds(foreign_key, index, (at, key))))
        .enumerate()
        .collect();
    let leads = |key: usize| leading.iter().any(|(_, led)| *led == key);
    let held =
        |key: usize| (0..index.key_columns.len()).any(|at| holds(foreign_key, index, (at, key)));
    if (0..keys.len()).all(leads) {
        let unfit = leading.iter().find_map(|&at| unfit(foreign_key, index, at));
        unfit.map_or(ColumnPosition::Leading, ColumnPosition::Useless)
    } else if !finds_equal(index) {
        ColumnPosition::Nowhere
    } else if !leading.is_empty() {
        ColumnPosition::SomeLeading
    } else if (0..keys.len()).all(held) {
        ColumnPosition::Behind
    } else {
        ColumnPosition::Nowhere
    }
}

/// Whether a column of the index is a column of the key, or the expression that the lookup compares in its place.
fn holds(foreign_key: &ForeignKey, index: &Index, (at, key): (usize, usize)) -> bool {
    let expression = index.expressions.get(at).and_then(Option::as_deref);
    match (expression, foreign_key.comparisons.get(key)) {
        (None, _) => index.key_columns[at] == foreign_key.columns[key].number,
        (Some(expression), Some(comparison)) => {
            let bare = expression
                .strip_prefix('(')
                .and_then(|it| it.strip_suffix(')'));
            let known = &comparison.expressions;
            known
                .iter()
                .any(|it| it == expression || Some(it.as_str()) == bare)
        }
        (Some(_), None) => false,
    }
}

/// GIN, GiST, SP-GiST and BRIN answer other questions, or this one only by way of an extension's operators.
fn finds_equal(index: &Index) -> bool {
    matches!(index.method.as_str(), "btree" | "hash")
}

/// Why a column of the index doesn't serve its column of the key: what the planner's `match_opclause_to_indexcol` asks.
fn unfit(foreign_key: &ForeignKey, index: &Index, (at, key): (usize, usize)) -> Option<Unfit> {
    if !finds_equal(index) {
        return Some(Unfit::Method);
    }
    let comparison = foreign_key.comparisons.get(key)?;
    if comparison.by_expression && index.expressions.get(at)?.is_none() {
        return Some(Unfit::Cast);
    }
    let collation = *index.collations.get(at)?;
    if !comparison.families.contains(index.families.get(at)?) {
        return Some(Unfit::OperatorClass);
    }
    (collation != 0 && collation != comparison.collation).then_some(Unfit::Collation)
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
mod tests;
