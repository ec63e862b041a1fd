//! What went wrong, who stood in the way, and what to type.

use anyhow::{Error, Result};
use tokio_postgres::error::{DbError, SqlState};

use crate::load::run::Load;
use crate::postgres::catalog;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::locks::{self, Holder};
use crate::suggestion::TARGET;

impl Load<'_> {
    /// Who holds the lock, when it is one that the error is about.
    pub(crate) async fn explained(&self, error: Error) -> Error {
        let code = error
            .chain()
            .find_map(|cause| cause.downcast_ref::<DbError>());
        if code.map(DbError::code) != Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return error;
        }
        // The error stands, whether or not they can be found.
        let holders = self.lock_holders().await.unwrap_or_default();
        let mut notes: Vec<String> = holders.iter().map(|it| format!("held by {it}")).collect();
        notes.push(
            "--lock-timeout TIME waits longer; type the command again when they are done".into(),
        );
        ErrorWithNotes {
            message: "a table stayed locked by another session".into(),
            notes,
            source: Some(error.reallocate_into_boxed_dyn_error_without_backtrace()),
        }
        .into()
    }

    async fn lock_holders(&self) -> Result<Vec<Holder>> {
        let client = self.server.connect().await?;
        let schema = self.schema(&client).await?;
        let mut tables = Vec::new();
        for name in self.table_names() {
            tables.extend(catalog::find(&client, Some(&schema), &name).await?);
        }
        locks::holders(&client, &tables).await
    }

    /// The error with what to type beneath it.
    pub(crate) fn unfinished(&self, error: Error) -> Error {
        let notes = vec![
            format!(
                "the load is unfinished; with this mended, type: {}",
                self.command
            ),
            format!("to give it up instead, type: seedrow forget --abandon{TARGET}"),
        ];
        let refused = ErrorWithNotes {
            message: error.to_string(),
            notes,
            source: Some(error.reallocate_into_boxed_dyn_error_without_backtrace()),
        };
        refused.into()
    }
}
