//! One column's values: the spec's maker compiled for writing, and the draws it makes.
//!
//! A value depends on the row alone, never on what was written before it, so a maker that needs a sibling's value
//! makes it again.

use std::sync::Arc;

use crate::copy::format::{self, null};
use crate::copy::scalar::Reason;
use crate::copy::{FieldEncoder, OutOfRange, Unread};
use crate::dataset::Kind;
use crate::dataset::distribution::{Range, Weights};
use crate::dataset::draw::{Chance, Draws, Key};
use crate::generate::csv;
use crate::generate::pool::{Nature, Pool};

/// A row that is being made.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its id.
    pub id: u64,
    /// Ids of its parent, the parent's parent and so on.
    pub ancestors: &'a [u64],
    /// Its place among its siblings, from 0.
    pub place: u64,
    /// How many siblings there are, itself included.
    pub siblings: u64,
    /// The id that the first of the siblings is there for, where there is one for each row of another table.
    pub partner: u64,
}

/// A compiled column.
#[derive(Debug)]
pub struct Cell {
    /// Its own draws.
    pub key: Key,
    /// The draws that decide whether it is NULL.
    pub null_key: Key,
    /// How often it is NULL.
    pub null: Chance,
    /// How its numbers are written.
    pub kind: Kind,
    /// Whether its texts stand in quotes.
    pub quoted: bool,
    /// What makes its values.
    pub make: Make,
}

/// What makes a column's values.
#[derive(Debug)]
pub enum Make {
    /// The row's id.
    Serial,
    /// The parent's id.
    Parent,
    /// The id that the row is there for.
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
    Nth(Option<Choose>, Vec<Pool>),
    /// Pieces put together.
    Phrase(Phrase),
    /// Random hexadecimal digits.
    Hex(u8),
}

/// Which of several pools an ancestor's row picks.
#[derive(Debug)]
pub struct Choose {
    /// The ancestor column's draws.
    pub key: Key,
    /// How far up it is: 0 for the parent.
    pub level: usize,
    /// For each entry of the ancestor's list, the position of the pool.
    pub pools: Vec<u16>,
}

/// One of several templates.
#[derive(Debug)]
pub struct Phrase {
    /// The templates.
    pub templates: Vec<Vec<Piece>>,
    /// How likely each is; `None`: all the same.
    pub weights: Option<Weights>,
}

/// A piece of a template.
#[derive(Debug)]
pub enum Piece {
    /// As it is, escaped.
    Text(Vec<u8>),
    /// A text of a pool, all as likely.
    Pool(Arc<Pool>),
    /// A template of a list.
    Phrase(Arc<Phrase>),
    /// A sibling's value.
    Column(usize),
}

impl Cell {
    #[inline]
    fn is_null(&self, row: &Row) -> bool {
        !self.null.is_never() && self.null_key.row(row.id).happens(self.null)
    }
}

/// Writes a cell as a CSV field, without what separates it from the next.
#[inline]
pub fn write_field(cells: &[Cell], cell: &Cell, row: &Row, out: &mut Vec<u8>) {
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
    cells: &[Cell],
    cell: &Cell,
    encoder: &FieldEncoder,
    row: &Row,
    text: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
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
                .map_err(|unread| Unfit::text(text, unread))?;
        }
    }
    Ok(())
}

/// A value that its column's type cannot hold.
#[derive(Debug)]
pub enum Unfit {
    /// A number.
    Number(i64),
    /// A text, and what is wrong with it.
    Text(String, Reason),
}

impl From<OutOfRange> for Unfit {
    fn from(OutOfRange(value): OutOfRange) -> Unfit {
        Unfit::Number(value)
    }
}

impl Unfit {
    #[cold]
    fn text(text: &[u8], unread: Unread) -> Unfit {
        let reason = match unread {
            Unread::Invalid(reason) => reason,
            Unread::Undecided => "can only be read by the server".into(),
        };
        Unfit::Text(String::from_utf8_lossy(text).into_owned(), reason)
    }
}

/// Writes a cell's value, texts escaped.
fn write_value(cells: &[Cell], cell: &Cell, row: &Row, out: &mut Vec<u8>) {
    if cell.kind != Kind::Text {
        return csv::number(cell.kind, number(cells, cell, row), out);
    }
    let mut draws = cell.key.row(row.id);
    match &cell.make {
        Make::Words(pool, weights) => {
            out.extend_from_slice(pool.get(pick(weights.as_ref(), pool.len(), &mut draws)))
        }
        Make::Field(key, pool) => {
            out.extend_from_slice(pool.get(key.row(row.id).index(pool.len())))
        }
        Make::Nth(choose, pools) => out.extend_from_slice(nth(cell, choose.as_ref(), pools, row)),
        Make::Phrase(phrase) => write_phrase(phrase, cells, row, &mut draws, out),
        Make::Hex(digits) => write_hex(draws.bits(), *digits, out),
        _ => csv::number(Kind::Integer, number(cells, cell, row), out),
    }
}

/// The number that a cell of any kind but text holds.
fn number(cells: &[Cell], cell: &Cell, row: &Row) -> i64 {
    let mut draws = cell.key.row(row.id);
    match &cell.make {
        Make::Serial => row.id.cast_signed(),
        Make::Parent => parent(row).cast_signed(),
        Make::Each => (row.partner + row.place).cast_signed(),
        Make::Reference { rows, hot } => match hot {
            Some((share, count, stride)) if draws.happens(*share) => {
                1 + (draws.below(*count) * stride).cast_signed()
            }
            _ => 1 + draws.below(*rows).cast_signed(),
        },
        Make::Inherit(key, level, range) => range.draw(&mut key.row(row.ancestors[*level])),
        Make::Range(range) => range.draw(&mut draws),
        Make::Chance(chance) => i64::from(draws.happens(*chance)),
        Make::Flag(chance) => {
            let mut shared = cell.key.row(parent(row));
            i64::from(shared.happens(*chance) && shared.below(row.siblings) == row.place)
        }
        Make::Number(values, weights) => values[weights.draw(&mut draws)],
        Make::Below(column, from, to) => {
            let of = number(cells, &cells[*column], row);
            let share = from + draws.below(to - from + 1);
            let below = i128::from(of) * i128::from(share) / 1_000_000;
            i64::try_from(below).unwrap_or(of).min((of - 1).max(0))
        }
        Make::After(column, later) => number(cells, &cells[*column], row) + later.draw(&mut draws),
        Make::Words(..) | Make::Field(..) | Make::Nth(..) | Make::Phrase(_) | Make::Hex(_) => 0,
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
fn nth<'p>(cell: &Cell, choose: Option<&Choose>, pools: &'p [Pool], row: &Row) -> &'p [u8] {
    let pool = match choose {
        None => &pools[0],
        Some(Choose {
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

fn write_phrase(phrase: &Phrase, cells: &[Cell], row: &Row, draws: &mut Draws, out: &mut Vec<u8>) {
    let template = match (&phrase.weights, phrase.templates.len()) {
        (_, 1) => 0,
        (Some(weights), _) => weights.draw(draws),
        (None, count) => draws.index(count),
    };
    for piece in &phrase.templates[template] {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Pool(pool) => out.extend_from_slice(pool.get(draws.index(pool.len()))),
            Piece::Phrase(inner) => write_phrase(inner, cells, row, draws, out),
            Piece::Column(column) => write_value(cells, &cells[*column], row, out),
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

impl Make {
    /// Whether a whole value can be one of these texts, which a reader of the file would take for NULL.
    pub fn may_be_any(&self, texts: &[String]) -> bool {
        match self {
            Make::Words(pool, _) | Make::Field(_, pool) => pool.holds_any(texts),
            Make::Nth(_, pools) => pools.iter().any(|pool| pool.holds_any(texts)),
            Make::Phrase(phrase) => phrase.may_be_any(texts),
            _ => false,
        }
    }
}

impl Phrase {
    /// See [`Make::may_be_any`]; a template of several pieces is taken for longer than any of them.
    fn may_be_any(&self, texts: &[String]) -> bool {
        self.templates
            .iter()
            .any(|template| match template.as_slice() {
                [Piece::Pool(pool)] => pool.holds_any(texts),
                [Piece::Phrase(phrase)] => phrase.may_be_any(texts),
                _ => false,
            })
    }

    /// What its texts may be like; `of_column` answers for siblings.
    pub fn nature(&self, of_column: &dyn Fn(usize) -> Nature) -> Nature {
        let mut nature = Nature::default();
        for template in &self.templates {
            let natures: Vec<Nature> = template
                .iter()
                .map(|piece| piece.nature(of_column))
                .collect();
            nature.special |= natures.iter().any(|n| n.special);
            nature.empty |= natures.iter().all(|n| n.empty);
        }
        nature
    }
}

impl Piece {
    fn nature(&self, of_column: &dyn Fn(usize) -> Nature) -> Nature {
        match self {
            Piece::Text(text) => {
                let text = String::from_utf8_lossy(text);
                Nature {
                    special: csv::is_special(&text),
                    empty: text.is_empty(),
                }
            }
            Piece::Pool(pool) => pool.nature,
            Piece::Phrase(phrase) => phrase.nature(of_column),
            Piece::Column(column) => of_column(*column),
        }
    }
}
