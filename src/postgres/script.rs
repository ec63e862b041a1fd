//! Steps of a script, run on a connection.

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::GenericClient;
use tokio_postgres::error::SqlState;

use super::error::statement_line;
use crate::script::{StatementKind, Step, StepKind};

/// Runs one step; an error names its file and line. `\connect` does nothing.
pub async fn run(client: &impl GenericClient, step: &Step) -> Result<()> {
    match &step.kind {
        StepKind::Connect(_) => Ok(()),
        StepKind::Unsupported(why) => bail!("{}: {why}", step.place()),
        StepKind::Statement { sql, .. } => {
            let done = client.batch_execute(sql).await;
            done.map_err(|error| rejected(error, step, sql))
        }
        StepKind::Copy { sql, data } => {
            let done = copy(client, sql, data).await;
            done.map_err(|error| rejected(error, step, sql))
        }
    }
}

async fn copy(
    client: &impl GenericClient,
    sql: &str,
    data: &str,
) -> std::result::Result<(), tokio_postgres::Error> {
    // A COPY of what isn't there ends the connection; preparing it doesn't.
    let statement = client.prepare(sql).await?;
    let mut sink = Box::pin(client.client().copy_in::<_, Bytes>(&statement).await?);
    sink.feed(Bytes::copy_from_slice(data.as_bytes())).await?;
    sink.as_mut().finish().await?;
    Ok(())
}

fn rejected(error: tokio_postgres::Error, step: &Step, sql: &str) -> anyhow::Error {
    let behind = statement_line(&error, sql, 0).map_or(0, |line| line - 1);
    let place = Step {
        line: step.line + behind,
        ..step.clone()
    };
    let advice = match error.code() {
        Some(&SqlState::ACTIVE_SQL_TRANSACTION) => {
            ", which is applied in one transaction (take this statement, or its CONCURRENTLY, out)"
        }
        _ => "",
    };
    let what = format!("{}: the server rejects the DDL{advice}", place.place());
    anyhow!(error).context(what)
}

/// Whether a statement that failed may be passed over: a schema that exists, and a setting that this version of the server
/// lacks, as in a dump of another.
pub fn may_be_passed_over(kind: StatementKind, error: &anyhow::Error) -> bool {
    let code = error.downcast_ref().and_then(tokio_postgres::Error::code);
    match kind {
        StatementKind::Schema => code == Some(&SqlState::DUPLICATE_SCHEMA),
        StatementKind::Setting => code == Some(&SqlState::UNDEFINED_OBJECT),
        _ => false,
    }
}

/// Every setting of the connection that a session may change, with its value.
pub async fn settings(client: &impl GenericClient) -> Result<Vec<(String, String)>> {
    let sql = "SELECT name, current_setting(name)
        FROM (
            SELECT name FROM pg_settings WHERE context IN ('user', 'superuser')
            UNION ALL
            VALUES ('session_authorization'), ('role')
        ) AS settings
        WHERE current_setting(name, true) IS NOT NULL";
    let rows = client
        .query_typed(sql, &[])
        .await
        .context("could not read the connection's settings")?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Gives each setting that was changed since its value back.
pub async fn restore_settings(
    client: &impl GenericClient,
    before: &[(String, String)],
) -> Result<()> {
    let now: HashMap<String, String> = settings(client).await?.into_iter().collect();
    for (name, value) in before {
        if now.get(name).is_some_and(|it| it != value) {
            client
                .execute("SELECT set_config($1, $2, false)", &[name, value])
                .await
                .with_context(|| format!("could not set {name} to {value} again"))?;
        }
    }
    Ok(())
}
