//! Which ids requests are for, and how often each.

use std::fmt;
use std::ops::RangeInclusive;

use crate::dataset::draw::{Draws, Key, ONE};

/// Where ids come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ids {
    /// Existing ones of the last part, each as often as another.
    Tail,
    /// Existing ones of all, each as often as another.
    Uniform,
    /// Existing ones of all, few of them often: the one of rank r in proportion to 1/r.
    Zipf,
    /// The whole numbers of a range, whether they exist or not.
    Range(RangeInclusive<i64>),
}

impl Ids {
    /// Reads `tail`, `uniform`, `zipf` or `1..500`.
    pub fn parse(text: &str) -> Result<Ids, String> {
        const EXPECTED: &str = "expected tail, uniform, zipf, or a range such as 1..500";
        match text {
            "tail" => return Ok(Ids::Tail),
            "uniform" => return Ok(Ids::Uniform),
            "zipf" => return Ok(Ids::Zipf),
            _ => {}
        }
        let (first, last) = text.split_once("..").ok_or(EXPECTED)?;
        let last = last.strip_prefix('=').unwrap_or(last);
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(Ids::Range(first..=last)),
            (Ok(first), Ok(last)) => {
                Err(format!("no ids are between {first} and {last}; {EXPECTED}"))
            }
            _ => Err(EXPECTED.to_owned()),
        }
    }

    /// How often each of `count` values is chosen.
    pub fn popularity(&self, count: usize, seed: u64) -> Popularity {
        match self {
            Ids::Zipf => Popularity::zipf(count, seed),
            Ids::Tail | Ids::Uniform | Ids::Range(_) => Popularity::equal(count),
        }
    }
}

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ids::Tail => f.write_str("tail"),
            Ids::Uniform => f.write_str("uniform"),
            Ids::Zipf => f.write_str("zipf"),
            Ids::Range(range) => write!(f, "{}..{}", range.start(), range.end()),
        }
    }
}

/// How often each of several values is chosen.
#[derive(Debug, Clone)]
pub enum Popularity {
    /// Each as often as another.
    Equal(usize),
    /// In proportion to the reciprocal of a rank.
    Zipf {
        /// The sum of the reciprocals up to each rank.
        cumulative: Vec<f64>,
        /// The value of each rank: popular ones are at any place.
        values: Vec<usize>,
    },
}

impl Popularity {
    /// Each of `count` values as often as another.
    pub fn equal(count: usize) -> Popularity {
        Popularity::Equal(count)
    }

    fn zipf(count: usize, seed: u64) -> Popularity {
        let ranks = (1..=count).scan(0.0, |sum, rank| {
            *sum += 1.0 / rank as f64;
            Some(*sum)
        });
        let key = Key::new(seed, "stress", "ranks");
        let mut values: Vec<usize> = (0..count).collect();
        values.sort_by_cached_key(|value| key.row(*value as u64).bits());
        Popularity::Zipf {
            cumulative: ranks.collect(),
            values,
        }
    }

    /// The place of a value.
    pub fn choose(&self, draws: &mut Draws) -> usize {
        match self {
            Popularity::Equal(count) => draws.index(*count),
            Popularity::Zipf { cumulative, values } => {
                let all = cumulative.last().copied().unwrap_or(0.0);
                let drawn = draws.bits53() as f64 / ONE * all;
                let rank = cumulative.partition_point(|sum| *sum <= drawn);
                values[rank.min(values.len() - 1)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_typed() {
        assert_eq!(Ids::parse("1..500"), Ok(Ids::Range(1..=500)));
        assert_eq!(Ids::parse("1..=500"), Ok(Ids::Range(1..=500)));
        assert_eq!(Ids::parse("zipf"), Ok(Ids::Zipf));
        for text in ["", "1", "5..1", "a..b", "tails"] {
            assert!(Ids::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn few_ids_are_popular_under_zipf() {
        let popularity = Ids::Zipf.popularity(1_000, 42);
        let key = Key::new(42, "t", "x");
        let mut counts = vec![0_u32; 1_000];
        for number in 0..100_000 {
            counts[popularity.choose(&mut key.row(number))] += 1;
        }
        counts.sort_unstable_by(|a, b| b.cmp(a));
        // The harmonic number of 1,000 is 7.485.
        let first = f64::from(counts[0]) / 100_000.0;
        assert!((0.12..0.15).contains(&first), "{first}");
        let second = f64::from(counts[1]) / 100_000.0;
        assert!((0.055..0.08).contains(&second), "{second}");
    }
}
