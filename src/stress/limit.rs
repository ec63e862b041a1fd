//! The search for the highest rate that a target holds: which rate is next, and what counts as broken (pure).
//!
//! Rates grow by 1.4 until one breaks. Between the last that held and the first that didn't the search bisects to 5%. The
//! rate that is left is held for longer, and half of it shows whether the target recovers.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// From one rate to the next while none has broken.
const GROWTH: f64 = 1.4;

/// How near the last rate that held and the first that didn't are in the end.
const PRECISION: f64 = 1.05;

/// To a rate that is held for longer, after one that was not.
const RETREAT: f64 = 0.9;

/// The lowest and the highest rate that are tried.
const LOWEST: f64 = 1.0;
const HIGHEST: f64 = 1e6;

/// The least share of requests that are answered within a step.
const LEAST_COMPLETED: f64 = 0.98;

/// The greatest share that may fail.
const MOST_FAILED: f64 = 0.03;

/// How the limit is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitSettings {
    /// The first rate.
    pub start: f64,
    /// The longest that 95% of responses may take.
    pub limit: Duration,
    /// For how long each rate is tried.
    pub step: Duration,
    /// For how long the last rate is held.
    pub hold: Duration,
}

/// What a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// To find one that breaks, or the first that holds.
    Climb,
    /// To bring both together.
    Bisect,
    /// To be sure of it.
    Hold,
    /// To see whether half of it is answered as before.
    Recover,
}

/// A rate to try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// What it is for.
    pub phase: Phase,
    /// Requests a second.
    pub rate: f64,
    /// For how long.
    pub duration: Duration,
}

/// What a step measured.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFigures {
    /// Requests due.
    pub offered: u64,
    /// Requests answered before the step's end.
    pub completed_in_time: u64,
    /// Requests that failed.
    pub failed: u64,
    /// 95% of responses are no longer, in milliseconds.
    pub p95: f64,
    /// Requests in flight at the end of each second.
    pub in_flight: Vec<u64>,
}

/// Why a rate doesn't hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Broken {
    /// Too few were answered in time.
    Unanswered {
        /// Their share.
        share: f64,
    },
    /// Too many failed.
    Failed {
        /// Their share.
        share: f64,
    },
    /// Responses took too long.
    Slow {
        /// Milliseconds of 95%.
        p95: f64,
        /// Milliseconds that they may take.
        limit: f64,
    },
    /// More and more were in flight.
    Backlog {
        /// At the end.
        in_flight: u64,
    },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Unanswered { share } => write!(
                f,
                "{:.1}% of the requests were answered in time, less than 98%",
                share * 100.0
            ),
            Broken::Failed { share } => write!(f, "{:.1}% failed, more than 3%", share * 100.0),
            Broken::Slow { p95, limit } => write!(f, "p95 was {p95:.1} ms, over {limit} ms"),
            Broken::Backlog { in_flight } => {
                write!(f, "the backlog grew, to {in_flight} requests in flight")
            }
        }
    }
}

impl StepFigures {
    /// Why the rate doesn't hold; none where it does.
    pub fn broken(&self, rate: f64, limit: Duration) -> Option<Broken> {
        let of_offered = |count: u64| count as f64 / self.offered.max(1) as f64;
        let failed = of_offered(self.failed);
        let completed = of_offered(self.completed_in_time);
        let limit_ms = limit.as_secs_f64() * 1e3;
        if failed > MOST_FAILED {
            Some(Broken::Failed { share: failed })
        } else if self.p95 > limit_ms {
            Some(Broken::Slow {
                p95: self.p95,
                limit: limit_ms,
            })
        } else if completed < LEAST_COMPLETED {
            Some(Broken::Unanswered { share: completed })
        } else {
            self.growing_backlog(rate * limit.as_secs_f64())
        }
    }

    /// Whether more were in flight from second to second, in the end more than a target has that answers within the limit.
    fn growing_backlog(&self, most: f64) -> Option<Broken> {
        let last = &self.in_flight[self.in_flight.len().saturating_sub(3)..];
        let grows = last.len() == 3 && last.windows(2).all(|pair| pair[0] < pair[1]);
        let in_flight = *last.last()?;
        (grows && in_flight as f64 > most).then_some(Broken::Backlog { in_flight })
    }
}

/// The search so far.
#[derive(Debug, Clone)]
pub struct LimitSearch {
    settings: LimitSettings,
    next: Option<Step>,
    /// The highest rate that held.
    held: Option<f64>,
    /// The lowest rate that didn't, and why.
    broke: Option<(f64, Broken)>,
    recovered: Option<bool>,
}

impl LimitSearch {
    /// Before its first step.
    pub fn new(settings: LimitSettings) -> LimitSearch {
        LimitSearch {
            next: Some(Step {
                phase: Phase::Climb,
                rate: settings.start,
                duration: settings.step,
            }),
            settings,
            held: None,
            broke: None,
            recovered: None,
        }
    }

    /// The rate to try next; none at the end.
    pub fn next(&self) -> Option<Step> {
        self.next
    }

    /// The highest rate that held.
    pub fn held(&self) -> Option<f64> {
        self.held
    }

    /// The lowest rate that didn't hold, and why.
    pub fn broke(&self) -> Option<&(f64, Broken)> {
        self.broke.as_ref()
    }

    /// Whether half of the rate that held was answered afterwards; none before that was tried.
    pub fn recovered(&self) -> Option<bool> {
        self.recovered
    }

    /// What became of the step.
    pub fn record(&mut self, broken: Option<Broken>) {
        let Some(step) = self.next else { return };
        if step.phase == Phase::Recover {
            self.recovered = Some(broken.is_none());
            self.next = None;
            return;
        }
        match broken {
            None => self.held = Some(step.rate),
            Some(why) => {
                // A rate that held for a step needn't hold for longer.
                self.held = self.held.filter(|held| *held < step.rate);
                self.broke = Some((step.rate, why));
            }
        }
        self.next = self.after(step);
    }

    fn after(&self, step: Step) -> Option<Step> {
        let broke = self.broke.as_ref().map(|(rate, _)| *rate);
        match (step.phase, self.held, broke) {
            (Phase::Hold, Some(held), _) if held == step.rate => self.recovery(),
            (Phase::Hold, ..) => self.step(Phase::Hold, step.rate * RETREAT, self.settings.hold),
            (_, Some(held), None) => self.climb(held * GROWTH),
            (_, None, Some(broke)) => self.climb(broke / GROWTH.powi(2)),
            (_, Some(held), Some(broke)) if broke / held > PRECISION => {
                self.step(Phase::Bisect, (held * broke).sqrt(), self.settings.step)
            }
            (_, Some(held), Some(_)) => self.step(Phase::Hold, held, self.settings.hold),
            (_, None, None) => None,
        }
    }

    fn climb(&self, rate: f64) -> Option<Step> {
        match rate > HIGHEST {
            // None broke: the last that held is held for longer.
            true => self.step(Phase::Hold, self.held?, self.settings.hold),
            false => self.step(Phase::Climb, rate, self.settings.step),
        }
    }

    fn recovery(&self) -> Option<Step> {
        self.step(Phase::Recover, self.held? / 2.0, self.settings.step)
    }

    fn step(&self, phase: Phase, rate: f64, duration: Duration) -> Option<Step> {
        (rate >= LOWEST).then_some(Step {
            phase,
            rate,
            duration,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: LimitSettings = LimitSettings {
        start: 100.0,
        limit: Duration::from_millis(100),
        step: Duration::from_secs(5),
        hold: Duration::from_secs(30),
    };

    fn slow() -> Broken {
        Broken::Slow {
            p95: 250.0,
            limit: 100.0,
        }
    }

    /// Searches a target that holds each step up to a rate that depends on the step.
    fn search(holds: impl Fn(&Step) -> bool) -> (LimitSearch, Vec<Step>) {
        let mut search = LimitSearch::new(SETTINGS);
        let mut steps = Vec::new();
        while let Some(step) = search.next() {
            search.record((!holds(&step)).then(slow));
            steps.push(step);
            assert!(steps.len() < 100, "{steps:?}");
        }
        (search, steps)
    }

    #[test]
    fn a_limit_is_found_within_a_twentieth() {
        for limit in [3.0, 99.0, 101.0, 1_500.0, 8_000.0, 250_000.0] {
            let (search, steps) = search(|step| step.rate <= limit);
            let held = search.held().unwrap();
            let (broke, _) = search.broke().unwrap();
            assert!(held <= limit && limit < *broke, "{held} {broke}");
            assert!(broke / held <= PRECISION, "{held} {broke}");
            let [.., hold, recover] = &steps[..] else {
                panic!("{steps:?}")
            };
            assert_eq!((hold.phase, hold.rate), (Phase::Hold, held));
            assert_eq!(hold.duration, Duration::from_secs(30));
            assert_eq!((recover.phase, recover.rate), (Phase::Recover, held / 2.0));
            assert_eq!(search.recovered(), Some(true));
        }
    }

    #[test]
    fn a_rate_that_does_not_hold_for_longer_is_left() {
        let (search, _) = search(|step| match step.phase {
            Phase::Hold => step.rate <= 800.0,
            _ => step.rate <= 1_000.0,
        });
        let held = search.held().unwrap();
        assert!((700.0..=800.0).contains(&held), "{held}");
        assert!(search.broke().unwrap().0 < 1_000.0);
    }

    #[test]
    fn the_search_ends_where_nothing_holds_and_where_nothing_breaks() {
        let (nothing, _) = search(|_| false);
        assert_eq!((nothing.held(), nothing.recovered()), (None, None));
        let (all, _) = search(|_| true);
        assert!(all.held().unwrap() > HIGHEST / GROWTH && all.broke().is_none());
    }

    #[test]
    fn what_breaks_is_named() {
        let fine = StepFigures {
            offered: 1_000,
            completed_in_time: 995,
            failed: 0,
            p95: 20.0,
            in_flight: vec![3, 4, 3, 5, 5],
        };
        let broken = |figures: StepFigures| {
            let broken = figures.broken(200.0, SETTINGS.limit);
            broken.map(|it| it.to_string()).unwrap_or_default()
        };
        assert_eq!(broken(fine.clone()), "");
        let few = StepFigures {
            completed_in_time: 970,
            ..fine.clone()
        };
        assert!(broken(few).starts_with("97.0% of the requests were answered"));
        let failed = StepFigures {
            failed: 31,
            ..fine.clone()
        };
        assert_eq!(broken(failed), "3.1% failed, more than 3%");
        let slow = StepFigures {
            p95: 120.0,
            ..fine.clone()
        };
        assert_eq!(broken(slow), "p95 was 120.0 ms, over 100 ms");
        let growing = StepFigures {
            in_flight: vec![5, 9, 14, 19, 24],
            ..fine
        };
        assert_eq!(
            broken(growing),
            "the backlog grew, to 24 requests in flight"
        );
    }
}
