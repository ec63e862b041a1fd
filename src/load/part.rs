//! Loads one part of every table beside those that load the others: the first begins the load, each copies its rows, and
//! `seedrow finish` builds what was dropped once no part is missing.
//!
//! A table that several sessions fill can't be truncated by each, as FREEZE needs it: the rows are frozen when the load is
//! finished.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use tokio_postgres::Client;

use crate::dataset::Part;
use crate::load::account::Account;
use crate::load::at_work::AtWork;
use crate::load::config::Load;
use crate::load::constraints::DropPlan;
use crate::load::identity;
use crate::load::inspect::{LedgerState, ledger_state};
use crate::load::ledger::{self, PartsProgress};
use crate::load::outcome::{LoadReport, Phase};
use crate::load::post_load_hook::PostLoadHook;
use crate::load::prepare::Preparation;
use crate::load::prepared::{PreparedLoad, ensure_divisible};
use crate::load::publications::Publications;
use crate::load::run::report_completed;
use crate::load::session::part_lock::{self, Hold};
use crate::load::session::{
    ReadySessions, ServerSettings, SessionSettings, WalCounters, WorkerPool, privileges,
    with_lock_holders, with_next_commands,
};
use crate::load::source::fingerprint::SourceState;
use crate::load::source::input::Input;
use crate::load::stage::Stage;
use crate::load::table::table_load::TableLoad;
use crate::load::table::target;
use crate::load::table::triggers;
use crate::progress::Progress;

/// What became of a part.
#[derive(Debug, Clone, PartialEq)]
pub enum PartOutcome {
    /// It is loaded.
    Loaded(PartReport),
    /// All rows were loaded before, and what was dropped is restored.
    AlreadyComplete(LoadReport),
}

/// A part that is loaded, and how far the others are.
#[derive(Debug, Clone, PartialEq)]
pub struct PartReport {
    /// The part.
    pub part: Part,
    /// The accounts of the tables whose rows were loaded now, in load order.
    pub accounts: Vec<Account>,
    /// The tables whose rows of this part were there before.
    pub earlier: Vec<String>,
    /// Which parts are missing.
    pub parts: PartsProgress,
    /// Where the time went.
    pub phases: Vec<Phase>,
    /// The server's settings during the load.
    pub settings: ServerSettings,
}

/// Loads a part, or what is missing of it.
pub async fn run_part(
    load: &Load<'_>,
    input: &Input,
    hook: &impl PostLoadHook,
    progress: &Progress,
) -> Result<PartOutcome> {
    let part = load.part.context("the load is not of a part")?;
    ensure!(
        input.origin.is_some(),
        "--part {part} is about files that `seedrow generate` of this version wrote, with their manifest; {} has others",
        input.label
    );
    let (mut control, session) = SessionSettings::open(load, progress).await?;
    let hold = part_lock::acquire(load.server, &control, part, &load.command, progress).await?;
    match begin_or_join(load, input, hook, hold, &mut control, progress).await {
        Ok(Begun::Unfinished) => {}
        Ok(Begun::Complete) => {
            let completed = report_completed(load).await?;
            return Ok(PartOutcome::AlreadyComplete(completed.report().clone()));
        }
        Err(error) => return Err(with_lock_holders(load, error).await),
    }
    if hold == Hold::Exclusive {
        part_lock::share(&control).await?;
    }
    load.stage.set(Stage::Started);
    match copy(load, input, part, &session, &control, progress).await {
        Ok(report) => Ok(PartOutcome::Loaded(report)),
        Err(error) => {
            let error = with_lock_holders(load, error).await;
            Err(with_next_commands(load, error))
        }
    }
}

/// What a load of parts is before one of them is loaded.
enum Begun {
    Unfinished,
    Complete,
}

/// Begins the load, or finds that it is begun, or complete.
async fn begin_or_join(
    load: &Load<'_>,
    input: &Input,
    hook: &impl PostLoadHook,
    hold: Hold,
    control: &mut Client,
    progress: &Progress,
) -> Result<Begun> {
    let identity = identity::of_input(load, input)?;
    match (ledger_state(load, &identity).await?, hold) {
        (LedgerState::Complete, _) => Ok(Begun::Complete),
        (LedgerState::Unfinished, _) => {
            progress.note(format!("load: {}, beside other parts", input.label));
            Ok(Begun::Unfinished)
        }
        (_, Hold::Shared) => match AtWork::find(&*control).await? {
            Some(other) => Err(other.refusal()),
            None => bail!("another seedrow has just ended on this database; run the command again"),
        },
        (state, Hold::Exclusive) => {
            let preparation = Preparation {
                load,
                input,
                identity: &identity,
                hook,
                progress,
            };
            preparation.run(control, state).await?;
            Ok(Begun::Unfinished)
        }
    }
}

/// Copies the part's rows of each table, the largest first, several tables at a time.
async fn copy(
    load: &Load<'_>,
    input: &Input,
    part: Part,
    session: &SessionSettings,
    control: &Client,
    progress: &Progress,
) -> Result<PartReport> {
    let prepared = prepare(load, control).await?;
    let schema = &prepared.schema;
    let loads = prepared.table_loads(load, input, &HashMap::new())?;
    let earlier = ledger::tables_of_part(control, schema, part).await?;
    let mut missing: Vec<&TableLoad<'_>> = loads.iter().collect();
    missing.retain(|it| !earlier.contains(&it.target.name.name));
    missing.sort_by_key(|it| Reverse(it.bytes()));

    let start = Instant::now();
    let bytes = missing.iter().map(|it| it.bytes()).sum();
    let rows = missing.iter().map(|it| it.source.source.rows).sum();
    let bar = progress.phase_of("load rows", bytes, rows);
    let before = WalCounters::now(control).await;
    let ready = ReadySessions::default();
    let pool = WorkerPool::new(load.server, session, &ready);
    let accounts = RefCell::new(Vec::new());
    let copied = pool.run_each(missing, async |client, table: &TableLoad<'_>| {
        let account = table.run(client, pool, progress).await?;
        accounts.borrow_mut().push((table.target.table, account));
        Ok(())
    });
    let copied = copied.await;
    ready.release(load.server);
    copied?;
    drop(bar);
    let mut accounts = accounts.into_inner();
    accounts.sort_by_key(|(table, _)| *table);
    let accounts: Vec<Account> = accounts.into_iter().map(|(_, account)| account).collect();
    let rows = accounts.iter().map(|account| account.loaded).sum();
    let tables = load.table_names();
    Ok(PartReport {
        part,
        phases: vec![Phase::since(start, "load rows", Some(rows))],
        accounts,
        earlier,
        parts: PartsProgress::read(control, schema, part.of, &tables, &load.command).await?,
        settings: ServerSettings::since(before, load.server, control).await?,
    })
}

/// The tables as they are once the load has begun: no constraint is dropped any more.
async fn prepare(load: &Load<'_>, client: &Client) -> Result<PreparedLoad> {
    let schema = load.schema(client).await?;
    let targets = target::find(client, load.dataset, &schema, load.tables).await?;
    let tables = targets.iter().map(|target| (target.oid, &target.name));
    privileges::ensure_may_fill(client, tables).await?;
    let prepared = PreparedLoad {
        plan: DropPlan::default(),
        triggers: triggers::firing(client, &targets).await?,
        publications: Publications::read(client, &targets).await?,
        schema,
        earlier: Vec::new(),
        sources: vec![SourceState::default(); targets.len()],
        targets,
    };
    ensure_divisible(load, &prepared)?;
    Ok(prepared)
}
