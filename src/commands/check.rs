//! `seedrow check`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::check::schema::{Reference, ScratchServer};
use crate::check::{self, Area, CheckReport, CheckSettings, SavedReport, Suite};
use crate::cli::{QuietArgs, ReferenceArgs, SampleArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::context::{self, Context, DEFAULT_DATASET, plan_settings, target_options};
use crate::commands::detail_args::DetailArgs;
use crate::commands::outcome::FailOn;
use crate::commands::output_paths::ensure_writable;
use crate::compare;
use crate::dataset::spec::SchemaScope;
use crate::dataset::{Dataset, waivers_with};
use crate::postgres::Server;
use crate::postgres::statistics::{TableStatistics, statistics};
use crate::queries::{Statements, top_statements};
use crate::report::check::render;
use crate::report::{self, OutputFormat, TextStyle};
use crate::script::Script;
use crate::suggestion::Suggestions;

/// Prove that every foreign key has an index, that every read is fast on the last ids, and that the schema is right
///
/// Foreign keys are checked on any database, and each one's lookup is run. A dataset adds its queries and its schema.
/// Everything runs in read-only transactions that are rolled back: nothing in the target changes. Exits with 1 when a
/// check fails, with 2 when one couldn't be judged.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow check
  seedrow check --url postgres://app@db.example.com/shop --only coverage
  seedrow check --prove
  seedrow check --url postgres://primary/shop --statements 100 --save a.json
  seedrow check --url postgres://primary/shop --also postgres://standby/shop
  seedrow check --only coverage,schema --schema db/schema.sql --format github
  seedrow check --wait 30s --write junit=check.xml --html check.html
  seedrow check --dataset shop.toml --samples 50 --tail 5% --format json")]
pub struct Args {
    /// The dataset whose queries are run and whose schema is compared: a built-in one's name or a TOML file [default:
    /// catalog, where its tables exist]
    #[arg(long, value_name = "NAME|FILE.toml")]
    dataset: Option<String>,

    /// Only these tables, separated by commas: their foreign keys, their schema, and queries that read no others
    /// [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TABLE,…")]
    tables: Option<Vec<String>>,

    /// The number that sampled ids are drawn from
    #[arg(long, default_value_t = 42, value_name = "N")]
    seed: u64,

    /// Only these checks, separated by commas [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CHECK,…")]
    only: Option<Vec<AreaArg>>,

    /// Check the SELECTs, too, that the database spends the most time on: N of pg_stat_statements, normalised, with values
    /// sampled for their parameters [default: 50]; or the queries of a check that was saved, on another database
    #[arg(
        long,
        num_args = 0..=1,
        default_missing_value = "50",
        value_parser = StatementSource::parse,
        value_name = "N|FILE.json"
    )]
    statements: Option<StatementSource>,

    /// VACUUM (ANALYZE) tables that need it first, and check that plans stay the same with new statistics
    #[arg(long)]
    settle: bool,

    /// Drop each index that a check relies on, require that the check fails, and roll back
    #[arg(long)]
    prove: bool,

    /// Allow --prove to lock tables for a moment on a server that isn't the embedded one
    #[arg(long, requires = "prove")]
    allow_locks: bool,

    /// Check the plans on this server, too, such as a standby, and report where they differ
    #[arg(long, value_name = "URL")]
    also: Option<String>,

    /// Pass where there is nothing to judge: no foreign key, no table, no query
    #[arg(long)]
    allow_empty: bool,

    /// The mildest verdict that exits with 1
    #[arg(long, value_enum, default_value_t = FailOn::Fail, value_name = "VERDICT")]
    fail_on: FailOn,

    #[command(flatten)]
    reference: ReferenceArgs,

    #[command(flatten)]
    sampling: SampleArgs,

    #[command(flatten)]
    target: TargetArgs,

    /// How results are printed; `github` adds a job summary to the file GITHUB_STEP_SUMMARY
    #[arg(long, value_parser = report::check::format_parser(), default_value = "text", help_heading = "Output")]
    format: OutputFormat,

    /// Write the results to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    /// Write them in another format to another file, too: junit=check.xml; may be given several times
    #[arg(long, value_parser = format_and_file, value_name = "FORMAT=FILE", help_heading = "Output")]
    write: Vec<(OutputFormat, PathBuf)>,

    /// Write a page for the browser to this file, too
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    html: Option<PathBuf>,

    /// Save everything to this file, for `seedrow compare`: each sample's plan, and the planner's statistics of the tables
    /// without any of their values
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    save: Option<PathBuf>,

    #[command(flatten)]
    detail: DetailArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// Where further statements come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum StatementSource {
    /// So many of `pg_stat_statements`.
    Top(usize),
    /// A check that `--save` kept.
    Saved(PathBuf),
}

impl StatementSource {
    fn parse(text: &str) -> Result<StatementSource, String> {
        let is_number = text.bytes().all(|it| it.is_ascii_digit());
        match text.parse() {
            Ok(0) => Err("at least 1".to_owned()),
            Ok(count) => Ok(StatementSource::Top(count)),
            Err(error) if is_number => Err(error.to_string()),
            Err(_) => Ok(StatementSource::Saved(text.into())),
        }
    }
}

/// A part of the checks.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum AreaArg {
    /// Every foreign key has an index and is valid for all rows
    Coverage,
    /// The lookup of every foreign key and every query: plan, pages and time on the last ids
    Plans,
    /// Tables, columns, keys and constraints are those of the DDL
    Schema,
}

impl From<AreaArg> for Area {
    fn from(area: AreaArg) -> Area {
        match area {
            AreaArg::Coverage => Area::Coverage,
            AreaArg::Plans => Area::Plans,
            AreaArg::Schema => Area::Schema,
        }
    }
}

fn format_and_file(text: &str) -> Result<(OutputFormat, PathBuf), String> {
    const EXPECTED: &str = "expected a format and a file, such as junit=check.xml";
    let (format, file) = text.split_once('=').ok_or(EXPECTED)?;
    if file.is_empty() {
        return Err(EXPECTED.into());
    }
    let format = <OutputFormat as clap::ValueEnum>::from_str(format, false)?;
    Ok((format, file.into()))
}

/// Opens dataset and target, checks, prints.
pub async fn run(args: &Args) -> Result<Outcome> {
    let context = Context::new(args.dataset_name(), &args.target, args.quiet);
    let dataset = context.open_dataset()?;
    if args.dataset.is_some() {
        // Refuses names that aren't tables.
        dataset.select(args.tables.as_deref())?;
    }
    let written = args.written().map(|(_, path)| path);
    let paths = written.chain(&args.save).chain(&args.output);
    ensure_writable(paths.map(PathBuf::as_path))?;
    let server = context.open_server().await?;
    args.ensure_allowed(&server)?;
    let also = args.open_also().await?;
    let (named, tables) = (args.dataset.is_some(), args.tables.as_deref());
    let dataset = check::fitting_dataset(dataset, named, tables, &server).await?;
    let mut suite = args.suite(dataset.as_ref())?;
    suite.statements = args.statements(&server, &context).await?;
    let mut report = check::run(&server, &suite, &args.settings(), &context.progress).await?;
    if let Some(also) = &also {
        let plans = check::run(also, &suite, &args.plans_alone(), &context.progress).await?;
        compare::add_other_plans(&mut report, &plans);
    }
    let report = report::check::completed(report, &context.suggestions);
    let statistics = match args.save {
        Some(_) => statistics(&server, args.tables.as_deref()).await?,
        None => Vec::new(),
    };
    args.print(&report, statistics)?;
    if args.allow_empty && report.checks.is_empty() {
        return Ok(Outcome::Held);
    }
    Outcome::of_checks(&report, args.fail_on)
}

impl Args {
    fn dataset_name(&self) -> &str {
        self.dataset.as_deref().unwrap_or(DEFAULT_DATASET)
    }

    /// The second server.
    async fn open_also(&self) -> Result<Option<Server>> {
        let Some(url) = &self.also else {
            return Ok(None);
        };
        let target = TargetArgs {
            url: Some(url.clone()),
            ..self.target.clone()
        };
        let context = Context::new(self.dataset_name(), &target, self.quiet);
        context.open_server().await.map(Some)
    }

    /// The plans are all that a second server may have of its own.
    fn plans_alone(&self) -> CheckSettings {
        plan_settings(&self.sampling, self.seed)
    }

    fn ensure_allowed(&self, server: &Server) -> Result<()> {
        if self.prove {
            check::ensure_locks_allowed("--prove", self.allow_locks, server)?;
        }
        if self.settle {
            server.ensure_writable("VACUUM and ANALYZE tables for --settle")?;
        }
        Ok(())
    }

    /// The dataset's part of the suite, where there is one, the DDL that was named, and the waivers.
    fn suite(&self, dataset: Option<&Dataset>) -> Result<Suite> {
        let server = ScratchServer {
            url: self.reference.scratch_url.clone(),
            target: target_options(&self.target),
        };
        let with_ddl = dataset.filter(|it| it.schema_scope != SchemaScope::Nothing);
        let reference = match (&self.reference.schema, with_ddl) {
            (Some(path), _) => Some(Reference {
                name: path.display().to_string(),
                script: read_script(path)?,
                asked_for: true,
                server,
            }),
            (None, Some(dataset)) => Some(Reference {
                name: dataset.name.clone(),
                script: dataset.schema.clone(),
                asked_for: self.only.is_some() || self.reference.scratch_url.is_some(),
                server,
            }),
            (None, None) => None,
        };
        let waivers = waivers_with(dataset)?;
        Ok(match dataset {
            Some(dataset) => Suite {
                reference,
                waivers,
                ..Suite::of(dataset, self.tables.clone())
            },
            None => Suite {
                reference,
                waivers,
                ..Suite::of_tables(self.tables.clone())
            },
        })
    }

    /// The statements asked for; what is left out of `pg_stat_statements` is counted in a message.
    async fn statements(&self, server: &Server, context: &Context) -> Result<Statements> {
        let count = match &self.statements {
            None => return Ok(Statements::default()),
            Some(StatementSource::Saved(path)) => {
                let queries = SavedReport::open(path)?.queries(&path.display().to_string());
                return Ok(Statements {
                    queries,
                    ..Statements::default()
                });
            }
            Some(StatementSource::Top(count)) => *count,
        };
        let statements = top_statements(server, count, self.tables.as_deref()).await?;
        context.progress.note(report::statements_note(&statements));
        Ok(statements)
    }

    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, self.dataset_name())
    }

    fn settings(&self) -> CheckSettings {
        let only = self.only.as_ref();
        CheckSettings {
            areas: only.map_or_else(
                || Area::ALL.to_vec(),
                |only| only.iter().copied().map(Area::from).collect(),
            ),
            settle: self.settle,
            prove: self.prove,
            allow_empty: self.allow_empty,
            ..plan_settings(&self.sampling, self.seed)
        }
    }

    fn style(&self, style: TextStyle) -> TextStyle {
        TextStyle {
            detail: self.detail.detail(),
            ..style
        }
    }

    /// The files that are written beside the output, and their formats.
    fn written(&self) -> impl Iterator<Item = (OutputFormat, &PathBuf)> {
        let written = self.write.iter().map(|(format, path)| (*format, path));
        written.chain(self.html.iter().map(|path| (OutputFormat::Html, path)))
    }

    fn print(&self, report: &CheckReport, statistics: Vec<TableStatistics>) -> Result<()> {
        let write = |path: &PathBuf, text: String| {
            std::fs::write(path, text)
                .with_context(|| format!("could not write {}", path.display()))
        };
        if let Some(path) = &self.save {
            write(path, report::check::saved(report, statistics)?)?;
        }
        for (format, path) in self.written() {
            write(
                path,
                render(format, report, self.style(TextStyle::plain()))?,
            )?;
        }
        if self.format == OutputFormat::Github {
            report::check::summarise(report)?;
        }
        match &self.output {
            Some(path) => write(
                path,
                render(self.format, report, self.style(TextStyle::plain()))?,
            ),
            None => report::print(&render(
                self.format,
                report,
                TextStyle::of_stdout(self.detail.detail()),
            )?),
        }
    }
}

fn read_script(path: &Path) -> Result<Script> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
    };
    Script::read(path, read(path)?, &read)
}
