//! Texts of Postgres' types, and numbers that rise with the row.

use crate::dataset::choices::Choices;
use crate::dataset::makers::numbers::Sequence;
use crate::dataset::values::Values;
use crate::generate::compiled::{CompiledMaker, RowNumber, RowText, ValueContext};
use crate::generate::context::Compiler;
use crate::generate::pool::TextTraits;

/// Compiles the makers of `dataset::values`.
pub fn values(values: &Values, table: usize, compiler: &Compiler) -> CompiledMaker {
    let values = match values {
        Values::Uuid(uuid) => Values::Uuid(uuid.for_rows(compiler.plan.rows(table))),
        others => others.clone(),
    };
    CompiledMaker::Text(Box::new(values), compiler.escaping)
}

impl RowText for Values {
    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>) {
        Values::write(self, Choices::drawn(value.row.id, value.draws.clone()), out);
    }

    fn write_index(&self, index: u128, value: &mut ValueContext, out: &mut Vec<u8>) {
        Values::write(self, self.of_index(index, value), out);
    }

    fn write_bytes(&self, value: &mut ValueContext, out: &mut Vec<u8>) -> bool {
        match self {
            Values::Uuid(uuid) => {
                let choices = Choices::drawn(value.row.id, value.draws.clone());
                out.extend_from_slice(&uuid.bytes(choices));
                true
            }
            _ => false,
        }
    }

    fn traits(&self) -> TextTraits {
        TextTraits {
            special: b",\"\n\r\\".iter().any(|&byte| self.may_hold(byte)),
            empty: self.may_be_empty(),
        }
    }
}

impl Values {
    fn of_index(&self, index: u128, value: &ValueContext) -> Choices {
        let index = u64::try_from(index).unwrap_or(u64::MAX);
        Choices::of_index(value.key, value.row.id, index, self.domain())
    }
}

impl RowNumber for Sequence {
    fn number(&self, value: &mut ValueContext) -> i64 {
        self.of_row(value.row.id)
    }
}
