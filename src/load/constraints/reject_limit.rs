//! The error of more rows that violate a key than --max-rejects allows.

use anyhow::Error;

use crate::load::source::rejects::{Rejected, Rejects};
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;
use crate::units::grouped;

/// `rows` of a file would be rejected for a key; `first` are some of them.
pub fn too_many_rejects(rejects: &Rejects, file: &str, rows: u64, first: &[Rejected]) -> Error {
    let mut notes: Vec<String> = first.iter().map(Rejected::message).collect();
    let all = rejects.count() + rows;
    notes.push(format!(
        "to reject them and load the others, run: {}",
        again(&["--max-rejects", &all.to_string()])
    ));
    ErrorWithNotes {
        message: format!(
            "{file}: {} records violate keys, {} are rejected in all, and --max-rejects allows fewer",
            grouped(rows),
            grouped(all)
        ),
        notes,
        source: None,
    }
    .into()
}
