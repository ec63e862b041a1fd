//! What is measured of each form.

use serde::Serialize;

use super::form::Form;
use crate::check::Latency;

/// The forms side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct FormComparison {
    /// The query's name.
    pub query: String,
    /// How many documents each form holds.
    pub documents: u64,
    /// How many there are in the tables.
    pub of: u64,
    /// One for each form, the tables first.
    pub figures: Vec<Figures>,
    /// Bodies that aren't those of the tables.
    pub differences: Vec<String>,
}

/// One form's.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The form.
    pub form: Form,
    /// From the request to the last byte of one document.
    pub latency: Latency,
    /// Pages touched by a read, on average.
    pub pages: f64,
    /// On disk.
    pub size: Size,
    /// Making it from the tables, indexes included; `None` for the tables.
    pub build: Option<Effort>,
    /// Changing one row of a table and what was made from it, the median; `None` where no change is defined.
    pub change: Option<Effort>,
}

/// Bytes on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Size {
    /// The main relation.
    pub heap: u64,
    /// Values stored out of line, with their index.
    pub toast: u64,
    /// The indexes.
    pub index: u64,
}

/// Time and log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Effort {
    /// Without the commit.
    pub ms: f64,
    /// Bytes of WAL.
    pub wal: u64,
}

impl Size {
    /// All of it.
    pub fn total(self) -> u64 {
        self.heap + self.toast + self.index
    }
}

impl FormComparison {
    /// Bytes on disk for a document: the tables hold all documents, the other forms those that were made.
    #[expect(clippy::cast_precision_loss, reason = "an average for people")]
    pub fn bytes_per_document(&self, figures: &Figures) -> f64 {
        let documents = match figures.form {
            Form::Tables => self.of,
            Form::Jsonb | Form::Json | Form::View => self.documents,
        };
        figures.size.total() as f64 / documents.max(1) as f64
    }
}
