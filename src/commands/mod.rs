//! One thin file a verb: what was typed becomes what is meant, and the rooms are wired together; no logic lives here.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::cli::{HomeArgs, TargetArgs};
use crate::load::{Stage, StageTracker};
use crate::postgres::secrets::{typed_words, without_password};
use crate::postgres::target::TargetOptions;
use crate::suggestion::{self, Suggestions};

pub mod check;
pub mod compare;
pub mod datasets;
pub mod db;
pub mod forget;
pub mod generate;
pub mod index;
pub mod load;
pub mod run;
pub mod shell;

/// Fills a Postgres with millions of realistic, related rows and proves that its indexes work.
#[derive(Parser, Debug)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::Args),
    Generate(generate::Args),
    Load(load::Args),
    Index(index::Args),
    Check(check::Args),
    Compare(compare::Args),
    Datasets(datasets::Args),
    Forget(forget::Args),
    Db(db::Args),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

impl Cli {
    /// What completes the commands that messages suggest.
    pub fn suggestions(&self) -> Suggestions {
        match &self.command {
            Command::Run(args) => args.suggestions(),
            Command::Load(args) => args.suggestions(),
            Command::Index(args) => args.suggestions(),
            Command::Check(args) => args.suggestions(),
            Command::Compare(args) => args.suggestions(),
            Command::Forget(args) => args.suggestions(),
            Command::Db(args) => args.suggestions(),
            Command::Generate(_)
            | Command::Datasets(_)
            | Command::Completions(_)
            | Command::Man(_) => Suggestions::default(),
        }
    }
}

/// How a command that could be carried out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything held.
    Held,
    /// A check found something.
    Found,
    /// A signal stopped it before its end.
    Interrupted,
}

impl Outcome {
    /// 0 held, 1 found something, 130 interrupted; what could not be done is an error, and 2.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Outcome::Held => 0,
            Outcome::Found => 1,
            Outcome::Interrupted => 130,
        })
    }
}

/// Runs the command to its end or to the first ^C or SIGTERM.
pub fn execute(cli: &Cli) -> Result<Outcome> {
    if let Command::Db(args) = &cli.command
        && let Some(outcome) = db::without_runtime(args)?
    {
        return Ok(outcome);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let stage = StageTracker::default();
    runtime.block_on(async {
        tokio::select! {
            result = dispatch(&cli.command, &stage) => result,
            signal = interrupted() => {
                signal?;
                crate::report::interrupted(&what_next(&cli.command, stage.get()));
                Ok(Outcome::Interrupted)
            }
        }
    })
}

async fn dispatch(command: &Command, stage: &StageTracker) -> Result<Outcome> {
    match command {
        Command::Run(args) => run::run(args, stage).await,
        Command::Generate(args) => generate::run(args).await,
        Command::Load(args) => load::run(args, stage).await,
        Command::Index(args) => index::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Compare(args) => compare::run(args).await,
        Command::Datasets(args) => datasets::run(args),
        Command::Forget(args) => forget::run(args).await,
        Command::Db(args) => db::run(args).await,
        Command::Completions(args) => shell::completions(args),
        Command::Man(args) => shell::man(args),
    }
}

/// The embedded server's database for a dataset, a built-in one's name or a TOML file: one database a dataset.
pub(crate) fn database_name(dataset: &str) -> String {
    let stem = std::path::Path::new(dataset).file_stem();
    stem.map_or_else(
        || dataset.to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

/// What an interrupted command left behind and what to type next.
fn what_next(command: &Command, stage: Stage) -> String {
    match command {
        Command::Run(_) => run::after_interrupt(stage),
        Command::Generate(args) => generate::after_interrupt(args),
        Command::Load(_) => load::after_interrupt(stage),
        Command::Index(_) => index::after_interrupt(),
        Command::Forget(_) => forget::after_interrupt(),
        Command::Check(_)
        | Command::Compare(_)
        | Command::Datasets(_)
        | Command::Db(_)
        | Command::Completions(_)
        | Command::Man(_) => "nothing was changed".into(),
    }
}

/// What was typed, to be typed again: words quoted as a shell wants them, passwords left out.
fn typed() -> String {
    line(typed_words())
}

/// What was typed without `--replace`, which messages add.
fn command_line() -> String {
    line(typed_words().filter(|word| word != "--replace"))
}

fn line(words: impl Iterator<Item = String>) -> String {
    let words = words.map(|word| without_password(&word));
    suggestion::command_line(std::iter::once("seedrow".to_owned()).chain(words))
}

/// The dataset when none is named: it need not be repeated.
const DEFAULT_DATASET: &str = "catalog";

/// The options that lead to the same target as these, for the commands that messages suggest.
fn suggestions(target: &TargetArgs, dataset: &str) -> Suggestions {
    let home = home_words(&target.home);
    let mut words = match &target.url {
        Some(url) => option("--url", without_password(url)),
        None => home.clone(),
    };
    if let Some(schema) = &target.target_schema {
        words.extend(option("--target-schema", schema.clone()));
    }
    if dataset != DEFAULT_DATASET {
        words.extend(option("--dataset", dataset.to_owned()));
    }
    Suggestions::new(&words, &home)
}

/// What was typed as what is meant.
fn target_options(args: &TargetArgs) -> TargetOptions {
    TargetOptions {
        url: args.url.clone(),
        schema: args.target_schema.clone(),
        wait: args.wait,
        server_memory: args.server_memory,
        home: args.home.home.clone(),
    }
}

fn home_words(home: &HomeArgs) -> Vec<String> {
    let home = home.home.as_ref();
    home.map_or_else(Vec::new, |home| {
        option("--home", home.to_string_lossy().into_owned())
    })
}

fn option(name: &str, value: String) -> Vec<String> {
    vec![name.to_owned(), value]
}

/// Runs blocking work on a thread of its own. When the command is interrupted the flag is set, and the process waits for
/// the work to notice it and tidy up.
async fn stoppable<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> Result<T> + Send + 'static,
) -> Result<T> {
    struct SetOnDrop(Arc<AtomicBool>);
    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = SetOnDrop(Arc::new(AtomicBool::new(false)));
    let seen = Arc::clone(&stop.0);
    tokio::task::spawn_blocking(move || work(&seen))
        .await
        .context("the work ended without a result")?
}

async fn interrupted() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("could not listen for SIGTERM")?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.context("could not listen for ^C"),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::suggestion::{HOME, TARGET};

    #[test]
    fn suggested_commands_lead_to_the_same_target_without_its_password() {
        let completed = |url: Option<&str>, schema: Option<&str>, home: Option<&str>, dataset| {
            let target = TargetArgs {
                server_memory: None,
                url: url.map(str::to_owned),
                target_schema: schema.map(str::to_owned),
                wait: Duration::ZERO,
                home: HomeArgs {
                    home: home.map(Into::into),
                },
            };
            suggestions(&target, dataset).complete(&format!("index{TARGET}; db stop{HOME}"))
        };
        assert_eq!(completed(None, None, None, "catalog"), "index; db stop");
        assert_eq!(
            completed(
                Some("postgresql://app:secret@h/shop"),
                Some("my shop"),
                Some("/x"),
                "catalog"
            ),
            "index --url postgresql://app@h/shop --target-schema 'my shop'; db stop --home /x"
        );
        assert_eq!(
            completed(None, None, Some("/x y"), "shop.toml"),
            "index --home '/x y' --dataset shop.toml; db stop --home '/x y'"
        );
    }
}
