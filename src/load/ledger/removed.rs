//! Lines of records whose rows were deleted from a table again, so that a second read skips them.

use std::collections::HashSet;

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

/// Saves the lines of records whose rows were deleted from a table again.
pub async fn save_removed_lines(
    client: &impl GenericClient,
    schema: &str,
    table: &str,
    lines: &[u64],
) -> Result<()> {
    let lines: Vec<i64> = lines.iter().map(|line| line.cast_signed()).collect();
    let sql =
        "INSERT INTO seedrow.removed SELECT $1, $2, unnest($3::int8[]) ON CONFLICT DO NOTHING";
    client
        .execute(sql, &[&schema, &table, &lines])
        .await
        .context("could not write the ledger")?;
    Ok(())
}

/// The lines of records whose rows were deleted from a table again.
pub async fn removed_lines(
    client: &impl GenericClient,
    schema: &str,
    table: &str,
) -> Result<HashSet<u64>> {
    let sql = "SELECT line FROM seedrow.removed WHERE schema_name = $1 AND table_name = $2";
    let rows = client
        .query(sql, &[&schema, &table])
        .await
        .context("could not read the ledger")?;
    rows.iter()
        .map(|row| Ok(row.try_get::<_, i64>(0)?.cast_unsigned()))
        .collect()
}
