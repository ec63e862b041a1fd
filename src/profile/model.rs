//! The profile as its JSON has it, format 1. Shares are of all rows; what fewer than 10 rows or parents have isn't in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The JSON's format.
pub const FORMAT: u32 = 1;

/// How much of the values a profile has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// None: frequencies, ranks, widths and counts
    Shape,
    /// Histograms of numbers to two digits, and of dates to the month, without the least and the greatest
    Rounded,
    /// Common values and histograms as they are
    Values,
}

impl Level {
    /// Its name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Level::Shape => "shape",
            Level::Rounded => "rounded",
            Level::Values => "values",
        }
    }
}

/// A schema's profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The version of its form, so that older files are told from newer ones.
    pub format: u32,
    /// How much of the values it has.
    pub level: Level,
    /// The server's `server_version_num`.
    pub server: u32,
    /// Its `default_statistics_target`.
    pub statistics_target: u32,
    /// The database.
    pub database: String,
    /// The schema.
    pub schema: String,
    /// The pages of the database's tables and indexes.
    pub pages: u64,
    /// How many times a page of the schema's tables and indexes was used for it.
    pub pages_read: u64,
    /// The statements that create the schema's tables and indexes, in order.
    pub ddl: Vec<String>,
    /// What these statements lack.
    pub left_out: Vec<String>,
    /// The foreign keys that have no index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unindexed: Vec<UnindexedKey>,
    /// By name.
    pub tables: Vec<TableProfile>,
}

/// A foreign key without an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnindexedKey {
    /// The referring table, or partition.
    pub table: String,
    /// The referring columns.
    pub columns: Vec<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableProfile {
    /// Its name, unquoted.
    pub name: String,
    /// `reltuples`; below 0 where it was never analysed.
    pub rows: f64,
    /// `relpages`.
    pub pages: i64,
    /// Whether the role may read its statistics.
    pub readable: bool,
    /// The share of its rows that are dead.
    pub dead: f64,
    /// In their order.
    pub columns: Vec<ColumnProfile>,
    /// In the order of their OIDs.
    pub indexes: Vec<IndexProfile>,
    /// In the order of their OIDs.
    pub foreign_keys: Vec<ForeignKeyProfile>,
    /// What ranges or lists its rows are divided into, and how many are in each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<PartitionProfile>,
    /// Of several columns together, by name.
    pub extended: Vec<ExtendedStatistics>,
    /// The share of the time in which its last rows are to come, where that differs from the source's.
    #[serde(skip)]
    pub burst: Option<f64>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Its name, unquoted.
    pub name: String,
    /// Its type as DDL writes it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// Whether it has a unique index of its own.
    pub unique: bool,
    /// `None` where it has none, or none that the role may read.
    pub statistics: Option<ColumnStatistics>,
}

/// What `pg_stats` has of a column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnStatistics {
    /// The share of NULL.
    pub null: f64,
    /// How many distinct values; below 0 their share of the rows.
    pub distinct: f64,
    /// Bytes of a value, the mean.
    pub width: f64,
    /// From -1 to 1: how far the order on disk is that of the values; `None` for types without an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
    /// The share of each of the most common values, the most common first.
    #[serde(default)]
    pub shares: Vec<f64>,
    /// Where each of these is among the distinct values, from 0 to 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranks: Vec<f64>,
    /// The bounds of the histogram of the others, as texts. Never at level `shape`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<String>,
    /// The most common values, as texts. At level `values` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The share of the rows that each of an array's most common elements is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub element_shares: Vec<f64>,
    /// The histogram of how many distinct elements arrays have, without the extremes, with the mean at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub element_counts: Vec<f64>,
}

/// A partition of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionProfile {
    /// As `pg_get_expr` writes them.
    pub bounds: String,
    /// `reltuples`, of all below it; 0 for fewer than 10.
    pub rows: f64,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexProfile {
    /// Its name, unquoted.
    pub name: String,
    /// `relpages`.
    pub pages: i64,
    /// `reltuples`.
    pub rows: f64,
    /// Whether CLUSTER has it.
    pub clustered: bool,
    /// Its pages beside those of a fresh btree; `None` where that isn't known.
    pub bloat: Option<f64>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeignKeyProfile {
    /// The constraint's name.
    pub name: String,
    /// The referring columns.
    pub columns: Vec<String>,
    /// The table referred to.
    pub parent: String,
    /// Numbers of children, each with the share of the parents that have so many.
    pub counts: Vec<(f64, f64)>,
    /// The parents whose children were counted; 0 where the counts follow from `pg_stats`.
    pub sampled: f64,
    /// Of a key of one column: where the most common values lie among the parents' keys, from 0 to 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranks: Vec<f64>,
    /// As `counts`, of the parents that have no rank.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<(f64, f64)>,
    /// Where the bounds of the others' histogram lie among the parents' keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<f64>,
}

/// Statistics of several columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtendedStatistics {
    /// Their name.
    pub name: String,
    /// The columns, in the order that `joint` has.
    pub columns: Vec<String>,
    /// How far columns decide another.
    pub dependencies: Vec<Dependency>,
    /// How many combinations there are.
    pub distinct: Vec<JointDistinct>,
    /// The most common combinations.
    pub joint: Vec<Joint>,
}

/// How far columns decide another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dependency {
    /// The columns that decide.
    pub given: Vec<String>,
    /// The one that is decided.
    pub column: String,
    /// The share of rows where they do.
    pub degree: f64,
}

/// How many combinations columns have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointDistinct {
    /// The columns.
    pub columns: Vec<String>,
    /// The number.
    pub distinct: f64,
}

/// A common combination of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Joint {
    /// Each value's place among the most common of its column; `None` for NULL.
    pub values: Vec<Option<u32>>,
    /// Its share of the rows.
    pub share: f64,
}

impl Profile {
    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&TableProfile> {
        self.tables.iter().find(|it| it.name == name)
    }

    /// The statements as one script.
    pub fn script(&self) -> String {
        let statements = self.ddl.iter().map(|it| format!("{it};\n"));
        let header = "-- The tables and indexes of the source, the indexes in its order. Written by `seedrow init --profile`.\n";
        let left_out = self
            .left_out
            .iter()
            .map(|it| format!("-- Left out: {it}.\n"));
        let lines: Vec<String> = std::iter::once(header.to_owned())
            .chain(left_out)
            .chain(statements)
            .collect();
        lines.concat()
    }

    /// Rows by table, of those that were analysed.
    pub fn rows(&self) -> BTreeMap<&str, f64> {
        let tables = self.tables.iter().filter(|it| it.rows >= 0.0);
        tables.map(|it| (it.name.as_str(), it.rows)).collect()
    }
}

impl TableProfile {
    /// A column's statistics.
    pub fn statistics(&self, column: &str) -> Option<&ColumnStatistics> {
        let found = self.columns.iter().find(|it| it.name == column)?;
        found.statistics.as_ref()
    }

    /// Whether nothing is known of it though it has rows, or may have.
    pub fn is_unanalysed(&self) -> bool {
        let is_described = self.columns.iter().any(|it| it.statistics.is_some());
        self.rows < 0.0 || self.readable && self.rows > 0.0 && !is_described
    }
}
