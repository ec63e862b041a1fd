//! The output of `seedrow run --dry-run`.

use crate::load::DryRun;
use crate::load::LedgerState;
use crate::report::table::{Align, table};
use crate::report::{Detail, print};
use crate::units::{counted, grouped, size};
use anyhow::Result;

/// What a run would do; `indexes` are the statements that build what foreign keys lack.
pub struct DryRunReport<'a> {
    /// The database, for messages.
    pub target: &'a str,
    /// The dataset, its rows and the seed.
    pub label: &'a str,
    /// The schema file and its text.
    pub ddl: (&'a str, &'a str),
    /// What the ledger has of the load.
    pub state: LedgerState,
    /// The plan.
    pub plan: &'a DryRun,
    /// The statements that build indexes.
    pub indexes: &'a [String],
}

/// Prints it; the schema file's text only where everything is wanted.
pub fn planned(report: &DryRunReport, detail: Detail) -> Result<()> {
    print(&text(report, detail))
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
    text.push_str(state(report.state));
    let created: Vec<&str> = plan
        .tables
        .iter()
        .filter(|table| table.is_created)
        .map(|table| table.name.as_str())
        .collect();
    text.push_str(&match created.is_empty() {
        true => "tables: all exist, and are used as they are\n".to_owned(),
        false => format!("tables: created from {file}: {}\n", created.join(", ")),
    });
    text.push('\n');
    text.push_str(&tables(plan));
    text.push('\n');
    if detail == Detail::All && !created.is_empty() {
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
    text.push_str(&format!(
        "time: {} for rows and indexes, on {}: a trial copied {} in a transaction that was rolled back\n",
        duration(plan.time.as_secs_f64()),
        counted(plan.jobs as u64, "connection"),
        counted(plan.tried, "row"),
    ));
    text.push_str("nothing was changed\n");
    text
}

fn state(state: LedgerState) -> &'static str {
    match state {
        LedgerState::Absent => "",
        LedgerState::Complete => {
            "state: these rows are loaded already; a run goes on with indexes and checks\n"
        }
        LedgerState::Unfinished => "state: unfinished; a run loads what is missing\n",
        LedgerState::WithoutRows | LedgerState::TakenOver => {
            "state: another load is unfinished; a run takes its place\n"
        }
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
    let all = |of: fn(&crate::load::PlannedTable) -> u64| plan.tables.iter().map(of).sum();
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
