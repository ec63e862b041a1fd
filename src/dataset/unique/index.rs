//! Which of a column's values a row has where values must not repeat, or have a profile: arithmetic on the row's number
//! alone.

use std::sync::Arc;

use crate::dataset::dealt_rows::DealtRows;
use crate::dataset::permutation::{Permutation, mix};
use crate::dataset::profile::draw::ProfileDraw;
use crate::dataset::unique::chosen::Chosen;

/// The first of a run of indexes, and how many there are.
pub type Run = (u64, u64);

/// Answers for a column that takes its values from a run that depends on the row: which run.
pub type RunOf<'a> = dyn Fn(usize) -> Run + 'a;

/// The index of a column's value in one row, from 0.
#[derive(Debug, Clone)]
pub enum Index {
    /// The parent of the row in a grouping.
    Parent(Arc<Grouping>),
    /// A digit of a shuffled number.
    Digit(Arc<Digits>, usize),
    /// A polynomial's value at a point.
    Polynomial(Arc<Polynomial>, u64),
    /// One of as many different ones as the row's group has rows.
    Chosen(Arc<Chosen>),
    /// As a profile draws it: values may repeat.
    Profile(Arc<ProfileDraw>),
}

/// What an index is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPlace {
    /// The row's number, from 1.
    pub id: u64,
    /// Its parent's number.
    pub parent: u64,
    /// Its position among its siblings, from 0.
    pub place: u64,
}

impl RowPlace {
    /// A row without a parent.
    pub fn numbered(id: u64) -> RowPlace {
        RowPlace {
            id,
            parent: 0,
            place: 0,
        }
    }
}

/// A row's number among others, from 0.
#[derive(Debug, Clone)]
pub enum Position {
    /// Among all.
    Row,
    /// Among its parent's children.
    Siblings,
    /// Among those of the same parent in a grouping.
    Rank(Arc<Grouping>),
}

/// Rows dealt out to parents, in a shuffled order or as they are.
#[derive(Debug, Clone)]
pub struct Grouping {
    /// Which numbers are dealt out.
    pub position: Position,
    /// The order; as it is where the column itself says how its rows are spread.
    pub order: Option<Permutation>,
    /// Which parent each gets.
    pub rows: DealtRows,
}

/// Numbers shuffled over the combinations of several columns' values: each row has a combination of its own.
#[derive(Debug, Clone)]
pub struct Digits {
    /// Which numbers are shuffled.
    pub position: Position,
    /// How many values each column has.
    pub sizes: Vec<Size>,
    /// What the shuffle starts from.
    pub key: u64,
    /// The shuffle, where no size depends on the row.
    pub shuffle: Option<Permutation>,
}

/// How many values a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// In every row.
    Fixed(u128),
    /// Those of the run that the column at this position has in the row.
    Run(usize),
}

/// A number's digits to a prime base as the coefficients of a polynomial: as many of its values as it has coefficients
/// determine it (Reed and Solomon 1960), so that any so many columns together never repeat.
#[derive(Debug, Clone)]
pub struct Polynomial {
    /// Which numbers.
    pub position: Position,
    /// Their shuffle, over as many numbers as there are polynomials.
    pub shuffle: Permutation,
    /// The base.
    pub prime: u64,
    /// How many coefficients.
    pub terms: u32,
}

impl Position {
    /// The number of a row, and what tells it from the same number elsewhere.
    #[inline]
    fn at(&self, row: RowPlace) -> (u64, u64) {
        match self {
            Position::Row => (row.id - 1, 0),
            Position::Siblings => (row.place, mix(row.parent)),
            Position::Rank(grouping) => {
                let (parent, rank, tweak) = grouping.at(row);
                (rank, mix(tweak ^ parent.wrapping_add(1)))
            }
        }
    }
}

impl Grouping {
    /// The parent of a row, its rank among the parent's, and the position's tweak.
    #[inline]
    fn at(&self, row: RowPlace) -> (u64, u64, u64) {
        let (number, tweak) = self.position.at(row);
        let number = match &self.order {
            Some(order) => small(order.at(u128::from(number), tweak)),
            None => number,
        };
        // Groups of groups may be smaller than the largest, which the spread is made for.
        // A row without a parent is NULL there, and repeats nothing.
        let (parent, rank) = self.rows.parent(number).unwrap_or_default();
        (parent, rank, tweak)
    }
}

impl Index {
    /// The index in a row.
    #[inline]
    pub fn at(&self, row: RowPlace, run: &RunOf) -> u128 {
        match self {
            Index::Parent(grouping) => u128::from(grouping.at(row).0),
            Index::Digit(digits, which) => digits.at(row, *which, run),
            Index::Polynomial(polynomial, point) => u128::from(polynomial.at(row, *point)),
            Index::Chosen(chosen) => u128::from(chosen.at(row.id - 1)),
            Index::Profile(draw) => u128::from(draw.index(row.id)),
        }
    }
}

impl Digits {
    fn at(&self, row: RowPlace, which: usize, run: &RunOf) -> u128 {
        let (number, tweak) = self.position.at(row);
        let size = |place: usize| match self.sizes[place] {
            Size::Fixed(size) => (0, size),
            Size::Run(column) => {
                let (first, count) = run(column);
                (u128::from(first), u128::from(count.max(1)))
            }
        };
        let shuffle = self.shuffle.unwrap_or_else(|| {
            let sizes = (0..self.sizes.len()).map(|place| size(place).1);
            Permutation::new(sizes.fold(1, u128::saturating_mul), self.key)
        });
        let mut rest = shuffle.at(u128::from(number), tweak);
        for place in 0..which {
            rest /= size(place).1;
        }
        let (first, count) = size(which);
        first + rest % count
    }
}

impl Polynomial {
    fn at(&self, row: RowPlace, point: u64) -> u64 {
        let (number, tweak) = self.position.at(row);
        let prime = u128::from(self.prime);
        let mut rest = self.shuffle.at(u128::from(number), tweak);
        let (mut value, mut power) = (0, 1);
        for _ in 0..self.terms {
            value = (value + rest % prime * power) % prime;
            power = power * u128::from(point) % prime;
            rest /= prime;
        }
        small(value)
    }
}

#[inline]
fn small(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
