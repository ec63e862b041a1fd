//! Keys of rows that a row belongs to.

use anyhow::{Result, bail};

use crate::dataset::makers::Maker;
use crate::dataset::makers::keys::{Each, Inherit, Parent};
use crate::dataset::makers::numbers::{Cents, Integer};
use crate::dataset::makers::times::{Date, Timestamp};
use crate::generate::compiled::{CompiledMaker, PickRow, PickedKey, Target};
use crate::generate::context::Compiler;

/// Compiles `make = "inherit"`.
pub fn inherit(inherit: &Inherit, table: usize, compiler: &mut Compiler) -> Result<CompiledMaker> {
    let place = (inherit.table, inherit.column);
    if let (true, Some(level)) = (compiler.has_index(place)?, compiler.level(table, place.0)) {
        let target = Target::Column(compiler.position(place.0, place.1));
        return Ok(key(PickRow::Ancestor(level), target));
    }
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

/// Compiles `make = "parent"`.
pub fn parent(parent: &Parent, compiler: &mut Compiler) -> CompiledMaker {
    match compiler.target(parent.table, parent.column) {
        Target::Number => CompiledMaker::Parent,
        target => key(PickRow::Ancestor(0), target),
    }
}

/// Compiles `make = "each"`.
pub fn each(each: &Each, compiler: &mut Compiler) -> CompiledMaker {
    match compiler.target(each.table, each.column) {
        Target::Number => CompiledMaker::Each,
        target => key(PickRow::Each, target),
    }
}

fn key(pick: PickRow, target: Target) -> CompiledMaker {
    CompiledMaker::Picked(Box::new(PickedKey {
        pick,
        target,
        run: None,
        other_than: None,
        before: 0,
    }))
}
