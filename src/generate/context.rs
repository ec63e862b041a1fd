//! What compiling a column takes: the dataset, its counts, and the columns that others are made from.

use std::collections::{HashMap, VecDeque};

use anyhow::{Error, Result};

use crate::dataset::dealt_rows::Nulls;
use crate::dataset::draw::Key;
use crate::dataset::makers::Maker;
use crate::dataset::makers::references::Pick;
use crate::dataset::pool_texts::{allowed_entries, distinct_entries};
use crate::dataset::unique::{self, index::Index};
use crate::dataset::{ColumnSpec, Dataset, RowPlan};
use crate::generate::compiled::{CompiledPiece, Target};
use crate::generate::pool::TextEscaping;

/// Gives every column that is compiled a position: first those of the table, then those of other tables that their values
/// are made from, each once.
#[derive(Debug)]
pub struct Compiler<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// Its tables' counts.
    pub plan: &'a RowPlan,
    /// How texts are escaped.
    pub escaping: TextEscaping,
    /// The lists of templates that were compiled, by table and by their places in memory: each is named many times.
    pub lists: HashMap<(usize, usize), CompiledPiece>,
    positions: HashMap<(usize, usize), usize>,
    indexes: HashMap<usize, Vec<Option<Index>>>,
    waiting: VecDeque<(usize, usize)>,
}

impl<'a> Compiler<'a> {
    /// For the columns of one table, which get the positions that they have in it.
    pub fn new(
        dataset: &'a Dataset,
        plan: &'a RowPlan,
        table: usize,
        escaping: TextEscaping,
    ) -> Compiler<'a> {
        let mut compiler = Compiler {
            dataset,
            plan,
            escaping,
            lists: HashMap::new(),
            positions: HashMap::new(),
            indexes: HashMap::new(),
            waiting: VecDeque::new(),
        };
        for column in 0..dataset.tables[table].columns.len() {
            compiler.position(table, column);
        }
        compiler
    }

    /// The position that a column has among the compiled ones.
    pub fn position(&mut self, table: usize, column: usize) -> usize {
        let next = self.positions.len();
        *self.positions.entry((table, column)).or_insert_with(|| {
            self.waiting.push_back((table, column));
            next
        })
    }

    /// What of a row of a table is its key: its number where that is what its key is.
    pub fn target(&mut self, table: usize, column: Option<usize>) -> Target {
        match column {
            None => Target::Number,
            Some(column) => match self.dataset.tables[table].columns[column].maker {
                Maker::Serial(_) => Target::Number,
                _ => Target::Column(self.position(table, column)),
            },
        }
    }

    /// What the shuffles of a table's rows start from.
    pub fn unique_key(&self, table: usize) -> u64 {
        let name = &self.dataset.tables[table].name;
        Key::new(self.plan.seed(), name, "\0unique").row(0).bits()
    }

    /// Which value each row of a column has, where values must not repeat.
    pub fn index(&mut self, (table, column): (usize, usize)) -> Result<Option<Index>> {
        if !self.indexes.contains_key(&table) {
            let rows = |table| self.plan.rows(table);
            let indexes = unique::indexes(self.dataset, table, &rows, self.unique_key(table));
            self.indexes.insert(table, indexes.map_err(Error::msg)?);
        }
        Ok(self.indexes[&table][column].clone())
    }

    /// Whether a column's profile decides which of its maker's values each row has. Columns that together never repeat do
    /// so whatever their profiles say.
    pub fn is_drawn(&mut self, place: (usize, usize)) -> Result<bool> {
        let table = &self.dataset.tables[place.0];
        let Some(profile) = &table.columns[place.1].profile else {
            return Ok(false);
        };
        let is_alone = || {
            table
                .unique
                .iter()
                .all(|set| !set.columns.contains(&place.1) || set.columns.len() == 1)
        };
        Ok(profile.draws_values() && (self.index(place)?.is_none() || is_alone()))
    }

    /// Which rows of a column with a profile are NULL, where chance alone decided it.
    pub fn nulls(&mut self, place: (usize, usize)) -> Result<Option<Nulls>> {
        let spec = &self.dataset.tables[place.0].columns[place.1];
        if spec.null.is_never() || !self.is_drawn(place)? {
            return Ok(None);
        }
        let key = self.key_of(place.0, place.1, "null").row(0).bits();
        Ok(Nulls::new(
            self.plan.rows(place.0),
            spec.null.probability(),
            key,
        ))
    }

    /// Whether a column's values are asked for by an index.
    pub fn has_index(&mut self, place: (usize, usize)) -> Result<bool> {
        Ok(self.index(place)?.is_some() || self.is_drawn(place)?)
    }

    /// The columns of a table that pick from runs, with their positions.
    pub fn runs(&mut self, table: usize) -> Vec<(usize, usize)> {
        let columns = &self.dataset.tables[table].columns;
        let is_run = |column: &ColumnSpec| match &column.maker {
            Maker::Reference(reference) => matches!(reference.pick, Pick::Same(_)),
            _ => false,
        };
        let runs = (0..columns.len()).filter(|&it| is_run(&columns[it]));
        runs.map(|column| (column, self.position(table, column)))
            .collect()
    }

    /// The positions of the entries that a column of a few texts has: all, unless they have limits, must not repeat or have a
    /// profile, which takes those of a list in their order.
    pub fn entries(&mut self, place: (usize, usize)) -> Result<Vec<usize>> {
        let column = &self.dataset.tables[place.0].columns[place.1];
        if !self.has_index(place)? {
            return Ok(allowed_entries(column));
        }
        let mut entries = distinct_entries(column);
        if let (Maker::Word(_), true) = (&column.maker, self.is_drawn(place)?) {
            let texts = column.maker.spec().texts().unwrap_or_default();
            entries.sort_by_key(|&entry| texts[entry].to_lowercase());
        }
        Ok(entries)
    }

    /// A column's name with its table's, for messages.
    pub fn name(&self, (table, column): (usize, usize)) -> String {
        let table = &self.dataset.tables[table];
        format!("{}.{}", table.name, table.columns[column].name)
    }

    /// The next column to be compiled, in the order of their positions.
    pub fn next(&mut self) -> Option<(usize, usize)> {
        self.waiting.pop_front()
    }

    /// What a column's draws start from.
    pub fn key(&self, table: usize, column: usize) -> Key {
        let table = &self.dataset.tables[table];
        Key::new(self.plan.seed(), &table.name, &table.columns[column].name)
    }

    /// What the draws of something else about a column start from.
    pub fn key_of(&self, table: usize, column: usize, what: &str) -> Key {
        let table = &self.dataset.tables[table];
        let name = format!("{}\0{what}", table.columns[column].name);
        Key::new(self.plan.seed(), &table.name, &name)
    }

    /// How far above a table an ancestor is: 0 for the parent.
    pub fn level(&self, table: usize, ancestor: usize) -> Option<usize> {
        let lineage = self.dataset.lineage(table);
        lineage.iter().skip(1).position(|&it| it == ancestor)
    }
}
