//! A throw-away database to apply DDL to: on the embedded Postgres, or on a server that was named for it.
//!
//! Never on the target: a dump names its schemas, may COMMIT, and needs the right to create.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use tokio_postgres::Client;
use tokio_postgres::error::{ErrorPosition, SqlState};

use super::model::{self, Schema};
use crate::postgres::Server;
use crate::postgres::name::{literal, quoted};
use crate::postgres::target::{Target, TargetOptions};
use crate::progress::Progress;

/// What a live schema is held against.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The dataset or the file, for messages.
    pub name: String,
    /// The DDL.
    pub sql: String,
    /// Whether it was asked for by name.
    pub asked_for: bool,
    /// Where it is applied.
    pub scratch: Scratch,
}

/// Where DDL is applied.
#[derive(Debug, Clone)]
pub struct Scratch {
    /// Another server; `None` for the embedded one.
    pub url: Option<String>,
    /// The options that the target was given: where the embedded one lives, how long to wait.
    pub target: TargetOptions,
}

/// What throw-away databases' names begin with; the time they were made and the process that made them follow.
const PREFIX: &str = "seedrow_scratch_";
/// A database that is older was left by a process that was killed.
const OLD_SECONDS: u64 = 3_600;

/// The schema that the DDL makes, its unqualified names in `home`.
pub async fn read(reference: &Reference, home: &str, progress: &Progress) -> Result<Schema> {
    let server = open(&reference.scratch, progress).await?;
    let client = server.connect().await?;
    sweep(&client).await?;
    // A dump may make the schema itself, and then it mustn't be there.
    match within(&server, &client, reference, Some(home)).await {
        Err(error) if is_there_already(&error) => within(&server, &client, reference, None).await,
        read => read,
    }
}

async fn open(scratch: &Scratch, progress: &Progress) -> Result<Server> {
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
            .context("no embedded Postgres for a throw-away database"),
    }
}

/// Makes a database, has the DDL applied to it and read, and drops it, whatever came of that.
async fn within(
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
        .context("could not make a throw-away database")?;
    let schema = apply_and_read(server, &name, reference, home).await;
    client
        .batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", quoted(&name)))
        .await
        .with_context(|| format!("could not drop the throw-away database {name}"))?;
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
        .map_err(|error| refused(error, reference, &sql))?;
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

fn refused(error: tokio_postgres::Error, reference: &Reference, sql: &str) -> anyhow::Error {
    let position = match error.as_db_error().and_then(|error| error.position()) {
        Some(ErrorPosition::Original(position)) => usize::try_from(*position).ok(),
        _ => None,
    };
    let line = position.map(|at| {
        let before = sql.chars().take(at.saturating_sub(1));
        format!(", line {}", 1 + before.filter(|&c| c == '\n').count())
    });
    let place = format!("{}{}", reference.name, line.unwrap_or_default());
    anyhow!(error).context(format!("{place}: the server refuses the DDL"))
}

fn is_there_already(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref().and_then(tokio_postgres::Error::code);
    code == Some(&SqlState::DUPLICATE_SCHEMA)
}

/// Drops what killed processes left.
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
            .with_context(|| format!("could not drop the throw-away database {name}"))?;
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
