//! What to build: the fewest indexes that serve all the foreign keys left without one, named and written as DDL.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::postgres::TableName;
use crate::postgres::catalog::{ForeignKey, Index, KeyColumn, KeyComparison, Table, TableKind};
use crate::postgres::name::quoted;

/// Postgres truncates longer names (NAMEDATALEN - 1).
const NAME_BYTES: usize = 63;

/// Whether writes to the table wait while its index is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildMode {
    /// CREATE INDEX: one scan, and writes wait for its end.
    Plain,
    /// CREATE INDEX CONCURRENTLY: two scans, writes go on, and a failure leaves an invalid index behind.
    Concurrently,
}

/// An index to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its name, unquoted, not taken by any relation of the schema.
    pub name: String,
    /// The table it is for.
    pub table: TableName,
    /// What the table is: a partitioned one can't be indexed concurrently.
    pub kind: TableKind,
    /// Bytes of the table's heap.
    pub table_bytes: u64,
    /// Its columns in order.
    pub columns: Vec<IndexColumn>,
    /// The foreign-key constraints that it serves, unquoted.
    pub serves: Vec<String>,
    /// What is there of it already.
    pub existing: Existing,
}

/// What is there already of an index to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Existing {
    /// Nothing.
    Nothing,
    /// An invalid index of its name, left by a build that failed, which must go first.
    Leftover,
    /// The very index, which doesn't serve its keys, so that another one wouldn't.
    Useless,
}

/// A column of an index to build, as the lookup of its keys compares it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IndexColumn {
    /// The table's column, unquoted.
    pub name: String,
    /// `pg_attribute.attnum`.
    pub number: i16,
    /// The expression over the column, as Postgres writes it, where the lookup casts it.
    pub expression: Option<String>,
    /// The collation, quoted, where it isn't the column's own.
    pub collation: Option<String>,
}

impl IndexColumn {
    fn of(column: &KeyColumn, comparison: &KeyComparison) -> IndexColumn {
        IndexColumn {
            name: column.name.clone(),
            number: column.number,
            expression: comparison
                .expressions
                .first()
                .filter(|_| comparison.needs_expression)
                .cloned(),
            collation: comparison.index_collate.clone(),
        }
    }

    /// `style_id`, `(lang)::text`.
    pub fn shown(&self) -> String {
        self.expression
            .clone()
            .unwrap_or_else(|| quoted(&self.name))
    }

    fn ddl(&self) -> String {
        let column = match &self.expression {
            Some(expression) => format!("({expression})"),
            None => quoted(&self.name),
        };
        match &self.collation {
            Some(collation) => format!("{column} COLLATE {collation}"),
            None => column,
        }
    }
}

impl Proposal {
    /// Its columns' names, unquoted.
    pub fn column_names(&self) -> Vec<&str> {
        self.columns.iter().map(|it| it.name.as_str()).collect()
    }

    /// `skus(style_id)`, the schema left out when it is `home`.
    pub fn shown(&self, home: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(IndexColumn::shown).collect();
        format!("{}({})", self.table.within(home), columns.join(", "))
    }

    /// The statements that build it, one after the other, without semicolons; names are qualified, so that the search path
    /// doesn't matter.
    pub fn statements(&self, mode: BuildMode) -> Vec<String> {
        let concurrently = match mode {
            BuildMode::Plain => "",
            BuildMode::Concurrently => "CONCURRENTLY ",
        };
        let drop = format!(
            "DROP INDEX {concurrently}{}",
            TableName::new(&self.table.schema, &self.name)
        );
        let create = format!(
            "CREATE INDEX {concurrently}{} ON {} ({})",
            quoted(&self.name),
            self.table,
            ddl_of(&self.columns)
        );
        let drop = (self.existing == Existing::Leftover).then_some(drop);
        drop.into_iter().chain([create]).collect()
    }

    /// The statements as a script, without the last semicolon.
    pub fn ddl(&self, mode: BuildMode) -> String {
        self.statements(mode).join("; ")
    }
}

fn ddl_of(columns: &[IndexColumn]) -> String {
    let columns: Vec<String> = columns.iter().map(IndexColumn::ddl).collect();
    columns.join(", ")
}

/// The fewest indexes that cover all of `missing`, by table and then columns.
///
/// `taken` holds the names in use, by schema; the names given out are added to it. An invalid one of `indexes` that was to
/// be just such an index, and is named as seedrow names them, is built anew under its name.
pub fn propose(
    missing: &[&ForeignKey],
    tables: &[Table],
    indexes: &[Index],
    taken: &mut HashMap<String, HashSet<String>>,
) -> Vec<Proposal> {
    let mut by_table: Vec<(&TableName, Vec<&ForeignKey>)> = Vec::new();
    for &key in missing {
        match by_table.iter_mut().find(|(name, _)| **name == key.table) {
            Some((_, keys)) => keys.push(key),
            None => by_table.push((&key.table, vec![key])),
        }
    }
    by_table.sort_by_key(|(name, _)| *name);
    let mut proposals = Vec::new();
    for (name, keys) in by_table {
        let table = tables.iter().find(|table| table.name == *name);
        let taken = taken.entry(name.schema.clone()).or_default();
        for chain in chains(&keys) {
            let columns = columns_of(&chain);
            let leftover = indexes
                .iter()
                .find(|index| is_leftover(index, name, &columns));
            let twin = indexes.iter().find(|index| is_twin(index, name, &columns));
            proposals.push(Proposal {
                existing: match (twin, leftover) {
                    (Some(_), _) => Existing::Useless,
                    (None, Some(_)) => Existing::Leftover,
                    (None, None) => Existing::Nothing,
                },
                name: match twin.or(leftover) {
                    Some(index) => index.name.clone(),
                    None => free_name(&name.name, &columns, taken),
                },
                table: name.clone(),
                kind: table.map_or(TableKind::Ordinary, |table| table.kind),
                table_bytes: table.map_or(0, |table| table.bytes),
                columns,
                serves: chain.iter().map(|key| key.name.clone()).collect(),
            });
        }
    }
    proposals
}

/// Sorts the keys of one table into the fewest chains in which each key's columns contain the one's before, so that
/// one index serves a chain: `(a)`, `(b, a)` and `(a, b, c)` share `(a, b, c)`.
///
/// The fewest chains are those with the most links, a maximum matching of keys with keys that contain them.
fn chains<'a>(keys: &[&'a ForeignKey]) -> Vec<Vec<&'a ForeignKey>> {
    let sets: Vec<HashSet<IndexColumn>> = keys
        .iter()
        .map(|key| index_columns(key).collect())
        .collect();
    // Equal sets are ordered as in the list, which keeps the links acyclic.
    let contains = |small: usize, large: usize| {
        sets[small].is_subset(&sets[large])
            && (sets[small].len() < sets[large].len() || small < large)
    };
    let mut before: Vec<Option<usize>> = vec![None; keys.len()];
    for small in 0..keys.len() {
        link(small, &contains, &mut before, &mut HashSet::new());
    }
    let mut next: Vec<Option<usize>> = vec![None; keys.len()];
    for (large, small) in before.iter().enumerate() {
        if let Some(small) = small {
            next[*small] = Some(large);
        }
    }
    let firsts = (0..keys.len()).filter(|&key| before[key].is_none());
    firsts
        .map(|first| {
            std::iter::successors(Some(first), |&key| next[key])
                .map(|key| keys[key])
                .collect()
        })
        .collect()
}

/// Finds a key for `small` to precede, moving others where necessary (an augmenting path).
fn link(
    small: usize,
    contains: &impl Fn(usize, usize) -> bool,
    before: &mut [Option<usize>],
    tried: &mut HashSet<usize>,
) -> bool {
    for large in 0..before.len() {
        if !contains(small, large) || !tried.insert(large) {
            continue;
        }
        let free = match before[large] {
            None => true,
            Some(holder) => link(holder, contains, before, tried),
        };
        if free {
            before[large] = Some(small);
            return true;
        }
    }
    false
}

/// What an index that serves the key has to hold, in the key's order.
fn index_columns(key: &ForeignKey) -> impl Iterator<Item = IndexColumn> {
    let columns = key.columns.iter().zip(&key.comparisons);
    columns.map(|(column, comparison)| IndexColumn::of(column, comparison))
}

/// The chain's columns: the first key's in its order, then what each further key adds.
fn columns_of(chain: &[&ForeignKey]) -> Vec<IndexColumn> {
    let mut columns: Vec<IndexColumn> = Vec::new();
    for column in chain.iter().flat_map(|key| index_columns(key)) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// Whether an index was left by a failed build of this one.
fn is_leftover(index: &Index, table: &TableName, columns: &[IndexColumn]) -> bool {
    let stem = stem(&table.name, columns);
    let own_name = index.name.rsplit_once("_idx").is_some_and(|(start, end)| {
        end.bytes().all(|byte| byte.is_ascii_digit())
            && (start == stem || (start.len() + 8 > NAME_BYTES && stem.starts_with(start)))
    });
    let plain = !index.unique && index.predicate.is_none() && index.backs.is_none();
    let failed = !index.valid && index.method == "btree";
    index.table == *table && own_name && plain && failed && has_columns(index, columns)
}

/// Whether an index that queries may use is just this one, by its definition.
fn is_twin(index: &Index, table: &TableName, columns: &[IndexColumn]) -> bool {
    let definition = format!(" USING btree ({})", ddl_of(columns));
    index.table == *table && index.usable() && index.definition.ends_with(&definition)
}

/// Whether an index holds these columns and expressions, and no others.
fn has_columns(index: &Index, columns: &[IndexColumn]) -> bool {
    let parts = index.key_columns.iter().zip(&index.expressions);
    index.key_columns.len() == columns.len()
        && parts.zip(columns).all(|((number, expression), column)| {
            match (expression, &column.expression) {
                (None, None) => *number == column.number,
                (Some(one), Some(other)) => *one == format!("({other})"),
                _ => false,
            }
        })
}

fn stem(table: &str, columns: &[IndexColumn]) -> String {
    let names: Vec<&str> = columns.iter().map(|it| it.name.as_str()).collect();
    format!("{table}_{}", names.join("_"))
}

/// `table_columns_idx`, as Postgres itself would name it; truncated and numbered where necessary.
fn free_name(table: &str, columns: &[IndexColumn], taken: &mut HashSet<String>) -> String {
    let stem = stem(table, columns);
    let ends = std::iter::once("_idx".to_owned()).chain((1..).map(|n: u32| format!("_idx{n}")));
    let mut names = ends.map(|end| format!("{}{end}", cut(&stem, NAME_BYTES - end.len())));
    let name = names
        .find(|name| !taken.contains(name))
        .unwrap_or_else(|| stem.clone());
    taken.insert(name.clone());
    name
}

/// The longest prefix of at most `bytes` bytes that splits no character.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
