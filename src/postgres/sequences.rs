//! Sequences, the columns that each fills, and where a sequence has to be for its next value to be free.
//!
//! A column is filled by the sequence that it owns (serial, identity, OWNED BY) and by each that its default, or its
//! domain's, names.

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use super::name::{TableName, literal, quoted};

/// A sequence that fills at least one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema and name.
    pub name: TableName,
    /// Its first value.
    pub start: i64,
    /// What is added for the next one; below 0 for a descending sequence.
    pub increment: i64,
    /// Its smallest value.
    pub minimum: i64,
    /// Its largest value.
    pub maximum: i64,
    /// Whether it begins again at its end.
    pub cycles: bool,
    /// Whether a column owns it.
    pub owned: bool,
    /// Whether this role may read where it is.
    pub readable: bool,
    /// By table and number.
    pub columns: Vec<FilledColumn>,
}

/// A column that a sequence fills.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FilledColumn {
    schema: String,
    table: String,
    /// Its name, unquoted.
    pub column: String,
    readable: bool,
    values: Values,
}

/// How a column holds a sequence's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Values {
    /// As numbers.
    Numbers,
    /// As text of digits.
    Digits,
    /// As part of something else: where the sequence has to be is unknown.
    Others,
}

/// Where a sequence is: what `setval` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last value.
    pub last: i64,
    /// Whether it was given out; else it is the next one.
    pub is_called: bool,
}

/// The sequences that fill columns of these tables and of their partitions, or of all tables; by table.
pub async fn sequences(
    client: &impl GenericClient,
    tables: Option<&[u32]>,
) -> Result<Vec<Sequence>> {
    let rows = client
        .query_typed(
            include_str!("sql/sequences.sql"),
            &[(&tables, Type::OID_ARRAY)],
        )
        .await
        .context("could not read the sequences")?;
    rows.iter().map(sequence).collect()
}

fn sequence(row: &Row) -> Result<Sequence> {
    let columns: &str = row.try_get("columns")?;
    Ok(Sequence {
        oid: row.try_get("oid")?,
        name: TableName::new(
            row.try_get::<_, String>("schema_name")?,
            row.try_get::<_, String>("name")?,
        ),
        start: row.try_get("start")?,
        increment: row.try_get("increment")?,
        minimum: row.try_get("minimum")?,
        maximum: row.try_get("maximum")?,
        cycles: row.try_get("cycles")?,
        owned: row.try_get("owned")?,
        readable: row.try_get("readable")?,
        columns: serde_json::from_str(columns).context("could not read a sequence's columns")?,
    })
}

impl FilledColumn {
    /// The table.
    pub fn table(&self) -> TableName {
        TableName::new(&self.schema, &self.table)
    }

    /// `orders.id`, the schema left out when it is `home`.
    pub fn within(&self, home: &str) -> String {
        format!("{}.{}", self.table().within(home), quoted(&self.column))
    }

    fn is_judged(&self) -> bool {
        self.readable && self.values != Values::Others
    }

    /// Its extreme value of those that the sequence gives.
    fn extreme(&self, sequence: &Sequence) -> String {
        let column = quoted(&self.column);
        let (value, condition) = match self.values {
            Values::Digits => (
                format!("{column}::numeric"),
                format!("{column} ~ '^-?[0-9]{{1,18}}$'"),
            ),
            _ => (
                column.clone(),
                format!(
                    "{column} BETWEEN {}::int8 AND {}::int8",
                    literal(&sequence.minimum.to_string()),
                    literal(&sequence.maximum.to_string())
                ),
            ),
        };
        format!(
            "SELECT {}({value})::text::numeric FROM {} WHERE {condition}",
            sequence.farthest(),
            self.table()
        )
    }
}

impl Sequence {
    /// Whether all columns' values can be read as its own.
    pub fn is_judged_wholly(&self) -> bool {
        self.columns.iter().all(FilledColumn::is_judged)
    }

    /// The column that holds the value farthest along the sequence, of those within its bounds, and that value.
    pub async fn extreme(
        &self,
        client: &impl GenericClient,
    ) -> Result<Option<(&FilledColumn, i64)>> {
        let mut extreme: Option<(&FilledColumn, i64)> = None;
        for column in self.columns.iter().filter(|it| it.is_judged()) {
            let sql = format!(
                "SELECT trunc(found.value)::int8 FROM ({}) AS found (value)
                WHERE found.value BETWEEN -9223372036854775808 AND 9223372036854775807",
                column.extreme(self)
            );
            let row = client.query_typed_opt(&sql, &[]).await.with_context(|| {
                format!(
                    "could not compare sequence {} with {}.{}",
                    self.name,
                    column.table(),
                    quoted(&column.column)
                )
            })?;
            let Some(row) = row else { continue };
            let value: i64 = row.try_get(0)?;
            if extreme.is_none_or(|(_, farthest)| self.is_beyond(value, farthest)) {
                extreme = Some((column, value));
            }
        }
        Ok(extreme)
    }

    /// Where it is.
    pub async fn position(&self, client: &impl GenericClient) -> Result<Position> {
        let sql = format!("SELECT last_value, is_called FROM {}", self.name);
        let row = client
            .query_typed_one(&sql, &[])
            .await
            .with_context(|| format!("could not read sequence {}", self.name))?;
        Ok(Position {
            last: row.try_get(0)?,
            is_called: row.try_get(1)?,
        })
    }

    /// Where it has to be for its next value to be beyond this one and the same that it would have come to by itself:
    /// its start and a multiple of its increment.
    pub fn position_past(&self, value: i64) -> Position {
        let (start, increment) = (i128::from(self.start), i128::from(self.increment));
        let distance = (i128::from(value) - start) * increment.signum();
        let steps = distance.div_euclid(increment.abs());
        match i64::try_from(start + steps * increment) {
            Ok(last) if steps >= 0 => Position {
                last,
                is_called: true,
            },
            _ => Position {
                last: self.start,
                is_called: false,
            },
        }
    }

    /// The value that it gives next; `None` when it has none left.
    pub fn next(&self, position: Position) -> Option<i64> {
        if !position.is_called {
            return Some(position.last);
        }
        let next = position.last.checked_add(self.increment)?;
        (self.minimum..=self.maximum)
            .contains(&next)
            .then_some(next)
    }

    /// Whether a value comes later than another.
    pub fn is_beyond(&self, value: i64, other: i64) -> bool {
        match self.increment > 0 {
            true => value > other,
            false => value < other,
        }
    }

    /// The aggregate of the value farthest along.
    fn farthest(&self) -> &'static str {
        if self.increment > 0 { "max" } else { "min" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(start: i64, increment: i64) -> Sequence {
        Sequence {
            oid: 1,
            name: TableName::new("public", "s"),
            start,
            increment,
            minimum: if increment > 0 { 1 } else { i64::MIN },
            maximum: if increment > 0 { i64::MAX } else { -1 },
            cycles: false,
            owned: false,
            readable: true,
            columns: Vec::new(),
        }
    }

    #[test]
    fn the_next_value_is_the_first_of_its_own_beyond_the_columns() {
        // Start, increment, the value farthest along, the next value.
        for (start, increment, value, next) in [
            (1, 1, 7, 8),
            (1, 1, 1, 2),
            (1000, 1, 7, 1000),
            (1, 10, 7, 11),
            (1, 10, 11, 21),
            (1, 2, 10, 11),
            (5, 2, 9, 11),
            (-1, -1, -7, -8),
            (-1, -1, 3, -1),
            (-1, -2, -4, -5),
            (-10, -10, -35, -40),
        ] {
            let sequence = sequence(start, increment);
            let position = sequence.position_past(value);
            assert_eq!(
                sequence.next(position),
                Some(next),
                "start {start}, increment {increment}, up to {value}"
            );
        }
        let all = sequence(1, 1);
        assert_eq!(all.next(all.position_past(i64::MAX)), None);
    }
}
