//! What a dataset is once it has been read and validated: plain values, names resolved to positions.

use std::path::PathBuf;

use anyhow::{Error, Result, anyhow, bail};

use crate::dataset::amount::{Amount, Factor};
use crate::dataset::column_rules::{Conditions, Exclusive, TextLimits, UniqueSet};
use crate::dataset::counts::Counts;
use crate::dataset::document::did_you_mean;
use crate::dataset::draw::Chance;
use crate::dataset::makers::Maker;
use crate::dataset::profile::{ColumnProfile, Joint};
use crate::dataset::record_format::FormatOptions;
use crate::dataset::sharding::Sharding;
use crate::dataset::source::Source;
use crate::dataset::spellings::Spellings;
use crate::dataset::waivers::Waiver;
use crate::script::Script;

/// Tables, their schema and their queries.
#[derive(Debug)]
pub struct Dataset {
    /// The TOML file's stem: the name of the embedded database, too.
    pub name: String,
    /// One sentence for `seedrow datasets`.
    pub about: String,
    /// Where its files are read from.
    pub source: Source,
    /// The TOML file.
    pub path: PathBuf,
    /// Every other file it is made of: word lists, schema, queries.
    pub files: Vec<PathBuf>,
    /// `xxh3:` and 16 hexadecimal digits over the TOML file, its word lists and its schema.
    pub hash: String,
    /// The DDL.
    pub schema: Script,
    /// Which of the tables the DDL creates.
    pub schema_scope: SchemaScope,
    /// One read each, sorted by name.
    pub queries: Vec<TextFile>,
    /// Statements that change one row of a query's result, each file under its query's name.
    pub changes: Vec<TextFile>,
    /// Unquoted texts that mean NULL in foreign CSV files; empty always does.
    pub nulls: Vec<String>,
    /// Findings that don't count.
    pub waivers: Vec<Waiver>,
    /// Which tables grow with the root.
    pub scale: Scale,
    /// What `seedrow init` has recorded of itself, for a dataset that it wrote.
    pub init: Option<Vec<(String, String)>>,
    /// In load order, parents first.
    pub tables: Vec<TableSpec>,
}

/// Which of a dataset's tables its DDL creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaScope {
    /// All: it is applied where none of them exists.
    Whole,
    /// Those that are missing in the target.
    Missing,
    /// None, since the dataset names no DDL: the target has them.
    Nothing,
}

/// Which tables with `rows` grow with the root, whose rows `--rows` gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scale {
    /// The root alone.
    #[default]
    Root,
    /// All but those that are `fixed`.
    All,
}

/// A file's path and text.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// As messages show it.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// One table of a dataset.
#[derive(Debug)]
pub struct TableSpec {
    /// Its name in the database.
    pub name: String,
    /// Its CSV file's name; `None` for a virtual table, which has ids and fan-outs but neither file nor DDL, and for a kept
    /// one, whose rows are in the database.
    pub file: Option<String>,
    /// Other names that foreign CSV files of it may have.
    pub other_files: Vec<String>,
    /// How foreign CSV files are read.
    pub reading: Reading,
    /// The rules that drop records of such files.
    pub drop: Vec<DropRule>,
    /// How many rows it has.
    pub size: Size,
    /// Whether it keeps its rows whatever the root has.
    pub fixed: bool,
    /// Hidden ones included.
    pub columns: Vec<ColumnSpec>,
    /// Columns that together never repeat.
    pub unique: Vec<UniqueSet>,
    /// Columns of which one at most is not NULL.
    pub exclusive: Vec<Exclusive>,
    /// Common values of several columns together.
    pub joint: Vec<Joint>,
    /// Whether the database's triggers fire for its rows.
    pub triggers: Triggers,
    /// How its rows are spread over a cluster's nodes.
    pub sharding: Option<Sharding>,
    /// Its line in the TOML file.
    pub line: usize,
}

/// Handling of triggers that fire for inserted rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Triggers {
    /// They fire.
    Fire,
    /// They are disabled in the transactions that insert the rows.
    Skip,
}

/// How foreign CSV files of a table are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The format of its records.
    pub format: FormatOptions,
    /// Whether the first record names the columns.
    pub header: bool,
    /// The columns in the file's order, in place of a header; `-` for one that is ignored.
    pub columns: Option<Vec<String>>,
    /// Whether a quote that isn't closed is closed at its line's end, or the record rejected.
    pub repair: bool,
}

impl Default for Reading {
    fn default() -> Reading {
        Reading {
            format: FormatOptions::default(),
            header: true,
            columns: None,
            repair: true,
        }
    }
}

/// Records that are dropped on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropRule {
    /// What the rule is called in accounts.
    pub name: String,
    /// The column's position in the table.
    pub column: usize,
    /// The values that the rule is about, blanks around them left out.
    pub values: Vec<String>,
    /// Where a row with such a value makes the record one to be kept.
    pub unless_loaded: Option<LoadedParent>,
}

/// The column of a table that other tables' values refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedParent {
    /// The table's position.
    pub table: usize,
    /// Its name.
    pub table_name: String,
    /// The name of its `serial` column.
    pub column: String,
}

/// How many rows a table has.
#[derive(Debug)]
pub enum Size {
    /// The dataset's first such table is its root, scaled by `--rows`; the others keep their number.
    Rows(u64),
    /// None that are generated: they are loaded from files, into the columns that the schema has.
    Loaded,
    /// So many for each row of another table.
    Per {
        /// The parent's position among the tables.
        parent: usize,
        /// Children of one parent. For one child with each row of another table that has the same parent as the
        /// parent itself, those are that table's counts.
        counts: Counts,
        /// That other table's position.
        each: Option<usize>,
    },
}

/// One column of a table.
#[derive(Debug)]
pub struct ColumnSpec {
    /// Its name in the database and in the files seedrow writes.
    pub name: String,
    /// Other names it has in the headers of foreign CSV files.
    pub aliases: Vec<String>,
    /// How foreign CSV files spell its values.
    pub spellings: Spellings,
    /// Drawn for its siblings' sake and not written.
    pub hidden: bool,
    /// How often it is NULL.
    pub null: Chance,
    /// When it is NULL besides.
    pub conditions: Conditions,
    /// How its texts are changed.
    pub text: TextLimits,
    /// The statistics that its values are to have, where it has a profile.
    pub profile: Option<Box<ColumnProfile>>,
    /// Where its values come from.
    pub maker: Maker,
    /// What its values are.
    pub kind: Kind,
    /// Its line in the TOML file.
    pub line: usize,
}

/// What a column's values are, whatever its maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Hundredths.
    Cents,
    /// Days since 1970-01-01.
    Date,
    /// Seconds since 1970-01-01 00:00 UTC.
    Timestamp,
    /// 0 and 1, written as true and false.
    Boolean,
    /// UTF-8.
    Text,
    /// Whole numbers of a power of ten's parts: so many decimals.
    Decimal(u8),
    /// Seconds since midnight.
    Time,
    /// Seconds.
    Interval,
    /// A uuid.
    Uuid,
    /// A text in a spelling that the reader of its column's type takes, where there is one.
    Literal,
}

impl Kind {
    /// Whether its values are texts; those of the others are numbers.
    #[inline]
    pub fn is_text(self) -> bool {
        matches!(self, Kind::Text | Kind::Literal | Kind::Uuid)
    }
}

/// Whether a name is that of a plain file that can be in a folder with a manifest.
pub fn is_file_name(name: &str) -> bool {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    plain && name != "manifest.json"
}

impl Dataset {
    /// The root: the table that `--rows` counts, the first with `rows` that isn't `fixed`.
    pub fn root(&self) -> usize {
        let has_rows = |table: &TableSpec| matches!(table.size, Size::Rows(_));
        let root = |is_root: &dyn Fn(&TableSpec) -> bool| self.tables.iter().position(is_root);
        root(&|table| has_rows(table) && !table.fixed)
            .or_else(|| root(&has_rows))
            .unwrap_or(0)
    }

    /// How many rows are made: those asked for of the root table, else the dataset's own, or a multiple of them.
    pub fn amount(&self, root_rows: Option<u64>, scale: Option<Factor>) -> Amount {
        let default = self.default_rows();
        let root_rows = match scale {
            Some(factor) if !self.tables[self.root()].fixed => factor.of(default),
            Some(_) => default,
            None => root_rows.unwrap_or(default),
        };
        Amount { root_rows, scale }
    }

    /// How many rows a table with `rows` has when so many are made.
    pub fn scaled_rows(&self, table: usize, Amount { root_rows, scale }: Amount) -> u64 {
        let Size::Rows(rows) = self.tables[table].size else {
            return 0;
        };
        if let Some(factor) = scale {
            return match self.tables[table].fixed {
                true => rows,
                false if table == self.root() => root_rows,
                false => factor.of(rows),
            };
        }
        if table == self.root() {
            return root_rows;
        }
        let scaled = self.scale == Scale::All && !self.tables[table].fixed;
        let default = self.default_rows();
        if !scaled || default == 0 || root_rows == default {
            return rows;
        }
        let rows = u128::from(rows) * u128::from(root_rows) / u128::from(default);
        u64::try_from(rows).unwrap_or(u64::MAX).max(1)
    }

    /// The root's rows unless `--rows` says otherwise.
    pub fn default_rows(&self) -> u64 {
        match self.tables[self.root()].size {
            Size::Rows(rows) => rows,
            Size::Per { .. } | Size::Loaded => 0,
        }
    }

    /// The positions of the tables that have a file.
    pub fn real_tables(&self) -> Vec<usize> {
        (0..self.tables.len())
            .filter(|&table| self.tables[table].file.is_some())
            .collect()
    }

    /// Whether some tables have the columns of the schema.
    pub fn has_loaded_tables(&self) -> bool {
        self.tables.iter().any(TableSpec::is_loaded)
    }

    /// The position of a table by its name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.name == name)
    }

    /// The positions of the tables named, in load order; all that have a file when none are.
    pub fn select(&self, names: Option<&[String]>) -> Result<Vec<usize>> {
        let Some(names) = names else {
            return Ok(self.real_tables());
        };
        let mut selected = Vec::new();
        for name in names {
            match self.position(name.trim()) {
                Some(table) if self.tables[table].file.is_some() => selected.push(table),
                Some(_) => bail!(
                    "--tables: `{name}` is a virtual table of {}; it has no rows of its own",
                    self.name
                ),
                None => return Err(self.unknown_table("--tables", name)),
            }
        }
        selected.sort_unstable();
        selected.dedup();
        Ok(selected)
    }

    /// The error of an option that names a table which the dataset doesn't have.
    pub fn unknown_table(&self, option: &str, name: &str) -> Error {
        if let Some((schema, table)) = name.split_once('.')
            && self.position(table.trim()).is_some()
        {
            return anyhow!(
                "{option}: `{name}` is named with a schema; write `{table}`, and `--target-schema {schema}` for where \
                 the tables are"
            );
        }
        let known = self.real_tables();
        let known = known.iter().map(|&table| self.tables[table].name.as_str());
        let advice = did_you_mean(name, known);
        anyhow!("{option}: {} has no table `{name}`; {advice}", self.name)
    }

    /// A table and its parents up to a table without one.
    pub fn lineage(&self, table: usize) -> Vec<usize> {
        let mut path = vec![table];
        while let Size::Per { parent, .. } = self.tables[path[path.len() - 1]].size {
            path.push(parent);
        }
        path
    }
}

impl ColumnSpec {
    /// A column whose values no maker makes: the type of the database's column decides how a field is read.
    pub fn loaded(name: &str, line: usize) -> ColumnSpec {
        ColumnSpec {
            line,
            ..ColumnSpec::new(name, Maker::none())
        }
    }

    /// A column that is never NULL, of texts, at no line.
    pub fn new(name: impl Into<String>, maker: Maker) -> ColumnSpec {
        ColumnSpec {
            name: name.into(),
            aliases: Vec::new(),
            spellings: Spellings::default(),
            hidden: false,
            null: Chance::NEVER,
            conditions: Conditions::default(),
            text: TextLimits::default(),
            profile: None,
            maker,
            kind: Kind::Text,
            line: 0,
        }
    }
}

impl TableSpec {
    /// Whether its rows come from files alone.
    pub fn is_loaded(&self) -> bool {
        matches!(self.size, Size::Loaded)
    }

    /// The columns that are written, in order.
    pub fn written(&self) -> impl Iterator<Item = &ColumnSpec> {
        self.columns.iter().filter(|column| !column.hidden)
    }

    /// The written column that a header means by a name: its own or an alias, else one of these in any case.
    pub fn column_called(&self, name: &str) -> Option<&ColumnSpec> {
        let named = |same: &dyn Fn(&str) -> bool| {
            let has_name = |column: &&ColumnSpec| {
                let mut names = std::iter::once(&column.name).chain(&column.aliases);
                names.any(|known| same(known))
            };
            self.written().find(has_name)
        };
        let lower = name.to_lowercase();
        named(&|known| known == name).or_else(|| named(&|known| known.to_lowercase() == lower))
    }

    /// What a column's values are.
    pub fn kind(&self, column: usize) -> Kind {
        self.columns[column].kind
    }
}
