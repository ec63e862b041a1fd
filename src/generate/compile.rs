//! A dataset's columns → [`CompiledColumn`]s.

use anyhow::Result;

use crate::dataset::draw::Chance;
use crate::dataset::{ColumnSpec, Dataset, RowPlan};
use crate::generate::compiled::{CompiledColumn, CompiledMaker, IndexedMaker, Target};
use crate::generate::context::Compiler;
use crate::generate::pool::{TextEscaping, TextTraits};
use crate::generate::{conditions, limits, makers};

/// The columns of a table, hidden ones included, ready to be written; behind them those of other tables that their values
/// are made from.
pub fn cells(
    dataset: &Dataset,
    plan: &RowPlan,
    table: usize,
    escaping: TextEscaping,
) -> Result<Vec<CompiledColumn>> {
    let mut compiler = Compiler::new(dataset, plan, table, escaping);
    let mut cells = Vec::new();
    while let Some(place) = compiler.next() {
        cells.push(cell(place, &mut compiler)?);
    }
    for (index, column) in dataset.tables[table].columns.iter().enumerate() {
        cells[index].quoted = is_quoted(dataset, column, &cells, index);
    }
    Ok(cells)
}

fn cell(place: (usize, usize), compiler: &mut Compiler) -> Result<CompiledColumn> {
    let (table, column) = place;
    let spec = &compiler.dataset.tables[table].columns[column];
    let mut make = makers::compile(&spec.maker, place, compiler)?;
    let index = match makers::profiled::index(&mut make, place, compiler)? {
        Some(index) => Some(index),
        None => compiler.index(place)?,
    };
    let make = match (index, make) {
        (None, make) | (_, make @ CompiledMaker::Picked(_)) => make,
        (Some(index), make) => CompiledMaker::Indexed(Box::new(IndexedMaker {
            index,
            runs: compiler.runs(table),
            make,
        })),
    };
    let make = limits::limited(make, place, compiler)?;
    let is_dealt = compiler.nulls(place)?.is_some();
    Ok(CompiledColumn {
        key: compiler.key(table, column),
        null_key: compiler.key_of(table, column, "null"),
        null: if is_dealt { Chance::NEVER } else { spec.null },
        rules: conditions::rules(place, compiler)?.map(Box::new),
        kind: spec.kind,
        quoted: false,
        make,
    })
}

fn is_quoted(
    dataset: &Dataset,
    column: &ColumnSpec,
    cells: &[CompiledColumn],
    index: usize,
) -> bool {
    let traits = traits(cells, index);
    let nulls = column.spellings.nulls.as_ref();
    let mut nulls = [Some(&dataset.nulls), nulls].into_iter().flatten();
    let null = nulls.any(|nulls| may_be_any(&cells[index].make, cells, nulls));
    column.kind.is_text() && (traits.special || traits.empty || null)
}

fn traits(cells: &[CompiledColumn], index: usize) -> TextTraits {
    traits_of(&cells[index].make, cells)
}

fn traits_of(make: &CompiledMaker, cells: &[CompiledColumn]) -> TextTraits {
    match make {
        CompiledMaker::Words(pool, _)
        | CompiledMaker::Field(_, pool)
        | CompiledMaker::Entry(_, pool) => pool.traits,
        CompiledMaker::Picked(key) => match key.target {
            Target::Number => TextTraits::default(),
            Target::Column(column) => traits(cells, column),
        },
        CompiledMaker::Copied(_, of) => traits(cells, *of),
        CompiledMaker::Indexed(indexed) => traits_of(&indexed.make, cells),
        CompiledMaker::Limited(text) => traits_of(&text.make, cells),
        CompiledMaker::Nth(_, pools) => TextTraits {
            special: pools.iter().any(|pool| pool.traits.special),
            empty: pools.iter().any(|pool| pool.traits.empty),
        },
        CompiledMaker::Phrase(phrase) => phrase.traits(&|column| traits(cells, column)),
        CompiledMaker::Text(maker, _) => maker.traits(),
        _ => TextTraits::default(),
    }
}

fn may_be_any(make: &CompiledMaker, cells: &[CompiledColumn], texts: &[String]) -> bool {
    match make {
        CompiledMaker::Picked(key) => match key.target {
            Target::Number => false,
            Target::Column(column) => may_be_any(&cells[column].make, cells, texts),
        },
        CompiledMaker::Copied(_, of) => may_be_any(&cells[*of].make, cells, texts),
        make => make.may_be_any(texts),
    }
}
