//! `seedrow completions`: the script by which a shell asks seedrow itself what may follow, its answers, and where each shell
//! looks for such a script.
//!
//! Asking the program, rather than a list that was written once, is what completes names of datasets and their tables.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::{CompleteEnv, Shells};

use crate::commands::context::DEFAULT_DATASET;
use crate::commands::{Cli, Outcome};
use crate::dataset::{Dataset, source};
use crate::postgres::error::ErrorWithNotes;
use crate::{progress, report};

/// Print the script that completes commands, options and names of datasets in a shell, or install it
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow completions --install
  seedrow completions zsh --install
  seedrow completions bash > /etc/bash_completion.d/seedrow")]
pub struct Args {
    /// The shell [default with --install: the one that SHELL names]
    #[arg(value_enum)]
    shell: Option<Shell>,

    /// Write it to the folder where this user's shell looks for it, and say what to type then
    #[arg(long)]
    install: bool,
}

/// The variable by which a shell asks.
const ASKED: &str = "SEEDROW_COMPLETE";

/// Answers a shell that asks what may follow, which ends the process; returns where none asks.
pub fn answer() {
    CompleteEnv::with_factory(|| with_datasets(Cli::command()))
        .var(ASKED)
        .complete();
}

/// Prints the script, or installs it.
pub fn run(args: &Args) -> Result<Outcome> {
    if args.shell.is_none() && !args.install {
        let notes = vec![
            "to install it for the shell that SHELL names, run: seedrow completions --install"
                .to_owned(),
            "to print it for one, run: seedrow completions bash".to_owned(),
        ];
        return Err(ErrorWithNotes::of(
            "which shell's script is to be printed?".to_owned(),
            notes,
        ));
    }
    let Some(shell) = args.shell.or_else(Shell::from_env) else {
        bail!(
            "which shell? SHELL names none that is known; type: seedrow completions bash --install"
        );
    };
    let script = script(shell)?;
    if !args.install {
        report::print(&script)?;
        return Ok(Outcome::Held);
    }
    let variable = |name: &str| env::var_os(name).filter(|it| !it.is_empty());
    let place = Place::of(shell, variable)?;
    write(&place.file, &script)?;
    progress::note(&format!("completions: written to {}", place.file.display()));
    progress::note(&format!("completions: {}", place.next));
    Ok(Outcome::Held)
}

/// What a shell reads.
fn script(shell: Shell) -> Result<String> {
    let name = shell.to_string();
    let shells = Shells::builtins();
    let writer = shells
        .completer(&name)
        .with_context(|| format!("there are no completions for {name}"))?;
    let mut script = Vec::new();
    writer.write_registration(ASKED, "seedrow", "seedrow", "seedrow", &mut script)?;
    let mut script = String::from_utf8(script)?;
    if shell == Shell::Zsh {
        script.push_str(ZSH_FIRST);
    }
    Ok(script.trim_start().to_owned())
}

/// zsh reads a file of `fpath` when its function is called for the first time: that call is to be answered, too.
const ZSH_FIRST: &str = "
if [[ ${funcstack[1]} == _seedrow ]]; then
    _clap_dynamic_completer_seedrow \"$@\"
fi
";

fn write(file: &Path, script: &str) -> Result<()> {
    let could_not = || format!("could not write {}", file.display());
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(could_not)?;
    std::fs::write(file, script).with_context(could_not)
}

/// Where one user's shell looks for a script.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    file: PathBuf,
    /// When it is completed, and what to type for that.
    next: String,
}

impl Place {
    /// The place of a shell, by the variables of the environment.
    fn of(shell: Shell, variable: impl Fn(&str) -> Option<OsString>) -> Result<Place> {
        let home =
            || variable("HOME").context("HOME isn't set, so there is no folder of this user's");
        let folder = |name: &str, default: &str| match variable(name) {
            Some(folder) => Ok(PathBuf::from(folder)),
            None => home().map(|home| Path::new(&home).join(default)),
        };
        match shell {
            Shell::Bash => {
                let folder = match variable("BASH_COMPLETION_USER_DIR") {
                    Some(folder) => PathBuf::from(folder),
                    None => folder("XDG_DATA_HOME", ".local/share")?.join("bash-completion"),
                };
                let file = folder.join("completions/seedrow");
                let next = format!(
                    "new shells have them, where the package bash-completion is installed; in this one, type: . {}",
                    file.display()
                );
                Ok(Place { file, next })
            }
            Shell::Zsh => {
                let folder = folder("ZDOTDIR", "")?.join(".zfunc");
                let next = format!(
                    "add to .zshrc, above a compinit that is there: fpath=({} $fpath); autoload -Uz compinit; compinit\n\
                     completions: then type: exec zsh",
                    folder.display()
                );
                let file = folder.join("_seedrow");
                Ok(Place { file, next })
            }
            Shell::Fish => Ok(Place {
                file: folder("XDG_CONFIG_HOME", ".config")?.join("fish/completions/seedrow.fish"),
                next: "fish has them at once; nothing is to be typed".to_owned(),
            }),
            shell => bail!(
                "{shell} looks in no folder of its own; add to its profile what this prints: seedrow completions {shell}"
            ),
        }
    }
}

/// The commands, with what their options take where the program knows it.
fn with_datasets(mut command: Command) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(&name, with_datasets);
    }
    let ids: Vec<String> = command
        .get_arguments()
        .map(|it| it.get_id().to_string())
        .collect();
    let is_listing = command.get_name() == "datasets";
    for id in ids {
        command = match id.as_str() {
            "dataset" => command.mut_arg(id, |it| it.add(ArgValueCompleter::new(datasets))),
            "name" if is_listing => {
                command.mut_arg(id, |it| it.add(ArgValueCompleter::new(built_in)))
            }
            "tables" => command.mut_arg(id, |it| it.add(ArgValueCompleter::new(tables))),
            _ => command,
        };
    }
    command
}

/// The built-in datasets that a word may become.
fn built_in(word: &OsStr) -> Vec<CompletionCandidate> {
    let word = word.to_string_lossy();
    let names = source::built_in_names().into_iter();
    names
        .filter(|name| name.starts_with(&*word))
        .map(|name| {
            let about = Dataset::open(&name).map(|it| it.about).unwrap_or_default();
            CompletionCandidate::new(name).help(Some(about.into()))
        })
        .collect()
}

/// The built-in datasets and the TOML files.
fn datasets(word: &OsStr) -> Vec<CompletionCandidate> {
    let files = PathCompleter::any().filter(|it| it.extension().is_some_and(|it| it == "toml"));
    let mut all = built_in(word);
    all.extend(files.complete(word));
    all
}

/// The tables of the dataset that the command line names, behind the commas of a list.
fn tables(word: &OsStr) -> Vec<CompletionCandidate> {
    let words: Vec<OsString> = env::args_os().collect();
    let Ok(dataset) = Dataset::open(&dataset_of(&words)) else {
        return Vec::new();
    };
    let word = word.to_string_lossy();
    let (listed, begun) = match word.rsplit_once(',') {
        Some((listed, begun)) => (format!("{listed},"), begun),
        None => (String::new(), &*word),
    };
    let is_listed = |name: &str| listed.split(',').any(|it| it == name);
    let names = dataset.tables.iter().map(|it| it.name.as_str());
    names
        .filter(|name| name.starts_with(begun) && !is_listed(name))
        .map(|name| CompletionCandidate::new(format!("{listed}{name}")))
        .collect()
}

/// The dataset that a command line names.
fn dataset_of(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|it| it.to_string_lossy()).collect();
    let place = words.iter().position(|it| *it == "--dataset");
    let behind = place.and_then(|place| words.get(place + 1)).map(|it| &**it);
    let joined = words.iter().find_map(|it| it.strip_prefix("--dataset="));
    behind.or(joined).unwrap_or(DEFAULT_DATASET).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(shell: Shell, set: &[(&str, &str)]) -> Result<Place> {
        Place::of(shell, |name| {
            let found = set.iter().find(|(it, _)| *it == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn each_shell_has_its_folder() {
        let home = ("HOME", "/home/ann");
        for (shell, set, file) in [
            (
                Shell::Bash,
                &[home][..],
                "/home/ann/.local/share/bash-completion/completions/seedrow",
            ),
            (
                Shell::Bash,
                &[home, ("XDG_DATA_HOME", "/data")],
                "/data/bash-completion/completions/seedrow",
            ),
            (
                Shell::Bash,
                &[("BASH_COMPLETION_USER_DIR", "/own")],
                "/own/completions/seedrow",
            ),
            (Shell::Zsh, &[home], "/home/ann/.zfunc/_seedrow"),
            (
                Shell::Fish,
                &[home],
                "/home/ann/.config/fish/completions/seedrow.fish",
            ),
        ] {
            assert_eq!(place(shell, set).unwrap().file, Path::new(file));
        }
        let error = place(Shell::Elvish, &[home]).unwrap_err().to_string();
        assert!(error.contains("seedrow completions elvish"), "{error}");
        assert!(place(Shell::Fish, &[]).is_err());
    }

    #[test]
    fn lists_of_tables_are_continued() {
        let found = |word: &str| {
            let all = tables(OsStr::new(word)).into_iter();
            all.map(|it| it.get_value().to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("sk"), ["skus"]);
        assert_eq!(found("skus,pro"), ["skus,products"]);
        assert_eq!(found("skus,sk"), [""; 0]);
    }

    #[test]
    fn the_dataset_is_the_one_that_is_typed() {
        let of = |line: &str| dataset_of(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("seedrow run --tables"), "catalog");
        assert_eq!(of("seedrow run --dataset images --tables"), "images");
        assert_eq!(of("seedrow run --dataset=my.toml --tables"), "my.toml");
    }
}
