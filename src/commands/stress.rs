//! `seedrow stress`

mod load_args;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail, ensure};

use crate::check::Suite;
use crate::cli::{DatasetArgs, QuietArgs, TargetArgs};
use crate::commands::context::{self, Context};
use crate::commands::interrupt::EndSignals;
use crate::commands::output_paths::ensure_writable;
use crate::commands::{Outcome, Step};
use crate::load::Unfinished;
use crate::postgres::Server;
use crate::progress::Progress;
use crate::queries::Query;
use crate::report::{self, OutputFormat, colour::Colour};
use crate::stress::{
    self, Chooser, Endpoint, HttpAddress, Ids, Mix, PathTemplate, Plan, SampleSettings,
    StressReport, Verdict, Wanted,
};
use crate::suggestion::Suggestions;
use crate::units::percent;
use load_args::LoadArgs;

/// Connections, unless --connections says.
const POSTGRES_CONNECTIONS: usize = 8;
const HTTP_CONNECTIONS: usize = 64;

/// Send requests at a rate, on the last 10% of ids, and report latencies and errors
///
/// Each of the dataset's queries is executed, prepared, on a few pipelined connections; with --http, an HTTP service is
/// asked for the queries' routes or for paths. A request is due when the schedule says so, and its latency counts from
/// then: a server that stalls for a second delays all that are due meanwhile. Exits with 1 when an expectation isn't held,
/// with 2 when the run is void because the generator was the limit.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow stress --rate 1000 --duration 1m
  seedrow stress --rate 500 --mix styles=3,product=1 --expect 'p95<100ms'
  seedrow stress --rate max --connections 8 --duration 10s
  seedrow stress --http http://localhost:8080 --rate 1000 --duration 1m
  seedrow stress --http http://localhost:8080 --path '/products/{products.id}'
  seedrow stress --find-limit --limit 50ms
  seedrow stress --goal seed-003")]
pub struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,

    #[command(flatten)]
    load: LoadArgs,

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

    /// Send requests to a server that isn't on this machine
    #[arg(long)]
    yes_remote: bool,

    #[command(flatten)]
    target: TargetArgs,

    /// How results are printed
    #[arg(long, value_parser = report::stress::format_parser(), default_value = "text", help_heading = "Output")]
    format: OutputFormat,

    /// Write the results to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    #[command(flatten)]
    quiet: QuietArgs,
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
pub async fn until_ended(prepared: PreparedStress, mut signals: EndSignals) -> Result<Outcome> {
    let PreparedStress {
        plan,
        progress,
        printer,
    } = prepared;
    let interrupt = AtomicBool::new(false);
    let mut running = Box::pin(stress::run(plan, &interrupt, &progress));
    let report = tokio::select! {
        report = &mut running => report?,
        _ = signals.next() => {
            interrupt.store(true, Ordering::Relaxed);
            tokio::select! {
                report = running => report?,
                // A second one doesn't wait for the last answers.
                _ = signals.next() => return Ok(Outcome::Interrupted),
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
        let connections = self
            .connections
            .map_or_else(|| self.default_connections(), usize::from);
        let load = self.load.load(connections)?;
        let expectations = self.load.expectations()?;
        let find_limit = self.load.find_limit()?;
        let settings = SampleSettings {
            ids: self.ids.clone(),
            tail: self.tail,
            requests: match find_limit {
                Some(_) => u64::MAX,
                None => load.expected_requests(),
            },
            seed: self.load.seed,
        };
        let (endpoint, chooser) = self.requests(context, &settings).await?;
        Ok(Plan {
            endpoint: Arc::new(endpoint),
            chooser,
            connections,
            threads: self.load.threads(),
            load,
            expectations,
            abort_after: self.load.abort_after,
            find_limit,
            goal: self.load.goal(),
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
            let server = context.open_server().await?;
            self.ensure_allowed(&server)?;
            ensure_loaded(&server, &context.progress).await?;
            server.note_hosts_in_turn();
            return wanted.of_server(server, settings).await;
        };
        if !self.yes_remote {
            address.ensure_local().await?;
        }
        let server = match wanted.takes_ids(&self.ids) {
            true => {
                let server = context.open_server().await?;
                ensure_loaded(&server, &context.progress).await?;
                Some(server)
            }
            false => None,
        };
        let address = address.clone();
        wanted.of_service(address, server.as_ref(), settings).await
    }

    fn default_connections(&self) -> usize {
        match self.http {
            Some(_) => HTTP_CONNECTIONS,
            None => POSTGRES_CONNECTIONS,
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
        if !self.yes_remote
            && let Some(host) = server.host_elsewhere()
        {
            bail!(
                "{host} isn't on this machine; a load test of a server that isn't yours is an attack. Where you may, add \
                 --yes-remote"
            );
        }
        Ok(())
    }
}

/// Refuses a target with an unfinished load: keys and rows are missing. One that runs meanwhile may be what is measured.
async fn ensure_loaded(server: &Server, progress: &Progress) -> Result<()> {
    match Unfinished::on(server).await? {
        Some(left @ Unfinished::Left { .. }) => Err(left.refusal()),
        Some(running @ Unfinished::AtWork(_)) => {
            progress.note(format!("stress: {}", running.warning()));
            Ok(())
        }
        None => Ok(()),
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
