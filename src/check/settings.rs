//! Settings of a check: its parts, sampling and budget.

use std::time::Duration;

use super::schema::Reference;
use crate::dataset::{Dataset, Waiver};
use crate::queries::{QueryFile, Sampling, Statements};

/// What is checked.
#[derive(Debug, Clone, Default)]
pub struct Suite {
    /// The dataset's name, where there is one.
    pub dataset: Option<String>,
    /// The queries, in the order they are reported in.
    pub queries: Vec<QueryFile>,
    /// Statements that databases ran, as queries.
    pub statements: Statements,
    /// Only queries that read none but these tables, and lookups between them; `None` for all.
    pub tables: Option<Vec<String>>,
    /// What the schema is compared with, when there is something.
    pub reference: Option<Reference>,
    /// What doesn't count.
    pub waivers: Vec<Waiver>,
}

impl Suite {
    /// Without a dataset: all tables, or some.
    pub fn of_tables(tables: Option<Vec<String>>) -> Suite {
        Suite {
            tables: tables.map(trimmed),
            ..Suite::default()
        }
    }

    /// A dataset's queries, all of them or those over some tables.
    pub fn of(dataset: &Dataset, tables: Option<Vec<String>>) -> Suite {
        Suite {
            dataset: Some(dataset.name.clone()),
            queries: dataset.queries.iter().map(QueryFile::from).collect(),
            tables: tables.map(trimmed),
            ..Suite::default()
        }
    }
}

/// `--tables 'a, b'` names b.
fn trimmed(names: Vec<String>) -> Vec<String> {
    let names = names.iter().map(|name| name.trim().to_owned());
    names.collect()
}

/// How it is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckSettings {
    /// What is looked at.
    pub areas: Vec<Area>,
    /// The longest a query's median may take, unless its header says otherwise.
    pub budget: Duration,
    /// The existing ids that each query is run with.
    pub sampling: Sampling,
    /// Whether tables are vacuumed and analysed first where they need it, and plans are compared with those of fresh
    /// statistics.
    pub settle: bool,
    /// Whether indexes are dropped, and rolled back, to see checks fail.
    pub prove: bool,
    /// Whether it is right that there is nothing to judge.
    pub allow_empty: bool,
}

/// A part of what `seedrow check` looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Every foreign key has an index, and holds for all rows.
    Coverage,
    /// The lookup of every foreign key and every query: plan, pages and time on the last ids.
    Plans,
    /// Tables, columns, keys and constraints are as they should be.
    Schema,
}

impl Area {
    /// All of them.
    pub const ALL: [Area; 3] = [Area::Coverage, Area::Plans, Area::Schema];
}
