//! Parses, dispatches, prints the error, and turns the outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use seedrow::commands::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::execute(&cli) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            seedrow::report::error(&error);
            ExitCode::from(2)
        }
    }
}
