//! A model that holds: written to a temporary folder, read back, its first rows tried on the server, and what isn't
//! accepted made otherwise or refused, until the rest is.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::files::{Contents, Plan};
use super::fit::fit;
use super::judging;
use super::learning::{learn, unreadable};
use super::rounds::Rounds;
use crate::infer::model::{Lessons, Model};
use crate::load::trial::{self, Trial, TrialVerdict};

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
    /// Its files, or those that rows are made by.
    pub plan: &'a dyn Fn(&Model, Contents) -> Result<Plan>,
}

impl Attempts<'_> {
    /// The model whose rows the server accepts; tables that it doesn't accept are refused.
    pub async fn settle(&self, client: &mut Client, schema: &str) -> Result<(Model, Tried)> {
        let mut lessons = Lessons::default();
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            let mut model = (self.build)(&lessons);
            if model.tables.is_empty() {
                return Ok((model, Tried::Not("no table can be filled".to_owned())));
            }
            let dataset = match fit(&mut model, &|model| (self.plan)(model, Contents::Rows)) {
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
                fit(&mut model, &|model| {
                    (self.plan)(model, Contents::Everything)
                })?;
                return Ok((model, Tried::Not(why)));
            }
            let round = rounds.next(&model, &dataset);
            let trial = trial::of_existing(client, &dataset, schema, &round.first_rows(SEED)).await;
            let trial = trial.context("could not try the rows")?;
            let learned = learn(&mut lessons, &model, &trial);
            if !learned && round.is_whole() {
                fit(&mut model, &|model| {
                    (self.plan)(model, Contents::Everything)
                })?;
                return Ok((model, tried(&trial)));
            }
            rounds.take(&model, &trial, learned);
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
            match fit(&mut model, &|model| {
                (self.plan)(model, Contents::Everything)
            }) {
                Ok(_) => return Ok((model, Tried::Not(why.to_owned()))),
                Err(error) => match unreadable(&model, &error) {
                    Some(refusal) if lessons.learn(refusal.clone()) => {}
                    _ => return Err(error),
                },
            }
        }
    }
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
