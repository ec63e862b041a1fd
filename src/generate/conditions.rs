//! When a column is NULL, by other columns: the spec's conditions compiled.

use anyhow::Result;

use crate::dataset::ColumnSpec;
use crate::dataset::draw::Key;
use crate::dataset::makers::Maker;
use crate::dataset::makers::references::Pick;
use crate::dataset::tables::Siblings;
use crate::generate::compiled::{Condition, Exclusion, NullRules};
use crate::generate::context::Compiler;

/// The rules of a column, where it has any.
pub fn rules(
    (table, column): (usize, usize),
    compiler: &mut Compiler,
) -> Result<Option<NullRules>> {
    let dataset = compiler.dataset;
    let spec = &dataset.tables[table].columns[column];
    let siblings = Siblings::new(&dataset.tables, table);
    let with = spec.conditions.null_with;
    let only_if = spec.conditions.only_if.iter();
    let rules = NullRules {
        with: with.map(|it| compiler.position(table, it)),
        only_if: only_if
            .map(|(of, values)| condition(table, *of, values, compiler))
            .collect::<Result<_>>()?,
        exclusive: exclusion(table, column, compiler),
        picked: spec.maker.spec().may_be_null(&siblings) || picks_of_run(spec),
        dealt: compiler.nulls((table, column))?,
    };
    let some = rules.with.is_some()
        || !rules.only_if.is_empty()
        || rules.exclusive.is_some()
        || rules.picked
        || rules.dealt.is_some();
    Ok(some.then_some(rules))
}

/// Whether a column that may be NULL picks from rows that agree with its own, of which there may be none.
fn picks_of_run(column: &ColumnSpec) -> bool {
    match &column.maker {
        Maker::Reference(it) => matches!(it.pick, Pick::Same(_)) && !column.null.is_never(),
        _ => false,
    }
}

fn condition(
    table: usize,
    of: usize,
    values: &[String],
    compiler: &mut Compiler,
) -> Result<Condition> {
    let position = compiler.position(table, of);
    let column = &compiler.dataset.tables[table].columns[of];
    let number = |value: &String| match value.as_str() {
        "true" => 1,
        "false" => 0,
        number => number.parse().unwrap_or(i64::MIN),
    };
    if let Maker::Boolean(_) | Maker::Placed(_) | Maker::Number(_) = column.maker {
        let numbers = values.iter().map(number).collect();
        return Ok(Condition::Numbers(position, numbers));
    }
    let texts = column.maker.spec().texts().unwrap_or_default();
    let kept = compiler.entries((table, of))?;
    let entries = kept
        .iter()
        .map(|&entry| values.iter().any(|it| it == texts[entry]));
    Ok(Condition::Entries(position, entries.collect()))
}

fn exclusion(table: usize, column: usize, compiler: &Compiler) -> Option<Exclusion> {
    let spec = &compiler.dataset.tables[table];
    let set = spec
        .exclusive
        .iter()
        .find(|set| set.columns.contains(&column))?;
    let place = set.columns.iter().position(|it| *it == column)?;
    let first = &spec.columns[set.columns[0]].name;
    Some(Exclusion {
        key: Key::new(
            compiler.plan.seed(),
            &spec.name,
            &format!("\0exclusive\0{first}"),
        ),
        place: place as u64,
        count: set.columns.len() as u64,
        none: set.none,
    })
}
