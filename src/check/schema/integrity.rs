//! What is wrong with a schema by itself: constraints that aren't validated, invalid indexes, sequences behind their columns.

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::ddl::alter;
use super::model::Schema;
use crate::check::finding::{Finding, Severity};
use crate::postgres::TableName;
use crate::postgres::catalog::Index;
use crate::postgres::name::{literal, quoted};
use crate::postgres::sequences::{Sequence, sequences};

/// All findings, by table. Foreign keys that aren't validated are reported with their coverage.
pub async fn findings(client: &Client, live: &Schema, home: &str) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let building = being_built(client).await?;
    for table in &live.tables {
        let label = table.name.within(home);
        for constraint in table.constraints.iter().filter(|it| !it.validated) {
            let name = quoted(&constraint.name);
            findings.push(Finding {
                rule: "check-not-valid",
                severity: Severity::Fail,
                on: Some(format!("{label}.{name}")),
                message: format!(
                    "constraint {name} of {label} is not validated: rows may break it"
                ),
                help: alter(&table.name, format!("VALIDATE CONSTRAINT {name}")),
            });
        }
        let unusable = table.indexes.iter().filter(|index| !index.usable());
        findings.extend(
            unusable
                .filter(|index| !building.contains(&index.oid))
                .map(|index| invalid_index(index, &label)),
        );
    }
    for sequence in sequences(client, None).await? {
        findings.extend(sequence_behind(client, &sequence, home).await?);
    }
    Ok(findings)
}

fn invalid_index(index: &Index, table: &str) -> Finding {
    let name = TableName::new(&index.table.schema, &index.name);
    Finding {
        rule: "index-invalid",
        severity: Severity::Fail,
        on: Some(format!("{table}.{}", quoted(&index.name))),
        message: format!(
            "index {} of {table} is invalid: no query uses it, and every write maintains it",
            quoted(&index.name)
        ),
        help: format!("REINDEX INDEX CONCURRENTLY {name};   -- or DROP INDEX CONCURRENTLY {name};"),
    }
}

/// The indexes that are being built.
async fn being_built(client: &Client) -> Result<Vec<u32>> {
    let sql =
        "SELECT index_relid FROM pg_stat_progress_create_index WHERE datname = current_database()";
    let rows = client
        .query_typed(sql, &[])
        .await
        .context("could not look for sessions that build indexes")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// `sequence-behind` when its next value isn't beyond all those of its columns.
async fn sequence_behind(
    client: &Client,
    sequence: &Sequence,
    home: &str,
) -> Result<Option<Finding>> {
    if !sequence.readable || sequence.cycles {
        return Ok(None);
    }
    let Some((column, extreme)) = sequence.extreme(client).await? else {
        return Ok(None);
    };
    let position = sequence.position(client).await?;
    // Where none is left, an insert fails with a message that says so.
    let next = sequence.next(position);
    let Some(next) = next.filter(|next| !sequence.is_beyond(*next, extreme)) else {
        return Ok(None);
    };
    let wanted = sequence.position_past(extreme);
    let label = column.within(home);
    let (direction, called) = (
        if sequence.increment > 0 { "up" } else { "down" },
        if wanted.is_called { "" } else { ", false" },
    );
    Ok(Some(Finding {
        rule: "sequence-behind",
        severity: Severity::Fail,
        message: format!(
            "the sequence {} gives {next} next, and {label} holds values {direction} to {extreme}: an insert will fail",
            sequence.name.within(home)
        ),
        help: format!(
            "SELECT setval({}, {}{called});",
            literal(&sequence.name.to_string()),
            wanted.last
        ),
        on: Some(label),
    }))
}
