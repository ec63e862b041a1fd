//! When requests are due: a pure function of rate, duration and seed.
//!
//! A request is due when the schedule says so, whatever the answers to earlier ones take. Latency that counts from then
//! includes the time that a slow target keeps later requests waiting.

use std::time::Duration;

use crate::dataset::draw::{Key, ONE};

/// More requests a second than this can't be told apart from each other in time.
const FASTEST: f64 = 1e6;

/// How many requests a second are due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// So many, whether earlier ones are answered or not.
    PerSecond(f64),
    /// As many as are answered: each connection sends its next request when it has its answer.
    Max,
}

impl Rate {
    /// Reads `1000`, `8k`, `0.5` or `max`.
    pub fn parse(text: &str) -> Result<Rate, String> {
        const EXPECTED: &str =
            "expected requests a second, above 0 and up to 1M, such as 1000 or 8k, or max";
        if text == "max" {
            return Ok(Rate::Max);
        }
        let (digits, unit) = match text.chars().last() {
            Some('k' | 'K') => (&text[..text.len() - 1], 1e3),
            Some('m' | 'M') => (&text[..text.len() - 1], 1e6),
            _ => (text, 1.0),
        };
        match digits.parse::<f64>().map(|number| number * unit) {
            Ok(rate) if rate > 0.0 && rate <= FASTEST => Ok(Rate::PerSecond(rate)),
            _ => Err(EXPECTED.to_owned()),
        }
    }
}

/// How requests are spread over a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// At random, as those of many independent users.
    Poisson,
}

/// A request of the schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    /// Its place in the schedule, from 0.
    pub number: u64,
    /// When it is due, from the start.
    pub due: Duration,
}

/// The requests that are due within a duration, in order.
#[derive(Debug, Clone)]
pub struct Schedule {
    rate: f64,
    arrivals: Arrivals,
    duration: Duration,
    key: Key,
    number: u64,
    /// Seconds from the start to the last request, of a Poisson process.
    at: f64,
}

impl Schedule {
    /// `rate` is above 0.
    pub fn new(rate: f64, duration: Duration, arrivals: Arrivals, seed: u64) -> Schedule {
        Schedule {
            rate,
            arrivals,
            duration,
            key: Key::new(seed, "stress", "arrivals"),
            number: 0,
            at: 0.0,
        }
    }

    /// How many requests are due, of a Poisson process on average.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate and a duration are at least 0, and `as` saturates"
    )]
    pub fn expected(&self) -> u64 {
        (self.rate * self.duration.as_secs_f64()).round() as u64
    }

    /// The seconds from the start to the next request; none when it is past the end.
    fn next_at(&mut self) -> Option<f64> {
        match self.arrivals {
            // Counted, not compared with the end: 10,000 in 15 s are 10,000.
            Arrivals::Constant => {
                (self.number < self.expected().max(1)).then(|| self.number as f64 / self.rate)
            }
            Arrivals::Poisson => {
                let uniform = self.key.row(self.number).bits53() as f64 / ONE;
                self.at -= libm::log(1.0 - uniform) / self.rate;
                (self.at < self.duration.as_secs_f64()).then_some(self.at)
            }
        }
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let due = Duration::from_secs_f64(self.next_at()?);
        let number = self.number;
        self.number += 1;
        Some(Arrival { number, due })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rate: f64, seconds: u64, arrivals: Arrivals, seed: u64) -> Vec<Arrival> {
        Schedule::new(rate, Duration::from_secs(seconds), arrivals, seed).collect()
    }

    #[test]
    fn constant_arrivals_have_equal_distances_and_the_exact_count() {
        let due = schedule(1_000.0, 2, Arrivals::Constant, 42);
        assert_eq!(due.len(), 2_000);
        assert_eq!(due[1_500].due, Duration::from_millis(1_500));
        assert_eq!(
            schedule(10_000.0 / 15.0, 15, Arrivals::Constant, 1).len(),
            10_000
        );
        assert_eq!(schedule(0.1, 1, Arrivals::Constant, 1).len(), 1);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread_of_their_distribution() {
        let due = schedule(1_000.0, 20, Arrivals::Poisson, 42);
        let count = due.len() as f64;
        assert!((19_400.0..20_600.0).contains(&count), "{count}");
        assert!(due.is_sorted_by(|a, b| a.due <= b.due));
        // A gap exceeds the mean with probability 1/e.
        let long = due
            .windows(2)
            .filter(|pair| pair[1].due - pair[0].due > Duration::from_millis(1));
        let share = long.count() as f64 / count;
        assert!((0.35..0.39).contains(&share), "{share}");
    }

    #[test]
    fn arrivals_depend_on_the_seed_alone() {
        let of = |seed| schedule(500.0, 1, Arrivals::Poisson, seed);
        assert_eq!(of(42), of(42));
        assert_ne!(of(42), of(43));
    }

    #[test]
    fn rates_are_read_as_typed() {
        assert_eq!(Rate::parse("1000"), Ok(Rate::PerSecond(1_000.0)));
        assert_eq!(Rate::parse("8k"), Ok(Rate::PerSecond(8_000.0)));
        assert_eq!(Rate::parse("0.5"), Ok(Rate::PerSecond(0.5)));
        assert_eq!(Rate::parse("max"), Ok(Rate::Max));
        for text in ["0", "-1", "", "k", "fast", "inf", "NaN", "2M"] {
            assert!(Rate::parse(text).is_err(), "{text}");
        }
    }
}
