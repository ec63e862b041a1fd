//! Two runs side by side (pure): which figures changed by more than runs differ from each other.

use serde::Serialize;

use super::report::{Figures, StressReport};
use crate::compare::Direction;

/// The figures that are compared.
const METRICS: &[Metric] = &[
    latency("p50 ms", 1.25, |it| it.response.p50),
    latency("p95 ms", 1.25, |it| it.response.p95),
    // The slowest hundredth differs more from run to run.
    latency("p99 ms", 1.5, |it| it.response.p99),
    Metric {
        name: "req/s",
        better: Better::Higher,
        factor: 1.05,
        least: 0.0,
        of: |it| it.rate,
    },
    Metric {
        name: "failed %",
        better: Better::Lower,
        factor: 1.0,
        least: 0.1,
        of: |it| (it.errors + it.skipped) as f64 / it.offered.max(1) as f64 * 100.0,
    },
];

/// Milliseconds that don't count, whatever their share is.
const NOISE_MS: f64 = 0.2;

struct Metric {
    name: &'static str,
    better: Better,
    /// A change by less than this factor doesn't count.
    factor: f64,
    /// Nor does one by less than this.
    least: f64,
    of: fn(&Figures) -> f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Better {
    Lower,
    Higher,
}

const fn latency(name: &'static str, factor: f64, of: fn(&Figures) -> f64) -> Metric {
    Metric {
        name,
        better: Better::Lower,
        factor,
        least: NOISE_MS,
        of,
    }
}

/// What changed from one run to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunComparison {
    /// The loads, where they differ: their figures can't be compared then.
    pub differing_load: Option<[String; 2]>,
    /// Each query or path of both, and all together.
    pub requests: Vec<RequestComparison>,
}

/// What changed for one query or path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestComparison {
    /// Its name.
    pub name: String,
    /// Its figures.
    pub figures: Vec<FigureComparison>,
}

/// A figure before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureComparison {
    /// What is measured.
    pub name: &'static str,
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Whether that is a change, and for what.
    #[serde(serialize_with = "as_name")]
    pub direction: Direction,
}

fn as_name<S: serde::Serializer>(direction: &Direction, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(direction.name())
}

impl RunComparison {
    /// Compares two runs.
    pub fn of(before: &StressReport, after: &StressReport) -> RunComparison {
        let both = before.requests.iter().filter_map(|it| {
            let other = after.requests.iter().find(|other| other.name == it.name)?;
            Some(RequestComparison::of(&it.name, &it.figures, &other.figures))
        });
        let mut requests: Vec<RequestComparison> = both.collect();
        if requests.len() != 1 || before.requests.len() != 1 || after.requests.len() != 1 {
            requests.push(RequestComparison::of("all", &before.total, &after.total));
        }
        let loads = [before, after].map(|it| {
            let load = &it.load;
            let rate = load
                .rate
                .map_or_else(|| "max".to_owned(), |rate| rate.to_string());
            format!(
                "--rate {rate} --connections {}, {} arrivals, ids: {}",
                load.connections, load.arrivals, load.ids
            )
        });
        RunComparison {
            differing_load: (loads[0] != loads[1]).then_some(loads),
            requests,
        }
    }

    /// The worst change; neither better nor worse where the loads differ.
    pub fn direction(&self) -> Direction {
        let figures = self.requests.iter().flat_map(|it| &it.figures);
        let worst = figures.map(|it| it.direction).max();
        match &self.differing_load {
            Some(_) => Direction::Unchecked,
            None => worst.unwrap_or(Direction::Unchecked),
        }
    }
}

impl RequestComparison {
    fn of(name: &str, before: &Figures, after: &Figures) -> RequestComparison {
        let figures = METRICS.iter().map(|metric| {
            let (before, after) = ((metric.of)(before), (metric.of)(after));
            FigureComparison {
                name: metric.name,
                before,
                after,
                direction: metric.direction(before, after),
            }
        });
        RequestComparison {
            name: name.to_owned(),
            figures: figures.collect(),
        }
    }
}

impl Metric {
    fn direction(&self, before: f64, after: f64) -> Direction {
        let (low, high) = (before.min(after), before.max(after));
        if high - low <= self.least || high <= low * self.factor {
            return Direction::Same;
        }
        match (after > before) == (self.better == Better::Higher) {
            true => Direction::Better,
            false => Direction::Worse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_beyond_noise_have_a_direction() {
        let direction = |name: &str, before, after| {
            let metric = METRICS.iter().find(|it| it.name == name).unwrap();
            metric.direction(before, after)
        };
        for (name, before, after, expected) in [
            ("p95 ms", 10.0, 12.0, Direction::Same),
            ("p95 ms", 10.0, 13.0, Direction::Worse),
            ("p95 ms", 13.0, 10.0, Direction::Better),
            ("p95 ms", 0.1, 0.25, Direction::Same),
            ("p99 ms", 10.0, 14.0, Direction::Same),
            ("req/s", 1_000.0, 940.0, Direction::Worse),
            ("req/s", 1_000.0, 1_030.0, Direction::Same),
            ("failed %", 0.0, 0.05, Direction::Same),
            ("failed %", 0.0, 1.0, Direction::Worse),
        ] {
            assert_eq!(
                direction(name, before, after),
                expected,
                "{name} {before} {after}"
            );
        }
    }
}
