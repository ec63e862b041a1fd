//! What a command adds to a load: work on each table once its rows are there, while other tables still load.

use anyhow::Result;
use tokio_postgres::Transaction;

use crate::postgres::TableName;

/// The indexes that a hook will build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexPlan {
    /// Their qualified names, which abandoning the load drops again.
    pub names: Vec<String>,
    /// The plan as the hook reads it again when the load goes on: the foreign keys that it follows from are dropped then.
    pub memo: String,
}

impl IndexPlan {
    /// With those that an earlier attempt was to build.
    #[must_use]
    pub fn with(mut self, earlier: Vec<String>) -> IndexPlan {
        self.names.extend(earlier);
        self
    }
}

/// Work on loaded tables, run side by side with the load.
pub trait PostLoadHook {
    /// One piece of work, run concurrently with others.
    type Work;

    /// The name of the phase that includes it, for the report.
    const PHASE: &'static str;

    /// Plans the work, with all tables in place, before the load drops a constraint; `memo` is that of the plan of an earlier
    /// attempt, empty for none.
    fn plan(&self, client: &Transaction<'_>, memo: &str)
    -> impl Future<Output = Result<IndexPlan>>;

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

    async fn plan(&self, _: &Transaction<'_>, memo: &str) -> Result<IndexPlan> {
        // Of a load that another command began and this one goes on with.
        Ok(IndexPlan {
            names: Vec::new(),
            memo: memo.to_owned(),
        })
    }

    fn tasks(&self, _: &TableName) -> Vec<()> {
        Vec::new()
    }

    async fn run(&self, (): ()) -> Result<()> {
        Ok(())
    }
}
