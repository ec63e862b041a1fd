//! COPY … FROM STDIN: bytes into a table.

use std::pin::Pin;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::{CopyInSink, Transaction};

/// A COPY under way. Dropping it aborts it and leaves the connection usable.
pub struct CopyIn {
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl CopyIn {
    /// Begins one.
    pub async fn start(transaction: &Transaction<'_>, statement: &str) -> Result<CopyIn> {
        let sink = transaction
            .copy_in(statement)
            .await
            .context("could not start COPY")?;
        Ok(CopyIn {
            sink: Box::pin(sink),
        })
    }

    /// Sends bytes, best about 1 MB at a time: a message each, where smaller ones cost the client more (64 KB: a third
    /// more time for 29 MB). False when the connection takes no more: [`CopyIn::finish`] says why.
    pub async fn send(&mut self, bytes: Bytes) -> bool {
        self.sink.feed(bytes).await.is_ok()
    }

    /// Ends it and returns the rows that Postgres counted. The server's own errors surface here and not before: a COPY
    /// of a whole large file would report an error in its first row at the end of the file.
    pub async fn finish(mut self) -> Result<u64> {
        self.sink.as_mut().finish().await.context("COPY failed")
    }
}

/// Where in the stream a COPY failed, as far as Postgres reports it.
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
