//! Options that are of use only with another one, which are refused without it.
//!
//! clap's `requires` lets an option pass where the one that it requires conflicts with a third that was typed: with
//! `--duration`, which excludes `--find-limit`, `--limit` would be ignored without a word.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// Options of a command that need one of others.
struct Needs {
    command: &'static str,
    /// One of these.
    one_of: &'static [&'static str],
    options: &'static [&'static str],
}

const NEEDS: &[Needs] = &[
    Needs {
        command: "compare",
        one_of: &["documents"],
        options: &["allow_scratch", "last", "query", "reads"],
    },
    Needs {
        command: "compare",
        one_of: &["without_indexes"],
        options: &["allow_locks"],
    },
    Needs {
        command: "compare",
        one_of: &["without_indexes", "twin"],
        options: &["allow_empty", "budget", "samples", "seed", "tables", "tail"],
    },
    Needs {
        command: "compare",
        one_of: &["without_indexes", "documents", "twin"],
        options: &["dataset", "url", "target_schema", "wait"],
    },
    Needs {
        command: "compare",
        one_of: &["before", "without_indexes"],
        options: &["fail_on"],
    },
    Needs {
        command: "load",
        one_of: &["recreate"],
        options: &["yes"],
    },
    Needs {
        command: "run",
        one_of: &["any"],
        options: &["keep_rows"],
    },
    Needs {
        command: "run",
        one_of: &["recreate"],
        options: &["yes"],
    },
    Needs {
        command: "stress",
        one_of: &["find_limit"],
        options: &["hold", "limit", "step"],
    },
    Needs {
        command: "stress",
        one_of: &["expect", "goal"],
        options: &["abort_after"],
    },
];

/// Refuses an option that was typed without one that it needs; `all` has the options with their defaults.
pub fn check(cli: &mut Command, typed: &ArgMatches, all: &ArgMatches) -> Result<(), clap::Error> {
    let (Some((name, typed)), Some((_, all))) = (typed.subcommand(), all.subcommand()) else {
        return Ok(());
    };
    let Some(command) = cli.find_subcommand_mut(name) else {
        return Ok(());
    };
    for needs in NEEDS.iter().filter(|it| it.command == name) {
        let mut options = needs.options.iter();
        let Some(option) = options.find(|it| is_given(typed, it)) else {
            continue;
        };
        if needs.one_of.iter().any(|it| has_use_of(all, it)) {
            continue;
        }
        let spelled = |id: &&str| spelling(command, id);
        let needed: Vec<String> = needs.one_of.iter().map(spelled).collect();
        let option = spelling(command, option);
        let message = format!(
            "{option} is of use only with {}; add that, or leave {option} out",
            needed.join(" or ")
        );
        return Err(command.error(ErrorKind::MissingRequiredArgument, message));
    }
    Ok(())
}

/// Whether an option is given that others are of use with; `compare --twin A B` reads two files and no target.
fn has_use_of(matches: &ArgMatches, id: &str) -> bool {
    is_given(matches, id) && !(id == "twin" && is_given(matches, "after"))
}

fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// An option as it is typed: `--find-limit`; the only arguments without a name are the files of `compare`.
fn spelling(command: &Command, id: &str) -> String {
    let argument = command.get_arguments().find(|it| it.get_id() == id);
    match argument.and_then(clap::Arg::get_long) {
        Some(long) => format!("--{long}"),
        None => "two files".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::commands::Cli;

    #[test]
    fn they_are_options_of_their_commands() {
        let mut cli = Cli::command();
        cli.build();
        for needs in NEEDS {
            let command = cli.find_subcommand(needs.command).unwrap();
            for id in needs.one_of.iter().chain(needs.options) {
                let mut arguments = command.get_arguments();
                assert!(
                    arguments.any(|it| it.get_id() == id),
                    "{} has no {id}",
                    needs.command
                );
            }
        }
    }

    #[test]
    fn an_option_without_what_it_needs_is_refused() {
        let refused = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let mut cli = Cli::command();
            let matches = cli.try_get_matches_from_mut(&words).unwrap();
            let error = check(&mut cli, &matches, &matches).err();
            error.map(|it| it.to_string().lines().next().unwrap_or_default().to_owned())
        };
        let message = |option: &str, needed: &str| {
            Some(format!(
                "error: {option} is of use only with {needed}; add that, or leave {option} out"
            ))
        };
        for (line, expected) in [
            (
                "seedrow stress --duration 1s --limit 5ms",
                message("--limit", "--find-limit"),
            ),
            (
                "seedrow stress --abort-after 1s",
                message("--abort-after", "--expect or --goal"),
            ),
            (
                "seedrow compare a b --tables t",
                message("--tables", "--without-indexes or --twin"),
            ),
            (
                "seedrow compare a b --url u",
                message("--url", "--without-indexes or --documents or --twin"),
            ),
            (
                "seedrow compare --twin a b --url u",
                message("--url", "--without-indexes or --documents or --twin"),
            ),
            ("seedrow compare --twin a --url u --samples 5", None),
            (
                "seedrow compare --documents --fail-on regression",
                message("--fail-on", "two files or --without-indexes"),
            ),
            (
                "seedrow run --dataset d --keep-rows",
                message("--keep-rows", "--any"),
            ),
            ("seedrow stress --find-limit --limit 5ms", None),
            ("seedrow compare a b --fail-on regression", None),
        ] {
            assert_eq!(refused(line), expected, "{line}");
        }
    }
}
