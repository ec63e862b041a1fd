//! What a change of one row costs in each form: made within a transaction that is rolled back.

use std::time::Instant;

use anyhow::{Context, Result};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::figures::Effort;
use super::form::Form;
use super::measure::{FormMeasurement, PreparedForm, body, milliseconds, wal};
use crate::queries::{ParameterValue, Query};

/// Changes that are measured.
const CHANGES: usize = 9;

impl FormMeasurement<'_> {
    /// What a change of one row costs in each form, the median; nothing of it is kept.
    pub async fn changes(
        &self,
        forms: &[PreparedForm],
        keys: &[ParameterValue],
    ) -> Result<Vec<Option<Effort>>> {
        let Some(change) = &self.change else {
            return Ok(vec![None; forms.len()]);
        };
        let client = self.server.connect_new().await?;
        let mut sums = vec![Vec::new(); forms.len()];
        let step = (keys.len() / CHANGES).max(1);
        for (round, key) in keys.iter().step_by(step).take(CHANGES).enumerate() {
            client.batch_execute("BEGIN").await?;
            let efforts = self.change(&client, change, forms, key, round).await;
            client.batch_execute("ROLLBACK").await?;
            for (sum, effort) in sums.iter_mut().zip(efforts?) {
                sum.extend(effort);
            }
        }
        Ok(sums.iter().map(|efforts| median(efforts)).collect())
    }

    /// In an open transaction: the row, then the documents from it. A view is made anew as a whole, in the first round.
    async fn change(
        &self,
        client: &Client,
        change: &Query,
        forms: &[PreparedForm],
        key: &ParameterValue,
        round: usize,
    ) -> Result<Vec<Option<Effort>>> {
        let could_not = || format!("{}: could not be executed", change.path);
        let key_type = self.documents.types[self.documents.key].clone();
        let update = change
            .prepare(client, std::slice::from_ref(&key_type))
            .await?;
        let key_only: [&(dyn ToSql + Sync); 1] = [key];
        let row = measured(client, &update, &key_only)
            .await
            .with_context(could_not)?;
        let read = client
            .prepare_typed(&forms[0].sql, &self.documents.types)
            .await?;
        let changed = body(client, &read, &self.documents.values(key.clone())).await?;
        let mut efforts = Vec::with_capacity(forms.len());
        for form in forms {
            efforts.push(match (form.form, form.form.write_sql()) {
                (Form::Tables, _) => Some(row),
                (_, Some(sql)) => {
                    let write = client
                        .prepare_typed(&sql, &[key_type.clone(), Type::TEXT])
                        .await?;
                    Some(measured(client, &write, &[key, &changed]).await?)
                }
                (_, None) if round > 0 => None,
                (_, None) => {
                    let relation = form.form.relation().unwrap_or_default();
                    let refresh = client
                        .prepare(&format!("REFRESH MATERIALIZED VIEW {relation}"))
                        .await?;
                    Some(measured(client, &refresh, &[]).await?)
                }
            });
        }
        Ok(efforts)
    }
}

async fn measured(
    client: &Client,
    statement: &Statement,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Effort> {
    let (before, start) = (wal(client).await?, Instant::now());
    client.execute(statement, values).await?;
    let ms = milliseconds(start);
    Ok(Effort {
        ms,
        wal: wal(client).await?.saturating_sub(before),
    })
}

/// The median of the times and that of the log: the first change of a page after a checkpoint logs all of it, which an
/// average would show in place of the change.
fn median(efforts: &[Effort]) -> Option<Effort> {
    let mut times: Vec<f64> = efforts.iter().map(|it| it.ms).collect();
    let mut logs: Vec<u64> = efforts.iter().map(|it| it.wal).collect();
    times.sort_by(f64::total_cmp);
    logs.sort_unstable();
    let middle = efforts.len() / 2;
    Some(Effort {
        ms: *times.get(middle)?,
        wal: *logs.get(middle)?,
    })
}
