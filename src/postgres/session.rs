//! Settings of one session.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

/// Changes settings for the rest of the session; those that this version of the server lacks are skipped.
pub async fn set(client: &impl GenericClient, settings: &[(&str, String)]) -> Result<()> {
    // pg_settings would read all settings to find these.
    let sql = "SELECT set_config(name, value, false)
        FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
        WHERE current_setting(name, true) IS NOT NULL";
    let (names, values): (Vec<&str>, Vec<&str>) = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .unzip();
    client
        .query_typed(
            sql,
            &[(&names, Type::TEXT_ARRAY), (&values, Type::TEXT_ARRAY)],
        )
        .await
        .context("could not apply the settings of a connection")?;
    Ok(())
}
