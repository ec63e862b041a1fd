//! The options of `seedrow load` for records that can't be loaded.

use std::path::PathBuf;

use crate::load::{Duplicates, MaxRejects, Orphans};
use crate::units::percent;

/// How records that can't be loaded are handled.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Rejected records")]
pub struct RejectingArgs {
    /// How many records the load may reject before it stops: 10, 1%
    #[arg(long, value_parser = max_rejects, default_value = "0", value_name = "N|N%")]
    pub max_rejects: MaxRejects,

    /// The folder for rejected records, TABLE.csv each
    #[arg(long, default_value = "rejects", value_name = "DIR")]
    pub rejects: PathBuf,

    /// Records with the primary or unique key of an earlier one: reject them and keep the first, or stop
    #[arg(long, value_enum, default_value_t = DuplicatesArg::Fail)]
    duplicates: DuplicatesArg,

    /// Records that refer to a missing row: stop, load them and leave the foreign key NOT VALID, or reject them and the
    /// records that refer to them
    #[arg(long, value_enum, default_value_t = OrphansArg::Fail)]
    orphans: OrphansArg,
}

/// See [`Duplicates`].
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum DuplicatesArg {
    Fail,
    Reject,
}

/// See [`Orphans`].
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum OrphansArg {
    Fail,
    Keep,
    Reject,
}

impl RejectingArgs {
    /// What becomes of rows with the key of an earlier one.
    pub fn duplicates(&self) -> Duplicates {
        match self.duplicates {
            DuplicatesArg::Fail => Duplicates::Fail,
            DuplicatesArg::Reject => Duplicates::Reject,
        }
    }

    /// What becomes of rows that refer to a missing one.
    pub fn orphans(&self) -> Orphans {
        match self.orphans {
            OrphansArg::Fail => Orphans::Fail,
            OrphansArg::Keep => Orphans::Keep,
            OrphansArg::Reject => Orphans::Reject,
        }
    }
}

/// Reads `10` or `1%`.
fn max_rejects(text: &str) -> Result<MaxRejects, String> {
    const EXPECTED: &str = "expected a number of records, or a share of them, such as 10 or 1%";
    match text.strip_suffix('%') {
        Some("0") => Ok(MaxRejects::Count(0)),
        Some(_) => percent(text)
            .map(MaxRejects::Share)
            .map_err(|_| EXPECTED.into()),
        None => {
            let plain = text.replace('_', "");
            plain
                .parse()
                .map(MaxRejects::Count)
                .map_err(|_| EXPECTED.into())
        }
    }
}
