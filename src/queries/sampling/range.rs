//! Integers that exist in a column, spread over a part of the range from its least value to its greatest.

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use tokio_postgres::GenericClient;
use tokio_postgres::types::{ToSql, Type};

use super::spread::{Sampling, Spread};
use crate::dataset::draw::Key;
use crate::postgres::catalog::{self, Column};
use crate::postgres::name::quoted;

/// The type to declare a parameter as; where tokio-postgres doesn't know it, the server finds it out.
pub fn parameter_type(column: &Column) -> Type {
    Type::from_oid(column.data_type.base().oid).unwrap_or(Type::UNKNOWN)
}

/// Whether values of the type can be drawn from a range.
pub fn is_integer(ty: &Type) -> bool {
    [Type::INT2, Type::INT4, Type::INT8].contains(ty)
}

/// Values of the column, ascending and distinct; none for a table without any. `table` is quoted.
pub async fn sample(
    client: &impl GenericClient,
    table_oid: u32,
    table: &str,
    column: &Column,
    sampling: &Sampling,
) -> Result<Vec<i64>> {
    let name = quoted(&column.name);
    let could_not = || format!("could not sample {table}.{name}");
    let extremes = extremes(client, table, &name).await;
    let Some((low, high)) = extremes.with_context(could_not)? else {
        return Ok(Vec::new());
    };
    let key = Key::new(sampling.seed, table, &column.name);
    let points = points(low, high, sampling, key);
    if leads_an_index(client, table_oid, column.number).await? {
        let mut found = match catalog::is_unique(client, table_oid, column.number).await? {
            true => existing(client, table, &name, &points).await?,
            false => Vec::new(),
        };
        let is_found = |point: &i64| found.binary_search(point).is_ok();
        let others: Vec<i64> = points.into_iter().filter(|it| !is_found(it)).collect();
        let next = probe_index(client, table, &name, &others).await;
        found.extend(next.with_context(could_not)?);
        found.sort_unstable();
        found.dedup();
        return Ok(found);
    }
    let rows = client
        .query(&one_scan(table, &name), &[&points])
        .await
        .with_context(could_not)?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The least and the greatest value of a column of integers; both are quoted.
pub async fn extremes(
    client: &impl GenericClient,
    table: &str,
    column: &str,
) -> Result<Option<(i64, i64)>> {
    let range = format!("SELECT min({column})::int8, max({column})::int8 FROM {table}");
    let row = client.query_typed_one(&range, &[]).await?;
    let (low, high): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    Ok(low.zip(high))
}

/// The points that are values, ascending, by one statement: of a column that counts its rows most are.
async fn existing(
    client: &impl GenericClient,
    table: &str,
    column: &str,
    points: &[i64],
) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT sampled.{column}::int8
        FROM {table} AS sampled
        WHERE sampled.{column} = ANY($1::int8[])
        ORDER BY 1"
    );
    let rows = client
        .query_typed(&sql, &[(&points, Type::INT8_ARRAY)])
        .await
        .with_context(|| format!("could not sample {table}.{column}"))?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// For each point, the nearest value from there up, in no order: a probe of the column's index each, all sent before the first one's
/// answer. One statement with a LATERAL probe is refused where the table is distributed.
///
/// The rows are ordered by the table's column: a bare name would be the selected value's, which no index has for its own, and
/// each probe would read all rows from its point up.
async fn probe_index(
    client: &impl GenericClient,
    table: &str,
    column: &str,
    points: &[i64],
) -> Result<Vec<i64>> {
    if points.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT sampled.{column}::int8
        FROM {table} AS sampled
        WHERE sampled.{column} >= $1
        ORDER BY sampled.{column}
        LIMIT 1"
    );
    let probe = client.prepare_typed(&sql, &[Type::INT8]).await?;
    let parameters: Vec<[&(dyn ToSql + Sync); 1]> =
        points.iter().map(|point| [point as _]).collect();
    let probes = parameters.iter().map(|it| client.query_opt(&probe, it));
    let found = try_join_all(probes).await?;
    let values = found.iter().flatten().map(|row| row.try_get(0));
    Ok(values.collect::<Result<_, _>>()?)
}

/// Between each point and the next, the least value: one scan of the table, for a column without an index.
fn one_scan(table: &str, column: &str) -> String {
    format!(
        "SELECT min({column})::int8 AS value
        FROM {table}
        WHERE {column} >= ($1::int8[])[1]
        GROUP BY width_bucket({column}::int8, $1::int8[])
        ORDER BY value"
    )
}

/// Whether a b-tree index of the table begins with the column.
pub async fn leads_an_index(
    client: &impl GenericClient,
    table_oid: u32,
    column: i16,
) -> Result<bool> {
    let keys = catalog::btree_keys(client, table_oid).await?;
    Ok(keys.iter().any(|key| key.first() == Some(&column)))
}

/// Points in `low..=high` as the sampling spreads them, drawn from `key`; ascending.
pub fn points(low: i64, high: i64, sampling: &Sampling, key: Key) -> Vec<i64> {
    let Spread::Tail { share } = sampling.spread;
    let (low, high) = (i128::from(low), i128::from(high));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a share of the range needn't be exact"
    )]
    let reach = ((high - low) as f64 * share) as i128;
    let start = high - reach.clamp(0, high - low);
    let width = high - start + 1;
    let parts = i128::from(sampling.count.max(1));
    let mut points: Vec<i64> = (0..parts)
        .zip(0u64..)
        .map(|(part, row)| {
            let (from, to) = (width * part / parts, width * (part + 1) / parts);
            let length = u64::try_from(to - from).unwrap_or(u64::MAX);
            start + from + i128::from(key.row(row).below(length))
        })
        .filter_map(|point| i64::try_from(point).ok())
        .collect();
    points.dedup();
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points_of(low: i64, high: i64, count: u32, share: f64, seed: u64) -> Vec<i64> {
        let sampling = Sampling {
            count,
            spread: Spread::Tail { share },
            seed,
        };
        points(low, high, &sampling, Key::new(seed, "t", "id"))
    }

    #[test]
    fn points_are_spread_over_the_tail() {
        let points = points_of(1, 1_000_000, 20, 0.1, 42);
        assert_eq!(points.len(), 20);
        assert!(points.is_sorted() && points[0] >= 900_000);
        for (part, point) in (0..).zip(&points) {
            let from = 900_001 + part * 5_000;
            assert!((from - 2..from + 5_002).contains(point), "{part}: {point}");
        }
    }

    #[test]
    fn points_depend_on_the_seed_alone() {
        let points = |seed| points_of(1, 1_000, 5, 0.5, seed);
        assert_eq!(points(42), points(42));
        assert_ne!(points(42), points(43));
    }

    #[test]
    fn extremes_are_sampled_all_the_same() {
        let points = |low, high, count, share| points_of(low, high, count, share, 42);
        assert_eq!(points(7, 7, 20, 0.1), [7]);
        assert!(points(1, 3, 20, 1.0).iter().all(|p| (1..=3).contains(p)));
        let all = points(i64::MIN, i64::MAX, 10_000, 1.0);
        assert!(all.is_sorted() && all.len() == 10_000);
        let negative = points(-100, -50, 3, 0.1);
        assert!(negative.iter().all(|p| (-55..=-50).contains(p)));
    }
}
