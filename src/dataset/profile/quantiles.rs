//! The distinct values of a column in their order, with the places that each has among all rows' values: from a place to
//! the value's position.

use crate::dataset::profile::ratio::{Ratio, share};

/// Which of the distinct values has each place.
#[derive(Debug, Clone)]
pub struct Quantiles {
    /// In order.
    runs: Vec<Run>,
    /// All places.
    places: u64,
    /// Where to start looking, by the place's highest bits.
    guide: Vec<u32>,
    /// How far a place is shifted for these.
    shift: u32,
}

/// Values, one behind the other, that have as many places each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first value's position.
    pub first: u64,
    /// How many values.
    pub values: u64,
    /// How many places they have together.
    pub places: u64,
    /// How many places lie before.
    pub before: u64,
    /// Values for each place.
    pub ratio: Ratio,
}

/// Entries of the guide, 2^10 at most.
const GUIDE_BITS: u32 = 10;

impl Quantiles {
    /// Common values, each with its position and its number of places, ascending by position; the other ones of `values`
    /// share the places that are left.
    pub fn new(common: &[(u64, u64)], values: u64, places: u64) -> Quantiles {
        let taken: u64 = common.iter().map(|(_, places)| places).sum();
        let (others, left) = (values - common.len() as u64, places.saturating_sub(taken));
        let mut runs = Runs {
            runs: Vec::new(),
            others,
            left,
            seen: 0,
        };
        let mut next = 0;
        for &(position, places) in common {
            runs.add_others(next, position - next);
            runs.add(position, 1, places);
            next = position + 1;
        }
        runs.add_others(next, values - next);
        Quantiles::of_runs(runs.runs)
    }

    fn of_runs(mut runs: Vec<Run>) -> Quantiles {
        runs.retain(|run| run.places > 0);
        if runs.is_empty() {
            runs.push(Run::new(0, 1, 1));
        }
        let mut places = 0;
        for run in &mut runs {
            run.before = places;
            places += run.places;
        }
        let shift = (u64::BITS - places.leading_zeros()).saturating_sub(GUIDE_BITS);
        let start =
            |entry: u64| runs.partition_point(|run| run.before + run.places <= entry << shift);
        let guide = (0..=(places - 1) >> shift).map(start);
        Quantiles {
            guide: guide
                .map(|it| u32::try_from(it).unwrap_or(u32::MAX))
                .collect(),
            runs,
            places,
            shift,
        }
    }

    /// How many places there are.
    pub fn places(&self) -> u64 {
        self.places
    }

    /// How many values there are.
    pub fn values(&self) -> u64 {
        self.runs.last().map_or(1, |run| run.first + run.values)
    }

    /// The runs, in order.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The first of the places that the value at a position has, and how many they are.
    pub fn places_of(&self, position: u64) -> (u64, u64) {
        let after = self.runs.partition_point(|run| run.first <= position);
        let run = &self.runs[after.saturating_sub(1)];
        if run.values == 1 {
            return (run.before, run.places);
        }
        // The places of which the ratio's product is this number.
        let end = |number: u64| {
            let (mut low, mut high) = (0, run.places);
            while low < high {
                let middle = low + (high - low) / 2;
                match run.ratio.times(middle) < number {
                    true => low = middle + 1,
                    false => high = middle,
                }
            }
            low
        };
        let number = position.saturating_sub(run.first).min(run.values - 1);
        let (first, next) = (end(number), end(number + 1));
        (run.before + first, next - first)
    }

    /// The middle of the places that the value at a position has.
    #[inline]
    pub fn middle(&self, position: u64) -> u64 {
        let after = self.runs.partition_point(|run| run.first <= position);
        let run = &self.runs[after.saturating_sub(1)];
        let number = position.saturating_sub(run.first).min(run.values - 1);
        run.before + share(2 * number + 1, run.places, 2 * run.values)
    }

    /// The position of the value that has a place.
    #[inline]
    pub fn value(&self, place: u64) -> u64 {
        let place = place.min(self.places - 1);
        let entry = usize::try_from(place >> self.shift).unwrap_or(0);
        let mut at = self.guide[entry] as usize;
        while self.runs[at].before + self.runs[at].places <= place {
            at += 1;
        }
        let run = &self.runs[at];
        if run.values == 1 {
            return run.first;
        }
        run.first + run.ratio.times(place - run.before)
    }
}

impl Run {
    fn new(first: u64, values: u64, places: u64) -> Run {
        Run {
            first,
            values,
            places,
            before: 0,
            ratio: Ratio::new(values, places),
        }
    }
}

/// Runs being put together.
struct Runs {
    runs: Vec<Run>,
    /// The values that aren't common, and the places that they have.
    others: u64,
    left: u64,
    /// How many of them are there already.
    seen: u64,
}

impl Runs {
    fn add(&mut self, first: u64, values: u64, places: u64) {
        self.runs.push(Run::new(first, values, places));
    }

    fn add_others(&mut self, first: u64, values: u64) {
        if values == 0 {
            return;
        }
        let ratio = Ratio::new(self.left, self.others);
        let place = |seen| ratio.times(seen);
        let places = place(self.seen + values) - place(self.seen);
        self.seen += values;
        self.add(first, values, places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(quantiles: &Quantiles, values: u64) -> Vec<u64> {
        let mut counts = vec![0; usize::try_from(values).unwrap()];
        for place in 0..quantiles.places() {
            counts[usize::try_from(quantiles.value(place)).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn common_values_have_their_places_and_others_as_many_each() {
        let quantiles = Quantiles::new(&[(2, 50), (5, 20)], 7, 120);
        assert_eq!(counts(&quantiles, 7), [10, 10, 50, 10, 10, 20, 10]);
        assert!((0..119).all(|it| quantiles.value(it) <= quantiles.value(it + 1)));
    }

    #[test]
    fn all_values_come_up_where_there_are_places_enough() {
        for (values, places) in [
            (1, 1),
            (1_000, 1_000),
            (999, 1_000),
            (7, 20_000),
            (333, 1_000),
        ] {
            let quantiles = Quantiles::new(&[], values, places);
            let counts = counts(&quantiles, values);
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(*least >= 1 && most - least <= 1, "{values} {places}");
        }
        let quantiles = Quantiles::new(&[(0, 3)], 1_000, 10);
        let counts = counts(&quantiles, 1_000);
        assert_eq!(counts.iter().filter(|&&it| it > 0).count(), 8);
    }
}
