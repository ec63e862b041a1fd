//! Answers to a model's questions: the server judges what its makers make, and other values where it doesn't accept that.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result};
use tokio_postgres::Client;

use crate::dataset::{Dataset, RowPlan};
use crate::files::records::{Dialect, Records};
use crate::generate::TableMaker;
use crate::infer::checks::pool::{self, Pool, PoolColumn, Row};
use crate::infer::model::{Lessons, Refusal};
use crate::infer::question::{Answer, AskedColumn, Filled, Question};
use crate::postgres::judge::{Candidates, Judgement, base_types, condition, judge};

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
    let mut made: BTreeMap<&str, Values> = BTreeMap::new();
    let mut changed: HashSet<(&str, &str)> = HashSet::new();
    for question in questions {
        let table = question.key.table.as_str();
        let columns = question.key.columns.iter().map(String::as_str);
        let columns: Vec<(&str, &str)> = columns.map(|it| (table, it)).collect();
        if columns.iter().any(|it| changed.contains(it)) {
            continue;
        }
        if !made.contains_key(table) {
            made.insert(table, first_values(dataset, table, seed)?);
        }
        let is_pooled = lessons.answers.iter().any(|(key, answer)| {
            let shares = question
                .key
                .columns
                .iter()
                .any(|it| key.columns.contains(it));
            key.table == table && shares && matches!(answer, Answer::Pool(_))
        });
        let asked = Asked {
            question,
            is_pooled,
        };
        let verdict = asked.judge(client, &made[table]).await.with_context(|| {
            format!(
                "could not try values for {} of {table}",
                question.key.constraint
            )
        })?;
        match verdict {
            Verdict::Answered(answer) => {
                if matches!(answer, Answer::Pool(_)) {
                    changed.extend(columns);
                }
                lessons.answers.insert(question.key.clone(), answer);
            }
            Verdict::Rejected(rejected) => {
                lessons.learn(rejected.refusal(question));
            }
        }
    }
    Ok(!questions.is_empty())
}

/// The values of the first rows of a table.
fn first_values(dataset: &Dataset, table: &str, seed: u64) -> Result<Values> {
    let mut tables = dataset.tables.iter();
    let Some(position) = tables.position(|it| it.name == table) else {
        return Ok(Values::new());
    };
    let plan = RowPlan::first_rows(dataset, ROWS, seed, &[position]);
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
    /// Whether another constraint's pool makes one of the columns: no other values will do, then.
    is_pooled: bool,
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
    fn of(rows: &[Row], judged: Judgement) -> Verdict {
        Verdict::Rejected(Rejected {
            tried: rows.len(),
            accepted: count(&judged),
            failure: judged.failure,
        })
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
    /// First what the makers make, then other candidates.
    async fn judge(&self, client: &mut Client, values: &Values) -> Result<Verdict> {
        let columns = self.columns(values);
        let made = pool::made(&columns);
        let judged = self.judged(client, &made).await?;
        let (accepted, tried) = (count(&judged), made.len());
        if tried > 0 && accepted == tried {
            return Ok(Verdict::Answered(Answer::Held(tried)));
        }
        if self.may_change()
            && accepted * 100 >= tried * WORTH_KEEPING
            && let Some(pool) = pool::pool(&columns, &made, &judged.accepted)
        {
            return Ok(Verdict::Answered(Answer::Pool(pool)));
        }
        if self.is_pooled || !self.may_change() {
            return Ok(Rejected::of(&made, judged));
        }
        let rows = pool::candidates(&self.question.definition, &columns);
        let judged = self.judged(client, &rows).await?;
        Ok(match accepted_pool(&columns, &rows, &judged) {
            Some(pool) => Verdict::Answered(Answer::Pool(pool)),
            None => Rejected::of(&rows, judged),
        })
    }

    /// Whether each column may have another maker.
    fn may_change(&self) -> bool {
        let mut columns = self.question.columns.iter();
        columns.all(|it| it.filled != Filled::ByKey)
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
            })
            .collect()
    }

    async fn judged(&self, client: &mut Client, rows: &[Row]) -> Result<Judgement> {
        let columns = &self.question.columns;
        let types = columns
            .iter()
            .map(|it| (it.data_type.oid, it.data_type.modifier));
        let types = base_types(client, &types.collect::<Vec<_>>()).await?;
        let names = columns.iter().map(|it| it.name.as_str());
        let candidates = Candidates {
            columns: &names.zip(types).collect::<Vec<_>>(),
            condition: condition(&self.question.definition),
            rows,
        };
        judge(client, &candidates).await
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
