//! What whoever loads does to a table once its rows are there, while other tables still load.

use anyhow::Result;
use tokio_postgres::Transaction;

use crate::postgres::TableName;

/// Work that goes along with a load.
pub trait Afterwards {
    /// One piece of it, done side by side with others.
    type Task;

    /// The phase that it is a part of, for the report.
    const PHASE: &'static str;

    /// With all tables there and every constraint still in place; the indexes that it will build, schema and all, which
    /// giving the load up takes away again.
    fn plan(&self, client: &Transaction<'_>) -> impl Future<Output = Result<Vec<TableName>>>;

    /// What is to be done to a table with its rows in place.
    fn tasks(&self, table: &TableName) -> Vec<Self::Task>;

    /// Does one piece.
    fn carry_out(&self, task: Self::Task) -> impl Future<Output = Result<()>>;
}

/// Nothing.
pub struct Nothing;

impl Afterwards for Nothing {
    type Task = ();

    const PHASE: &'static str = "load rows, build keys";

    async fn plan(&self, _: &Transaction<'_>) -> Result<Vec<TableName>> {
        Ok(Vec::new())
    }

    fn tasks(&self, _: &TableName) -> Vec<()> {
        Vec::new()
    }

    async fn carry_out(&self, (): ()) -> Result<()> {
        Ok(())
    }
}
