//! Help texts, as a person reads them.

use clap::{Command, CommandFactory};

use super::Cli;

/// The headings below a command's own options, in the order that they have everywhere.
const HEADINGS: [&str; 13] = [
    "Data",
    "Format of foreign files",
    "Values of foreign files",
    "Rejected records",
    "Server",
    "Load",
    "Schema",
    "Loading",
    "Reads",
    "Profile",
    "Target",
    "Output",
    "Options",
];

fn commands(root: &Command) -> Vec<&Command> {
    let below = root.get_subcommands().flat_map(commands);
    std::iter::once(root).chain(below).collect()
}

#[test]
fn options_are_in_groups_of_one_order() {
    let root = Cli::command();
    for command in commands(&root) {
        let mut seen: Vec<&str> = Vec::new();
        for heading in command
            .get_arguments()
            .filter_map(clap::Arg::get_help_heading)
        {
            if !seen.contains(&heading) {
                seen.push(heading);
            }
        }
        let place = |heading: &&str| HEADINGS.iter().position(|it| it == heading);
        assert!(
            seen.iter().all(|it| place(it).is_some()),
            "{}: {seen:?}",
            command.get_name()
        );
        assert!(
            seen.is_sorted_by_key(place),
            "{}: {seen:?}",
            command.get_name()
        );
    }
}

#[test]
fn examples_are_lines_of_a_terminal() {
    let root = Cli::command();
    for command in commands(&root) {
        let help = command.get_after_help().map(ToString::to_string);
        for line in help.unwrap_or_default().lines() {
            assert!(line.chars().count() < 80, "{}: {line}", command.get_name());
        }
    }
}

#[test]
fn the_version_names_what_it_was_built_for() {
    let version = Cli::command().render_long_version();
    assert!(
        version.starts_with(concat!("seedrow ", env!("CARGO_PKG_VERSION"), " (")),
        "{version}"
    );
    assert!(version.contains(std::env::consts::ARCH), "{version}");
}
