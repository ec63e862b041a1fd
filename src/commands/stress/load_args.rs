//! The options of `seedrow stress` that say what load is sent, and what it must hold.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::builder::PossibleValuesParser;

use crate::stress::{Arrivals, Expectation, GOALS, Goal, LimitSettings, Load, Rate};
use crate::units::{duration, rows};

/// Requests a second, unless --rate or --goal says.
const RATE: f64 = 100.0;

/// For how long, unless --duration or --goal says.
const DURATION: Duration = Duration::from_secs(30);

/// Requests a second that one thread sends without being late, on a machine that it shares with the target.
const RATE_OF_A_THREAD: f64 = 20_000.0;

/// Requests that may be in flight however low the rate is.
const IN_FLIGHT: u64 = 1_000;

/// The load, and what it must hold.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Load")]
pub struct LoadArgs {
    /// Requests a second: 1000, 8k, or max for as many as are answered, each connection sending its next request when it
    /// has its answer [default: the goal's, else 100]
    #[arg(long, value_parser = Rate::parse, value_name = "N|max", allow_negative_numbers = true)]
    rate: Option<Rate>,

    /// For how long requests are due: 30s, 1m [default: the goal's, else 30s]
    #[arg(long, value_parser = duration, value_name = "TIME")]
    duration: Option<Duration>,

    /// How requests are spread over a second
    #[arg(long, value_enum, default_value_t = ArrivalsArg::Constant, value_name = "constant|poisson")]
    arrivals: ArrivalsArg,

    /// The most requests in flight; those that are due beyond it are skipped, and have failed [default: two seconds' of
    /// the rate, at least 1000; with --rate max one a connection]
    #[arg(long, value_parser = rows, value_name = "N")]
    max_in_flight: Option<u64>,

    /// Threads that send requests, each on its share of the connections, which there have to be as many of [default: one
    /// for each 20k requests/s and for --rate max one a core, at most one a core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256), value_name = "N")]
    threads: Option<u16>,

    /// A request that isn't answered so long after it was due has failed
    #[arg(long, value_parser = duration, default_value = "10s", value_name = "TIME")]
    timeout: Duration,

    /// What must hold: p95<100ms, errors<1%, rate>=1000; mean, p50, p75, p90, p95, p99, p99.9, max, errors, completed, rate;
    /// may be given several times
    #[arg(long, value_parser = Expectation::parse, value_name = "WHAT")]
    expect: Vec<Expectation>,

    /// End early when an expectation has been broken for so long
    #[arg(long, value_parser = duration, value_name = "TIME")]
    pub abort_after: Option<Duration>,

    /// Search the highest rate that the target holds: rates grow from --rate by 1.4 until one breaks, then the limit is
    /// bisected to 5%, held, and half of it sent to see the target recover
    #[arg(long, conflicts_with_all = ["duration", "goal", "abort_after", "max_in_flight"])]
    find_limit: bool,

    /// With --find-limit, the longest that 95% of responses may take
    #[arg(long, value_parser = duration, default_value = "100ms", value_name = "TIME")]
    limit: Duration,

    /// With --find-limit, for how long each rate is tried
    #[arg(long, value_parser = duration, default_value = "5s", value_name = "TIME")]
    step: Duration,

    /// With --find-limit, for how long the last rate is held
    #[arg(long, value_parser = duration, default_value = "30s", value_name = "TIME")]
    hold: Duration,

    /// A load and what it must hold by name; --rate, --duration and --expect change and add to it
    #[arg(long, value_parser = goal_names(), value_name = "NAME")]
    goal: Option<String>,

    /// The number that draws depend on
    #[arg(long, default_value_t = 42, value_name = "N")]
    pub seed: u64,
}

/// How requests are spread over a second.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum ArrivalsArg {
    /// At equal distances
    Constant,
    /// At random, as those of many independent users
    Poisson,
}

fn goal_names() -> PossibleValuesParser {
    PossibleValuesParser::new(GOALS.iter().map(|goal| goal.name))
}

impl LoadArgs {
    /// The goal that was named.
    pub fn goal(&self) -> Option<&'static Goal> {
        self.goal.as_deref().and_then(Goal::named)
    }

    /// How the limit is searched, where it is.
    pub fn find_limit(&self) -> Result<Option<LimitSettings>> {
        if !self.find_limit {
            return Ok(None);
        }
        let start = match self.rate {
            Some(Rate::Max) => {
                bail!("--find-limit searches a rate: name the first one, such as --rate 100")
            }
            Some(Rate::PerSecond(rate)) => rate,
            None => RATE,
        };
        let shortest = Duration::from_secs(1);
        ensure!(
            self.step >= shortest && self.hold >= shortest,
            "--step and --hold are at least 1s: figures are taken each second"
        );
        Ok(Some(LimitSettings {
            start,
            limit: self.limit,
            step: self.step,
            hold: self.hold,
        }))
    }

    /// How many threads send: as few as can, since each takes a core from a target on the same machine.
    pub fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let rate = self.goal().map(|goal| Rate::PerSecond(goal.rate));
        let wanted = match self.rate.or(rate) {
            _ if self.find_limit => cores,
            Some(Rate::Max) => cores,
            Some(Rate::PerSecond(rate)) => threads_for(rate),
            None => 1,
        };
        self.threads.map_or(wanted.min(cores), usize::from)
    }

    /// The load on so many connections.
    pub fn load(&self, connections: usize) -> Result<Load> {
        let goal = self.goal();
        let default = Rate::PerSecond(goal.map_or(RATE, |goal| goal.rate));
        let rate = self.rate.unwrap_or(default);
        ensure!(
            rate != Rate::Max || self.arrivals == ArrivalsArg::Constant,
            "--arrivals poisson is for requests at a rate; with --rate max the next is sent when one is answered"
        );
        let in_flight = match rate {
            Rate::PerSecond(rate) => two_seconds(rate).max(IN_FLIGHT),
            Rate::Max => connections as u64,
        };
        let duration = goal.map_or(DURATION, |goal| goal.duration);
        let duration = self.duration.unwrap_or(duration);
        ensure!(
            !duration.is_zero(),
            "--duration: a run takes some time, such as 30s"
        );
        Ok(Load {
            rate,
            arrivals: match self.arrivals {
                ArrivalsArg::Constant => Arrivals::Constant,
                ArrivalsArg::Poisson => Arrivals::Poisson,
            },
            duration,
            max_in_flight: self.max_in_flight.unwrap_or(in_flight),
            timeout: self.timeout,
            seed: self.seed,
            first: 0,
        })
    }

    /// The goal's expectations and those that were typed.
    pub fn expectations(&self) -> Result<Vec<Expectation>> {
        let of_goal = self.goal().map_or(&[][..], |goal| goal.expectations).iter();
        let of_goal = of_goal.map(|text| Expectation::parse(text));
        let of_goal: Result<Vec<_>, String> = of_goal.collect();
        let mut expectations = of_goal.map_err(anyhow::Error::msg)?;
        expectations.extend(self.expect.iter().cloned());
        Ok(expectations)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is above 0 and has an upper bound"
)]
fn two_seconds(rate: f64) -> u64 {
    (rate * 2.0).ceil() as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is above 0 and has an upper bound"
)]
fn threads_for(rate: f64) -> usize {
    (rate / RATE_OF_A_THREAD).ceil() as usize
}
