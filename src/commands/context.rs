//! The context of a command, created once from its arguments: dataset, target, progress, suggestions.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::check::{Area, CheckSettings};
use crate::cli::{
    CommitArg, HomeArgs, LoadArgs, OrphansArg, QuietArgs, SampleArgs, TargetArgs, TriggersArg,
};
use crate::dataset::{Dataset, Waiver, waivers_of};
use crate::load::{Orphans, TablesFound, Triggers};
use crate::postgres::environment::Environment;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::name::quoted;
use crate::postgres::secrets::{typed_words, without_password};
use crate::postgres::target::{Origin, Target, TargetOptions};
use crate::postgres::{CommitUnit, Server};
use crate::progress::Progress;
use crate::queries::{Sampling, Spread};
use crate::report;
use crate::suggestion::{self, Suggestions, again};

/// The default dataset: suggested commands don't repeat it.
pub const DEFAULT_DATASET: &str = "catalog";

/// What all commands on a server need.
pub struct Context {
    /// Messages and bars.
    pub progress: Progress,
    /// The options that complete suggested commands.
    pub suggestions: Suggestions,
    dataset: String,
    target: TargetOptions,
}

impl Context {
    /// The context for a dataset, a built-in one's name or a TOML file, and a target.
    pub fn new(dataset: &str, target: &TargetArgs, quiet: QuietArgs) -> Context {
        Context {
            progress: Progress::new(quiet.quiet),
            suggestions: suggestions(target, dataset),
            dataset: dataset.to_owned(),
            target: target_options(target),
        }
    }

    /// Reads and validates the dataset.
    pub fn open_dataset(&self) -> Result<Dataset> {
        Dataset::open(&self.dataset)
    }

    /// A database of the embedded server, whatever the target.
    pub async fn open_embedded(&self, database: &str) -> Result<Server> {
        Server::reach(&Target::Embedded, &self.target, database, &self.progress).await
    }

    /// Whether the target is another server than the embedded one.
    pub fn names_a_server(&self) -> Result<bool> {
        let target = Target::resolve(self.target.url.as_deref(), &Environment::of_process())?;
        Ok(matches!(target, Target::External(_)))
    }

    /// The dataset's waivers, and those of a `seedrow.toml` beside it.
    pub fn waivers(&self) -> Result<Vec<Waiver>> {
        waivers_of(&self.dataset)
    }

    /// The target; on the embedded server the dataset's database, created when it doesn't exist. A message names it.
    pub async fn open_server(&self) -> Result<Server> {
        let database = database_name(&self.dataset);
        let server = Server::open(&self.target, &database, &self.progress).await?;
        self.progress
            .note_once(&report::database_note(server.display_name()));
        Ok(server)
    }

    /// As [`Context::open_server`]; refuses a read-only server before `action` begins.
    pub async fn open_server_to(&self, action: &str) -> Result<Server> {
        let server = self.open_server().await?;
        server.ensure_writable(action)?;
        Ok(server)
    }
}

/// The tables to generate, in load order. Refuses those that are only loaded.
pub fn select_generated(dataset: &Dataset, names: Option<&[String]>) -> Result<Vec<usize>> {
    let tables = dataset.select(names)?;
    let name = |table: &&usize| dataset.tables[**table].name.as_str();
    let (loaded, others): (Vec<&usize>, Vec<&usize>) = tables
        .iter()
        .partition(|&&table| dataset.tables[table].is_loaded());
    if loaded.is_empty() {
        return Ok(tables);
    }
    let names: Vec<&str> = loaded.iter().map(name).collect();
    let message = format!(
        "{} of {} {} no rows to generate, neither `rows` nor `per`: `seedrow load DIR --dataset {}` loads files",
        names.join(", "),
        dataset.path.display(),
        if names.len() == 1 { "has" } else { "have" },
        dataset.path.display()
    );
    let others: Vec<&str> = others.iter().map(name).collect();
    let note = format!(
        "to generate the other tables, run: {}",
        again(&["--tables", &others.join(",")])
    );
    Err(ErrorWithNotes::of(
        message,
        (!others.is_empty()).then_some(note).into_iter().collect(),
    ))
}

/// The embedded server's database for a dataset, a built-in one's name or a TOML file: one database a dataset.
pub fn database_name(dataset: &str) -> String {
    let stem = Path::new(dataset).file_stem();
    stem.map_or_else(
        || dataset.to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

/// The target's arguments as plain values.
pub fn target_options(args: &TargetArgs) -> TargetOptions {
    TargetOptions {
        url: args.url.clone(),
        schema: args.target_schema.clone(),
        wait: args.wait,
        server_memory: args.server_memory,
        home: args.home.home.clone(),
    }
}

/// The options for suggested commands that select the same target.
pub fn suggestions(target: &TargetArgs, dataset: &str) -> Suggestions {
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
    typed(Suggestions::new(&words, &home).psql(psql(target, dataset)))
}

/// The suggestions of a command without a target.
pub fn typed_suggestions() -> Suggestions {
    typed(Suggestions::default())
}

fn typed(suggestions: Suggestions) -> Suggestions {
    suggestions.typed(typed_words().map(|word| without_password(&word)))
}

/// The command line of psql on the same target, in its schema.
fn psql(target: &TargetArgs, dataset: &str) -> String {
    let external = Target::resolve(target.url.as_deref(), &Environment::of_process());
    let mut line = match (&target.url, external) {
        (Some(url), _) => suggestion::command_line(["psql", &without_password(url)]),
        (None, Ok(Target::External(it))) if it.origin == Origin::DatabaseUrl => {
            "psql \"$DATABASE_URL\"".to_owned()
        }
        (None, Ok(Target::Embedded)) => {
            let mut words = vec!["seedrow".to_owned(), "db".to_owned(), "psql".to_owned()];
            words.extend(home_words(&target.home));
            words.extend(option("--dataset", dataset.to_owned()));
            words.push("--".to_owned());
            suggestion::command_line(words)
        }
        (None, _) => "psql".to_owned(),
    };
    if let Some(schema) = &target.target_schema {
        let set = format!("SET search_path TO {}", quoted(schema));
        line.push_str(&format!(" -c {}", suggestion::shell_word(&set)));
    }
    line
}

/// The options for suggested commands that select the same embedded server.
pub fn home_suggestions(home: &HomeArgs) -> Suggestions {
    let home = home_words(home);
    Suggestions::new(&home, &home)
}

fn home_words(home: &HomeArgs) -> Vec<String> {
    match &home.home {
        Some(home) => option("--home", home.to_string_lossy().into_owned()),
        None => Vec::new(),
    }
}

fn option(name: &str, value: String) -> Vec<String> {
    vec![name.to_owned(), value]
}

/// The command line without its passwords.
pub fn typed_command() -> String {
    let words = typed_words().map(|word| without_password(&word));
    suggestion::command_line(std::iter::once("seedrow".to_owned()).chain(words))
}

/// The command line that finishes an unfinished load, which began with the one that was typed.
pub fn resume_command() -> String {
    suggestion::finishing(&typed_command())
}

/// The value of `--commit`.
pub fn commit_unit(typed: CommitArg) -> CommitUnit {
    match typed {
        CommitArg::Table => CommitUnit::Table,
        CommitArg::Segment => CommitUnit::Segment,
    }
}

/// Refuses `--recreate` on a server that isn't the embedded one without a yes: it drops tables.
pub fn ensure_may_recreate(typed: &LoadArgs, server: &Server) -> Result<()> {
    let is_own = server.capabilities().database_per_dataset;
    ensure!(
        !typed.recreate || typed.yes || is_own,
        "--recreate drops the dataset's tables with all that they hold, in {}; where that is meant, run: {}",
        server.display_name(),
        again(&["!--dry-run", "--yes"])
    );
    Ok(())
}

/// What `--recreate` asks for.
pub fn tables_found(typed: &LoadArgs) -> TablesFound {
    match typed.recreate {
        true => TablesFound::Recreated,
        false => TablesFound::Used,
    }
}

/// The value of `--orphans`.
pub fn orphans(typed: OrphansArg) -> Orphans {
    match typed {
        OrphansArg::Fail => Orphans::Fail,
        OrphansArg::Keep => Orphans::Keep,
    }
}

/// The value of `--triggers`.
pub fn triggers(typed: TriggersArg) -> Triggers {
    match typed {
        TriggersArg::On => Triggers::Fire,
        TriggersArg::Off => Triggers::Skip,
    }
}

/// Settings that check plans alone.
pub fn plan_settings(sampling: &SampleArgs, seed: u64) -> CheckSettings {
    CheckSettings {
        areas: vec![Area::Plans],
        budget: sampling.budget,
        sampling: Sampling {
            count: sampling.samples,
            spread: Spread::Tail {
                share: sampling.tail,
            },
            seed,
        },
        settle: false,
        prove: false,
        allow_empty: false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::suggestion::{HOME, PSQL, TARGET};

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
        let psql = |url: Option<&str>, schema: Option<&str>| {
            let target = TargetArgs {
                server_memory: None,
                url: url.map(str::to_owned),
                target_schema: schema.map(str::to_owned),
                wait: Duration::ZERO,
                home: HomeArgs { home: None },
            };
            suggestions(&target, "shop.toml").complete(&format!("{PSQL} -f x.sql"))
        };
        assert_eq!(
            psql(Some("postgresql://app:secret@h/shop"), None),
            "psql postgresql://app@h/shop -f x.sql"
        );
        assert_eq!(
            psql(Some("host=h"), Some("Shop")),
            "psql host=h -c 'SET search_path TO \"Shop\"' -f x.sql"
        );
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

    #[test]
    fn a_dataset_file_names_its_database() {
        for (dataset, name) in [
            ("catalog", "catalog"),
            ("my/shop.toml", "shop"),
            ("shop.v2.toml", "shop.v2"),
        ] {
            assert_eq!(database_name(dataset), name);
        }
    }
}
