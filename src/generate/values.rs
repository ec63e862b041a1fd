//! The values of a row's cells, and how they are written.
//!
//! A value depends on the row alone, never on what was written before it, so a maker that needs a sibling's value draws
//! it again.

use crate::copy::format::{self, null};
use crate::copy::parsed::Reason;
use crate::copy::{FieldEncoder, OutOfRange, Unread};
use crate::dataset::Kind;
use crate::dataset::distribution::Weights;
use crate::dataset::draw::{Draws, Key};
use crate::generate::compiled::{
    CompiledColumn, CompiledMaker, CompiledPhrase, CompiledPiece, PoolChoice, ValueContext,
};
use crate::generate::csv;
use crate::generate::pool::{Pool, TextEscaping};
use crate::generate::row::Row;

impl CompiledColumn {
    /// Whether it is NULL in a row.
    #[inline]
    pub fn is_null(&self, row: &Row) -> bool {
        !self.null.is_never() && self.null_key.row(row.id).happens(self.null)
    }
}

/// Writes a cell as a CSV field, without what separates it from the next.
#[inline]
pub fn write_field(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row, out: &mut Vec<u8>) {
    if cell.is_null(row) {
        return;
    }
    if cell.quoted {
        out.push(b'"');
        write_value(cells, cell, row, out);
        out.push(b'"');
    } else {
        write_value(cells, cell, row, out);
    }
}

/// Writes a cell as a field of COPY's binary format; `text` is memory to be used for values that go by way of their text.
#[inline]
pub fn write_binary_field(
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    encoder: &FieldEncoder,
    row: &Row,
    text: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), UnfitValue> {
    if cell.is_null(row) {
        null(out);
        return Ok(());
    }
    match encoder {
        FieldEncoder::Text => format::field(out, |out| write_value(cells, cell, row, out)),
        FieldEncoder::Number(format) => format.write(cell.kind, number(cells, cell, row), out)?,
        FieldEncoder::Uuid if write_bytes(cells, cell, row, out) => {}
        FieldEncoder::Parsed(_) | FieldEncoder::Uuid => {
            text.clear();
            write_value(cells, cell, row, text);
            encoder
                .write_text(text, out)
                .map_err(|unread| UnfitValue::text(text, unread))?;
        }
    }
    Ok(())
}

/// Writes a binary field of the bytes that a cell's text stands for, where its maker knows them.
#[inline]
fn write_bytes(
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    row: &Row,
    out: &mut Vec<u8>,
) -> bool {
    let CompiledMaker::Text(maker, _) = &cell.make else {
        return false;
    };
    let mut value = ValueContext {
        cells,
        row,
        key: cell.key,
        draws: cell.key.row(row.id),
    };
    let start = out.len();
    let mut written = false;
    format::field(out, |out| written = maker.write_bytes(&mut value, out));
    if !written {
        out.truncate(start);
    }
    written
}

/// A value that its column's type cannot hold.
#[derive(Debug)]
pub enum UnfitValue {
    /// A number.
    Number(i64),
    /// A text, and what is wrong with it.
    Text(String, Reason),
}

impl From<OutOfRange> for UnfitValue {
    fn from(OutOfRange(value): OutOfRange) -> UnfitValue {
        UnfitValue::Number(value)
    }
}

impl UnfitValue {
    #[cold]
    fn text(text: &[u8], unread: Unread) -> UnfitValue {
        let reason = match unread {
            Unread::Invalid(reason) => reason,
            Unread::Undecided => "can only be read by the server".into(),
        };
        UnfitValue::Text(String::from_utf8_lossy(text).into_owned(), reason)
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
    let mut draws = key.row(row.id);
    match &cell.make {
        CompiledMaker::Words(pool, weights) => {
            out.extend_from_slice(pool.get(pick(weights.as_ref(), pool.len(), &mut draws)))
        }
        CompiledMaker::Field(key, pool) => {
            out.extend_from_slice(pool.get(key.row(row.id).index(pool.len())))
        }
        CompiledMaker::Nth(choose, pools) => {
            out.extend_from_slice(nth(key, choose.as_ref(), pools, row))
        }
        CompiledMaker::Phrase(phrase) => write_phrase(phrase, cells, row, &mut draws, out),
        CompiledMaker::Hex(digits) => write_hex(draws.bits(), *digits, out),
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
#[inline]
pub fn number(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row) -> i64 {
    number_of(cells, cell, cell.key, row)
}

fn number_of(cells: &[CompiledColumn], cell: &CompiledColumn, key: Key, row: &Row) -> i64 {
    let mut draws = key.row(row.id);
    match &cell.make {
        CompiledMaker::Serial => row.id.cast_signed(),
        CompiledMaker::Parent => row.parent().cast_signed(),
        CompiledMaker::Each => (row.partner + row.place).cast_signed(),
        CompiledMaker::Reference { rows, hot } => match hot {
            Some((share, count, stride)) if draws.happens(*share) => {
                1 + (draws.below(*count) * stride).cast_signed()
            }
            _ => 1 + draws.below(*rows).cast_signed(),
        },
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
        | CompiledMaker::Text(..) => 0,
    }
}

impl ValueContext<'_> {
    /// Appends a sibling's value as it is, quotes not doubled.
    pub fn write_sibling(&mut self, column: usize, escaping: TextEscaping, out: &mut Vec<u8>) {
        let start = out.len();
        write_value(self.cells, &self.cells[column], self.row, out);
        escaping.unescape_from(start, out);
    }

    /// A sibling's number.
    pub fn sibling_number(&self, column: usize) -> i64 {
        number(self.cells, &self.cells[column], self.row)
    }
}

#[inline]
fn pick(weights: Option<&Weights>, count: usize, draws: &mut Draws) -> usize {
    weights.map_or_else(
        || draws.clone().index(count),
        |weights| weights.draw(&mut draws.clone()),
    )
}

/// Siblings get consecutive entries from a start that their parent draws.
fn nth<'p>(key: Key, choose: Option<&PoolChoice>, pools: &'p [Pool], row: &Row) -> &'p [u8] {
    let pool = match choose {
        None => &pools[0],
        Some(PoolChoice {
            key: chosen_by,
            level,
            pools: chosen,
        }) => {
            let entry = chosen_by.row(row.ancestors[*level]).index(chosen.len());
            &pools[usize::from(chosen[entry])]
        }
    };
    let starts = (pool.len() as u64).saturating_sub(row.siblings) + 1;
    let start = key.row(row.parent()).below(starts);
    pool.get(usize::try_from(start + row.place).unwrap_or(usize::MAX))
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
            CompiledPiece::Pool(pool) => out.extend_from_slice(pool.get(draws.index(pool.len()))),
            CompiledPiece::Phrase(inner) => write_phrase(inner, cells, row, draws, out),
            CompiledPiece::Column(column) => write_value(cells, &cells[*column], row, out),
        }
    }
}

fn write_hex(bits: u64, digits: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (index, digit) in text.iter_mut().enumerate() {
        *digit = DIGITS[(bits >> (60 - 4 * index) & 15) as usize];
    }
    out.extend_from_slice(&text[..usize::from(digits)]);
}
