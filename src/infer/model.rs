//! What a dataset will say, before it is text: tables in the order they are read, each column with its maker and why.

use std::collections::{BTreeMap, BTreeSet};

use super::domain::{Confidence, MakerToml, Value, WordList};
use super::question::{Answer, Question, QuestionKey};
use super::source::{LeftOut, SourceCheck};
use crate::dataset::profile::TableProfile;
use crate::postgres::catalog::Trigger;

/// A dataset that isn't written yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// The schema it was read from.
    pub schema: String,
    /// In the order that reads well: parents first.
    pub tables: Vec<ModelTable>,
    /// The tables that can't be filled, each reason by itself.
    pub refused: Vec<Refusal>,
    /// What is in the schema beside tables.
    pub left_out: Vec<LeftOut>,
    /// Tables that the role that read the catalog may not insert into.
    pub read_only: Vec<String>,
    /// Constraints that nothing was done for: rows may break them.
    pub doubts: Vec<Doubt>,
    /// What a server may be asked about them.
    pub questions: Vec<Question>,
    /// Constraints that aren't understood, and that rows were tried for.
    pub tried: Vec<TriedCheck>,
    /// Foreign keys, as `table(columns)`, that are to have no index, as in the source.
    pub unindexed: Vec<String>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Why it has so many.
    pub rows_reason: String,
    /// Whether it keeps its size when the others are scaled.
    pub fixed: bool,
    /// Whether its rows are there already, and stay.
    pub kept: bool,
    /// Sets of several columns that never repeat together.
    pub unique: Vec<Vec<String>>,
    /// Columns of which exactly one isn't NULL, with the share of rows where all are.
    pub exclusive: Vec<(Vec<String>, f64)>,
    /// Its columns in the table's order, hidden ones before those that need them.
    pub columns: Vec<ModelColumn>,
    /// Columns that are left to Postgres, each with the reason.
    pub skipped: Vec<(String, String)>,
    /// The tables that its foreign keys refer to.
    pub parents: Vec<String>,
    /// The triggers that fire for its rows.
    pub triggers: Vec<Trigger>,
    /// Why they don't.
    pub silenced: Option<String>,
    /// The word lists that makers name.
    pub lists: Vec<WordList>,
    /// The lists of values that constraints accept.
    pub pools: Vec<PoolList>,
    /// The statistics that its columns are to have.
    pub profile: TableProfile,
}

/// A list of values that a constraint accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolList {
    /// Its name.
    pub name: String,
    /// Its file's text: CSV.
    pub text: String,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelColumn {
    /// Its name.
    pub name: String,
    /// What makes it, with all that is written for it.
    pub maker: MakerToml,
    /// Why.
    pub reason: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// Whether it is there for its siblings alone.
    pub hidden: bool,
}

/// Why a table can't be filled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The table.
    pub table: String,
    /// The column or constraint.
    pub what: String,
    /// What is wrong.
    pub reason: String,
    /// What to write.
    pub advice: String,
}

/// What earlier attempts at the same model have shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lessons {
    /// Tables whose rows weren't accepted: their columns are made by types and constraints alone, and those that may be
    /// NULL are left out.
    pub plain: BTreeSet<String>,
    /// Tables whose rows weren't accepted even so.
    pub refused: Vec<Refusal>,
    /// What a server has answered.
    pub answers: BTreeMap<QuestionKey, Answer>,
    /// Constraints that rows have broken though they are understood, by table.
    pub broken: BTreeSet<(String, String)>,
    /// Tables whose triggers don't fire, each with the reason.
    pub silenced: BTreeMap<String, String>,
    /// Tables that triggers of others write the rows of.
    pub filled_by_triggers: BTreeSet<String>,
}

impl Lessons {
    /// Takes that a table's rows aren't accepted: the first time, the table is made by types alone, then refused. False
    /// when nothing is left to try.
    pub fn learn(&mut self, refusal: Refusal) -> bool {
        if self.plain.insert(refusal.table.clone()) {
            self.answers.retain(|key, _| key.table != refusal.table);
            return true;
        }
        let is_new = !self.refused.contains(&refusal);
        self.refused.push(refusal);
        is_new
    }

    /// Has a table's rows be loaded without its triggers, and made as if they had never been rejected. What it seemed to
    /// write to others is theirs to write then.
    pub fn silence(&mut self, table: &str, reason: String) {
        self.silenced.insert(table.to_owned(), reason);
        self.plain.remove(table);
        self.answers.retain(|key, _| key.table != table);
        self.broken.retain(|(of, _)| of != table);
        self.filled_by_triggers.clear();
    }
}

/// A constraint that isn't understood, and that holds for the rows that were tried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TriedCheck {
    /// The table.
    pub table: String,
    /// The constraint's name.
    pub constraint: String,
    /// Its text.
    pub definition: String,
    /// How many rows it accepted, all that were tried.
    pub rows: usize,
}

/// A constraint that isn't understood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// The table.
    pub table: String,
    /// The constraint's name.
    pub constraint: String,
    /// Its text.
    pub definition: String,
}

impl Doubt {
    /// About a constraint of a table.
    pub fn of(table: &str, check: &SourceCheck) -> Doubt {
        Doubt {
            table: table.to_owned(),
            constraint: check.name.clone(),
            definition: check.definition.clone(),
        }
    }
}

impl ModelTable {
    /// A table with columns that are made so.
    #[cfg(test)]
    pub fn of_columns(name: &str, columns: &[(&str, MakerToml)]) -> ModelTable {
        let column = |(name, maker): &(&str, MakerToml)| ModelColumn {
            name: (*name).to_owned(),
            maker: maker.clone(),
            reason: String::new(),
            confidence: Confidence::Likely,
            hidden: false,
        };
        ModelTable {
            name: name.to_owned(),
            columns: columns.iter().map(column).collect(),
            ..ModelTable::default()
        }
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&ModelColumn> {
        self.columns.iter().find(|it| it.name == name)
    }

    /// A column by its name.
    pub fn column_mut(&mut self, name: &str) -> Option<&mut ModelColumn> {
        self.columns.iter_mut().find(|it| it.name == name)
    }

    /// Has a column never be NULL, nor the ones that it is NULL with. False where it isn't made.
    pub fn never_null(&mut self, name: &str) -> bool {
        let mut next = Some(name.to_owned());
        for _ in 0..=self.columns.len() {
            let Some(column) = next.as_deref().and_then(|it| self.column_mut(it)) else {
                break;
            };
            column.maker.options.retain(|(option, _)| option != "null");
            next = match column.maker.option("null-with") {
                Some(Value::Text(by)) => Some(by.clone()),
                _ => None,
            };
        }
        self.column(name).is_some()
    }

    /// The columns that are written.
    pub fn written(&self) -> impl Iterator<Item = &ModelColumn> {
        self.columns.iter().filter(|it| !it.hidden)
    }
}

impl Model {
    /// The word lists that makers name, by name.
    pub fn lists(&self) -> Vec<&WordList> {
        let mut lists: Vec<&WordList> = self.tables.iter().flat_map(|it| &it.lists).collect();
        lists.sort_by_key(|it| it.name);
        lists.dedup_by_key(|it| it.name);
        lists
    }

    /// The lists of values that constraints accept.
    pub fn pools(&self) -> impl Iterator<Item = &PoolList> {
        self.tables.iter().flat_map(|it| &it.pools)
    }

    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&ModelTable> {
        self.tables.iter().find(|it| it.name == name)
    }
}
