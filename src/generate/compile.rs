//! A dataset's columns → [`CompiledColumn`]s.

use anyhow::Result;

use crate::dataset::{ColumnSpec, Dataset, RowPlan};
use crate::generate::compiled::{CompiledColumn, CompiledMaker};
use crate::generate::context::Compiler;
use crate::generate::makers;
use crate::generate::pool::{TextEscaping, TextTraits};

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
    while let Some((table, column)) = compiler.next() {
        let spec = &dataset.tables[table].columns[column];
        cells.push(CompiledColumn {
            key: compiler.key(table, column),
            null_key: compiler.key_of(table, column, "null"),
            null: spec.null,
            kind: spec.kind,
            quoted: false,
            make: makers::compile(&spec.maker, (table, column), &mut compiler)?,
        });
    }
    for (index, column) in dataset.tables[table].columns.iter().enumerate() {
        cells[index].quoted = is_quoted(dataset, column, &cells, index);
    }
    Ok(cells)
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
    let null = nulls.any(|nulls| cells[index].make.may_be_any(nulls));
    column.kind.is_text() && (traits.special || traits.empty || null)
}

fn traits(cells: &[CompiledColumn], index: usize) -> TextTraits {
    match &cells[index].make {
        CompiledMaker::Words(pool, _) | CompiledMaker::Field(_, pool) => pool.traits,
        CompiledMaker::Nth(_, pools) => TextTraits {
            special: pools.iter().any(|pool| pool.traits.special),
            empty: pools.iter().any(|pool| pool.traits.empty),
        },
        CompiledMaker::Phrase(phrase) => phrase.traits(&|column| traits(cells, column)),
        CompiledMaker::Text(maker, _) => maker.traits(),
        _ => TextTraits::default(),
    }
}
