//! The transaction before the first row: missing tables created, constraints dropped, the load recorded as started.
//!
//! Whatever fails here is rolled back as a whole.

use anyhow::{Context, Result, bail};
use tokio_postgres::{Client, Transaction};

use crate::load::announce::{announce, announce_resume};
use crate::load::config::{Load, TablesFound};
use crate::load::constraints::{
    DropPlan, drop_copies, drop_planned, ensure_may_empty, read_qualified,
    referencing_tables_with_rows, restore_in,
};
use crate::load::distribute;
use crate::load::earlier::{Earlier, EarlierLoad};
use crate::load::emptying::{empty_discarded, empty_together};
use crate::load::forget;
use crate::load::identity::LoadIdentity;
use crate::load::inspect::LedgerState;
use crate::load::ledger::{self, LoadEntry, NewLoadEntry, TableProgress};
use crate::load::post_load_hook::{IndexPlan, PostLoadHook};
use crate::load::prepared::{PreparedLoad, ensure_divisible};
use crate::load::publications::Publications;
use crate::load::schema_file;
use crate::load::session::privileges::{self, Missing};
use crate::load::source::input::Input;
use crate::load::source::suitable::ensure_suitable;
use crate::load::stage::Stage;
use crate::load::table::target::{self, TargetTable};
use crate::load::table::triggers;
use crate::load::table::type_fit::ensure_types_fit;
use crate::postgres::catalog;
use crate::postgres::catalog::{Column, ColumnDefault};
use crate::postgres::name::quoted;
use crate::progress::Progress;

/// What is prepared.
pub struct Preparation<'a, H> {
    /// The load.
    pub load: &'a Load<'a>,
    /// Its rows.
    pub input: &'a Input,
    /// Its identity in the ledger.
    pub identity: &'a LoadIdentity,
    /// What runs on loaded tables.
    pub hook: &'a H,
    /// Receives the announcement.
    pub progress: &'a Progress,
}

impl<H: PostLoadHook> Preparation<'_, H> {
    /// Prepares a new load, or one to be resumed, in one transaction.
    pub async fn run(&self, control: &mut Client, state: LedgerState) -> Result<PreparedLoad> {
        let transaction = control.transaction().await?;
        let schema = create_missing(self.load, &transaction, self.progress).await?;
        let load = self.load;
        if state == LedgerState::WithoutRows {
            undo_other(&transaction, &schema).await?;
        }
        let targets = target::find(&transaction, load.dataset, &schema, load.tables).await?;
        self.ensure_fillable(&transaction, &targets).await?;
        let entry = match state {
            LedgerState::Unfinished | LedgerState::TakenOver => {
                ledger::find(&transaction, &schema).await?
            }
            LedgerState::Absent | LedgerState::Complete | LedgerState::WithoutRows => None,
        };
        let Earlier { kept, discarded } = match &entry {
            Some(entry) => self.earlier(&transaction, &schema, &targets, entry).await?,
            None => Earlier::default(),
        };
        drop_copies_left(&transaction, &schema).await?;
        let prepared = PreparedLoad {
            plan: self.plan_drops(&transaction, &targets, &kept).await?,
            triggers: triggers::firing(&transaction, &targets).await?,
            publications: Publications::read(&transaction, &targets).await?,
            schema,
            targets,
            earlier: kept,
            sources: self.identity.sources.clone(),
        };
        ensure_divisible(load, &prepared)?;
        let memo = entry.as_ref().map_or("", |entry| entry.index_plan.as_str());
        let planned = self.hook.plan(&transaction, memo).await?;
        match &entry {
            Some(entry) => announce_resume(
                load,
                entry,
                self.input,
                &prepared,
                &discarded,
                self.progress,
            ),
            None => self.announce(&transaction, &prepared).await?,
        }
        if state != LedgerState::Unfinished {
            let earlier = entry.map_or_else(Vec::new, |entry| entry.indexes);
            let indexes = planned.with(earlier);
            self.record_start(&transaction, &prepared, indexes).await?;
            restore_left_out(&transaction, &prepared).await?;
        }
        drop_constraints(&transaction, &prepared).await?;
        if !load.policy.append {
            empty_together(&transaction, load, &prepared).await?;
            empty_discarded(&transaction, &prepared, &discarded).await?;
        }
        load.stage.set(Stage::Started);
        let started = transaction.commit().await;
        started.context("could not start the load")?;
        Ok(prepared)
    }

    /// Refuses tables that the role may not fill, or that the input's records don't fit.
    async fn ensure_fillable(
        &self,
        transaction: &Transaction<'_>,
        targets: &[TargetTable],
    ) -> Result<()> {
        let tables = targets.iter().map(|target| (target.oid, &target.name));
        privileges::ensure_may_fill(transaction, tables).await?;
        ensure_filled(self.load, self.input, targets)?;
        self.ensure_suitable(targets)?;
        for target in targets {
            let mut sources = self.input.tables.iter();
            if let Some(source) = sources.find(|source| source.table == target.table) {
                ensure_types_fit(self.load.dataset, source, target)?;
            }
        }
        Ok(())
    }

    async fn announce(&self, transaction: &Transaction<'_>, prepared: &PreparedLoad) -> Result<()> {
        let Preparation {
            load,
            input,
            hook,
            progress,
            ..
        } = *self;
        announce(transaction, load, input, prepared, hook, progress).await
    }

    /// Refuses options that are about no column, and reports the dataset's keys that are about none.
    fn ensure_suitable(&self, targets: &[TargetTable]) -> Result<()> {
        let mut pairs = Vec::new();
        for target in targets {
            let mut sources = self.input.tables.iter();
            if let Some(source) = sources.find(|source| source.table == target.table) {
                pairs.push((source, target.columns.as_slice()));
            }
        }
        for remark in ensure_suitable(self.load.dataset, &pairs)? {
            self.progress.note(format!("load: {remark}"));
        }
        Ok(())
    }

    /// What an unfinished load, this one or a different one, has of each table.
    async fn earlier(
        &self,
        transaction: &Transaction<'_>,
        schema: &str,
        targets: &[TargetTable],
        entry: &LoadEntry,
    ) -> Result<Earlier> {
        let earlier = EarlierLoad {
            load: self.load,
            input: self.input,
            identity: self.identity,
            entry,
            schema,
        };
        earlier.sort(transaction, targets).await
    }

    /// Which constraints to drop from the tables that are not complete yet; those of the others are restored already.
    async fn plan_drops(
        &self,
        client: &Transaction<'_>,
        targets: &[TargetTable],
        earlier: &[TableProgress],
    ) -> Result<DropPlan> {
        let is_incomplete = |target: &&TargetTable| {
            let mut earlier = earlier.iter();
            let known = earlier.find(|it| it.account.name == target.name.name);
            known.is_none_or(|it| it.next.is_some())
        };
        let incomplete = targets.iter().filter(is_incomplete);
        let oids: Vec<u32> = incomplete.flat_map(TargetTable::oids).collect();
        let constraints = read_qualified(client, &oids).await?;
        let may_drop = self.load.server.capabilities().drop_constraints;
        if self.load.policy.append || !may_drop {
            return Ok(DropPlan::keep_all(constraints));
        }
        let filled = referencing_tables_with_rows(client, targets, &constraints).await?;
        ensure_may_empty(targets, &filled)?;
        let filled = filled.into_iter().map(|key| key.table_oid).collect();
        Ok(DropPlan::new(
            constraints,
            &filled,
            self.load.policy.orphans,
        ))
    }

    /// Records a new load in the ledger, in place of an earlier one.
    async fn record_start(
        &self,
        transaction: &Transaction<'_>,
        prepared: &PreparedLoad,
        indexes: IndexPlan,
    ) -> Result<()> {
        let (load, origin) = (self.load, self.input.origin);
        let append = load.policy.append;
        let entry = NewLoadEntry {
            identity: &self.identity.digest,
            command: &load.command,
            dataset: &load.dataset.name,
            dataset_hash: &load.dataset.hash,
            root_rows: origin.map(|origin| origin.amount.root_rows),
            scale: origin.and_then(|origin| origin.amount.scale),
            seed: origin.map(|origin| origin.seed),
            tables: load.table_names(),
            replaced: load.replace && prepared.targets.iter().any(|target| target.holds_rows),
            appended: append,
            indexes: indexes.names,
            index_plan: indexes.memo,
            kept: prepared
                .earlier
                .iter()
                .map(|it| it.account.name.clone())
                .collect(),
            parts: load.part.map(|part| part.of),
        };
        ledger::start(transaction, &prepared.schema, &entry).await?;
        ledger::prune_dropped(transaction, &prepared.schema).await
    }
}

/// Creates what is missing of the ledger, the schema asked for and the tables. Returns the schema's name.
pub async fn create_missing(
    load: &Load<'_>,
    transaction: &Transaction<'_>,
    progress: &Progress,
) -> Result<String> {
    let lacks_schema = match load.server.schema() {
        Some(schema) => !catalog::schema_exists(transaction, schema).await?,
        None => false,
    };
    let lacks_ledger = !ledger::is_complete(transaction).await?;
    let schema = load.schema(transaction).await?;
    if load.tables_found == TablesFound::Recreated && !lacks_schema {
        schema_file::drop_tables(transaction, load, &schema).await?;
    }
    let lacks_tables = target::are_missing(transaction, load.dataset, &schema, load.tables).await?;
    let missing = Missing {
        ledger: lacks_ledger,
        schema: lacks_schema.then_some(&schema),
        tables_in: (lacks_tables && !lacks_schema).then_some(&schema),
    };
    privileges::ensure_may_create(transaction, missing).await?;
    if lacks_ledger {
        ledger::create(transaction).await?;
    }
    if lacks_schema {
        transaction
            .batch_execute(&format!("CREATE SCHEMA {}", quoted(&schema)))
            .await
            .with_context(|| format!("could not create the schema {schema}"))?;
    }
    if lacks_tables {
        schema_file::apply(transaction, load, &schema, progress).await?;
    }
    distribute::apply(transaction, load, &schema, progress).await?;
    Ok(schema)
}

/// Refuses a file without a column that takes no NULL and has no default.
fn ensure_filled(load: &Load, input: &Input, targets: &[TargetTable]) -> Result<()> {
    for target in targets {
        let spec = &load.dataset.tables[target.table];
        let Some(source) = input.tables.iter().find(|it| it.table == target.table) else {
            continue;
        };
        let lacks = |name: &str| {
            let position = spec.columns.iter().position(|column| column.name == name);
            position.is_some_and(|position| {
                !spec.columns[position].hidden && source.columns.field_of(position).is_none()
            })
        };
        let needed = |column: &&Column| column.not_null && column.default == ColumnDefault::Nothing;
        if let Some(column) = target
            .columns
            .iter()
            .filter(needed)
            .find(|it| lacks(&it.name))
        {
            bail!(
                "{} has no column `{}`, and {} takes no NULL in it and has no default for it; add it to the file",
                source.label(),
                column.name,
                target.name
            );
        }
    }
    Ok(())
}

/// Undoes what an unfinished load without rows did to its tables.
async fn undo_other(transaction: &Transaction<'_>, schema: &str) -> Result<()> {
    let unfinished = ledger::unfinished_loads(transaction).await?;
    for load in unfinished.iter().filter(|load| load.schema == schema) {
        forget::undo(transaction, load).await?;
    }
    Ok(())
}

/// Restores the keys and indexes of tables that a load, which is replaced by this one, dropped and that this one leaves out;
/// they are empty or complete. Foreign keys are restored at its end.
async fn restore_left_out(transaction: &Transaction<'_>, prepared: &PreparedLoad) -> Result<()> {
    for key in ledger::dropped(transaction, &prepared.schema).await? {
        let is_loaded = prepared.targets.iter().any(|it| it.holds(&key.table));
        if !key.is_foreign() && !is_loaded {
            restore_in(transaction, &key).await?;
        }
    }
    Ok(())
}

/// Drops what an interrupted load left of its foreign keys on partitions.
async fn drop_copies_left(transaction: &Transaction<'_>, schema: &str) -> Result<()> {
    for key in ledger::dropped(transaction, schema).await? {
        if key.is_partitioned() {
            drop_copies(transaction, &key).await?;
        }
    }
    Ok(())
}

async fn drop_constraints(transaction: &Transaction<'_>, prepared: &PreparedLoad) -> Result<()> {
    let not_validated = ledger::not_validated(transaction).await?;
    let dropped = prepared.plan.dropped(&not_validated);
    drop_planned(transaction, &prepared.schema, &prepared.plan, &dropped).await
}
