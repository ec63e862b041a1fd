//! `seedrow db`: starts, stops and opens the embedded Postgres.

use std::convert::Infallible;
use std::env;
use std::io::{self, BufRead, IsTerminal};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::cli::{HomeArgs, QuietArgs};
use crate::commands::Outcome;
use crate::commands::context::{database_name, home_suggestions};
use crate::dataset::Dataset;
use crate::postgres::embedded::control::{self, Destroyed};
use crate::postgres::embedded::{self, Home, Lease, supervisor};
use crate::postgres::{conninfo, programs};
use crate::report;
use crate::suggestion::Suggestions;

/// The embedded Postgres: start, stop, status, url, psql, destroy.
///
/// Commands without a target (--url, DATABASE_URL, PG* variables) start it when they need it, and it stops when the
/// last of them ends. It listens on a private unix socket only.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Start it and keep it up until `seedrow db stop`
    #[command(after_help = "Example:\n  seedrow db start && psql \"$(seedrow db url)\"")]
    Start {
        #[command(flatten)]
        server: ServerArgs,
    },

    /// Stop it; while other processes use it, it stops when the last one ends
    #[command(after_help = "Example:\n  seedrow db stop")]
    Stop {
        #[command(flatten)]
        server: ServerArgs,
    },

    /// Show whether it is up, its folder, its users, and its databases with their sizes
    #[command(after_help = "Example:\n  seedrow db status")]
    Status {
        #[command(flatten)]
        server: ServerArgs,
    },

    /// Print the libpq URL of a dataset's database, for psql and other clients
    #[command(
        after_help = "Example:\n  pg_dump --schema-only \"$(seedrow db url --dataset catalog)\""
    )]
    Url {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        server: ServerArgs,
    },

    /// Open psql on a dataset's database; the server stays up at least as long
    #[command(
        after_help = "Example:\n  seedrow db psql --dataset catalog -c 'SELECT count(*) FROM products'"
    )]
    Psql {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        home: HomeArgs,
        /// Arguments for psql: all from the first that isn't an option above, or behind `--`
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "ARG"
        )]
        arguments: Vec<String>,
    },

    /// Stop it and remove all its databases
    #[command(after_help = "Example:\n  seedrow db destroy --yes")]
    Destroy {
        #[command(flatten)]
        server: ServerArgs,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },

    /// The server's supervisor, which seedrow runs itself
    #[command(hide = true)]
    Supervise {
        #[arg(long)]
        home: PathBuf,
        #[arg(long)]
        bin: PathBuf,
    },
}

/// Which embedded server, and whether what is done to it is reported.
#[derive(clap::Args, Debug)]
struct ServerArgs {
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    quiet: QuietArgs,
}

impl ServerArgs {
    fn home(&self) -> Result<Home> {
        Home::resolve(self.home.home.as_deref())
    }

    /// Reports what was done, unless that is to be quiet.
    fn report(&self, done: impl FnOnce(&Home) -> Result<()>) -> Result<()> {
        match self.quiet.quiet {
            true => Ok(()),
            false => done(&self.home()?),
        }
    }
}

/// Which database of the embedded server.
#[derive(clap::Args, Debug)]
struct DatabaseArgs {
    /// The dataset that names the database: a built-in one's name or a TOML file
    #[arg(long, default_value = "catalog", value_name = "NAME|FILE.toml")]
    dataset: String,
}

impl DatabaseArgs {
    fn name(&self) -> String {
        database_name(&self.dataset)
    }
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        let home = match &self.action {
            Action::Start { server }
            | Action::Stop { server }
            | Action::Status { server }
            | Action::Url { server, .. }
            | Action::Destroy { server, .. } => &server.home,
            Action::Psql { home, .. } => home,
            Action::Supervise { .. } => return Suggestions::default(),
        };
        home_suggestions(home)
    }
}

/// Subcommands that must run before any thread is started, or that run no concurrent work and so end on ^C by
/// themselves; `None` for the others.
pub fn without_runtime(args: &Args) -> Result<Option<Outcome>> {
    match &args.action {
        Action::Start { server } => start(server, &args.suggestions())?,
        Action::Stop { server } => {
            let stopped = control::stop(&server.home()?)?;
            server.report(|home| report::db::stopped(home, stopped))?;
        }
        Action::Psql {
            database,
            home,
            arguments,
        } => match psql(&Home::resolve(home.home.as_deref())?, database, arguments)? {},
        Action::Destroy { server, yes } => destroy(server, *yes)?,
        Action::Supervise { home, bin } => supervisor::supervise(home, bin)?,
        Action::Status { .. } | Action::Url { .. } => return Ok(None),
    }
    Ok(Some(Outcome::Held))
}

/// The other subcommands.
pub async fn run(args: &Args) -> Result<Outcome> {
    match &args.action {
        Action::Status { server } => status(&server.home()?, &args.suggestions()).await?,
        Action::Url { database, server } => url(server, database, &args.suggestions()).await?,
        _ => bail!("this runs without a runtime"),
    }
    Ok(Outcome::Held)
}

fn own_program() -> Result<PathBuf> {
    env::current_exe().context("could not find seedrow's own executable")
}

fn start(server: &ServerArgs, suggestions: &Suggestions) -> Result<()> {
    let (started, running) = control::start(&server.home()?, &own_program()?)?;
    server.report(|home| report::db::started(home, started, &running, suggestions))
}

async fn status(home: &Home, suggestions: &Suggestions) -> Result<()> {
    let status = control::status(home)?;
    let databases = match &status.lease {
        Some(lease) => control::databases(lease).await?,
        None => Vec::new(),
    };
    report::db::status(home, &status, &databases, suggestions)
}

/// Prints the URL; whether it leads anywhere yet goes to stderr.
async fn url(
    server: &ServerArgs,
    database: &DatabaseArgs,
    suggestions: &Suggestions,
) -> Result<()> {
    let (home, name) = (server.home()?, database.name());
    let Some(lease) = Lease::join(&home)? else {
        report::db::url(&embedded::url(&home.socket().to_string_lossy(), &name))?;
        return server.report(|_| report::db::url_of_nothing(suggestions));
    };
    report::db::url(&lease.url(&name))?;
    match control::ensure_has(&lease, &name, &database.dataset).await {
        Ok(()) => Ok(()),
        Err(missing) => server.report(|_| report::db::url_of_no_database(&missing, suggestions)),
    }
}

/// Replaces this process by psql, which then gets the terminal's signals, returns its exit code, and holds the lease.
fn psql(home: &Home, database: &DatabaseArgs, arguments: &[String]) -> Result<Infallible> {
    let name = database.name();
    let lease = Lease::acquire(home.folder(), &own_program()?)?;
    let major = lease
        .running()
        .version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    let program = programs::psql(major.unwrap_or_default())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if let Err(error) = runtime.block_on(control::ensure_has(&lease, &name, &database.dataset)) {
        // A name that is no dataset's is the first thing that is wrong.
        Dataset::open(&database.dataset)?;
        return Err(error);
    }
    lease.survive_exec()?;
    let mut command = Command::new(&program);
    command.arg(lease.url(&name)).args(arguments);
    for variable in conninfo::variables() {
        command.env_remove(variable);
    }
    let error = command.exec();
    Err(error).with_context(|| format!("could not run {}", program.display()))
}

fn destroy(server: &ServerArgs, yes: bool) -> Result<()> {
    let home = server.home()?;
    if !yes && !control::is_empty(&home) && !confirmed(&home)? {
        return report::db::spared();
    }
    let destroyed = control::destroy(&home)?;
    if let Destroyed::InUse(users) = destroyed {
        bail!(
            "the embedded Postgres in {} is in use{}: end that first",
            home.folder().display(),
            report::db::by(users)
        );
    }
    server.report(|home| report::db::destroyed(home, destroyed))
}

fn confirmed(home: &Home) -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!(
            "this removes every database in {}: add --yes to do it without being asked",
            home.folder().display()
        );
    }
    report::db::ask_to_destroy(home);
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("could not read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
