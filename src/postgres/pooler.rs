//! Detects a connection pooler in transaction mode, which assigns another server session to a client for each
//! transaction: settings, prepared statements and advisory locks would end up in other clients' sessions.

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::error::ErrorWithNotes;

/// Whether a session's server process is the one that was named when it began. A pooler names one of its own, by which its
/// client cancels statements whatever session they are in.
pub async fn is_direct(client: &Client) -> Result<bool> {
    let named = named_process(client).await.map(|it| it.to_string());
    Ok(named.is_some() && named == Some(backend(client, ASK).await?))
}

/// The server process that was named when the session began; `None` where TLS is required. The driver tells it in requests
/// to cancel a statement alone: 16 bytes, of which it is the third number.
async fn named_process(client: &Client) -> Option<i32> {
    let mut request = Vec::new();
    let stream = tokio::io::join(tokio::io::empty(), &mut request);
    let written = client.cancel_token().cancel_query_raw(stream, NoTls).await;
    written.ok()?;
    let number = request.get(8..12)?.try_into().ok()?;
    Some(i32::from_be_bytes(number))
}

const ASK: &str = "SELECT pg_backend_pid()";

/// Refuses when two connections that are open at the same time share the server's sessions.
///
/// Each is asked for its server process in a transaction, and again after both transactions have ended, `one` last. A
/// pooler that reuses sessions last in, first out then gives `other` the session of `one`; a round-robin pooler gives
/// `one` another session. By the simple protocol, since prepared statements may not work.
pub async fn ensure_none(one: &Client, other: &Client) -> Result<()> {
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
        message: "seedrow is connected through a pooler in transaction mode".into(),
        notes: vec![
            "seedrow's settings, prepared statements and locks belong to a session, which such a pooler gives to another \
             client after each transaction"
                .into(),
            "connect to the server's own port (most often 5432), or to a pool in session mode".into(),
        ],
        source: None,
    }
    .into())
}

/// The server process that serves a connection now.
async fn backend(client: &Client, sql: &str) -> Result<String> {
    let answer = client
        .simple_query(sql)
        .await
        .context("could not ask for the session's server process")?;
    let mut values = answer.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let pid = values.next().context("the server returned no process id")?;
    Ok(pid.to_owned())
}
