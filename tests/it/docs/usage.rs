//! Whether a command in running text is one: known verbs, options and values, by the program's own parser.

use std::fs;
use std::path::Path;

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, Command, CommandFactory, Parser};
use seedrow::commands::Cli;

/// What is wrong with `seedrow … --option value` or `--option value`; nothing for other texts.
pub fn mistake(text: &str) -> Option<String> {
    if text.starts_with("--") && !text.starts_with("-- ") {
        return option_mistake(text);
    }
    let words = words(text);
    if words.first().map(String::as_str) != Some("seedrow") {
        return None;
    }
    let error = Cli::try_parse_from(&words).err()?;
    match error.kind() {
        // `seedrow db …` and `seedrow load` leave out what is not the point.
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => None,
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if is_placeholder(&error) => None,
        _ => Some(error.to_string().lines().next()?.to_owned()),
    }
}

/// `--format html`: some command has the option and, where it has a list of values, this one among them.
fn option_mistake(text: &str) -> Option<String> {
    let (name, value) = match text.split_once([' ', '=']) {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let root = Cli::command();
    let named = name.trim_start_matches('-');
    let found: Vec<&Arg> = subcommands(&root)
        .into_iter()
        .flat_map(Command::get_arguments)
        .filter(|arg| arg.get_long() == Some(named) || ["help", "version"].contains(&named))
        .collect();
    if found.is_empty() {
        return Some(format!("no command has the option {name}"));
    }
    let value = value?;
    let takes = found.iter().any(|arg| {
        let values = arg.get_possible_values();
        let given = || value.split(',');
        values.is_empty() || given().all(|it| values.iter().any(|known| known.matches(it, false)))
    });
    let placeholder = value.chars().all(|c| !c.is_lowercase());
    (!takes && !placeholder).then(|| format!("{name} does not take {value}"))
}

fn subcommands(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(subcommands);
    std::iter::once(command).chain(below).collect()
}

/// Whether the value is a word such as N or TABLE=PATH.
fn is_placeholder(error: &clap::Error) -> bool {
    let value = error
        .get(ContextKind::InvalidValue)
        .map(ToString::to_string);
    value.is_some_and(|value| value.chars().all(|c| !c.is_lowercase()))
}

/// A command's words up to a pipe, a redirection, a comment or the next command. Words of `…` are left out.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    let mut depth = 0;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') if depth == 0 => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '(') if word.as_deref().is_some_and(|it| it.ends_with('$')) => depth += 1,
            (None, ')') if depth > 0 => depth -= 1,
            (None, '|' | '>' | ';' | '&' | ')') if depth == 0 => break,
            (None, '#') if depth == 0 && word.is_none() => break,
            (None, ' ') if depth == 0 => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words.retain(|word| !word.contains('…'));
    words
}

/// The commands in help texts' examples.
pub fn examples() -> Vec<String> {
    let root = Cli::command();
    let all = subcommands(&root).into_iter();
    let helps = all.filter_map(|command| Some(command.get_after_help()?.to_string()));
    let lines: Vec<String> = helps
        .flat_map(|help| {
            help.lines()
                .map(|line| line.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let examples = lines
        .into_iter()
        .filter(|line| line.starts_with("seedrow "));
    let examples: Vec<String> = examples.collect();
    assert!(examples.len() > 10, "{examples:?}");
    examples
}

/// The lines of all Rust sources below a folder, strings that are continued on the next line joined.
pub fn sources(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            lines.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut joined = String::new();
            for line in text.lines() {
                match line.trim().strip_suffix('\\') {
                    Some(start) => joined.push_str(start),
                    None => {
                        joined.push_str(line.trim());
                        lines.push(std::mem::take(&mut joined).replace('`', ""));
                    }
                }
            }
        }
    }
    lines
}

#[test]
fn mistakes_in_commands_are_found() {
    for right in [
        "seedrow run --rows 10M --quiet | head -7",
        "seedrow db …",
        "seedrow load",
        "seedrow generate --out DIR",
        "seedrow load --file TABLE=PATH",
        "seedrow db psql -- -c 'SELECT 1'",
        "seedrow check --url \"$(seedrow db url)\" > check.txt",
        "--format html",
        "--only coverage,plans,schema",
        "--lock-timeout 1m",
        "pg_dump --schema-only",
    ] {
        assert_eq!(mistake(right), None, "{right}");
    }
    for wrong in [
        "seedrow fill",
        "seedrow run --lines 5",
        "seedrow check --only plan",
        "seedrow run --rows many",
        "--lines 5",
        "--format docx",
        "--only plan",
    ] {
        assert!(mistake(wrong).is_some(), "{wrong}");
    }
}
