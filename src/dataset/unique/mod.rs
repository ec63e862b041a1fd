//! Values that never repeat, by construction: how many rows a table's unique sets allow, and which value each row has.
//! No set of values is kept in memory, and every row can be made alone.

mod chosen;
pub mod index;
pub mod planner;

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::dataset::dealt_rows::DealtRows;
use crate::dataset::makers::keys::Parent;
use crate::dataset::makers::references::{Copy, Pick, Reach, Reference};
use crate::dataset::makers::{Maker, MakerSpec};
use crate::dataset::permutation::LARGEST;
use crate::dataset::pool_texts::distinct_entries;
use crate::dataset::spec::{ColumnSpec, Size, TableSpec};
use crate::dataset::spread::Spread;
use crate::dataset::tables::Siblings;
use crate::dataset::unique::chosen::Chosen;
use crate::dataset::unique::index::Index;
use crate::dataset::unique::planner::{Domain, TooSmall, plan};

/// An index for each column of a table that must have one; `rows` tells each table's rows. An error names the file's line,
/// the columns, and the number of rows that fits.
pub fn indexes(
    dataset: &Dataset,
    table: usize,
    rows: &dyn Fn(usize) -> u64,
    key: u64,
) -> Result<Vec<Option<Index>>, String> {
    let spec = &dataset.tables[table];
    planned(dataset, table, rows, key).map_err(|TooSmall(set)| {
        let set = &spec.unique[set];
        let names: Vec<&str> = set.columns.iter().map(|&it| spec.columns[it].name.as_str()).collect();
        let (path, line) = (dataset.path.display(), set.line);
        let (count, name) = (rows(table), &spec.name);
        let fits = capacity(dataset, table, rows);
        let advice = match fits {
            0 => why_none(dataset, table, &set.columns),
            _ => format!("{fits} fit; give the table fewer rows, or the columns more values"),
        };
        format!(
            "{path}, line {line}: table `{name}`: {count} rows, but unique ({}) allows fewer: {advice}",
            names.join(", ")
        )
    })
}

fn planned(
    dataset: &Dataset,
    table: usize,
    rows: &dyn Fn(usize) -> u64,
    key: u64,
) -> Result<Vec<Option<Index>>, TooSmall> {
    let spec = &dataset.tables[table];
    if spec.unique.is_empty() {
        return Ok(spec.columns.iter().map(|_| None).collect());
    }
    let domains: Vec<Domain> = (0..spec.columns.len())
        .map(|column| domain(dataset, table, column, rows, key))
        .collect();
    let sets = spec.unique.iter().map(|set| set.columns.clone());
    let sets: Vec<Vec<usize>> = sets.filter(|it| !is_numbered_within(spec, it)).collect();
    let mut indexes = plan(rows(table), &domains, &sets, key)?;
    for set in &sets {
        if let Some((center, other)) = chosen::columns(spec, set)
            && let (Domain::Spread(dealt), None) = (&domains[center], &indexes[center])
        {
            let chosen = chosen_index(dealt, (rows(table), rows), &spec.columns[other].maker, key);
            indexes[other] = chosen.or_else(|| indexes[other].take());
        }
    }
    Ok(indexes)
}

/// The index of a reference whose rows are chosen for groups of rows, of which there are so many.
fn chosen_index(
    groups: &DealtRows,
    (count, rows): (u64, &dyn Fn(usize) -> u64),
    maker: &Maker,
    key: u64,
) -> Option<Index> {
    match maker {
        Maker::Reference(Reference {
            table,
            pick: Pick::Measured(measured),
            ..
        }) => {
            let chosen = Chosen::new(groups, count, rows(*table), &measured.shape, key)?;
            Some(Index::Chosen(Arc::new(chosen)))
        }
        _ => None,
    }
}

/// Whether a set holds by itself: a number that counts within a reference, and that.
fn is_numbered_within(table: &TableSpec, set: &[usize]) -> bool {
    set.iter()
        .any(|&column| match &table.columns[column].maker {
            Maker::Placed(placed) => !placed.is_flag() && set.contains(&placed.reference),
            _ => false,
        })
}

/// How many rows a table can have at most, for its unique sets, when the others have so many; 0 where a set can't be kept
/// at all.
pub fn capacity(dataset: &Dataset, table: usize, rows: &dyn Fn(usize) -> u64) -> u64 {
    let fits = |count: u64| {
        let rows = |other: usize| if other == table { count } else { rows(other) };
        planned(dataset, table, &rows, 0).is_ok()
    };
    let (mut low, mut high) = (0u64, 1u64 << 50);
    if !fits(2) {
        return 0;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match fits(middle) {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

/// Why two rows don't fit already.
fn why_none(dataset: &Dataset, table: usize, columns: &[usize]) -> String {
    let siblings = Siblings::new(&dataset.tables, table);
    let spec = &dataset.tables[table];
    let is_text = |&&column: &&usize| {
        matches!(
            spec.columns[column].maker,
            Maker::Phrase(_) | Maker::Fake(_)
        ) && domain(dataset, table, column, &|_| 2, 0) == Domain::Fixed
    };
    match columns.iter().find(is_text) {
        Some(&text) => format!(
            "texts of `{}` may repeat; let the row's number be part of them, as in of = \"{{…}}-{{id}}\" with `id` a \
             `serial` column of the table",
            siblings.name(text)
        ),
        None => {
            "their values follow from other columns'; give one of them a maker with more values"
                .into()
        }
    }
}

/// What the planner can do with a column.
fn domain(
    dataset: &Dataset,
    table: usize,
    column: usize,
    rows: &dyn Fn(usize) -> u64,
    key: u64,
) -> Domain {
    let siblings = Siblings::new(&dataset.tables, table);
    let spec = &dataset.tables[table].columns[column];
    let sets = &dataset.tables[table].unique;
    let is_chosen = |set: &[usize]| {
        let columns = chosen::columns(&dataset.tables[table], set);
        columns.is_some_and(|(_, other)| other == column)
    };
    match &spec.maker {
        Maker::Reference(reference) if sets.iter().any(|it| is_chosen(&it.columns)) => {
            Domain::Free {
                size: u128::from(rows(reference.table)),
                shaped: true,
            }
        }
        Maker::Reference(reference) => {
            reference_domain(dataset, table, column, reference, rows, key)
        }
        Maker::Parent(parent) => parent_domain(dataset, table, parent),
        // A text that ends in its row's number keeps it when it is cut.
        Maker::Phrase(phrase) if phrase.is_distinct(&siblings) => Domain::Distinct,
        maker if maker.spec().texts().is_some() => {
            free(distinct_entries(spec).len() as u128, maker)
        }
        _ if may_be_cut(spec) => Domain::Fixed,
        maker if maker.spec().is_distinct(&siblings) => Domain::Distinct,
        maker => free(maker.spec().domain(), maker),
    }
}

fn free(size: u128, maker: &Maker) -> Domain {
    match size {
        0 => Domain::Fixed,
        _ => Domain::Free {
            size: size.min(LARGEST),
            shaped: maker.spec().is_shaped(),
        },
    }
}

/// Whether a text may be longer than its column takes: cut, it may be another one's.
fn may_be_cut(column: &ColumnSpec) -> bool {
    let longest = column.maker.spec().longest();
    let most = column.text.max_length;
    most.is_some_and(|most| longest.is_none_or(|longest| longest > most))
}

fn parent_domain(dataset: &Dataset, table: usize, parent: &Parent) -> Domain {
    let above = Siblings::new(&dataset.tables, parent.table);
    let tells = |key: usize| above.maker(key).spec().is_distinct(&above);
    match &dataset.tables[table].size {
        Size::Per { counts, .. } if parent.column.is_none_or(tells) => {
            Domain::Siblings(counts.maximum().into())
        }
        _ => Domain::Fixed,
    }
}

fn reference_domain(
    dataset: &Dataset,
    table: usize,
    column: usize,
    reference: &Reference,
    rows: &dyn Fn(usize) -> u64,
    key: u64,
) -> Domain {
    if !tells_the_row(&dataset.tables, table, column, reference) {
        return Domain::Fixed;
    }
    match &reference.pick {
        Pick::Any(hot) => Domain::Free {
            size: u128::from(rows(reference.table)),
            shaped: hot.is_some(),
        },
        Pick::Measured(measured) if measured.reach == Reach::Before => Domain::Fixed,
        Pick::Spread(_) | Pick::Measured(_) => {
            let spec = (table, &dataset.tables[table]);
            DealtRows::of_column(spec, column, rows, key).map_or(Domain::Fixed, Domain::Spread)
        }
        Pick::OtherThan(_) => Domain::Free {
            size: u128::from(rows(reference.table).saturating_sub(1)),
            shaped: false,
        },
        Pick::Half(half) => Domain::Free {
            size: u128::from(half.of(rows(reference.table)).1),
            shaped: false,
        },
        Pick::Earlier(_) => Domain::Fixed,
        Pick::Same(_) => match Siblings::new(&dataset.tables, table).agreement(reference) {
            Ok(agreement) => {
                let least = agreement.chain.iter().map(|link| {
                    Spread::new(rows(link.children), rows(link.parents), &link.shape).least()
                });
                Domain::Within {
                    group: agreement.group(),
                    least: least.fold(1, u64::saturating_mul),
                }
            }
            Err(_) => Domain::Fixed,
        },
    }
}

/// Whether no two rows of the other table have the same key, together with the columns that are copied from the same row or
/// agree with it.
fn tells_the_row(tables: &[TableSpec], table: usize, column: usize, reference: &Reference) -> bool {
    let Some(key) = reference.column else {
        return true;
    };
    let other = Siblings::new(tables, reference.table);
    if other.maker(key).spec().is_distinct(&other) {
        return true;
    }
    let sets = tables[table].unique.iter();
    let mut sets = sets.filter(|set| set.columns.contains(&column));
    sets.all(|set| {
        let copied = set
            .columns
            .iter()
            .filter_map(|&it| match &tables[table].columns[it].maker {
                Maker::Copy(Copy { by, column: of, .. }) if *by == column => Some(*of),
                _ => None,
            });
        let agreeing = match &reference.pick {
            Pick::Same(pairs) => pairs.as_slice(),
            _ => &[],
        };
        let agreeing = agreeing.iter().filter(|(own, _)| set.columns.contains(own));
        let agreeing = agreeing.map(|(_, referenced)| *referenced);
        let taken: Vec<usize> = copied.chain(agreeing).chain([key]).collect();
        let mut unique = tables[reference.table].unique.iter();
        unique.any(|set| set.columns.iter().all(|it| taken.contains(it)))
    })
}
