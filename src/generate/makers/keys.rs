//! Keys of rows that a row belongs to or refers to.

use anyhow::{Result, bail};

use crate::dataset::draw::Chance;
use crate::dataset::makers::Maker;
use crate::dataset::makers::keys::{Hot, Inherit, Reference};
use crate::dataset::makers::numbers::{Cents, Integer};
use crate::dataset::makers::times::{Date, Timestamp};
use crate::generate::compiled::CompiledMaker;
use crate::generate::context::Compiler;

/// Compiles `make = "inherit"`.
pub fn inherit(inherit: &Inherit, table: usize, compiler: &Compiler) -> Result<CompiledMaker> {
    let parent = &compiler.dataset.tables[inherit.table];
    let column = &parent.columns[inherit.column];
    let level = compiler.level(table, inherit.table);
    match (&column.maker, level) {
        (
            Maker::Integer(Integer(range))
            | Maker::Cents(Cents(range))
            | Maker::Date(Date(range))
            | Maker::Timestamp(Timestamp(range)),
            Some(level),
        ) => {
            let key = compiler.key(inherit.table, inherit.column);
            Ok(CompiledMaker::Inherit(key, level, range.clone()))
        }
        _ => bail!("{}.{} cannot be inherited", parent.name, column.name),
    }
}

/// Compiles `make = "reference"`.
pub fn reference(
    reference: &Reference,
    (table, column): (usize, usize),
    compiler: &Compiler,
) -> Result<CompiledMaker> {
    let rows = compiler.plan.rows(reference.table);
    if rows == 0 && compiler.plan.rows(table) > 0 {
        let tables = &compiler.dataset.tables;
        bail!(
            "{}.{} refers to {}, which has no rows at this size; give more --rows",
            tables[table].name,
            tables[table].columns[column].name,
            tables[reference.table].name
        );
    }
    Ok(CompiledMaker::Reference {
        rows,
        hot: reference.hot.map(|hot| hot_rows(hot, rows)),
    })
}

/// Chance, number of hot rows, and their distance.
fn hot_rows(hot: Hot, rows: u64) -> (Chance, u64, u64) {
    let count = u128::from(rows) * u128::from(hot.rows) / 1_000_000;
    let count = u64::try_from(count).unwrap_or(rows).max(1);
    (hot.share, count, (rows / count).max(1))
}
