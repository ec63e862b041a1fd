//! What follows once the rows that break a unique key or an exclusion constraint are known: the load fails with the first of
//! them, or they are deleted and their records rejected.

use anyhow::{Context, Error, Result};
use tokio_postgres::Transaction;

use crate::load::constraints::reject_limit::too_many_rejects;
use crate::load::ledger::DroppedConstraint;
use crate::load::policy::Duplicates;
use crate::load::source::rejects::Rejected;
use crate::load::table::key_search::{KeySearch, Matcher};
use crate::load::table::table_load::TableLoad;
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;

/// Rows that break a constraint, gathered in `pg_temp.seedrow_removed`.
pub struct UniqueViolations<'a> {
    /// Their table.
    pub load: &'a TableLoad<'a>,
    /// Its file.
    pub file: &'a KeySearch,
    /// The constraint.
    pub key: &'a DroppedConstraint,
    /// What finds their records.
    pub matcher: Matcher,
    /// How many there are.
    pub rows: u64,
    /// What the rows do, for the message: `duplicate key in 193 rows`.
    pub problem: String,
    /// Which rows rejecting them leaves: `the first of each`.
    pub kept: &'static str,
}

impl UniqueViolations<'_> {
    /// Deletes the rows, rejects their records and commits; or fails with the first of them, where the policy wants it or
    /// they are more than may be rejected.
    pub async fn settle(self, transaction: Transaction<'_>, policy: Duplicates) -> Result<()> {
        let (load, file, rows) = (self.load, self.file, self.rows);
        if policy == Duplicates::Fail {
            let first = file.first(vec![self.matcher]).await?;
            return Err(error(
                load,
                self.key,
                rows,
                &self.problem,
                self.kept,
                &first,
            ));
        }
        let matchers = vec![self.matcher];
        if load.rejects.would_exceed(rows) {
            let first = file.first(matchers).await?;
            return Err(too_many_rejects(load.rejects, &file.label(), rows, &first));
        }
        let table = &load.target.name;
        let delete = format!(
            "DELETE FROM {table} AS t USING pg_temp.seedrow_removed AS r WHERE t.ctid = r.place"
        );
        transaction.execute(&delete, &[]).await.with_context(|| {
            format!(
                "could not delete rows that break {} from {table}",
                self.key.name
            )
        })?;
        file.reject(&transaction, table, matchers, rows).await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn error(
    load: &TableLoad<'_>,
    key: &DroppedConstraint,
    rows: u64,
    problem: &str,
    kept: &str,
    first: &[Rejected],
) -> Error {
    let mut notes: Vec<String> = first.iter().map(Rejected::message).collect();
    let all = load.rejects.count() + rows;
    notes.push(format!(
        "to load {kept} and reject the others, run: {}",
        again(&["--duplicates", "reject", "--max-rejects", &all.to_string()])
    ));
    let message = format!(
        "{} cannot be created on {}: {problem}",
        key.name, load.target.name
    );
    ErrorWithNotes::of(message, notes)
}
