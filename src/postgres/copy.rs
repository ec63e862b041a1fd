//! COPY … FROM STDIN: chunks of bytes from a channel into a table.

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::SinkExt;
use tokio::sync::mpsc::Receiver;
use tokio_postgres::Transaction;

use crate::progress::Task;

/// Some rows as COPY wants them.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The rows in it.
    pub rows: u64,
    /// About 1 MB: a message each, where smaller ones cost the client more (64 KB: a third more time for 29 MB).
    pub bytes: Bytes,
}

/// Sends every chunk and returns the rows that Postgres counted.
///
/// An error among the chunks, or dropping the future, aborts the COPY and leaves the connection usable. Postgres' own
/// errors surface at the end of the stream at the latest.
pub async fn copy_in(
    transaction: &Transaction<'_>,
    statement: &str,
    mut chunks: Receiver<Result<Chunk>>,
    task: &Task,
) -> Result<u64> {
    let sink = transaction
        .copy_in(statement)
        .await
        .context("could not start COPY")?;
    let mut sink = Box::pin(sink);
    while let Some(chunk) = chunks.recv().await {
        let Chunk { rows, bytes } = chunk?;
        let size = bytes.len() as u64;
        if sink.feed(bytes).await.is_err() {
            // The connection tells why when the COPY is finished.
            break;
        }
        task.add(rows, size);
    }
    sink.as_mut().finish().await.context("COPY failed")
}

/// Where in the stream a COPY failed, as far as Postgres tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line of the stream, from 1.
    pub line: u64,
    /// The column, when the error is one of a value.
    pub column: Option<String>,
    /// The value, when Postgres shows it.
    pub value: Option<String>,
}

/// Reads `COPY products, line 812, column default_price: "$84.00"`, the context Postgres gives.
pub fn place(context: &str) -> Option<Place> {
    let start = match context.strip_prefix("COPY ") {
        Some(rest) => rest,
        // Where a trigger or a domain's function failed, its own places come first.
        None => context.split_once("\nCOPY ")?.1,
    };
    let (_, rest) = start.split_once(", line ")?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (number, rest) = rest.split_at(digits);
    let (column, value) = match rest.strip_prefix(", column ") {
        Some(rest) => match rest.split_once(": ") {
            Some((column, value)) => (Some(column.to_owned()), unquoted(value)),
            None => (rest.lines().next().map(str::to_owned), None),
        },
        None => (None, None),
    };
    Some(Place {
        line: number.parse().ok()?,
        column,
        value,
    })
}

fn unquoted(value: &str) -> Option<String> {
    value
        .strip_prefix('"')?
        .strip_suffix('"')
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_from_the_context() {
        let full = place("COPY products, line 812, column default_price: \"$84.00\"").unwrap();
        assert_eq!(
            full,
            Place {
                line: 812,
                column: Some("default_price".into()),
                value: Some("$84.00".into())
            }
        );
        let null = place("COPY products, line 3, column name: null input").unwrap();
        assert_eq!(
            null,
            Place {
                line: 3,
                column: Some("name".into()),
                value: None
            }
        );
        let line = place("COPY products, line 9: \"9,x\"").unwrap();
        assert_eq!(
            line,
            Place {
                line: 9,
                column: None,
                value: None
            }
        );
        let broken = place("PL/pgSQL function f()\nCOPY t, line 2, column name: \"a\nb\"").unwrap();
        assert_eq!(broken.value.as_deref(), Some("a\nb"));
        assert_eq!(place("SQL function \"f\""), None);
    }
}
