//! Runs a document's commands in one shell and compares what they print, or writes it into the document.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

use seedrow::postgres::programs;

use super::markdown::{Block, Command, Document, Kind, Part};
use super::mask::mask;
use super::root;
use crate::support::{self, PrivateHome, SEEDROW, Workdir, not_run};

/// What a command printed, and how it ended.
struct Outcome {
    exit: i32,
    output: Vec<String>,
}

/// What differs in times and sizes alone stays; scripts/transcripts writes all, from a release build.
const WRITE: &str = "SEEDROW_DOCS=write cargo test --test it docs:: -- --test-threads 1";

/// The server's own settings and what was written to its log: no two machines' are alike.
const OF_THE_MACHINE: &[&str] = &[
    "settings: ",
    "log written meanwhile: ",
    "WAL written: ",
    "advice: ",
];

/// The version that the documents' outputs come from: plans and rights differ in others, where only exit codes are
/// compared.
const WRITTEN_ON: &str = "15.";

/// How busy the machine is decides no verdict: a query may take as long as it needs.
const DEFAULTS: &str = "[defaults]\nbudget = \"60s\"\n";

/// The default home of the embedded server.
const DEFAULT_HOME: &str = "~/.local/share/seedrow";

/// Runs the document named `name`, in a directory and against a server of its own.
pub fn run(document: &Document, name: &str) {
    if !document.blocks().any(is_run) {
        return;
    }
    let home = PrivateHome::used(name);
    // One server for all the commands, instead of a start and a stop for each.
    let lease = home.lease();
    let same_version = lease.running().version.starts_with(WRITTEN_ON);
    report_what_is_left_out(document, same_version);
    let home = home.home().folder().to_owned();
    let steps = Workdir::new(&format!("{name}-steps"));
    let work = Workdir::new(name);
    work.write("seedrow.toml", DEFAULTS);
    let script = script(document, &steps, &work.path(""));
    support::run(shell(&script, &home)).exits(0);
    let names = |line: &str| {
        let line = line.replace(&*work.path("").to_string_lossy(), "");
        line.replace(&*home.to_string_lossy(), DEFAULT_HOME)
    };
    let outcomes = document
        .blocks()
        .filter(|block| is_run(block))
        .flat_map(Block::commands)
        .map(|command| {
            let outcome = Outcome::read(&steps, command.line, names);
            (command, outcome)
        });
    let outcomes: Vec<(Command, Outcome)> = outcomes.collect();
    let writes = writes();
    if writes {
        write(document, &outcomes);
    }
    let mistakes = outcomes.iter().filter_map(|(command, outcome)| {
        let mistake = outcome.mistake(command, same_version && !writes)?;
        let place = document.place(command.line);
        Some(format!("{place}: `{}`\n{mistake}\n", command.text))
    });
    let mistakes: Vec<String> = mistakes.collect();
    assert!(
        mistakes.is_empty(),
        "{}\nIf that is right, this writes it into the documents: {WRITE}",
        mistakes.join("\n")
    );
}

fn report_what_is_left_out(document: &Document, same_version: bool) {
    if !same_version {
        not_run("outputs are those of PostgreSQL 15: exit codes alone are compared");
    }
    for block in document.blocks() {
        if let Some(needed) = block.needs.as_deref().filter(|it| program(it).is_none()) {
            not_run(&format!(
                "{}: there is no {needed}",
                document.place(block.line)
            ));
        }
    }
}

/// Whether documents are written instead of compared.
pub fn writes() -> bool {
    std::env::var_os("SEEDROW_DOCS").is_some()
}

/// Whether outputs that differ in nothing but times and sizes are written, too.
fn rewrites() -> bool {
    std::env::var_os("SEEDROW_DOCS").is_some_and(|value| value == "rewrite")
}

fn is_run(block: &Block) -> bool {
    let installed = block
        .needs
        .as_deref()
        .is_none_or(|it| program(it).is_some());
    block.kind == Kind::Console && block.skip.is_none() && installed
}

/// Where a program is: beside the server's, or in PATH.
fn program(name: &str) -> Option<PathBuf> {
    let server = programs::installed().ok()?.remove(0).program(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).map(|folder| folder.join(name));
    std::iter::once(server)
        .chain(folders)
        .find(|it| it.is_file())
}

/// One shell for the whole session: what a command exports holds for the next.
fn script(document: &Document, steps: &Workdir, work: &Path) -> String {
    let mut script = format!("cd '{}' || exit 9\n", work.display());
    for part in document.parts() {
        match part {
            Part::Setup(command) => script.push_str(&format!("{command} </dev/null || exit 9\n")),
            Part::Block(Block {
                file: Some(file),
                lines,
                line,
                ..
            }) => {
                let content = lines.join("\n") + "\n";
                let (blank, to) = if file.append { ("\n", ">>") } else { ("", ">") };
                let from = steps.write(&format!("{line}.file"), format!("{blank}{content}"));
                script.push_str(&format!(
                    "mkdir -p \"$(dirname '{path}')\" && cat '{}' {to} '{path}' || exit 9\n",
                    from.display(),
                    path = file.path
                ));
            }
            Part::Block(block) if is_run(block) => {
                for Command { text, line, .. } in block.commands() {
                    let typed = steps.write(&format!("{line}.sh"), text);
                    let base = steps.path(&line.to_string());
                    script.push_str(&format!(
                        "eval \"$(<'{}')\" >'{base}.out' 2>&1 </dev/null; echo $? >'{base}.exit'\n",
                        typed.display(),
                        base = base.display()
                    ));
                }
            }
            Part::Block(_) => {}
        }
    }
    script
}

/// The shell with the environment that tests run in, and with seedrow and the server's programs in PATH.
fn shell(script: &str, home: &Path) -> process::Command {
    let mut shell = process::Command::new("bash");
    shell.args(["-c", script]).stdin(Stdio::null());
    for (name, value) in support::command([""]).get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(SEEDROW).parent().map(Path::to_owned);
    let servers = programs::installed().unwrap().remove(0).program("");
    let folders = own
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain([servers]);
    shell
        .env("PATH", std::env::join_paths(folders).unwrap())
        .env("SEEDROW_HOME", home)
        .env("COLUMNS", "100");
    shell
}

impl Outcome {
    fn read(steps: &Workdir, line: usize, names: impl Fn(&str) -> String) -> Outcome {
        let output = fs::read(steps.path(&format!("{line}.out"))).unwrap();
        let output = String::from_utf8_lossy(&output).into_owned();
        let kept = output
            .lines()
            .filter(|line| !OF_THE_MACHINE.iter().any(|it| line.starts_with(it)));
        let mut output: Vec<String> = kept.map(|line| names(line.trim_end())).collect();
        while output.last().is_some_and(String::is_empty) {
            output.pop();
        }
        Outcome {
            exit: steps.read(&format!("{line}.exit")).trim().parse().unwrap(),
            output,
        }
    }

    /// How it differs from what the document says.
    fn mistake(&self, command: &Command, compare: bool) -> Option<String> {
        if self.exit != command.exit {
            return Some(format!(
                "exits with {}, not {}:\n{}",
                self.exit,
                command.exit,
                self.output.join("\n")
            ));
        }
        let (expected, found) = (mask(&command.output), mask(&self.output));
        (compare && expected != found).then(|| {
            format!(
                "--- the document, masked\n{}\n--- printed, masked\n{}",
                expected.join("\n"),
                found.join("\n")
            )
        })
    }
}

/// The document with what was printed in place of what it had.
fn write(document: &Document, outcomes: &[(Command, Outcome)]) {
    let mut lines = document.lines.clone();
    // From the end, so that the numbers of earlier lines hold.
    for block in document
        .blocks()
        .filter(|block| is_run(block))
        .collect::<Vec<_>>()
        .iter()
        .rev()
    {
        let mut new: Vec<String> = Vec::new();
        let own = block.line + 1..=block.line + block.lines.len();
        for (command, outcome) in outcomes.iter().filter(|(it, _)| own.contains(&it.line)) {
            let after_output = new.last().is_some_and(|line| !line.starts_with("$ "));
            new.extend(after_output.then(String::new));
            new.push(format!("$ {}", command.text));
            let same = mask(&command.output) == mask(&outcome.output);
            let output = match same && !rewrites() {
                true => &command.output,
                false => &outcome.output,
            };
            new.extend(output.iter().cloned());
        }
        lines.splice(block.line..block.line + block.lines.len(), new);
    }
    fs::write(root().join(&document.path), lines.join("\n") + "\n").unwrap();
}
