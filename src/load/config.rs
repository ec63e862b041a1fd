//! What a load is asked to do: server, dataset, tables and policies, fixed before any work starts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

use crate::dataset::{Dataset, Part};
use crate::load::policy::{Policy, Triggers};
use crate::load::source::rejects::Rejects;
use crate::load::stage::StageTracker;
use crate::postgres::{CommitUnit, Server, catalog};

/// What is loaded, where and how.
pub struct Load<'a> {
    /// The server.
    pub server: &'a Server,
    /// The dataset that describes the tables.
    pub dataset: &'a Arc<Dataset>,
    /// The positions of its tables, in load order.
    pub tables: &'a [usize],
    /// The part of the rows that is loaded, others being loaded by commands of their own; `None` for all.
    pub part: Option<Part>,
    /// Connections that load at a time.
    pub jobs: usize,
    /// Whether tables that hold rows are emptied.
    pub replace: bool,
    /// What becomes of tables that exist.
    pub tables_found: TablesFound,
    /// Handling of existing rows and of rows that violate keys.
    pub policy: Policy,
    /// Receives the rejected records.
    pub rejects: Arc<Rejects>,
    /// What a transaction loads; `None` for what suits the target.
    pub commit: Option<CommitUnit>,
    /// Whether commits wait for the server's disk.
    pub commits: Commits,
    /// The longest that a statement waits for a lock.
    pub lock_timeout: Duration,
    /// The command line as it was typed, for the ledger and for messages.
    pub command: String,
    /// Updated as the load proceeds.
    pub stage: &'a StageTracker,
}

/// Whether commits wait for the server's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commits {
    /// Not where the server may lose the last ones: they are lost with their rows in the ledger.
    Asynchronous,
    /// All do. VACUUM marks no page visible to all whose rows' commit, or one of about the same time, isn't on the disk.
    Synchronous,
}

impl Commits {
    /// Those of a load of all rows, or of a part.
    pub fn of(part: Option<Part>) -> Commits {
        match part {
            None => Commits::Asynchronous,
            Some(_) => Commits::Synchronous,
        }
    }
}

/// What becomes of a dataset's tables that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablesFound {
    /// They are loaded into as they are.
    Used,
    /// They are dropped and made anew.
    Recreated,
}

impl Load<'_> {
    /// The tables' names, in load order.
    pub fn table_names(&self) -> Vec<String> {
        self.tables
            .iter()
            .map(|&table| self.dataset.tables[table].name.clone())
            .collect()
    }

    /// Whether triggers fire for the rows of a table, by its position.
    pub fn triggers(&self, table: usize) -> Triggers {
        match self.policy.triggers {
            Triggers::Fire => self.dataset.tables[table].triggers,
            Triggers::Skip => Triggers::Skip,
        }
    }

    /// The schema asked for, else the connection's current one.
    pub async fn schema(&self, client: &impl GenericClient) -> Result<String> {
        if let Some(schema) = self.server.schema() {
            return Ok(schema.to_owned());
        }
        let current = catalog::current_schema(client).await?;
        current.context("the connection's search_path names no schema that exists; choose one with --target-schema")
    }
}
