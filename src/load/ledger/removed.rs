//! Lines of records whose rows were deleted from a table again, so that a second read skips them.

use std::collections::HashSet;

use anyhow::{Context, Result};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use crate::load::source::chunk::FileLine;

/// Saves the lines of records whose rows were deleted from a table again.
pub async fn save_removed_lines(
    client: &impl GenericClient,
    schema: &str,
    table: &str,
    lines: &[FileLine],
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let files = lines.iter().map(|at| i32::try_from(at.file));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let lines: Vec<i64> = lines.iter().map(|at| at.line.cast_signed()).collect();
    let sql = "INSERT INTO seedrow.removed (schema_name, table_name, file_number, line)
        SELECT $1, $2, removed.file_number, removed.line
        FROM unnest($3::int4[], $4::int8[]) AS removed (file_number, line)
        ON CONFLICT DO NOTHING";
    client
        .execute_typed(
            sql,
            &[
                (&schema, Type::TEXT),
                (&table, Type::TEXT),
                (&files, Type::INT4_ARRAY),
                (&lines, Type::INT8_ARRAY),
            ],
        )
        .await
        .context("could not write the ledger")?;
    Ok(())
}

/// The lines of records whose rows were deleted from a table again.
pub async fn removed_lines(
    client: &impl GenericClient,
    schema: &str,
    table: &str,
) -> Result<HashSet<FileLine>> {
    let sql =
        "SELECT file_number, line FROM seedrow.removed WHERE schema_name = $1 AND table_name = $2";
    let rows = client
        .query_typed(sql, &[(&schema, Type::TEXT), (&table, Type::TEXT)])
        .await
        .context("could not read the ledger")?;
    let at = |row: &Row| {
        Ok(FileLine {
            file: row.try_get::<_, i32>(0)?.try_into()?,
            line: row.try_get::<_, i64>(1)?.cast_unsigned(),
        })
    };
    rows.iter().map(at).collect()
}
