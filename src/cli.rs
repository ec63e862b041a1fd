//! The options that commands share; no I/O.
//!
//! A command's own options are declared with the command. These are declared once, so that `--rows 10M` means the same
//! for every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::dataset::Dataset;
use crate::dataset::amount::{Amount, Factor};
use crate::units::{bytes, duration, percent, rows};

/// Which dataset, and which of its tables.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Data")]
pub struct DatasetArgs {
    /// A built-in dataset's name (see `seedrow datasets`) or a TOML file
    #[arg(long, default_value = "catalog", value_name = "NAME|FILE.toml")]
    pub dataset: String,

    /// Only these tables, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TABLE,…")]
    pub tables: Option<Vec<String>>,
}

/// How many rows, and from which seed.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Data")]
pub struct RowsArgs {
    /// Rows of the dataset's root table: 250k, 1_000_000, 10M [default: the dataset's own]
    #[arg(long, value_parser = rows, value_name = "N", allow_negative_numbers = true)]
    pub rows: Option<u64>,

    /// Multiply the rows of every table by this: 0.1, 10
    #[arg(
        long,
        value_name = "FACTOR",
        conflicts_with = "rows",
        allow_negative_numbers = true
    )]
    pub scale: Option<Factor>,

    /// The number every value is drawn from: the same seed gives the same bytes
    #[arg(long, default_value_t = 42, value_name = "N")]
    pub seed: u64,
}

impl RowsArgs {
    /// How many rows of a dataset are made.
    pub fn amount(&self, dataset: &Dataset) -> Amount {
        dataset.amount(self.rows, self.scale)
    }
}

/// Which server and which schema on it.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// A libpq URL or key=value string [default: DATABASE_URL, the PG* variables, else an embedded Postgres].
    /// A password in it shows in the process list: PGPASSWORD and ~/.pgpass keep it out
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,

    /// The schema that holds the tables [default: the first of the connection's search path]
    #[arg(long, value_name = "NAME")]
    pub target_schema: Option<String>,

    /// How long to wait for the server to accept connections: 500ms, 30s, 2m
    #[arg(long, value_parser = duration, default_value = "0s", value_name = "TIME")]
    pub wait: Duration,

    /// The memory of the server's machine, a part of which index builds may use: 1GiB, 16GiB [default: estimated from its
    /// shared_buffers and effective_cache_size]
    #[arg(long, value_parser = bytes, value_name = "SIZE")]
    pub server_memory: Option<u64>,

    /// Where the embedded Postgres lives.
    #[command(flatten)]
    pub home: HomeArgs,
}

/// Where the embedded Postgres lives.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Target")]
pub struct HomeArgs {
    /// Folder of the embedded Postgres [default: SEEDROW_HOME, else ~/.local/share/seedrow, as root /var/lib/seedrow]
    // Not clap's `env`: it rejects an empty variable, and prints a set one in usage lines as if it were an argument.
    #[arg(long, value_name = "DIR")]
    pub home: Option<PathBuf>,
}

/// How many threads and connections work in parallel.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Loading")]
pub struct JobsArgs {
    /// Threads and connections in parallel [default: this machine's cores, limited by the server's free connections]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256), value_name = "N")]
    pub jobs: Option<u16>,
}

impl JobsArgs {
    /// The number asked for, else the machine's cores.
    pub fn count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or_else(cores, usize::from)
    }
}

/// How rows get into tables.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Loading")]
pub struct LoadArgs {
    /// Empty the tables first, and replace an earlier or unfinished load
    #[arg(long)]
    pub replace: bool,

    /// Drop the dataset's tables first and make them anew from its schema file, after a change of that: what they hold is lost.
    /// On a server of yours with --yes
    #[arg(long)]
    pub recreate: bool,

    /// Don't ask: what --recreate drops may be dropped
    #[arg(long)]
    pub yes: bool,

    /// What one transaction loads: a table, which is fastest, or a segment of 64 MiB, so that a lost connection costs no
    /// more than that [default: table on this machine, segment over a network]
    #[arg(long, value_enum, value_name = "table|segment")]
    pub commit: Option<CommitArg>,

    /// Whether the tables' triggers fire for the rows
    #[arg(long, value_enum, default_value_t = TriggersArg::On, value_name = "on|off")]
    pub triggers: TriggersArg,

    /// How long to wait for a table that another session has locked
    #[arg(long, value_parser = duration, default_value = "10s", value_name = "TIME")]
    pub lock_timeout: Duration,
}

/// Whether triggers fire.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggersArg {
    /// They fire.
    On,
    /// They are disabled while rows are inserted.
    Off,
}

/// What becomes of rows that refer to a missing one; generated rows are not rejected.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrphansArg {
    /// The command fails.
    Fail,
    /// They stay, and the foreign key stays NOT VALID.
    Keep,
}

/// What one transaction loads.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitArg {
    /// A whole table.
    Table,
    /// 64 MiB of a table.
    Segment,
}

/// How the plan checks sample ids, and the time that queries may take.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Reads")]
pub struct SampleArgs {
    /// The longest median time of a query, unless its header sets another: 10ms, 1s
    #[arg(long, value_parser = duration, default_value = "10ms", value_name = "TIME")]
    pub budget: Duration,

    /// How many existing ids each query is run with
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000), default_value_t = 20, value_name = "N")]
    pub samples: u32,

    /// The part of a table's ids, from the last, that samples are taken from
    #[arg(long, value_parser = percent, default_value = "10%", value_name = "PERCENT")]
    pub tail: f64,
}

/// Whether progress is shown.
#[derive(Args, Debug, Clone, Copy)]
#[command(next_help_heading = "Output")]
pub struct QuietArgs {
    /// No progress on stderr; results and errors are still printed
    #[arg(long, short)]
    pub quiet: bool,
}

/// The DDL that a schema is compared with, and where it is applied for that.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Schema")]
pub struct ReferenceArgs {
    /// Compare the schema with this file's DDL [default: the dataset's]
    #[arg(long, value_name = "FILE.sql")]
    pub schema: Option<PathBuf>,

    /// The server for the scratch database that the DDL is applied to [default: the embedded Postgres]
    #[arg(long, value_name = "URL")]
    pub scratch_url: Option<String>,
}
