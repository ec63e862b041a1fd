//! What a command adds to a load: work on each table once its rows are there, while other tables still load.

use anyhow::Result;
use tokio_postgres::Transaction;

use crate::postgres::TableName;

/// Work on loaded tables, run side by side with the load.
pub trait PostLoadHook {
    /// One piece of work, run concurrently with others.
    type Work;

    /// The name of the phase that includes it, for the report.
    const PHASE: &'static str;

    /// Plans the work, with all tables in place and no constraint dropped yet; returns the qualified names of the indexes
    /// that it will build, which abandoning the load drops again.
    fn plan(&self, client: &Transaction<'_>) -> impl Future<Output = Result<Vec<TableName>>>;

    /// The work on one table, whose rows are loaded.
    fn tasks(&self, table: &TableName) -> Vec<Self::Work>;

    /// Does one piece of work.
    fn run(&self, task: Self::Work) -> impl Future<Output = Result<()>>;
}

/// No work.
pub struct NoHook;

impl PostLoadHook for NoHook {
    type Work = ();

    const PHASE: &'static str = "load rows, build keys";

    async fn plan(&self, _: &Transaction<'_>) -> Result<Vec<TableName>> {
        Ok(Vec::new())
    }

    fn tasks(&self, _: &TableName) -> Vec<()> {
        Vec::new()
    }

    async fn run(&self, (): ()) -> Result<()> {
        Ok(())
    }
}
