//! Findings and figures → text, JSON; the only room that prints results.

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

pub mod check;
pub mod colour;
pub mod compare;
pub mod db;
mod figures;
pub mod forget;
pub mod generate;
pub mod html;
pub mod index;
pub mod load;
mod markdown;
pub mod messages;
pub mod run;
pub mod table;

pub use messages::{error, interrupted, usage};

/// Writes results to stdout; a reader that has gone away (`| head`) is no error.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("could not write to stdout"),
    }
}

/// JSON over several lines, the last one ended.
pub fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
