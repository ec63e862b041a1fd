//! What the ledger and the tables say before a load: nothing, this load unfinished, or this load complete.

use anyhow::{Error, Result};
use tokio_postgres::Client;

use crate::load::config::Load;
use crate::load::earlier::takes_over;
use crate::load::identity::LoadIdentity;
use crate::load::ledger::{self, LoadEntry, PartsProgress, TableProgress};
use crate::load::session::{privileges, with_lock_holders};
use crate::load::source::fingerprint::SourceState;
use crate::load::table::target;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::locks;
use crate::postgres::{TableName, catalog};
use crate::suggestion::{TARGET, again, finishing};
use crate::units::{counted, grouped};

/// What the ledger has of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerState {
    /// Nothing, or what is to be replaced.
    Absent,
    /// This very load, unfinished: it is resumed.
    Unfinished,
    /// This very load, complete.
    Complete,
    /// A different load, unfinished, of which no row was committed: it is undone before this one.
    WithoutRows,
    /// A different load of files, unfinished: this one takes its place, and keeps the tables that both read in the same way.
    TakenOver,
}

/// What becomes of a load.
#[derive(Debug)]
pub enum Prospect {
    /// It is begun, gone on with, or complete.
    Goes(LedgerState),
    /// A different unfinished load or foreign rows block it: the error, with the commands that are the ways out.
    Blocked(Error),
}

/// Empties tables first; a dry run proposes the run itself.
const REPLACED: &[&str] = &["!--dry-run", "--replace"];

/// What the ledger has of this load. Refuses where a different unfinished load or foreign rows block it.
///
/// Changes nothing, so that it can be called before rows are generated.
pub async fn ledger_state(load: &Load<'_>, identity: &LoadIdentity) -> Result<LedgerState> {
    match prospect(load, identity).await? {
        Prospect::Goes(state) => Ok(state),
        Prospect::Blocked(error) => Err(error),
    }
}

/// As [`ledger_state`], where what blocks the load is no error.
pub async fn prospect(load: &Load<'_>, identity: &LoadIdentity) -> Result<Prospect> {
    let client = load.server.connect().await?;
    locks::limit_waits(&client, load.lock_timeout).await?;
    match read_state(load, &client, identity).await {
        Err(error) => Err(with_lock_holders(load, error).await),
        state => {
            load.server.keep(client);
            state
        }
    }
}

async fn read_state(load: &Load<'_>, client: &Client, identity: &LoadIdentity) -> Result<Prospect> {
    let Some(schema) = existing_schema(load, client).await? else {
        return Ok(Prospect::Goes(LedgerState::Absent));
    };
    let entry = ledger::find(client, &schema).await?;
    let mut started = Vec::new();
    let state = match (compare(load, entry.as_ref(), identity), &entry) {
        (None, Some(entry)) => {
            started = ledger::progress(client, &schema, &entry.tables).await?;
            started.retain(|it| it.account.loaded > 0);
            match started.is_empty() {
                true => LedgerState::WithoutRows,
                false if takes_over(load, entry, &started, identity) => LedgerState::TakenOver,
                false => {
                    let finish = ways_to_finish(client, &schema, entry).await?;
                    return Ok(Prospect::Blocked(blocked(load, entry, &started, finish)));
                }
            }
        }
        (state, _) => state.unwrap_or(LedgerState::Absent),
    };
    match state {
        LedgerState::Unfinished => return Ok(Prospect::Goes(LedgerState::Unfinished)),
        LedgerState::Complete if is_intact(load, client, &schema, identity).await? => {
            return Ok(Prospect::Goes(LedgerState::Complete));
        }
        LedgerState::Complete
        | LedgerState::Absent
        | LedgerState::WithoutRows
        | LedgerState::TakenOver => {}
    }
    target::are_missing(client, load.dataset, &schema, load.tables).await?;
    ensure_granted(load, client, &schema).await?;
    let mut filled = target::full(client, load.dataset, &schema, load.tables).await?;
    filled.retain(|table| started.iter().all(|it| it.account.name != *table));
    if !filled.is_empty() && !load.replace && !load.policy.append {
        let unfinished = entry.as_ref().filter(|entry| !entry.finished);
        return Ok(Prospect::Blocked(holds_rows(load, &filled, unfinished)));
    }
    Ok(Prospect::Goes(match state {
        LedgerState::Complete => LedgerState::Absent,
        state => state,
    }))
}

/// Refuses tables that this role may not fill: it may not even see whether they hold rows.
async fn ensure_granted(load: &Load<'_>, client: &Client, schema: &str) -> Result<()> {
    let mut tables = Vec::new();
    for name in target::existing(client, load.dataset, schema, load.tables).await? {
        if let Some(oid) = catalog::find(client, Some(schema), &name).await? {
            tables.push((oid, TableName::new(schema, &name)));
        }
    }
    let tables = tables.iter().map(|(oid, name)| (*oid, name));
    privileges::ensure_may_fill(client, tables).await
}

async fn existing_schema(load: &Load<'_>, client: &Client) -> Result<Option<String>> {
    match load.server.schema() {
        Some(schema) => Ok(catalog::schema_exists(client, schema)
            .await?
            .then(|| schema.to_owned())),
        None => load.schema(client).await.map(Some),
    }
}

/// Compares this load with the ledger's entry; `None` where that is a different load, unfinished, that this one doesn't
/// replace.
fn compare(load: &Load, entry: Option<&LoadEntry>, identity: &LoadIdentity) -> Option<LedgerState> {
    let Some(entry) = entry else {
        return Some(LedgerState::Absent);
    };
    let parts = load.part.map(|part| part.of);
    let same_rows = entry.identity == identity.digest;
    let same = match (entry.finished, parts) {
        (true, _) => same_rows && !load.replace,
        // What is to be replaced was emptied by the part that began the load; the others join it.
        (false, Some(_)) => same_rows && entry.parts == parts,
        (false, None) => same_rows && entry.parts.is_none() && !load.replace,
    };
    match (same, entry.finished) {
        (true, true) => Some(LedgerState::Complete),
        (true, false) => Some(LedgerState::Unfinished),
        (false, true) => Some(LedgerState::Absent),
        (false, false) => (load.replace && covers(load, entry)).then_some(LedgerState::Absent),
    }
}

/// Whether this load has all tables of another one.
fn covers(load: &Load, entry: &LoadEntry) -> bool {
    let names = load.table_names();
    entry.tables.iter().all(|table| names.contains(table))
}

/// What is to be typed to finish an unfinished load.
async fn ways_to_finish(client: &Client, schema: &str, entry: &LoadEntry) -> Result<Vec<String>> {
    let LoadEntry {
        command, tables, ..
    } = entry;
    let Some(of) = entry.parts else {
        return Ok(vec![to_finish(entry)]);
    };
    let parts = PartsProgress::read(client, schema, of, tables, command).await?;
    Ok(parts.next_commands())
}

/// The error of a different unfinished load with rows, with the commands that finish, replace or abandon it.
fn blocked(
    load: &Load<'_>,
    entry: &LoadEntry,
    started: &[TableProgress],
    finish: Vec<String>,
) -> Error {
    let LoadEntry {
        command, tables, ..
    } = entry;
    let same_command = !load.replace && finishing(command) == finishing(&load.command);
    let mut notes = Vec::new();
    if !same_command {
        notes.extend(finish);
    }
    if !load.replace && !load.policy.append && covers(load, entry) {
        notes.push(format!(
            "to empty its tables and load anew, run: {}",
            again(REPLACED)
        ));
    }
    let forget = format!("run: seedrow forget --abandon{TARGET}");
    match entry.appended {
        false => notes.push(format!("to abandon it and its rows, {forget}")),
        true => {
            let added: Vec<String> = started.iter().map(added_rows).collect();
            notes.push(format!(
                "to abandon it and keep the rows that it added ({}), {forget}",
                added.join(", ")
            ));
            notes.push("then leave out what was added: --tables, or files of the rest".to_owned());
        }
    }
    let tables = tables.join(", ");
    let why = match same_command {
        true => "this same command, but seedrow or the dataset has changed since".to_owned(),
        false => format!("`{command}`"),
    };
    let parts = match entry.parts {
        Some(of) => format!(" in {of} parts"),
        None => String::new(),
    };
    ErrorWithNotes::of(
        format!("this database has an unfinished load of {tables}{parts}, started by {why}"),
        notes,
    )
}

/// How the load of an entry is gone on with.
fn to_finish(entry: &LoadEntry) -> String {
    format!("to finish it, run: {}", finishing(&entry.command))
}

/// `2 rows of owners`, `70,000 rows of pets, its file up to line 70,001`.
fn added_rows(progress: &TableProgress) -> String {
    let account = &progress.account;
    let up_to = match progress.next {
        Some(next) => format!(", its file up to line {}", grouped(next.line - 1)),
        None => String::new(),
    };
    format!(
        "{} of {}{up_to}",
        counted(account.loaded, "row"),
        account.name
    )
}

/// Whether no file has changed since, and no table with rows in the ledger was dropped or emptied.
async fn is_intact(
    load: &Load<'_>,
    client: &Client,
    schema: &str,
    identity: &LoadIdentity,
) -> Result<bool> {
    let names = load.table_names();
    let loaded = ledger::progress(client, schema, &names).await?;
    let filled = target::full(client, load.dataset, schema, load.tables).await?;
    let existing = target::existing(client, load.dataset, schema, load.tables).await?;
    let has_rows = |it: &TableProgress| it.account.loaded == 0 || filled.contains(&it.account.name);
    let same = |(it, source): (&TableProgress, &SourceState)| source.has_rows_of(&it.source);
    let unchanged = loaded.iter().zip(&identity.sources).all(same);
    let all_known = loaded.len() == identity.sources.len();
    Ok(all_known && unchanged && existing == names && loaded.iter().all(has_rows))
}

/// The error of tables that hold rows and may not be emptied; `unfinished` is a different load of them that was to.
fn holds_rows(load: &Load, filled: &[String], unfinished: Option<&LoadEntry>) -> Error {
    let mut message = format!(
        "{} {} rows already",
        filled.join(", "),
        if filled.len() == 1 { "holds" } else { "hold" }
    );
    let mut notes = Vec::new();
    if let Some(entry) = unfinished {
        message.push_str(&format!(
            ", and a load of {} is unfinished, started by `{}`",
            entry.tables.join(", "),
            entry.command
        ));
        notes.push(to_finish(entry));
    }
    notes.push(format!(
        "to empty what is to be loaded first, run: {}",
        again(REPLACED)
    ));
    if load.rejects.reads_files() {
        notes.push(format!("to add to it, run: {}", again(&["--append"])));
    }
    notes.push("--target-schema NAME loads beside it".to_owned());
    ErrorWithNotes::of(message, notes)
}
