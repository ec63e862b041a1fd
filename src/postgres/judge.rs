//! Has a server judge candidate rows by a constraint's expression, without a table: in a read-only transaction, over values
//! that it is sent.
//!
//! The expression may call any function. One that fails takes its query with it, so failing batches are halved until the
//! rows that make it fail are alone; those are rejected.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, GenericClient, Transaction};

use super::name::quoted;

/// How long all queries together may take; rows that aren't judged by then are rejected.
const LONGEST: Duration = Duration::from_secs(20);

/// After as many rows that the condition fails for, and none that it accepts, the others aren't judged.
const MOST_FAILURES: usize = 200;

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

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Of each row, whether a CHECK with the condition accepts it: it is true or NULL.
    pub accepted: Vec<bool>,
    /// What the server says of the first row that the condition fails for.
    pub failure: Option<String>,
}

/// Judges rows, all in one read-only transaction.
#[expect(missing_debug_implementations, reason = "a transaction has none")]
pub struct Judge<'t>(Transaction<'t>);

impl<'t> Judge<'t> {
    /// Begins the transaction.
    pub async fn begin(client: &'t mut Client) -> Result<Judge<'t>> {
        let start = client.build_transaction().read_only(true).start();
        let transaction = start.await.context("could not start a transaction")?;
        transaction.batch_execute(STATEMENT_TIMEOUT).await?;
        Ok(Judge(transaction))
    }

    /// Judges the rows.
    pub async fn judge(&self, candidates: &Candidates<'_>) -> Result<Judgement> {
        candidates.judge(&self.0).await
    }

    /// See [`base_types`].
    pub async fn base_types(&self, types: &[(u32, i32)]) -> Result<Vec<String>> {
        base_types(&self.0, types).await
    }

    /// Ends the transaction.
    pub async fn end(self) -> Result<()> {
        let undone = self.0.rollback().await;
        undone.context("could not end the transaction")
    }
}

/// Judges the rows in a transaction of their own.
pub async fn judge(client: &mut Client, candidates: &Candidates<'_>) -> Result<Judgement> {
    let judge = Judge::begin(client).await?;
    let judgement = judge.judge(candidates).await?;
    judge.end().await?;
    Ok(judgement)
}

/// A constraint's expression in its definition: `CHECK ((a > 0)) NOT VALID` → `((a > 0))`.
pub fn condition(definition: &str) -> &str {
    let rest = definition.strip_prefix("CHECK ").unwrap_or(definition);
    let rest = rest.strip_suffix(" NOT VALID").unwrap_or(rest);
    rest.strip_suffix(" NO INHERIT").unwrap_or(rest)
}

/// What a query of some rows answers.
enum Batch {
    /// The places of the accepted ones among them.
    Accepted(Vec<usize>),
    /// The query failed.
    Failed(String),
}

impl Candidates<'_> {
    async fn judge(&self, transaction: &Transaction<'_>) -> Result<Judgement> {
        let sql = self.sql();
        let mut judgement = Judgement {
            accepted: vec![false; self.rows.len()],
            failure: None,
        };
        let (since, mut failed) = (Instant::now(), 0);
        let everything = 0..self.rows.len();
        let mut open: Vec<Range<usize>> = Vec::from([everything]);
        while let Some(range) = open.pop() {
            let is_hopeless = failed > MOST_FAILURES && !judgement.accepted.contains(&true);
            if range.is_empty() || is_hopeless || since.elapsed() > LONGEST {
                continue;
            }
            match self
                .judged(transaction, &sql, &self.rows[range.clone()])
                .await?
            {
                Batch::Accepted(places) => places
                    .into_iter()
                    .for_each(|it| judgement.accepted[range.start + it] = true),
                Batch::Failed(_) if range.len() > 1 => {
                    let middle = range.start + range.len() / 2;
                    open.push(middle..range.end);
                    open.push(range.start..middle);
                }
                Batch::Failed(message) => {
                    failed += 1;
                    judgement.failure.get_or_insert(message);
                }
            }
        }
        Ok(judgement)
    }

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

    /// The accepted ones of some rows.
    async fn judged(
        &self,
        transaction: &Transaction<'_>,
        sql: &str,
        rows: &[Vec<Option<String>>],
    ) -> Result<Batch> {
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
                Ok(Batch::Accepted(found.iter().filter_map(number).collect()))
            }
            Err(error) => {
                let Some(message) = error.as_db_error().map(|it| it.message().to_owned()) else {
                    return Err(error).context("could not judge candidate rows");
                };
                let undo = "ROLLBACK TO SAVEPOINT seedrow_judge; RELEASE SAVEPOINT seedrow_judge";
                transaction.batch_execute(undo).await?;
                Ok(Batch::Failed(message))
            }
        }
    }
}

/// The types of columns as [`Candidates::columns`] wants them: by the oids of the types, domains resolved to their bases.
pub async fn base_types(client: &impl GenericClient, types: &[(u32, i32)]) -> Result<Vec<String>> {
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
