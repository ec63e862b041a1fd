//! A scratch database to apply DDL to: on the embedded Postgres, or on a server that was named for it.
//!
//! Never on the target: a dump names its schemas, may COMMIT, and needs the right to create.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::model::{self, Schema};
use crate::postgres::Server;
use crate::postgres::error::statement_line;
use crate::postgres::name::{literal, quoted};
use crate::postgres::target::{Target, TargetOptions};
use crate::progress::Progress;

/// What a live schema is compared with.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The dataset or the file, for messages.
    pub name: String,
    /// The DDL.
    pub sql: String,
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

/// The schema that the DDL creates, its unqualified names in `home`.
pub async fn read(reference: &Reference, home: &str, progress: &Progress) -> Result<Schema> {
    let server = open(&reference.server, progress).await?;
    let client = server.connect().await?;
    sweep(&client).await?;
    // A dump may create the schema itself, and then it mustn't exist.
    match schema_of(&server, &client, reference, Some(home)).await {
        Err(error) if already_exists(&error) => schema_of(&server, &client, reference, None).await,
        read => read,
    }
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

/// Creates a database, applies the DDL to it, reads its schema, and drops it, also after an error.
async fn schema_of(
    server: &Server,
    client: &Client,
    reference: &Reference,
    home: Option<&str>,
) -> Result<Schema> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = format!(
        "{PREFIX}{}_{}_{}",
        since.as_secs(),
        std::process::id(),
        since.subsec_nanos()
    );
    client
        .batch_execute(&format!(
            "CREATE DATABASE {} TEMPLATE template0",
            quoted(&name)
        ))
        .await
        .context("could not create a scratch database")?;
    let schema = apply_and_read(server, &name, reference, home).await;
    client
        .batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", quoted(&name)))
        .await
        .with_context(|| format!("could not drop the scratch database {name}"))?;
    schema
}

async fn apply_and_read(
    server: &Server,
    database: &str,
    reference: &Reference,
    home: Option<&str>,
) -> Result<Schema> {
    let client = server.connect_to(database).await?;
    let path = home.unwrap_or("public");
    client
        .batch_execute(&format!(
            "CREATE SCHEMA IF NOT EXISTS {0}; SET search_path = {0}, public",
            quoted(path)
        ))
        .await?;
    let sql = without_meta_commands(&reference.sql);
    client
        .batch_execute(&sql)
        .await
        .map_err(|error| ddl_rejected(error, reference, &sql))?;
    model::read(&client).await
}

/// psql's own commands, such as the `\restrict` of a dump, blanked out; the lines stay.
fn without_meta_commands(sql: &str) -> String {
    let line = |line: &str| {
        if line.starts_with('\\') {
            String::new()
        } else {
            line.to_owned()
        }
    };
    sql.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn ddl_rejected(error: tokio_postgres::Error, reference: &Reference, sql: &str) -> anyhow::Error {
    let line = statement_line(&error, sql, 0).map(|line| format!(", line {line}"));
    let place = format!("{}{}", reference.name, line.unwrap_or_default());
    anyhow!(error).context(format!("{place}: the server rejects the DDL"))
}

fn already_exists(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref().and_then(tokio_postgres::Error::code);
    code == Some(&SqlState::DUPLICATE_SCHEMA)
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
        .query(&sql, &[])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_commands_are_blanked_and_lines_stay() {
        let sql = "\\restrict abc\nSELECT 1;\n\\unrestrict abc\n";
        assert_eq!(without_meta_commands(sql), "\nSELECT 1;\n");
    }
}
