//! All of a dataset's tables as seen from one column: what the columns are that its value is made from.

use crate::dataset::makers::{KindOf, Maker, Needed};
use crate::dataset::spec::{Kind, TableSpec};

/// The columns of one table, and those of others that they are made from. No column's value may depend on itself.
#[derive(Debug, Clone, Copy)]
pub struct Siblings<'a> {
    tables: &'a [TableSpec],
    table: usize,
}

impl<'a> Siblings<'a> {
    /// For the columns of one table.
    pub fn new(tables: &'a [TableSpec], table: usize) -> Siblings<'a> {
        Siblings { tables, table }
    }

    /// A column's maker.
    pub fn maker(&self, column: usize) -> &'a Maker {
        &self.tables[self.table].columns[column].maker
    }

    /// A column's name.
    pub fn name(&self, column: usize) -> &'a str {
        &self.tables[self.table].columns[column].name
    }

    /// What a column's values are.
    pub fn kind(&self, column: usize) -> Kind {
        self.resolved(self.maker(column).spec().kind())
    }

    /// What the values of a maker of this table are.
    pub fn resolved(&self, kind: KindOf) -> Kind {
        match kind {
            KindOf::Is(kind) => kind,
            KindOf::Like(needed) => self.at(needed, |siblings, column| siblings.kind(column)),
        }
    }

    /// The least and the greatest number that a column can hold; `None` for texts.
    pub fn bounds(&self, column: usize) -> Option<(i64, i64)> {
        let of = |needed| self.at(needed, |siblings, column| siblings.bounds(column));
        self.maker(column).spec().bounds(&of)
    }

    /// An answer about a column of this table or another.
    fn at<T>(&self, needed: Needed, ask: impl Fn(&Siblings, usize) -> T) -> T {
        match needed {
            Needed::Sibling(column) => ask(self, column),
            Needed::Foreign { table, column } => ask(&Siblings::new(self.tables, table), column),
        }
    }
}
