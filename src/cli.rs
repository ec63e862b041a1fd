//! The options that commands share, and how their values are read; no I/O.
//!
//! A command's own options stand with the command. What stands here is spelled once, so that `--rows 10M` means the
//! same wherever it is typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Which dataset, and which of its tables.
#[derive(Args, Debug, Clone)]
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
pub struct RowsArgs {
    /// Rows of the dataset's root table: 250k, 1_000_000, 10M [default: the dataset's own]
    #[arg(long, value_parser = rows, value_name = "N", allow_negative_numbers = true)]
    pub rows: Option<u64>,

    /// The number every value is drawn from: the same seed gives the same bytes
    #[arg(long, default_value_t = 42, value_name = "N")]
    pub seed: u64,
}

/// Which server and which schema on it.
#[derive(Args, Debug, Clone)]
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

    /// The memory of the server's machine, to sort indexes in a part of it: 1GB, 16GB [default: as its shared_buffers and
    /// effective_cache_size tell]
    #[arg(long, value_parser = bytes, value_name = "SIZE")]
    pub server_memory: Option<u64>,

    /// Where the embedded Postgres lives.
    #[command(flatten)]
    pub home: HomeArgs,
}

/// Where the embedded Postgres lives.
#[derive(Args, Debug, Clone)]
pub struct HomeArgs {
    /// Folder of the embedded Postgres [default: SEEDROW_HOME, else ~/.local/share/seedrow, as root /var/lib/seedrow]
    // Not clap's `env`: it refuses an empty variable, and shows a set one in usage lines as if it had been typed.
    #[arg(long, value_name = "DIR")]
    pub home: Option<PathBuf>,
}

/// How work is spread over threads and connections.
#[derive(Args, Debug, Clone)]
pub struct JobsArgs {
    /// Threads and connections at a time [default: this machine's cores, as far as the server has connections free]
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
pub struct LoadArgs {
    /// Empty the tables first, and take the place of an earlier or unfinished load
    #[arg(long)]
    pub replace: bool,

    /// What one transaction loads: a table, which is fastest, or a segment of 64 MB, so that a connection that drops
    /// costs no more [default: table on this machine, segment over a network]
    #[arg(long, value_enum, value_name = "table|segment")]
    pub commit: Option<CommitArg>,

    /// How long to wait for a table that another session has locked
    #[arg(long, value_parser = duration, default_value = "10s", value_name = "TIME")]
    pub lock_timeout: Duration,
}

/// What one transaction loads.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitArg {
    /// A whole table.
    Table,
    /// 64 MB of a table.
    Segment,
}

/// What the plan checks sample and what they allow.
#[derive(Args, Debug, Clone)]
pub struct SampleArgs {
    /// The longest a query's median may take, unless its own header says otherwise: 10ms, 1s
    #[arg(long, value_parser = duration, default_value = "10ms", value_name = "TIME")]
    pub budget: Duration,

    /// How many existing ids each query is run with
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000), default_value_t = 20, value_name = "N")]
    pub samples: u32,

    /// The share of a table's ids, from the last, that samples are taken from
    #[arg(long, value_parser = percent, default_value = "10%", value_name = "PERCENT")]
    pub tail: f64,
}

/// Whether progress is shown.
#[derive(Args, Debug, Clone, Copy)]
pub struct QuietArgs {
    /// No progress on stderr; results and errors still show
    #[arg(long, short)]
    pub quiet: bool,
}

/// How results are printed.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Where DDL is applied to be compared with a schema.
#[derive(Args, Debug, Clone)]
pub struct ReferenceArgs {
    /// Compare the schema with this file's DDL [default: the dataset's]
    #[arg(long, value_name = "FILE.sql")]
    pub schema: Option<PathBuf>,

    /// A server to create a scratch database on, for the DDL to be applied to [default: the embedded Postgres]
    #[arg(long, value_name = "URL")]
    pub scratch_url: Option<String>,
}

/// Reads a count of rows: digits, `_` between them, and one of k, M or G behind.
pub fn rows(text: &str) -> Result<u64, String> {
    const EXPECTED: &str = "expected a whole number above 0 such as 250k, 1_000_000 or 10M";
    let (digits, unit) = match text.chars().last() {
        Some('k' | 'K') => (&text[..text.len() - 1], 1_000),
        Some('m' | 'M') => (&text[..text.len() - 1], 1_000_000),
        Some('g' | 'G') => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let plain: String = digits.chars().filter(|&c| c != '_').collect();
    let number: u64 = match plain.parse() {
        Ok(0) | Err(_) => return Err(EXPECTED.into()),
        Ok(_) if !plain.bytes().all(|b| b.is_ascii_digit()) => return Err(EXPECTED.into()),
        Ok(number) => number,
    };
    number
        .checked_mul(unit)
        .ok_or_else(|| format!("too many rows; {EXPECTED}"))
}

/// Reads a length of time: a number and one of us, ms, s, m or h; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time such as 500ms, 10s or 2m";
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(EXPECTED.into()),
    };
    let number: f64 = number.parse().map_err(|_| EXPECTED.to_string())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| EXPECTED.into())
}

/// Reads a size: a whole number and one of kB, MB, GB or TB, which are powers of 1024 as in Postgres' settings.
pub fn bytes(text: &str) -> Result<u64, String> {
    const EXPECTED: &str = "expected a size such as 512MB or 16GB";
    let split = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(split.ok_or(EXPECTED)?);
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "kb" | "kib" => 10,
        "mb" | "mib" => 20,
        "gb" | "gib" => 30,
        "tb" | "tib" => 40,
        _ => return Err(EXPECTED.into()),
    };
    let number: u64 = number.parse().map_err(|_| EXPECTED)?;
    let bytes = number.checked_mul(1 << power).filter(|&bytes| bytes > 0);
    bytes.ok_or_else(|| EXPECTED.into())
}

/// Reads a share between 0 (excluded) and 1: `10%` or `0.1`.
pub fn percent(text: &str) -> Result<f64, String> {
    const EXPECTED: &str = "expected a share above 0 and up to 100%, such as 10% or 0.1";
    let share = match text.strip_suffix('%') {
        Some(number) => number.trim().parse::<f64>().map(|n| n / 100.0),
        None => text.parse(),
    };
    match share {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err(EXPECTED.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_take_units_and_underscores() {
        assert_eq!(rows("1"), Ok(1));
        assert_eq!(rows("250k"), Ok(250_000));
        assert_eq!(rows("1_000_000"), Ok(1_000_000));
        assert_eq!(rows("10M"), Ok(10_000_000));
    }

    #[test]
    fn rows_refuse_what_is_no_count() {
        for text in [
            "",
            "0",
            "-5",
            "+5",
            "10X",
            "M",
            "1.5M",
            "99999999999999999999",
            "99999999999G",
        ] {
            assert!(rows(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_take_units() {
        assert_eq!(duration("10ms"), Ok(Duration::from_millis(10)));
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["", "ms", "10 parsecs", "-1s", "1e999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_as_in_postgres_settings() {
        assert_eq!(bytes("512MB"), Ok(512 << 20));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        for text in ["", "1", "MB", "0GB", "1.5GB", "-1GB", "99999999999TB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_percent_or_fraction() {
        assert_eq!(percent("10%"), Ok(0.1));
        assert_eq!(percent("0.5"), Ok(0.5));
        for text in ["0", "0%", "101%", "ten", "-3%"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
