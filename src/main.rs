//! Parses, dispatches, prints the error, and turns the outcome into an exit code.

use std::process::ExitCode;

use seedrow::commands;
use seedrow::report;
use seedrow::suggestion::Suggestions;

fn main() -> ExitCode {
    commands::completions::answer();
    let cli = match commands::parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    match commands::execute(&cli) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            report::error(&error, &cli.suggestions());
            ExitCode::from(2)
        }
    }
}

/// The command line can't be run, or asks for help or the version.
fn refused(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<clap::Error>() {
        Some(usage) => {
            report::usage(usage);
            ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
        }
        None => {
            report::error(error, &Suggestions::default());
            ExitCode::from(2)
        }
    }
}
