//! The load from first look to last constraint, as a table of contents.

use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::dataset::Dataset;
use crate::load::account::Account;
use crate::load::afterwards::Afterwards;
use crate::load::begin::{self, Reached, Stage};
use crate::load::columns;
use crate::load::crew::Crew;
use crate::load::fill::Fill;
use crate::load::identity::{self, Found};
use crate::load::input::Input;
use crate::load::ledger;
use crate::load::lift::{self, Choice};
use crate::load::restore::{self, BrokenKey};
use crate::load::rights;
use crate::load::rows::{TableLoad, Way};
use crate::load::size::Size;
use crate::load::tables::{self, Target};
use crate::postgres::Server;
use crate::postgres::catalog;
use crate::postgres::error::Refused;
use crate::progress::{Progress, grouped};

/// What is to be loaded, where, and how.
pub struct Load<'a> {
    /// The server.
    pub server: &'a Server,
    /// The dataset that says what the tables are.
    pub dataset: &'a Dataset,
    /// The positions of its tables, in load order.
    pub tables: &'a [usize],
    /// Tables at a time.
    pub jobs: usize,
    /// Whether tables that hold rows are emptied.
    pub replace: bool,
    /// What was typed, but for `--replace`, for the ledger and messages.
    pub command: String,
    /// Where it is told how far the load has come.
    pub stage: &'a Stage,
}

/// One phase's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// What was done.
    pub name: &'static str,
    /// Rows it was done to, where that says something.
    pub rows: Option<u64>,
    /// How long it took.
    pub took: Duration,
}

impl Phase {
    /// A phase that ends now.
    pub fn since(start: Instant, name: &'static str, rows: Option<u64>) -> Phase {
        Phase {
            name,
            rows,
            took: start.elapsed(),
        }
    }
}

/// A finished load.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// One for each table, in load order.
    pub accounts: Vec<Account>,
    /// Foreign keys that rows break.
    pub broken: Vec<BrokenKey>,
    /// Constraints that stayed in place, with the reason.
    pub stayed: Vec<String>,
    /// Where the time went.
    pub phases: Vec<Phase>,
}

/// How a load ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    /// It was done now.
    Now(Loaded),
    /// The ledger says that it was done before.
    Before(Loaded),
}

impl Finished {
    /// The accounts and findings, whenever it was.
    pub fn loaded(&self) -> &Loaded {
        match self {
            Finished::Now(loaded) | Finished::Before(loaded) => loaded,
        }
    }
}

impl Load<'_> {
    /// The tables' names, in load order.
    pub fn table_names(&self) -> Vec<String> {
        self.tables
            .iter()
            .map(|&table| self.dataset.tables[table].name.clone())
            .collect()
    }

    /// The schema that the tables are in or go into.
    pub(super) async fn schema(&self, client: &impl GenericClient) -> Result<String> {
        if let Some(schema) = self.server.schema() {
            return Ok(schema.to_owned());
        }
        let current = catalog::current_schema(client).await?;
        current.context("the connection's search_path names no schema that exists; choose one with --target-schema")
    }

    /// Whether this load was done before; refuses when another one, or rows of others, stand in the way. Changes
    /// nothing: a look before rows are made that could not be loaded.
    pub async fn look(&self, identity: &str) -> Result<Found> {
        let client = self.server.connect().await?;
        let Some(schema) = self.existing_schema(&client).await? else {
            return Ok(Found::Nothing);
        };
        let entry = ledger::find(&client, &schema).await?;
        let found = identity::judge(self, entry, identity)?;
        if found == Found::Complete && self.still_there(&client, &schema).await? {
            return Ok(Found::Complete);
        }
        tables::are_missing(&client, self.dataset, &schema, self.tables).await?;
        let full = tables::full(&client, self.dataset, &schema, self.tables).await?;
        self.ensure_may_fill(&full)?;
        Ok(Found::Nothing)
    }

    /// Whether no table that the ledger has rows of was dropped or emptied since.
    async fn still_there(&self, client: &Client, schema: &str) -> Result<bool> {
        let accounts = ledger::accounts(client, schema, &self.table_names()).await?;
        let full = tables::full(client, self.dataset, schema, self.tables).await?;
        let there = tables::existing(client, self.dataset, schema, self.tables).await?;
        let kept = |account: &Account| account.loaded == 0 || full.contains(&account.name);
        Ok(there == self.table_names() && accounts.iter().all(kept))
    }

    async fn existing_schema(&self, client: &Client) -> Result<Option<String>> {
        match self.server.schema() {
            Some(schema) => Ok(catalog::schema_exists(client, schema)
                .await?
                .then(|| schema.to_owned())),
            None => self.schema(client).await.map(Some),
        }
    }

    /// Loads the input, or says that it was loaded before.
    ///
    /// Errors leave the ledger with an unfinished load, which `--replace` redoes; every table is whole or empty.
    pub async fn carry_out(
        &self,
        input: &Input,
        afterwards: &impl Afterwards,
        progress: &Progress,
    ) -> Result<Finished> {
        self.ensure_headers_fit(input)?;
        let identity = identity::of_input(self, input)?;
        let mut control = self.server.connect().await?;
        begin::lock(&control).await?;
        if self.look(&identity).await? == Found::Complete {
            return self.recall().await;
        }

        // One transaction up to the first row: whatever refuses leaves no trace.
        let transaction = control.transaction().await?;
        let schema = self.make_ready(&transaction).await?;
        let targets = tables::find(&transaction, self.dataset, &schema, self.tables).await?;
        rights::ensure_may_fill(&transaction, &targets).await?;
        let choice = self.choose_keys(&transaction, &targets).await?;
        let loads = self.table_loads(input, &targets, &choice)?;
        self.announce(&transaction, input, &schema, &loads, &choice, progress)
            .await?;
        afterwards.plan(&transaction).await?;
        self.begin(transaction, &schema, &identity, input, &choice, &targets)
            .await?;

        let filled = self.fill(&control, &schema, &loads, &choice, afterwards, progress);
        let loaded = filled.await.map_err(|error| self.unfinished(error))?;
        self.stage.set(Reached::Complete);
        Ok(Finished::Now(loaded))
    }

    async fn fill(
        &self,
        control: &Client,
        schema: &str,
        loads: &[TableLoad<'_>],
        choice: &Choice,
        afterwards: &impl Afterwards,
        progress: &Progress,
    ) -> Result<Loaded> {
        let lifted = ledger::lifted(control, schema).await?;
        let crew = Crew {
            server: self.server,
            jobs: self.jobs,
        };
        let fill = Fill {
            crew,
            loads,
            lifted: &lifted,
            choice,
            afterwards,
            progress,
        };
        let loaded = fill.carry_out().await?;
        ledger::finish(control, schema).await?;
        Ok(loaded)
    }

    /// The error with what to type beneath it.
    fn unfinished(&self, error: Error) -> Error {
        let next = format!(
            "the load is unfinished, each table whole or empty; with this mended, type: {} --replace",
            self.command
        );
        let refused = Refused {
            message: error.to_string(),
            notes: vec![next],
            source: Some(error.into_boxed_dyn_error()),
        };
        refused.into()
    }

    /// The accounts and findings of this load, which was completed before.
    pub async fn recall(&self) -> Result<Finished> {
        self.stage.set(Reached::Complete);
        let client = self.server.connect().await?;
        let schema = self.schema(&client).await?;
        self.finished_before(&client, &schema).await
    }

    async fn finished_before(&self, client: &Client, schema: &str) -> Result<Finished> {
        let accounts = ledger::accounts(client, schema, &self.table_names()).await?;
        let targets = tables::find(client, self.dataset, schema, self.tables).await?;
        let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
        let broken = restore::broken_keys(client, &oids).await?;
        Ok(Finished::Before(Loaded {
            accounts,
            broken,
            stayed: Vec::new(),
            phases: Vec::new(),
        }))
    }

    /// Refuses tables that hold rows, unless they may be emptied.
    fn ensure_may_fill(&self, full: &[String]) -> Result<()> {
        if self.replace || full.is_empty() {
            return Ok(());
        }
        bail!(
            "{} {} rows already; --replace empties what is to be loaded, --target-schema NAME loads beside it",
            full.join(", "),
            if full.len() == 1 { "holds" } else { "hold" }
        )
    }

    /// Refuses headers that don't fit, before anything is written.
    fn ensure_headers_fit(&self, input: &Input) -> Result<()> {
        for rows in &input.tables {
            let table = &self.dataset.tables[rows.table];
            columns::by_header(table, &rows.header, &rows.shown())?;
        }
        Ok(())
    }

    async fn choose_keys(&self, client: &Transaction<'_>, targets: &[Target]) -> Result<Choice> {
        let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
        let path: String = client
            .query_one("SHOW search_path", &[])
            .await?
            .try_get(0)?;
        client
            .batch_execute("SET LOCAL search_path = pg_catalog")
            .await?;
        let keys = lift::keys(client, &oids).await;
        client
            .execute("SELECT set_config('search_path', $1, true)", &[&path])
            .await?;
        let keys = keys?;
        let full = tables::full_outsiders(client, targets, &keys).await?;
        Ok(lift::choose(keys, &full))
    }

    fn table_loads<'t>(
        &'t self,
        input: &'t Input,
        targets: &'t [Target],
        choice: &Choice,
    ) -> Result<Vec<TableLoad<'t>>> {
        let load = |target: &'t Target| -> Result<TableLoad<'t>> {
            let rows = input
                .tables
                .iter()
                .find(|rows| rows.table == target.table)
                .context("a table has no rows to come")?;
            let alone = target.ordinary && !choice.is_referred_to(target.oid);
            let way = if alone { Way::Frozen } else { Way::Plain };
            Ok(TableLoad {
                dataset: self.dataset,
                target,
                input: rows,
                way,
            })
        };
        targets.iter().map(load).collect()
    }

    async fn announce(
        &self,
        client: &impl GenericClient,
        input: &Input,
        schema: &str,
        loads: &[TableLoad<'_>],
        choice: &Choice,
        progress: &Progress,
    ) -> Result<()> {
        let level: String = client.query_one("SHOW wal_level", &[]).await?.try_get(0)?;
        let names = self.table_names().join(", ");
        progress.say(format!("load: {} → {}", input.shown, self.server.shown()));
        progress.say(format!("load: schema {schema}: {names}"));
        let bytes = indicatif::HumanBytes(input.bytes());
        let Some(rows) = input.rows() else {
            progress.say(format!("load: {bytes} of CSV, every record read"));
            return Ok(());
        };
        let entries = loads
            .iter()
            .map(|load| load.input.rows.unwrap_or(0) * choice.keys_on(load.target.oid) as u64);
        let size = Size::expected(input.bytes(), rows, entries.sum(), level == "minimal");
        progress.say(format!(
            "load: {} rows, {bytes} of CSV; about {} of heap, {} of indexes, {} of WAL",
            grouped(rows),
            indicatif::HumanBytes(size.heap),
            indicatif::HumanBytes(size.indexes),
            indicatif::HumanBytes(size.wal)
        ));
        Ok(())
    }
}
