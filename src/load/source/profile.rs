//! The files of a table that doesn't exist yet → the table: its columns by their header, the types by all of their records.
//!
//! Each file is read once, in bounded memory. Records that a load would reject for their form don't count.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

use crate::dataset::csv_options::PASSED_OVER;
use crate::files::csv_input::CsvInput;
use crate::files::records::{Record, Records, Shape};
use crate::infer;
use crate::infer::column_type::{ColumnProfile, TypeRules};
use crate::infer::new_table::{NewColumn, NewTable};
use crate::load::source::csv_format::CsvFormat;
use crate::load::source::header::FieldNames;
use crate::load::source::header_advice::trailing_delimiter;
use crate::load::source::new_header::NewHeader;
use crate::load::source::overrides::Overrides;
use crate::load::source::rejects::OWN_COLUMNS;
use crate::load::source::table_source::SourceKind;
use crate::postgres::error::ErrorWithNotes;
use crate::progress::{Progress, Task, Unit};
use crate::suggestion::again;
use crate::units::{counted, grouped};

/// Records between looks at the flag that stops it.
const RECORDS: u64 = 4096;

/// A table that its files are profiled for.
pub struct Profiling<'a> {
    /// The table's name.
    pub table: &'a str,
    /// How the files are read.
    pub overrides: &'a Overrides,
    /// Receives the progress.
    pub progress: &'a Progress,
    /// Stops it when it is set.
    pub stop: &'a AtomicBool,
}

/// A file's fields.
struct Fields {
    names: Vec<String>,
    /// `None` for a field that is passed over.
    profiles: Vec<Option<ColumnProfile>>,
}

impl Profiling<'_> {
    /// Reads all files. Those behind the first have its columns; what differs is refused when they are loaded.
    pub fn run(&self, kinds: &[SourceKind]) -> Result<NewTable> {
        let bytes = kinds.iter().filter_map(SourceKind::path).map(file_bytes);
        let name = format!("read the columns of {}", self.table);
        let task = self
            .progress
            .task(name, bytes.sum::<Result<u64>>()?, Unit::Bytes);
        let mut known: Option<Fields> = None;
        for kind in kinds {
            let path = kind.path().unwrap_or(Path::new(""));
            self.read_file(path, &kind.label(), &mut known, &task)?;
        }
        task.finish();
        let Fields { names, profiles } = known.context("no file is named")?;
        let column = |(name, profile): (String, Option<ColumnProfile>)| {
            let inferred = profile?.decide();
            Some(NewColumn { name, inferred })
        };
        let labels: Vec<String> = kinds.iter().map(SourceKind::label).collect();
        let spellings = self.overrides.options.spellings_of(self.table);
        Ok(NewTable {
            name: self.table.to_owned(),
            columns: names.into_iter().zip(profiles).filter_map(column).collect(),
            files: labels.join(", "),
            texts_not_null: spellings.everywhere.or(&spellings.table).force_not_null,
        })
    }

    fn read_file(
        &self,
        path: &Path,
        label: &str,
        known: &mut Option<Fields>,
        task: &Task,
    ) -> Result<()> {
        let spec = infer::new_table_spec(self.table, &[]);
        let format = CsvFormat::foreign(&spec, path, label, self.overrides)?;
        let header = NewHeader {
            table: self.table,
            label,
            delimiter: format.dialect.delimiter.typed(),
            overrides: self.overrides,
        };
        let found = header.resolve(format.first_record(path, label)?)?;
        let is_header = found.is_header;
        let forced = self.overrides.header_of(&spec);
        let fields = known.get_or_insert_with(|| Fields::new(&found));
        if fields.names != found.names {
            return Ok(());
        }
        let mut records = format.open(path, label)?;
        if is_header {
            records.read()?;
        }
        let (count, misfits) = self.add_records(&mut records, fields, format.repair, task)?;
        match is_header && forced.is_none() {
            true => misfits.ensure_few(self.table, label, count, fields.names.len()),
            false => Ok(()),
        }
    }

    /// Adds a file's records; how many there are, and those of another form.
    fn add_records(
        &self,
        records: &mut Records<CsvInput>,
        fields: &mut Fields,
        repair: bool,
        task: &Task,
    ) -> Result<(u64, Misfits)> {
        let options = self.overrides.options.spellings_of(self.table);
        let names = fields.names.iter();
        let rules = names.map(|name| TypeRules::new(&options.of(name)));
        let rules: Vec<TypeRules> = rules.collect();
        let mut shape = Shape {
            fields: fields.names.len(),
            fits: &mut |_| false,
        };
        let (mut count, mut seen) = (0_u64, 0);
        let mut misfits = Misfits::default();
        while let Some(record) = records.read_as(&mut shape)? {
            misfits.add(fields.add(&rules, &record, repair), &record);
            count += 1;
            if count.is_multiple_of(RECORDS) {
                if self.stop.load(Ordering::Relaxed) {
                    bail!("interrupted");
                }
                let read = records.input().bytes_read();
                task.add(RECORDS, read - seen);
                seen = read;
            }
        }
        task.add(count % RECORDS, records.input().bytes_read() - seen);
        Ok((count, misfits))
    }
}

/// Records that a load rejects whatever their columns' types are.
#[derive(Default)]
struct Misfits {
    /// Those of another form.
    records: u64,
    /// Those of them whose last field is empty.
    trailing: u64,
    /// Those with bytes that aren't UTF-8.
    undecoded: u64,
}

/// How a record fits a file's fields.
enum Fit {
    Whole,
    /// Another number of fields, or none that can be told.
    OtherForm,
    NotUtf8,
}

impl Misfits {
    fn add(&mut self, fit: Fit, record: &Record) {
        match fit {
            Fit::Whole => {}
            Fit::NotUtf8 => self.undecoded += 1,
            Fit::OtherForm => {
                let last = record.len().checked_sub(1);
                let is_trailing = last.is_some_and(|last| record.field(last).0.is_empty());
                self.records += 1;
                self.trailing += u64::from(is_trailing);
            }
        }
    }

    /// Refuses a file most of whose records are none, so many in all, with so many fields in its header.
    fn ensure_few(&self, table: &str, label: &str, count: u64, fields: usize) -> Result<()> {
        let all = counted(count, "record");
        if 2 * self.undecoded > count {
            let message = format!(
                "{label}: {} of {all} are not UTF-8",
                grouped(self.undecoded)
            );
            let encoding = format!("{table}=windows-1252");
            let again = again(&["--encoding", &encoding]);
            let note = format!("if that is its encoding, run: {again}");
            return Err(ErrorWithNotes::of(message, vec![note]));
        }
        if 2 * self.records <= count {
            return Ok(());
        }
        let message = format!(
            "{label}: {} of {all} fit no header of {}; is it a CSV file?",
            grouped(self.records),
            counted(fields as u64, "field")
        );
        let trailing = self.trailing == self.records;
        let note = trailing.then(|| trailing_delimiter(table));
        Err(ErrorWithNotes::of(message, note.into_iter().collect()))
    }
}

impl Fields {
    fn new(found: &FieldNames) -> Fields {
        let profile = |name: &String| {
            let is_passed_over = name == PASSED_OVER || name.starts_with(OWN_COLUMNS);
            (!is_passed_over).then(ColumnProfile::default)
        };
        Fields {
            profiles: found.names.iter().map(profile).collect(),
            names: found.names.clone(),
        }
    }

    /// Adds a record, each field by its column's rules, unless it is rejected as a whole.
    fn add(&mut self, rules: &[TypeRules], record: &Record, repair: bool) -> Fit {
        let is_whole = record.flaw.is_none() && (repair || !record.repaired);
        if !is_whole || record.len() != self.names.len() {
            return Fit::OtherForm;
        }
        if str::from_utf8(record.raw).is_err() {
            return Fit::NotUtf8;
        }
        for ((index, profile), rules) in self.profiles.iter_mut().enumerate().zip(rules) {
            if let Some(profile) = profile {
                let (text, quoted) = record.field(index);
                profile.add(rules, text, quoted, record.line);
            }
        }
        Fit::Whole
    }
}

fn file_bytes(path: &Path) -> Result<u64> {
    let metadata = std::fs::metadata(path);
    let metadata = metadata.with_context(|| format!("could not open {}", path.display()))?;
    Ok(metadata.len())
}
