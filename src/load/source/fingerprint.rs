//! What a file contributes to the identity of a load: where it is and how it is read, and what it is like now.
//!
//! The same command with an edited file is the same load, whose table is loaded anew.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::dataset::Dataset;
use crate::dataset::record_format::{Delimiter, SkipLines};
use crate::dataset::spellings::Spellings;
use crate::files::manifest::checksum;
use crate::files::records::Dialect;
use crate::load::source::csv_format::CsvFormat;
use crate::load::source::options::TableSpellings;
use crate::load::source::table_source::{SourceKind, TableSource};

/// See [`fingerprint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The path and the format: the same for the same command.
    pub request: String,
    /// Size and time of the file; of a stream, what it held.
    pub state: String,
}

/// What a table's rows are read from and how, in a load of files. Tables with the same one have the same rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceState {
    /// See [`Fingerprint::state`]; empty for generated rows.
    pub file: String,
    /// A digest of [`Fingerprint::request`] and of what the dataset says of reading the table; empty for generated rows,
    /// and in ledgers of an older seedrow.
    pub reading: String,
}

impl SourceState {
    /// Of a file of the dataset's table.
    pub fn new(dataset: &Dataset, source: &TableSource, fingerprint: Fingerprint) -> SourceState {
        let table = &dataset.tables[source.table];
        let mut reading = format!(
            "{} {:?} {:?} {:?}",
            fingerprint.request, dataset.nulls, table.reading, table.drop
        );
        for column in &table.columns {
            reading.push_str(&format!(" {} {:?}", column.name, column.spellings));
        }
        SourceState {
            file: fingerprint.state,
            reading: checksum(xxh3_64(reading.as_bytes())),
        }
    }

    /// Whether it is that of a file; not known of one in a ledger of an older seedrow.
    pub fn is_of_file(&self) -> bool {
        !self.reading.is_empty()
    }

    /// Whether it is that of the same rows as an earlier one.
    pub fn has_rows_of(&self, earlier: &SourceState) -> bool {
        let same_reading = self.reading == earlier.reading || !earlier.is_of_file();
        self.file == earlier.file && same_reading
    }
}

/// The fingerprint of a file; `None` of generated rows.
pub fn fingerprint(source: &TableSource) -> Result<Option<Fingerprint>> {
    if !source.is_file() {
        return Ok(None);
    }
    // How a foreign file is read decides its rows. What is rejected of them doesn't: a load that stopped over that is
    // finished with other options for it.
    let mut request = match source.is_foreign() {
        true => format!(" {} {:?}", written(&source.format), source.columns.names()),
        false => String::new(),
    };
    // As ledgers of earlier builds have it, where the options are about all files.
    let TableSpellings {
        everywhere,
        table,
        columns,
    } = &source.spellings;
    if *everywhere != Spellings::default() {
        request.push_str(&format!(" {everywhere:?}"));
    }
    if *table != Spellings::default() || !columns.is_empty() {
        request.push_str(&format!(" {table:?} {columns:?}"));
    }
    let mut states = Vec::new();
    for (kind, path) in source.kinds().zip(source.paths()) {
        let (place, state) = place_and_state(kind, path)?;
        request.push_str(&format!(" {place}"));
        states.push(state);
    }
    Ok(Some(Fingerprint {
        request,
        state: states.join(", "),
    }))
}

/// Where a file is, and what it is like now.
fn place_and_state(kind: &SourceKind, path: &Path) -> Result<(String, String)> {
    let context = || format!("could not look at {}", path.display());
    if let SourceKind::Stream { typed, .. } = kind {
        let typed = typed.display().to_string();
        let state = content(path).with_context(|| format!("could not read {typed}"))?;
        return Ok((typed, state));
    }
    let whole = path.canonicalize().with_context(context)?;
    let metadata = std::fs::metadata(path).with_context(context)?;
    let time = metadata
        .modified()
        .with_context(context)?
        .duration_since(UNIX_EPOCH);
    let time = time.map_or(0, |since| since.as_nanos());
    let state = format!("{} bytes of {time}", metadata.len());
    Ok((whole.display().to_string(), state))
}

/// The format as ledgers have it: a load begun by an earlier build is resumed only when it is spelled the same.
fn written(format: &CsvFormat) -> String {
    let CsvFormat {
        dialect,
        header,
        repair,
        encoding,
        skip,
        is_rejects: _,
    } = format;
    let mut text = format!(
        "Form {{ dialect: Dialect {{ delimiter: {}, breaks: {} }}, header: {header}, mend: {repair} }}",
        dialect.delimiter.first(),
        dialect.breaks
    );
    // What earlier builds didn't know.
    let usual = Dialect {
        delimiter: Delimiter::of(dialect.delimiter.first()),
        breaks: dialect.breaks,
        ..Dialect::CSV
    };
    if *dialect != usual {
        text.push_str(&format!(" {dialect:?}"));
    }
    if let Some(encoding) = encoding {
        text.push_str(&format!(" {}", encoding.name()));
    }
    if *skip != SkipLines::Nothing {
        text.push_str(&format!(" {skip:?}"));
    }
    text
}

/// What a stream held: its path and time say nothing.
fn content(path: &Path) -> io::Result<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_spelled_as_in_earlier_ledgers() {
        assert_eq!(
            written(&CsvFormat::OWN),
            "Form { dialect: Dialect { delimiter: 44, breaks: true }, header: true, mend: false }"
        );
    }
}
