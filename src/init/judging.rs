//! Answers to a model's questions: the server judges what its makers make, and other values where it doesn't accept that.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::rounds::FEW;
use crate::dataset::{Dataset, RowPlan};
use crate::files::records::{Dialect, Records};
use crate::generate::TableMaker;
use crate::infer::checks::nulls::{self, May, Nulls};
use crate::infer::checks::pool::{self, Pool, PoolColumn, Row};
use crate::infer::model::{Lessons, Refusal};
use crate::infer::question::{Answer, AskedColumn, Filled, Question};
use crate::postgres::judge::{Candidates, Judge, Judgement, condition};

/// How many rows of a table are judged.
const ROWS: u64 = 1_000;

/// What is made becomes a pool where of a hundred such rows at least so many are accepted: they look better than others.
const WORTH_KEEPING: usize = 20;

/// The values of a table's first rows by column, `None` for NULL.
type Values = BTreeMap<String, Vec<Option<String>>>;

/// Adds the server's answers; false where there was nothing to ask. A question about a column that another answer has
/// changed is left for the next time.
pub async fn answer(
    client: &mut Client,
    dataset: &Dataset,
    seed: u64,
    questions: &[Question],
    lessons: &mut Lessons,
) -> Result<bool> {
    if questions.is_empty() {
        return Ok(false);
    }
    let judge = Judge::begin(client).await?;
    let types = base_types(&judge, questions).await?;
    let mut made: BTreeMap<(&str, u64), Values> = BTreeMap::new();
    let mut changed: HashSet<(&str, &str)> = HashSet::new();
    for question in questions {
        let table = question.key.table.as_str();
        let columns = question.key.columns.iter().map(String::as_str);
        let columns: Vec<(&str, &str)> = columns.map(|it| (table, it)).collect();
        if columns.iter().any(|it| changed.contains(it)) {
            continue;
        }
        let has_keys = question.columns.iter().any(|it| it.filled.is_by_key());
        // Of keys those alone that a trial of few rows has, too.
        let listed = if has_keys { FEW } else { ROWS };
        for rows in [ROWS, listed] {
            if let Entry::Vacant(place) = made.entry((table, rows)) {
                place.insert(first_values(dataset, table, rows, seed)?);
            }
        }
        let asked = Asked {
            question,
            settled: settled(lessons, question),
            types: &types,
            by: &judge,
        };
        let verdict = asked
            .judge(&made[&(table, ROWS)], &made[&(table, listed)])
            .await
            .with_context(|| {
                format!(
                    "could not try values for {} of {table}",
                    question.key.constraint
                )
            })?;
        match verdict {
            Verdict::Answered(answer) => {
                let of_answer = answer.changed(&question.key);
                changed.extend(columns.iter().filter(|(_, it)| of_answer.contains(it)));
                lessons.answers.insert(question.key.clone(), answer);
            }
            Verdict::Rejected(rejected) => {
                lessons.learn(rejected.refusal(question));
            }
        }
    }
    judge.end().await?;
    Ok(true)
}

/// The types of all columns that are asked about, as [`Candidates::columns`] wants them, by oid and modifier.
async fn base_types(judge: &Judge<'_>, questions: &[Question]) -> Result<BaseTypes> {
    let columns = questions.iter().flat_map(|it| &it.columns);
    let types: BTreeSet<(u32, i32)> = columns.map(type_of).collect();
    let types: Vec<(u32, i32)> = types.into_iter().collect();
    let names = judge.base_types(&types).await?;
    Ok(types.into_iter().zip(names).collect())
}

type BaseTypes = HashMap<(u32, i32), String>;

fn type_of(column: &AskedColumn) -> (u32, i32) {
    (column.data_type.oid, column.data_type.modifier)
}

/// The columns of a question that answers to others have be made as they are.
fn settled(lessons: &Lessons, question: &Question) -> Vec<String> {
    let columns = question.key.columns.iter();
    let is_settled = |column: &&String| {
        let mut answers = lessons.answers.iter();
        answers.any(|(key, answer)| {
            key.table == question.key.table && answer.changed(key).contains(&column.as_str())
        })
    };
    columns.filter(is_settled).cloned().collect()
}

/// The values of the first rows of a table.
fn first_values(dataset: &Dataset, table: &str, rows: u64, seed: u64) -> Result<Values> {
    let mut tables = dataset.tables.iter();
    let Some(position) = tables.position(|it| it.name == table) else {
        return Ok(Values::new());
    };
    let plan = RowPlan::first_rows(dataset, rows, seed, &[position]);
    let maker = TableMaker::new(dataset, &plan, position)?;
    let mut rows = Vec::new();
    for block in 0..plan.blocks() {
        maker.write_block(block, &mut rows)?;
    }
    let spec = &dataset.tables[position];
    let names: Vec<&str> = spec.written().map(|it| it.name.as_str()).collect();
    let mut values = Values::new();
    let mut records = Records::new(rows.as_slice(), Path::new(table), Dialect::CSV)?;
    while let Some(record) = records.read()? {
        for (place, name) in names.iter().enumerate().take(record.len()) {
            let (text, is_quoted) = record.field(place);
            let text = String::from_utf8_lossy(text).into_owned();
            let value = (is_quoted || !text.is_empty()).then_some(text);
            values.entry((*name).to_owned()).or_default().push(value);
        }
    }
    Ok(values)
}

/// A question, with what is known of its columns.
struct Asked<'a> {
    question: &'a Question,
    /// The columns that stay as they are, since another constraint accepts them so.
    settled: Vec<String>,
    types: &'a BaseTypes,
    by: &'a Judge<'a>,
}

enum Verdict {
    Answered(Answer),
    Rejected(Rejected),
}

/// Next to nothing of what was tried is accepted.
struct Rejected {
    tried: usize,
    accepted: usize,
    /// What the server says of the first row that it can't judge.
    failure: Option<String>,
}

impl Rejected {
    fn of(rows: &[Row], judged: Judgement) -> Rejected {
        Rejected {
            tried: rows.len(),
            accepted: count(&judged),
            failure: judged.failure,
        }
    }

    fn refusal(&self, question: &Question) -> Refusal {
        let count = match self.accepted {
            0 => "none".to_owned(),
            count => count.to_string(),
        };
        let failure = self.failure.iter();
        let failure: String = failure
            .map(|it| format!("; the server says: {it}"))
            .collect();
        Refusal {
            table: question.key.table.clone(),
            what: question.key.constraint.clone(),
            reason: format!(
                "{} isn't understood, and {count} of {} rows that were tried satisfy it{failure}",
                question.definition, self.tried
            ),
            advice: format!(
                "write makers for {} whose values satisfy it, or leave the table out with --exclude",
                question.key.columns.join(", ")
            ),
        }
    }
}

impl Asked<'_> {
    /// First what the makers make, then that with keys NULL, then `listed` and other values, then NULL wherever it may be.
    async fn judge(&self, values: &Values, listed: &Values) -> Result<Verdict> {
        let columns = self.columns(values);
        let made = pool::made(&columns);
        let judged = self.judged(&made).await?;
        let tried = made.len();
        if tried > 0 && count(&judged) == tried {
            return Ok(Verdict::Answered(Answer::Held(tried)));
        }
        if let Some(nulls) = self.nulls(&made, Filled::is_by_key).await? {
            return Ok(Verdict::Answered(nulls));
        }
        let mut rejected = Rejected::of(&made, judged);
        if self.may_change() {
            match self.pool(&self.columns(listed)).await? {
                Ok(pool) => return Ok(Verdict::Answered(Answer::Pool(pool))),
                Err(of_candidates) => rejected = of_candidates,
            }
        }
        let nulls = self.nulls(&made, |_| true).await?;
        Ok(nulls.map_or(Verdict::Rejected(rejected), Verdict::Answered))
    }

    /// A list of what is accepted of what the makers make, else of other candidates.
    async fn pool(&self, columns: &[PoolColumn<'_>]) -> Result<Result<Pool, Rejected>> {
        let made = pool::made(columns);
        let judged = self.judged(&made).await?;
        if count(&judged) * 100 >= made.len() * WORTH_KEEPING
            && let Some(pool) = pool::pool(columns, &made, &judged.accepted)
        {
            return Ok(Ok(pool));
        }
        if !self.settled.is_empty() {
            return Ok(Err(Rejected::of(&made, judged)));
        }
        let rows = pool::candidates(&self.question.definition, columns);
        let judged = self.judged(&rows).await?;
        let pool = accepted_pool(columns, &rows, &judged);
        Ok(pool.ok_or_else(|| Rejected::of(&rows, judged)))
    }

    /// The columns that are always NULL, of those that are `wanted`, and the columns that never are, with which all rows are
    /// accepted.
    async fn nulls(
        &self,
        made: &[Row],
        wanted: impl Fn(&Filled) -> bool,
    ) -> Result<Option<Answer>> {
        let names = &self.question.key.columns;
        let columns = self.question.columns.iter().zip(names);
        let may = |(column, name): (&AskedColumn, &String)| match column.may_be_null {
            true if self.settled.contains(name) => May::Stay,
            true if wanted(&column.filled) => May::BeNull,
            true => May::BeNeverNull,
            false => May::Stay,
        };
        let choices = nulls::choices(made, &columns.map(may).collect::<Vec<_>>());
        let each = nulls::rows_each(choices.len());
        let rows = choices.iter().map(|it| nulls::rows(made, it, each));
        let rows: Vec<Vec<Row>> = rows.collect();
        if rows.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let judged = self.judged(&rows.concat()).await?;
        let mut first = 0;
        for (choice, rows) in choices.iter().zip(&rows) {
            let accepted = &judged.accepted[first..first + rows.len()];
            first += rows.len();
            if rows.is_empty() || accepted.contains(&false) {
                continue;
            }
            let all = self.judged(&nulls::rows(made, choice, made.len())).await?;
            if !all.accepted.contains(&false) {
                let with = |wanted: Nulls| {
                    let pairs = names
                        .iter()
                        .zip(choice)
                        .filter(move |(_, it)| **it == wanted);
                    pairs.map(|(name, _)| name.clone()).collect()
                };
                return Ok(Some(Answer::Nulls {
                    always: with(Nulls::Always),
                    never: with(Nulls::Never),
                }));
            }
        }
        Ok(None)
    }

    /// Whether each column may have another maker.
    fn may_change(&self) -> bool {
        let mut columns = self.question.columns.iter();
        columns.all(|it| it.may_be_listed)
    }

    fn columns<'c>(&'c self, values: &Values) -> Vec<PoolColumn<'c>> {
        let columns = self.question.columns.iter().zip(&self.question.key.columns);
        let rows = values.values().map(Vec::len).max().unwrap_or(0);
        let made = |asked: &AskedColumn, column: &String| match &asked.filled {
            Filled::ByMaker | Filled::ByKey => values.get(column).cloned().unwrap_or_default(),
            Filled::Always(value) => vec![value.clone(); rows],
            Filled::Unknown => Vec::new(),
        };
        columns
            .map(|(asked, column)| PoolColumn {
                name: &asked.name,
                data_type: &asked.data_type,
                limits: asked.limits.clone(),
                made: made(asked, column),
                only_made: asked.filled == Filled::ByKey,
            })
            .collect()
    }

    async fn judged(&self, rows: &[Row]) -> Result<Judgement> {
        let columns = self.question.columns.iter();
        let typed = |it: &'_ AskedColumn| self.types.get(&type_of(it)).cloned().unwrap_or_default();
        let columns: Vec<(&str, String)> =
            columns.map(|it| (it.name.as_str(), typed(it))).collect();
        let candidates = Candidates {
            columns: &columns,
            condition: condition(&self.question.definition),
            rows,
        };
        self.by.judge(&candidates).await
    }
}

fn count(judged: &Judgement) -> usize {
    judged.accepted.iter().filter(|it| **it).count()
}

/// A pool of the accepted rows; where they are too few, of those that are NULL wherever they may be.
fn accepted_pool(columns: &[PoolColumn], rows: &[Row], judged: &Judgement) -> Option<Pool> {
    pool::pool(columns, rows, &judged.accepted).or_else(|| {
        let is_null = |row: &&Row| {
            let mut pairs = row.iter().zip(columns);
            pairs.all(|(value, column)| value.is_none() || column.limits.not_null)
        };
        let nulls = rows.iter().zip(&judged.accepted);
        let nulls = nulls.filter(|(row, _)| is_null(row) && row.iter().any(Option::is_none));
        let (rows, accepted): (Vec<Row>, Vec<bool>) = nulls
            .map(|(row, accepted)| (row.clone(), *accepted))
            .unzip();
        pool::pool(columns, &rows, &accepted)
    })
}
