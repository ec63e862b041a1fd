//! Goals that five back-ends of an online shop were tested against, each as they wrote it down.

use std::time::Duration;

use super::report::GoalFigures;

/// A load and what it is expected to hold.
#[derive(Debug, PartialEq)]
pub struct Goal {
    /// Its name.
    pub name: &'static str,
    /// Requests a second.
    pub rate: f64,
    /// For how long.
    pub duration: Duration,
    /// As typed after `--expect`.
    pub expectations: &'static [&'static str],
    /// What was written down.
    pub source: &'static str,
}

/// The goals there are.
pub const GOALS: &[Goal] = &[
    Goal {
        name: "seed-001",
        rate: 1_000.0,
        duration: Duration::from_secs(60),
        expectations: &["mean<62ms", "errors<1%"],
        source: "a product service, two hosts behind nginx with a cache: at 1,000 requests a second the mean came down to \
                 62 ms (a round trip to the cloud included), with fewer than 1% errors",
    },
    Goal {
        name: "seed-002",
        rate: 10_000.0 / 15.0,
        duration: Duration::from_secs(15),
        expectations: &["completed>=10000", "errors=0"],
        source: "an images service, three servers behind nginx: 10,000 requests in 15 s, 0% errors",
    },
    Goal {
        name: "seed-003",
        rate: 1_000.0,
        duration: Duration::from_secs(60),
        expectations: &["max<2000ms", "errors<1%"],
        source: "a reviews service: 1,000 requests a second for a minute, each answered in less than 2,000 ms, with fewer \
                 than 1% errors; of ids 1 to 500 (--ids 1..500), a cache's best case",
    },
    Goal {
        name: "seed-004",
        rate: 8_000.0,
        duration: Duration::from_secs(60),
        expectations: &["p99<100ms", "errors=0"],
        source: "a products service, five workers behind nginx: up to 8,000 requests a second with 0% errors and response \
                 times below 100 ms",
    },
];

impl Goal {
    /// The goal with this name.
    pub fn named(name: &str) -> Option<&'static Goal> {
        GOALS.iter().find(|goal| goal.name == name)
    }

    /// For the report.
    pub fn figures(&self) -> GoalFigures {
        GoalFigures {
            name: self.name.to_owned(),
            source: self.source.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::{Arrivals, Expectation, Schedule};

    #[test]
    fn goals_have_names_of_their_own_and_expectations_that_parse() {
        for (at, goal) in GOALS.iter().enumerate() {
            assert!(GOALS[..at].iter().all(|it| it.name != goal.name));
            for text in goal.expectations {
                Expectation::parse(text).unwrap();
            }
        }
        let images = Goal::named("seed-002").unwrap();
        let schedule = Schedule::new(images.rate, images.duration, Arrivals::Constant, 1);
        assert_eq!(schedule.expected(), 10_000);
    }
}
