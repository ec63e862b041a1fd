//! The dataset's schema applied to the target, in the transaction that starts the load.

mod guard;
mod partial;
mod recreate;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use tokio_postgres::{GenericClient, Transaction};

use crate::dataset::spec::SchemaScope;
use crate::load::config::{Load, TablesFound};
use crate::load::ledger;
use crate::load::table::target;
use crate::postgres::{TableName, script};
use crate::progress::Progress;
use crate::script::{Script, StatementKind, Step, StepKind};
use crate::suggestion::{PSQL, shell_word};
use guard::{Change, Snapshot};
pub use recreate::drop_tables;

/// Creates the dataset's tables that are missing and enters them in the ledger.
///
/// Refuses a schema that drops, empties or changes what holds rows, one that puts rows into a table that is loaded, and one
/// that creates the tables elsewhere. The connection's settings are what they were.
pub async fn apply(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    schema: &str,
    progress: &Progress,
) -> Result<()> {
    let dataset = load.dataset;
    let tables = dataset.real_tables();
    let there = target::existing(transaction, dataset, schema, &tables).await?;
    let full = target::full(transaction, dataset, schema, load.tables).await?;
    let settings = script::settings(transaction).await?;
    let before = Snapshot::read(transaction).await?;
    execute(transaction, "SAVEPOINT before_schema").await?;
    let extent = match (there.is_empty(), dataset.schema_scope) {
        (false, SchemaScope::Whole) => Extent::Missing,
        _ => Extent::Whole,
    };
    let applied = run_guarded(transaction, load, schema, extent, &before).await;
    let (left_out, after) = match applied {
        Ok(it) => it,
        Err(error) => {
            // Without a connection there is nothing to restore with, and the first error is the one that counts.
            let undone = execute(transaction, "ROLLBACK TO SAVEPOINT before_schema").await;
            if undone.is_ok() {
                before.restore_sequences(transaction).await?;
            }
            let file = dataset.schema.path.display();
            return Err(error.context(format!("could not apply {file} in schema {schema}")));
        }
    };
    execute(transaction, "RELEASE SAVEPOINT before_schema").await?;
    script::restore_settings(transaction, &settings).await?;
    ensure_in_place(transaction, load, schema, &before, &after).await?;
    ensure_no_rows(transaction, load, schema, &full).await?;
    if !left_out.is_empty() {
        progress.note(format!("left out: {}", left_out.join("; ")));
    }
    let names = tables
        .iter()
        .map(|&table| dataset.tables[table].name.clone());
    let created: Vec<String> = names.filter(|name| !there.contains(name)).collect();
    ledger::add_created_tables(transaction, schema, &created).await
}

/// Runs the schema, unless it changes what it didn't make. Returns what was left out, and what the database holds then.
async fn run_guarded(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    schema: &str,
    extent: Extent,
    before: &Snapshot,
) -> Result<(Vec<String>, Snapshot)> {
    let left_out = run(transaction, load, schema, extent).await?;
    let after = Snapshot::read(transaction).await?;
    let changes = before.changes(&after);
    if !changes.is_empty() {
        execute(transaction, "ROLLBACK TO SAVEPOINT before_schema").await?;
        before.restore_sequences(transaction).await?;
        ensure_held_nothing(transaction, load, changes).await?;
        run(transaction, load, schema, extent).await?;
    }
    Ok((left_out, after))
}

async fn run(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    schema: &str,
    extent: Extent,
) -> Result<Vec<String>> {
    match (extent, load.tables_found) {
        (Extent::Missing, _) => partial::run_missing(transaction, load, schema).await,
        (Extent::Whole, TablesFound::Recreated) => {
            let mut left_out = Vec::new();
            for step in &load.dataset.schema.steps {
                left_out.extend(partial::run_tolerant(transaction, step).await?);
            }
            Ok(left_out)
        }
        (Extent::Whole, TablesFound::Used) => run_all(transaction, &load.dataset.schema).await,
    }
}

/// Runs all steps of a script in the transaction that is open; returns what was left out.
pub async fn run_all(client: &impl GenericClient, script: &Script) -> Result<Vec<String>> {
    let mut left_out = Vec::new();
    let mut has_made = false;
    for step in &script.steps {
        if let StepKind::Connect(to) = &step.kind {
            ensure!(
                !has_made,
                "{}: `\\connect {to}` behind statements of another database; make a schema file of each database",
                step.place()
            );
        }
        match run_step(client, step).await? {
            Done::Run => has_made |= step.kind.statement() == StatementKind::Other,
            Done::LeftOut(what) => left_out.extend(what),
        }
    }
    Ok(left_out)
}

/// How much of a file is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it.
    Whole,
    /// What makes the tables that don't exist.
    Missing,
}

/// What became of a step.
enum Done {
    Run,
    /// With a remark, unless it goes without saying.
    LeftOut(Option<String>),
}

async fn run_step(client: &impl GenericClient, step: &Step) -> Result<Done> {
    let place = step.place();
    let kind = step.kind.statement();
    match kind {
        StatementKind::Transaction | StatementKind::Encoding => return Ok(Done::LeftOut(None)),
        StatementKind::Rollback => bail!(
            "{place}: ROLLBACK: the file is applied as a whole, in one transaction; take it out"
        ),
        StatementKind::Database => {
            let remark = format!("{place}, a statement on a whole database: the target is given");
            return Ok(Done::LeftOut(Some(remark)));
        }
        StatementKind::Schema | StatementKind::Setting => {}
        _ if matches!(step.kind, StepKind::Connect(_)) => {
            let remark = format!("{place}, \\connect: the target is given");
            return Ok(Done::LeftOut(Some(remark)));
        }
        StatementKind::Privilege | StatementKind::Server => {
            let done = script::run(client, step).await;
            done.context(
                "owners and privileges need the target's roles; take them out of the file, or make the dump with \
                 `pg_dump --schema-only --no-owner --no-privileges`",
            )?;
            return Ok(Done::Run);
        }
        _ => {
            script::run(client, step).await?;
            return Ok(Done::Run);
        }
    }
    execute(client, "SAVEPOINT before_step").await?;
    match script::run(client, step).await {
        Err(error) if script::may_be_passed_over(kind, &error) => {
            execute(client, "ROLLBACK TO SAVEPOINT before_step").await?;
            Ok(Done::LeftOut(None))
        }
        done => {
            done?;
            execute(client, "RELEASE SAVEPOINT before_step").await?;
            Ok(Done::Run)
        }
    }
}

async fn execute(client: &impl GenericClient, sql: &str) -> Result<()> {
    let done = client.batch_execute(sql).await;
    done.with_context(|| format!("could not execute {sql}"))
}

/// Refuses changes to what held rows, with the statement that makes the first of them. The schema isn't applied when this is
/// called.
async fn ensure_held_nothing(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    changes: BTreeSet<Change>,
) -> Result<()> {
    let mut held = BTreeSet::new();
    for change in changes {
        let holds = match &change.held {
            Some(query) => {
                let row = transaction.query_typed_one(query, &[]).await;
                let row =
                    row.with_context(|| format!("could not look into what it {}", change.text))?;
                row.try_get(0)?
            }
            None => true,
        };
        if holds {
            held.insert(change);
        }
    }
    if held.is_empty() {
        return Ok(());
    }
    let mut place = String::new();
    // What was rolled back is still counted as changed.
    let before = Snapshot::read(transaction).await?;
    for step in &load.dataset.schema.steps {
        run_step(transaction, step).await?;
        let changes = before.changes(&Snapshot::read(transaction).await?);
        if changes.iter().any(|change| held.contains(change)) {
            place = format!("{}: ", step.place());
            break;
        }
    }
    let texts: Vec<&str> = held.iter().map(|it| it.text.as_str()).collect();
    bail!(
        "{place}the schema {}, which this load has not made and which held something; everything was rolled back. Take the \
         statement out; or, where it is meant, apply the file yourself with `{PSQL} -f {}` and load again: tables that \
         exist are used as they are",
        texts.join(", "),
        shell_word(&load.dataset.schema.path.display().to_string())
    )
}

/// Refuses tables that were created in another schema.
async fn ensure_in_place(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    schema: &str,
    before: &Snapshot,
    after: &Snapshot,
) -> Result<()> {
    let dataset = load.dataset;
    let file = dataset.schema.path.display();
    let wanted = dataset.real_tables();
    let there = target::existing(transaction, dataset, schema, &wanted).await?;
    for &table in &wanted {
        let name = &dataset.tables[table].name;
        if there.contains(name) {
            continue;
        }
        let ending = format!(".{}", crate::postgres::name::quoted(name));
        let mut made = after
            .tables()
            .filter(|it| before.tables().all(|old| old != *it));
        if let Some(elsewhere) = made.find_map(|it| it.strip_suffix(&ending)) {
            bail!(
                "{file} makes {name} in the schema {elsewhere}, and this load is into {schema}; add --target-schema \
                 {elsewhere}"
            );
        }
    }
    Ok(())
}

/// Refuses rows that the schema puts into tables that this load empties, `full` being those that held rows before.
async fn ensure_no_rows(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    schema: &str,
    full: &[String],
) -> Result<()> {
    if load.policy.append {
        return Ok(());
    }
    let now = target::full(transaction, load.dataset, schema, load.tables).await?;
    if let Some(name) = now.iter().find(|name| !full.contains(name)) {
        bail!(
            "{} puts rows into {}, which this load fills and would remove; take them out of the file, or keep them with \
             --append",
            load.dataset.schema.path.display(),
            TableName::new(schema, name)
        );
    }
    Ok(())
}
