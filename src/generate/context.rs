//! What compiling a column takes: the dataset, its counts, and the columns that others are made from.

use std::collections::{HashMap, VecDeque};

use crate::dataset::draw::Key;
use crate::dataset::{Dataset, RowPlan};
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
    positions: HashMap<(usize, usize), usize>,
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
            positions: HashMap::new(),
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
