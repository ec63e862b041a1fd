//! The rows of `pg_stat_statements`, or what to do where there are none.

use anyhow::{Context, Result, bail};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::postgres::name::quoted;
use crate::script::lexer::{Token, tokens};
use crate::suggestion::PSQL;

/// What stands in place of statements of other roles, where this one may not see them.
const HIDDEN: &str = "<insufficient privilege>";

/// The types whose literals may begin with the type's name.
const LITERALS: &[&str] = &[
    "cidr",
    "date",
    "inet",
    "interval",
    "json",
    "jsonb",
    "numeric",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
];

/// A statement as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It begins as a SELECT, and has no part that writes.
    Select(String),
    /// It is something else.
    Other,
    /// Another role's.
    Hidden,
}

/// All statements of this database, those first that took the most time.
pub(super) async fn found(client: &Client) -> Result<Vec<Found>> {
    let view = view(client).await?;
    let sql = format!(
        "SELECT query
        FROM {view}
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        GROUP BY query
        ORDER BY sum(total_exec_time) DESC, query"
    );
    let rows = match client.query_typed(&sql, &[]).await {
        Err(error) if error.code() == Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE) => bail!(
            "pg_stat_statements isn't loaded: add it to shared_preload_libraries in postgresql.conf and restart the \
             server, then let the application run for a while"
        ),
        rows => rows.with_context(|| format!("could not read {view}"))?,
    };
    let text = |row: &tokio_postgres::Row| Ok(row.try_get::<_, Option<String>>(0)?);
    let texts: Vec<Option<String>> = rows.iter().map(text).collect::<Result<_>>()?;
    Ok(texts.into_iter().flatten().map(kind).collect())
}

/// The extension's view, wherever it was created; else a relation of this name on the search path, such as a view that
/// shows it to roles that may not read the extension's.
async fn view(client: &Client) -> Result<String> {
    let sql = "SELECT nspname
        FROM pg_extension
        JOIN pg_namespace ON pg_namespace.oid = extnamespace
        WHERE extname = 'pg_stat_statements'";
    let could_not = "could not look for pg_stat_statements";
    let found = client.query_typed(sql, &[]).await.context(could_not)?;
    if let Some(row) = found.first() {
        let schema: String = row.try_get(0)?;
        return Ok(format!("{}.pg_stat_statements", quoted(&schema)));
    }
    let sql = "SELECT to_regclass('pg_stat_statements')::text";
    let row = client.query_typed_one(sql, &[]).await.context(could_not)?;
    let Some(view) = row.try_get::<_, Option<String>>(0)? else {
        bail!(
            "this database has no pg_stat_statements, which keeps the statements that ran: with it among \
             shared_preload_libraries in postgresql.conf (which needs a restart), run: {PSQL} -c 'CREATE EXTENSION \
             pg_stat_statements'"
        );
    };
    Ok(view)
}

fn kind(text: String) -> Found {
    if text == HIDDEN {
        return Found::Hidden;
    }
    let tokens = tokens(&text).into_iter();
    let words: Vec<String> = tokens
        .filter(|token| !matches!(token, Token::Blank(_)))
        .map(|token| token.text().to_lowercase())
        .filter(|text| text != "(")
        .collect();
    let begins = matches!(words.first().map(String::as_str), Some("select" | "with"));
    let writes = |pair: &[String]| {
        matches!(
            (pair[0].as_str(), pair[1].as_str()),
            ("insert" | "merge", "into") | ("delete", "from") | ("as", "update")
        )
    };
    match begins && !words.windows(2).any(writes) && !words.iter().any(|it| it == ";") {
        true => Found::Select(with_casts(&text)),
        false => Found::Other,
    }
}

/// `date $1` of what was `date '2024-05-01'` is no SQL: it becomes `$1::date`.
fn with_casts(text: &str) -> String {
    let mut sql = String::with_capacity(text.len());
    let mut literal: Option<&str> = None;
    for token in tokens(text) {
        match (literal, token) {
            (Some(ty), Token::Numbered(number)) => {
                sql.truncate(sql.trim_end().len() - ty.len());
                sql.push_str(&format!("{number}::{ty}"));
                literal = None;
            }
            (_, Token::Other(word)) if LITERALS.contains(&word.to_lowercase().as_str()) => {
                sql.push_str(word);
                literal = Some(word);
            }
            (literal_before, token) => {
                sql.push_str(token.text());
                literal = literal_before.filter(|_| matches!(token, Token::Blank(_)));
            }
        }
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statements_that_read_are_taken() {
        let is_select = |text: &str| matches!(kind(text.to_owned()), Found::Select(_));
        for read in [
            "SELECT * FROM t WHERE a = $1 FOR UPDATE",
            "/* app */ with x as (select $1) select * from x",
            "(SELECT 1) UNION (SELECT 2)",
        ] {
            assert!(is_select(read), "{read}");
        }
        for other in [
            "INSERT INTO t SELECT * FROM u",
            "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
            "WITH x AS (UPDATE t SET a = $1 RETURNING *) SELECT * FROM x",
            "BEGIN",
            "SELECT $1; SELECT $2",
        ] {
            assert!(!is_select(other), "{other}");
        }
        assert_eq!(kind(HIDDEN.to_owned()), Found::Hidden);
    }

    #[test]
    fn typed_literals_become_casts() {
        for (text, expected) in [
            ("SELECT date $1, Inet  $2", "SELECT $1::date, $2::Inet"),
            (
                "SELECT date, $1, a.date = $2",
                "SELECT date, $1, a.date = $2",
            ),
        ] {
            assert_eq!(with_casts(text), expected);
        }
    }
}
