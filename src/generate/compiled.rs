//! One column's values: the spec's maker compiled for writing, and the draws it makes.
//!
//! A value depends on the row alone, never on what was written before it, so a maker that needs a sibling's value draws
//! it again.

use std::sync::Arc;

use crate::copy::format::{self, null};
use crate::copy::parsed::Reason;
use crate::copy::{FieldEncoder, OutOfRange, Unread};
use crate::dataset::Kind;
use crate::dataset::distribution::{Range, Weights};
use crate::dataset::draw::{Chance, Draws, Key};
use crate::generate::csv;
use crate::generate::pool::{Pool, TextTraits};

/// A row that is being generated.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its id.
    pub id: u64,
    /// Ids of its parent, the parent's parent and so on.
    pub ancestors: &'a [u64],
    /// Its position among its siblings, from 0.
    pub place: u64,
    /// How many siblings there are, itself included.
    pub siblings: u64,
    /// The partner row of the first sibling, where there is one child for each row of another table.
    pub partner: u64,
}

/// A compiled column.
#[derive(Debug)]
pub struct CompiledColumn {
    /// Its own draws.
    pub key: Key,
    /// The draws that decide whether it is NULL.
    pub null_key: Key,
    /// How often it is NULL.
    pub null: Chance,
    /// How its numbers are written.
    pub kind: Kind,
    /// Whether its texts are quoted in CSV.
    pub quoted: bool,
    /// How its values are drawn.
    pub make: CompiledMaker,
}

/// How a column's values are drawn.
#[derive(Debug)]
pub enum CompiledMaker {
    /// The row's id.
    Serial,
    /// The parent's id.
    Parent,
    /// The id of the row's partner.
    Each,
    /// What an ancestor's column draws: its draws, how far up it is (0 for the parent), and its range.
    Inherit(Key, usize, Range),
    /// Any of the ids 1 to `rows`; a hot one, `stride` apart, with a chance.
    Reference {
        /// Rows of the other table, at least 1.
        rows: u64,
        /// Chance, how many are hot, and how far they lie apart.
        hot: Option<(Chance, u64, u64)>,
    },
    /// A number, date or timestamp.
    Range(Range),
    /// 1 with this chance.
    Chance(Chance),
    /// 1 for one of the siblings, with this chance that there is one.
    Flag(Chance),
    /// One of some numbers.
    Number(Vec<i64>, Weights),
    /// Below a sibling's number, between two shares of it in millionths.
    Below(usize, u64, u64),
    /// After a sibling's date.
    After(usize, Range),
    /// A text of a pool.
    Words(Pool, Option<Weights>),
    /// The text of a pool that a sibling's draw has picked.
    Field(Key, Pool),
    /// The nth of a pool, which an ancestor's draw may pick.
    Nth(Option<PoolChoice>, Vec<Pool>),
    /// Pieces put together.
    Phrase(CompiledPhrase),
    /// Random hexadecimal digits.
    Hex(u8),
}

/// Which of several pools an ancestor's row picks.
#[derive(Debug)]
pub struct PoolChoice {
    /// The ancestor column's draws.
    pub key: Key,
    /// How far up it is: 0 for the parent.
    pub level: usize,
    /// For each entry of the ancestor's list, the position of the pool.
    pub pools: Vec<u16>,
}

/// One of several templates.
#[derive(Debug)]
pub struct CompiledPhrase {
    /// The templates.
    pub templates: Vec<Vec<CompiledPiece>>,
    /// How likely each is; `None`: all the same.
    pub weights: Option<Weights>,
}

/// A piece of a template.
#[derive(Debug)]
pub enum CompiledPiece {
    /// As it is, escaped.
    Text(Vec<u8>),
    /// A text of a pool, all as likely.
    Pool(Arc<Pool>),
    /// A template of a list.
    Phrase(Arc<CompiledPhrase>),
    /// A sibling's value.
    Column(usize),
}

impl CompiledColumn {
    #[inline]
    fn is_null(&self, row: &Row) -> bool {
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
        FieldEncoder::Parsed(_) => {
            text.clear();
            write_value(cells, cell, row, text);
            encoder
                .write_text(text, out)
                .map_err(|unread| UnfitValue::text(text, unread))?;
        }
    }
    Ok(())
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
fn write_value(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row, out: &mut Vec<u8>) {
    if cell.kind != Kind::Text {
        return csv::number(cell.kind, number(cells, cell, row), out);
    }
    let mut draws = cell.key.row(row.id);
    match &cell.make {
        CompiledMaker::Words(pool, weights) => {
            out.extend_from_slice(pool.get(pick(weights.as_ref(), pool.len(), &mut draws)))
        }
        CompiledMaker::Field(key, pool) => {
            out.extend_from_slice(pool.get(key.row(row.id).index(pool.len())))
        }
        CompiledMaker::Nth(choose, pools) => {
            out.extend_from_slice(nth(cell, choose.as_ref(), pools, row))
        }
        CompiledMaker::Phrase(phrase) => write_phrase(phrase, cells, row, &mut draws, out),
        CompiledMaker::Hex(digits) => write_hex(draws.bits(), *digits, out),
        _ => csv::number(Kind::Integer, number(cells, cell, row), out),
    }
}

/// The number that a cell of any kind but text holds.
fn number(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row) -> i64 {
    let mut draws = cell.key.row(row.id);
    match &cell.make {
        CompiledMaker::Serial => row.id.cast_signed(),
        CompiledMaker::Parent => parent(row).cast_signed(),
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
            let mut shared = cell.key.row(parent(row));
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
        CompiledMaker::Words(..)
        | CompiledMaker::Field(..)
        | CompiledMaker::Nth(..)
        | CompiledMaker::Phrase(_)
        | CompiledMaker::Hex(_) => 0,
    }
}

#[inline]
fn parent(row: &Row) -> u64 {
    row.ancestors.first().copied().unwrap_or(0)
}

#[inline]
fn pick(weights: Option<&Weights>, count: usize, draws: &mut Draws) -> usize {
    weights.map_or_else(
        || draws.clone().index(count),
        |weights| weights.draw(&mut draws.clone()),
    )
}

/// Siblings get consecutive entries from a start that their parent draws.
fn nth<'p>(
    cell: &CompiledColumn,
    choose: Option<&PoolChoice>,
    pools: &'p [Pool],
    row: &Row,
) -> &'p [u8] {
    let pool = match choose {
        None => &pools[0],
        Some(PoolChoice {
            key,
            level,
            pools: chosen,
        }) => {
            let entry = key.row(row.ancestors[*level]).index(chosen.len());
            &pools[usize::from(chosen[entry])]
        }
    };
    let starts = (pool.len() as u64).saturating_sub(row.siblings) + 1;
    let start = cell.key.row(parent(row)).below(starts);
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

impl CompiledMaker {
    /// Whether a whole value can be one of these texts, which a reader of the file would read as NULL.
    pub fn may_be_any(&self, texts: &[String]) -> bool {
        match self {
            CompiledMaker::Words(pool, _) | CompiledMaker::Field(_, pool) => pool.holds_any(texts),
            CompiledMaker::Nth(_, pools) => pools.iter().any(|pool| pool.holds_any(texts)),
            CompiledMaker::Phrase(phrase) => phrase.may_be_any(texts),
            _ => false,
        }
    }
}

impl CompiledPhrase {
    /// See [`CompiledMaker::may_be_any`]; a template of several pieces counts as longer than any of them.
    fn may_be_any(&self, texts: &[String]) -> bool {
        self.templates
            .iter()
            .any(|template| match template.as_slice() {
                [CompiledPiece::Pool(pool)] => pool.holds_any(texts),
                [CompiledPiece::Phrase(phrase)] => phrase.may_be_any(texts),
                _ => false,
            })
    }

    /// What its texts may be like; `of_column` answers for siblings.
    pub fn traits(&self, of_column: &dyn Fn(usize) -> TextTraits) -> TextTraits {
        let mut traits = TextTraits::default();
        for template in &self.templates {
            let natures: Vec<TextTraits> = template
                .iter()
                .map(|piece| piece.traits(of_column))
                .collect();
            traits.special |= natures.iter().any(|n| n.special);
            traits.empty |= natures.iter().all(|n| n.empty);
        }
        traits
    }
}

impl CompiledPiece {
    fn traits(&self, of_column: &dyn Fn(usize) -> TextTraits) -> TextTraits {
        match self {
            CompiledPiece::Text(text) => {
                let text = String::from_utf8_lossy(text);
                TextTraits {
                    special: csv::is_special(&text),
                    empty: text.is_empty(),
                }
            }
            CompiledPiece::Pool(pool) => pool.traits,
            CompiledPiece::Phrase(phrase) => phrase.traits(of_column),
            CompiledPiece::Column(column) => of_column(*column),
        }
    }
}
