//! A pooler that hands a server's session from one client to the next between transactions: settings, prepared statements
//! and advisory locks would land in other clients' sessions.

use anyhow::{Context, Result};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::error::ErrorWithNotes;

/// Refuses when two connections that are open at the same time turn out to share a server's sessions.
///
/// Each is asked for its server process in a transaction, and again after both have ended theirs, `one` last. A pooler
/// that hands out the session given back last then gives `other` the one that was `one`'s; one that hands them out in
/// turn gives `one` another. By the simple protocol, since prepared statements may be what fails.
pub async fn ensure_none(one: &Client, other: &Client) -> Result<()> {
    const ASK: &str = "SELECT pg_backend_pid()";
    let begin = format!("BEGIN; {ASK}");
    let before = (backend(one, &begin).await?, backend(other, &begin).await?);
    for client in [other, one] {
        client
            .batch_execute("COMMIT")
            .await
            .context("could not end a transaction")?;
    }
    let after = (backend(one, ASK).await?, backend(other, ASK).await?);
    if before == after && before.0 != before.1 {
        return Ok(());
    }
    Err(ErrorWithNotes {
        message: "a pooler in transaction mode stands between seedrow and the server".into(),
        notes: vec![
            "seedrow's settings, prepared statements and locks belong to a session, which such a pooler hands to others \
             after each transaction"
                .into(),
            "connect to the server's own port (most often 5432), or to a pool in session mode".into(),
        ],
        source: None,
    }
    .into())
}

/// The server process behind a connection just now.
async fn backend(client: &Client, sql: &str) -> Result<String> {
    let answer = client
        .simple_query(sql)
        .await
        .context("could not ask for the session's server process")?;
    let mut values = answer.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let pid = values.next().context("the server told no process id")?;
    Ok(pid.to_owned())
}
