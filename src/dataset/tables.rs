//! All of a dataset's tables as seen from one column: what the columns are that its value is made from.

use crate::dataset::makers::{KindOf, Maker, Needed, RowFacts};
use crate::dataset::spec::{ColumnSpec, Kind, TableSpec};

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

    /// For the columns of another table.
    pub fn of(&self, table: usize) -> Siblings<'a> {
        Siblings::new(self.tables, table)
    }

    /// The table's position.
    pub fn position(&self) -> usize {
        self.table
    }

    /// The table's name.
    pub fn table_name(&self) -> &'a str {
        &self.tables[self.table].name
    }

    /// The table's columns.
    pub fn columns(&self) -> &'a [ColumnSpec] {
        &self.tables[self.table].columns
    }

    /// Whether a unique set is a column alone.
    pub fn is_unique(&self, column: usize) -> bool {
        let mut sets = self.tables[self.table].unique.iter();
        sets.any(|it| it.columns == [column])
    }

    /// The columns of the same row that a column's value, and whether it is NULL, are made from.
    pub fn needed(&self, column: usize) -> Vec<usize> {
        let spec = &self.columns()[column];
        let mut needed = spec.conditions.columns();
        spec.maker.spec().needs(&mut |it| {
            if let Needed::Sibling(sibling) = it {
                needed.push(sibling);
            }
        });
        needed
    }

    /// What a column's value is made from besides the row's number.
    pub fn row_facts(&self, column: usize) -> RowFacts {
        let of_siblings = self.needed(column).into_iter().map(|it| self.row_facts(it));
        let own = match self.differs_from_siblings(column) {
            true => RowFacts::Place,
            false => self.maker(column).spec().row_facts(),
        };
        of_siblings.fold(own, RowFacts::max)
    }

    /// Whether a column's value follows from the row's place among its siblings, from which it must differ.
    fn differs_from_siblings(&self, column: usize) -> bool {
        let is_parent = |column: &usize| matches!(self.maker(*column), Maker::Parent(_));
        let spec = self.maker(column).spec();
        let mut sets = self.tables[self.table].unique.iter();
        !is_parent(&column)
            && !spec.is_distinct(self)
            && sets.any(|set| set.columns.contains(&column) && set.columns.iter().any(is_parent))
    }

    /// Whether a column is one of several of which one at most is not NULL.
    pub fn is_exclusive(&self, column: usize) -> bool {
        let sets = &self.tables[self.table].exclusive;
        sets.iter().any(|it| it.columns.contains(&column))
    }

    /// Whether a column can be NULL.
    pub fn may_be_null(&self, column: usize) -> bool {
        let spec = &self.columns()[column];
        !spec.null.is_never()
            || !spec.conditions.only_if.is_empty()
            || spec
                .conditions
                .null_with
                .is_some_and(|it| self.may_be_null(it))
            || self.is_exclusive(column)
            || spec.maker.spec().may_be_null(self)
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
        match self.maker(column) {
            Maker::Computed(computed) => return Some(computed.bounds_in(self)),
            Maker::After(after) => return after.bounds_in(self),
            _ => {}
        }
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
