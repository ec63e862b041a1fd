//! What is checked, and how.

use std::time::Duration;

use super::query::QueryFile;
use super::schema::Reference;
use crate::dataset::Waiver;

/// What is checked.
#[derive(Debug, Clone, Default)]
pub struct Suite {
    /// The dataset's name, where there is one.
    pub dataset: Option<String>,
    /// The queries, in the order they are reported in.
    pub queries: Vec<QueryFile>,
    /// Only queries that read none but these tables, and lookups between them; `None` for all.
    pub tables: Option<Vec<String>>,
    /// What the schema is held against, when there is something.
    pub reference: Option<Reference>,
    /// What doesn't count.
    pub waivers: Vec<Waiver>,
}

/// How it is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What is looked at.
    pub areas: Vec<Area>,
    /// The longest a query's median may take, unless its header says otherwise.
    pub budget: Duration,
    /// How many ids each query is run with.
    pub samples: u32,
    /// The share of the ids, from the last, that they are taken from: above 0, up to 1.
    pub tail: f64,
    /// What the ids are drawn from.
    pub seed: u64,
    /// Whether tables are vacuumed and analysed first where they need it, and plans are held against fresh statistics.
    pub settle: bool,
    /// Whether indexes are dropped, and put back, to see checks fail.
    pub prove: bool,
}

/// A part of what `seedrow check` looks at.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Every foreign key has an index, and holds for all rows
    Coverage,
    /// The lookup of every foreign key and every query: plan, pages and time on the last ids
    Plans,
    /// Tables, columns, keys and constraints are as they should be
    Schema,
}

impl Area {
    /// All there are.
    pub const ALL: [Area; 3] = [Area::Coverage, Area::Plans, Area::Schema];
}
