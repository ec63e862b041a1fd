//! Parses, dispatches, prints the error, and turns the outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use seedrow::commands::{self, Cli};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            seedrow::report::usage(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match commands::execute(&cli) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            seedrow::report::error(&error, &cli.suggestions());
            ExitCode::from(2)
        }
    }
}
