//! A file read once more, for the records whose rows broke a key: by their values, since the server knows no lines.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio_postgres::{Client, Transaction};

use crate::dataset::Dataset;
use crate::load::encode::RowEncoder;
use crate::load::ledger;
use crate::load::source::columns::by_header;
use crate::load::source::input::{From, TableInput};
use crate::load::source::reader::FileReader;
use crate::load::source::rejects::{Rejected, Rejects, RejectsFile, SHOWN};
use crate::load::table::load::TableLoad;
use crate::postgres::TableName;
use crate::postgres::catalog::ForeignKey;

/// The values of a key's columns as text.
pub type Values = Vec<String>;

/// The names of a foreign key's columns.
pub fn column_names(key: &ForeignKey) -> Vec<String> {
    key.column_names().into_iter().map(str::to_owned).collect()
}

/// What is looked for in a file.
pub enum Matcher {
    /// Records whose key stands on an earlier line, which is told with it.
    Duplicates {
        /// The key's columns.
        columns: Vec<String>,
        /// The keys that stand more than once, with their first line once it was seen.
        known: HashMap<Values, Option<u64>>,
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
    /// Records that refer to one of these values, which aren't there.
    pub fn orphans(key: &ForeignKey, known: HashSet<Values>) -> Matcher {
        Matcher::Orphans {
            columns: column_names(key),
            referenced: key.referenced.clone(),
            known,
        }
    }

    fn columns(&self) -> &[String] {
        match self {
            Matcher::Duplicates { columns, .. } | Matcher::Orphans { columns, .. } => columns,
        }
    }

    /// What is wrong with a record, if it is looked for.
    fn reason(&mut self, line: u64, values: &Values) -> Option<String> {
        let shown = || values.join(", ");
        match self {
            Matcher::Duplicates { known, .. } => {
                let first = known.get_mut(values)?;
                match first {
                    Some(first) => Some(format!("\"{}\" stands on line {first} already", shown())),
                    None => {
                        *first = Some(line);
                        None
                    }
                }
            }
            Matcher::Orphans {
                referenced, known, ..
            } => known
                .contains(values)
                .then(|| format!("\"{}\" is not there in {}", shown(), referenced.name)),
        }
    }
}

/// A table's file, to be read once more.
#[derive(Clone)]
pub struct SecondRead {
    dataset: Arc<Dataset>,
    input: TableInput,
    encoder: RowEncoder,
    rejects: Arc<Rejects>,
    /// The lines whose rows are gone already.
    gone: HashSet<u64>,
    schema: String,
}

/// Where what is found goes.
enum To {
    /// To be shown, so many.
    Shown(Vec<Rejected>),
    /// Behind so many bytes of the file of rejects.
    Aside(u64),
}

/// What a second read found.
struct Found {
    shown: Vec<Rejected>,
    lines: Vec<u64>,
    /// The length of the file of rejects.
    length: u64,
}

impl SecondRead {
    /// For a table whose rows come from a file.
    pub async fn of(client: &Client, load: &TableLoad<'_>) -> Result<Option<SecondRead>> {
        if matches!(load.input.from, From::Made(_)) {
            return Ok(None);
        }
        let name = &load.target.name;
        Ok(Some(SecondRead {
            dataset: Arc::clone(load.dataset),
            input: load.input.clone(),
            encoder: load.input.encoder(load.dataset, &load.target.columns)?,
            rejects: Arc::clone(load.rejects),
            gone: ledger::removed_lines(client, &name.schema, &name.name).await?,
            schema: name.schema.clone(),
        }))
    }

    /// The file, for messages.
    pub fn shown(&self) -> String {
        self.input.shown()
    }

    /// The first records that are looked for.
    pub async fn first(&self, matchers: Vec<Matcher>) -> Result<Vec<Rejected>> {
        Ok(self.read(matchers, To::Shown(Vec::new())).await?.shown)
    }

    /// Puts the records that are looked for aside and enters that in the ledger: `rows`, or it is an error.
    pub async fn put_aside(
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
            .with_context(|| format!("the ledger has nothing of {table}"))?;
        let found = self.read(matchers, To::Aside(progress.rejects)).await?;
        ensure!(
            found.lines.len() as u64 == rows,
            "{rows} rows of {table} break a key, and {} was found to have {} of them; was it changed? Its rows are \
             still there",
            self.shown(),
            found.lines.len()
        );
        progress.account.reject(rows)?;
        progress.rejects = found.length;
        ledger::save_progress(transaction, &self.schema, &progress).await?;
        ledger::save_removed_lines(transaction, &self.schema, &table.name, &found.lines).await
    }

    async fn read(&self, matchers: Vec<Matcher>, to: To) -> Result<Found> {
        let this = self.clone();
        let found = tokio::task::spawn_blocking(move || this.find(matchers, to));
        found.await.context("reading the file again broke off")?
    }

    fn find(&self, mut matchers: Vec<Matcher>, to: To) -> Result<Found> {
        let table = &self.dataset.tables[self.input.table];
        let header = by_header(table, &self.input.header, &self.shown())?;
        let place = |name: &String| {
            let mut columns = header.iter();
            columns.position(|column| column.is_some_and(|column| column.name == *name))
        };
        let places: Vec<Option<Vec<usize>>> = matchers
            .iter()
            .map(|matcher| matcher.columns().iter().map(place).collect())
            .collect();
        let (mut shown, length) = match to {
            To::Shown(shown) => (Some(shown), 0),
            To::Aside(length) => (None, length),
        };
        let mut file = RejectsFile::new(&self.rejects, &self.input, &table.name, length);
        let mut lines = Vec::new();
        let none = BTreeMap::new();
        let reader = FileReader::new(&self.dataset, &self.input, &self.encoder, &none)?;
        reader.each_row(|record, encoder| {
            if self.gone.contains(&record.line) {
                return Ok(true);
            }
            let mut wrong = None;
            for (matcher, places) in matchers.iter_mut().zip(&places) {
                let Some(places) = places else { continue };
                let values: Option<Values> = places
                    .iter()
                    .map(|&place| encoder.text(record, place))
                    .collect();
                let Some(values) = values else { continue };
                let reason = matcher.reason(record.line, &values);
                wrong = wrong.or(reason.map(|reason| (matcher.columns().join(", "), reason)));
            }
            let Some((column, reason)) = wrong else {
                return Ok(true);
            };
            lines.push(record.line);
            match &mut shown {
                Some(shown) => {
                    shown.push(Rejected {
                        table: table.name.clone(),
                        file: self.shown(),
                        line: record.line,
                        column: Some(column),
                        reason,
                    });
                    Ok(shown.len() < SHOWN)
                }
                None => file
                    .put(record.line, Some(&column), &reason, record.raw)
                    .map(|()| true),
            }
        })?;
        file.flush()?;
        Ok(Found {
            shown: shown.unwrap_or_default(),
            lines,
            length: file.length(),
        })
    }
}
