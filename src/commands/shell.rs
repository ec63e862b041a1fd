//! `seedrow completions` and `seedrow man`: what a shell and `man` know of seedrow.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::commands::{Cli, Outcome};
use crate::report;

/// Print what completes seedrow's commands and options in a shell
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow completions bash > ~/.local/share/bash-completion/completions/seedrow
  seedrow completions zsh > \"${fpath[1]}/_seedrow\"
  seedrow completions fish > ~/.config/fish/completions/seedrow.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page, or write one for each command
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow man | man -l -
  seedrow man --out ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write seedrow.1 and one page a command to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints them.
pub fn completions(args: &CompletionsArgs) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "seedrow", &mut script);
    report::print(&String::from_utf8(script)?)?;
    Ok(Outcome::Held)
}

/// Prints or writes them.
pub fn man(args: &ManArgs) -> Result<Outcome> {
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        report::print(&String::from_utf8(page)?)?;
        return Ok(Outcome::Held);
    };
    let could_not = || format!("could not write the manual to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(could_not)?;
    clap_mangen::generate_to(Cli::command().name("seedrow"), folder).with_context(could_not)?;
    Ok(Outcome::Held)
}
