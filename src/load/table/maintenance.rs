//! What each table needs after its rows: sequences advanced, statistics gathered, rows counted.

use anyhow::{Context, Result, ensure};
use tokio_postgres::{Client, GenericClient};

use crate::load::ledger;
use crate::load::table::target::{self, TargetTable};
use crate::postgres::TableName;
use crate::postgres::name::quoted;

/// Advances the sequences of the table's columns past their largest value, so that the next INSERT gets a free one.
pub async fn advance_sequences(client: &Client, target: &TargetTable) -> Result<()> {
    for column in &target.columns {
        let table = target.name.to_string();
        let owned = client
            .query_one(
                "SELECT pg_get_serial_sequence($1, $2)",
                &[&table, &column.name],
            )
            .await
            .with_context(|| {
                format!("could not look up the sequence of {table}.{}", column.name)
            })?;
        let Some(sequence) = owned.try_get::<_, Option<String>>(0)? else {
            continue;
        };
        // Where all ids are below the sequence's minimum, it stays at its start: setval would be an error.
        let sql = format!(
            "SELECT setval(s.seqrelid::regclass, ids.last)
            FROM (SELECT max({})::int8 AS last FROM {table}) AS ids
            JOIN pg_sequence AS s ON s.seqrelid = $1::text::regclass
            WHERE ids.last BETWEEN s.seqmin AND s.seqmax",
            quoted(&column.name)
        );
        client
            .query(&sql, &[&sequence])
            .await
            .with_context(|| format!("could not advance {sequence} past the last id of {table}"))?;
    }
    Ok(())
}

/// Gathers the table's statistics; where FREEZE did not set the visibility map, VACUUM does.
pub async fn analyze(client: &Client, table: &TableName, frozen: bool) -> Result<()> {
    let statement = if frozen {
        format!("ANALYZE {table}")
    } else {
        format!("VACUUM (ANALYZE) {table}")
    };
    client
        .batch_execute(&statement)
        .await
        .with_context(|| format!("could not analyze {table}"))
}

/// Compares the table's account with its rows.
pub async fn ensure_counts(
    client: &impl GenericClient,
    schema: &str,
    table: &TableName,
) -> Result<()> {
    let accounts = ledger::accounts(client, schema, std::slice::from_ref(&table.name)).await?;
    let counted = target::count(client, table).await?;
    for account in accounts {
        ensure!(
            account.loaded == counted,
            "{table} holds {counted} rows, and {} were loaded into it; another session or a trigger wrote to it meanwhile",
            account.loaded
        );
    }
    Ok(())
}
