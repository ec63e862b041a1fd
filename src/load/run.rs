//! Runs a load: takes the lock, reads the ledger, prepares, fills, restores constraints and records the completion.

use anyhow::Result;
use tokio_postgres::Client;

use crate::load::announce::announce_unsorted;
use crate::load::config::Load;
use crate::load::constraints::broken_foreign_keys;
use crate::load::fill::Fill;
use crate::load::identity;
use crate::load::inspect::{LedgerState, ledger_state};
use crate::load::ledger;
use crate::load::outcome::{LoadOutcome, LoadReport};
use crate::load::policy::Triggers;
use crate::load::post_load_hook::PostLoadHook;
use crate::load::prepare::Preparation;
use crate::load::prepared::PreparedLoad;
use crate::load::session::{
    ReadySessions, ServerSettings, SessionSettings, WalCounters, WorkerPool, acquire_advisory_lock,
    end_prepared_transactions, prepare_changes, release_advisory_lock, with_lock_holders,
    with_next_commands,
};
use crate::load::shards::RoutePlan;
use crate::load::source::input::Input;
use crate::load::stage::Stage;
use crate::load::table::target;
use crate::load::timeline::Timeline;
use crate::postgres::locks;
use crate::progress::Progress;

/// Loads the input, resumes an unfinished load of it, or reports that it was loaded before.
///
/// `hook` works on tables that are loaded already, such as building indexes.
///
/// An error after the preparation leaves the load unfinished in the ledger; the same command resumes it.
pub async fn run(
    load: &Load<'_>,
    input: &Input,
    hook: &impl PostLoadHook,
    progress: &Progress,
) -> Result<LoadOutcome> {
    let identity = identity::of_input(load, input)?;
    let (mut control, session) = SessionSettings::open(load, progress).await?;
    acquire_advisory_lock(load.server, &control, &load.command, progress).await?;
    end_prepared_transactions(load.server, &control).await;
    prepare_changes(load.server, &control).await?;
    let state = ledger_state(load, &identity).await?;
    if state == LedgerState::Complete {
        return report_completed(load).await;
    }
    let preparation = Preparation {
        load,
        input,
        identity: &identity,
        hook,
        progress,
    };
    let prepared = match preparation.run(&mut control, state).await {
        Ok(prepared) => prepared,
        Err(error) => return Err(with_lock_holders(load, error).await),
    };
    let execution = Execution {
        load,
        input,
        hook,
        session: &session,
        prepared: &prepared,
        progress,
    };
    match execution.run(&control).await {
        Ok(report) => {
            release_advisory_lock(&control).await?;
            load.server.keep(control);
            Ok(LoadOutcome::Completed(report))
        }
        Err(error) => {
            let error = with_lock_holders(load, error).await;
            Err(with_next_commands(load, error))
        }
    }
}

/// The report of a load that is complete already: records counted per table, and broken foreign keys.
pub async fn report_completed(load: &Load<'_>) -> Result<LoadOutcome> {
    load.stage.set(Stage::Complete);
    match report(load).await {
        Ok(report) => Ok(LoadOutcome::AlreadyComplete(report)),
        Err(error) => Err(with_lock_holders(load, error).await),
    }
}

async fn report(load: &Load<'_>) -> Result<LoadReport> {
    let client = load.server.connect().await?;
    locks::limit_waits(&client, load.lock_timeout).await?;
    let schema = load.schema(&client).await?;
    let targets = target::find(&client, load.dataset, &schema, load.tables).await?;
    let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
    let report = LoadReport {
        accounts: ledger::accounts(&client, &schema, &load.table_names()).await?,
        broken_keys: broken_foreign_keys(&client, &oids, &[]).await?,
        ..LoadReport::default()
    };
    load.server.keep(client);
    Ok(report)
}

/// A prepared load and what it takes to run it.
struct Execution<'a, H> {
    load: &'a Load<'a>,
    input: &'a Input,
    hook: &'a H,
    session: &'a SessionSettings,
    prepared: &'a PreparedLoad,
    progress: &'a Progress,
}

impl<H: PostLoadHook> Execution<'_, H> {
    /// Fills the tables, restores what was dropped, and records the load as complete.
    async fn run(&self, control: &Client) -> Result<LoadReport> {
        let (load, prepared) = (self.load, self.prepared);
        let ready = ReadySessions::default();
        let pool = WorkerPool::new(load.server, self.session, &ready);
        let routes = RoutePlan {
            load,
            input: self.input,
            pool,
            progress: self.progress,
        };
        let routers = routes.plan(control, &prepared.targets).await?;
        let loads = prepared.table_loads(load, self.input, &routers)?;
        announce_unsorted(&loads, self.progress);
        let fill = Fill {
            pool,
            loads: &loads,
            dropped: &ledger::dropped(control, &prepared.schema).await?,
            plan: &prepared.plan,
            hook: self.hook,
            policy: load.policy,
            schema: &prepared.schema,
            progress: self.progress,
            timeline: Timeline::default(),
        };
        for earlier in &prepared.earlier {
            load.rejects.count_earlier(&earlier.account);
        }
        let before = WalCounters::now(control).await;
        let filled = fill.run().await;
        ready.release(load.server);
        let filled = filled?;
        let settings = ServerSettings::since(before, load.server, control).await?;
        ledger::finish(control, &prepared.schema).await?;
        load.stage.set(Stage::Complete);
        Ok(LoadReport {
            skipped_triggers: self.prepared.triggers_listed(load, Triggers::Skip),
            kept_constraints: self.kept_constraints(),
            rejected: load.rejects.first(),
            reject_files: load.rejects.files_of(&filled.accounts),
            accounts: filled.accounts,
            broken_keys: filled.broken_keys,
            phases: filled.phases,
            spans: filled.spans,
            settings,
        })
    }

    /// The constraints that were not dropped, with the reason; none where rows are added, which drops none.
    fn kept_constraints(&self) -> Vec<String> {
        if self.load.policy.append {
            return Vec::new();
        }
        let kept = self.prepared.plan.keep.iter();
        kept.map(|(key, why)| format!("{} of {}: {why}", key.definition.name, key.definition.table))
            .collect()
    }
}
