//! The order on disk: which place among the values in their order each row has.
//!
//! A place is a pure function of the row's number, and each row has another one: so a value that has a share of the places
//! has exactly that share of the rows.

use crate::dataset::profile::part;
use crate::dataset::profile::ratio::Ratio;
use crate::dataset::profile::shuffle::Shuffle;

/// The rows 0 to `rows` - 1, each with a place of its own among as many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    rows: u64,
    arrangement: Arrangement,
    /// Whether the last row has the first place.
    falls: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Arrangement {
    /// Any.
    Shuffled(Shuffle),
    /// Rows whose shuffled number is below `kept` have the place of their own number; the others have each other's.
    Mixed { shuffle: Shuffle, kept: u64 },
    /// Any place of a block of the rows: for the full blocks, and for the last one.
    Blocks {
        size: u64,
        of_row: Ratio,
        full: Shuffle,
        last: Shuffle,
    },
}

/// How far rows lie in the order of their values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arranged {
    /// Not at all.
    Shuffled,
    /// This share of the rows does, the others don't.
    Share(f64),
    /// All do, but for their order within blocks of this share of the rows.
    Blocks(f64),
}

impl Order {
    /// Of so many rows, at least 1.
    pub fn new(rows: u64, arranged: Arranged, falls: bool, key: u64) -> Order {
        let rows = rows.max(1);
        let shuffle = Shuffle::new(rows, key);
        let arrangement = match arranged {
            Arranged::Shuffled => Arrangement::Shuffled(shuffle),
            Arranged::Share(share) => Arrangement::Mixed {
                shuffle,
                kept: part(rows, share),
            },
            Arranged::Blocks(share) => {
                let size = part(rows, share).max(1);
                let last = Shuffle::new(rows % size, key);
                let full = Shuffle::new(size, key);
                Arrangement::Blocks {
                    of_row: Ratio::new(1, size),
                    size,
                    full,
                    last,
                }
            }
        };
        Order {
            rows,
            arrangement,
            falls,
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The place of a row, both from 0.
    #[inline]
    pub fn place(&self, row: u64) -> u64 {
        let row = row.min(self.rows - 1);
        let place = match &self.arrangement {
            Arrangement::Shuffled(shuffle) => shuffle.at(row, 0),
            Arrangement::Mixed { shuffle, kept } => self.mixed(shuffle, *kept, row),
            Arrangement::Blocks {
                size,
                of_row,
                full,
                last,
            } => {
                let block = of_row.times(row);
                let (first, shuffle) = (
                    block * size,
                    if block < self.rows / size { full } else { last },
                );
                first + shuffle.at(row.saturating_sub(first), block)
            }
        };
        if self.falls {
            self.rows - 1 - place
        } else {
            place
        }
    }

    fn mixed(&self, shuffle: &Shuffle, kept: u64, row: u64) -> u64 {
        let number = shuffle.at(row, 0);
        if number < kept {
            return row;
        }
        // The one that lies half of them further on in the shuffle has a number that looks random.
        let others = self.rows - kept;
        let (from, step) = (number - kept, others / 2);
        let to = if from < others - step {
            from + step
        } else {
            from + step - others
        };
        shuffle.from(kept + to, 0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_row_has_a_place_of_its_own() {
        let arrangements = [
            Arranged::Shuffled,
            Arranged::Share(0.3),
            Arranged::Share(1.0),
            Arranged::Blocks(0.15),
            Arranged::Blocks(0.0),
        ];
        for arranged in arrangements {
            for rows in [1, 2, 3, 10, 101, 1_000] {
                let order = Order::new(rows, arranged, rows % 2 == 0, 5);
                let places: HashSet<u64> = (0..rows).map(|row| order.place(row)).collect();
                assert_eq!(places.len() as u64, rows, "{arranged:?}");
                assert!(places.iter().all(|&it| it < rows));
            }
        }
    }
}
