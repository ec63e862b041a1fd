//! The output of `seedrow run --dry-run`.

use anyhow::{Error, Result};

use crate::load::{DryRun, LedgerState, PlannedTable, Prospect, TableFate};
use crate::postgres::error::describe;
use crate::printable;
use crate::report::messages::labelled;
use crate::report::table::{Align, table};
use crate::report::{Detail, print_text};
use crate::suggestion::Suggestions;
use crate::units::{counted, grouped, size};

/// What a run would do; `indexes` are the statements that build what foreign keys lack.
pub struct DryRunReport<'a> {
    /// The database, for messages.
    pub target: &'a str,
    /// The dataset, its rows and the seed.
    pub label: &'a str,
    /// The schema file and its text.
    pub ddl: (&'a str, &'a str),
    /// What would become of the load.
    pub prospect: &'a Prospect,
    /// The plan.
    pub plan: &'a DryRun,
    /// The statements that build indexes.
    pub indexes: &'a [String],
}

/// Prints it; the schema file's text only where everything is wanted.
pub fn planned(report: &DryRunReport, detail: Detail, suggestions: &Suggestions) -> Result<()> {
    print_text(&printable::lines(
        &suggestions.complete(&text(report, detail)),
    ))
}

fn text(report: &DryRunReport, detail: Detail) -> String {
    let DryRunReport {
        target,
        label,
        ddl: (file, ddl),
        plan,
        ..
    } = report;
    let mut text = format!("target: {target}, schema {}\ndata: {label}\n", plan.schema);
    text.push_str(&state(report));
    let (created, recreated) = (
        names_of(plan, TableFate::Created),
        names_of(plan, TableFate::Recreated),
    );
    for (fate, names) in [
        ("created", &created),
        ("dropped with what they hold, and created", &recreated),
    ] {
        if !names.is_empty() {
            text.push_str(&format!(
                "tables: {fate} from {file}: {}\n",
                names.join(", ")
            ));
        }
    }
    let is_made = !(created.is_empty() && recreated.is_empty());
    if !is_made {
        text.push_str("tables: all exist, and are used as they are\n");
    }
    text.push('\n');
    text.push_str(&tables(plan));
    text.push('\n');
    if detail == Detail::All && is_made {
        text.push_str(&format!("{}\n\n", ddl.trim()));
    }
    if !report.indexes.is_empty() {
        text.push_str("indexes that foreign keys lack:\n");
        for statement in report.indexes {
            text.push_str(&format!("  {statement};\n"));
        }
        text.push('\n');
    }
    text.push_str(&sizes(plan));
    text.push_str(&time(report));
    text.push_str("nothing was changed\n");
    text
}

/// What stands in the way, or what becomes of rows that are there.
fn state(report: &DryRunReport) -> String {
    let blocked = match (report.prospect, &report.plan.obstacle) {
        (Prospect::Blocked(error), _) | (_, Some(error)) => Some(error),
        (Prospect::Goes(_), None) => None,
    };
    if let Some(error) = blocked {
        return refused(error);
    }
    let emptied = names_of(report.plan, TableFate::Emptied);
    match report.prospect {
        Prospect::Goes(LedgerState::Complete) => {
            "state: these rows are loaded already; a run goes on with indexes and checks\n"
                .to_owned()
        }
        Prospect::Goes(LedgerState::Unfinished) => {
            "state: unfinished; a run loads what is missing\n".to_owned()
        }
        Prospect::Goes(LedgerState::WithoutRows | LedgerState::TakenOver) => {
            "state: another load is unfinished; a run takes its place\n".to_owned()
        }
        Prospect::Goes(LedgerState::Absent) if !emptied.is_empty() => {
            format!(
                "state: emptied first, since they hold rows: {}\n",
                emptied.join(", ")
            )
        }
        Prospect::Goes(LedgerState::Absent) | Prospect::Blocked(_) => String::new(),
    }
}

/// Why a run stops before it begins, with the ways out.
fn refused(error: &Error) -> String {
    let described = describe(error);
    let mut text = format!("state: a run is refused as typed: {}\n", described.text);
    for note in described.notes {
        text.push_str(&format!("  {}\n", labelled(&note)));
    }
    text
}

fn names_of(plan: &DryRun, fate: TableFate) -> Vec<&str> {
    let tables = plan.tables.iter().filter(|table| table.fate == fate);
    tables.map(|table| table.name.as_str()).collect()
}

fn time(report: &DryRunReport) -> String {
    let plan = report.plan;
    let tried = format!(
        "a trial copied {} in a transaction that was rolled back",
        counted(plan.tried, "row")
    );
    match report.prospect {
        Prospect::Goes(LedgerState::Complete) => {
            format!("time: that of the checks, since no row is loaded again; {tried}\n")
        }
        _ => format!(
            "time: {} for rows and indexes, on {}: {tried}\n",
            duration(plan.time.as_secs_f64()),
            counted(plan.jobs as u64, "connection"),
        ),
    }
}

fn tables(plan: &DryRun) -> String {
    let columns = [
        ("table", Align::Left),
        ("rows", Align::Right),
        ("CSV", Align::Right),
    ];
    let row = |name: &str, rows: u64, bytes: u64| vec![name.to_owned(), grouped(rows), size(bytes)];
    let mut rows: Vec<Vec<String>> = plan
        .tables
        .iter()
        .map(|table| row(&table.name, table.rows, table.bytes))
        .collect();
    let all = |of: fn(&PlannedTable) -> u64| plan.tables.iter().map(of).sum();
    rows.push(row("all", all(|it| it.rows), all(|it| it.bytes)));
    table(&columns, rows)
}

fn sizes(plan: &DryRun) -> String {
    let all = plan.size.heap + plan.size.indexes + plan.size.wal;
    let disk = match plan.free_disk {
        Some(free) if free < all => format!(
            "; its disk has {} free, which may not be enough",
            size(free)
        ),
        Some(free) => format!("; its disk has {} free", size(free)),
        None => String::new(),
    };
    format!(
        "size: about {} of heap, {} of indexes, {} of WAL{disk}\n",
        size(plan.size.heap),
        size(plan.size.indexes),
        size(plan.size.wal)
    )
}

/// `less than 0.1 s`, `about 0.4 s`, `about 12 s`, `about 3 min`.
fn duration(seconds: f64) -> String {
    match seconds {
        ..0.1 => "less than 0.1 s".to_owned(),
        ..10.0 => format!("about {seconds:.1} s"),
        ..120.0 => format!("about {seconds:.0} s"),
        _ => format!("about {:.0} min", seconds / 60.0),
    }
}
