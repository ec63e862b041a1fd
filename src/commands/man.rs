//! `seedrow man`: a manual page for each command, made from what `--help` is made from.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::surroundings::{self, Entry, SECTIONS};
use crate::commands::{Cli, Outcome};
use crate::report;

/// Show a manual page, or write one for each command
///
/// In a terminal `man` shows it; elsewhere it is printed as roff.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow man check
  seedrow man db start > seedrow-db-start.1
  seedrow man --out ~/.local/share/man/man1")]
pub struct Args {
    /// The command: check, or db start [default: the page of seedrow itself]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Vec<String>,

    /// Write seedrow.1 and one page a command to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints or writes them.
pub fn run(args: &Args) -> Result<Outcome> {
    let root = root();
    match &args.out {
        Some(folder) => {
            let could_not = || format!("could not write the manual to {}", folder.display());
            std::fs::create_dir_all(folder).with_context(could_not)?;
            write_all(&root, folder).with_context(could_not)?;
        }
        None => {
            let command = find(&root, &args.command)?;
            show(command)?;
        }
    }
    Ok(Outcome::Held)
}

/// Prints a page: in a terminal as `man` has it, or where there is none as text, and elsewhere as it is.
fn show(command: &Command) -> Result<()> {
    let page = page(command)?;
    if !std::io::stdout().is_terminal() {
        return report::print(&String::from_utf8(page)?);
    }
    // Not before the pager has ended: ^C is for that.
    let _interrupts = signal(SignalKind::interrupt()).context("could not listen for ^C")?;
    match is_shown_by_man(&page) {
        true => Ok(()),
        false => report::print(&text(command)),
    }
}

/// Has `man` show a page; whether it did.
fn is_shown_by_man(page: &[u8]) -> bool {
    let man = process::Command::new("man")
        .args(["-l", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut man) = man else { return false };
    if let Some(mut stdin) = man.stdin.take() {
        // A pager that is left early closes it.
        let _ = stdin.write_all(page);
    }
    man.wait().is_ok_and(|status| status.success())
}

/// A page without `man`: `--help`, and what a page has beside it.
fn text(command: &Command) -> String {
    let mut text = command.clone().render_long_help().to_string();
    for (title, entries) in SECTIONS {
        if !text.contains(&format!("\n{title}:\n")) {
            text.push_str(&surroundings::section(
                title,
                &surroundings::of(command, entries),
            ));
        }
    }
    text
}

/// All commands, with the options that they share.
fn root() -> Command {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

/// The command of these words.
fn find<'c>(root: &'c Command, words: &[String]) -> Result<&'c Command> {
    let below = |command: &'c Command, name: &String| command.find_subcommand(name);
    let found = words.iter().try_fold(root, below);
    found.with_context(|| {
        let words = words.join(" ");
        format!("there is no command {words}; `seedrow --help` lists them")
    })
}

/// Writes the page of a command and those of the commands below it.
fn write_all(command: &Command, folder: &Path) -> io::Result<()> {
    let name = Man::new(command.clone()).get_filename();
    std::fs::write(folder.join(name), page(command)?)?;
    let mut below = command.get_subcommands().filter(|it| !it.is_hide_set());
    below.try_for_each(|it| write_all(it, folder))
}

/// A command's page.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone())
        .source(concat!("seedrow ", env!("CARGO_PKG_VERSION")))
        .manual("seedrow's manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut roff = Roff::new();
    add_examples(&mut roff, command);
    for ((_, entries), title) in SECTIONS.iter().zip(["ENVIRONMENT", "FILES", "EXIT STATUS"]) {
        add_entries(&mut roff, title, &surroundings::of(command, entries));
    }
    roff.to_writer(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// The examples of a command's `--help`: the lines below its first title.
fn add_examples(roff: &mut Roff, command: &Command) {
    let help = command.get_after_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    let examples = help.lines().skip(1).take_while(|line| !line.is_empty());
    let mut examples = examples.peekable();
    if examples.peek().is_none() {
        return;
    }
    roff.control("SH", ["EXAMPLES"]);
    roff.control("EX", []);
    for line in examples {
        roff.text([roman(line.trim())]);
    }
    roff.control("EE", []);
}

fn add_entries(roff: &mut Roff, title: &str, entries: &[Entry]) {
    roff.control("SH", [title]);
    for entry in entries {
        roff.control("TP", []);
        roff.text([bold(entry.name)]);
        roff.text([roman(entry.about)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|it| (*it).to_owned()).collect();
        let page = page(find(&root(), &words).unwrap());
        String::from_utf8(page.unwrap()).unwrap()
    }

    #[test]
    fn every_page_has_the_sections_that_readers_look_for() {
        for words in [&[][..], &["check"], &["db", "start"], &["man"]] {
            let text = text(words);
            let titles: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix(".SH "))
                .collect();
            for title in [
                "NAME",
                "EXAMPLES",
                "ENVIRONMENT",
                "FILES",
                "\"EXIT STATUS\"",
            ] {
                let count = titles.iter().filter(|it| **it == title).count();
                assert_eq!(count, 1, "{words:?} {title}\n{titles:?}");
            }
        }
    }

    #[test]
    fn a_page_has_what_its_command_reads_and_no_more() {
        assert!(text(&["check"]).contains("DATABASE_URL"));
        assert!(text(&["check"]).contains("seedrow check \\-\\-prove"));
        let start = text(&["db", "start"]);
        assert!(start.contains("SEEDROW_HOME") && !start.contains("PGPASSWORD"));
    }
}
