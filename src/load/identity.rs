//! The identity of a load: equal for the same command on the same input, so that an unfinished load can be resumed.

use anyhow::Result;
use xxhash_rust::xxh3::Xxh3;

use crate::files::manifest::checksum;
use crate::load::config::Load;
use crate::load::source::fingerprint::{SourceState, fingerprint};
use crate::load::source::input::{Input, RowOrigin};

/// What makes two loads the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadIdentity {
    /// A digest of the command.
    pub digest: String,
    /// Each table's file and how it is read, in load order: a changed file is loaded anew by the same command. Empty for
    /// generated rows, which the digest decides.
    pub sources: Vec<SourceState>,
}

/// The identity of generated rows: version, dataset, rows, seed and tables decide every byte.
pub fn of_generated(load: &Load, RowOrigin { amount, seed }: RowOrigin) -> LoadIdentity {
    let version = env!("CARGO_PKG_VERSION");
    let rows = amount.root_rows;
    let scale = amount.scale.map_or(String::new(), |it| format!(" {it}"));
    let origin = format!("{version} {} {rows} {seed}{scale}", load.dataset.hash);
    LoadIdentity {
        digest: digest(load, &origin),
        sources: vec![SourceState::default(); load.tables.len()],
    }
}

/// The identity of an input: its origin, else the paths, sizes and times of its files.
pub fn of_input(load: &Load, input: &Input) -> Result<LoadIdentity> {
    if let Some(origin) = input.origin {
        return Ok(of_generated(load, origin));
    }
    let mut files = load.dataset.hash.clone();
    let mut sources = Vec::new();
    for source in &input.tables {
        if let Some(fingerprint) = fingerprint(source)? {
            files.push_str(&fingerprint.request);
            sources.push(SourceState::new(load.dataset, source, fingerprint));
        }
    }
    Ok(LoadIdentity {
        digest: digest(load, &files),
        sources,
    })
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
