//! Entries of lists, from pools.

use std::sync::Arc;

use crate::dataset::lists::List;
use crate::dataset::makers::Maker;
use crate::dataset::makers::lists::{By, Field, Nth, Word};
use crate::generate::compiled::{CompiledMaker, PoolChoice};
use crate::generate::context::Compiler;
use crate::generate::pool::{Pool, TextEscaping};

/// Compiles `make = "word"`.
pub fn word(word: &Word, compiler: &Compiler) -> CompiledMaker {
    CompiledMaker::Words(pool(&word.list, word.field, compiler.escaping), None)
}

/// The texts of a field of a list.
fn pool(list: &List, field: usize, escaping: TextEscaping) -> Pool {
    Pool::new(
        escaping,
        list.entries.iter().map(|entry| entry[field].as_str()),
    )
}

/// Compiles `make = "field"`.
pub fn field(field: &Field, table: usize, compiler: &Compiler) -> CompiledMaker {
    let pool = match &compiler.dataset.tables[table].columns[field.column].maker {
        Maker::Word(Word { list, .. }) => pool(list, field.field, compiler.escaping),
        _ => Pool::default(),
    };
    CompiledMaker::Field(compiler.key(table, field.column), pool)
}

/// Compiles `make = "nth"`.
pub fn nth(nth: &Nth, table: usize, compiler: &Compiler) -> CompiledMaker {
    let pools = nth.lists.iter();
    let pools = pools.map(|(_, list)| pool(list, 0, compiler.escaping));
    let choose = nth.by.as_ref();
    let choose = choose.and_then(|by| choice(by, &nth.lists, table, compiler));
    CompiledMaker::Nth(choose, pools.collect())
}

fn choice(
    by: &By,
    lists: &[(String, Arc<List>)],
    table: usize,
    compiler: &Compiler,
) -> Option<PoolChoice> {
    let column = &compiler.dataset.tables[by.table].columns[by.column];
    let Maker::Word(Word { list, .. }) = &column.maker else {
        return None;
    };
    let chosen = |entry: &Vec<String>| lists.iter().position(|(name, _)| *name == entry[by.field]);
    let position = |entry| u16::try_from(chosen(entry).unwrap_or(0)).unwrap_or(0);
    Some(PoolChoice {
        key: compiler.key(by.table, by.column),
        level: compiler.level(table, by.table)?,
        pools: list.entries.iter().map(position).collect(),
    })
}
