//! Whether two loads are the same, and what an earlier one in the ledger means for this one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};
use xxhash_rust::xxh3::Xxh3;

use crate::files::manifest::checksum;
use crate::load::ledger::Entry;
use crate::load::run::Load;
use crate::load::source::input::{From, Input, Origin};
use crate::suggestion::TARGET;

/// What the ledger says before a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or what is to be replaced.
    Nothing,
    /// This very load, not come to its end: it is taken up where it was left.
    Unfinished,
    /// This very load, complete.
    Complete,
}

/// What a load is: the same for the same command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A digest of what was asked for.
    pub digest: String,
    /// What each table's file is like now, in load order: a mended file is loaded anew by the same command. Empty where
    /// the digest says it all.
    pub sources: Vec<String>,
}

/// The identity of rows that seedrow made itself: version, dataset, rows, seed and tables decide every byte.
pub fn of_generated(load: &Load, Origin { rows, seed }: Origin) -> Identity {
    let version = env!("CARGO_PKG_VERSION");
    let made_of = format!("{version} {} {rows} {seed}", load.dataset.hash);
    Identity {
        digest: digest(load, &made_of),
        sources: vec![String::new(); load.tables.len()],
    }
}

/// The identity of an input: of its origin, else of its files' paths, sizes and times.
pub fn of_input(load: &Load, input: &Input) -> Result<Identity> {
    if let Some(origin) = input.origin {
        return Ok(of_generated(load, origin));
    }
    let mut files = load.dataset.hash.clone();
    let mut sources = Vec::new();
    for table in &input.tables {
        let Some(path) = table.path() else { continue };
        // How it is read decides its rows, too. What is left out of them doesn't: a load that broke off over that is
        // finished with other words on it.
        let own = matches!(table.from, From::Described { .. });
        if !own {
            files.push_str(&format!(" {:?} {:?}", table.form, table.header));
        }
        if let From::Stream { typed, .. } = &table.from {
            files.push_str(&format!(" {}", typed.display()));
            let content = of_content(path);
            sources.push(content.with_context(|| format!("could not read {}", table.shown()))?);
            continue;
        }
        let context = || format!("could not look at {}", path.display());
        let whole = path.canonicalize().with_context(context)?;
        files.push_str(&format!(" {}", whole.display()));
        let time = std::fs::metadata(path).and_then(|meta| meta.modified());
        let time = time.with_context(context)?.duration_since(UNIX_EPOCH);
        let time = time.map_or(0, |since| since.as_nanos());
        sources.push(format!("{} bytes of {time}", table.bytes));
    }
    Ok(Identity {
        digest: digest(load, &files),
        sources,
    })
}

/// What a stream held: its path and time say nothing.
fn of_content(path: &Path) -> io::Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Xxh3::new());
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(format!("{bytes} bytes, {}", checksum(hash.digest()))),
            count => {
                hash.update(&buffer[..count]);
                bytes += count;
            }
        }
    }
}

fn digest(load: &Load, what: &str) -> String {
    let mut hash = Xxh3::new();
    hash.update(what.as_bytes());
    if load.policy.append {
        hash.update(b"\0--append");
    }
    for name in load.table_names() {
        hash.update(b"\0");
        hash.update(name.as_bytes());
    }
    checksum(hash.digest())
}

/// Refuses when another load that is unfinished stands in the way.
pub fn judge(load: &Load, entry: Option<&Entry>, identity: &Identity) -> Result<Found> {
    let Some(entry) = entry else {
        return Ok(Found::Nothing);
    };
    let same = entry.identity == identity.digest && !load.replace;
    match (same, entry.finished) {
        (true, true) => return Ok(Found::Complete),
        (true, false) => return Ok(Found::Unfinished),
        (false, true) => return Ok(Found::Nothing),
        (false, false) => {}
    }
    let names = load.table_names();
    let covered = entry.tables.iter().all(|table| names.contains(table));
    if load.replace && covered {
        return Ok(Found::Nothing);
    }
    let Entry {
        command, tables, ..
    } = entry;
    if !load.replace && *command == load.command {
        bail!(
            "an unfinished load of {} stands in this database, begun with this very command, but seedrow or the dataset \
             is another version since; `{command} --replace` redoes it, `seedrow forget --abandon{TARGET}` gives it up",
            tables.join(", ")
        );
    }
    let mut message = format!(
        "an unfinished load of {} stands in this database, begun with `{command}`; that command finishes it, \
         `seedrow forget --abandon{TARGET}` gives it up",
        tables.join(", ")
    );
    if !load.replace && covered {
        message.push_str(&format!(", `{} --replace` takes its place", load.command));
    }
    bail!(message)
}
