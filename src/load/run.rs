//! The load from first look to last constraint, as a table of contents.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use tokio_postgres::Client;
use xxhash_rust::xxh3::Xxh3;

use crate::dataset::Dataset;
use crate::files::manifest::checksum;
use crate::load::account::Account;
use crate::load::input::Input;
use crate::load::ledger::{self, Entry, Lifted, NewEntry};
use crate::load::lift::{self, Choice};
use crate::load::restore::{self, BrokenKey};
use crate::load::rows::{TableLoad, Way};
use crate::load::size::Size;
use crate::load::tables::{self, Target};
use crate::postgres::Server;
use crate::postgres::catalog;
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
    /// What was typed, for the ledger's messages.
    pub command: String,
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

/// What the ledger says before a load.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or a complete load that is to be replaced.
    Nothing,
    /// This very load, complete.
    Complete,
}

/// A finished load.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// A row for each table, in load order.
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

/// Held while a load runs, so that a second seedrow on the same database is refused.
const LOCK: i64 = 0x5EED_0000_0000_0001;

impl Load<'_> {
    /// The identity of rows that seedrow made itself: version, dataset, rows, seed and tables decide every byte.
    pub fn generated_identity(&self, rows: u64, seed: u64) -> String {
        let version = env!("CARGO_PKG_VERSION");
        self.identity(&format!("{version} {} {rows} {seed}", self.dataset.hash))
    }

    /// The identity of an input: of its manifest, else of its files' names, sizes and times.
    fn input_identity(&self, input: &Input) -> Result<String> {
        if let Some(manifest) = &input.manifest
            && input.files.iter().all(|file| file.described.is_some())
            && manifest.seedrow == env!("CARGO_PKG_VERSION")
        {
            return Ok(self.generated_identity(manifest.rows, manifest.seed));
        }
        let mut files = self.dataset.hash.clone();
        for file in &input.files {
            let time = std::fs::metadata(&file.path).and_then(|meta| meta.modified());
            let time =
                time.with_context(|| format!("could not ask the age of {}", file.path.display()))?;
            files.push_str(&format!(" {} {} {time:?}", file.name(), file.bytes));
        }
        Ok(self.identity(&files))
    }

    fn identity(&self, what: &str) -> String {
        let mut hash = Xxh3::new();
        hash.update(what.as_bytes());
        for name in self.table_names() {
            hash.update(b"\0");
            hash.update(name.as_bytes());
        }
        checksum(hash.digest())
    }

    fn table_names(&self) -> Vec<String> {
        self.tables
            .iter()
            .map(|&table| self.dataset.tables[table].name.clone())
            .collect()
    }

    /// The schema that the tables are in or go into.
    async fn schema(&self, client: &Client) -> Result<String> {
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
        let found = self.judge(ledger::find(&client, &schema).await?, identity)?;
        if found == Found::Nothing {
            self.ensure_may_fill(
                &tables::full(&client, self.dataset, &schema, self.tables).await?,
            )?;
        }
        Ok(found)
    }

    async fn existing_schema(&self, client: &Client) -> Result<Option<String>> {
        match self.server.schema() {
            Some(schema) => Ok(catalog::schema_exists(client, schema)
                .await?
                .then(|| schema.to_owned())),
            None => self.schema(client).await.map(Some),
        }
    }

    fn judge(&self, entry: Option<Entry>, identity: &str) -> Result<Found> {
        let Some(entry) = entry else {
            return Ok(Found::Nothing);
        };
        let same = entry.identity == identity;
        if entry.finished && same && !self.replace {
            return Ok(Found::Complete);
        }
        if entry.finished || (self.replace && self.covers(&entry)) {
            return Ok(Found::Nothing);
        }
        if self.replace {
            bail!(
                "an unfinished load of {} stands in this database, begun with `{}`; redo it whole, with --replace, before \
                 loading fewer tables",
                entry.tables.join(", "),
                entry.command
            );
        }
        bail!(
            "an unfinished load stands in this database, begun with `{}`; `{} --replace` redoes it from the start{}",
            entry.command,
            entry.command,
            if same {
                String::new()
            } else {
                format!(", `{} --replace` takes its place", self.command)
            }
        )
    }

    fn covers(&self, entry: &Entry) -> bool {
        let names = self.table_names();
        entry.tables.iter().all(|table| names.contains(table))
    }

    /// Loads the input, or says that it was loaded before.
    ///
    /// Errors leave the ledger with an unfinished load, which `--replace` redoes; every table is whole or empty.
    pub async fn carry_out(&self, input: &Input, progress: &Progress) -> Result<Finished> {
        let identity = self.input_identity(input)?;
        let mut control = self.server.connect().await?;
        lock(&control).await?;
        let schema = self.prepare_schema(&control).await?;
        let found = self.judge(ledger::find(&control, &schema).await?, &identity)?;
        if found == Found::Complete {
            return self.finished_before(&control, &schema).await;
        }

        tables::ensure_exist(&mut control, self.dataset, &schema, self.tables).await?;
        let targets = tables::find(&control, self.dataset, &schema, self.tables).await?;
        let full: Vec<String> = targets
            .iter()
            .filter(|target| target.holds_rows)
            .map(|target| target.name.name.clone())
            .collect();
        self.ensure_may_fill(&full)?;
        let choice = self.choose_keys(&control, &targets).await?;
        let loads = self.table_loads(input, &targets, &choice)?;
        self.announce(&control, input, &schema, &choice, progress)
            .await?;

        ledger::prepare(&control).await?;
        self.begin(&mut control, &schema, &identity, input, &choice, &targets)
            .await?;
        let lifted = ledger::lifted(&control, &schema).await?;
        let loaded = self
            .fill(&control, &schema, &loads, &lifted, &choice, progress)
            .await?;
        ledger::finish(&control, &schema).await?;
        Ok(Finished::Now(loaded))
    }

    async fn prepare_schema(&self, client: &Client) -> Result<String> {
        if let Some(schema) = self.server.schema() {
            let statement = format!(
                "CREATE SCHEMA IF NOT EXISTS {}",
                crate::postgres::name::quoted(schema)
            );
            client
                .batch_execute(&statement)
                .await
                .with_context(|| format!("could not make the schema {schema}"))?;
        }
        self.schema(client).await
    }

    /// The accounts and findings of this load, which was completed before.
    pub async fn recall(&self) -> Result<Finished> {
        let client = self.server.connect().await?;
        let schema = self.schema(&client).await?;
        self.finished_before(&client, &schema).await
    }

    async fn finished_before(&self, client: &Client, schema: &str) -> Result<Finished> {
        let accounts = ledger::accounts(client, schema, &self.table_names()).await?;
        let targets = tables::find(client, self.dataset, schema, self.tables).await?;
        let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
        let mut broken = Vec::new();
        for key in restore::not_valid(client, &oids).await? {
            broken.push(restore::broken(client, &key).await?);
        }
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

    async fn choose_keys(&self, client: &Client, targets: &[Target]) -> Result<Choice> {
        let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
        let path: String = client.query_one("SHOW search_path", &[]).await?.get(0);
        client.batch_execute("SET search_path = pg_catalog").await?;
        let keys = lift::keys(client, &oids).await;
        client
            .execute("SELECT set_config('search_path', $1, false)", &[&path])
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
            let file = input
                .files
                .iter()
                .find(|file| file.table == target.table)
                .context("a table has no file")?;
            let alone = target.ordinary && !choice.is_referred_to(target.oid);
            let way = if alone { Way::Frozen } else { Way::Plain };
            let load = TableLoad {
                dataset: self.dataset,
                target,
                file,
                way,
            };
            load.ensure_header_fits()?;
            Ok(load)
        };
        targets.iter().map(load).collect()
    }

    async fn announce(
        &self,
        client: &Client,
        input: &Input,
        schema: &str,
        choice: &Choice,
        progress: &Progress,
    ) -> Result<()> {
        let level: String = client.query_one("SHOW wal_level", &[]).await?.get(0);
        let rows = input.rows();
        let names = self.table_names().join(", ");
        progress.say(format!(
            "load: {} → {}, schema {schema}: {names}",
            input.folder.display(),
            self.server.shown()
        ));
        let bytes = indicatif::HumanBytes(input.bytes());
        match rows {
            Some(rows) => {
                let size = Size::expected(input.bytes(), rows, 2.0, level == "minimal");
                progress.say(format!(
                    "load: {} rows, {bytes} of CSV; about {} of heap, {} of indexes, {} of WAL",
                    grouped(rows),
                    indicatif::HumanBytes(size.heap),
                    indicatif::HumanBytes(size.indexes),
                    indicatif::HumanBytes(size.wal)
                ));
            }
            None => progress.say(format!("load: {bytes} of CSV, every record read")),
        }
        for (key, reason) in &choice.stay {
            progress.say(format!(
                "load: {} of {} stays in place: {reason}",
                key.lifted.name, key.lifted.table
            ));
        }
        Ok(())
    }

    /// Enters the load and drops the keys, in one transaction.
    async fn begin(
        &self,
        client: &mut Client,
        schema: &str,
        identity: &str,
        input: &Input,
        choice: &Choice,
        targets: &[Target],
    ) -> Result<()> {
        let transaction = client.transaction().await?;
        let made = input.manifest.as_ref();
        let entry = NewEntry {
            identity,
            command: &self.command,
            dataset: &self.dataset.name,
            dataset_hash: &self.dataset.hash,
            root_rows: made.map(|manifest| manifest.rows),
            seed: made.map(|manifest| manifest.seed),
            tables: self.table_names(),
        };
        ledger::begin(&transaction, schema, &entry).await?;
        for key in &choice.lift {
            lift::drop_constraint(&transaction, schema, &key.lifted).await?;
        }
        let crowded: Vec<String> = targets
            .iter()
            .filter(|target| {
                target.holds_rows && (!target.ordinary || choice.is_referred_to(target.oid))
            })
            .map(|target| target.name.to_string())
            .collect();
        if !crowded.is_empty() {
            let all: Vec<String> = targets
                .iter()
                .map(|target| target.name.to_string())
                .collect();
            let statement = format!("TRUNCATE {}", all.join(", "));
            transaction
                .batch_execute(&statement)
                .await
                .context("could not empty the tables together")?;
        }
        transaction
            .commit()
            .await
            .context("could not begin the load")
    }

    async fn fill(
        &self,
        control: &Client,
        schema: &str,
        loads: &[TableLoad<'_>],
        lifted: &[Lifted],
        choice: &Choice,
        progress: &Progress,
    ) -> Result<Loaded> {
        let mut phases = Vec::new();
        let start = Instant::now();
        let mut accounts = self.copy_and_key(loads, lifted, choice, progress).await?;
        accounts.sort_by_key(|account| self.dataset.position(&account.name));
        let rows = accounts.iter().map(|account| account.loaded).sum();
        phases.push(Phase {
            name: "load rows, build keys",
            rows: Some(rows),
            took: start.elapsed(),
        });

        let start = Instant::now();
        self.on_each(loads.iter().collect(), async |client, load| {
            restore::sequences(client, load.target).await?;
            restore::statistics(client, &load.target.name, load.way == Way::Frozen).await
        })
        .await?;
        phases.push(Phase {
            name: "statistics",
            rows: Some(rows),
            took: start.elapsed(),
        });

        let start = Instant::now();
        let broken = self.foreign_keys(loads, lifted).await?;
        phases.push(Phase {
            name: "foreign keys",
            rows: None,
            took: start.elapsed(),
        });
        let accounts = if accounts.is_empty() {
            ledger::accounts(control, schema, &self.table_names()).await?
        } else {
            accounts
        };
        let stayed = choice
            .stay
            .iter()
            .map(|(key, why)| format!("{} of {}: {why}", key.lifted.name, key.lifted.table));
        Ok(Loaded {
            accounts,
            broken,
            stayed: stayed.collect(),
            phases,
        })
    }

    /// Every table's rows and then its keys, several tables at a time, the largest first; parents first and one at a
    /// time while foreign keys stay in place.
    async fn copy_and_key(
        &self,
        loads: &[TableLoad<'_>],
        lifted: &[Lifted],
        choice: &Choice,
        progress: &Progress,
    ) -> Result<Vec<Account>> {
        let mut order: Vec<&TableLoad> = loads.iter().collect();
        let jobs = if choice.has_order() {
            1
        } else {
            order.sort_by_key(|load| std::cmp::Reverse(load.file.bytes));
            self.jobs
        };
        let accounts = Mutex::new(Vec::new());
        self.on_each_with(jobs, order, async |client, load: &TableLoad| {
            let account = load.carry_out(client, progress).await?;
            accounts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(account);
            for key in lifted
                .iter()
                .filter(|key| key.kind != "f" && key.table == load.target.name)
            {
                restore::key(client, key).await?;
            }
            Ok(())
        })
        .await?;
        Ok(accounts
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner))
    }

    /// Foreign keys come back NOT VALID one by one, since each locks two tables; then a table's are validated in turn,
    /// several tables at a time.
    async fn foreign_keys(
        &self,
        loads: &[TableLoad<'_>],
        lifted: &[Lifted],
    ) -> Result<Vec<BrokenKey>> {
        let mut client = self.server.connect().await?;
        for key in lifted.iter().filter(|key| key.kind == "f") {
            restore::foreign_key(&mut client, key).await?;
        }
        let oids: Vec<u32> = loads.iter().map(|load| load.target.oid).collect();
        let was_valid = |name: &str, table: &crate::postgres::TableName| {
            lifted
                .iter()
                .any(|key| key.name == name && key.table == *table && key.validated)
        };
        let mut by_table: Vec<Vec<catalog::ForeignKey>> = Vec::new();
        let mut outsiders = Vec::new();
        for key in lifted.iter().filter(|key| key.kind == "f") {
            if let Some(oid) =
                catalog::find(&client, Some(&key.table.schema), &key.table.name).await?
            {
                outsiders.push(oid);
            }
        }
        outsiders.extend(oids);
        for key in restore::not_valid(&client, &outsiders).await? {
            match by_table
                .iter_mut()
                .find(|keys| keys[0].table_oid == key.table_oid)
            {
                Some(keys) => keys.push(key),
                None => by_table.push(vec![key]),
            }
        }
        let broken = Mutex::new(Vec::new());
        self.on_each(by_table, async |client, keys| {
            for key in keys {
                let found = match was_valid(&key.name, &key.table) {
                    true => restore::validate(client, &key).await?,
                    false => None,
                };
                broken
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(found);
            }
            Ok(())
        })
        .await?;
        let mut broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
        broken.sort_by(|a, b| (&a.table, &a.name).cmp(&(&b.table, &b.name)));
        Ok(broken)
    }

    async fn on_each<T>(
        &self,
        tasks: Vec<T>,
        work: impl AsyncFn(&mut Client, T) -> Result<()>,
    ) -> Result<()> {
        self.on_each_with(self.jobs, tasks, work).await
    }

    /// Works through the tasks in order on up to `jobs` connections.
    async fn on_each_with<T>(
        &self,
        jobs: usize,
        tasks: Vec<T>,
        work: impl AsyncFn(&mut Client, T) -> Result<()>,
    ) -> Result<()> {
        let workers = jobs.min(tasks.len()).max(1);
        let queue = Arc::new(Mutex::new(VecDeque::from(tasks)));
        let worker = async || -> Result<()> {
            let mut client = self.worker_connection().await?;
            loop {
                let next = queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some(task) = next else { return Ok(()) };
                work(&mut client, task).await?;
            }
        };
        try_join_all((0..workers).map(|_| worker())).await?;
        Ok(())
    }

    /// A connection for loading: a crash loses at most what the ledger, written with it, doesn't know either.
    async fn worker_connection(&self) -> Result<Client> {
        let client = self.server.connect().await?;
        client.batch_execute("SET synchronous_commit = off").await?;
        Ok(client)
    }
}

async fn lock(client: &Client) -> Result<()> {
    let row = client
        .query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK])
        .await?;
    if row.get(0) {
        return Ok(());
    }
    bail!("another seedrow is loading into this database; wait for it to end")
}
