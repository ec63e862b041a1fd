//! Where a page of a table begins, by its number: within the budget on any page, and right with gaps in the ids.
//!
//! `OFFSET` reads every row before the page: 50 ms and more for the last of a million. Here every thousandth value is kept
//! in memory, so that at most as many index entries are read; a snapshot of the database's transactions says whether any
//! row of any table may have changed since. Where one has, the page is found with `OFFSET`, slowly and right, until
//! the values are read anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

use super::api::{Api, Call, Endpoint, PageStart};
use crate::postgres::name::quoted;
use crate::queries::{ParameterValue, ValueSource};

/// How many values lie between two that are kept: reading these takes about 0.1 ms.
const STEP: i64 = 1000;

/// Rows before a page that `OFFSET` reads in well under a millisecond.
const NEAR: i64 = 4 * STEP;

/// How old the kept values may be while rows change all the time.
const TOLERATED: Duration = Duration::from_secs(1);

/// The kept values of all endpoints with pages.
#[derive(Debug, Default)]
pub struct Pages {
    marks: Mutex<HashMap<usize, Arc<Marks>>>,
    stale: Notify,
}

/// Every thousandth value of a column, ascending.
#[derive(Debug)]
struct Marks {
    values: Vec<i64>,
    /// The transactions that had ended.
    snapshot: String,
    read: Instant,
}

impl Pages {
    /// Puts the value that a call's page follows in its place. Waits for no other request.
    pub async fn resolve(&self, client: &Client, api: &Api, call: &mut Call) -> Result<(), Error> {
        let Some(PageStart { place, offset }) = call.page else {
            return Ok(());
        };
        let column = PagedColumn::of(&api.endpoints[call.endpoint], place);
        let value = match offset {
            0 => Some(column.least),
            _ if offset <= NEAR => column.nth(client, offset).await?,
            _ => self.far(client, &column, call.endpoint, offset).await?,
        };
        // Behind the last page nothing follows.
        call.values[place] = ParameterValue::Integer(value.unwrap_or(column.greatest));
        Ok(())
    }

    async fn far(
        &self,
        client: &Client,
        column: &PagedColumn,
        endpoint: usize,
        offset: i64,
    ) -> Result<Option<i64>, Error> {
        if let Some(marks) = self.marks(endpoint) {
            let (value, snapshot) = column.nth_from(client, &marks.values, offset).await?;
            let is_current = snapshot == marks.snapshot;
            if !is_current {
                self.stale.notify_one();
            }
            if is_current || marks.read.elapsed() < TOLERATED {
                return Ok(value);
            }
        }
        self.stale.notify_one();
        column.nth(client, offset).await
    }

    fn marks(&self, endpoint: usize) -> Option<Arc<Marks>> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.get(&endpoint).cloned()
    }

    /// Ends when a request has found values that are missing or old.
    pub async fn needs_refresh(&self) {
        self.stale.notified().await;
    }

    /// Reads the values of all endpoints: 60 ms for a million rows, so on a connection that no request waits for.
    pub async fn refresh(&self, client: &Client, api: &Api) -> Result<(), Error> {
        for (at, endpoint) in api.endpoints.iter().enumerate() {
            let Some(page) = endpoint.page else { continue };
            let marks = PagedColumn::of(endpoint, page.place).marks(client).await?;
            let mut all = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(at, Arc::new(marks));
        }
        Ok(())
    }
}

/// A column whose values are listed in pages.
struct PagedColumn {
    /// Quoted.
    table: String,
    /// Quoted.
    column: String,
    /// Of its type. A row with this very value is on no page: one in four billion of them.
    least: i64,
    /// Of its type.
    greatest: i64,
}

impl PagedColumn {
    fn of(endpoint: &Endpoint, place: usize) -> PagedColumn {
        let (table, column) = match &endpoint.query.header.parameters[place].source {
            ValueSource::Column(source) => (source.quoted_table(), quoted(&source.column)),
            ValueSource::Fixed { .. } => (String::new(), String::new()),
        };
        let (least, greatest) = endpoint.type_range(place).unwrap_or((i64::MIN, i64::MAX));
        PagedColumn {
            table,
            column,
            least,
            greatest,
        }
    }

    /// The `number`th value from the first, which is 1; reads all before it.
    async fn nth(&self, client: &Client, number: i64) -> Result<Option<i64>, Error> {
        let PagedColumn { table, column, .. } = self;
        let sql = format!(
            "SELECT {column}::int8 FROM {table} WHERE {column} IS NOT NULL ORDER BY {column} OFFSET $1 LIMIT 1"
        );
        let rows = client
            .query_typed(&sql, &[(&(number - 1), Type::INT8)])
            .await?;
        rows.first().map(|row| row.try_get(0)).transpose()
    }

    /// The same, read from the nearest of the kept values, and the transactions that had ended.
    async fn nth_from(
        &self,
        client: &Client,
        kept: &[i64],
        number: i64,
    ) -> Result<(Option<i64>, String), Error> {
        let PagedColumn { table, column, .. } = self;
        // The value before which there are a multiple of STEP, and how many follow up to the one wanted, which is at least 1.
        let full = usize::try_from((number - 1) / STEP)
            .unwrap_or(usize::MAX)
            .min(kept.len());
        let start = full.checked_sub(1).map_or(self.least, |last| kept[last]);
        let rest = number - i64::try_from(full).unwrap_or(0) * STEP;
        let sql = format!(
            "SELECT (SELECT {column}::int8 FROM {table} WHERE {column} > $1 ORDER BY {column} OFFSET $2 LIMIT 1),
                pg_current_snapshot()::text"
        );
        let parameters: [(&(dyn ToSql + Sync), Type); 2] =
            [(&start, Type::INT8), (&(rest - 1), Type::INT8)];
        let rows = client.query_typed(&sql, &parameters).await?;
        match rows.first() {
            Some(row) => Ok((row.try_get(0)?, row.try_get(1)?)),
            None => Ok((None, String::new())),
        }
    }

    /// Every thousandth value.
    async fn marks(&self, client: &Client) -> Result<Marks, Error> {
        let PagedColumn { table, column, .. } = self;
        let skip = STEP - 1;
        let sql = format!(
            "WITH RECURSIVE mark (value) AS (
                (SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {column} OFFSET {skip} LIMIT 1)
                UNION ALL
                SELECT (
                    SELECT {column} FROM {table} WHERE {column} > mark.value ORDER BY {column} OFFSET {skip} LIMIT 1
                )
                FROM mark
                WHERE mark.value IS NOT NULL
            )
            SELECT array_agg(value::int8 ORDER BY value), pg_current_snapshot()::text FROM mark WHERE value IS NOT NULL"
        );
        let row = client.query_one(&sql, &[]).await?;
        Ok(Marks {
            values: row.try_get::<_, Option<Vec<i64>>>(0)?.unwrap_or_default(),
            snapshot: row.try_get(1)?,
            read: Instant::now(),
        })
    }
}
