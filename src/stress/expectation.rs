//! `p95<100ms`, `errors<1%`: what a run is expected to hold (pure).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::latencies::Percentiles;
use crate::dataset::document::did_you_mean;
use crate::units::duration;

/// A figure, how it is compared, and with what.
#[derive(Debug, Clone)]
pub struct Expectation {
    metric: &'static Metric,
    comparison: Comparison,
    /// Milliseconds, a share, a count or a rate.
    bound: f64,
    /// As it was typed.
    text: String,
}

/// What expectations are compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outcome {
    /// Responses, in milliseconds.
    pub response: Percentiles,
    /// Requests due.
    pub offered: u64,
    /// Requests answered as they should be.
    pub completed: u64,
    /// Requests that failed, skipped ones included.
    pub failed: u64,
    /// Completed requests a second.
    pub rate: f64,
}

/// An expectation and whether it held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Expected {
    /// As it was typed.
    pub expect: String,
    /// The figure.
    pub measured: f64,
    /// What it is measured in: ` ms`, `%`, `/s`, or empty for a count.
    #[serde(default)]
    pub unit: String,
    /// Whether it held.
    pub held: bool,
}

/// A figure that may be expected.
#[derive(Debug)]
struct Metric {
    name: &'static str,
    unit: Unit,
    of: fn(&Outcome) -> f64,
}

/// What a figure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Milliseconds,
    /// A count, or a share of the offered with `%` behind it.
    Requests,
    PerSecond,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
    /// Below a share of the offered requests.
    ShareBelow,
    ShareAtMost,
}

/// The figures there are.
const METRICS: &[Metric] = &[
    latency("mean", |it| it.response.mean),
    latency("p50", |it| it.response.p50),
    latency("p75", |it| it.response.p75),
    latency("p90", |it| it.response.p90),
    latency("p95", |it| it.response.p95),
    latency("p99", |it| it.response.p99),
    latency("p99.9", |it| it.response.p999),
    latency("p999", |it| it.response.p999),
    latency("max", |it| it.response.max),
    Metric {
        name: "errors",
        unit: Unit::Requests,
        of: |it| it.failed as f64,
    },
    Metric {
        name: "completed",
        unit: Unit::Requests,
        of: |it| it.completed as f64,
    },
    Metric {
        name: "rate",
        unit: Unit::PerSecond,
        of: |it| it.rate,
    },
];

const fn latency(name: &'static str, of: fn(&Outcome) -> f64) -> Metric {
    Metric {
        name,
        unit: Unit::Milliseconds,
        of,
    }
}

/// The signs, longer ones before those they begin with.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Below),
    (">", Comparison::Above),
    ("=", Comparison::Equal),
];

impl Expectation {
    /// Reads `p95<100ms`, `errors<1%`, `errors=0` or `rate>=1000`.
    pub fn parse(text: &str) -> Result<Expectation, String> {
        const EXPECTED: &str = "expected a figure, a comparison and a bound, such as p95<100ms, errors<1% or rate>=1000";
        let at = text.find(['<', '>', '=']).ok_or(EXPECTED)?;
        let (name, rest) = text.split_at(at);
        let found = COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign));
        let (sign, comparison) = found.ok_or(EXPECTED)?;
        let (name, bound) = (name.trim(), rest[sign.len()..].trim());
        let metric = METRICS.iter().find(|it| it.name == name).ok_or_else(|| {
            let names = METRICS.iter().map(|it| it.name);
            format!("unknown figure `{name}`; {}", did_you_mean(name, names))
        })?;
        let (comparison, bound) = metric.unit.read(*comparison, bound)?;
        Ok(Expectation {
            metric,
            comparison,
            bound,
            text: text.to_owned(),
        })
    }

    /// Whether it only can hold once the run is over.
    pub fn is_for_the_end(&self) -> bool {
        self.metric.name == "completed"
    }

    /// Whether a run held it.
    pub fn judge(&self, outcome: &Outcome) -> Expected {
        let measured = (self.metric.of)(outcome);
        let share = measured / outcome.offered.max(1) as f64;
        let held = match self.comparison {
            Comparison::Below => measured < self.bound,
            Comparison::AtMost => measured <= self.bound,
            Comparison::Above => measured > self.bound,
            Comparison::AtLeast => measured >= self.bound,
            Comparison::Equal => measured == self.bound,
            Comparison::ShareBelow => share < self.bound,
            Comparison::ShareAtMost => share <= self.bound,
        };
        // A figure over no answers says nothing.
        let is_known = self.metric.unit != Unit::Milliseconds || outcome.completed > 0;
        let (measured, unit) = match (self.comparison, self.metric.unit) {
            (Comparison::ShareBelow | Comparison::ShareAtMost, _) => (share * 100.0, "%"),
            (_, Unit::Milliseconds) => (measured, " ms"),
            (_, Unit::PerSecond) => (measured, "/s"),
            (_, Unit::Requests) => (measured, ""),
        };
        Expected {
            expect: self.text.clone(),
            measured,
            unit: unit.to_owned(),
            held: held && is_known,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Unit {
    fn read(self, comparison: Comparison, bound: &str) -> Result<(Comparison, f64), String> {
        match (self, bound.strip_suffix('%')) {
            (Unit::Milliseconds, _) => {
                let bound = duration(bound).map_err(|reason| format!("`{bound}`: {reason}"))?;
                Ok((comparison, bound.as_secs_f64() * 1e3))
            }
            (Unit::Requests, Some(percent)) => {
                let comparison = match comparison {
                    Comparison::Below => Comparison::ShareBelow,
                    Comparison::AtMost => Comparison::ShareAtMost,
                    _ => return Err(format!("`{bound}`: a share is an upper bound: errors<1%")),
                };
                Ok((comparison, number(percent, bound)? / 100.0))
            }
            (Unit::Requests | Unit::PerSecond, _) => Ok((comparison, number(bound, bound)?)),
        }
    }
}

fn number(text: &str, bound: &str) -> Result<f64, String> {
    let number = text.trim().replace('_', "").parse().ok();
    let number = number.filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("`{bound}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str) -> bool {
        let outcome = Outcome {
            response: Percentiles {
                p95: 99.0,
                p99: 140.0,
                ..Percentiles::default()
            },
            offered: 1_000,
            completed: 995,
            failed: 5,
            rate: 995.0,
        };
        Expectation::parse(text).unwrap().judge(&outcome).held
    }

    #[test]
    fn figures_are_compared_with_bounds() {
        for text in [
            "p95<100ms",
            "p99 <= 140ms",
            "errors<1%",
            "errors<=0.5%",
            "errors<=5",
            "completed>=995",
            "rate>900",
        ] {
            assert!(held(text), "{text}");
        }
        for text in [
            "p95<99ms",
            "p99<0.1s",
            "errors<0.5%",
            "errors=0",
            "completed>=1000",
            "rate>=1_000",
        ] {
            assert!(!held(text), "{text}");
        }
    }

    #[test]
    fn without_an_answer_no_latency_holds() {
        let none = Outcome::default();
        assert!(!Expectation::parse("p95<1s").unwrap().judge(&none).held);
        assert!(Expectation::parse("errors=0").unwrap().judge(&none).held);
    }

    #[test]
    fn mistakes_are_named() {
        #[rustfmt::skip]
        let cases = [
            ("p95", "expected a figure, a comparison and a bound"),
            ("mena<1ms", "unknown figure `mena`; did you mean `mean`?"),
            ("p95<fast", "`fast`: expected a time"),
            ("errors<many", "`many` is no number"),
            ("errors>1%", "a share is an upper bound"),
            ("errors<-1", "`-1` is no number"),
        ];
        for (text, expected) in cases {
            let error = Expectation::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
