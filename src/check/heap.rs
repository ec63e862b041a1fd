//! Rows from the last pages of a table's heap: the last ids of a column that has no order of time, such as a uuid's.

use anyhow::{Context, Result};
use tokio_postgres::{GenericClient, Row};

use super::settings::Settings;
use super::value::{Binary, Value};
use crate::dataset::draw::Key;
use crate::postgres::catalog::{self, Scope, Table, TableKind};
use crate::postgres::name::quoted;

/// Up to so many pages are read whole.
const FEW_PAGES: u64 = 64;

/// The values of some columns, none of them NULL, in rows spread over the heap's last part, in its order; `None` for a
/// relation without a heap. A partitioned table's are those of its last partition that holds rows.
pub async fn tail(
    client: &impl GenericClient,
    oid: u32,
    columns: &[&str],
    settings: &Settings,
) -> Result<Option<Vec<Vec<Value>>>> {
    let Some(table) = heap(client, oid).await? else {
        return Ok(None);
    };
    let pages = table.bytes / catalog::block_bytes(client).await?;
    let key = Key::new(settings.seed, &table.name.name, &columns.join(" "));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the pages needn't be exact"
    )]
    let reach = ((pages as f64 * settings.tail).ceil() as u64).clamp(1, pages.max(1));
    let first = pages - reach.min(pages);
    let heap = Heap {
        table: &table,
        columns,
    };
    let could_not = || format!("could not sample {}", table.name);
    let rows = match reach <= FEW_PAGES {
        true => few(
            heap.rows(client, first, None)
                .await
                .with_context(could_not)?,
            settings,
            key,
        ),
        false => {
            let samples = u64::from(settings.samples);
            let mut rows = Vec::new();
            for part in 0..samples {
                let (from, to) = (reach * part / samples, reach * (part + 1) / samples);
                let page = first + from + key.row(part).below((to - from).max(1));
                rows.extend(
                    heap.rows(client, page, Some(1))
                        .await
                        .with_context(could_not)?,
                );
            }
            rows
        }
    };
    let mut values: Vec<Vec<Value>> = Vec::with_capacity(rows.len());
    for row in rows {
        let row = read(&row, columns.len())?;
        if !values.contains(&row) {
            values.push(row);
        }
    }
    Ok(Some(values))
}

/// As many of the rows as samples are asked for, one of each equal part of the last of them.
fn few(rows: Vec<Row>, settings: &Settings, key: Key) -> Vec<Row> {
    let samples = settings.samples as usize;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the rows needn't be exact"
    )]
    let share = (rows.len() as f64 * settings.tail).ceil() as usize;
    let last = share.max(samples).min(rows.len());
    let start = rows.len() - last;
    let wanted: Vec<usize> = (0..samples)
        .map(|part| {
            (
                start + last * part / samples,
                start + last * (part + 1) / samples,
            )
        })
        .zip(0u64..)
        .filter(|((from, to), _)| to > from)
        .map(|((from, to), part)| {
            from + usize::try_from(key.row(part).below((to - from) as u64)).unwrap_or(0)
        })
        .collect();
    let rows = rows.into_iter().enumerate();
    rows.filter(|(at, _)| wanted.contains(at))
        .map(|(_, row)| row)
        .collect()
}

/// The table itself, or the last of its parts that holds rows.
async fn heap(client: &impl GenericClient, oid: u32) -> Result<Option<Table>> {
    let tables = catalog::tables(client, Scope::Database).await?;
    let has_heap = |table: &&Table| {
        matches!(
            table.kind,
            TableKind::Ordinary | TableKind::MaterializedView
        )
    };
    let own = tables
        .iter()
        .find(|table| table.oid == oid)
        .filter(has_heap);
    let parts = tables.iter().filter(|table| table.root_oid == Some(oid));
    let mut parts = parts.filter(has_heap).filter(|part| part.bytes > 0);
    Ok(own.or_else(|| parts.next_back()).cloned())
}

struct Heap<'a> {
    table: &'a Table,
    columns: &'a [&'a str],
}

impl Heap<'_> {
    /// The rows from a page on, at most so many.
    async fn rows(
        &self,
        client: &impl GenericClient,
        page: u64,
        limit: Option<u32>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let names: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        let filled: Vec<String> = names
            .iter()
            .map(|name| format!("{name} IS NOT NULL"))
            .collect();
        let written = names.iter().map(|name| format!("{name}::text"));
        let listed: Vec<String> = names.iter().cloned().chain(written).collect();
        let limit = limit.map(|limit| format!(" LIMIT {limit}"));
        let sql = format!(
            "SELECT {} FROM ONLY {} WHERE ctid >= '({page},0)'::tid AND {}{}",
            listed.join(", "),
            self.table.name,
            filled.join(" AND "),
            limit.unwrap_or_default()
        );
        client.query(&sql, &[]).await
    }
}

fn read(row: &Row, columns: usize) -> Result<Vec<Value>> {
    let value = |at: usize| {
        Ok(Value::Any {
            binary: row.try_get::<_, Binary>(at)?.0,
            text: row.try_get(columns + at)?,
        })
    };
    (0..columns).map(value).collect()
}
