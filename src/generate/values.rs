//! The values of a row's cells.
//!
//! A value depends on the row alone, never on what was written before it, so a maker that needs a sibling's value draws
//! it again.

use crate::dataset::Kind;
use crate::dataset::dealt_rows::Nulls;
use crate::dataset::draw::{Draws, Key};
use crate::dataset::unique::index::{Index, RowPlace};
use crate::generate::compiled::{
    AgreeingRun, CompiledColumn, CompiledMaker, CompiledPhrase, CompiledPiece, Condition,
    Exclusion, IndexedMaker, LimitedText, NullRules, PickRow, Target, ValueContext,
};
use crate::generate::csv;
use crate::generate::pieces::{any_row, earlier, limit, nth, pick, write_hex};
use crate::generate::pool::TextEscaping;
use crate::generate::row::Row;

/// Whether a cell is NULL.
#[inline(always)]
pub fn is_null(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row) -> bool {
    if cell.null.is_never() && cell.rules.is_none() {
        return false;
    }
    may_be_null(cells, cell, row)
}

/// Apart, so that the test before it stays small enough to be inlined in each cell.
#[inline(never)]
fn may_be_null(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row) -> bool {
    let drawn = !cell.null.is_never() && cell.null_key.row(row.id).happens(cell.null);
    let rules = || cell.rules.as_ref();
    drawn || rules().is_some_and(|rules| is_null_by(rules, cells, cell, row))
}

fn is_null_by(
    rules: &NullRules,
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    row: &Row,
) -> bool {
    let excluded = |exclusion: &Exclusion| {
        let mut draws = exclusion.key.row(row.id);
        draws.happens(exclusion.none) || draws.below(exclusion.count) != exclusion.place
    };
    let is_dealt = |nulls: &Nulls| nulls.number(row.id - 1).is_none();
    rules.with.is_some_and(|it| is_null(cells, &cells[it], row))
        || rules.dealt.as_ref().is_some_and(is_dealt)
        || rules.exclusive.as_ref().is_some_and(excluded)
        || !rules.only_if.iter().all(|it| holds(it, cells, row))
        || rules.picked && picks_null(cells, cell, row)
}

fn holds(condition: &Condition, cells: &[CompiledColumn], row: &Row) -> bool {
    let (of, holds) = match condition {
        Condition::Numbers(of, numbers) => {
            let number = number(cells, &cells[*of], row);
            (of, numbers.contains(&number))
        }
        Condition::Entries(of, entries) => {
            let entry = entry(cells, &cells[*of], row);
            (of, entries.get(entry).copied().unwrap_or(false))
        }
    };
    holds && !is_null(cells, &cells[*of], row)
}

/// Whether a cell has picked no row, or one without a value.
fn picks_null(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row) -> bool {
    let (by, target) = match &cell.make {
        CompiledMaker::Picked(key) => match key.target {
            Target::Number => (cell, None),
            Target::Column(column) => (cell, Some(column)),
        },
        CompiledMaker::Copied(by, _) if is_null(cells, &cells[*by], row) => return true,
        CompiledMaker::Copied(by, of) => (&cells[*by], Some(*of)),
        _ => return false,
    };
    match (picked_row(cells, by, row), target) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(picked), Some(column)) => is_null(cells, &cells[column], &picked),
    }
}

/// Writes a cell's value, texts escaped.
#[inline]
pub fn write_value(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row, out: &mut Vec<u8>) {
    write_value_of(cells, cell, cell.key, row, out);
}

/// [`write_value`] with draws from another key: for one of a value's parts.
pub fn write_value_of(
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    key: Key,
    row: &Row,
    out: &mut Vec<u8>,
) {
    if !cell.kind.is_text() {
        return csv::number(cell.kind, number_of(cells, cell, key, row), out);
    }
    write_text(cells, cell, &cell.make, key, row, out);
}

/// Inlined where nearly all values are written: a call for each costs 3% of all instructions.
#[inline(always)]
fn write_text(
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    make: &CompiledMaker,
    key: Key,
    row: &Row,
    out: &mut Vec<u8>,
) {
    let mut draws = key.row(row.id);
    match make {
        CompiledMaker::Words(pool, weights) => {
            pool.write(pick(weights.as_ref(), pool.len(), &mut draws), out)
        }
        CompiledMaker::Field(key, pool) => pool.write(key.row(row.id).index(pool.len()), out),
        CompiledMaker::Nth(choose, pools) => {
            let (pool, index) = nth(key, choose.as_ref(), pools, row);
            pool.write(index, out);
        }
        CompiledMaker::Phrase(phrase) => write_phrase(phrase, cells, row, &mut draws, out),
        CompiledMaker::Hex(digits) => write_hex(draws.bits(), *digits, out),
        CompiledMaker::Picked(_) | CompiledMaker::Copied(..) => {
            write_picked(cells, cell, row, out);
        }
        CompiledMaker::Indexed(indexed) => write_indexed(indexed, cells, cell, row, out),
        CompiledMaker::Entry(of, pool) => {
            pool.write(entry(cells, &cells[*of], row), out);
        }
        CompiledMaker::Limited(text) => write_limited(text, cells, cell, row, out),
        CompiledMaker::Text(maker, escaping) => {
            let mut value = ValueContext {
                cells,
                row,
                key,
                draws,
            };
            let start = out.len();
            maker.write(&mut value, out);
            escaping.escape_from(start, out);
        }
        _ => csv::number(Kind::Integer, number_of(cells, cell, key, row), out),
    }
}

/// The number that a cell of any kind but text holds.
#[inline(always)]
pub fn number(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row) -> i64 {
    // Every table has these, and they need no draw.
    match &cell.make {
        CompiledMaker::Serial => row.id.cast_signed(),
        CompiledMaker::Parent => row.parent().cast_signed(),
        _ => number_of(cells, cell, cell.key, row),
    }
}

#[inline(never)]
fn number_of(cells: &[CompiledColumn], cell: &CompiledColumn, key: Key, row: &Row) -> i64 {
    let mut draws = key.row(row.id);
    match &cell.make {
        CompiledMaker::Serial => row.id.cast_signed(),
        CompiledMaker::Parent => row.parent().cast_signed(),
        CompiledMaker::Each => (row.partner + row.place).cast_signed(),
        CompiledMaker::Reference { rows, hot } => {
            any_row(*rows, hot.as_ref(), &mut draws).cast_signed()
        }
        CompiledMaker::Inherit(key, level, range) => {
            range.draw(&mut key.row(row.ancestors[*level]))
        }
        CompiledMaker::Range(range) => range.draw(&mut draws),
        CompiledMaker::Chance(chance) => i64::from(draws.happens(*chance)),
        CompiledMaker::Flag(chance) => {
            let mut shared = key.row(row.parent());
            i64::from(shared.happens(*chance) && shared.below(row.siblings) == row.place)
        }
        CompiledMaker::Number(values, weights) => values[weights.draw(&mut draws)],
        CompiledMaker::Below(column, from, to) => {
            let of = number(cells, &cells[*column], row);
            let share = from + draws.below(to - from + 1);
            let below = i128::from(of) * i128::from(share) / 1_000_000;
            i64::try_from(below).unwrap_or(of).min((of - 1).max(0))
        }
        CompiledMaker::After(column, later) => {
            number(cells, &cells[*column], row) + later.draw(&mut draws)
        }
        CompiledMaker::Picked(_) | CompiledMaker::Copied(..) => picked_number(cells, cell, row),
        CompiledMaker::Indexed(indexed) => indexed_number(indexed, cells, cell, row),
        CompiledMaker::Computed(maker) => maker.number(&mut ValueContext {
            cells,
            row,
            key,
            draws,
        }),
        CompiledMaker::Words(..)
        | CompiledMaker::Field(..)
        | CompiledMaker::Nth(..)
        | CompiledMaker::Phrase(_)
        | CompiledMaker::Hex(_)
        | CompiledMaker::Entry(..)
        | CompiledMaker::Limited(_)
        | CompiledMaker::Text(..) => 0,
    }
}

/// The row that a reference, `parent` or `each` has picked; `None` where it picks none.
fn picked_row<'r>(
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    row: &Row<'r>,
) -> Option<Row<'r>> {
    let mut draws = cell.key.row(row.id);
    let number = match &cell.make {
        CompiledMaker::Reference { rows, hot } => any_row(*rows, hot.as_ref(), &mut draws),
        CompiledMaker::Parent => return row.ancestor(0),
        CompiledMaker::Each => row.partner + row.place,
        CompiledMaker::Picked(key) if key.other_than.is_some() => {
            let number = match &key.pick {
                PickRow::Index(index, runs) => {
                    1 + u64::try_from(index_of(index, runs, cells, row)).unwrap_or(u64::MAX)
                }
                PickRow::Any(rows, hot) => any_row(*rows, hot.as_ref(), &mut draws),
                _ => return None,
            };
            other_row(cells, key.other_than, row, number)
        }
        CompiledMaker::Picked(key) => match &key.pick {
            PickRow::Ancestor(level) => return row.ancestor(*level),
            PickRow::Each => row.partner + row.place,
            PickRow::Any(rows, hot) => key.before + any_row(*rows, hot.as_ref(), &mut draws),
            PickRow::Dealt(rows) => 1 + rows.parent(row.id - 1)?.0,
            PickRow::Earlier { roots, root, part } => {
                return earlier(row.id, *roots, *root, *part, &mut draws).map(Row::numbered);
            }
            PickRow::Run => match run(cells, key.run.as_ref(), row) {
                (_, 0) => return None,
                (first, count) => 1 + first + draws.below(count),
            },
            PickRow::Index(index, runs) => {
                let index = u64::try_from(index_of(index, runs, cells, row)).unwrap_or(u64::MAX);
                key.before.saturating_add(index).saturating_add(1)
            }
        },
        _ => return None,
    };
    Some(Row::numbered(number))
}

/// The row with a number, from 1, when the row that a sibling has picked isn't counted: distinct for distinct numbers.
fn other_row(cells: &[CompiledColumn], sibling: Option<usize>, row: &Row, number: u64) -> u64 {
    let sibling = sibling.map(|it| &cells[it]);
    let taken = sibling.filter(|it| !is_null(cells, it, row));
    match taken.and_then(|it| picked_row(cells, it, row)) {
        Some(taken) if taken.id <= number => number + 1,
        _ => number,
    }
}

/// The first of the rows that agree with a row, from 0, and how many there are.
fn run(cells: &[CompiledColumn], run: Option<&AgreeingRun>, row: &Row) -> (u64, u64) {
    let Some(run) = run else { return (0, 0) };
    let mut common = *row;
    for &step in &run.path {
        let cell = &cells[step];
        match picked_row(cells, cell, &common) {
            Some(picked) if !is_null(cells, cell, &common) => common = picked,
            _ => return (0, 0),
        }
    }
    let (mut first, mut end) = (common.id - 1, common.id);
    for spread in &run.chain {
        (first, end) = (spread.first(first), spread.first(end));
    }
    (first, end - first)
}

fn index_of(index: &Index, runs: &[(usize, usize)], cells: &[CompiledColumn], row: &Row) -> u128 {
    let place = RowPlace {
        id: row.id,
        parent: row.parent(),
        place: row.place,
    };
    index.at(place, &|column| {
        let found = runs.iter().find(|(it, _)| *it == column);
        match found.map(|(_, position)| &cells[*position].make) {
            Some(CompiledMaker::Picked(key)) => run(cells, key.run.as_ref(), row),
            _ => (0, 0),
        }
    })
}

/// The cell that a picked row's value is in, and the row.
pub fn picked_cell<'c, 'r>(
    cells: &'c [CompiledColumn],
    cell: &CompiledColumn,
    row: &Row<'r>,
) -> Option<(Option<&'c CompiledColumn>, Row<'r>)> {
    match &cell.make {
        CompiledMaker::Picked(key) => {
            let picked = picked_row(cells, cell, row)?;
            Some(match key.target {
                Target::Number => (None, picked),
                Target::Column(column) => (Some(&cells[column]), picked),
            })
        }
        CompiledMaker::Copied(by, of) => {
            Some((Some(&cells[*of]), picked_row(cells, &cells[*by], row)?))
        }
        _ => None,
    }
}

fn picked_number(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row) -> i64 {
    match picked_cell(cells, cell, row) {
        Some((Some(of), picked)) => number(cells, of, &picked),
        Some((None, picked)) => picked.id.cast_signed(),
        None => 0,
    }
}

fn write_picked(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row, out: &mut Vec<u8>) {
    match picked_cell(cells, cell, row) {
        Some((Some(of), picked)) => write_value(cells, of, &picked, out),
        Some((None, picked)) => csv::number(Kind::Integer, picked.id.cast_signed(), out),
        None => {}
    }
}

/// The position of the entry that a cell of a pool has.
fn entry(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row) -> usize {
    match &cell.make {
        CompiledMaker::Words(pool, weights) => {
            pick(weights.as_ref(), pool.len(), &mut cell.key.row(row.id))
        }
        CompiledMaker::Indexed(indexed) => {
            let index = index_of(&indexed.index, &indexed.runs, cells, row);
            usize::try_from(index).unwrap_or(usize::MAX)
        }
        _ => usize::MAX,
    }
}

fn write_indexed(
    indexed: &IndexedMaker,
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    row: &Row,
    out: &mut Vec<u8>,
) {
    let index = index_of(&indexed.index, &indexed.runs, cells, row);
    match &indexed.make {
        CompiledMaker::Words(pool, _) => {
            pool.write(usize::try_from(index).unwrap_or(usize::MAX), out);
        }
        CompiledMaker::Hex(digits) => {
            let bits = u64::try_from(index).unwrap_or(u64::MAX);
            write_hex(bits << (64 - 4 * u32::from(*digits)), *digits, out);
        }
        CompiledMaker::Text(maker, escaping) => {
            let start = out.len();
            maker.write_index(index, &mut context(cells, cell, row), out);
            escaping.escape_from(start, out);
        }
        _ => {}
    }
}

fn indexed_number(
    indexed: &IndexedMaker,
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    row: &Row,
) -> i64 {
    let index = index_of(&indexed.index, &indexed.runs, cells, row);
    let small = u64::try_from(index).unwrap_or(u64::MAX);
    match &indexed.make {
        CompiledMaker::Range(range) => range.bounds().0.wrapping_add_unsigned(small),
        CompiledMaker::Number(values, _) => {
            let place = usize::try_from(small).unwrap_or(0);
            values.get(place).copied().unwrap_or(0)
        }
        CompiledMaker::Chance(_) => small.cast_signed(),
        CompiledMaker::Computed(maker) => maker.at_index(index, &mut context(cells, cell, row)),
        _ => 0,
    }
}

fn context<'a>(
    cells: &'a [CompiledColumn],
    cell: &CompiledColumn,
    row: &'a Row<'a>,
) -> ValueContext<'a> {
    ValueContext {
        cells,
        row,
        key: cell.key,
        draws: cell.key.row(row.id),
    }
}

/// A text cut to its most characters: what it ends in is kept where that tells its row.
fn write_limited(
    text: &LimitedText,
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    row: &Row,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    write_text(cells, cell, &text.make, cell.key, row, out);
    text.escaping.unescape_from(start, out);
    let kept = text.ending.map_or(0, |(column, around)| {
        let number = number(cells, &cells[column], row);
        around + itoa::Buffer::new().format(number).len()
    });
    limit(text.limits, kept, start, out);
    text.escaping.escape_from(start, out);
}

impl ValueContext<'_> {
    /// Appends a sibling's value as it is, quotes not doubled.
    pub fn write_sibling(&mut self, column: usize, escaping: TextEscaping, out: &mut Vec<u8>) {
        let start = out.len();
        write_value(self.cells, &self.cells[column], self.row, out);
        escaping.unescape_from(start, out);
    }
}

fn write_phrase(
    phrase: &CompiledPhrase,
    cells: &[CompiledColumn],
    row: &Row,
    draws: &mut Draws,
    out: &mut Vec<u8>,
) {
    let template = match (&phrase.weights, phrase.templates.len()) {
        (_, 1) => 0,
        (Some(weights), _) => weights.draw(draws),
        (None, count) => draws.index(count),
    };
    for piece in &phrase.templates[template] {
        match piece {
            CompiledPiece::Text(text) => out.extend_from_slice(text),
            CompiledPiece::Pool(pool) => pool.write(draws.index(pool.len()), out),
            CompiledPiece::Phrase(inner) => write_phrase(inner, cells, row, draws, out),
            CompiledPiece::Column(column) => write_value(cells, &cells[*column], row, out),
        }
    }
}
