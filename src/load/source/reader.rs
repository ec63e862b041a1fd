//! One file, record by record: each becomes a row, or is dropped by a rule of the dataset, or rejected with its reason.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use xxhash_rust::xxh3::Xxh3;

use crate::copy::number::integer;
use crate::dataset::Dataset;
use crate::dataset::spec::DropRule;
use crate::files::manifest::{TableFile, checksum};
use crate::files::open::Text;
use crate::files::records::{Record, Records};
use crate::load::account::Tally;
use crate::load::encode::RowEncoder;
use crate::load::source::chunk::Position;
use crate::load::source::columns::by_header;
use crate::load::source::input::{From, TableInput};
use crate::load::source::rejects::RejectsFile;
use crate::load::table::server_rejection::RowRefused;

/// A message of about 1 MB costs the client least.
pub const CHUNK: usize = 1 << 20;

/// A file and how it is read.
pub struct FileReader<'a> {
    input: &'a TableInput,
    encoder: &'a RowEncoder,
    table: &'a str,
    /// What the manifest says of it; such a file has nothing to be rejected.
    described: Option<&'a TableFile>,
    /// Each rule with the place of its column in the file.
    rules: Vec<(usize, &'a DropRule)>,
    /// The records that the server refused, by their lines.
    refused: &'a BTreeMap<u64, RowRefused>,
}

/// Rows and what became of the records behind them.
#[derive(Debug)]
pub struct Rows {
    /// Encoded.
    pub bytes: Vec<u8>,
    /// The counts.
    pub tally: Tally,
    /// Bytes of the file that were read for them.
    pub share: u64,
    /// Where the next record begins.
    pub next: Position,
    /// The length of the file of rejects with them.
    pub rejects: u64,
}

/// What becomes of a record.
enum Fate<'a> {
    Row,
    Dropped(&'a DropRule),
    Rejected {
        /// The field that it is about.
        field: Option<usize>,
        reason: String,
    },
}

impl<'a> FileReader<'a> {
    /// For an input that is a file.
    pub fn new(
        dataset: &'a Dataset,
        input: &'a TableInput,
        encoder: &'a RowEncoder,
        refused: &'a BTreeMap<u64, RowRefused>,
    ) -> Result<FileReader<'a>> {
        let table = &dataset.tables[input.table];
        let columns = by_header(table, &input.header, &input.shown())?;
        let place = |rule: &DropRule| {
            let name = &table.columns[rule.column].name;
            columns
                .iter()
                .position(|column| column.is_some_and(|column| column.name == *name))
        };
        let described = match &input.from {
            From::Described { file, .. } => Some(file),
            From::Foreign { .. } | From::Stream { .. } | From::Made(_) => None,
        };
        let rules = match described {
            Some(_) => Vec::new(),
            None => {
                let rules = table.drop.iter();
                rules
                    .filter_map(|rule| Some((place(rule)?, rule)))
                    .collect()
            }
        };
        Ok(FileReader {
            input,
            encoder,
            table: &table.name,
            described,
            rules,
            refused,
        })
    }

    /// Reads all records from a place on and hands their rows over, about a megabyte at a time, until `take` says that
    /// nobody wants more.
    ///
    /// An error when too many records are rejected, when a file that a manifest describes isn't what it says, and when
    /// the file cannot be read.
    pub fn read(
        &self,
        from: Option<Position>,
        rejects: &mut RejectsFile,
        mut take: impl FnMut(Rows) -> bool,
    ) -> Result<()> {
        let mut records = self.open(from)?;
        // What was passed over is no share of this attempt's.
        let before = match from {
            Some(_) => records.input().text.taken(),
            None => 0,
        };
        let mut gathered = Gathered::new(before);
        while let Some(record) = records.read()? {
            self.judge(&record, &mut gathered, rejects)?;
            if gathered.bytes.len() >= CHUNK {
                let rows = gathered.take(&records, rejects)?;
                if !take(rows) {
                    return Ok(());
                }
            }
            if rejects.exceeds() {
                return Err(self.read_on(&mut records, rejects)?);
            }
        }
        if let Some(described) = self.described {
            ensure_unchanged(&self.input.shown(), described, records.input())?;
        }
        if gathered.tally.read > 0 {
            // Whoever wants no more has its own error to tell.
            let _ = take(gathered.take(&records, rejects)?);
        }
        Ok(())
    }

    /// Reads all records and hands over those that become rows.
    pub fn each_row(
        &self,
        mut each: impl FnMut(&Record, &RowEncoder) -> Result<bool>,
    ) -> Result<()> {
        let mut records = self.open(None)?;
        let mut row = Vec::new();
        while let Some(record) = records.read()? {
            row.clear();
            if matches!(self.fate(&record, &mut row), Fate::Row) && !each(&record, self.encoder)? {
                break;
            }
        }
        Ok(())
    }

    fn open(&self, from: Option<Position>) -> Result<Records<Hashed>> {
        let path = self.input.path().unwrap_or(Path::new(""));
        let shown = self.input.shown();
        let text = Hashed::new(Text::open(path)?);
        let mut records = Records::new(text, Path::new(&shown), self.input.form.dialect)?;
        match from {
            Some(Position { at, line }) => records.skip_to(at, line)?,
            None if self.input.form.header => {
                records.read()?;
            }
            None => {}
        }
        Ok(records)
    }

    /// Decides and counts.
    #[inline]
    fn judge(
        &self,
        record: &Record,
        gathered: &mut Gathered,
        rejects: &mut RejectsFile,
    ) -> Result<()> {
        let tally = &mut gathered.tally;
        tally.read += 1;
        match self.fate(record, &mut gathered.bytes) {
            Fate::Row => {
                tally.rows += 1;
                tally.repaired += u64::from(record.mended);
                Ok(())
            }
            Fate::Dropped(rule) => {
                *tally.dropped.entry(rule.name.clone()).or_default() += 1;
                Ok(())
            }
            Fate::Rejected { field, reason } => {
                tally.rejected += 1;
                let column = field.map(|field| self.input.header[field].trim());
                if self.described.is_some() {
                    let column = column
                        .map(|column| format!("{column} "))
                        .unwrap_or_default();
                    let (file, line) = (self.input.shown(), record.line);
                    return Err(anyhow!("{file}, line {line}: {column}{reason}"));
                }
                rejects.put(record.line, column, &reason, record.raw)
            }
        }
    }

    #[inline]
    fn fate(&self, record: &Record, out: &mut Vec<u8>) -> Fate<'a> {
        let rejected = |reason: &str| Fate::Rejected {
            field: None,
            reason: reason.to_owned(),
        };
        if let Some(flaw) = record.flaw {
            return rejected(flaw.reason());
        }
        if record.mended && !self.input.form.mend {
            return rejected("a quote is not closed");
        }
        if record.len() != self.input.header.len() {
            return rejected(&self.wrong_count(record));
        }
        if let Some(rule) = self.dropped_by(record) {
            return Fate::Dropped(rule);
        }
        if !self.refused.is_empty()
            && let Some(row) = self.refused.get(&record.line)
        {
            return rejected(&row.reason);
        }
        match self.encoder.encode(record, out) {
            Ok(()) => Fate::Row,
            Err(refusal) => Fate::Rejected {
                field: Some(refusal.field),
                reason: refusal.to_string(),
            },
        }
    }

    #[cold]
    fn wrong_count(&self, record: &Record) -> String {
        let (there, wanted) = (record.len(), self.input.header.len());
        let fields = if there == 1 { "field" } else { "fields" };
        let quote = if record.mended {
            "; a quote is not closed"
        } else {
            ""
        };
        match self.input.form.header {
            true => format!("{there} {fields}, and the header has {wanted}{quote}"),
            false => format!("{there} {fields}, and {wanted} columns are expected{quote}"),
        }
    }

    fn dropped_by(&self, record: &Record) -> Option<&'a DropRule> {
        let applies = |(place, rule): &&(usize, &DropRule)| {
            let value = record.field(*place).0.trim_ascii();
            let number = integer(value).ok();
            rule.values.iter().any(|listed| {
                let listed = listed.trim().as_bytes();
                listed == value || (number.is_some() && integer(listed).ok() == number)
            })
        };
        self.rules.iter().find(applies).map(|(_, rule)| *rule)
    }

    /// Reads the rest of a file that has too many rejects, to tell how many and to put them aside, as far as that is
    /// of use.
    fn read_on(
        &self,
        records: &mut Records<Hashed>,
        rejects: &mut RejectsFile,
    ) -> Result<anyhow::Error> {
        let mut gathered = Gathered::new(0);
        let mut whole = true;
        while let Some(record) = records.read()? {
            if rejects.is_full() {
                whole = false;
                break;
            }
            gathered.bytes.clear();
            self.judge(&record, &mut gathered, rejects)?;
        }
        rejects.flush()?;
        Ok(rejects.refuse(whole))
    }

    /// The table's name.
    pub fn table(&self) -> &'a str {
        self.table
    }
}

/// Rows that wait to be handed over.
struct Gathered {
    bytes: Vec<u8>,
    tally: Tally,
    /// Bytes of the file that were read before.
    taken: u64,
}

impl Gathered {
    fn new(taken: u64) -> Gathered {
        Gathered {
            bytes: Vec::with_capacity(CHUNK + CHUNK / 4),
            tally: Tally::default(),
            taken,
        }
    }

    fn take(&mut self, records: &Records<Hashed>, rejects: &mut RejectsFile) -> Result<Rows> {
        rejects.flush()?;
        let (at, line) = records.position();
        let taken = records.input().text.taken();
        let spare = Vec::with_capacity(CHUNK + CHUNK / 4);
        Ok(Rows {
            bytes: std::mem::replace(&mut self.bytes, spare),
            tally: std::mem::take(&mut self.tally),
            share: taken - std::mem::replace(&mut self.taken, taken),
            next: Position { at, line },
            rejects: rejects.length(),
        })
    }
}

fn ensure_unchanged(shown: &str, described: &TableFile, read: &Hashed) -> Result<()> {
    let found = checksum(read.hash.digest());
    ensure!(
        found == described.checksum,
        "{shown}: its checksum is {found}, and the manifest says {}; the file was changed. Generate it anew, or remove \
         the manifest to have every record read and checked",
        described.checksum
    );
    Ok(())
}

/// A file whose checksum is taken while it is read.
struct Hashed {
    text: Text,
    hash: Xxh3,
}

impl Hashed {
    fn new(text: Text) -> Hashed {
        Hashed {
            text,
            hash: Xxh3::new(),
        }
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
