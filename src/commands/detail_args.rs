//! The option that has the results of all checks shown.

use crate::report::Detail;

/// How much of the checks is shown.
#[derive(clap::Args, Debug)]
pub struct DetailArgs {
    /// Show every read with its figures and the SQL that ran, not only what doesn't hold
    #[arg(long, short, help_heading = "Output")]
    verbose: bool,
}

impl DetailArgs {
    /// What was asked for.
    pub fn detail(&self) -> Detail {
        match self.verbose {
            true => Detail::All,
            false => Detail::Brief,
        }
    }
}
