//! The account of `seedrow init` as JSON.

use std::path::PathBuf;

use serde::Serialize;

use crate::infer::domain::Confidence;
use crate::infer::model::{Model, ModelTable};
use crate::infer::toml;
use crate::init::{Tried, Written};
use crate::report::calibration::{self, Calibration};

/// What `--format json` prints.
#[derive(Serialize)]
pub struct Account<'a> {
    dataset: Option<&'a PathBuf>,
    schema: &'a str,
    files: &'a [PathBuf],
    tables: Vec<TableAccount<'a>>,
    /// Tables that keep the rows that they have.
    kept: Vec<&'a str>,
    refused: Vec<RefusalAccount<'a>>,
    not_understood: Vec<DoubtAccount<'a>>,
    left_out: Vec<LeftOutAccount<'a>>,
    /// How near the rows come to a profile; `None` where that wasn't tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<Vec<calibration::TableAccount<'a>>>,
    /// Of how many tables the rows were tried; `None` for no trial.
    tried: Option<usize>,
    changes: Option<Vec<String>>,
    next: Option<String>,
}

#[derive(Serialize)]
struct TableAccount<'a> {
    name: &'a str,
    rows: u64,
    fixed: bool,
    columns: Columns,
    triggers: Vec<&'a str>,
    /// Why they don't fire; `None` where they do.
    triggers_off: Option<&'a str>,
}

/// How many columns are sure, likely, guessed by their type and left to Postgres.
#[derive(Serialize, Clone, Copy, Default)]
pub struct Columns {
    pub sure: usize,
    pub likely: usize,
    pub guess: usize,
    pub left_out: usize,
}

#[derive(Serialize)]
struct RefusalAccount<'a> {
    table: &'a str,
    constraint: &'a str,
    reason: &'a str,
    advice: &'a str,
}

#[derive(Serialize)]
struct DoubtAccount<'a> {
    table: &'a str,
    constraint: &'a str,
    definition: &'a str,
}

#[derive(Serialize)]
struct LeftOutAccount<'a> {
    name: &'a str,
    why: String,
}

impl Columns {
    /// Of a table.
    pub fn of(table: &ModelTable) -> Columns {
        let count = |confidence| {
            let columns = table.written();
            columns.filter(|it| it.confidence == confidence).count()
        };
        Columns {
            sure: count(Confidence::Sure),
            likely: count(Confidence::Likely),
            guess: count(Confidence::Guess),
            left_out: table.skipped.len(),
        }
    }
}

/// The account of a model; `written` is `None` where nothing was.
pub fn of<'a>(
    model: &'a Model,
    tried: &Tried,
    written: Option<&'a Written>,
    calibration: &'a Calibration,
    next: Option<String>,
) -> Account<'a> {
    Account {
        dataset: written.map(|it| &it.dataset),
        schema: &model.schema,
        files: written.map_or(&[], |it| &it.files),
        kept: kept_names(model),
        tables: filled(model)
            .map(|table| TableAccount {
                name: &table.name,
                rows: table.rows,
                fixed: table.fixed,
                columns: Columns::of(table),
                triggers: table.triggers.iter().map(|it| it.name.as_str()).collect(),
                triggers_off: table.silenced.as_deref(),
            })
            .collect(),
        refused: model
            .refused
            .iter()
            .map(|it| RefusalAccount {
                table: &it.table,
                constraint: &it.what,
                reason: &it.reason,
                advice: &it.advice,
            })
            .collect(),
        not_understood: model
            .doubts
            .iter()
            .map(|it| DoubtAccount {
                table: &it.table,
                constraint: &it.constraint,
                definition: &it.definition,
            })
            .collect(),
        left_out: model
            .left_out
            .iter()
            .map(|it| LeftOutAccount {
                name: &it.name,
                why: toml::why(&it.why),
            })
            .collect(),
        calibration: calibration::json(calibration),
        tried: match tried {
            Tried::Accepted { tables, .. } => (*tables > 0).then_some(*tables),
            Tried::Not(_) => None,
        },
        changes: written
            .and_then(|it| it.changes.as_ref())
            .map(|changes| changes.iter().map(ToString::to_string).collect()),
        next,
    }
}

/// The tables that get rows.
pub fn filled(model: &Model) -> impl Iterator<Item = &ModelTable> {
    model.tables.iter().filter(|it| !it.kept)
}

/// The names of those that keep theirs.
pub fn kept_names(model: &Model) -> Vec<&str> {
    let tables = model.tables.iter().filter(|it| it.kept);
    tables.map(|it| it.name.as_str()).collect()
}
