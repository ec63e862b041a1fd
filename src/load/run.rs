//! The load from first look to last constraint, as a table of contents.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::dataset::Dataset;
use crate::load::account::Account;
use crate::load::constraints::drop::{self, Choice};
use crate::load::constraints::restore::{self, BrokenKey};
use crate::load::identity::{self, Found, Identity};
use crate::load::ledger::{self, NewEntry};
use crate::load::phases::Fill;
use crate::load::policy::Policy;
use crate::load::post_load_hook::Afterwards;
use crate::load::prepare::{Reached, Stage};
use crate::load::session::advisory_lock;
use crate::load::session::privileges;
use crate::load::session::server_settings::{Mark, Settings};
use crate::load::session::settings::Session;
use crate::load::session::worker_pool::Crew;
use crate::load::source::columns;
use crate::load::source::input::Input;
use crate::load::source::rejects::{Rejected, Rejects};
use crate::load::table::load::{self, Commit, TableLoad, Way};
use crate::load::table::target::{self, Target};
use crate::postgres::catalog;
use crate::postgres::{Server, TableName};
use crate::progress::Progress;

/// What is to be loaded, where, and how.
pub struct Load<'a> {
    /// The server.
    pub server: &'a Server,
    /// The dataset that says what the tables are.
    pub dataset: &'a Arc<Dataset>,
    /// The positions of its tables, in load order.
    pub tables: &'a [usize],
    /// Tables at a time.
    pub jobs: usize,
    /// Whether tables that hold rows are emptied.
    pub replace: bool,
    /// What becomes of what isn't right.
    pub policy: Policy,
    /// Where what isn't loaded goes.
    pub rejects: Arc<Rejects>,
    /// What a transaction loads; `None` for what suits the target.
    pub commit: Option<Commit>,
    /// The longest a statement waits for a lock that others hold.
    pub lock_timeout: Duration,
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
    /// The first records rejected.
    pub rejected: Vec<Rejected>,
    /// The tables that have rejects, and where these are.
    pub put_aside: Vec<(String, PathBuf)>,
    /// Where the time went.
    pub phases: Vec<Phase>,
    /// What the server was set to meanwhile.
    pub settings: Settings,
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

/// A load that has begun.
pub(super) struct Begun {
    /// The tables' schema.
    pub schema: String,
    /// The tables.
    pub targets: Vec<Target>,
    /// What is lifted from them.
    pub choice: Choice,
    /// What an earlier attempt left.
    pub earlier: Vec<ledger::Progress>,
    /// See [`Identity::sources`].
    pub sources: Vec<String>,
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

    /// What the ledger has of this load; refuses when another one, or rows of others, stand in the way. Changes nothing:
    /// a look before rows are made that could not be loaded.
    pub async fn look(&self, identity: &Identity) -> Result<Found> {
        let client = self.server.connect().await?;
        let Some(schema) = self.existing_schema(&client).await? else {
            return Ok(Found::Nothing);
        };
        let entry = ledger::find(&client, &schema).await?;
        let found = identity::judge(self, entry.as_ref(), identity)?;
        match found {
            Found::Unfinished => return Ok(found),
            Found::Complete if self.still_there(&client, &schema, identity).await? => {
                return Ok(found);
            }
            Found::Complete | Found::Nothing => {}
        }
        target::are_missing(&client, self.dataset, &schema, self.tables).await?;
        let full = target::full(&client, self.dataset, &schema, self.tables).await?;
        self.ensure_may_fill(&full)?;
        Ok(Found::Nothing)
    }

    /// Whether no file was changed since, and no table that the ledger has rows of dropped or emptied.
    async fn still_there(
        &self,
        client: &Client,
        schema: &str,
        identity: &Identity,
    ) -> Result<bool> {
        let loaded = ledger::progress(client, schema, &self.table_names()).await?;
        let full = target::full(client, self.dataset, schema, self.tables).await?;
        let there = target::existing(client, self.dataset, schema, self.tables).await?;
        let kept =
            |it: &ledger::Progress| it.account.loaded == 0 || full.contains(&it.account.name);
        let same = loaded
            .iter()
            .map(|it| &it.source)
            .eq(identity.sources.iter());
        Ok(same && there == self.table_names() && loaded.iter().all(kept))
    }

    async fn existing_schema(&self, client: &Client) -> Result<Option<String>> {
        match self.server.schema() {
            Some(schema) => Ok(catalog::schema_exists(client, schema)
                .await?
                .then(|| schema.to_owned())),
            None => self.schema(client).await.map(Some),
        }
    }

    /// Loads the input, takes up where an earlier attempt was left, or says that it was loaded before.
    ///
    /// Errors leave the ledger with an unfinished load, which the same command finishes.
    pub async fn carry_out(
        &self,
        input: &Input,
        afterwards: &impl Afterwards,
        progress: &Progress,
    ) -> Result<Finished> {
        self.ensure_headers_fit(input)?;
        let identity = identity::of_input(self, input)?;
        let mut control = self.server.connect().await?;
        let session = Session::plan(
            self.server,
            &control,
            self.tables.len(),
            self.jobs,
            self.lock_timeout,
            progress,
        )
        .await?;
        session.apply(&control).await?;
        advisory_lock::acquire(self.server, &control, progress).await?;
        let found = self.look(&identity).await?;
        if found == Found::Complete {
            return self.recall().await;
        }
        let begun = self.prepare(&mut control, input, afterwards, &identity, found, progress);
        let begun = match begun.await {
            Ok(begun) => begun,
            Err(error) => return Err(self.explained(error).await),
        };
        let crew = Crew {
            server: self.server,
            session: &session,
            alone: false,
        };
        let fill = Fill {
            crew,
            loads: &self.table_loads(input, &begun)?,
            lifted: &ledger::lifted(&control, &begun.schema).await?,
            choice: &begun.choice,
            afterwards,
            policy: self.policy,
            schema: &begun.schema,
            progress,
        };
        for earlier in &begun.earlier {
            self.rejects.count_earlier(&earlier.account);
        }
        let before = Mark::now(&control).await;
        match fill.carry_out().await {
            Ok(loaded) => {
                let settings = Settings::since(before, self.server, &control).await?;
                let loaded = Loaded {
                    settings,
                    rejected: self.rejects.first(),
                    put_aside: self.rejects.files_of(&loaded.accounts),
                    ..loaded
                };
                ledger::finish(&control, &begun.schema).await?;
                self.stage.set(Reached::Complete);
                Ok(Finished::Now(loaded))
            }
            Err(error) => Err(self.unfinished(self.explained(error).await)),
        }
    }

    /// One transaction up to the first row: whatever refuses leaves no trace.
    async fn prepare(
        &self,
        control: &mut Client,
        input: &Input,
        afterwards: &impl Afterwards,
        identity: &Identity,
        found: Found,
        progress: &Progress,
    ) -> Result<Begun> {
        let transaction = control.transaction().await?;
        let schema = self.make_ready(&transaction).await?;
        let targets = target::find(&transaction, self.dataset, &schema, self.tables).await?;
        privileges::ensure_may_fill(&transaction, &targets).await?;
        let entry = match found {
            Found::Unfinished => ledger::find(&transaction, &schema).await?,
            Found::Nothing | Found::Complete => None,
        };
        let earlier = match &entry {
            Some(entry) => {
                self.earlier(&transaction, &schema, &targets, entry, identity)
                    .await?
            }
            None => Vec::new(),
        };
        let choice = self.choose_keys(&transaction, &targets, &earlier).await?;
        let begun = Begun {
            schema,
            targets,
            choice,
            earlier,
            sources: identity.sources.clone(),
        };
        match &entry {
            Some(entry) => self.announce_rest(entry, input, &begun, progress),
            None => self.announce(&transaction, input, &begun, progress).await?,
        }
        let indexes = afterwards.plan(&transaction).await?;
        if entry.is_some() {
            self.begin_rest(&transaction, &begun).await?;
        } else {
            let entry = self.entry(&identity.digest, input, indexes, &begun.targets);
            self.begin(
                &transaction,
                &begun.schema,
                &entry,
                &begun.choice,
                &begun.targets,
            )
            .await?;
        }
        self.stage.set(Reached::Begun);
        transaction
            .commit()
            .await
            .context("could not begin the load")?;
        Ok(begun)
    }

    fn entry<'e>(
        &'e self,
        identity: &'e str,
        input: &Input,
        indexes: Vec<TableName>,
        targets: &[Target],
    ) -> NewEntry<'e> {
        NewEntry {
            identity,
            command: &self.command,
            dataset: &self.dataset.name,
            dataset_hash: &self.dataset.hash,
            root_rows: input.origin.map(|origin| origin.rows),
            seed: input.origin.map(|origin| origin.seed),
            tables: self.table_names(),
            replaced: !self.policy.append && targets.iter().any(|target| target.holds_rows),
            appended: self.policy.append,
            indexes: indexes.iter().map(ToString::to_string).collect(),
        }
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
        let targets = target::find(client, self.dataset, schema, self.tables).await?;
        let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
        let broken = restore::broken_keys(client, &oids).await?;
        Ok(Finished::Before(Loaded {
            accounts,
            broken,
            stayed: Vec::new(),
            rejected: Vec::new(),
            put_aside: Vec::new(),
            phases: Vec::new(),
            settings: Settings::default(),
        }))
    }

    /// Refuses tables that hold rows, unless they may be emptied.
    fn ensure_may_fill(&self, full: &[String]) -> Result<()> {
        if self.replace || self.policy.append || full.is_empty() {
            return Ok(());
        }
        bail!(
            "{} {} rows already; --replace empties what is to be loaded, `seedrow load --append` adds to it, \
             --target-schema NAME loads beside it",
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

    /// The keys of the tables that are not complete yet: those of the others are back already.
    async fn choose_keys(
        &self,
        client: &Transaction<'_>,
        targets: &[Target],
        earlier: &[ledger::Progress],
    ) -> Result<Choice> {
        let is_open = |target: &&Target| {
            let known = earlier
                .iter()
                .find(|it| it.account.name == target.name.name);
            known.is_none_or(|it| it.next.is_some())
        };
        let open = targets.iter().filter(is_open);
        let oids: Vec<u32> = open.map(|target| target.oid).collect();
        let keys = drop::keys_as_written(client, &oids).await?;
        if self.policy.append {
            return Ok(drop::keep(keys));
        }
        let full = target::full_outsiders(client, targets, &keys).await?;
        Ok(drop::choose(keys, &full))
    }

    fn table_loads<'t>(&'t self, input: &'t Input, begun: &'t Begun) -> Result<Vec<TableLoad<'t>>> {
        let suited = match self.server.is_local() {
            true => Commit::Table,
            false => Commit::Segment,
        };
        let load = |(target, source): (&'t Target, &String)| -> Result<TableLoad<'t>> {
            let rows = input
                .tables
                .iter()
                .find(|rows| rows.table == target.table)
                .context("a table has no rows to come")?;
            let alone = target.ordinary && !begun.choice.is_referred_to(target.oid);
            let earlier = begun
                .earlier
                .iter()
                .find(|it| it.account.name == target.name.name);
            Ok(TableLoad {
                dataset: self.dataset,
                rejects: &self.rejects,
                target,
                input: rows,
                way: match (self.policy.append, alone) {
                    (true, _) => Way::Added,
                    (false, true) => Way::Emptied,
                    (false, false) => Way::Plain,
                },
                commit: self.commit.unwrap_or(suited),
                earlier: earlier.cloned(),
                source: source.clone(),
                policy: self.policy,
                segment: load::SEGMENT,
            })
        };
        let targets = begun.targets.iter().zip(&begun.sources);
        targets.map(load).collect()
    }
}
