//! What follows once the rows that break a unique key or an exclusion constraint are known: they are deleted and their records
//! rejected, or the load fails, with the first of them for each constraint.

use std::fmt;

use anyhow::{Context, Error, Result};
use tokio_postgres::Transaction;

use crate::load::constraints::deletion::Deletion;
use crate::load::constraints::reject_limit::too_many_rejects;
use crate::load::ledger::DroppedConstraint;
use crate::load::policy::Duplicates;
use crate::load::source::rejects::{Rejected, Rejects};
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
    /// How they are deleted.
    pub deletion: Deletion,
    /// What the rows do, for the message: `duplicate key in 193 rows`.
    pub problem: String,
    /// Which rows rejecting them leaves: `the first of each`.
    pub kept: &'static str,
}

/// Rows that break a unique key or an exclusion constraint and may not be rejected. The load fails with those of all tables
/// at once.
#[derive(Debug)]
pub struct KeyViolation {
    /// The constraint and what its rows do: `pets_pkey cannot be created on public.pets: duplicate key in 2 rows`.
    problem: String,
    /// See [`UniqueViolations::kept`].
    kept: &'static str,
    /// The file.
    file: String,
    /// How many rows there are.
    rows: u64,
    /// The first of their records.
    first: Vec<Rejected>,
}

impl fmt::Display for KeyViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for KeyViolation {}

impl UniqueViolations<'_> {
    /// Deletes the rows, rejects their records and commits. A [`KeyViolation`] where the policy doesn't want that, or they are
    /// more than may be rejected.
    pub async fn settle(self, transaction: Transaction<'_>, policy: Duplicates) -> Result<()> {
        let (load, file, rows) = (self.load, self.file, self.rows);
        // A partition's rows have places of their own.
        let table = &self.key.table;
        let matchers = vec![self.matcher];
        if policy == Duplicates::Fail || !load.rejects.reserve(&load.target.name.name, rows) {
            let name = &self.key.name;
            return Err(Error::new(KeyViolation {
                problem: format!("{name} cannot be created on {table}: {}", self.problem),
                kept: self.kept,
                file: file.label(),
                rows,
                first: file.first(matchers).await?,
            }));
        }
        let deleted = self
            .deletion
            .run(&transaction, table, &load.target.columns)
            .await;
        deleted.with_context(|| {
            format!(
                "could not delete rows that break {} from {table}",
                self.key.name
            )
        })?;
        file.reject(&transaction, &load.target.name, matchers, rows)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// The error of a load whose rows break keys, with the number of rejects that is enough for all of them. A row that breaks two
/// keys counts twice.
pub fn violations_error(
    violations: &[KeyViolation],
    rejects: &Rejects,
    policy: Duplicates,
) -> Error {
    let first = violations.iter().flat_map(|it| &it.first);
    if policy == Duplicates::Reject {
        let counts: Vec<(&str, u64)> = violations
            .iter()
            .map(|it| (it.file.as_str(), it.rows))
            .collect();
        return too_many_rejects(rejects, &counts, first);
    }
    let kept = match violations {
        [first, others @ ..] if others.iter().all(|it| it.kept == first.kept) => first.kept,
        _ => "the earlier ones",
    };
    let all = rejects.count() + violations.iter().map(|it| it.rows).sum::<u64>();
    let mut notes: Vec<String> = first.map(Rejected::message).collect();
    notes.push(format!(
        "to load {kept} and reject the others, run: {}",
        again(&["--duplicates", "reject", "--max-rejects", &all.to_string()])
    ));
    let problems: Vec<&str> = violations.iter().map(|it| it.problem.as_str()).collect();
    ErrorWithNotes::of(problems.join("; "), notes)
}
