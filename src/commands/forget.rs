//! `seedrow forget`: the ledger, and with it an unfinished load, out of a database.

use anyhow::Result;

use crate::cli::{QuietArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::context::{self, Context};
use crate::load;
use crate::report;
use crate::suggestion::Suggestions;

/// Remove seedrow's ledger, the schema `seedrow`, from a database
///
/// Loaded rows stay. Afterwards seedrow takes the tables for somebody else's: a load into them asks for --replace.
/// An unfinished load is refused: finish it, or give it up with --abandon. With --target-schema only what the ledger has of
/// that schema goes.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  seedrow forget\n  \
                        seedrow forget --abandon --url postgresql://app@db.example.com/shop")]
pub struct Args {
    /// Give an unfinished load up: its tables are emptied, and every constraint and index is put back as it was
    #[arg(long)]
    abandon: bool,

    /// On the embedded Postgres: the dataset whose database is meant, a name or a TOML file
    #[arg(long, default_value = "catalog", value_name = "NAME|FILE.toml")]
    dataset: String,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, &self.dataset)
    }
}

/// Forgets and says what.
pub async fn run(args: &Args) -> Result<Outcome> {
    let context = Context::new(&args.dataset, &args.target, args.quiet);
    let server = context.open_server_to("remove the ledger").await?;
    let forgotten = load::forget(&server, args.abandon, &context.progress).await?;
    report::forget::forgotten(&forgotten, server.schema(), server.display_name())?;
    Ok(Outcome::Held)
}
