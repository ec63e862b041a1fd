//! The input of the rules over plans: the plans, and facts about the database.

use crate::check::measurement::{AccessPath, SampleRun};
use crate::index::Survey;
use crate::postgres::catalog::{Index, Table};
use crate::postgres::explain::{Node, Plan};
use crate::queries::Query;

/// Up to here, reading a table from end to end is right: 128 pages are 1 MiB, read in well under a millisecond, and
/// the planner prefers it whatever indexes there are.
pub const SMALL_PAGES: u64 = 128;

/// The measured plans of one read, and all that a rule may compare them with.
#[derive(Debug, Clone, Copy)]
pub struct PlanSet<'a> {
    /// One for each sample.
    pub plans: &'a [Plan],
    /// The executions.
    pub samples: &'a [SampleRun],
    /// The query that they are of.
    pub query: &'a Query,
    /// What it is for.
    pub purpose: Purpose,
    /// What the planner could do with sequential scans switched off.
    pub capability: AccessPath,
    /// The database.
    pub facts: Facts<'a>,
}

/// What the rules know of the database beside the plans.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// All tables.
    pub tables: &'a [Table],
    /// All indexes.
    pub indexes: &'a [Index],
    /// The foreign keys and what would cover them.
    pub survey: &'a Survey,
    /// Bytes of one page.
    pub block_bytes: u64,
}

impl<'a> Facts<'a> {
    /// The table that a node scans.
    pub fn table(&self, node: &Node) -> Option<&'a Table> {
        let (schema, relation) = (node.schema.as_deref()?, node.relation.as_deref()?);
        let mut tables = self.tables.iter();
        tables.find(|table| table.name.schema == schema && table.name.name == relation)
    }

    /// The partitioned table that a partition is a part of; any other table itself.
    pub fn whole(&self, table: &'a Table) -> &'a Table {
        let mut tables = self.tables.iter();
        let root = table
            .root_oid
            .and_then(|root| tables.find(|it| it.oid == root));
        root.unwrap_or(table)
    }

    /// Whether a table is another one, or a partition of it.
    pub fn is_part_of(&self, table: u32, whole: u32) -> bool {
        let mut tables = self.tables.iter();
        table == whole || tables.any(|it| it.oid == table && it.root_oid == Some(whole))
    }

    /// The partitions of the whole that a partition is a part of; any other table itself.
    pub fn parts(&self, table: &'a Table) -> Vec<&'a Table> {
        match table.root_oid {
            None => vec![table],
            Some(root) => {
                let tables = self.tables.iter();
                tables.filter(|it| it.root_oid == Some(root)).collect()
            }
        }
    }

    /// The pages of a table's heap, of all partitions for a partitioned table.
    pub fn pages(&self, table: &Table) -> u64 {
        table.bytes / self.block_bytes.max(1)
    }
}

/// What a query is for, which decides what is right for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A query from a file: rows that it reads may be removed by joins.
    Query,
    /// A foreign key's lookup, which returns every row that it finds: where these are a good part of the table, reading
    /// all of it is right.
    Lookup,
}
