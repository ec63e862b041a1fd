//! This machine: Postgres' programs, disk, memory, terminal.

use std::path::Path;

use super::{Diagnosis, Health};
use crate::postgres::embedded::settings::Machine;
use crate::postgres::error::describe;
use crate::postgres::programs;
use crate::terminal;
use crate::units::{counted, size};

/// Less is soon full: the built-in catalog of a million products takes about 4 GiB.
const LITTLE_DISK: u64 = 5 << 30;

/// Less makes index builds slow.
const LITTLE_MEMORY: u64 = 1 << 30;

/// The servers that are installed. `needed` says whether the target is the embedded one.
pub fn programs(needed: bool) -> Diagnosis {
    const NAME: &str = "programs";
    match programs::installed() {
        Ok(found) => {
            let found = found.iter();
            let found =
                found.map(|it| format!("PostgreSQL {} in {}", it.version, it.bin.display()));
            Diagnosis::ok(NAME, found.collect::<Vec<_>>().join(", "))
        }
        Err(error) => {
            let described = describe(&error);
            let health = match needed {
                true => Health::Fail,
                false => Health::Warn,
            };
            Diagnosis::ok(NAME, described.text).but(health, described.notes)
        }
    }
}

/// The disk of the embedded server's folder, or of the nearest folder above it that exists.
pub fn disk(folder: &Path) -> Diagnosis {
    let existing = folder.ancestors().find(|it| it.exists()).unwrap_or(folder);
    let free = Machine::detect(existing).disk;
    let found = format!("{} free in {}", size(free), folder.display());
    let diagnosis = Diagnosis::ok("disk", found);
    match free < LITTLE_DISK {
        true => diagnosis.but(
            Health::Warn,
            vec!["load fewer --rows, or choose another folder with --home".to_owned()],
        ),
        false => diagnosis,
    }
}

/// Memory and cores.
pub fn memory() -> Diagnosis {
    let memory = Machine::detect(Path::new("/")).memory;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let found = format!("{}, {}", size(memory), counted(cores as u64, "core"));
    let diagnosis = Diagnosis::ok("memory", found);
    match memory < LITTLE_MEMORY {
        true => diagnosis.but(
            Health::Warn,
            vec![
                "index builds are slow with little memory; --jobs 1 leaves each more of it"
                    .to_owned(),
            ],
        ),
        false => diagnosis,
    }
}

/// What stdout goes to; `has_colours` is what was decided.
pub fn terminal(has_colours: bool) -> Diagnosis {
    let colours = match has_colours {
        true => "with colours",
        false => "without colours",
    };
    let kind = std::env::var("TERM").unwrap_or_else(|_| "TERM is not set".to_owned());
    let found = match terminal::width(&std::io::stdout()) {
        Some(columns) => format!("{kind}, {columns} columns, {colours}"),
        None => format!("none: output goes to a file or a pipe, {colours}"),
    };
    Diagnosis::ok("terminal", found)
}
