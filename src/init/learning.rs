//! What trials teach: the server's verdicts on tables → how they are made the next time, or that they can't be.

use tokio_postgres::error::SqlState;

use crate::infer::domain::Value;
use crate::infer::model::{Lessons, Model, ModelColumn, Refusal};
use crate::load::trial::{Trial, TrialViolation};

/// Takes the verdicts of a trial; false where there was nothing to learn.
pub(super) fn learn(lessons: &mut Lessons, model: &Model, trial: &Trial) -> bool {
    let mut learned = false;
    for (table, violation) in trial.violations() {
        learned |= suspect(lessons, table, violation)
            || silence(lessons, model, table, violation)
            || lessons.learn(refusal(table, violation));
    }
    learn_of_triggers(lessons, model, trial) || learned
}

/// Whether a constraint that rows have broken hasn't been asked about yet.
fn suspect(lessons: &mut Lessons, table: &str, violation: &TrialViolation) -> bool {
    let Some(constraint) = &violation.constraint else {
        return false;
    };
    let is_check = violation.code == Some(SqlState::CHECK_VIOLATION);
    is_check
        && lessons
            .broken
            .insert((table.to_owned(), constraint.clone()))
}

fn refusal(table: &str, violation: &TrialViolation) -> Refusal {
    let row = violation.row.iter();
    let row: String = row.map(|row| format!("; the row: {row}")).collect();
    Refusal {
        table: table.to_owned(),
        what: violation.constraint.clone().unwrap_or_default(),
        reason: format!(
            "rows were tried and not accepted: {}{row}",
            violation.message
        ),
        advice: "write makers whose values hold, or leave the table out with --exclude".to_owned(),
    }
}

/// Whether a table whose rows aren't accepted, however plain, has triggers that may be why: it is tried without them.
fn silence(lessons: &mut Lessons, model: &Model, table: &str, violation: &TrialViolation) -> bool {
    let made = model.table(table);
    let may_be_why = made.is_some_and(|it| !it.triggers.is_empty() && it.silenced.is_none());
    if !may_be_why || !lessons.plain.contains(table) {
        return false;
    }
    let reason = format!(
        "no row that was tried is accepted with them: {}",
        violation.message
    );
    lessons.silence(table, reason);
    true
}

/// Takes what triggers do to other tables. Those that delete rows don't fire; nor do those that write rows of a table to
/// which others refer, since the rows to refer to must be known. Other tables that they write to are left to them.
fn learn_of_triggers(lessons: &mut Lessons, model: &Model, trial: &Trial) -> bool {
    let mut silenced: Vec<(String, String)> = trial
        .takers()
        .map(|(table, taken)| (table.to_owned(), taken.to_string()))
        .collect();
    let mut filled = Vec::new();
    for (table, by) in trial.filled_by_triggers() {
        if by.is_empty() || !is_referenced(model, table) {
            filled.push(table.to_owned());
            continue;
        }
        let reason = format!("they write rows of {table}, which other tables refer to");
        silenced.extend(by.iter().map(|it| (it.clone(), reason.clone())));
    }
    let learned = !silenced.is_empty() || !filled.is_empty();
    if silenced.is_empty() {
        lessons.filled_by_triggers.extend(filled);
    }
    for (table, reason) in silenced {
        lessons.silence(&table, reason);
    }
    learned
}

/// Whether another table refers to one.
fn is_referenced(model: &Model, table: &str) -> bool {
    let is_to = |column: &ModelColumn| match column.maker.option("to") {
        Some(Value::Text(to)) if column.maker.make == "reference" => {
            to == table || to.rsplit_once('.').is_some_and(|(other, _)| other == table)
        }
        _ => false,
    };
    let mut others = model.tables.iter().filter(|it| it.name != table);
    others.any(|it| it.columns.iter().any(is_to))
}

/// The table that a dataset can't be read for.
pub(super) fn unreadable(model: &Model, error: &anyhow::Error) -> Option<Refusal> {
    let message = format!("{error:#}");
    let tables = model.tables.iter();
    let table = tables
        .map(|it| &it.name)
        .find(|name| message.contains(&format!("table `{name}`")))?;
    Some(Refusal {
        table: table.clone(),
        what: String::new(),
        reason: message.rsplit(": ").next().unwrap_or_default().to_owned(),
        advice: "write the table's section by hand, or leave it out with --exclude".to_owned(),
    })
}
