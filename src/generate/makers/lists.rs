//! Entries of lists, from pools.

use std::sync::Arc;

use anyhow::{Result, bail};

use crate::dataset::column_rules::TextLimits;
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

/// The pool of a column of a few texts where these have limits or must not repeat.
pub fn entries(place: (usize, usize), compiler: &mut Compiler) -> Result<Option<CompiledMaker>> {
    let column = &compiler.dataset.tables[place.0].columns[place.1];
    let Some(texts) = column.maker.spec().texts() else {
        return Ok(None);
    };
    let Some(kept) = kept_entries(place, compiler)? else {
        return Ok(None);
    };
    let cased = |&entry: &usize| match column.text.case {
        Some(case) => case.of(texts[entry]),
        None => texts[entry].to_owned(),
    };
    let pool = Pool::new(compiler.escaping, kept.iter().map(cased));
    let weights = match &column.maker {
        Maker::Phrase(phrase) => phrase.weights.as_ref(),
        _ => None,
    };
    let weights = weights.and_then(|weights| weights.of_positions(&kept));
    Ok(Some(CompiledMaker::Words(pool, weights)))
}

/// The positions of the entries that a column of a few texts has, where it may not have all.
fn kept_entries(place: (usize, usize), compiler: &mut Compiler) -> Result<Option<Vec<usize>>> {
    let column = &compiler.dataset.tables[place.0].columns[place.1];
    match compiler.has_index(place)? {
        false if column.text == TextLimits::default() => Ok(None),
        _ => compiler.entries(place).map(Some),
    }
}

/// Compiles `make = "field"`.
pub fn field(field: &Field, table: usize, compiler: &mut Compiler) -> Result<CompiledMaker> {
    let sibling = &compiler.dataset.tables[table].columns[field.column];
    let Maker::Word(Word { list, .. }) = &sibling.maker else {
        bail!("`{}` is no `word` column", sibling.name);
    };
    Ok(match kept_entries((table, field.column), compiler)? {
        None => {
            let pool = pool(list, field.field, compiler.escaping);
            CompiledMaker::Field(compiler.key(table, field.column), pool)
        }
        Some(kept) => {
            let texts = kept.iter().map(|&entry| &list.entries[entry][field.field]);
            let pool = Pool::new(compiler.escaping, texts);
            CompiledMaker::Entry(compiler.position(table, field.column), pool)
        }
    })
}

/// Compiles `make = "nth"`.
pub fn nth(nth: &Nth, table: usize, compiler: &mut Compiler) -> Result<CompiledMaker> {
    if let Some(by) = &nth.by
        && kept_entries((by.table, by.column), compiler)?.is_some()
    {
        bail!(
            "`{}` cannot decide by `by`: its entries have limits or must not repeat",
            compiler.name((by.table, by.column))
        );
    }
    let pools = nth.lists.iter();
    let pools = pools
        .map(|(_, list)| pool(list, 0, compiler.escaping))
        .collect();
    let choose = nth.by.as_ref();
    let choose = choose.and_then(|by| choice(by, &nth.lists, table, compiler));
    Ok(CompiledMaker::Nth(choose, pools))
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
