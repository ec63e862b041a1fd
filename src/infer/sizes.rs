//! How many rows each table gets: as the source has them, else by its place among the foreign keys; never more than its
//! unique sets allow. Pure.

use std::collections::BTreeMap;

use super::domain::Value;
use super::keys::{KeyPlan, KeyRole};
use super::model::{ModelColumn, ModelTable};
use super::order::level;
use super::source::{Source, SourceTable};
use crate::copy::{Scalar, TypeKind};

/// Rows of a table that refers to none.
const OWNERS: u64 = 1_000;
/// Rows of a code list, unless it can hold fewer.
const CODES: u64 = 12;
/// A code list has fewer rows.
const MANY_CODES: u64 = 1_000;
/// Why a table has the rows of a list.
const LIST: &str = "each entry of its list";
/// The most that a place among the keys is worth.
const MOST: u64 = 100_000;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wish {
    /// As the source has them, times a factor.
    Scale(f64),
    /// So many rows in all tables together.
    Total(u64),
    /// So many rows in each table.
    Each(u64),
}

/// Gives every table its rows.
pub fn choose(source: &Source, keys: &KeyPlan, tables: &mut [ModelTable], wish: Wish) {
    let mut sizes: BTreeMap<String, Size> = BTreeMap::new();
    let names: Vec<String> = tables.iter().map(|it| it.name.clone()).collect();
    for name in level(source, &names) {
        let (Some(table), Some(model)) = (source.table(&name), named(tables, &name)) else {
            continue;
        };
        let size = first_size(table, model, keys, &sizes, wish);
        sizes.insert(name, size);
    }
    if let Wish::Total(total) = wish {
        spread_total(&mut sizes, total);
    }
    // A table's limit depends on those of others, in circles too; a few passes settle it.
    for _ in 0..4 {
        for table in tables.iter() {
            limit(table, keys, &mut sizes);
        }
    }
    raise(keys, &mut sizes);
    for table in tables {
        if let Some(size) = sizes.remove(&table.name) {
            table.rows = size.rows.max(1);
            table.rows_reason = size.reason;
            table.fixed = size.fixed;
        }
    }
}

#[derive(Debug, Clone)]
struct Size {
    rows: u64,
    reason: String,
    fixed: bool,
}

fn named<'t>(tables: &'t [ModelTable], name: &str) -> Option<&'t ModelTable> {
    tables.iter().find(|it| it.name == name)
}

fn first_size(
    table: &SourceTable,
    model: &ModelTable,
    keys: &KeyPlan,
    sizes: &BTreeMap<String, Size>,
    wish: Wish,
) -> Size {
    if let Some(kept) = &table.kept {
        return Size {
            rows: kept.rows.len() as u64,
            reason: model.rows_reason.clone(),
            fixed: true,
        };
    }
    if let Some(entries) = whole_list(model) {
        let rows = match wish {
            Wish::Each(rows) => rows.min(entries),
            Wish::Scale(_) | Wish::Total(_) => entries,
        };
        return Size {
            rows,
            reason: LIST.to_owned(),
            fixed: true,
        };
    }
    if let Wish::Each(rows) = wish {
        return Size {
            rows,
            reason: String::new(),
            fixed: false,
        };
    }
    if let (Wish::Scale(factor), Some(rows @ 1..)) = (wish, table.rows) {
        let is_codes = is_code_list(table, model) && rows < MANY_CODES;
        return Size {
            rows: if is_codes { rows } else { times(rows, factor) },
            reason: source_has(rows),
            fixed: is_codes,
        };
    }
    if is_code_list(table, model) {
        return Size {
            rows: CODES,
            reason: "a code list".to_owned(),
            fixed: true,
        };
    }
    let factor = match wish {
        Wish::Scale(factor) => factor,
        Wish::Total(_) | Wish::Each(_) => 1.0,
    };
    by_place(table, keys, sizes, factor)
}

/// Gives a table that has its list no longer the source's rows.
pub(super) fn without_list(table: &mut ModelTable, rows: u64) {
    if table.rows_reason == LIST && whole_list(table).is_none() {
        table.rows = rows.max(1);
        table.rows_reason = source_has(rows);
        table.fixed = rows < MANY_CODES;
    }
}

fn source_has(rows: u64) -> String {
    format!("the source has {}", crate::units::grouped(rows))
}

/// How many entries the list has of which a table has each once.
fn whole_list(model: &ModelTable) -> Option<u64> {
    let is_unique = |it: &&ModelColumn| {
        it.maker.make == "word" && it.maker.option("unique") == Some(&true.into())
    };
    let lists = model.columns.iter().filter(is_unique);
    let lists = lists.filter_map(|it| match it.maker.option("list") {
        Some(Value::Text(name)) => Some(name.as_str()),
        _ => None,
    });
    let entries = |name: &str| {
        let list = model.lists.iter().find(|it| it.name == name);
        let pool = model.pools.iter().find(|it| it.name == name);
        let of_list = list.map(|it| it.entries().count());
        of_list.or(pool.map(|it| it.text.lines().count()))
    };
    lists.filter_map(entries).min().map(|count| count as u64)
}

fn times(rows: u64, factor: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a number of rows; the cast saturates"
    )]
    let scaled = (rows as f64 * factor).round() as u64;
    scaled.max(1)
}

/// Few columns, no key to another table, and a key that people write: what other tables choose from.
fn is_code_list(table: &SourceTable, model: &ModelTable) -> bool {
    let Some(primary) = table.uniques.iter().find(|it| it.primary) else {
        return false;
    };
    let mut key = primary.plain_columns();
    let (Some(column), None) = (key.next().and_then(|it| table.column(it)), key.next()) else {
        return false;
    };
    let is_written = match &column.data_type.base().kind {
        TypeKind::Enum(_) => true,
        TypeKind::Scalar(scalar) => matches!(
            scalar,
            Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Int2
        ),
        _ => false,
    };
    let is_listed = model
        .column(&column.name)
        .is_some_and(|it| it.maker.make == "one-of");
    table.foreign_keys.is_empty()
        && table.columns.len() <= 6
        && !column.is_serial()
        && (is_written || is_listed)
}

/// Few owners, many events: each level of keys multiplies. A factor scales the owners, and so all.
fn by_place(
    table: &SourceTable,
    keys: &KeyPlan,
    sizes: &BTreeMap<String, Size>,
    scale: f64,
) -> Size {
    let mut parents: Vec<(&str, u64)> = Vec::new();
    for column in &table.columns {
        if let Some(KeyRole::Reference(reference)) = keys.role(&table.name, &column.name)
            && column.not_null
            && reference.table != table.name
            && let Some(size) = sizes.get(&reference.table)
            && !size.fixed
            && !parents.iter().any(|(name, _)| *name == reference.table)
        {
            parents.push((&reference.table, size.rows));
        }
    }
    let Some((largest, rows)) = parents.iter().copied().max_by_key(|(_, rows)| *rows) else {
        return Size {
            rows: times(OWNERS, scale),
            reason: match table.foreign_keys.is_empty() {
                true => "refers to no other".to_owned(),
                false => "needs code lists alone".to_owned(),
            },
            fixed: false,
        };
    };
    let factor = match (parents.len(), rows) {
        (1, ..=OWNERS) => 4,
        (1, _) => 3,
        _ => 2,
    };
    Size {
        rows: (rows * factor).min(times(MOST, scale)),
        reason: format!("{factor} for each row of {largest}"),
        fixed: false,
    }
}

/// Scales all tables that aren't fixed so that the sum is near the total.
fn spread_total(sizes: &mut BTreeMap<String, Size>, total: u64) {
    let fixed: u64 = sizes.values().filter(|it| it.fixed).map(|it| it.rows).sum();
    let moving: u64 = sizes
        .values()
        .filter(|it| !it.fixed)
        .map(|it| it.rows)
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let factor = total.saturating_sub(fixed) as f64 / moving.max(1) as f64;
    for size in sizes.values_mut().filter(|it| !it.fixed) {
        size.rows = times(size.rows, factor);
    }
}

/// Lowers a table's rows to what its unique sets and its numbers' types hold.
fn limit(table: &ModelTable, keys: &KeyPlan, sizes: &mut BTreeMap<String, Size>) {
    let rows = |name: &str| sizes.get(name).map_or(1, |it| it.rows);
    let singles = table
        .columns
        .iter()
        .filter(|it| it.maker.option("unique") == Some(&true.into()))
        .map(|it| vec![it.name.clone()]);
    let sets = table.unique.iter().cloned().chain(singles);
    let fits = sets
        .map(|set| (capacity(table, keys, &set, &rows), set))
        .min_by_key(|(fits, _)| *fits);
    let Some((fits, set)) = fits else {
        return;
    };
    // Where only tables that stay as they are limit it, it doesn't grow with the others.
    let doubled = |name: &str| {
        sizes.get(name).map_or(1, |it| match it.fixed {
            true => it.rows,
            false => it.rows.saturating_mul(2),
        })
    };
    let is_final = capacity(table, keys, &set, &doubled) <= fits;
    let Some(size) = sizes.get_mut(&table.name) else {
        return;
    };
    if u128::from(size.rows) > fits {
        size.fixed |= is_final;
        size.rows = u64::try_from(fits).unwrap_or(u64::MAX).max(1);
        size.reason = format!("no more combinations of {}", set.join(", "));
    }
}

/// Where rows must agree with others of the same parent, every parent has one at least.
fn raise(keys: &KeyPlan, sizes: &mut BTreeMap<String, Size>) {
    for ((table, _), role) in &keys.roles {
        let KeyRole::Reference(reference) = role else {
            continue;
        };
        let parents = sizes.get(&reference.table).map_or(0, |it| it.rows);
        if let Some(size) = sizes
            .get_mut(table)
            .filter(|it| reference.spread && it.rows < parents)
        {
            size.rows = parents;
            size.reason = format!("one for each row of {} at least", reference.table);
        }
    }
}

/// How many rows a unique set allows, by an estimate on the safe side.
fn capacity(
    table: &ModelTable,
    keys: &KeyPlan,
    set: &[String],
    rows: &dyn Fn(&str) -> u64,
) -> u128 {
    let mut product: u128 = 1;
    for name in set {
        let Some(column) = table.column(name) else {
            continue;
        };
        let domain = match keys.role(&table.name, name) {
            Some(KeyRole::Reference(reference)) => {
                let parent = u128::from(rows(&reference.table));
                let agreed = reference
                    .same
                    .first()
                    .and_then(|(own, _)| keys.role(&table.name, own));
                match agreed {
                    Some(KeyRole::Reference(anchor)) => {
                        (parent / u128::from(rows(&anchor.table)).max(1) / 2).max(1)
                    }
                    _ => parent,
                }
            }
            Some(KeyRole::Copy { by, .. }) if set.contains(by) => 1,
            Some(KeyRole::Copy { table: other, .. }) => u128::from(rows(other)),
            Some(KeyRole::Null { .. }) => 1,
            None => domain(column),
        };
        product = product.saturating_mul(domain.max(1));
    }
    product
}

/// How many different values a maker has, by an estimate.
fn domain(column: &ModelColumn) -> u128 {
    let maker = &column.maker;
    let number = |name: &str| match maker.option(name) {
        Some(Value::Integer(number)) => Some(i128::from(*number)),
        #[expect(clippy::cast_possible_truncation, reason = "an estimate")]
        Some(Value::Float(number)) => Some(*number as i128),
        _ => None,
    };
    let width = || {
        let width = number("max")? - number("min")? + 1;
        u128::try_from(width).ok()
    };
    match maker.make.as_str() {
        "boolean" => 2,
        "value" | "json" | "xml" | "array" => 1,
        "one-of" => match maker.option("values") {
            Some(Value::List(values)) => values.len() as u128,
            _ => 1,
        },
        "integer" => width().unwrap_or(1_000),
        "decimal" => width().unwrap_or(1_000),
        "date" => 365,
        "fake" => 1_000,
        "word" | "field" | "text" => 100,
        "code" => {
            let length = u32::try_from(number("length").unwrap_or(1)).unwrap_or(1);
            36_u128.saturating_pow(length)
        }
        _ => u128::from(u64::MAX),
    }
}
