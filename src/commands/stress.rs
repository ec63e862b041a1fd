//! `seedrow stress`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::check::Suite;
use crate::cli::{DatasetArgs, QuietArgs, TargetArgs};
use crate::commands::context::{self, Context};
use crate::commands::interrupt::signalled;
use crate::commands::output_paths::ensure_writable;
use crate::commands::{Outcome, Step};
use crate::postgres::Server;
use crate::postgres::capabilities::Location;
use crate::progress::Progress;
use crate::queries::Query;
use crate::report::{self, OutputFormat, colour::Colour};
use crate::stress::{
    self, Arrivals, Chooser, Endpoint, Expectation, GOALS, Goal, HttpAddress, Ids, LimitSettings,
    Load, Mix, PathTemplate, Plan, Rate, SampleSettings, StressReport, Verdict, Wanted,
};
use crate::suggestion::Suggestions;
use crate::units::{duration, percent, rows};

/// Requests a second, unless --rate or --goal says.
const RATE: f64 = 100.0;

/// For how long, unless --duration or --goal says.
const DURATION: Duration = Duration::from_secs(30);

/// Connections, unless --connections says.
const POSTGRES_CONNECTIONS: usize = 8;
const HTTP_CONNECTIONS: usize = 64;

/// Requests that may be in flight however low the rate is.
const IN_FLIGHT: u64 = 1_000;

/// Send requests at a rate, on the last 10% of ids, and report latencies and errors
///
/// Each of the dataset's queries is executed, prepared, on a few pipelined connections; with --http, an HTTP service is
/// asked for the queries' routes or for paths. A request is due when the schedule
/// says so, and its latency counts from then: a server that stalls for a second delays all that are due meanwhile. Exits
/// with 1 when an expectation isn't held, with 2 when the run is void because the generator was the limit.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow stress --rate 1000 --duration 1m
  seedrow stress --rate 500 --mix styles=3,product=1 --expect 'p95<100ms' --expect 'errors<1%'
  seedrow stress --rate max --connections 8 --duration 10s
  seedrow stress --http http://localhost:8080 --rate 1000 --duration 1m
  seedrow stress --http http://localhost:8080 --path '/products/{products.id}/styles' --goal seed-004
  seedrow stress --find-limit --limit 50ms
  seedrow stress --goal seed-003")]
pub struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,

    #[command(flatten)]
    target: TargetArgs,

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

    /// Which queries, and how often each: styles=3,product=1 [default: all, each as often as another]
    #[arg(long, value_parser = Mix::parse, value_name = "NAME=WEIGHT,…")]
    mix: Option<Mix>,

    /// Send the requests to this HTTP service, for the queries' routes: http://localhost:8080, unix:/run/api.sock
    #[arg(long, value_parser = HttpAddress::parse, value_name = "URL")]
    http: Option<HttpAddress>,

    /// With --http, ask for this path instead of the queries' routes, each column in braces replaced by its ids:
    /// /products/{products.id}/styles; may be given several times
    #[arg(long, value_parser = PathTemplate::parse, requires = "http", conflicts_with = "mix", value_name = "PATH")]
    path: Vec<PathTemplate>,

    /// Which ids: existing ones of the tail, of all (uniform), of all and few of them often (zipf), or a range such as
    /// 1..500
    #[arg(long, value_parser = Ids::parse, default_value = "tail", value_name = "tail|uniform|zipf|A..B", allow_hyphen_values = true)]
    ids: Ids,

    /// The part of a table's ids, from the last, that is its tail
    #[arg(long, value_parser = percent, default_value = "10%", value_name = "PERCENT")]
    tail: f64,

    /// How many connections [default: 8; with --http 64]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=10_000), value_name = "N")]
    connections: Option<u16>,

    /// The most requests in flight; those that are due beyond it are skipped, and have failed [default: two seconds' of
    /// the rate, at least 1000; with --rate max one a connection]
    #[arg(long, value_parser = rows, value_name = "N")]
    max_in_flight: Option<u64>,

    /// A request that isn't answered so long after it was due has failed
    #[arg(long, value_parser = duration, default_value = "10s", value_name = "TIME")]
    timeout: Duration,

    /// What must hold: p95<100ms, errors<1%, rate>=1000; mean, p50, p75, p90, p95, p99, p99.9, max, errors, completed, rate;
    /// may be given several times
    #[arg(long, value_parser = Expectation::parse, value_name = "WHAT")]
    expect: Vec<Expectation>,

    /// End early when an expectation has been broken for so long
    #[arg(long, value_parser = duration, value_name = "TIME")]
    abort_after: Option<Duration>,

    /// Search the highest rate that the target holds: rates grow from --rate by 1.4 until one breaks, then the limit is
    /// bisected to 5%, held, and half of it sent to see the target recover
    #[arg(long, conflicts_with_all = ["duration", "goal", "abort_after", "max_in_flight"])]
    find_limit: bool,

    /// With --find-limit, the longest that 95% of responses may take
    #[arg(long, value_parser = duration, default_value = "100ms", requires = "find_limit", value_name = "TIME")]
    limit: Duration,

    /// With --find-limit, for how long each rate is tried
    #[arg(long, value_parser = duration, default_value = "5s", requires = "find_limit", value_name = "TIME")]
    step: Duration,

    /// With --find-limit, for how long the last rate is held
    #[arg(long, value_parser = duration, default_value = "30s", requires = "find_limit", value_name = "TIME")]
    hold: Duration,

    /// A load and what it must hold by name; --rate, --duration and --expect change and add to it
    #[arg(long, value_parser = goal_names(), value_name = "NAME")]
    goal: Option<String>,

    /// Send requests to a server that isn't on this machine
    #[arg(long)]
    yes_remote: bool,

    /// The number that draws depend on
    #[arg(long, default_value_t = 42, value_name = "N")]
    seed: u64,

    /// How results are printed
    #[arg(long, value_parser = report::stress::format_parser(), default_value = "text")]
    format: OutputFormat,

    /// Write the results to this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// How requests are spread over a second.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum ArrivalsArg {
    /// At equal distances
    Constant,
    /// At random, as those of many independent users
    Poisson,
}

fn goal_names() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(GOALS.iter().map(|goal| goal.name))
}

/// What is left to do once a signal no longer ends the command at once.
pub struct PreparedStress {
    plan: Plan,
    progress: Progress,
    printer: Printer,
}

/// Opens dataset and target, and samples ids.
pub async fn run(args: &Args) -> Result<Step> {
    ensure_writable(args.output.as_deref())?;
    let context = Context::new(&args.dataset.dataset, &args.target, args.quiet);
    let plan = args.plan(&context).await?;
    Ok(Step::Stress(Box::new(PreparedStress {
        plan,
        progress: context.progress,
        printer: Printer {
            format: args.format,
            output: args.output.clone(),
        },
    })))
}

/// Sends requests until all are answered or a signal comes, and prints what was measured.
pub async fn until_ended(prepared: PreparedStress) -> Result<Outcome> {
    let PreparedStress {
        plan,
        progress,
        printer,
    } = prepared;
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut running = Box::pin(stress::run(plan, Arc::clone(&interrupt), &progress));
    let report = tokio::select! {
        report = &mut running => report?,
        signal = signalled() => {
            signal?;
            interrupt.store(true, Ordering::Relaxed);
            tokio::select! {
                report = running => report?,
                // A second one doesn't wait for the last answers.
                _ = signalled() => return Ok(Outcome::Interrupted),
            }
        }
    };
    printer.print(&report)?;
    outcome(&report)
}

fn outcome(report: &StressReport) -> Result<Outcome> {
    match report.verdict {
        Verdict::Held => Ok(Outcome::Held),
        Verdict::Failed => Ok(Outcome::Found),
        Verdict::Interrupted => Ok(Outcome::Interrupted),
        Verdict::Void => bail!("the generator was the limit; the report says how"),
    }
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, &self.dataset.dataset)
    }

    async fn plan(&self, context: &Context) -> Result<Plan> {
        let goal = self.goal.as_deref().and_then(Goal::named);
        let connections = self
            .connections
            .map_or_else(|| self.default_connections(), usize::from);
        let load = self.load(goal, connections);
        ensure!(
            !load.duration.is_zero(),
            "--duration: a run takes some time, such as 30s"
        );
        let expectations = self.expectations(goal)?;
        let settings = SampleSettings {
            ids: self.ids.clone(),
            tail: self.tail,
            requests: match self.find_limit {
                true => u64::MAX,
                false => load.expected_requests(),
            },
            seed: self.seed,
        };
        let (endpoint, chooser) = self.requests(context, &settings).await?;
        Ok(Plan {
            endpoint,
            chooser,
            connections,
            load,
            expectations,
            abort_after: self.abort_after,
            find_limit: self.find_limit()?,
            goal,
            ids: match self.ids {
                Ids::Tail => format!("the last {}%", self.tail * 100.0),
                _ => self.ids.to_string(),
            },
        })
    }

    async fn requests(
        &self,
        context: &Context,
        settings: &SampleSettings,
    ) -> Result<(Endpoint, Chooser)> {
        let wanted = self.wanted(context)?;
        let Some(address) = &self.http else {
            let server = context.open_named_server().await?;
            self.ensure_allowed(&server)?;
            return wanted.of_server(server, settings).await;
        };
        if !self.yes_remote {
            address.ensure_local().await?;
        }
        let server = match wanted.takes_ids(&self.ids) {
            true => Some(context.open_server().await?),
            false => None,
        };
        let address = address.clone();
        wanted.of_service(address, server.as_ref(), settings).await
    }

    fn find_limit(&self) -> Result<Option<LimitSettings>> {
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

    fn default_connections(&self) -> usize {
        match self.http {
            Some(_) => HTTP_CONNECTIONS,
            None => POSTGRES_CONNECTIONS,
        }
    }

    fn load(&self, goal: Option<&Goal>, connections: usize) -> Load {
        let default = Rate::PerSecond(goal.map_or(RATE, |goal| goal.rate));
        let rate = self.rate.unwrap_or(default);
        let in_flight = match rate {
            Rate::PerSecond(rate) => two_seconds(rate).max(IN_FLIGHT),
            Rate::Max => connections as u64,
        };
        Load {
            rate,
            arrivals: match self.arrivals {
                ArrivalsArg::Constant => Arrivals::Constant,
                ArrivalsArg::Poisson => Arrivals::Poisson,
            },
            duration: self
                .duration
                .unwrap_or(goal.map_or(DURATION, |goal| goal.duration)),
            max_in_flight: self.max_in_flight.unwrap_or(in_flight),
            timeout: self.timeout,
            seed: self.seed,
            first: 0,
        }
    }

    /// The paths, or the queries of the mix; without a mix those that can be sent to the target.
    fn wanted(&self, context: &Context) -> Result<Wanted> {
        if !self.path.is_empty() {
            return Ok(Wanted::Paths(self.path.clone()));
        }
        let dataset = context.open_dataset()?;
        let files = Suite::of(&dataset, None).queries;
        let queries: Result<Vec<Query>> = files.iter().map(Query::parse).collect();
        let mut queries = queries?;
        if let Some(mix) = &self.mix {
            let chosen = mix.among(queries.iter().map(|query| query.name.as_str()))?;
            let chosen = chosen
                .into_iter()
                .map(|(place, weight)| (weight, queries[place].clone()));
            return Ok(Wanted::Queries(chosen.collect()));
        }
        if self.http.is_some() {
            queries.retain(|query| query.header.route.is_some());
        }
        let routes = match self.http {
            Some(_) => " with a route; name paths with --path",
            None => "",
        };
        ensure!(
            !queries.is_empty(),
            "dataset {} has no query{routes}",
            dataset.name
        );
        Ok(Wanted::Queries(
            queries.into_iter().map(|query| (1, query)).collect(),
        ))
    }

    fn ensure_allowed(&self, server: &Server) -> Result<()> {
        ensure!(
            self.yes_remote || server.capabilities().location == Location::Local,
            "{} isn't on this machine; a load test of a server that isn't yours is an attack. Where you may, add \
             --yes-remote",
            server.display_name()
        );
        Ok(())
    }

    fn expectations(&self, goal: Option<&Goal>) -> Result<Vec<Expectation>> {
        let of_goal = goal.map_or(&[][..], |goal| goal.expectations).iter();
        let of_goal = of_goal.map(|text| Expectation::parse(text));
        let of_goal: Result<Vec<_>, String> = of_goal.collect();
        let mut expectations = of_goal.map_err(anyhow::Error::msg)?;
        expectations.extend(self.expect.iter().cloned());
        Ok(expectations)
    }
}

/// Where results go.
struct Printer {
    format: OutputFormat,
    output: Option<PathBuf>,
}

impl Printer {
    fn print(&self, report: &StressReport) -> Result<()> {
        let render = |colour| report::stress::render(self.format, report, colour);
        match &self.output {
            Some(path) => std::fs::write(path, render(Colour::Off)?)
                .with_context(|| format!("could not write {}", path.display())),
            None => report::print(&render(Colour::of_stdout())?),
        }
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
