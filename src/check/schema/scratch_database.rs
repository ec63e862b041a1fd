//! A scratch database to apply DDL to: on the embedded Postgres, or on a server that was named for it.
//!
//! Never on the target: a dump names its schemas, may COMMIT, and needs the right to create.
//!
//! To drop a database, a server first writes all that it has in memory to the disk. So the embedded one keeps an empty
//! database, to which DDL is applied in a transaction that is rolled back; what doesn't go into one transaction gets a
//! database of its own.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

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

/// The embedded server's database that stays.
const KEPT: &str = "seedrow_scratch";
/// The advisory lock of who uses it.
const KEPT_LOCK: i64 = 0x5EED_0000_0000_0003;
/// What other scratch databases' names begin with; their time of creation and the process follow.
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
    if reference.server.url.is_none()
        && let Some(both) = read_in_kept_database(reference, live, home, progress).await?
    {
        return Ok(both);
    }
    let compared = async |client: &mut Client| {
        client.batch_execute("BEGIN").await?;
        read_both(client, live).await
    };
    let (server, scripts) = (&reference.server, [&reference.script]);
    with_applied(server, &scripts, home, progress, compared).await
}

/// The same in the database that is kept; `None` while another process uses it, and where the DDL can't be applied in one
/// transaction: because of a mistake, or since it has CREATE INDEX CONCURRENTLY or more tables than locks.
async fn read_in_kept_database(
    reference: &Reference,
    live: &Schema,
    home: &str,
    progress: &Progress,
) -> Result<Option<(Schema, Schema)>> {
    let server = open(&reference.server, KEPT, progress).await?;
    let client = server.connect().await?;
    client.batch_execute("BEGIN").await?;
    let lock = client.query_typed_one(
        "SELECT pg_try_advisory_xact_lock($1)",
        &[(&KEPT_LOCK, Type::INT8)],
    );
    if !lock.await?.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let applied = apply_all(&client, &[&reference.script], home, Commits::Never).await;
    let both = match applied {
        Ok(()) => read_both(&client, live).await.ok(),
        Err(_) => None,
    };
    client.batch_execute("ROLLBACK").await?;
    Ok(both)
}

/// The schema of the database, in a transaction that has begun, and the live one, in one form.
async fn read_both(client: &Client, live: &Schema) -> Result<(Schema, Schema)> {
    let (mut wanted, mut live) = (model::read_in_transaction(client).await?, live.clone());
    normalise(client, &mut wanted, &mut live).await?;
    Ok((wanted, live))
}

/// Applies DDL to a database of its own, its unqualified names in `home`, and reads from that. Nothing stays.
pub async fn with_applied<T>(
    scratch: &ScratchServer,
    scripts: &[&Script],
    home: &str,
    progress: &Progress,
    read: impl AsyncFnOnce(&mut Client) -> Result<T>,
) -> Result<T> {
    let server = open(scratch, "postgres", progress).await?;
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

/// The server with a database that the embedded one has, or makes.
async fn open(scratch: &ScratchServer, database: &str, progress: &Progress) -> Result<Server> {
    let options = TargetOptions {
        schema: None,
        url: scratch.url.clone(),
        ..scratch.target.clone()
    };
    match scratch.url {
        Some(_) => Server::open(&options, database, progress)
            .await
            .context("could not use --scratch-url"),
        None => Server::reach(&Target::Embedded, &options, database, progress)
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
    apply_all(&client, scripts, home, Commits::EachStep).await?;
    read(&mut client).await
}

/// What of the DDL is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commits {
    /// Each step, by itself.
    EachStep,
    /// Nothing: all steps are part of a transaction that has begun.
    Never,
}

async fn apply_all(
    client: &Client,
    scripts: &[&Script],
    home: &str,
    commits: Commits,
) -> Result<()> {
    let home = quoted(home);
    client
        .batch_execute(&format!(
            "CREATE SCHEMA IF NOT EXISTS {home}; SET search_path = {home}, public; SET synchronous_commit = off"
        ))
        .await?;
    for step in scripts.iter().flat_map(|script| &script.steps) {
        apply(client, step, commits).await?;
    }
    Ok(())
}

/// Applies a step. What belongs to the whole server, and what only says who owns or may do what, is left out or may fail:
/// roles of the target needn't exist here.
async fn apply(client: &Client, step: &Step, commits: Commits) -> Result<()> {
    let kind = step.kind.statement();
    match kind {
        StatementKind::Transaction
        | StatementKind::Database
        | StatementKind::Server
        | StatementKind::Encoding => return Ok(()),
        _ if matches!(step.kind, StepKind::Connect(_)) => return Ok(()),
        _ => {}
    }
    let may_fail = matches!(
        kind,
        StatementKind::Privilege | StatementKind::Schema | StatementKind::Setting
    );
    let needs_savepoint = may_fail && commits == Commits::Never;
    if needs_savepoint {
        client.batch_execute("SAVEPOINT seedrow_step").await?;
    }
    match script::run(client, step).await {
        Err(error)
            if kind == StatementKind::Privilege || script::may_be_passed_over(kind, &error) =>
        {
            if needs_savepoint {
                let undo = "ROLLBACK TO SAVEPOINT seedrow_step";
                client.batch_execute(undo).await?;
            }
            Ok(())
        }
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
