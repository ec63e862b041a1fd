//! Options, commands and values that were misspelled, or spelled as other programs have them: what is proposed instead.
//!
//! clap proposes the most similar option, however little that is: `--settle` for `--baseline`.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// An option as others spell it, and what it is here: the first that the command has.
type Spelling = (&'static str, &'static [&'static str]);

const ELSEWHERE: &[Spelling] = &[
    ("--baseline", &["--save"]),
    ("--clean", &["--replace", "--overwrite"]),
    ("--concurrency", &["--connections", "--jobs"]),
    ("--config", &["--dataset"]),
    ("--connection", &["--url"]),
    ("--connections", &["--jobs"]),
    ("--count", &["--rows", "--samples"]),
    ("--database", &["--url"]),
    ("--db", &["--url"]),
    ("--dbname", &["--url"]),
    ("--dir", &["--out", "--csv"]),
    ("--drop", &["--recreate", "--replace"]),
    ("--dsn", &["--url"]),
    ("--factor", &["--scale"]),
    ("--force", &["--replace", "--overwrite", "--yes"]),
    ("--host", &["--url", "--listen"]),
    ("--json", &["--format json"]),
    ("--junit", &["--write junit=FILE"]),
    ("--limit", &["--rows"]),
    ("--log", &["--access-log"]),
    ("--no-color", &["--color never"]),
    ("--null", &["--nulls"]),
    ("--out", &["--output", "--csv", "--html"]),
    ("--output", &["--out", "--csv", "--html"]),
    ("--overwrite", &["--replace"]),
    ("--parallel", &["--jobs", "--connections"]),
    ("--password", &["--url"]),
    ("--port", &["--listen", "--url"]),
    ("--qps", &["--rate"]),
    ("--records", &["--rows"]),
    ("--reset", &["--replace"]),
    ("--rps", &["--rate"]),
    ("--scale", &["--rows"]),
    ("--schema", &["--target-schema"]),
    ("--separator", &["--delimiter"]),
    ("--silent", &["--quiet"]),
    ("--size", &["--rows"]),
    ("--skip", &["--skip-lines"]),
    ("--threads", &["--jobs", "--workers"]),
    ("--time", &["--duration"]),
    ("--truncate", &["--replace"]),
    ("--uri", &["--url"]),
    ("--user", &["--url"]),
    ("--username", &["--url"]),
    ("--workers", &["--jobs"]),
];

/// Commands as others call them, and what they are here.
const COMMANDS: &[(&str, &str)] = &[
    ("bench", "stress"),
    ("diff", "compare"),
    ("explain", "check"),
    ("import", "load"),
    ("lint", "check"),
    ("psql", "db psql"),
    ("seed", "run"),
    ("start", "db start"),
    ("status", "db status"),
    ("stop", "db stop"),
    ("url", "db url"),
];

/// The error of an option, a command or a value that there isn't, with what is meant, or near, and else with nothing.
pub fn corrected(error: clap::Error, root: &Command, words: &[OsString]) -> clap::Error {
    match error.kind() {
        ErrorKind::UnknownArgument => of_option(error, command_of(root, words)),
        ErrorKind::InvalidSubcommand => of_command(error),
        ErrorKind::InvalidValue => of_value(error),
        _ => error,
    }
}

fn of_option(mut error: clap::Error, command: &Command) -> clap::Error {
    let Some(typed) = text(&error, ContextKind::InvalidArg).filter(|it| it.starts_with("--"))
    else {
        return error;
    };
    // That it could be a value is no help.
    error.remove(ContextKind::Suggested);
    if let Some(here) = proposed(&typed, command) {
        let here = ContextValue::String(here.to_owned());
        error.insert(ContextKind::SuggestedArg, here);
        return error;
    }
    without_far(error, &typed, ContextKind::SuggestedArg)
}

fn of_command(mut error: clap::Error) -> clap::Error {
    let Some(typed) = text(&error, ContextKind::InvalidSubcommand) else {
        return error;
    };
    let mut known = COMMANDS.iter();
    if let Some((_, here)) = known.find(|(elsewhere, _)| *elsewhere == typed) {
        let here = ContextValue::Strings(vec![(*here).to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, here);
    }
    error
}

fn of_value(error: clap::Error) -> clap::Error {
    match text(&error, ContextKind::InvalidValue) {
        Some(typed) => without_far(error, &typed, ContextKind::SuggestedValue),
        None => error,
    }
}

/// The error without a proposal that isn't near.
fn without_far(mut error: clap::Error, typed: &str, kind: ContextKind) -> clap::Error {
    if text(&error, kind).is_some_and(|similar| !is_near(typed, &similar)) {
        error.remove(kind);
    }
    error
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// What the command has for an option of other programs.
fn proposed(typed: &str, command: &Command) -> Option<&'static str> {
    let (_, here) = ELSEWHERE
        .iter()
        .find(|(elsewhere, _)| *elsewhere == typed)?;
    here.iter().copied().find(|here| has(command, here))
}

/// Whether a command has the option that a proposal begins with.
fn has(command: &Command, proposal: &str) -> bool {
    let option = proposal.split(' ').next().unwrap_or_default();
    let mut options = command.get_arguments().filter_map(clap::Arg::get_long);
    options.any(|long| option.strip_prefix("--") == Some(long))
}

/// The command that was typed, and the one below it.
fn command_of<'c>(root: &'c Command, words: &[OsString]) -> &'c Command {
    let words = words.iter().skip(1).map_while(|word| word.to_str());
    words.fold(root, |command, word| {
        command.find_subcommand(word).unwrap_or(command)
    })
}

/// Whether one is the beginning of the other, or a slip or two away.
fn is_near(typed: &str, known: &str) -> bool {
    let slips = match typed.trim_start_matches('-').len() {
        0..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    known.starts_with(typed)
        || typed.starts_with(known)
        || strsim::osa_distance(typed, known) <= slips
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::commands::Cli;

    fn root() -> Command {
        let mut root = Cli::command();
        root.build();
        root
    }

    #[test]
    fn what_is_proposed_is_meant_or_near() {
        for (line, expected) in [
            ("check --baseline a.json", Some("--save")),
            ("check --junit a.xml", Some("--write junit=FILE")),
            ("check --verbos", Some("--verbose")),
            ("check --prune", Some("--prove")),
            ("check --quality", None),
            ("run --database x", Some("--url")),
            ("run --count 5", Some("--rows")),
            ("run --row 5", Some("--rows")),
            ("run --force", Some("--replace")),
            ("generate --force", Some("--overwrite")),
            ("load d --db x", Some("--url")),
            ("load d --bogus", None),
            ("stress --rps 5", Some("--rate")),
            ("serve --port 80", Some("--listen")),
            ("serve --threads 2", Some("--workers")),
            ("db destroy --force", Some("--yes")),
        ] {
            let words: Vec<OsString> = format!("seedrow {line}")
                .split(' ')
                .map(OsString::from)
                .collect();
            let error = root().try_get_matches_from(&words).unwrap_err();
            let error = corrected(error, &root(), &words);
            let tip = match error.get(ContextKind::SuggestedArg) {
                Some(ContextValue::String(tip)) => Some(tip.as_str()),
                _ => None,
            };
            assert_eq!(tip, expected, "{line}");
            assert!(error.get(ContextKind::Suggested).is_none(), "{line}");
        }
    }

    #[test]
    fn commands_are_proposed_and_values_that_are_near() {
        for (line, expected) in [
            ("seed", "'run'"),
            ("psql", "'db psql'"),
            ("chek", "'check'"),
            ("check --format htm", "'html'"),
            ("check --format xml", ""),
            ("completions tcsh", ""),
        ] {
            let words: Vec<OsString> = format!("seedrow {line}")
                .split(' ')
                .map(OsString::from)
                .collect();
            let error = root().try_get_matches_from(&words).unwrap_err();
            let text = corrected(error, &root(), &words).to_string();
            let tip = text.lines().find_map(|line| line.split_once(" exists: "));
            assert_eq!(tip.map_or("", |(_, tip)| tip), expected, "{line}");
        }
    }

    #[test]
    fn each_spelling_is_a_command_s() {
        let root = root();
        for (_, here) in COMMANDS {
            let mut words = here.split(' ');
            let found = words.try_fold(&root, |command, word| command.find_subcommand(word));
            assert!(found.is_some(), "{here}");
        }
        let all = |command: &Command| {
            let below = command.get_subcommands().flat_map(Command::get_subcommands);
            let all: Vec<Command> = command.get_subcommands().chain(below).cloned().collect();
            all
        };
        for (elsewhere, here) in ELSEWHERE {
            for here in *here {
                assert!(
                    all(&root).iter().any(|it| has(it, here)),
                    "{elsewhere}: {here}"
                );
            }
        }
    }
}
