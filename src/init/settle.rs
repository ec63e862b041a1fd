//! A model that holds: written to a temporary folder, read back, its first rows tried on the server, and what isn't
//! accepted made otherwise or refused, until the rest is.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::files::Plan;
use super::fit::fit;
use super::judging;
use crate::infer::model::{Lessons, Model, Refusal};
use crate::load::trial::{self, Trial, TrialVerdict, TrialViolation};

/// The seed of the rows that are tried: the one that `run` has by default.
const SEED: u64 = 42;

/// More rounds than tables that depend on each other's failures in a row.
const ROUNDS: usize = 40;

/// Whether rows were tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// So many tables' rows were accepted; those that refer to tables with rows weren't tried either.
    Accepted {
        /// Tables with accepted rows.
        tables: usize,
        /// Tables that hold rows already, which new ones may clash with.
        occupied: Vec<String>,
    },
    /// They were not, with the reason.
    Not(String),
}

/// The model of a source, as what was learned says, and its files.
pub struct Attempts<'a> {
    /// The model.
    pub build: &'a dyn Fn(&Lessons) -> Model,
    /// Its files.
    pub plan: &'a dyn Fn(&Model) -> Result<Plan>,
}

impl Attempts<'_> {
    /// The model whose rows the server accepts; tables that it doesn't accept are refused.
    pub async fn settle(&self, client: &mut Client, schema: &str) -> Result<(Model, Tried)> {
        let mut lessons = Lessons::default();
        for _ in 0..ROUNDS {
            let mut model = (self.build)(&lessons);
            if model.tables.is_empty() {
                return Ok((model, Tried::Not("no table can be filled".to_owned())));
            }
            let dataset = match fit(&mut model, self.plan) {
                Ok(dataset) => Arc::new(dataset),
                Err(error) => match unreadable(&model, &error) {
                    Some(refusal) if lessons.learn(refusal.clone()) => continue,
                    _ => return Err(error),
                },
            };
            let questions = &model.questions;
            if judging::answer(client, &dataset, SEED, questions, &mut lessons).await? {
                continue;
            }
            if !model.read_only.is_empty() {
                let why = "the role may not insert into every table".to_owned();
                return Ok((model, Tried::Not(why)));
            }
            let trial = trial::of_existing(client, &dataset, schema, SEED).await;
            let trial = trial.context("could not try the rows")?;
            let mut learned = false;
            for (table, violation) in trial.violations() {
                learned |= suspect(&mut lessons, table, violation)
                    || lessons.learn(refusal(table, violation));
            }
            for table in trial.filled_by_triggers() {
                learned = true;
                lessons.refused.push(filled_by_triggers(table));
            }
            if !learned {
                return Ok((model, tried(&trial)));
            }
        }
        anyhow::bail!("no set of tables whose rows hold was found in {ROUNDS} trials")
    }

    /// The model without a trial.
    pub fn untried(&self, why: &str) -> Result<(Model, Tried)> {
        let mut lessons = Lessons::default();
        loop {
            let mut model = (self.build)(&lessons);
            if model.tables.is_empty() {
                return Ok((model, Tried::Not(why.to_owned())));
            }
            match fit(&mut model, self.plan) {
                Ok(_) => return Ok((model, Tried::Not(why.to_owned()))),
                Err(error) => match unreadable(&model, &error) {
                    Some(refusal) if lessons.learn(refusal.clone()) => {}
                    _ => return Err(error),
                },
            }
        }
    }
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

fn tried(trial: &Trial) -> Tried {
    let accepted = trial.tables.iter();
    let accepted = accepted.filter(|it| matches!(it.verdict, TrialVerdict::Holds(_)));
    let occupied = trial.tables.iter();
    let occupied = occupied.filter(|it| matches!(it.verdict, TrialVerdict::Occupied));
    Tried::Accepted {
        tables: accepted.count(),
        occupied: occupied.map(|it| it.name.clone()).collect(),
    }
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

fn filled_by_triggers(table: &str) -> Refusal {
    Refusal {
        table: table.to_owned(),
        what: "triggers".to_owned(),
        reason: "triggers of other tables write its rows".to_owned(),
        advice: "nothing: it gets its rows when the others are filled".to_owned(),
    }
}

/// The table that a dataset can't be read for.
fn unreadable(model: &Model, error: &anyhow::Error) -> Option<Refusal> {
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
