//! What a command reads beside its options, and how it ends: environment, files, exit codes. `--help` and the manual pages
//! say the same, from these lists.

use clap::Command;

/// Something with a name, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Only commands with this option have to do with it.
    pub option: Option<&'static str>,
}

/// An entry for every command.
const fn entry(name: &'static str, about: &'static str) -> Entry {
    Entry {
        name,
        about,
        option: None,
    }
}

/// An entry for the commands that have an option.
const fn with(option: &'static str, name: &'static str, about: &'static str) -> Entry {
    Entry {
        name,
        about,
        option: Some(option),
    }
}

/// Variables.
const ENVIRONMENT: &[Entry] = &[
    with("url", "DATABASE_URL", "the target, where no --url is typed"),
    with(
        "url",
        "PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSERVICE, PGSSLMODE, ...",
        "as for psql",
    ),
    with(
        "home",
        "SEEDROW_HOME",
        "the folder of the embedded Postgres",
    ),
    with(
        "home",
        "PGBINDIR",
        "the folder that holds initdb and postgres",
    ),
    entry(
        "NO_COLOR, CLICOLOR, CLICOLOR_FORCE",
        "whether text has colours, where no --color is typed",
    ),
];

/// Files that are read without being named.
const FILES: &[Entry] = &[
    entry(
        "seedrow.toml",
        "in the working directory: defaults of options, waivers",
    ),
    with("url", "~/.pgpass", "passwords, as for psql"),
    with(
        "home",
        "~/.local/share/seedrow",
        "the embedded Postgres; as root /var/lib/seedrow",
    ),
];

/// How a command ends.
const EXIT_CODES: &[Entry] = &[
    entry("0", "everything held"),
    entry("1", "a check found something"),
    entry("2", "it could not be done"),
    entry("130", "interrupted"),
];

/// All of them, each with its title in help.
pub const SECTIONS: [(&str, &[Entry]); 3] = [
    ("Environment", ENVIRONMENT),
    ("Files", FILES),
    ("Exit codes", EXIT_CODES),
];

/// Columns before what something is for.
const INDENT: usize = 19;

/// The end of the top page of `--help`.
pub fn after_help() -> String {
    let mut text = String::from(
        "\
Example, on a Postgres that seedrow starts itself:
  seedrow run --rows 10k
  seedrow check --verbose
  seedrow db psql
",
    );
    for (title, entries) in SECTIONS {
        text.push_str(&section(title, entries));
    }
    text
}

/// Entries below their title, an empty line before it.
pub fn section(title: &str, entries: &[Entry]) -> String {
    let lines: String = entries.iter().map(line).collect();
    format!("\n{title}:\n{lines}")
}

/// An entry as help shows it: on one line, or on two where its name is long.
fn line(entry: &Entry) -> String {
    let name = format!("  {}", entry.name);
    match name.len() < INDENT {
        true => format!("{name:INDENT$}{}\n", entry.about),
        false => format!("{name}\n{:INDENT$}{}\n", "", entry.about),
    }
}

/// The entries that a command, or one below it, has to do with.
pub fn of(command: &Command, entries: &'static [Entry]) -> Vec<Entry> {
    let concerns = |entry: &&Entry| entry.option.is_none_or(|option| has(command, option));
    entries.iter().filter(concerns).copied().collect()
}

fn has(command: &Command, option: &str) -> bool {
    let mut own = command.get_arguments();
    own.any(|it| it.get_long() == Some(option))
        || command.get_subcommands().any(|it| has(it, option))
}
