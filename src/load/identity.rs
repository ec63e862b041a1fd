//! The identity of a load: equal for the same command on the same input, so that an unfinished load can be resumed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use xxhash_rust::xxh3::Xxh3;

use crate::files::manifest::checksum;
use crate::load::config::Load;
use crate::load::source::input::{From, Input, Origin};

/// What makes two loads the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A digest of the command.
    pub digest: String,
    /// Size and time of each table's file, in load order: a changed file is loaded anew by the same command. Empty for
    /// generated rows, which the digest decides.
    pub sources: Vec<String>,
}

/// The identity of generated rows: version, dataset, rows, seed and tables decide every byte.
pub fn of_generated(load: &Load, Origin { rows, seed }: Origin) -> Identity {
    let version = env!("CARGO_PKG_VERSION");
    let origin = format!("{version} {} {rows} {seed}", load.dataset.hash);
    Identity {
        digest: digest(load, &origin),
        sources: vec![String::new(); load.tables.len()],
    }
}

/// The identity of an input: its origin, else the paths, sizes and times of its files.
pub fn of_input(load: &Load, input: &Input) -> Result<Identity> {
    if let Some(origin) = input.origin {
        return Ok(of_generated(load, origin));
    }
    let mut files = load.dataset.hash.clone();
    let mut sources = Vec::new();
    for table in &input.tables {
        let Some(path) = table.path() else { continue };
        // How a file is read decides its rows, too. --max-rejects and the like don't: a load that failed because of them
        // is resumed with other values.
        let is_described = matches!(table.from, From::Described { .. });
        if !is_described {
            files.push_str(&format!(" {:?} {:?}", table.form, table.header));
        }
        if let From::Stream { typed, .. } = &table.from {
            files.push_str(&format!(" {}", typed.display()));
            let content = of_content(path);
            sources.push(content.with_context(|| format!("could not read {}", table.shown()))?);
            continue;
        }
        let context = || format!("could not read the metadata of {}", path.display());
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

/// Size and checksum of a stream, which has no path or time.
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

fn digest(load: &Load, content: &str) -> String {
    let mut hash = Xxh3::new();
    hash.update(content.as_bytes());
    if load.policy.append {
        hash.update(b"\0--append");
    }
    for name in load.table_names() {
        hash.update(b"\0");
        hash.update(name.as_bytes());
    }
    checksum(hash.digest())
}
