//! The account of a load, and the foreign keys that its rows break.

use std::path::PathBuf;

use anyhow::Result;
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::load::{
    Account, BrokenForeignKey, FileAccount, LoadOutcome, LoadReport, Rejected, Rejects,
    ServerSettings,
};
use crate::printable;
use crate::report::table::{Align, table};
use crate::report::{OutputFormat, pretty, print, print_text};
use crate::suggestion::{Suggestions, TARGET, again, format_of, shell_word};
use crate::units::{counted, grouped, rate, setting};

/// The rule for a broken foreign key.
const FK_NOT_VALID: &str = "fk-not-valid";

/// What is reported of a load's files and tables beside their accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputReport {
    /// The folder's files of no table.
    pub ignored: Vec<String>,
    /// The tables that are created for their files, with their DDL.
    pub created: Vec<(String, String)>,
}

impl InputReport {
    fn created(&self) -> Value {
        let ddl = self.created.iter().cloned();
        Value::Object(ddl.map(|(table, ddl)| (table, ddl.into())).collect())
    }
}

/// Every table's account, `target` being the database in messages, then the findings, with suggested commands completed.
pub fn loaded(
    outcome: &LoadOutcome,
    input: &InputReport,
    target: &str,
    suggestions: &Suggestions,
    format: OutputFormat,
) -> Result<()> {
    match format {
        OutputFormat::Json => print(&pretty(&as_json(outcome, input, target))?),
        _ => print_text(&printable::lines(&suggestions.complete(&text(outcome)))),
    }
}

fn text(outcome: &LoadOutcome) -> String {
    let loaded = outcome.report();
    let mut text = accounts(&loaded.accounts);
    text.push_str(&left_out(
        &loaded.accounts,
        &loaded.rejected,
        &loaded.reject_files,
        Remainder::Loaded,
    ));
    let rows: u64 = loaded.accounts.iter().map(|account| account.loaded).sum();
    match outcome {
        LoadOutcome::AlreadyComplete(_) => {
            text.push_str("this load was completed before; nothing to do\n")
        }
        LoadOutcome::Completed(_) => {
            let seconds: f64 = loaded
                .phases
                .iter()
                .map(|phase| phase.took.as_secs_f64())
                .sum();
            text.push_str(&format!(
                "{} in {seconds:.1} s{}\n",
                counted(rows, "row"),
                rate(rows, seconds)
            ));
        }
    }
    text.push_str(&settings(&loaded.settings));
    text.push_str(&findings(loaded));
    text
}

/// The account of files that were read without a database.
pub fn read(
    accounts: &[Account],
    input: &InputReport,
    rejects: &Rejects,
    suggestions: &Suggestions,
    format: OutputFormat,
) -> Result<()> {
    let (rejected, put_aside) = (rejects.first(), rejects.files_of(accounts));
    match format {
        OutputFormat::Json => print(&pretty(&json!({
            "tables": accounts,
            "ignored": input.ignored,
        "created": input.created(),
            "dropped_by": dropped_by(accounts),
            "rejected": rejected,
            "rejects": rejects_files(&put_aside),
            "read_only": true,
        }))?),
        _ => {
            let mut text = self::accounts(accounts);
            text.push_str(&left_out(
                accounts,
                &rejected,
                &put_aside,
                Remainder::NothingLoaded,
            ));
            text.push_str("read only: nothing was loaded, and keys were not checked\n");
            print_text(&printable::lines(&suggestions.complete(&text)))
        }
    }
}

/// The records that each rule dropped, by table.
fn dropped_by(accounts: &[Account]) -> Value {
    let dropped = accounts.iter().filter(|account| account.dropped > 0);
    let rules = |account: &Account| (account.name.clone(), json!(account.dropped_by));
    Value::Object(dropped.map(rules).collect())
}

fn rejects_files(files: &[(String, PathBuf)]) -> Value {
    let file =
        |(table, path): &(String, PathBuf)| (table.clone(), path.display().to_string().into());
    Value::Object(files.iter().map(file).collect())
}

/// Whether the records that aren't rejected were loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remainder {
    /// They were loaded: the rejected ones can be added.
    Loaded,
    /// They were only read.
    NothingLoaded,
}

/// The records dropped by each rule, the first rejected records, and the commands that load them.
fn left_out(
    accounts: &[Account],
    rejected: &[Rejected],
    files: &[(String, PathBuf)],
    remainder: Remainder,
) -> String {
    let mut text = String::new();
    for account in accounts {
        for (rule, count) in &account.dropped_by {
            let name = &account.name;
            text.push_str(&format!(
                "{name}: {} dropped by the rule {rule}\n",
                grouped(*count)
            ));
        }
    }
    let all: u64 = accounts.iter().map(|account| account.rejected).sum();
    if all == 0 {
        return text;
    }
    text.push_str(&match rejected.len() as u64 {
        0 => format!("rejected: {} by an earlier attempt\n", grouped(all)),
        shown if shown < all => format!("rejected, the first {shown} of {}:\n", grouped(all)),
        _ => "rejected:\n".to_owned(),
    });
    for record in rejected {
        text.push_str(&format!("    {}\n", record.message()));
    }
    if remainder == Remainder::NothingLoaded {
        for (_, path) in files {
            text.push_str(&format!(
                "written with their reasons to {}\n",
                path.display()
            ));
        }
        text.push_str(&format!(
            "to load the others, run: {}\n",
            again(&["!--check-only", "--max-rejects", &all.to_string()])
        ));
        return text;
    }
    for (table, path) in files {
        let path = path.display();
        let file = shell_word(&format!("{table}={path}"));
        text.push_str(&format!(
            "they are in {path}; correct them there, then run: seedrow load --append --file {file}{}{TARGET}\n",
            format_of(table)
        ));
    }
    text
}

/// The triggers that didn't fire, the constraints that were not dropped for the load, and the foreign keys that rows violate.
pub fn findings(loaded: &LoadReport) -> String {
    let kept = loaded.kept_constraints.iter();
    let kept = kept.map(|kept| format!("not dropped for the load: {kept}\n"));
    let skipped = loaded.skipped_triggers.iter();
    let skipped = skipped.map(|it| format!("triggers did not fire for {it}\n"));
    skipped
        .chain(kept)
        .chain(loaded.broken_keys.iter().map(finding))
        .collect()
}

/// The settings that affect speed, and advice; nothing for a load that was completed before.
pub fn settings(settings: &ServerSettings) -> String {
    if settings.settings.is_empty() {
        return String::new();
    }
    let shown = settings.settings.iter().map(|it| {
        let ours = if it.set_by_load {
            " (set by seedrow)"
        } else {
            ""
        };
        format!("{} {}{ours}", it.name, setting(&it.value))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    let mut text = format!("settings: {shown}\n");
    text.push_str(&format!(
        "WAL written: {}; checkpoints forced: {}\n",
        HumanBytes(settings.wal_bytes),
        settings.forced_checkpoints
    ));
    for advice in &settings.advice {
        text.push_str(&format!("advice: {advice}\n"));
    }
    text
}

/// read = loaded + rejected + dropped, a line a file.
pub fn accounts(accounts: &[Account]) -> String {
    let right = |title| (title, Align::Right);
    let head = [
        ("table", Align::Left),
        ("file", Align::Left),
        right("read"),
        right("loaded"),
        right("rejected"),
        right("dropped"),
        right("repaired"),
    ];
    let row = |name: &str, file: &str, counts: [u64; 5]| -> Vec<String> {
        let names = [name.to_owned(), file.to_owned()];
        names.into_iter().chain(counts.map(grouped)).collect()
    };
    let part = |name: &str, it: &FileAccount| {
        let counts = [it.read, it.loaded, it.rejected, it.dropped, it.repaired];
        row(name, &it.file, counts)
    };
    let rows = |it: &Account| match it.files.as_slice() {
        [] => {
            let counts = [it.read, it.loaded, it.rejected, it.dropped, it.repaired];
            vec![row(&it.name, &it.file, counts)]
        }
        files => files.iter().map(|file| part(&it.name, file)).collect(),
    };
    table(&head, accounts.iter().flat_map(rows).collect())
}

fn message(key: &BrokenForeignKey) -> String {
    format!("{}, so the foreign key stays NOT VALID", key)
}

fn help(key: &BrokenForeignKey) -> String {
    format!(
        "correct or delete those rows, then run: ALTER TABLE {} VALIDATE CONSTRAINT {};",
        key.table,
        crate::postgres::name::quoted(&key.name)
    )
}

/// A broken foreign key with some of its rows and the suggested command.
fn finding(key: &BrokenForeignKey) -> String {
    let mut text = format!("\n{FK_NOT_VALID}: {}\n", message(key));
    for sample in &key.samples {
        text.push_str(&format!("    {sample}\n"));
    }
    text.push_str(&format!("  help: {}\n", help(key)));
    text
}

fn as_json(outcome: &LoadOutcome, input: &InputReport, target: &str) -> Value {
    let loaded = outcome.report();
    let finding = |key: &BrokenForeignKey| json!({"rule": FK_NOT_VALID, "message": message(key), "help": help(key), "rows": key.rows, "samples": key.samples});
    json!({
        "target": target,
        "tables": loaded.accounts,
        "ignored": input.ignored,
        "created": input.created(),
        "dropped_by": dropped_by(&loaded.accounts),
        "rejected": loaded.rejected,
        "rejects": rejects_files(&loaded.reject_files),
        "findings": loaded.broken_keys.iter().map(finding).collect::<Vec<_>>(),
        "stayed": loaded.kept_constraints,
        "skipped_triggers": loaded.skipped_triggers,
        "settings": loaded.settings.settings.iter().map(|it| (it.name.clone(), it.value.clone().into())).collect::<serde_json::Map<_, Value>>(),
        "advice": loaded.settings.advice,
        "done_before": matches!(outcome, LoadOutcome::AlreadyComplete(_)),
    })
}
