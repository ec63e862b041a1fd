//! A dataset's columns → [`CompiledColumn`]s: lists become pools, names become keys, shares become numbers of rows.

use std::sync::Arc;

use anyhow::{Result, bail};

use crate::dataset::draw::Key;
use crate::dataset::spec::{self, By, Hot, List, Maker};
use crate::dataset::{ColumnSpec, Dataset, Kind, RowPlan, TableSpec};
use crate::generate::compiled::{
    CompiledColumn, CompiledMaker, CompiledPhrase, CompiledPiece, PoolChoice,
};
use crate::generate::pool::{Pool, TextEscaping, TextTraits};

/// The columns of a table, hidden ones included, ready to be written.
pub fn cells(
    dataset: &Dataset,
    plan: &RowPlan,
    table: usize,
    encoding: TextEscaping,
) -> Result<Vec<CompiledColumn>> {
    let spec = &dataset.tables[table];
    let mut cells = Vec::with_capacity(spec.columns.len());
    for (index, column) in spec.columns.iter().enumerate() {
        cells.push(CompiledColumn {
            key: column_key(plan, spec, column),
            null_key: Key::new(plan.seed(), &spec.name, &format!("{}\0null", column.name)),
            null: column.null,
            kind: spec.kind(index),
            quoted: false,
            make: make(dataset, plan, table, column, encoding)?,
        });
    }
    for index in 0..cells.len() {
        let traits = traits(&cells, index);
        let nulls = spec.columns[index].spellings.nulls.as_ref();
        let mut nulls = [Some(&dataset.nulls), nulls].into_iter().flatten();
        let null = nulls.any(|nulls| cells[index].make.may_be_any(nulls));
        cells[index].quoted =
            cells[index].kind == Kind::Text && (traits.special || traits.empty || null);
    }
    Ok(cells)
}

fn column_key(plan: &RowPlan, table: &TableSpec, column: &ColumnSpec) -> Key {
    Key::new(plan.seed(), &table.name, &column.name)
}

fn traits(cells: &[CompiledColumn], index: usize) -> TextTraits {
    match &cells[index].make {
        CompiledMaker::Words(pool, _) | CompiledMaker::Field(_, pool) => pool.traits,
        CompiledMaker::Nth(_, pools) => TextTraits {
            special: pools.iter().any(|pool| pool.traits.special),
            empty: pools.iter().any(|pool| pool.traits.empty),
        },
        CompiledMaker::Phrase(phrase) => phrase.traits(&|column| traits(cells, column)),
        _ => TextTraits::default(),
    }
}

fn make(
    dataset: &Dataset,
    plan: &RowPlan,
    table: usize,
    column: &ColumnSpec,
    encoding: TextEscaping,
) -> Result<CompiledMaker> {
    let spec = &dataset.tables[table];
    Ok(match &column.maker {
        Maker::Serial => CompiledMaker::Serial,
        Maker::Parent => CompiledMaker::Parent,
        Maker::Each => CompiledMaker::Each,
        Maker::Inherit {
            table: ancestor,
            column,
            ..
        } => inherit(dataset, plan, table, *ancestor, *column)?,
        Maker::Reference { table: to, hot } => {
            let rows = plan.rows(*to);
            if rows == 0 && plan.rows(table) > 0 {
                let (from, to) = (&spec.name, &dataset.tables[*to].name);
                bail!(
                    "{from}.{} refers to {to}, which has no rows at this size; give more --rows",
                    column.name
                );
            }
            CompiledMaker::Reference {
                rows,
                hot: hot.map(|hot| hot_rows(hot, rows)),
            }
        }
        Maker::Integer(range)
        | Maker::Cents(range)
        | Maker::Date(range)
        | Maker::Timestamp(range) => CompiledMaker::Range(range.clone()),
        Maker::Boolean(chance) => CompiledMaker::Chance(*chance),
        Maker::Flag(chance) => CompiledMaker::Flag(*chance),
        Maker::Number { values, weights } => CompiledMaker::Number(values.clone(), weights.clone()),
        Maker::Below { column, from, to } => CompiledMaker::Below(*column, *from, *to),
        Maker::After { column, later } => CompiledMaker::After(*column, later.clone()),
        Maker::Word { list, field } => CompiledMaker::Words(pool(list, *field, encoding), None),
        Maker::Field { column: of, field } => {
            field_of(plan, spec, &spec.columns[*of], *field, encoding)
        }
        Maker::Nth { by, lists } => nth(dataset, plan, table, by.as_ref(), lists, encoding),
        Maker::Phrase(phrase) => phrase_make(phrase, encoding),
        Maker::Fake { faker, pool } => {
            let seed = column_key(plan, spec, column).row(0).bits();
            CompiledMaker::Words(Pool::new(encoding, faker.values(seed, *pool)), None)
        }
        Maker::Hex(digits) => CompiledMaker::Hex(*digits),
    })
}

/// How far above a table an ancestor is: 0 for the parent.
fn level(dataset: &Dataset, table: usize, ancestor: usize) -> Option<usize> {
    dataset
        .lineage(table)
        .iter()
        .skip(1)
        .position(|&t| t == ancestor)
}

fn inherit(
    dataset: &Dataset,
    plan: &RowPlan,
    table: usize,
    ancestor: usize,
    column: usize,
) -> Result<CompiledMaker> {
    let parent = &dataset.tables[ancestor];
    let column = &parent.columns[column];
    let level = level(dataset, table, ancestor);
    match (&column.maker, level) {
        (
            Maker::Integer(r) | Maker::Cents(r) | Maker::Date(r) | Maker::Timestamp(r),
            Some(level),
        ) => Ok(CompiledMaker::Inherit(
            column_key(plan, parent, column),
            level,
            r.clone(),
        )),
        _ => bail!("{}.{} cannot be inherited", parent.name, column.name),
    }
}

/// Chance, number of hot rows, and their distance.
fn hot_rows(hot: Hot, rows: u64) -> (crate::dataset::draw::Chance, u64, u64) {
    let count = u128::from(rows) * u128::from(hot.rows) / 1_000_000;
    let count = u64::try_from(count).unwrap_or(rows).max(1);
    (hot.share, count, (rows / count).max(1))
}

fn pool(list: &List, field: usize, encoding: TextEscaping) -> Pool {
    Pool::new(
        encoding,
        list.entries.iter().map(|entry| entry[field].as_str()),
    )
}

fn field_of(
    plan: &RowPlan,
    table: &TableSpec,
    sibling: &ColumnSpec,
    field: usize,
    encoding: TextEscaping,
) -> CompiledMaker {
    let pool = match &sibling.maker {
        Maker::Word { list, .. } => pool(list, field, encoding),
        _ => Pool::default(),
    };
    CompiledMaker::Field(column_key(plan, table, sibling), pool)
}

fn nth(
    dataset: &Dataset,
    plan: &RowPlan,
    table: usize,
    by: Option<&By>,
    lists: &[(String, Arc<List>)],
    encoding: TextEscaping,
) -> CompiledMaker {
    let pools = lists
        .iter()
        .map(|(_, list)| pool(list, 0, encoding))
        .collect();
    let choose = by.and_then(|by| {
        let ancestor = &dataset.tables[by.table];
        let column = &ancestor.columns[by.column];
        let Maker::Word { list, .. } = &column.maker else {
            return None;
        };
        let chosen =
            |entry: &Vec<String>| lists.iter().position(|(name, _)| *name == entry[by.field]);
        let position = |entry| u16::try_from(chosen(entry).unwrap_or(0)).unwrap_or(0);
        Some(PoolChoice {
            key: column_key(plan, ancestor, column),
            level: level(dataset, table, by.table)?,
            pools: list.entries.iter().map(position).collect(),
        })
    });
    CompiledMaker::Nth(choose, pools)
}

/// A phrase; one that only picks whole texts becomes a pool.
fn phrase_make(phrase: &spec::Phrase, encoding: TextEscaping) -> CompiledMaker {
    match whole_texts(phrase, encoding) {
        Some(pool) => CompiledMaker::Words(pool, phrase.weights.clone()),
        None => CompiledMaker::Phrase(compile_phrase(phrase, encoding)),
    }
}

fn whole_texts(phrase: &spec::Phrase, encoding: TextEscaping) -> Option<Pool> {
    let texts: Option<Vec<&str>> = phrase
        .templates
        .iter()
        .map(|template| match template.as_slice() {
            [spec::Piece::Text(text)] => Some(text.as_str()),
            _ => None,
        })
        .collect();
    texts.map(|texts| Pool::new(encoding, texts))
}

fn compile_phrase(phrase: &spec::Phrase, encoding: TextEscaping) -> CompiledPhrase {
    let piece = |piece: &spec::Piece| match piece {
        spec::Piece::Text(text) => {
            let mut escaped = Vec::new();
            encoding.put(text, &mut escaped);
            CompiledPiece::Text(escaped)
        }
        spec::Piece::Column(column) => CompiledPiece::Column(*column),
        spec::Piece::Phrase(inner) => match whole_texts(inner, encoding) {
            Some(pool) if inner.weights.is_none() => CompiledPiece::Pool(Arc::new(pool)),
            _ => CompiledPiece::Phrase(Arc::new(compile_phrase(inner, encoding))),
        },
    };
    let templates = phrase
        .templates
        .iter()
        .map(|template| template.iter().map(piece).collect())
        .collect();
    CompiledPhrase {
        templates,
        weights: phrase.weights.clone(),
    }
}
