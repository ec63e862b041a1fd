//! Defaults of options from the `seedrow.toml` in the working directory: `[defaults]` for every command that has the option,
//! `[defaults.check]` for one. What is typed wins, and so does the environment.

use std::ffi::OsString;
use std::io::ErrorKind;

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory};

use super::Cli;
use crate::dataset::document::{Document, Section, TomlValue, did_you_mean};

/// The file.
const FILE: &str = "seedrow.toml";

/// Options that a variable of the environment says, too.
const IN_ENVIRONMENT: [(&str, &str); 2] = [("url", "DATABASE_URL"), ("home", "SEEDROW_HOME")];

/// A default, as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OptionDefault {
    /// The option's name, without dashes.
    option: String,
    /// `None` for a flag.
    value: Option<String>,
    /// The command it is for; `None` for all.
    command: Option<String>,
    /// Where it is in the file.
    line: usize,
}

/// The command line with the defaults of the working directory's file behind the command's name.
pub fn with_defaults(words: Vec<OsString>) -> Result<Vec<OsString>> {
    let text = match std::fs::read_to_string(FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(words),
        Err(error) => return Err(error).with_context(|| format!("could not read {FILE}")),
    };
    let is_set = |variable: &str| std::env::var_os(variable).is_some_and(|it| !it.is_empty());
    added(&read(&text)?, words, is_set)
}

fn added(
    defaults: &[OptionDefault],
    words: Vec<OsString>,
    is_set: impl Fn(&str) -> bool,
) -> Result<Vec<OsString>> {
    let mut root = Cli::command();
    root.build();
    let Ok(matches) = root.clone().try_get_matches_from(&words) else {
        // The parser itself says what is wrong with it.
        return Ok(words);
    };
    let Some((name, typed)) = matches.subcommand() else {
        return Ok(words);
    };
    let Some(command) = root.find_subcommand(name) else {
        return Ok(words);
    };
    let place = words.iter().position(|word| word == name).unwrap_or(0) + 1;
    let mut all = words.clone();
    for default in defaults {
        let in_environment = IN_ENVIRONMENT
            .iter()
            .any(|(option, variable)| *option == default.option && is_set(variable));
        let is_here = default.command.as_ref().is_none_or(|it| it == name);
        let argument = option(command, &default.option).filter(|_| is_here && !in_environment);
        let Some(argument) = argument else { continue };
        if is_typed(command, argument, typed) {
            continue;
        }
        let word = match &default.value {
            Some(value) => format!("--{}={value}", default.option),
            None => format!("--{}", default.option),
        };
        let mut alone = words.clone();
        alone.insert(place, word.clone().into());
        if let Err(error) = root.clone().try_get_matches_from(alone) {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            bail!(
                "{FILE}, line {}: {}",
                default.line,
                first.trim_start_matches("error: ")
            );
        }
        all.insert(place, word.into());
    }
    Ok(all)
}

/// Whether an option was typed, or one that excludes it.
fn is_typed(command: &Command, argument: &Arg, typed: &ArgMatches) -> bool {
    let was_typed =
        |it: &Arg| typed.value_source(it.get_id().as_str()) == Some(ValueSource::CommandLine);
    let excluding = command.get_arg_conflicts_with(argument);
    let excluded = command.get_arguments().filter(|other| {
        let excludes = command.get_arg_conflicts_with(other);
        excludes.iter().any(|it| it.get_id() == argument.get_id())
    });
    was_typed(argument) || excluding.into_iter().chain(excluded).any(was_typed)
}

fn option<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    let mut arguments = command.get_arguments();
    arguments.find(|it| it.get_long() == Some(name))
}

/// The defaults of a file. What else it holds, the waivers, is read where it is used.
fn read(text: &str) -> Result<Vec<OptionDefault>> {
    let (document, root) = Document::parse(FILE, text)?;
    let root = document.root(&root);
    let Some(value) = root.get("defaults") else {
        return Ok(Vec::new());
    };
    let section = value.section("[defaults]")?;
    let mut cli = Cli::command();
    cli.build();
    let mut defaults = Vec::new();
    for (key, value) in section.entries() {
        match cli.find_subcommand(&key) {
            Some(command) => {
                let section: Section = value.section(format!("[defaults.{key}]"))?;
                for (option, value) in section.entries() {
                    defaults.push(default(Some(command), &[command], option, &value)?);
                }
            }
            None => {
                let commands: Vec<&Command> = cli.get_subcommands().collect();
                defaults.push(default(None, &commands, key, &value)?);
            }
        }
    }
    Ok(defaults)
}

/// A default of one of these commands' options.
fn default(
    command: Option<&Command>,
    commands: &[&Command],
    name: String,
    value: &TomlValue,
) -> Result<OptionDefault> {
    let mut found = commands.iter().filter_map(|it| option(it, &name));
    let Some(argument) = found.next() else {
        let options = commands.iter().flat_map(|it| it.get_arguments());
        let known: Vec<&str> = options.filter_map(Arg::get_long).collect();
        let of = command.map_or("no command has", |_| "this command doesn't have");
        return Err(value.error(format!(
            "{of} an option --{name}; {}",
            did_you_mean(&name, known)
        )));
    };
    let is_flag = matches!(argument.get_action(), ArgAction::SetTrue);
    let typed = match is_flag {
        true if !value.boolean()? => {
            return Err(value.error(format!("--{name} is off unless it is typed: leave it out")));
        }
        true => None,
        false => Some(as_typed(value)?),
    };
    Ok(OptionDefault {
        option: name,
        value: typed,
        command: command.map(|it| it.get_name().to_owned()),
        line: value.line(),
    })
}

/// A value as it is typed; a list with commas.
fn as_typed(value: &TomlValue) -> Result<String> {
    if value.is_list() {
        let texts: Result<Vec<String>> = value.list()?.iter().map(as_typed).collect();
        return Ok(texts?.join(","));
    }
    if value.is_integer() {
        return Ok(value.integer()?.to_string());
    }
    Ok(value.text()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
[defaults]
url = \"postgresql://app@h/shop\"
samples = 50

[defaults.check]
fail-on = \"warn\"
only = [\"coverage\", \"plans\"]
verbose = true
";

    fn line(text: &str, words: &str, set: &[&str]) -> Result<String> {
        let words = words.split(' ').map(OsString::from).collect();
        let all = added(&read(text)?, words, |it| set.contains(&it))?;
        let all: Vec<String> = all
            .into_iter()
            .map(|it| it.into_string().unwrap())
            .collect();
        Ok(all.join(" "))
    }

    #[test]
    fn what_is_typed_and_the_environment_win() {
        let cases = [
            (
                "seedrow run --samples 9",
                &[][..],
                "seedrow run --url=postgresql://app@h/shop --samples 9",
            ),
            (
                "seedrow check",
                &["DATABASE_URL"],
                "seedrow check --verbose --only=coverage,plans --fail-on=warn --samples=50",
            ),
            (
                "seedrow load d --check-only",
                &[],
                "seedrow load d --check-only",
            ),
            ("seedrow generate", &[], "seedrow generate"),
            ("seedrow check --nonsense", &[], "seedrow check --nonsense"),
        ];
        for (typed, set, expected) in cases {
            assert_eq!(line(TEXT, typed, set).unwrap(), expected);
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let error = |text: &str| line(text, "seedrow check", &[]).unwrap_err().to_string();
        let unknown = error("[defaults]\nsampels = 5");
        assert!(
            unknown.starts_with("seedrow.toml, line 2: ")
                && unknown.contains("--sampels")
                && unknown.contains("samples"),
            "{unknown}"
        );
        let of_others = error("[defaults.check]\nrows = 5");
        assert!(
            of_others.contains("this command doesn't have an option --rows"),
            "{of_others}"
        );
        let bare = error("[defaults]\n\nbudget = \"10\"");
        assert!(
            bare.starts_with("seedrow.toml, line 3: ") && bare.contains("10 has no unit"),
            "{bare}"
        );
    }
}
