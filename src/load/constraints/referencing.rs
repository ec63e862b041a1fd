//! Tables outside the load whose foreign keys reference loaded ones.

use std::collections::HashSet;

use anyhow::Result;
use tokio_postgres::GenericClient;

use crate::load::constraints::catalog::DropCandidate;
use crate::load::table::target::{TargetTable, holds_rows};
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::name::quoted;
use crate::suggestion::{PSQL, shell_word};

/// The foreign keys of tables outside the load that hold rows and reference a loaded one.
pub async fn referencing_tables_with_rows<'k>(
    client: &impl GenericClient,
    targets: &[TargetTable],
    constraints: &'k [DropCandidate],
) -> Result<Vec<&'k DropCandidate>> {
    let inside: HashSet<u32> = targets.iter().map(|target| target.oid).collect();
    let outside = constraints
        .iter()
        .filter(|key| key.definition.is_foreign() && !inside.contains(&key.table_oid));
    let mut filled = Vec::new();
    for key in outside {
        if holds_rows(client, &key.definition.table).await? {
            filled.push(key);
        }
    }
    Ok(filled)
}

/// Refuses to empty tables that rows of other tables refer to, and names these and the ways out.
pub fn ensure_may_empty(targets: &[TargetTable], referencing: &[&DropCandidate]) -> Result<()> {
    let mut broken = Vec::new();
    for key in referencing {
        let mut targets = targets.iter();
        let replaced = targets.find(|it| it.oid == key.referenced_oid && it.holds_rows);
        broken.extend(replaced.map(|replaced| (replaced, &key.definition)));
    }
    if broken.is_empty() {
        return Ok(());
    }
    let texts = broken.iter().map(|(replaced, key)| {
        let (table, name) = (&key.table, &replaced.name);
        format!("{table} holds rows that reference {name} ({})", key.name)
    });
    let message = format!(
        "{}, which would be emptied; load both, or empty the one that refers first",
        texts.collect::<Vec<_>>().join("; ")
    );
    let drops = broken.iter().map(|(_, key)| {
        let (table, name) = (&key.table, quoted(&key.name));
        format!("ALTER TABLE {table} DROP CONSTRAINT {name}")
    });
    let drops = drops.collect::<Vec<_>>().join("; ");
    Err(ErrorWithNotes::of(message, ways_out(&drops)))
}

/// What can be done about something outside the load that refers to its tables; `sql` removes the reference.
pub fn ways_out(sql: &str) -> Vec<String> {
    vec![
        "--target-schema NAME loads beside them".to_owned(),
        format!(
            "to remove the reference first, run: {PSQL} -c {}",
            shell_word(sql)
        ),
    ]
}
