//! References to rows of any table, and values of the rows referred to.

use anyhow::{Context as _, Result, anyhow, bail};

use crate::dataset::dealt_rows::DealtRows;
use crate::dataset::draw::Chance;
use crate::dataset::makers::references::{Copy, Earlier, Hot, Pick, Reference};
use crate::dataset::spread::Spread;
use crate::dataset::tables::Siblings;
use crate::generate::compiled::{AgreeingRun, CompiledMaker, PickRow, PickedKey, Target};
use crate::generate::context::Compiler;

/// Compiles `make = "reference"`.
pub fn reference(
    reference: &Reference,
    place: (usize, usize),
    compiler: &mut Compiler,
) -> Result<CompiledMaker> {
    let rows = compiler.plan.rows(reference.table);
    ensure_rows(reference, place, compiler)?;
    let target = compiler.target(reference.table, reference.column);
    let other_than = match reference.pick {
        Pick::OtherThan(other) => Some(compiler.position(place.0, other)),
        _ => None,
    };
    let (before, half) = match reference.pick {
        Pick::Half(half) => half.of(rows),
        _ => (0, rows),
    };
    let run = match reference.pick {
        Pick::Same(_) => Some(agreeing_run(reference, place, compiler)?),
        _ => None,
    };
    let pick = match (compiler.index(place)?, &reference.pick) {
        (Some(index), _) => PickRow::Index(index, compiler.runs(place.0)),
        (None, Pick::Any(hot)) => {
            let hot = hot.map(|hot| hot_rows(hot, rows));
            if let Target::Number = target {
                return Ok(CompiledMaker::Reference { rows, hot });
            }
            PickRow::Any(rows, hot)
        }
        (None, Pick::Spread(_) | Pick::Measured(_)) => PickRow::Dealt(dealt_rows(place, compiler)?),
        (None, Pick::Earlier(earlier)) => earlier_row(*earlier, rows),
        (None, Pick::Same(_)) => PickRow::Run,
        (None, Pick::Half(_)) => PickRow::Any(half.max(1), None),
        (None, Pick::OtherThan(_)) => PickRow::Any(rows.saturating_sub(1).max(1), None),
    };
    Ok(CompiledMaker::Picked(Box::new(PickedKey {
        pick,
        target,
        run,
        other_than,
        before,
    })))
}

/// Which row each refers to.
fn dealt_rows((table, column): (usize, usize), compiler: &Compiler) -> Result<DealtRows> {
    let spec = (table, &compiler.dataset.tables[table]);
    let rows = |table| compiler.plan.rows(table);
    let dealt = DealtRows::of_column(spec, column, &rows, compiler.unique_key(table));
    dealt.with_context(|| format!("{} deals no rows out", compiler.name((table, column))))
}

/// Refuses a reference to a table that has too few rows for it.
fn ensure_rows(reference: &Reference, place: (usize, usize), compiler: &Compiler) -> Result<()> {
    let rows = compiler.plan.rows(reference.table);
    let other = &compiler.dataset.tables[reference.table].name;
    let (least, what) = match reference.pick {
        Pick::OtherThan(_) => (2, format!("another row of {other} than its sibling")),
        Pick::Half(_) => (2, format!("one half of {other}")),
        _ => (1, other.clone()),
    };
    if rows >= least || compiler.plan.rows(place.0) == 0 {
        return Ok(());
    }
    let has = match rows {
        0 => "no rows",
        _ => "only one",
    };
    bail!(
        "{} refers to {what}, which has {has} at this size; give more --rows",
        compiler.name(place)
    );
}

/// Chance, number of hot rows, and their distance.
fn hot_rows(hot: Hot, rows: u64) -> (Chance, u64, u64) {
    let count = u128::from(rows) * u128::from(hot.rows) / 1_000_000;
    let count = u64::try_from(count).unwrap_or(rows).max(1);
    (hot.share, count, (rows / count).max(1))
}

/// Each row refers to one at most at a part of its own number, so that the number of steps to a root is bounded.
fn earlier_row(earlier: Earlier, rows: u64) -> PickRow {
    let part = match earlier.depth {
        None => 1,
        Some(1) => 0,
        Some(depth) => {
            let reaches =
                |part: u64| u128::from(part).saturating_pow(depth - 1) >= u128::from(rows);
            let (mut low, mut high) = (1, rows.max(1));
            while low < high {
                let middle = low + (high - low) / 2;
                match reaches(middle) {
                    true => high = middle,
                    false => low = middle + 1,
                }
            }
            low
        }
    };
    PickRow::Earlier {
        roots: earlier.roots,
        root: earlier.root,
        part,
    }
}

fn agreeing_run(
    reference: &Reference,
    place: (usize, usize),
    compiler: &mut Compiler,
) -> Result<AgreeingRun> {
    let (dataset, plan) = (compiler.dataset, compiler.plan);
    let siblings = Siblings::new(&dataset.tables, place.0);
    let agreement = siblings
        .agreement(reference)
        .map_err(|why| anyhow!("{}: {why}", compiler.name(place)))?;
    let chain = agreement.chain.iter();
    let chain: Vec<Spread> = chain
        .map(|link| {
            Spread::new(
                plan.rows(link.children),
                plan.rows(link.parents),
                &link.shape,
            )
        })
        .collect();
    let column = &dataset.tables[place.0].columns[place.1];
    let short = agreement
        .chain
        .iter()
        .zip(&chain)
        .find(|(_, spread)| spread.least() == 0);
    if let Some((link, spread)) = short.filter(|_| column.null.is_never()) {
        bail!(
            "{}: some rows of {} have none in {}, which has {} rows for {}; give {} at least {} rows, or the column \
             `null = …`",
            compiler.name(place),
            dataset.tables[link.parents].name,
            dataset.tables[link.children].name,
            plan.rows(link.children),
            spread.parents(),
            dataset.tables[link.children].name,
            spread.parents()
        );
    }
    let path = agreement.path.iter();
    Ok(AgreeingRun {
        path: path
            .map(|&(table, column)| compiler.position(table, column))
            .collect(),
        chain,
    })
}

/// Compiles `make = "copy"`.
pub fn copy(copy: &Copy, table: usize, compiler: &mut Compiler) -> CompiledMaker {
    let by = compiler.position(table, copy.by);
    CompiledMaker::Copied(by, compiler.position(copy.table, copy.column))
}
