//! The account of `seedrow init`: tables, columns by how sure, what can't be filled and why, and the next command.

mod account;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;

use crate::infer::model::{Model, ModelTable};
use crate::infer::source::WhyLeftOut;
use crate::init::{Change, Initialized, Tried, Written};
use crate::load::trial::ROWS;
use crate::report::calibration;
use crate::report::init::account::{Columns, filled, kept_names};
use crate::report::table::{Align, table};
use crate::report::{OutputFormat, pretty, print, print_text};
use crate::suggestion::{Suggestions, TARGET, shell_word};
use crate::units::{counted, grouped};

/// More tables than this are counted, not listed.
const LISTED: usize = 60;

/// Prints it.
pub fn account(
    initialized: &Initialized,
    target_schema: Option<&str>,
    format: OutputFormat,
    suggestions: &Suggestions,
) -> Result<()> {
    let Initialized {
        model,
        tried,
        written,
        calibration,
        ..
    } = initialized;
    let written = written.as_ref();
    let next = written.map(|written| next(written, target_schema, suggestions));
    match format {
        OutputFormat::Json => {
            let account = account::of(model, tried, written, calibration, next);
            print(&pretty(&account)?)
        }
        _ => print_text(&text(initialized, next)),
    }
}

/// The command that fills the tables.
fn next(written: &Written, target_schema: Option<&str>, suggestions: &Suggestions) -> String {
    let dataset = shell_word(&written.dataset.to_string_lossy());
    let schema = target_schema.map(|it| format!(" --target-schema {}", shell_word(it)));
    suggestions.complete(&format!(
        "seedrow run --dataset {dataset}{TARGET}{}",
        schema.unwrap_or_default()
    ))
}

/// The constraints that weren't understood.
fn doubts(model: &Model) -> String {
    let rows = model.doubts.iter().map(|it| {
        vec![
            it.table.clone(),
            it.constraint.clone(),
            it.definition.clone(),
        ]
    });
    let head = [
        ("table", Align::Left),
        ("constraint", Align::Left),
        ("not understood; rows may break it", Align::Left),
    ];
    match model.doubts.is_empty() {
        true => String::new(),
        false => format!("\n{}", table(&head, rows.collect())),
    }
}

/// The tables that can't be filled.
fn refused(model: &Model) -> String {
    let rows = model.refused.iter().map(|it| {
        vec![
            it.table.clone(),
            it.what.clone(),
            it.reason.clone(),
            it.advice.clone(),
        ]
    });
    let head = [
        ("refused table", Align::Left),
        ("constraint", Align::Left),
        ("why it can't be filled", Align::Left),
        ("what to do", Align::Left),
    ];
    match model.refused.is_empty() {
        true => String::new(),
        false => format!("\n{}", table(&head, rows.collect())),
    }
}

fn text(initialized: &Initialized, next: Option<String>) -> String {
    let Initialized { model, tried, .. } = initialized;
    let mut text = String::new();
    if !model.tables.is_empty() && model.tables.len() <= LISTED {
        text.push_str(&tables(model));
        text.push('\n');
    }
    text.push_str(&totals(model));
    text.push_str(&kept(model));
    text.push_str(&trial(model, tried));
    text.push_str(&calibration::text(&initialized.calibration));
    text.push_str(&triggers(model));
    text.push_str(&read_only(model));
    text.push_str(&left_out(model));
    text.push_str(&other_schemas(&initialized.others));
    text.push_str(&doubts(model));
    text.push_str(&refused(model));
    if let (Some(written), Some(next)) = (&initialized.written, next) {
        if let Some(changes) = &written.changes {
            text.push_str(&changed(changes));
        }
        let queries = match written.queries {
            0 => String::new(),
            1 => " and 1 query".to_owned(),
            count => format!(" and {count} queries"),
        };
        text.push_str(&format!(
            "\n{}{queries} written; look them over, change what you like, then:\n  {next}\n",
            written.dataset.display()
        ));
        text.push_str(&occupied_advice(tried));
    }
    text
}

/// What to do where tables hold rows, which `run` doesn't touch by itself.
fn occupied_advice(tried: &Tried) -> String {
    match tried {
        Tried::Accepted { occupied, .. } if !occupied.is_empty() => format!(
            "{} rows already: `run` with --replace empties {} first; `init` again with --keep-rows --overwrite has {} rows \
             stay\n",
            match occupied.len() {
                1 => format!("{} holds", occupied[0]),
                count => format!("{count} tables hold"),
            },
            if occupied.len() == 1 { "it" } else { "them" },
            if occupied.len() == 1 { "its" } else { "their" },
        ),
        _ => String::new(),
    }
}

/// The difference to the file as it was.
fn changed(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "\nnothing changed in the schema since the last init\n".to_owned();
    }
    let lines = changes.iter().map(|change| format!("  {change}\n"));
    format!(
        "\nchanged (+ new, - gone, ~ renewed, = edited by hand):\n{}",
        lines.collect::<String>()
    )
}

fn tables(model: &Model) -> String {
    let row = |it: &ModelTable| {
        let columns = Columns::of(it);
        vec![
            it.name.clone(),
            grouped(it.rows),
            columns.sure.to_string(),
            columns.likely.to_string(),
            columns.guess.to_string(),
            columns.left_out.to_string(),
            it.rows_reason.clone(),
        ]
    };
    let head = [
        ("table", Align::Left),
        ("rows", Align::Right),
        ("sure", Align::Right),
        ("likely", Align::Right),
        ("guess", Align::Right),
        ("left out", Align::Right),
        ("why so many rows", Align::Left),
    ];
    table(&head, filled(model).map(row).collect())
}

/// The tables that keep theirs.
fn kept(model: &Model) -> String {
    match kept_names(model).as_slice() {
        [] => String::new(),
        names => format!(
            "kept as they are, and referred to: {}; --ignore-rows has them filled, too\n",
            shortened(names)
        ),
    }
}

fn totals(model: &Model) -> String {
    let mut all = Columns::default();
    for table in filled(model) {
        let columns = Columns::of(table);
        all.sure += columns.sure;
        all.likely += columns.likely;
        all.guess += columns.guess;
        all.left_out += columns.left_out;
    }
    let rows: u64 = filled(model).map(|it| it.rows).sum();
    let mut refused: Vec<&str> = model.refused.iter().map(|it| it.table.as_str()).collect();
    refused.dedup();
    format!(
        "tables: {} to fill with {}, {} refused\ncolumns: {} sure, {} likely, {} by their type alone; {} left to Postgres\n",
        grouped(filled(model).count() as u64),
        counted(rows, "row"),
        grouped(refused.len() as u64),
        grouped(all.sure as u64),
        grouped(all.likely as u64),
        grouped(all.guess as u64),
        grouped(all.left_out as u64),
    )
}

fn trial(model: &Model, tried: &Tried) -> String {
    let on = match model.tables.iter().any(|it| it.silenced.is_some()) {
        true => "every constraint and all triggers but those below on",
        false => "every constraint and trigger on",
    };
    let accepted =
        |of: &str| format!("trial: {ROWS} rows of {of} were accepted with {on}, and rolled back");
    match tried {
        Tried::Accepted { tables, occupied } => {
            let occupied: Vec<&str> = occupied.iter().map(String::as_str).collect();
            let others = match occupied.as_slice() {
                [] => String::new(),
                names => format!("\nnot tried, rows are there already: {}", shortened(names)),
            };
            let tried = match tables {
                0 => "no trial: each table holds rows, or refers to one that does".to_owned(),
                1 => accepted("1 table"),
                tables => accepted(&format!("each of {tables} tables")),
            };
            format!("{tried}{others}\n")
        }
        Tried::Not(why) => format!("no trial: {why}\n"),
    }
}

fn triggers(model: &Model) -> String {
    let with = model.tables.iter().filter(|it| !it.triggers.is_empty());
    let (firing, silenced): (Vec<&ModelTable>, Vec<&ModelTable>) =
        with.partition(|it| it.silenced.is_none());
    let names: Vec<&str> = firing.iter().map(|it| it.name.as_str()).collect();
    let mut text = match names.as_slice() {
        [] => String::new(),
        tables => format!(
            "triggers fire for the rows of {}; what they do isn't known here\n",
            shortened(tables)
        ),
    };
    for table in silenced {
        let reason = table.silenced.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "triggers are off for the rows of {}: {reason}",
            table.name
        );
    }
    text
}

fn read_only(model: &Model) -> String {
    let names: Vec<&str> = model.read_only.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(
            "privileges: this role may not insert into {}; `run` needs one that may\n",
            shortened(names)
        ),
    }
}

fn left_out(model: &Model) -> String {
    let mut by_reason: BTreeMap<&WhyLeftOut, Vec<&str>> = BTreeMap::new();
    for it in &model.left_out {
        by_reason.entry(&it.why).or_default().push(&it.name);
    }
    by_reason
        .into_iter()
        .map(|(why, names)| {
            let what = match why {
                WhyLeftOut::View => "views".to_owned(),
                WhyLeftOut::Foreign => "foreign tables".to_owned(),
                WhyLeftOut::Extension(name) => format!("tables of the extension {name}"),
                WhyLeftOut::Migrations => "records of migrations".to_owned(),
                WhyLeftOut::Asked => "not asked for".to_owned(),
                WhyLeftOut::Kept => "rows are there already".to_owned(),
                WhyLeftOut::FilledByTriggers => "filled by triggers of other tables".to_owned(),
            };
            format!("left out, {what}: {}\n", shortened(&names))
        })
        .collect()
}

/// The schemas that hold tables, too: a dataset is of one.
fn other_schemas(others: &[(String, usize)]) -> String {
    let shown =
        |(name, count): &(String, usize)| format!("{name} ({})", counted(*count as u64, "table"));
    let names: Vec<String> = others.iter().map(shown).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(
            "other schemas, which --target-schema reads: {}\n",
            shortened(names)
        ),
    }
}

/// The first names, and how many more there are.
fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    if names.len() <= SHOWN {
        return names.join(", ");
    }
    format!(
        "{} and {} more",
        names[..SHOWN].join(", "),
        names.len() - SHOWN
    )
}
