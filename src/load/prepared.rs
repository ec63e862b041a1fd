//! A prepared load: its tables, what is dropped from them, and what an earlier attempt has loaded.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use crate::copy::CopyFormat;
use crate::load::config::Load;
use crate::load::constraints::DropPlan;
use crate::load::ledger::TableProgress;
use crate::load::partitions::Router;
use crate::load::policy::Triggers;
use crate::load::publications::Publications;
use crate::load::shards::ShardRouter;
use crate::load::source::bound::BoundSource;
use crate::load::source::fingerprint::SourceState;
use crate::load::source::input::Input;
use crate::load::table::table_load::{FillMode, TableLoad, Unsorted};
use crate::load::table::target::TargetTable;
use crate::load::table::triggers;
use crate::postgres::CommitUnit;
use crate::postgres::catalog::Trigger;

/// A load whose tables exist and whose constraints are dropped.
pub struct PreparedLoad {
    /// The tables' schema.
    pub schema: String,
    /// The tables.
    pub targets: Vec<TargetTable>,
    /// Which of their constraints are dropped.
    pub plan: DropPlan,
    /// The publications that replicate their rows.
    pub publications: Publications,
    /// What an earlier attempt has loaded.
    pub earlier: Vec<TableProgress>,
    /// The triggers that fire for their rows, or are skipped.
    pub triggers: Vec<Trigger>,
    /// See [`LoadIdentity::sources`](crate::load::identity::LoadIdentity::sources).
    pub sources: Vec<SourceState>,
}

impl PreparedLoad {
    /// What an earlier attempt has of a table.
    pub fn earlier_of(&self, target: &TargetTable) -> Option<&TableProgress> {
        let mut earlier = self.earlier.iter();
        earlier.find(|it| it.account.name == target.name.name)
    }

    /// The same, unless it has read nothing yet: such a table is begun anew, and emptied first where that can be done to it
    /// alone.
    fn begun(&self, target: &TargetTable) -> Option<&TableProgress> {
        let earlier = self.earlier_of(target)?;
        (earlier.account.read > 0 || earlier.next.is_none()).then_some(earlier)
    }

    fn skipped_triggers(&self, load: &Load, target: &TargetTable) -> Vec<Trigger> {
        let own = self.triggers.iter().filter(|it| it.table == target.oid);
        match load.triggers(target.table) {
            Triggers::Fire => Vec::new(),
            Triggers::Skip => own.cloned().collect(),
        }
    }

    /// The triggers that fire, or those that are skipped, by table.
    pub fn triggers_listed(&self, load: &Load, which: Triggers) -> Vec<String> {
        let targets = self.targets.iter();
        let targets = targets.filter(|it| load.triggers(it.table) == which);
        triggers::listed(targets, &self.triggers)
    }

    /// Each table with its rows, in load order.
    pub fn table_loads<'t>(
        &'t self,
        load: &'t Load,
        input: &Input,
        routers: &HashMap<u32, ShardRouter>,
    ) -> Result<Vec<TableLoad<'t>>> {
        let server = load.server.capabilities();
        let table_load =
            |(target, state): (&'t TargetTable, &SourceState)| -> Result<TableLoad<'t>> {
                let source = input
                    .tables
                    .iter()
                    .find(|source| source.table == target.table)
                    .with_context(|| format!("there is no source for {}", target.name))?;
                let source = BoundSource::new(load.dataset, source, &target.columns)?;
                let router = self.router(load, target, &source);
                let alone = load.part.is_none()
                    && (target.ordinary || router.is_ok())
                    && self.may_truncate_alone(target);
                Ok(TableLoad {
                    target,
                    source: Arc::new(source),
                    rejects: &load.rejects,
                    mode: match (load.policy.append, alone) {
                        (true, _) => FillMode::Append,
                        (false, true) => FillMode::Truncate,
                        (false, false) => FillMode::Insert,
                    },
                    part: load.part,
                    server,
                    shards: routers.get(&target.oid).filter(|_| alone).cloned(),
                    commit: match load.part {
                        Some(_) => CommitUnit::Table,
                        None => load.commit.unwrap_or(server.commit_unit),
                    },
                    earlier: self.begun(target).cloned(),
                    state: state.clone(),
                    policy: load.policy,
                    skipped_triggers: self.skipped_triggers(load, target),
                    router,
                })
            };
        let targets = self.targets.iter().zip(&self.sources);
        targets.map(table_load).collect()
    }

    /// Whether a table can be truncated by itself: here, and on the subscribers of its publications.
    pub fn may_truncate_alone(&self, target: &TargetTable) -> bool {
        !self.plan.is_referenced(target.oid) && !self.publications.truncate(target)
    }

    /// Sorts the rows of a partitioned table that is emptied first.
    fn router(
        &self,
        load: &Load,
        target: &TargetTable,
        source: &BoundSource,
    ) -> Result<Arc<Router>, Unsorted> {
        let partitions = target.partitions.as_ref().ok_or(Unsorted::Ordinary)?;
        let by_server = |reason: &str| Unsorted::ByServer(reason.to_owned());
        if load.policy.append {
            return Err(by_server("rows are added to existing ones"));
        }
        if load.part.is_some() {
            return Err(by_server("other parts are loaded into it at the same time"));
        }
        if self.plan.is_referenced(target.oid) {
            return Err(by_server("a foreign key that is kept references it"));
        }
        if source.format.copy() != CopyFormat::Binary {
            return Err(by_server("a column of it is read by the server"));
        }
        let router = Router::new(&target.name, partitions, &source.filled());
        router.map(Arc::new).map_err(Unsorted::ByServer)
    }
}

/// Refuses a part of tables that can't be loaded in parts: where a foreign key stays in place, rows of one part may refer to those of
/// another; and skipping triggers locks a table against the other parts.
pub fn ensure_divisible(load: &Load, prepared: &PreparedLoad) -> Result<()> {
    if load.part.is_none() {
        return Ok(());
    }
    let mut kept = prepared.plan.keep.iter();
    if let Some((key, why)) = kept.find(|(key, _)| key.definition.is_foreign()) {
        bail!(
            "{} of {} can't be dropped for the load ({why}), and with it rows of one part would have to wait for those of \
             another that they refer to; load all rows at once, without --part",
            key.definition.name,
            key.definition.table
        );
    }
    let mut targets = prepared.targets.iter();
    match targets.find(|it| !prepared.skipped_triggers(load, it).is_empty()) {
        Some(target) => bail!(
            "{} has triggers, and skipping them for one part would lock the table against the others; disable them while \
             the parts are loaded: ALTER TABLE {} DISABLE TRIGGER USER; or load all rows at once, without --part",
            target.name,
            target.name
        ),
        None => Ok(()),
    }
}
