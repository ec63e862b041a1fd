//! `seedrow serve`

use anyhow::{Result, bail};

use crate::cli::{DatasetArgs, QuietArgs, TargetArgs};
use crate::commands::context::{self, Context};
use crate::commands::interrupt::{EndSignal, EndSignals};
use crate::commands::serve_args::ServeArgs;
use crate::commands::{Outcome, Step};
use crate::serve::{self, PreparedServer};
use crate::suggestion::Suggestions;

/// Serve a dataset's queries over HTTP, read-only
///
/// Each query with a `-- route` header is answered at its path; / lists them and /openapi.json describes them. SIGTERM and
/// ^C let the requests under way finish. Exits with 0 after SIGTERM, with 130 after ^C.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow serve
  seedrow serve --dataset reviews --listen 0.0.0.0:8080 --admin 127.0.0.1:9090
  seedrow serve --listen unix:/run/seedrow/1.sock --cache 256MiB --access-log -
  seedrow serve --check --admin 127.0.0.1:9090")]
pub struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,

    #[command(flatten)]
    serving: ServeArgs,

    /// Ask the server that runs at --admin, or else at --listen, whether it is ready, for as long as --wait: exits with 0 or
    /// 2
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, &self.dataset.dataset)
    }
}

/// Opens the target and binds the sockets; or asks a running server.
pub async fn run(args: &Args) -> Result<Step> {
    if args.check {
        let Some(address) = args.serving.health_address() else {
            bail!("there is no address to ask");
        };
        serve::wait_until_ready(address, args.target.wait)?;
        return Ok(Step::Ended(Outcome::Held));
    }
    let context = Context::new(&args.dataset.dataset, &args.target, args.quiet);
    let dataset = context.open_dataset()?;
    let tables = args.dataset.tables.as_deref();
    // Refuses names that aren't tables.
    dataset.select(tables)?;
    let server = context.open_server().await?;
    args.serving
        .prepare(&context, &dataset, tables, server)
        .await
}

/// Serves until SIGTERM or ^C; the next one ends it at once.
pub async fn until_signalled(server: PreparedServer, mut signals: EndSignals) -> Result<Outcome> {
    let mut last = EndSignal::Terminate;
    server.run(async || last = signals.next().await).await?;
    Ok(match last {
        EndSignal::Terminate => Outcome::Held,
        EndSignal::Interrupt => Outcome::Interrupted,
    })
}
