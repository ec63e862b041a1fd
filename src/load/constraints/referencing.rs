//! Tables outside the load whose foreign keys reference loaded ones.

use std::collections::HashSet;

use anyhow::{Result, bail};
use tokio_postgres::GenericClient;

use crate::load::constraints::catalog::DropCandidate;
use crate::load::table::target::{TargetTable, holds_rows};

/// The tables outside the load that hold rows and reference a loaded one, by oid.
///
/// Refuses where the referenced rows are to be replaced, and names both tables.
pub async fn referencing_tables_with_rows(
    client: &impl GenericClient,
    targets: &[TargetTable],
    constraints: &[DropCandidate],
) -> Result<HashSet<u32>> {
    let inside: HashSet<u32> = targets.iter().map(|target| target.oid).collect();
    let outside = constraints
        .iter()
        .filter(|key| key.definition.is_foreign() && !inside.contains(&key.table_oid));
    let mut filled = HashSet::new();
    for key in outside {
        let table = &key.definition.table;
        if !holds_rows(client, table).await? {
            continue;
        }
        let mut targets = targets.iter();
        if let Some(replaced) = targets.find(|t| t.oid == key.referenced_oid && t.holds_rows) {
            bail!(
                "{table} holds rows that reference {} ({}), which would be emptied; load both, or empty {table} first",
                replaced.name,
                key.definition.name,
            );
        }
        filled.insert(key.table_oid);
    }
    Ok(filled)
}
