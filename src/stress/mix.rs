//! Which request comes next: pure draws from the seed and the request's number.

use anyhow::{Result, bail};

use super::ids::Popularity;
use crate::dataset::document::did_you_mean;
use crate::dataset::draw::{Draws, Key};

/// Names and their weights, as typed: `styles=3,product=1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(Vec<(String, u32)>);

impl Mix {
    /// Reads `styles=3,product=1`; a name alone has a weight of 1.
    pub fn parse(text: &str) -> Result<Mix, String> {
        const EXPECTED: &str = "expected names and weights such as styles=3,product=1";
        let part = |part: &str| {
            let (name, weight) = part.split_once('=').unwrap_or((part, "1"));
            let weight = weight.trim().parse().ok().filter(|weight| *weight > 0)?;
            let name = name.trim();
            (!name.is_empty()).then(|| (name.to_owned(), weight))
        };
        let parts: Option<Vec<(String, u32)>> = text.split(',').map(part).collect();
        let parts = parts.ok_or(EXPECTED)?;
        for (at, (name, _)) in parts.iter().enumerate() {
            if parts[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(format!("`{name}` is named twice; {EXPECTED}"));
            }
        }
        Ok(Mix(parts))
    }

    /// The places of its names among those there are, each with its weight.
    pub fn among<'a>(
        &self,
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Vec<(usize, u32)>> {
        let mut places = Vec::with_capacity(self.0.len());
        for (name, weight) in &self.0 {
            match names.clone().position(|it| it == name) {
                Some(place) => places.push((place, *weight)),
                None => bail!(
                    "--mix: there is no query `{name}`; {}",
                    did_you_mean(name, names)
                ),
            }
        }
        Ok(places)
    }
}

/// A request's kind and which of its values it is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The kind: a place among the mix' parts.
    pub kind: usize,
    /// The place of its values.
    pub set: usize,
}

/// Chooses requests by their weights, and values by their popularity.
#[derive(Debug, Clone)]
pub struct Chooser {
    /// The sums of the weights up to each kind.
    cumulative: Vec<u64>,
    popularity: Vec<Popularity>,
    key: Key,
}

impl Chooser {
    /// One weight and one popularity a kind, at least one.
    pub fn new(kinds: Vec<(u32, Popularity)>, seed: u64) -> Chooser {
        let weights = kinds.iter().scan(0, |sum, (weight, _)| {
            *sum += u64::from(*weight);
            Some(*sum)
        });
        Chooser {
            cumulative: weights.collect(),
            popularity: kinds
                .into_iter()
                .map(|(_, popularity)| popularity)
                .collect(),
            key: Key::new(seed, "stress", "requests"),
        }
    }

    /// The request with this number.
    pub fn choose(&self, number: u64) -> Choice {
        let mut draws = self.key.row(number);
        let kind = self.kind(&mut draws);
        let set = self.popularity[kind].choose(&mut draws);
        Choice { kind, set }
    }

    fn kind(&self, draws: &mut Draws) -> usize {
        let all = self.cumulative.last().copied().unwrap_or(0);
        let drawn = draws.below(all);
        self.cumulative.partition_point(|sum| *sum <= drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_kept() {
        let equal = |count| Popularity::equal(count);
        let chooser = Chooser::new(vec![(3, equal(10)), (1, equal(5))], 42);
        let first = (0..10_000).filter(|number| chooser.choose(*number).kind == 0);
        let share = first.count() as f64 / 10_000.0;
        assert!((0.73..0.77).contains(&share), "{share}");
        let sets = (0..1_000).map(|number| chooser.choose(number));
        assert!(sets.into_iter().all(|it| it.set < [10, 5][it.kind]));
        assert_eq!(chooser.choose(7), chooser.choose(7));
    }

    #[test]
    fn a_mix_is_read_as_typed() {
        let names = ["product", "styles"];
        let places = |text| Mix::parse(text).unwrap().among(names.into_iter()).unwrap();
        assert_eq!(places("styles=3,product=1"), [(1, 3), (0, 1)]);
        assert_eq!(places("styles"), [(1, 1)]);
        for text in ["", "styles=0", "styles=x", "=3", "a=1,a=2"] {
            assert!(Mix::parse(text).is_err(), "{text}");
        }
        let unknown = Mix::parse("stiles=3").unwrap().among(names.into_iter());
        assert_eq!(
            unknown.unwrap_err().to_string(),
            "--mix: there is no query `stiles`; did you mean `styles`?"
        );
    }
}
