//! Numbers that are computed from those of siblings and of the rows that refer to one, and from a row's place among its
//! parent's.

use crate::dataset::draw::Chance;
use crate::dataset::formula::{Amount, Formula};
use crate::dataset::makers::formulas::{Computed, Total};
use crate::dataset::makers::placed::{Placed, PlacedValue};
use crate::dataset::spread::Spread;
use crate::generate::compiled::{CompiledMaker, RowNumber, ValueContext};
use crate::generate::context::Compiler;
use crate::generate::row::Row;
use crate::generate::values;

/// A formula over compiled columns.
#[derive(Debug)]
struct ComputedNumber {
    formula: Formula,
    decimals: u32,
}

/// Compiles `make = "formula"`.
pub fn computed(computed: &Computed, table: usize, compiler: &mut Compiler) -> CompiledMaker {
    let position = &mut |column| compiler.position(table, column);
    CompiledMaker::Computed(Box::new(ComputedNumber {
        formula: computed.formula.with_columns(position),
        decimals: computed.scale.into(),
    }))
}

/// The total of a column over the rows that a row's number leads to.
#[derive(Debug)]
struct TotalNumber {
    spread: Spread,
    column: usize,
}

/// Compiles `make = "total"`.
pub fn total(total: &Total, table: usize, compiler: &mut Compiler) -> CompiledMaker {
    let by = &compiler.dataset.tables[total.table].columns[total.by].maker;
    let Some(shape) = total.spread(by, table) else {
        // The reader has refused such a reference.
        return CompiledMaker::Chance(Chance::NEVER);
    };
    let (rows, own) = (compiler.plan.rows(total.table), compiler.plan.rows(table));
    CompiledMaker::Computed(Box::new(TotalNumber {
        spread: Spread::new(rows, own, shape),
        column: compiler.position(total.table, total.column),
    }))
}

impl RowNumber for TotalNumber {
    fn number(&self, value: &mut ValueContext) -> i64 {
        let (cells, cell) = (value.cells, &value.cells[self.column]);
        let parent = value.row.id.saturating_sub(1);
        let rows = self.spread.first(parent)..self.spread.first(parent + 1);
        rows.fold(0, |total: i64, child| {
            let row = Row::numbered(child + 1);
            match values::is_null(cells, cell, &row) {
                true => total,
                false => total.saturating_add(values::number(cells, cell, &row)),
            }
        })
    }
}

/// What a row's place among its parent's makes.
#[derive(Debug)]
struct PlacedNumber {
    spread: Spread,
    value: PlacedValue,
}

/// Compiles `flag` of a reference, and `sequence` within one.
pub fn placed(placed: &Placed, table: usize, compiler: &Compiler) -> CompiledMaker {
    let maker = &compiler.dataset.tables[table].columns[placed.reference].maker;
    let rows = |table| compiler.plan.rows(table);
    let Some((parent, shape)) = placed.spread(maker) else {
        // The reader has refused a reference that isn't spread.
        return CompiledMaker::Chance(Chance::NEVER);
    };
    CompiledMaker::Computed(Box::new(PlacedNumber {
        spread: Spread::new(rows(table), rows(parent), shape),
        value: placed.value.clone(),
    }))
}

impl RowNumber for PlacedNumber {
    fn number(&self, value: &mut ValueContext) -> i64 {
        let (_, place) = self.spread.parent(value.row.id.saturating_sub(1));
        match &self.value {
            PlacedValue::IsFirst => i64::from(place == 0),
            PlacedValue::Number(sequence) => sequence.of_row(place + 1),
        }
    }
}

impl RowNumber for ComputedNumber {
    fn number(&self, value: &mut ValueContext) -> i64 {
        let (cells, row) = (value.cells, value.row);
        let amount = self.formula.value(&mut |column| {
            let cell = &cells[column];
            let number = match values::is_null(cells, cell, row) {
                true => 0,
                false => values::number(cells, cell, row),
            };
            Amount::of(cell.kind, number)
        });
        i64::try_from(amount.rounded(self.decimals)).unwrap_or(i64::MAX)
    }
}
