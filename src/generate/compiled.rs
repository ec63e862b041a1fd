//! A column compiled for writing: lists have become pools, names positions, shares numbers of rows.

use std::fmt::Debug;
use std::sync::Arc;

use crate::dataset::Kind;
use crate::dataset::column_rules::TextLimits;
use crate::dataset::dealt_rows::{DealtRows, Nulls};
use crate::dataset::distribution::{Range, Weights};
use crate::dataset::draw::{Chance, Draws, Key};
use crate::dataset::makers::references::Root;
use crate::dataset::spread::Spread;
use crate::dataset::unique::index::Index;
use crate::generate::csv;
use crate::generate::pool::{Pool, TextEscaping, TextTraits};
use crate::generate::row::Row;

/// A compiled column.
#[derive(Debug)]
pub struct CompiledColumn {
    /// Its own draws.
    pub key: Key,
    /// The draws that decide whether it is NULL.
    pub null_key: Key,
    /// How often it is NULL.
    pub null: Chance,
    /// When it is NULL besides.
    pub rules: Option<Box<NullRules>>,
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
    /// The key of a row that is picked in another way.
    Picked(Box<PickedKey>),
    /// The value of a column in the row that another has picked: the positions of both.
    Copied(usize, usize),
    /// The value that a row has by its index, so that values don't repeat.
    Indexed(Box<IndexedMaker>),
    /// The text of a pool with the position of the entry that a sibling has.
    Entry(usize, Pool),
    /// A text that is cut, or written in one case.
    Limited(Box<LimitedText>),
    /// A text that a maker of its own writes.
    Text(Box<dyn RowText>, TextEscaping),
    /// A number that a maker of its own makes.
    Computed(Box<dyn RowNumber>),
}

/// When a column is NULL, by other columns.
#[derive(Debug, Default)]
pub struct NullRules {
    /// Where this one is.
    pub with: Option<usize>,
    /// Unless each of these has one of some values.
    pub only_if: Vec<Condition>,
    /// Unless it is the one of several that isn't.
    pub exclusive: Option<Exclusion>,
    /// Where no row is picked, or the row that is picked has no value.
    pub picked: bool,
    /// In the rows that are counted out.
    pub dealt: Option<Nulls>,
}

/// A column, and which of its values count.
#[derive(Debug)]
pub enum Condition {
    /// By their numbers.
    Numbers(usize, Vec<i64>),
    /// By their positions in a pool.
    Entries(usize, Vec<bool>),
}

/// One of several columns of which one at most is not NULL.
#[derive(Debug)]
pub struct Exclusion {
    /// The draws that decide.
    pub key: Key,
    /// Which of them it is, from 0.
    pub place: u64,
    /// How many they are.
    pub count: u64,
    /// How often all are NULL.
    pub none: Chance,
}

/// The key of a row that is picked.
#[derive(Debug)]
pub struct PickedKey {
    /// Which row.
    pub pick: PickRow,
    /// Its key.
    pub target: Target,
    /// The run of rows that may be picked, where they must agree with this one.
    pub run: Option<AgreeingRun>,
    /// The sibling that has picked a row which isn't counted.
    pub other_than: Option<usize>,
    /// How many rows lie before those that may be picked.
    pub before: u64,
}

/// What of a picked row is its key.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Its number.
    Number,
    /// Its value in the column at this position.
    Column(usize),
}

/// How a row is picked.
#[derive(Debug)]
pub enum PickRow {
    /// As in [`CompiledMaker::Reference`].
    Any(u64, Option<(Chance, u64, u64)>),
    /// The parent that the row is dealt out to.
    Dealt(DealtRows),
    /// One before this, at most at a part of its number; a root has none, or itself.
    Earlier {
        /// How often a row is a root.
        roots: Chance,
        /// What a root has.
        root: Root,
        /// The part.
        part: u64,
    },
    /// Any of the run.
    Run,
    /// By its index; the columns that its runs are of, with their positions.
    Index(Index, Vec<(usize, usize)>),
    /// An ancestor, so many above the parent.
    Ancestor(usize),
    /// The partner.
    Each,
}

/// The run of another table's rows that agree with a row.
#[derive(Debug)]
pub struct AgreeingRun {
    /// The references that lead from the row to the one it has in common with the others.
    pub path: Vec<usize>,
    /// The spreads that lead from there to the run.
    pub chain: Vec<Spread>,
}

/// A maker whose values have an index.
#[derive(Debug)]
pub struct IndexedMaker {
    /// The index of each row.
    pub index: Index,
    /// The columns that its runs are of, with their positions.
    pub runs: Vec<(usize, usize)>,
    /// The maker.
    pub make: CompiledMaker,
}

/// A maker of texts with limits.
#[derive(Debug)]
pub struct LimitedText {
    /// The maker.
    pub make: CompiledMaker,
    /// How its texts are escaped.
    pub escaping: TextEscaping,
    /// The limits.
    pub limits: TextLimits,
    /// The column with the row's number that the texts end in, and the characters around it that are kept, too.
    pub ending: Option<(usize, usize)>,
}

/// A maker of texts, for those that are not written often enough to have a place in [`CompiledMaker`].
pub trait RowText: Debug + Send + Sync {
    /// Appends the text of a row as it is: what writes the cell escapes it.
    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>);

    /// Called before the first row, where so many indexes come up: all below this number.
    fn prepare(&mut self, _values: u64) {}

    /// Appends the text with an index below the maker's domain.
    fn write_index(&self, _index: u128, value: &mut ValueContext, out: &mut Vec<u8>) {
        self.write(value, out);
    }

    /// Appends the bytes that a text means, where there is a shorter way than by the text; else nothing, and false.
    fn write_bytes(&self, _value: &mut ValueContext, _out: &mut Vec<u8>) -> bool {
        false
    }

    /// What its texts may be like.
    fn traits(&self) -> TextTraits;

    /// Whether a whole text can be one of these, which a reader of the file would read as NULL.
    fn may_be_any(&self, _texts: &[String]) -> bool {
        false
    }
}

/// A maker of numbers, likewise.
pub trait RowNumber: Debug + Send + Sync {
    /// The number of a row.
    fn number(&self, value: &mut ValueContext) -> i64;

    /// The number with an index below the maker's domain.
    fn at_index(&self, _index: u128, value: &mut ValueContext) -> i64 {
        self.number(value)
    }
}

/// What a value is made from: the row, the column's own random numbers, and the columns of its table.
#[derive(Debug)]
pub struct ValueContext<'a> {
    /// All compiled columns; siblings are named by their position among these.
    pub cells: &'a [CompiledColumn],
    /// The row.
    pub row: &'a Row<'a>,
    /// The column's draws.
    pub key: Key,
    /// The random numbers of this row and column.
    pub draws: Draws,
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
#[derive(Debug, Clone)]
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

impl CompiledMaker {
    /// Whether a whole value can be one of these texts, which a reader of the file would read as NULL.
    pub fn may_be_any(&self, texts: &[String]) -> bool {
        match self {
            CompiledMaker::Words(pool, _)
            | CompiledMaker::Field(_, pool)
            | CompiledMaker::Entry(_, pool) => pool.holds_any(texts),
            CompiledMaker::Indexed(indexed) => indexed.make.may_be_any(texts),
            // Cut, it may be any.
            CompiledMaker::Limited(_) => !texts.is_empty(),
            CompiledMaker::Nth(_, pools) => pools.iter().any(|pool| pool.holds_any(texts)),
            CompiledMaker::Phrase(phrase) => phrase.may_be_any(texts),
            CompiledMaker::Text(maker, _) => maker.may_be_any(texts),
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
