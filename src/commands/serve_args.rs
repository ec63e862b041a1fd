//! How a server is run: the options that `serve` and `run --serve` share.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use hyper::header::HeaderValue;

use crate::commands::Step;
use crate::commands::context::Context;
use crate::dataset::Dataset;
use crate::load::Unfinished;
use crate::postgres::Server;
use crate::serve::api::Api;
use crate::serve::{self, Config, Listen, PreparedServer};
use crate::units::{bytes, duration};

/// How a server is run.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Server")]
pub struct ServeArgs {
    /// Where to listen: an address and a port, or unix:/path; may be given several times
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: Vec<Listen>,

    /// Where to answer /live, /ready and /metrics [default: beside the routes]
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Listen>,

    /// Threads that answer requests [default: this machine's cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256), value_name = "N")]
    workers: Option<u16>,

    /// Connections to Postgres of each worker; each is shared by several requests at a time
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64), default_value = "4", value_name = "N")]
    connections: u16,

    /// Memory for answers of queries with a `-- cache` header: 64MiB, 1GiB; 0 for none
    #[arg(long, value_parser = bytes_or_none, default_value = "64MiB", value_name = "SIZE")]
    cache: u64,

    /// The longest time of a query; what takes longer is answered with 503
    #[arg(long, value_parser = duration, default_value = "2s", value_name = "TIME")]
    timeout: Duration,

    /// Requests that may wait for a connection to Postgres, each for at most 50 ms; others are answered with 503 at once
    #[arg(long, default_value_t = 512, value_name = "N")]
    max_queue: u32,

    /// How long a client may take for a request's head, or be silent between two requests
    #[arg(long, value_parser = duration, default_value = "60s", value_name = "TIME")]
    idle_timeout: Duration,

    /// How long requests under way may take after SIGTERM or ^C
    #[arg(long, value_parser = duration, default_value = "10s", value_name = "TIME")]
    drain: Duration,

    /// An origin whose pages may read the answers, such as https://shop.example.com, or *; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<HeaderValue>,

    /// Append a JSON object a request to this file; - for stdout
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
}

fn bytes_or_none(text: &str) -> Result<u64, String> {
    match text {
        "0" => Ok(0),
        text => bytes(text),
    }
}

impl ServeArgs {
    /// The defaults, at one address.
    pub fn at(listen: Listen) -> ServeArgs {
        #[derive(clap::Parser)]
        struct Defaults {
            #[command(flatten)]
            serving: ServeArgs,
        }
        let defaults = <Defaults as clap::Parser>::parse_from(["serve"]).serving;
        ServeArgs {
            listen: vec![listen],
            ..defaults
        }
    }

    /// The addresses where `/ready` is answered: the first is asked.
    pub fn health_address(&self) -> Option<&Listen> {
        self.admin.as_ref().or(self.listen.first())
    }

    fn config(&self) -> Config {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Config {
            listen: self.listen.clone(),
            admin: self.admin.clone(),
            workers: self.workers.map_or_else(cores, usize::from),
            connections: self.connections.into(),
            cache_bytes: self.cache,
            max_queue: usize::try_from(self.max_queue).unwrap_or(usize::MAX),
            timeout: self.timeout,
            idle: self.idle_timeout,
            drain: self.drain,
            cors: self.cors.clone(),
            access_log: self.access_log.clone(),
        }
    }

    /// A server of the dataset's queries with routes; with `tables`, of those over these.
    pub async fn prepare(
        &self,
        context: &Context,
        dataset: &Dataset,
        tables: Option<&[String]>,
        server: Server,
    ) -> Result<Step> {
        let progress = &context.progress;
        if let Some(unfinished) = Unfinished::on(&server).await? {
            progress.note(format!("serve: {}", unfinished.warning()));
        }
        server.note_hosts_in_turn();
        let routed = serve::routed_queries(dataset, tables, &server, progress).await?;
        let api = Api::new(routed)?;
        let prepared = PreparedServer::new(self.config(), api, server, progress.clone()).await?;
        Ok(Step::Serve(Box::new(prepared)))
    }
}
