//! One thin file per command: arguments are converted to the modules' types, and modules are wired together; no logic.
//!
//! Commands don't import each other: what several need is in the context, or in the module it belongs to.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::load::{Stage, StageTracker};
use crate::report;
use crate::report::colour::ColourChoice;
use crate::serve::PreparedServer;
use crate::suggestion::Suggestions;
use crate::terminal;
use interrupt::{EndSignals, Leftover};

mod after_load;
mod any_schema;
pub mod check;
pub mod compare;
pub mod completions;
mod context;
pub mod datasets;
pub mod db;
mod defaults;
mod detail_args;
pub mod doctor;
mod documents;
mod env_file;
pub mod finish;
pub mod forget;
mod format_args;
pub mod generate;
pub mod index;
pub mod init;
mod interrupt;
pub mod load;
pub mod man;
mod needs;
mod outcome;
mod output_paths;
pub mod run;
mod scopes;
pub mod serve;
mod serve_args;
mod spelling_args;
mod spellings;
pub mod stress;
mod surroundings;

pub use outcome::Outcome;

/// Fills a Postgres with millions of realistic, related rows and proves that its indexes work.
#[derive(Parser, Debug)]
#[command(
    version,
    long_version = LONG_VERSION,
    propagate_version = true,
    term_width = help_width(),
    after_help = surroundings::after_help()
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colours: in a terminal, unless NO_COLOR is set; always; never
    #[arg(long, global = true, value_enum, default_value_t = ColorArg::Auto, value_name = "WHEN", hide_possible_values = true, help_heading = "Output")]
    color: ColorArg,

    /// Read variables such as DATABASE_URL from this file of NAME=value lines; those that are set already win
    #[arg(long, global = true, value_name = "FILE", display_order = 900)]
    env_file: Option<PathBuf>,
}

/// Wider lines of help are hard to read.
const WIDEST_HELP: u16 = 100;

/// The columns of help: the terminal's, also where it goes through a pager, else those of a usual one.
fn help_width() -> usize {
    let width = terminal::width(&std::io::stdout()).or_else(|| terminal::width(&std::io::stderr()));
    width
        .map_or(terminal::USUAL_WIDTH, |width| width.min(WIDEST_HELP))
        .into()
}

/// With the commit, in a release, and the target that it was built for.
const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("SEEDROW_BUILD"), ")");

/// Parses a command line, with the defaults of the working directory. Usage errors, help and the version are a
/// [`clap::Error`].
pub fn parse(words: Vec<OsString>) -> Result<Cli> {
    let mut command = Cli::command();
    let completed = defaults::with_defaults(words.clone())?;
    let all = command.try_get_matches_from_mut(&completed);
    let all = all.map_err(|error| spellings::corrected(error, &command, &words))?;
    let typed = match completed == words {
        true => None,
        // What is required may be a default.
        false => Some(Cli::command().ignore_errors(true).get_matches_from(words)),
    };
    needs::check(&mut command, typed.as_ref().unwrap_or(&all), &all)?;
    let cli = Cli::from_arg_matches(&all).map_err(|error| error.format(&mut command))?;
    if let Some(file) = &cli.env_file {
        env_file::apply(file)?;
    }
    Ok(cli)
}

/// See [`ColourChoice`].
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum ColorArg {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
enum Command {
    Run(run::Args),
    Finish(finish::Args),
    Init(init::Args),
    Generate(generate::Args),
    Load(load::Args),
    Index(index::Args),
    Check(check::Args),
    Compare(compare::Args),
    Stress(stress::Args),
    Serve(serve::Args),
    Datasets(datasets::Args),
    Forget(forget::Args),
    Db(db::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Cli {
    /// The options that complete suggested commands in messages.
    pub fn suggestions(&self) -> Suggestions {
        match &self.command {
            Command::Run(args) => args.suggestions(),
            Command::Finish(args) => args.suggestions(),
            Command::Init(args) => args.suggestions(),
            Command::Load(args) => args.suggestions(),
            Command::Index(args) => args.suggestions(),
            Command::Check(args) => args.suggestions(),
            Command::Compare(args) => args.suggestions(),
            Command::Stress(args) => args.suggestions(),
            Command::Serve(args) => args.suggestions(),
            Command::Forget(args) => args.suggestions(),
            Command::Db(args) => args.suggestions(),
            Command::Doctor(args) => args.suggestions(),
            Command::Generate(args) => args.suggestions(),
            Command::Datasets(_) | Command::Completions(_) | Command::Man(_) => {
                Suggestions::default()
            }
        }
    }
}

/// Runs the command until it ends, or until the first ^C or SIGTERM.
pub fn execute(cli: &Cli) -> Result<Outcome> {
    report::colour::choose(match cli.color {
        ColorArg::Auto => ColourChoice::Auto,
        ColorArg::Always => ColourChoice::Always,
        ColorArg::Never => ColourChoice::Never,
    });
    if let Command::Db(args) = &cli.command
        && let Some(outcome) = db::without_runtime(args)?
    {
        return Ok(outcome);
    }
    let mut builder = match &cli.command {
        // It waits for one answer after the other: on a single thread no other has to be woken for each.
        Command::Check(_) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let stage = StageTracker::default();
    let (step, signals) = runtime.block_on(async {
        let mut signals = EndSignals::listen()?;
        let step = tokio::select! {
            result = dispatch(&cli.command, &stage) => result?,
            _ = signals.next() => {
                report::interrupted(&cli.command.leftover(stage.get()).message());
                Step::Ended(Outcome::Interrupted)
            }
        };
        anyhow::Ok((step, signals))
    })?;
    match step {
        Step::Ended(outcome) => Ok(outcome),
        // A server finishes its requests when a signal comes.
        Step::Serve(server) => runtime.block_on(serve::until_signalled(*server, signals)),
        // What was measured until a signal came is reported.
        Step::Stress(run) => runtime.block_on(stress::until_ended(*run, signals)),
    }
}

/// What follows a command's work.
pub enum Step {
    /// Nothing.
    Ended(Outcome),
    /// A server runs until a signal comes.
    Serve(Box<PreparedServer>),
    /// Requests are sent until all are answered or a signal comes.
    Stress(Box<stress::PreparedStress>),
}

async fn dispatch(command: &Command, stage: &StageTracker) -> Result<Step> {
    let outcome = match command {
        Command::Serve(args) => return serve::run(args).await,
        Command::Stress(args) => return stress::run(args).await,
        Command::Run(args) => return run::run(args, stage).await,
        Command::Finish(args) => finish::run(args, stage).await,
        Command::Init(args) => init::run(args).await,
        Command::Generate(args) => generate::run(args).await,
        Command::Load(args) => load::run(args, stage).await,
        Command::Index(args) => index::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Compare(args) => compare::run(args).await,
        Command::Datasets(args) => datasets::run(args),
        Command::Forget(args) => forget::run(args).await,
        Command::Db(args) => db::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    };
    outcome.map(Step::Ended)
}

impl Command {
    /// What remains when it is interrupted at this stage.
    fn leftover(&self, stage: Stage) -> Leftover<'_> {
        match self {
            Command::Run(_) => Leftover::Run(stage),
            Command::Finish(_) => Leftover::Finish(stage),
            Command::Load(_) => Leftover::Load(stage),
            Command::Generate(args) => Leftover::Files(args.out()),
            Command::Index(_) => Leftover::Indexes,
            Command::Forget(_) => Leftover::Ledger,
            Command::Compare(args) if args.makes_documents() => Leftover::Scratch,
            Command::Init(_)
            | Command::Check(_)
            | Command::Compare(_)
            | Command::Stress(_)
            | Command::Serve(_)
            | Command::Datasets(_)
            | Command::Db(_)
            | Command::Doctor(_)
            | Command::Completions(_)
            | Command::Man(_) => Leftover::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
