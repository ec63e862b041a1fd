//! The messages before the first write: target, tables, rows and expected size, or what is loaded already.

use anyhow::Result;
use indicatif::HumanBytes;
use tokio_postgres::GenericClient;

use crate::load::config::Load;
use crate::load::expected::{expected_tables, wal_level};
use crate::load::ledger::LoadEntry;
use crate::load::policy::Triggers;
use crate::load::post_load_hook::PostLoadHook;
use crate::load::prepared::PreparedLoad;
use crate::load::source::input::Input;
use crate::load::table::size::ExpectedSize;
use crate::load::table::table_load::{TableLoad, Unsorted};
use crate::progress::Progress;
use crate::suggestion::finishing;
use crate::units::counted;

/// Reports what an unfinished load has, before it is resumed, or replaced by this one, which keeps a part of it.
pub fn announce_resume(
    load: &Load,
    entry: &LoadEntry,
    input: &Input,
    prepared: &PreparedLoad,
    discarded: &[String],
    progress: &Progress,
) {
    announce_target(input, progress);
    let does = match finishing(&entry.command) == finishing(&load.command) {
        true => "resuming",
        false => "going on in place of",
    };
    let earlier = &prepared.earlier;
    let complete = earlier.iter().filter(|it| it.next.is_none()).count();
    let parts = earlier.iter().filter(|it| it.next.is_some()).map(|it| {
        let rows = counted(it.account.loaded, "row");
        format!(", {} with {rows}", it.account.name)
    });
    let anew = match discarded {
        [] => String::new(),
        tables => format!("; loaded anew: {}", tables.join(", ")),
    };
    progress.note(format!(
        "load: {does} `{}`, unfinished in schema {}: {complete} of {} tables are loaded{}{anew}",
        entry.command,
        prepared.schema,
        prepared.targets.len(),
        parts.collect::<String>()
    ));
}

/// Reports what is about to be loaded; the hook has planned its work.
pub async fn announce(
    client: &impl GenericClient,
    load: &Load<'_>,
    input: &Input,
    prepared: &PreparedLoad,
    hook: &impl PostLoadHook,
    progress: &Progress,
) -> Result<()> {
    let names = load.table_names().join(", ");
    announce_target(input, progress);
    progress.note(format!("load: schema {}: {names}", prepared.schema));
    if !input.ignored.is_empty() {
        let ignored = input.ignored.join(", ");
        progress.note(format!(
            "load: not loaded, since no table matches: {ignored}"
        ));
    }
    announce_triggers(load, prepared, progress);
    let bytes = HumanBytes(input.bytes());
    let Some(rows) = input.rows() else {
        progress.note(format!("load: {bytes} of CSV, every record read"));
        announce_publications(prepared, None, progress);
        return Ok(());
    };
    let tables = expected_tables(client, load, input, &prepared.targets, hook).await?;
    let size = ExpectedSize::of(&tables, wal_level(client).await?);
    progress.note(format!(
        "load: {}, {bytes} of CSV; about {} of heap, {} of indexes, {} of WAL",
        counted(rows, "row"),
        HumanBytes(size.heap),
        HumanBytes(size.indexes),
        HumanBytes(size.wal)
    ));
    announce_publications(prepared, Some((rows, size)), progress);
    match load.server.free_disk() {
        Some(free) if free < size.heap + size.indexes + size.wal => progress.note(format!(
            "load: its disk has {} free, which may not be enough; load fewer --rows, or use another --home",
            HumanBytes(free)
        )),
        _ => {}
    }
    Ok(())
}

/// Reports what is replicated.
fn announce_publications(
    prepared: &PreparedLoad,
    expected: Option<(u64, ExpectedSize)>,
    progress: &Progress,
) {
    for note in prepared.publications.notes(&prepared.targets, expected) {
        progress.note(format!("load: {note}"));
    }
}

/// Reports the partitioned tables whose rows the server sorts.
pub fn announce_unsorted(loads: &[TableLoad], progress: &Progress) {
    for load in loads {
        if let Err(Unsorted::ByServer(reason)) = &load.router {
            progress.note(format!(
                "load: rows of {} go through the partitioned table, without FREEZE: {reason}",
                load.target.name
            ));
        }
    }
}

/// Reports which triggers fire for the rows, or are skipped.
fn announce_triggers(load: &Load, prepared: &PreparedLoad, progress: &Progress) {
    for (which, what) in [
        (
            Triggers::Fire,
            "triggers fire for the rows, --triggers off skips them",
        ),
        (
            Triggers::Skip,
            "triggers are skipped, and with them what they check and write",
        ),
    ] {
        let listed = prepared.triggers_listed(load, which);
        if !listed.is_empty() {
            progress.note(format!("load: {what}: {}", listed.join("; ")));
        }
    }
}

fn announce_target(input: &Input, progress: &Progress) {
    progress.note(format!("load: {}", input.label));
}
