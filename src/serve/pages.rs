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
use crate::postgres::Server;
use crate::postgres::name::quoted;
use crate::queries::{ParameterValue, ValueSource};

/// How many values lie between two that are kept: reading these takes about 0.1 ms.
const STEP: i64 = 1000;

/// Rows before a page that `OFFSET` reads in well under a millisecond.
const NEAR: i64 = 4 * STEP;

/// How old the kept values may be while rows change all the time.
const TOLERATED: Duration = Duration::from_secs(1);

/// The longest attempt to connect.
const ATTEMPT: Duration = Duration::from_secs(2);

/// Which transactions' changes are seen: the same text means the same rows. On a standby a snapshot's text doesn't list
/// those in progress, so how far its log is replayed counts, too.
const SNAPSHOT: &str =
    "pg_current_snapshot()::text || COALESCE(pg_last_wal_replay_lsn()::text, '')";

/// The columns that endpoints list in pages.
#[derive(Debug, Default)]
pub struct Pages {
    columns: HashMap<usize, PagedColumn>,
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
    /// Of those endpoints that have pages.
    pub fn new(api: &Api) -> Pages {
        let endpoints = api.endpoints.iter().enumerate();
        let columns = endpoints.filter_map(|(at, endpoint)| {
            let column = PagedColumn::of(endpoint, endpoint.page?.place)?;
            Some((at, column))
        });
        Pages {
            columns: columns.collect(),
            stale: Notify::new(),
        }
    }

    /// The call's values, with the one that its page follows in its place. Waits for no other request.
    pub async fn resolve(
        &self,
        client: &Client,
        call: &Call,
    ) -> Result<Vec<ParameterValue>, Error> {
        let mut values = call.values.clone();
        if let Some(PageStart { place, offset }) = call.page
            && let Some(column) = self.columns.get(&call.endpoint)
        {
            let value = match offset {
                0 => Some(column.least),
                _ if offset <= NEAR => column.nth(client, offset).await?,
                _ => self.far(client, column, offset).await?,
            };
            // Behind the last page nothing follows.
            values[place] = ParameterValue::Integer(value.unwrap_or(column.greatest));
        }
        Ok(values)
    }

    async fn far(
        &self,
        client: &Client,
        column: &PagedColumn,
        offset: i64,
    ) -> Result<Option<i64>, Error> {
        if let Some(marks) = column.kept() {
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

    /// Reads the values at the start, and again when a request has found them out of date: 60 ms for a million rows, on
    /// a connection that no request waits for. Never ends; where it fails, pages are found with `OFFSET`.
    pub async fn keep_current(&self, server: &Server) {
        while !self.columns.is_empty() {
            if let Ok(client) = server.connect_once(ATTEMPT).await {
                for column in self.columns.values() {
                    if let Ok(marks) = column.read_marks(&client).await {
                        column.keep(marks);
                    }
                }
            }
            tokio::time::sleep(TOLERATED / 2).await;
            self.stale.notified().await;
        }
    }
}

/// A column whose values are listed in pages.
#[derive(Debug)]
struct PagedColumn {
    /// Quoted.
    table: String,
    /// Quoted.
    column: String,
    /// Of its type. A row with this very value is on no page: one in four billion of them.
    least: i64,
    /// Of its type.
    greatest: i64,
    marks: Mutex<Option<Arc<Marks>>>,
}

impl PagedColumn {
    fn of(endpoint: &Endpoint, place: usize) -> Option<PagedColumn> {
        let ValueSource::Column(source) = &endpoint.query.header.parameters[place].source else {
            return None;
        };
        let (least, greatest) = endpoint.type_range(place)?;
        Some(PagedColumn {
            table: source.quoted_table(),
            column: quoted(&source.column),
            least,
            greatest,
            marks: Mutex::new(None),
        })
    }

    fn kept(&self) -> Option<Arc<Marks>> {
        let marks = self.marks.lock();
        marks.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, marks: Marks) {
        let kept = self.marks.lock();
        *kept.unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(marks));
    }

    /// The `number`th value from the first, which is 1; reads all before it.
    async fn nth(&self, client: &Client, number: i64) -> Result<Option<i64>, Error> {
        let PagedColumn { table, column, .. } = self;
        let sql = format!(
            "SELECT paged.{column}::int8
            FROM {table} AS paged
            WHERE paged.{column} IS NOT NULL
            ORDER BY paged.{column}
            OFFSET $1
            LIMIT 1"
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
            "SELECT (
                    SELECT paged.{column}::int8
                    FROM {table} AS paged
                    WHERE paged.{column} > $1
                    ORDER BY paged.{column}
                    OFFSET $2
                    LIMIT 1
                ), {SNAPSHOT}"
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
    async fn read_marks(&self, client: &Client) -> Result<Marks, Error> {
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
            SELECT array_agg(value::int8 ORDER BY value), {SNAPSHOT} FROM mark WHERE value IS NOT NULL"
        );
        let row = client.query_one(&sql, &[]).await?;
        Ok(Marks {
            values: row.try_get::<_, Option<Vec<i64>>>(0)?.unwrap_or_default(),
            snapshot: row.try_get(1)?,
            read: Instant::now(),
        })
    }
}
