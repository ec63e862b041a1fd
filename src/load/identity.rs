//! Whether two loads are the same, and what an earlier one in the ledger means for this one.

use anyhow::{Context, Result, bail};
use xxhash_rust::xxh3::Xxh3;

use crate::files::manifest::checksum;
use crate::load::input::{Input, Origin};
use crate::load::ledger::Entry;
use crate::load::run::Load;

/// What the ledger says before a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or what is to be replaced.
    Nothing,
    /// This very load, complete.
    Complete,
}

/// The identity of rows that seedrow made itself: version, dataset, rows, seed and tables decide every byte.
pub fn of_generated(load: &Load, Origin { rows, seed }: Origin) -> String {
    let version = env!("CARGO_PKG_VERSION");
    digest(
        load,
        &format!("{version} {} {rows} {seed}", load.dataset.hash),
    )
}

/// The identity of an input: of its origin, else of its files' names, sizes and times.
pub fn of_input(load: &Load, input: &Input) -> Result<String> {
    if let Some(origin) = input.origin {
        return Ok(of_generated(load, origin));
    }
    let mut files = load.dataset.hash.clone();
    for table in &input.tables {
        let Some(path) = table.path() else { continue };
        let time = std::fs::metadata(path).and_then(|meta| meta.modified());
        let time = time.with_context(|| format!("could not ask the age of {}", path.display()))?;
        files.push_str(&format!(" {} {} {time:?}", table.name(), table.bytes));
    }
    Ok(digest(load, &files))
}

fn digest(load: &Load, what: &str) -> String {
    let mut hash = Xxh3::new();
    hash.update(what.as_bytes());
    for name in load.table_names() {
        hash.update(b"\0");
        hash.update(name.as_bytes());
    }
    checksum(hash.digest())
}

/// Refuses when another load, or this one's unfinished beginning, stands in the way.
pub fn judge(load: &Load, entry: Option<Entry>, identity: &str) -> Result<Found> {
    let Some(entry) = entry else {
        return Ok(Found::Nothing);
    };
    let same = entry.identity == identity;
    if entry.finished && same && !load.replace {
        return Ok(Found::Complete);
    }
    let names = load.table_names();
    let covered = entry.tables.iter().all(|table| names.contains(table));
    if entry.finished || (load.replace && covered) {
        return Ok(Found::Nothing);
    }
    let Entry {
        command, tables, ..
    } = &entry;
    if load.replace {
        bail!(
            "an unfinished load of {} stands in this database, begun with `{command}`; redo all of its tables with \
             `{command} --replace` before loading fewer",
            tables.join(", ")
        );
    }
    let other = if same {
        String::new()
    } else {
        format!(", `{} --replace` takes its place", load.command)
    };
    bail!(
        "an unfinished load stands in this database, begun with `{command}`; `{command} --replace` redoes it from the \
         start{other}"
    )
}
