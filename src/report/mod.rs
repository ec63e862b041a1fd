//! Findings and figures → text, JSON; the only module that prints results.

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

use crate::progress;
use crate::terminal;

mod calibration;
pub mod check;
pub mod colour;
pub mod compare;
pub mod db;
pub mod doctor;
pub mod documents;
pub mod dry_run;
mod figures;
pub mod forget;
mod format;
pub mod generate;
pub mod html;
pub mod index;
pub mod init;
pub mod load;
mod markdown;
pub mod messages;
pub mod part;
pub mod run;
#[cfg(test)]
mod schemas;
pub mod stress;
pub mod table;
mod text_style;
pub mod twin;

pub use format::{Formats, OutputFormat, text_or_json};
pub use messages::{database_note, error, interrupted, statements_note, usage};
pub use text_style::{Detail, TextStyle};

/// Writes results to stdout; a closed pipe (`| head`) is no error.
pub fn print(text: &str) -> Result<()> {
    progress::clear();
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("could not write to stdout"),
    }
}

/// As [`print()`], for texts: on a terminal, lines that are wider are broken between words, but for commands and SQL to copy.
pub fn print_text(text: &str) -> Result<()> {
    match terminal::width(&std::io::stdout()) {
        Some(width) => print(&terminal::wrapped_text(text, width.into())),
        None => print(text),
    }
}

/// JSON over several lines, the last one ended.
pub fn pretty(value: &impl serde::Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value).context("could not write JSON")?;
    Ok(text + "\n")
}
