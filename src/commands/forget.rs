//! `seedrow forget`: removes the ledger, and an unfinished load, from a database.

use anyhow::Result;

use crate::cli::{QuietArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::context::{self, Context};
use crate::load;
use crate::report;
use crate::suggestion::Suggestions;

/// Remove seedrow's ledger, the schema `seedrow`, from a database
///
/// Loaded rows remain. Afterwards the tables count as not filled by seedrow: a load into them needs --replace. An
/// unfinished load is refused: finish it, or abandon it with --abandon. With --target-schema only that schema's entries
/// are removed.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  seedrow forget\n  \
                        seedrow forget --abandon --url postgresql://app@db.example.com/shop")]
pub struct Args {
    /// Abandon an unfinished load: its tables are emptied, and every dropped constraint and index is restored
    #[arg(long)]
    abandon: bool,

    /// On the embedded Postgres, the dataset that names the database: a built-in one's name or a TOML file
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

/// Removes the ledger and reports what was removed.
pub async fn run(args: &Args) -> Result<Outcome> {
    let context = Context::new(&args.dataset, &args.target, args.quiet);
    let server = context.open_server_to("remove the ledger").await?;
    let forgotten = load::forget(
        &server,
        args.abandon,
        &context::typed_command(),
        &context.progress,
    )
    .await?;
    report::forget::forgotten(&forgotten, server.schema(), server.display_name())?;
    Ok(Outcome::Held)
}
