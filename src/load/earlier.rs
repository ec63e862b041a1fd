//! What an unfinished load has of each table, and what of it is kept: by the same command, and by a corrected one.

use anyhow::{Error, Result, bail};
use tokio_postgres::Transaction;

use crate::load::config::Load;
use crate::load::identity::LoadIdentity;
use crate::load::ledger::{self, LoadEntry, TableProgress};
use crate::load::source::fingerprint::SourceState;
use crate::load::source::input::Input;
use crate::load::source::table_source::TableSource;
use crate::load::table::target::{self, TargetTable};
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::{TARGET, again, format_of, shell_word};
use crate::units::{counted, grouped};

/// The tables of an unfinished load that have rows.
#[derive(Debug, Default)]
pub struct Earlier {
    /// Those whose rows are kept.
    pub kept: Vec<TableProgress>,
    /// The names of those that are loaded anew.
    pub discarded: Vec<String>,
}

/// Whether a load of files may take the place of a different one that has rows: these are rows of files, too, and each table
/// that has some is loaded again, or complete.
///
/// Rows that were added to existing ones can't be told from these, so that a load that adds some keeps all of its tables.
pub fn takes_over(
    load: &Load,
    entry: &LoadEntry,
    progress: &[TableProgress],
    identity: &LoadIdentity,
) -> bool {
    let append = load.policy.append;
    let of_files = identity.sources.iter().all(SourceState::is_of_file);
    let names = load.table_names();
    let is_taken = |it: &TableProgress| {
        let mut sources = names.iter().zip(&identity.sources);
        let source = sources.find(|(name, _)| **name == it.account.name);
        it.source.is_of_file()
            && match source {
                Some((_, source)) => !append || source.has_rows_of(&it.source),
                None => it.next.is_none(),
            }
    };
    let mut with_rows = progress.iter().filter(|it| it.account.loaded > 0);
    append == entry.appended && of_files && with_rows.all(is_taken)
}

/// An unfinished load that is gone on with.
pub struct EarlierLoad<'a> {
    /// This load.
    pub load: &'a Load<'a>,
    /// Its files.
    pub input: &'a Input,
    /// Its identity.
    pub identity: &'a LoadIdentity,
    /// The ledger's entry.
    pub entry: &'a LoadEntry,
    /// Its target schema.
    pub schema: &'a str,
}

impl EarlierLoad<'_> {
    /// What is kept. Tables that were emptied since, and those whose file or options have changed, are loaded anew; and with
    /// these what was judged by their rows.
    ///
    /// Refuses to empty a table of rows that the load did not write; and a changed file of which rows were added to others,
    /// since they could only be added once more.
    pub async fn sort(
        &self,
        transaction: &Transaction<'_>,
        targets: &[TargetTable],
    ) -> Result<Earlier> {
        let known = ledger::progress(transaction, self.schema, &self.load.table_names()).await?;
        let mut earlier = Earlier::default();
        for (target, source) in targets.iter().zip(&self.identity.sources) {
            let known = known.iter().find(|it| it.account.name == target.name.name);
            match known {
                Some(it)
                    if self.is_kept(target, source, it)
                        && !self.is_judged_by(target, &earlier.discarded) =>
                {
                    earlier.kept.push(it.clone());
                }
                Some(it) => {
                    self.ensure_may_discard(transaction, target, it).await?;
                    earlier.discarded.push(it.account.name.clone());
                }
                None => self.ensure_still_empty(target)?,
            }
        }
        let complete = known.iter().filter(|it| it.next.is_none()).count();
        if complete == self.entry.tables.len() && !self.load.policy.append {
            self.discard_judged(transaction, &mut earlier).await?;
        }
        for table in &earlier.discarded {
            ledger::forget_table(transaction, self.schema, table).await?;
        }
        Ok(earlier)
    }

    fn is_kept(&self, target: &TargetTable, source: &SourceState, it: &TableProgress) -> bool {
        let exists = it.account.loaded == 0 || target.holds_rows;
        exists && !self.load.replace && source.has_rows_of(&it.source)
    }

    async fn ensure_may_discard(
        &self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
        progress: &TableProgress,
    ) -> Result<()> {
        if !target.holds_rows || self.load.replace {
            return Ok(());
        }
        let loaded = progress.account.loaded;
        if self.load.policy.append {
            return match loaded {
                0 => Ok(()),
                _ => Err(self.changed_since_added(target, progress)),
            };
        }
        let rows = target::count(transaction, &target.name).await?;
        if rows > loaded && !self.entry.replaced {
            return Err(self.holds_foreign_rows(target, rows - loaded));
        }
        Ok(())
    }

    /// Refuses a table that was empty when the load started, that the load has no row in and that holds rows now.
    fn ensure_still_empty(&self, target: &TargetTable) -> Result<()> {
        let may_hold = self.entry.replaced || self.entry.appended || self.load.replace;
        if target.holds_rows && !may_hold {
            bail!(
                "{} was empty when this load started, and another session has written rows into it since; \
                 `{}` empties it and loads anew",
                target.name,
                again(&["--replace"])
            );
        }
        Ok(())
    }

    fn holds_foreign_rows(&self, target: &TargetTable, rows: u64) -> Error {
        let message = format!(
            "{} is to be loaded anew, and another session has written {} into it since",
            target.name,
            counted(rows, "row")
        );
        let notes = vec![format!(
            "to empty its tables and load anew, run: {}",
            again(&["--replace"])
        )];
        ErrorWithNotes::of(message, notes)
    }

    /// Discards kept tables of which records were left out for the rows of one that is loaded anew. That may have been done
    /// only once all tables were complete.
    async fn discard_judged(
        &self,
        transaction: &Transaction<'_>,
        earlier: &mut Earlier,
    ) -> Result<()> {
        if earlier.discarded.is_empty() {
            return Ok(());
        }
        let mut kept = Vec::new();
        for progress in std::mem::take(&mut earlier.kept) {
            let name = &progress.account.name;
            let removed = ledger::removed_lines(transaction, self.schema, name).await?;
            match removed.is_empty() {
                true => kept.push(progress),
                false => earlier.discarded.push(name.clone()),
            }
        }
        earlier.kept = kept;
        Ok(())
    }

    /// Whether a rule drops records of a table that have no parent in one of these, which are earlier tables.
    fn is_judged_by(&self, target: &TargetTable, parents: &[String]) -> bool {
        let rules = self.load.dataset.tables[target.table].drop.iter();
        let mut looked_up = rules.filter_map(|rule| rule.unless_loaded.as_ref());
        looked_up.any(|parent| parents.contains(&parent.table_name))
    }

    /// The error of a file that has changed since some of its rows were added to existing ones.
    fn changed_since_added(&self, target: &TargetTable, progress: &TableProgress) -> Error {
        let table = &target.name.name;
        let mut sources = self.input.tables.iter();
        let source = sources.find(|source| source.table == target.table);
        let label = source.map_or_else(|| table.clone(), TableSource::label);
        let rest = match (progress.next, source) {
            (Some(next), Some(source)) => format!(
                "the records from line {} of {} on",
                next.line,
                source.file_label(next.file)
            ),
            _ => "the records that are new in it".to_owned(),
        };
        let notes = vec![
            "put the file back as it was, its time included (cp -p), and the same command adds the rest".to_owned(),
            format!("to keep the rows that were added and forget this load, run: seedrow forget --abandon{TARGET}"),
            format!(
                "then put {rest} into a file of their own, beneath the header, and run: seedrow load --append --file \
                 {}{}{TARGET}",
                shell_word(&format!("{table}=rest.csv")),
                format_of(table)
            ),
        ];
        ErrorWithNotes::of(
            format!(
                "{label} has changed since this load added {} of its rows to {}; from the start, they would be added twice",
                grouped(progress.account.loaded),
                target.name
            ),
            notes,
        )
    }
}
