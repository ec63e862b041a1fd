//! `seedrow index`

use anyhow::{Result, bail, ensure};
use tokio_postgres::GenericClient;

use crate::check;
use crate::cli::{JobsArgs, QuietArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::context::{self, Context};
use crate::dataset::Waiver;
use crate::index::{self, BuildMode, BuildOptions, Built, Proposal, Survey};
use crate::load;
use crate::postgres::catalog::{self, Scope};
use crate::postgres::name::quoted;
use crate::postgres::placements::ShardSizes;
use crate::postgres::{Server, locks};
use crate::progress::Progress;
use crate::report::{self, OutputFormat};
use crate::suggestion::Suggestions;

/// Find the foreign keys without an index and build what is missing
///
/// Every foreign key of the database is checked. On an external server, missing indexes of tables that seedrow didn't
/// fill are listed, and built only with --build or --concurrently.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow index
  seedrow index --url postgres://app@db.example.com/shop --concurrently
  seedrow index --url postgresql:///shop --dry-run | psql shop")]
pub struct Args {
    /// On the embedded server, the dataset that names the database: a built-in one's name or a TOML file
    #[arg(long, default_value = "catalog", value_name = "NAME|FILE.toml")]
    dataset: String,

    /// Print the statements and build nothing
    #[arg(long, conflicts_with = "build")]
    dry_run: bool,

    /// Build on tables that seedrow didn't fill, too; writes to a table wait while its index is built
    #[arg(long)]
    build: bool,

    /// Build with CREATE INDEX CONCURRENTLY, which doesn't block writes: for a live database
    #[arg(long)]
    concurrently: bool,

    /// Exit with 0 where there is no table at all
    #[arg(long)]
    allow_empty: bool,

    #[command(flatten)]
    jobs: JobsArgs,

    #[command(flatten)]
    target: TargetArgs,

    /// How results are printed
    #[arg(long, value_parser = report::text_or_json(), default_value = "text", help_heading = "Output")]
    format: OutputFormat,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// What to do with missing indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    /// Print the statements.
    DryRun,
    /// Build those on seedrow's tables and list the others.
    Own,
    /// Build all.
    All,
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, &self.dataset)
    }

    fn intent(&self) -> Intent {
        match (self.dry_run, self.build || self.concurrently) {
            (true, _) => Intent::DryRun,
            (false, true) => Intent::All,
            (false, false) => Intent::Own,
        }
    }

    fn mode(&self) -> BuildMode {
        if self.concurrently {
            BuildMode::Concurrently
        } else {
            BuildMode::Plain
        }
    }
}

/// Surveys the foreign keys, lists and builds missing indexes, and reports them.
pub async fn run(args: &Args) -> Result<Outcome> {
    let context = Context::new(&args.dataset, &args.target, args.quiet);
    // Before the server is opened: for a misspelled name the embedded one would create an empty database.
    let waivers = context.waivers()?;
    let server = match args.intent() {
        Intent::All => context.open_server_to("build indexes").await?,
        Intent::DryRun | Intent::Own => context.open_server().await?,
    };
    let client = server.connect().await?;
    locks::limit_waits(&client, locks::PATIENCE).await?;
    load::ensure_finished(&client, server.schema()).await?;
    let shards = ShardSizes::of(server.capabilities());
    let survey = match index::survey(&client, server.schema(), &waivers, &shards).await {
        Err(error) => return Err(locks::explain_timeout(&server, error).await),
        Ok(survey) => survey,
    };
    if survey.keys.is_empty() && !args.allow_empty {
        ensure_tables(&client, &server).await?;
    }
    let allowed = match args.intent() {
        Intent::DryRun => return dry_run(args, &server, &survey, &context.progress),
        Intent::All => survey.proposals.clone(),
        Intent::Own => {
            index::permission(&server, &client, &survey.proposals)
                .await?
                .granted
        }
    };
    server.keep(client);
    if !allowed.is_empty() {
        server.ensure_writable("build indexes")?;
    }
    if args.format == OutputFormat::Text {
        report::print(&report::index::missing(&survey, args.mode()))?;
    }
    let options = BuildOptions {
        jobs: args.jobs.count(),
        neighbours: 0,
        mode: args.mode(),
    };
    let built = index::build(&server, &allowed, options, &context.progress).await?;
    show_built(args, server.display_name(), &survey, &built)?;
    ensure_served(&server, &waivers, &survey, &allowed).await?;
    if survey.unservable().next().is_some() {
        return Ok(Outcome::Found);
    }
    if allowed.len() == survey.proposals.len() {
        return Ok(Outcome::Held);
    }
    // Indexes that may not be built without being asked for are a finding.
    report::index::withheld(&context.suggestions);
    Ok(Outcome::Found)
}

/// Refuses a database or a schema without a table: another one may be meant, and its missing indexes would go unseen.
async fn ensure_tables(client: &impl GenericClient, server: &Server) -> Result<()> {
    let tables = catalog::tables(client, Scope::schema_or_database(server.schema())).await?;
    let schema = server
        .schema()
        .map(|name| format!(" in schema {}", quoted(name)));
    ensure!(
        !tables.is_empty(),
        "{} has no table{}; name the database or schema that was meant (--url, --target-schema), or exit with 0 all the \
         same: --allow-empty",
        server.display_name(),
        schema.unwrap_or_default()
    );
    Ok(())
}

/// Asks the planner once more: an index that doesn't serve its keys is an error, now and on every run from here on.
async fn ensure_served(
    server: &Server,
    waivers: &[Waiver],
    before: &Survey,
    built: &[Proposal],
) -> Result<()> {
    let proposals = [built, &before.useless].concat();
    if proposals.is_empty() {
        return Ok(());
    }
    let mut client = server.connect().await?;
    locks::limit_waits(&client, locks::PATIENCE).await?;
    let shards = ShardSizes::of(server.capabilities());
    let survey = match index::survey(&client, server.schema(), waivers, &shards).await {
        Err(error) => return Err(locks::explain_timeout(server, error).await),
        Ok(survey) => survey,
    };
    let unserved = check::unserved(&mut client, &survey, &proposals, server.capabilities()).await?;
    let Some(first) = unserved.first() else {
        return Ok(());
    };
    bail!(
        "{} of the foreign keys have an index that doesn't serve them, and another one would be the same; {}: {}",
        unserved.len(),
        first.key,
        first.why
    )
}

/// The statements alone on stdout, so that psql can read them.
fn dry_run(args: &Args, server: &Server, survey: &Survey, progress: &Progress) -> Result<Outcome> {
    match args.format {
        OutputFormat::Json => show_built(args, server.display_name(), survey, &[])?,
        _ if survey.proposals.is_empty() => {
            progress.note(report::index::nothing_to_do(survey).trim_end());
        }
        _ => report::print(&report::index::statements(&survey.proposals, args.mode()))?,
    }
    Ok(Outcome::Held)
}

fn show_built(args: &Args, target: &str, survey: &Survey, built: &[Built]) -> Result<()> {
    match args.format {
        OutputFormat::Json => {
            let json = report::index::json(target, survey, built, args.mode());
            report::print(&report::pretty(&json)?)
        }
        _ if built.is_empty() => Ok(()),
        _ => report::print(&format!("\n{}", report::index::built(built, &survey.home))),
    }
}
