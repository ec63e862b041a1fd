//! Has a server judge candidate rows by a constraint's expression, without a table: in a read-only transaction, over values
//! that it is sent.
//!
//! The expression may call any function. One that fails takes its query with it, so failing batches are halved until the
//! rows that make it fail are alone; those are rejected.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Transaction};

use super::name::quoted;

/// How long all queries together may take; rows that aren't judged by then are rejected.
const LONGEST: Duration = Duration::from_secs(20);

/// How long one query may take.
const STATEMENT_TIMEOUT: &str = "SET LOCAL statement_timeout = '3s'";

/// Rows and the expression over them.
#[derive(Debug)]
pub struct Candidates<'a> {
    /// The columns' names, and their types as DDL writes them; of a domain its base type, which checks nothing.
    pub columns: &'a [(&'a str, String)],
    /// A truth value over the columns: what `pg_get_expr` prints, or a constraint's definition from `(` on.
    pub condition: &'a str,
    /// A value for each column; `None` is NULL.
    pub rows: &'a [Vec<Option<String>>],
}

/// Which rows a CHECK with the condition accepts: those for which it is true or NULL.
pub async fn judge(client: &mut Client, candidates: &Candidates<'_>) -> Result<Vec<bool>> {
    let start = client.build_transaction().read_only(true).start();
    let transaction = start.await.context("could not start a transaction")?;
    transaction.batch_execute(STATEMENT_TIMEOUT).await?;
    let sql = candidates.sql();
    let mut accepted = vec![false; candidates.rows.len()];
    let since = Instant::now();
    let everything = 0..candidates.rows.len();
    let mut open: Vec<Range<usize>> = Vec::from([everything]);
    while let Some(range) = open.pop() {
        if range.is_empty() || since.elapsed() > LONGEST {
            continue;
        }
        match candidates
            .judged(&transaction, &sql, &candidates.rows[range.clone()])
            .await?
        {
            Some(found) => found
                .into_iter()
                .for_each(|it| accepted[range.start + it] = true),
            None if range.len() > 1 => {
                let middle = range.start + range.len() / 2;
                open.push(middle..range.end);
                open.push(range.start..middle);
            }
            None => {}
        }
    }
    transaction
        .rollback()
        .await
        .context("could not end the transaction")?;
    Ok(accepted)
}

/// A constraint's expression in its definition: `CHECK ((a > 0)) NOT VALID` → `((a > 0))`.
pub fn condition(definition: &str) -> &str {
    let rest = definition.strip_prefix("CHECK ").unwrap_or(definition);
    let rest = rest.strip_suffix(" NOT VALID").unwrap_or(rest);
    rest.strip_suffix(" NO INHERIT").unwrap_or(rest)
}

impl Candidates<'_> {
    /// A query that answers the numbers of the accepted rows, from 1.
    fn sql(&self) -> String {
        let numbers = 1..=self.columns.len();
        let typed = numbers
            .clone()
            .zip(self.columns)
            .map(|(number, (name, type_name))| {
                format!("c{number}::{type_name} AS {}", quoted(name))
            });
        let typed: Vec<String> = typed.collect();
        let arrays: Vec<String> = numbers.clone().map(|it| format!("${it}::text[]")).collect();
        let names: Vec<String> = numbers.map(|it| format!("c{it}")).collect();
        // OFFSET 0 keeps the condition out of the inner query: it sees values of the columns' types.
        format!(
            "SELECT seedrow_number FROM (SELECT {}, seedrow_number \
             FROM unnest({}) WITH ORDINALITY AS seedrow_texts ({}, seedrow_number) OFFSET 0) AS seedrow_rows \
             WHERE ({}) IS NOT FALSE",
            typed.join(", "),
            arrays.join(", "),
            names.join(", "),
            self.condition
        )
    }

    /// The accepted ones of some rows; `None` where the query failed.
    async fn judged(
        &self,
        transaction: &Transaction<'_>,
        sql: &str,
        rows: &[Vec<Option<String>>],
    ) -> Result<Option<Vec<usize>>> {
        let places = 0..self.columns.len();
        let column = |at: usize| rows.iter().map(|row| row[at].clone()).collect();
        let arrays: Vec<Vec<Option<String>>> = places.map(column).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|it| it as _).collect();
        transaction.batch_execute("SAVEPOINT seedrow_judge").await?;
        match transaction.query(sql, &parameters).await {
            Ok(found) => {
                transaction
                    .batch_execute("RELEASE SAVEPOINT seedrow_judge")
                    .await?;
                let number =
                    |row: &tokio_postgres::Row| usize::try_from(row.get::<_, i64>(0) - 1).ok();
                Ok(Some(found.iter().filter_map(number).collect()))
            }
            Err(error) if error.as_db_error().is_some() => {
                let undo = "ROLLBACK TO SAVEPOINT seedrow_judge; RELEASE SAVEPOINT seedrow_judge";
                transaction.batch_execute(undo).await?;
                Ok(None)
            }
            Err(error) => Err(error).context("could not judge candidate rows"),
        }
    }
}

/// The types of columns as [`Candidates::columns`] wants them: by the oids of the types, domains resolved to their bases.
pub async fn base_types(client: &Client, types: &[(u32, i32)]) -> Result<Vec<String>> {
    let (oids, modifiers): (Vec<u32>, Vec<i32>) = types.iter().copied().unzip();
    let rows = client
        .query(include_str!("sql/base_types.sql"), &[&oids, &modifiers])
        .await
        .context("could not read the columns' types")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_condition_is_what_stands_in_the_definition() {
        assert_eq!(condition("CHECK ((a > 0))"), "((a > 0))");
        assert_eq!(condition("CHECK ((a > 0)) NOT VALID"), "((a > 0))");
        assert_eq!(condition("CHECK (f(a)) NO INHERIT"), "(f(a))");
    }
}
