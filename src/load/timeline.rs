//! When each table's rows and each key took their time within a load, for a picture of it.

use std::cell::RefCell;
use std::time::{Duration, Instant};

/// What took time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// A table's rows.
    Rows,
    /// A primary or unique key, or another index that was dropped for the load.
    Key,
}

/// A piece of a load's work; others run at the same time.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// What it was.
    pub kind: SpanKind,
    /// The table or the key.
    pub name: String,
    /// When it began.
    pub start: Instant,
    /// How long it took.
    pub took: Duration,
}

/// The spans of a load, in the order of their ends.
#[derive(Debug, Default)]
pub struct Timeline(RefCell<Vec<Span>>);

impl Timeline {
    /// Adds a span that ends now.
    pub fn add(&self, kind: SpanKind, name: &str, start: Instant) {
        self.0.borrow_mut().push(Span {
            kind,
            name: name.to_owned(),
            start,
            took: start.elapsed(),
        });
    }

    /// The spans so far, which are taken out.
    pub fn take(&self) -> Vec<Span> {
        self.0.take()
    }
}
