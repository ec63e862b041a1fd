//! A scratch database to apply DDL to: on the embedded Postgres, or on a server that was named for it.
//!
//! Never on the target: a dump names its schemas, may COMMIT, and needs the right to create.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::model::{self, Schema};
use super::normal_form::normalise;
use crate::postgres::Server;
use crate::postgres::name::{literal, quoted};
use crate::postgres::script;
use crate::postgres::target::{Target, TargetOptions};
use crate::progress::Progress;
use crate::script::{Script, StatementKind, Step, StepKind};

/// What a live schema is compared with.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The dataset or the file, for messages.
    pub name: String,
    /// The DDL.
    pub script: Script,
    /// Whether it was asked for by name.
    pub asked_for: bool,
    /// Where it is applied.
    pub server: ScratchServer,
}

/// The server that scratch databases are created on.
#[derive(Debug, Clone)]
pub struct ScratchServer {
    /// Another server; `None` for the embedded one.
    pub url: Option<String>,
    /// The options that the target was given: where the embedded one lives, how long to wait.
    pub target: TargetOptions,
}

/// What scratch databases' names begin with; their time of creation and the process follow.
const PREFIX: &str = "seedrow_scratch_";
/// An older database was left by a process that was killed.
const OLD_SECONDS: u64 = 3_600;

/// The schema that the DDL creates, its unqualified names in `home`, and `live`; expressions that differ brought to one form.
pub async fn read(
    reference: &Reference,
    live: &Schema,
    home: &str,
    progress: &Progress,
) -> Result<(Schema, Schema)> {
    let compared = async |client: &mut Client| {
        let (mut wanted, mut live) = (model::read(client).await?, live.clone());
        normalise(client, &mut wanted, &mut live).await?;
        Ok((wanted, live))
    };
    let (server, scripts) = (&reference.server, [&reference.script]);
    with_applied(server, &scripts, home, progress, compared).await
}

/// Applies DDL to a database of its own, its unqualified names in `home`, and reads from that. Nothing stays.
pub async fn with_applied<T>(
    scratch: &ScratchServer,
    scripts: &[&Script],
    home: &str,
    progress: &Progress,
    read: impl AsyncFnOnce(&mut Client) -> Result<T>,
) -> Result<T> {
    let server = open(scratch, progress).await?;
    let client = server.connect().await?;
    sweep(&client).await?;
    let name = new_name();
    client
        .batch_execute(&format!(
            "CREATE DATABASE {} TEMPLATE template0",
            quoted(&name)
        ))
        .await
        .context("could not create a scratch database")?;
    let result = apply_and_read(&server, &name, scripts, home, read).await;
    client
        .batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", quoted(&name)))
        .await
        .with_context(|| format!("could not drop the scratch database {name}"))?;
    result
}

fn new_name() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!(
        "{PREFIX}{}_{}_{}",
        since.as_secs(),
        std::process::id(),
        since.subsec_nanos()
    )
}

async fn open(scratch: &ScratchServer, progress: &Progress) -> Result<Server> {
    let options = TargetOptions {
        schema: None,
        url: scratch.url.clone(),
        ..scratch.target.clone()
    };
    match scratch.url {
        Some(_) => Server::open(&options, "postgres", progress)
            .await
            .context("could not use --scratch-url"),
        None => Server::reach(&Target::Embedded, &options, "postgres", progress)
            .await
            .context("no embedded Postgres for a scratch database"),
    }
}

async fn apply_and_read<T>(
    server: &Server,
    database: &str,
    scripts: &[&Script],
    home: &str,
    read: impl AsyncFnOnce(&mut Client) -> Result<T>,
) -> Result<T> {
    let mut client = server.connect_to(database).await?;
    client
        .batch_execute(&format!(
            "CREATE SCHEMA IF NOT EXISTS {0}; SET search_path = {0}, public; SET synchronous_commit = off",
            quoted(home)
        ))
        .await?;
    for step in scripts.iter().flat_map(|script| &script.steps) {
        apply(&client, step).await?;
    }
    read(&mut client).await
}

/// Applies a step, each by itself. What belongs to the whole server, and what only says who owns or may do what, is left out
/// or may fail: roles of the target needn't exist here.
async fn apply(client: &Client, step: &Step) -> Result<()> {
    let kind = step.kind.statement();
    match kind {
        StatementKind::Transaction
        | StatementKind::Database
        | StatementKind::Server
        | StatementKind::Encoding => return Ok(()),
        _ if matches!(step.kind, StepKind::Connect(_)) => return Ok(()),
        _ => {}
    }
    match script::run(client, step).await {
        Err(_) if kind == StatementKind::Privilege => Ok(()),
        Err(error) if script::may_be_passed_over(kind, &error) => Ok(()),
        done => done,
    }
}

/// Drops the databases that killed processes left.
async fn sweep(client: &Client) -> Result<()> {
    let sql = format!(
        "SELECT datname::text
        FROM pg_database
        WHERE starts_with(datname, {0})
            AND split_part(substr(datname, length({0}) + 1), '_', 1) ~ '^[0-9]{{1,18}}$'
            AND split_part(substr(datname, length({0}) + 1), '_', 1)::int8 < extract(epoch FROM now()) - {OLD_SECONDS}
            AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = pg_database.datname)",
        literal(PREFIX)
    );
    let rows = client
        .query_typed(&sql, &[])
        .await
        .context("could not list the databases")?;
    for row in rows {
        let name: String = row.try_get(0)?;
        client
            .batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(&name)))
            .await
            .with_context(|| format!("could not drop the scratch database {name}"))?;
    }
    Ok(())
}
