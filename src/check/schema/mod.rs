//! Whether the schema is as it should be: by itself, and compared with the DDL that it should have come from.
//!
//! The DDL isn't parsed: it is applied to a scratch database, and both catalogs are read into one plain value. The target sees
//! only SELECT.

mod compare;
mod ddl;
mod integrity;
mod model;
mod normal_form;
mod scratch_database;

use std::collections::HashSet;

use anyhow::{Context, Result};
use tokio_postgres::Client;

pub use scratch_database::{Reference, ScratchServer, with_applied};

use super::finding::{Finding, Severity};
use super::report::{Check, SkippedCheck, Subject};
use crate::postgres::TableName;
use crate::progress::Progress;

/// The check's name in reports.
const SCHEMA: &str = "schema";

/// The findings of the schema by itself, and compared with a reference where there is one, of `tables` or all of it. A
/// reference that can't be applied is skipped with the reason, and is a finding when it was asked for.
pub async fn check(
    client: &Client,
    reference: Option<&Reference>,
    tables: Option<&[String]>,
    asked: Option<&str>,
    home: &str,
    progress: &Progress,
) -> Result<(Check, Option<SkippedCheck>)> {
    let live = model::read(client)
        .await
        .context("could not read the schema")?;
    let narrowed = live.clone().only(tables);
    let mut findings = integrity::findings(client, &narrowed, home).await?;
    let mut skipped = None;
    let mut against = None;
    // The schemas that the reference has tables in.
    let mut compared = HashSet::new();
    if let Some(reference) = reference {
        match scratch_database::read(reference, &live, home, progress).await {
            Ok((wanted, live)) => {
                let wanted = wanted.only(tables);
                compared = wanted
                    .tables
                    .iter()
                    .map(|it| it.name.schema.clone())
                    .collect();
                findings.extend(compare::compare(&wanted, &live, home, tables.is_none()));
                against = Some(reference.name.clone());
            }
            Err(error) if reference.asked_for => {
                findings.push(not_compared(reference, &error));
            }
            Err(error) => {
                skipped = Some(SkippedCheck {
                    name: SCHEMA.to_owned(),
                    reason: format!("not compared with {}: {error:#}", reference.name),
                });
            }
        }
    }
    let asked_for = |name: &TableName| match asked {
        Some(schema) => name.schema == schema,
        None => against.is_none() || compared.contains(&name.schema),
    };
    let looked_at = narrowed
        .tables
        .iter()
        .filter(|table| asked_for(&table.name))
        .count();
    let check = Check {
        name: SCHEMA.to_owned(),
        subject: Subject::Schema {
            against,
            tables: looked_at,
        },
        findings,
        waived: Vec::new(),
    };
    Ok((check, skipped))
}

fn not_compared(reference: &Reference, error: &anyhow::Error) -> Finding {
    Finding {
        rule: "not-compared",
        severity: Severity::Unchecked,
        on: None,
        message: format!("not compared with {}: {error:#}", reference.name),
        help: "the DDL is applied to a scratch database on the embedded Postgres, or on another server: `--scratch-url \
               URL`; a dump is best made with `pg_dump --schema-only --no-owner --no-privileges`"
            .to_owned(),
    }
}
