//! Times that rise with the row, and times after those of another kind.

use crate::dataset::Kind;
use crate::dataset::distribution::Range;
use crate::dataset::makers::times::{After, Rising, as_kind};
use crate::generate::compiled::{CompiledMaker, RowNumber, ValueContext};
use crate::generate::context::Compiler;
use crate::generate::values;

/// The range, cut into as many steps as there are rows.
#[derive(Debug)]
struct RisingNumber {
    min: i64,
    /// How many numbers there are.
    span: u128,
    rows: u64,
}

/// Compiles `rising = true`.
pub fn rising(rising: &Rising, table: usize, compiler: &Compiler) -> CompiledMaker {
    CompiledMaker::Computed(Box::new(RisingNumber {
        min: rising.min,
        span: u128::from(rising.min.abs_diff(rising.max)) + 1,
        rows: compiler.plan.rows(table).max(1),
    }))
}

/// After a sibling of the other kind.
#[derive(Debug)]
struct AfterOther {
    column: usize,
    later: Range,
    kind: Kind,
}

/// Compiles `make = "after"`.
pub fn after(after: &After, table: usize, compiler: &mut Compiler) -> CompiledMaker {
    let column = compiler.position(table, after.column);
    let kind = compiler.dataset.tables[table].kind(after.column);
    match after.kind.filter(|it| *it != kind) {
        None => CompiledMaker::After(column, after.later.clone()),
        Some(kind) => CompiledMaker::Computed(Box::new(AfterOther {
            column,
            later: after.later.clone(),
            kind,
        })),
    }
}

impl RowNumber for AfterOther {
    fn number(&self, value: &mut ValueContext) -> i64 {
        let cell = &value.cells[self.column];
        let number = values::number(value.cells, cell, value.row);
        as_kind(number, cell.kind, self.kind) + self.later.draw(&mut value.draws)
    }
}

impl RisingNumber {
    /// Where the step of a row begins.
    fn begins(&self, row: u64) -> u64 {
        let begins = u128::from(row) * self.span / u128::from(self.rows);
        u64::try_from(begins).unwrap_or(u64::MAX)
    }
}

impl RowNumber for RisingNumber {
    fn number(&self, value: &mut ValueContext) -> i64 {
        let row = value.row.id.saturating_sub(1);
        let begins = self.begins(row);
        let within = self.begins(row + 1).saturating_sub(begins);
        self.min
            .wrapping_add_unsigned(begins + value.draws.below(within))
    }

    fn at_index(&self, index: u128, _: &mut ValueContext) -> i64 {
        self.min
            .wrapping_add_unsigned(u64::try_from(index).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_cover_the_range_and_never_go_back() {
        for (span, rows) in [(1_000, 7), (7, 1_000), (1, 1), (94_694_400, 10_000_000)] {
            let rising = RisingNumber { min: 0, span, rows };
            assert_eq!(rising.begins(0), 0);
            assert_eq!(u128::from(rising.begins(rows)), span);
            let last = rising.begins(rows - 1);
            assert!(u128::from(last) < span, "{span} {rows}");
            let some: Vec<u64> = (0..rows.min(2_000)).map(|row| rising.begins(row)).collect();
            assert!(some.is_sorted(), "{span} {rows}");
        }
    }
}
