//! How the rows of a source are encoded for COPY.

use crate::copy::{CopyFormat, FieldEncoder};
use crate::load::encode::RowEncoder;

/// How the rows of one source are encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFormat {
    /// Generated as CSV, without a header.
    Csv,
    /// Generated in the binary format, with how each column is written.
    Binary(Vec<FieldEncoder>),
    /// Read from a file and encoded record by record.
    Encoded(RowEncoder),
}

impl RowFormat {
    /// COPY's format.
    pub fn copy(&self) -> CopyFormat {
        match self {
            RowFormat::Csv => CopyFormat::Csv,
            RowFormat::Binary(_) => CopyFormat::Binary,
            RowFormat::Encoded(encoder) => encoder.format(),
        }
    }
}
