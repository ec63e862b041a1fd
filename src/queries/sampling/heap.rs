//! Rows from the last pages of a table's heap: the last ids of a column that has no order of time, such as a uuid's.

use std::ops::Range;

use anyhow::{Context, Result};
use tokio_postgres::{GenericClient, Row};

use super::spread::{Sampling, Spread};
use crate::dataset::draw::Key;
use crate::postgres::catalog::{self, Scope, Table, TableKind};
use crate::postgres::name::quoted;
use crate::queries::value::{Binary, ParameterValue};

/// Up to so many pages are read whole.
const FEW_PAGES: u64 = 64;

/// The values of some columns, none of them NULL, in distinct rows spread over the heap's last part, in its order; `None`
/// for a relation without a heap. A partitioned table's are those of its last partition that holds rows.
pub async fn sample(
    client: &impl GenericClient,
    table_oid: u32,
    columns: &[&str],
    sampling: &Sampling,
) -> Result<Option<Vec<Vec<ParameterValue>>>> {
    let Some(table) = table_with_heap(client, table_oid).await? else {
        return Ok(None);
    };
    let pages = table.bytes / catalog::block_bytes(client).await?;
    if pages == 0 {
        // A distributed table has none either, and would answer with all rows of its shards.
        return Ok(Some(Vec::new()));
    }
    let heap = HeapReader {
        table: &table,
        columns,
        sampling,
        key: Key::new(sampling.seed, &table.name.name, &columns.join(" ")),
    };
    let rows = heap
        .tail(client, pages)
        .await
        .with_context(|| format!("could not sample {}", table.name))?;
    let mut values: Vec<Vec<ParameterValue>> = Vec::with_capacity(rows.len());
    for row in rows {
        let row = row_values(&row, columns.len())?;
        if !values.contains(&row) {
            values.push(row);
        }
    }
    Ok(Some(values))
}

/// The table itself, or the last of its partitions that holds rows.
async fn table_with_heap(client: &impl GenericClient, oid: u32) -> Result<Option<Table>> {
    let has_heap = |table: &&Table| {
        matches!(
            table.kind,
            TableKind::Ordinary | TableKind::MaterializedView
        )
    };
    let own = catalog::tables(client, Scope::Tables(&[oid])).await?;
    if let Some(own) = own.into_iter().find(|table| has_heap(&table)) {
        return Ok(Some(own));
    }
    let tables = catalog::tables(client, Scope::Database).await?;
    let partitions = tables.iter().filter(|table| table.root_oid == Some(oid));
    let mut filled = partitions.filter(has_heap).filter(|it| it.bytes > 0);
    Ok(filled.next_back().cloned())
}

struct HeapReader<'a> {
    table: &'a Table,
    columns: &'a [&'a str],
    sampling: &'a Sampling,
    key: Key,
}

impl HeapReader<'_> {
    /// Rows of the last share of so many pages.
    async fn tail(
        &self,
        client: &impl GenericClient,
        pages: u64,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let Spread::Tail { share } = self.sampling.spread;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the pages needn't be exact"
        )]
        let reach = ((pages as f64 * share).ceil() as u64).clamp(1, pages.max(1));
        let first = pages - reach.min(pages);
        if reach <= FEW_PAGES {
            let rows = self.rows_from(client, first, None).await?;
            return Ok(self.spread_over(rows, share));
        }
        let parts = u64::from(self.sampling.count);
        let mut rows = Vec::new();
        for part in 0..parts {
            let (from, to) = (reach * part / parts, reach * (part + 1) / parts);
            let page = first + from + self.key.row(part).below((to - from).max(1));
            rows.extend(self.rows_from(client, page, Some(1)).await?);
        }
        Ok(rows)
    }

    /// As many of the rows as are asked for, one of each equal part of the last of them.
    fn spread_over(&self, rows: Vec<Row>, share: f64) -> Vec<Row> {
        let wanted = picks(rows.len(), self.sampling.count as usize, share, self.key);
        let rows = rows.into_iter().enumerate();
        rows.filter(|(at, _)| wanted.contains(at))
            .map(|(_, row)| row)
            .collect()
    }

    /// The rows from a page on, at most so many.
    async fn rows_from(
        &self,
        client: &impl GenericClient,
        page: u64,
        limit: Option<u32>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let names: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        let not_null: Vec<String> = names
            .iter()
            .map(|name| format!("{name} IS NOT NULL"))
            .collect();
        let as_text = names.iter().map(|name| format!("{name}::text"));
        let selected: Vec<String> = names.iter().cloned().chain(as_text).collect();
        let limit = limit.map(|limit| format!(" LIMIT {limit}"));
        let sql = format!(
            "SELECT {} FROM ONLY {} WHERE ctid >= '({page},0)'::tid AND {}{}",
            selected.join(", "),
            self.table.name,
            not_null.join(" AND "),
            limit.unwrap_or_default()
        );
        client.query_typed(&sql, &[]).await
    }
}

/// One place in each of `count` equal parts of the last `share` of `length` places, which are at least `count`.
fn picks(length: usize, count: usize, share: f64, key: Key) -> Vec<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the rows needn't be exact"
    )]
    let share = (length as f64 * share).ceil() as usize;
    let last = share.max(count).min(length);
    let start = length - last;
    let parts =
        (0..count).map(|part| start + last * part / count..start + last * (part + 1) / count);
    let pick = |(part, row): (Range<usize>, u64)| {
        part.start + usize::try_from(key.row(row).below(part.len() as u64)).unwrap_or(0)
    };
    parts
        .zip(0u64..)
        .filter(|(part, _)| !part.is_empty())
        .map(pick)
        .collect()
}

/// A row of so many values, followed by the same as text.
pub fn row_values(row: &Row, columns: usize) -> Result<Vec<ParameterValue>> {
    let value = |at: usize| {
        Ok(ParameterValue::Raw {
            binary: row.try_get::<_, Binary>(at)?.0,
            text: row.try_get(columns + at)?,
        })
    };
    (0..columns).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_are_one_of_each_part_of_the_tail() {
        let key = Key::new(42, "t", "id");
        let picked = picks(1_000, 10, 0.1, key);
        assert_eq!(picked.len(), 10);
        for (part, place) in picked.iter().enumerate() {
            let from = 900 + part * 10;
            assert!((from..from + 10).contains(place), "{part}: {place}");
        }
        assert_eq!(picks(3, 10, 0.1, key), [0, 1, 2]);
        assert_eq!(picks(0, 10, 0.1, key), [0; 0]);
    }
}
