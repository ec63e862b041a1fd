//! The error of more rows that violate a key than --max-rejects allows.

use anyhow::Error;

use crate::load::source::rejects::{Rejected, Rejects};
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;
use crate::units::{counted, grouped};

/// So many rows of each file would be rejected for a key; `first` are some of them.
pub fn too_many_rejects<'a>(
    rejects: &Rejects,
    files: &[(&str, u64)],
    first: impl IntoIterator<Item = &'a Rejected>,
) -> Error {
    let mut notes: Vec<String> = first.into_iter().map(Rejected::message).collect();
    let rows: u64 = files.iter().map(|(_, rows)| rows).sum();
    let all = rejects.count() + rows;
    notes.push(format!(
        "to reject them and load the others, run: {}",
        again(&["--max-rejects", &all.to_string()])
    ));
    let counts = files.iter();
    let counts = counts.map(|(file, rows)| format!("{file}: {}", counted(*rows, "record")));
    let message = format!(
        "{} {} keys, {} {} rejected in all, and --max-rejects allows fewer",
        counts.collect::<Vec<_>>().join(", "),
        if rows == 1 { "violates" } else { "violate" },
        grouped(all),
        if all == 1 { "is" } else { "are" },
    );
    ErrorWithNotes::of(message, notes)
}
