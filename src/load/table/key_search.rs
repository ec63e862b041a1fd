//! A file searched for the records whose rows broke a key: by their values, since the server knows no lines.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use tokio::sync::mpsc::{Sender, channel};
use tokio_postgres::{Client, Transaction};

use crate::copy::format::{TEXT_NULL, escape_text};
use crate::files::records::Record;
use crate::load::encode::RowEncoder;
use crate::load::ledger;
use crate::load::source::bound::BoundSource;
use crate::load::source::chunk::{CHUNK_BYTES, FileLine, RejectedRecord};
use crate::load::source::reader::RecordReader;
use crate::load::source::rejects::{REPORTED, Rejected, Rejects};
use crate::load::source::rejects_file::RejectsFile;
use crate::load::source::table_source::TableSource;
use crate::load::table::table_load::TableLoad;
use crate::postgres::TableName;
use crate::postgres::catalog::ForeignKey;
use crate::postgres::copy::CopyIn;

/// Chunks of keys that wait for the server.
const WAITING: usize = 4;

/// The values of a key's columns as text.
pub type Values = Vec<String>;

/// The names of a foreign key's columns.
pub fn column_names(key: &ForeignKey) -> Vec<String> {
    key.column_names().into_iter().map(str::to_owned).collect()
}

/// What a file is searched for.
pub enum Matcher {
    /// Records whose key is on an earlier line, which is reported with it.
    Duplicates {
        /// The key's columns.
        columns: Vec<String>,
        /// The keys that occur more than once, with their first line once it was seen.
        known: HashMap<Values, Option<FileLine>>,
    },
    /// Records on these lines.
    Lines {
        /// The columns that they are rejected for.
        columns: Vec<String>,
        /// What is wrong with each.
        reasons: HashMap<FileLine, String>,
    },
    /// Records with one of these values.
    Orphans {
        /// The foreign key's columns.
        columns: Vec<String>,
        /// The table that they refer to.
        referenced: TableName,
        /// What it lacks.
        known: HashSet<Values>,
    },
}

impl Matcher {
    /// Records that refer to one of these values, which don't exist.
    pub fn orphans(key: &ForeignKey, known: HashSet<Values>) -> Matcher {
        Matcher::Orphans {
            columns: column_names(key),
            referenced: key.referenced.clone(),
            known,
        }
    }

    fn columns(&self) -> &[String] {
        match self {
            Matcher::Duplicates { columns, .. }
            | Matcher::Lines { columns, .. }
            | Matcher::Orphans { columns, .. } => columns,
        }
    }

    /// What is wrong with a record, if it is searched for; `values` is `None` where one of them is NULL.
    fn reason(
        &mut self,
        at: FileLine,
        values: Option<Values>,
        source: &TableSource,
    ) -> Option<String> {
        if let Matcher::Lines { reasons, .. } = self {
            return reasons.get(&at).cloned();
        }
        let values = &values?;
        let key = || values.join(", ");
        match self {
            Matcher::Lines { .. } => None,
            Matcher::Duplicates { known, .. } => {
                let first = known.get_mut(values)?;
                match first {
                    Some(first) => {
                        let file = match source.file_count() {
                            1 => String::new(),
                            _ => format!(" of {}", source.file_label(first.file)),
                        };
                        let line = first.line;
                        Some(format!("\"{}\" is on line {line}{file} already", key()))
                    }
                    None => {
                        *first = Some(at);
                        None
                    }
                }
            }
            Matcher::Orphans {
                referenced, known, ..
            } => known
                .contains(values)
                .then(|| format!("\"{}\" does not exist in {}", key(), referenced.name)),
        }
    }
}

/// A table's file, to be searched.
#[derive(Clone)]
pub struct KeySearch {
    source: Arc<BoundSource>,
    rejects: Arc<Rejects>,
    /// The lines of records whose rows are not in the table any more, or never were.
    removed: HashSet<FileLine>,
    schema: String,
}

/// Where the records found go.
enum SearchTarget {
    /// To a report, the first ones.
    Report,
    /// Behind so many bytes of the file of rejects.
    RejectsFile(u64),
}

/// The records found.
struct FoundRecords {
    /// Those for a report.
    reported: Vec<Rejected>,
    lines: Vec<FileLine>,
    /// The length of the file of rejects.
    length: u64,
}

impl KeySearch {
    /// For a table whose rows come from a file.
    pub async fn of(client: &Client, load: &TableLoad<'_>) -> Result<Option<KeySearch>> {
        if !load.source.source.is_file() {
            return Ok(None);
        }
        let name = &load.target.name;
        Ok(Some(KeySearch {
            source: Arc::clone(&load.source),
            rejects: Arc::clone(load.rejects),
            removed: ledger::removed_lines(client, &name.schema, &name.name).await?,
            schema: name.schema.clone(),
        }))
    }

    /// The file, for messages.
    pub fn label(&self) -> String {
        self.source.source.label()
    }

    /// Whether a field of the file goes to a column.
    pub fn has(&self, column: &str) -> bool {
        self.source.field_of(column).is_some()
    }

    /// `line 2`, with its file where there are several.
    pub fn place(&self, at: FileLine) -> String {
        let source = &self.source.source;
        match source.file_count() {
            1 => format!("line {}", at.line),
            _ => format!("line {} of {}", at.line, source.file_label(at.file)),
        }
    }

    /// Copies file, line and values of every record whose row is in the table into a table of texts.
    pub async fn copy_keys(
        &self,
        transaction: &Transaction<'_>,
        table: &str,
        columns: &[String],
    ) -> Result<()> {
        let fields: Vec<usize> = columns
            .iter()
            .filter_map(|column| self.source.field_of(column))
            .collect();
        let this = self.clone();
        let (sender, mut chunks) = channel(WAITING);
        let reading = tokio::task::spawn_blocking(move || this.send_keys(&fields, &sender));
        let statement = format!("COPY {table} FROM STDIN (FORMAT text, ENCODING 'UTF8')");
        let mut copy = CopyIn::start(transaction, &statement).await?;
        while let Some(chunk) = chunks.recv().await {
            if !copy.send(chunk).await {
                break;
            }
        }
        drop(chunks);
        reading
            .await
            .context("reading the file was interrupted")??;
        copy.finish().await.map(|_| ())
    }

    /// Sends file, line and values in COPY's text format, about a megabyte at a time.
    fn send_keys(&self, fields: &[usize], sender: &Sender<Bytes>) -> Result<()> {
        let mut waiting = Vec::new();
        RecordReader::new(&self.source)?.each_row(None, |file, record, encoder| {
            let at = FileLine {
                file,
                line: record.line,
            };
            if self.removed.contains(&at) {
                return Ok(true);
            }
            waiting.extend_from_slice(format!("{file}\t{}", at.line).as_bytes());
            for &field in fields {
                waiting.push(b'\t');
                match encoder.text(record, field) {
                    Some(text) => escape_text(text.as_bytes(), &mut waiting),
                    None => waiting.extend_from_slice(TEXT_NULL),
                }
            }
            waiting.push(b'\n');
            if waiting.len() < CHUNK_BYTES {
                return Ok(true);
            }
            let chunk = Bytes::from(std::mem::take(&mut waiting));
            Ok(sender.blocking_send(chunk).is_ok())
        })?;
        // A receiver that is gone has its own error to report.
        let _ = sender.blocking_send(Bytes::from(waiting));
        Ok(())
    }

    /// The first records found.
    pub async fn first(&self, matchers: Vec<Matcher>) -> Result<Vec<Rejected>> {
        let found = self.search(matchers, SearchTarget::Report);
        Ok(found.await?.reported)
    }

    /// Rejects the records found and enters that in the ledger; an error when they are not as many as `rows`.
    pub async fn reject(
        &self,
        transaction: &Transaction<'_>,
        table: &TableName,
        matchers: Vec<Matcher>,
        rows: u64,
    ) -> Result<()> {
        let known =
            ledger::progress(transaction, &self.schema, std::slice::from_ref(&table.name)).await?;
        let mut progress = known
            .into_iter()
            .next()
            .with_context(|| format!("the ledger has no entry for {table}"))?;
        let target = SearchTarget::RejectsFile(progress.rejects);
        let found = self.search(matchers, target).await?;
        ensure!(
            found.lines.len() as u64 == rows,
            "{rows} rows of {table} break a key, and {} has {} of them; was it changed? Its rows are still there",
            self.label(),
            found.lines.len()
        );
        let files = found.lines.iter().map(|at| at.file);
        progress.account.reject(files)?;
        progress.rejects = found.length;
        ledger::save_progress(transaction, &self.schema, &progress).await?;
        ledger::save_removed_lines(transaction, &self.schema, &table.name, &found.lines).await
    }

    async fn search(&self, matchers: Vec<Matcher>, target: SearchTarget) -> Result<FoundRecords> {
        let this = self.clone();
        let found = tokio::task::spawn_blocking(move || match target {
            SearchTarget::Report => this.report(matchers),
            SearchTarget::RejectsFile(length) => this.write(matchers, length),
        });
        found.await.context("searching the file was interrupted")?
    }

    fn report(&self, matchers: Vec<Matcher>) -> Result<FoundRecords> {
        let (mut reported, mut lines) = (Vec::new(), Vec::new());
        self.each_found(matchers, |record| {
            lines.push(record.at);
            reported.push(Rejected {
                table: self.source.source.table_name.clone(),
                file: self.source.source.file_label(record.at.file),
                line: record.at.line,
                file_number: record.at.file,
                column: record.column,
                reason: record.reason,
            });
            Ok(reported.len() < REPORTED)
        })?;
        Ok(FoundRecords {
            reported,
            lines,
            length: 0,
        })
    }

    fn write(&self, matchers: Vec<Matcher>, length: u64) -> Result<FoundRecords> {
        let mut file = RejectsFile::new(&self.rejects, &self.source.source, length);
        let mut lines = Vec::new();
        self.each_found(matchers, |record| {
            lines.push(record.at);
            file.put(&record).map(|()| true)
        })?;
        file.flush()?;
        Ok(FoundRecords {
            reported: Vec::new(),
            lines,
            length: file.length(),
        })
    }

    /// Calls `each` with the records found, until it returns false.
    fn each_found(
        &self,
        matchers: Vec<Matcher>,
        mut each: impl FnMut(RejectedRecord) -> Result<bool>,
    ) -> Result<()> {
        let mut searches: Vec<FieldSearch> = matchers
            .into_iter()
            .filter_map(|matcher| FieldSearch::new(&self.source, matcher))
            .collect();
        RecordReader::new(&self.source)?.each_row(None, |file, record, encoder| {
            let at = FileLine {
                file,
                line: record.line,
            };
            if self.removed.contains(&at) {
                return Ok(true);
            }
            let mut wrong = None;
            // Each of them counts the records that it sees.
            for search in &mut searches {
                wrong = wrong.or(search.reason(at, record, encoder, &self.source.source));
            }
            match wrong {
                Some((column, reason)) => each(RejectedRecord {
                    at,
                    column: Some(column),
                    reason,
                    raw: record.raw.to_owned(),
                }),
                None => Ok(true),
            }
        })
    }
}

/// A matcher with the fields of a file that it is about.
struct FieldSearch {
    matcher: Matcher,
    fields: Vec<usize>,
}

impl FieldSearch {
    /// `None` when the file lacks one of the columns.
    fn new(source: &BoundSource, matcher: Matcher) -> Option<FieldSearch> {
        let columns = matcher.columns().iter();
        let fields = columns.map(|column| source.field_of(column));
        Some(FieldSearch {
            fields: fields.collect::<Option<_>>()?,
            matcher,
        })
    }

    /// The columns and what is wrong with them.
    fn reason(
        &mut self,
        at: FileLine,
        record: &Record,
        encoder: &RowEncoder,
        source: &TableSource,
    ) -> Option<(String, String)> {
        let fields = self.fields.iter();
        let values: Option<Values> = fields.map(|&field| encoder.text(record, field)).collect();
        let reason = self.matcher.reason(at, values, source)?;
        Some((self.matcher.columns().join(", "), reason))
    }
}
