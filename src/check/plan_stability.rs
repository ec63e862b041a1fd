//! Whether plans stay when statistics are taken again.
//!
//! ANALYZE samples rows at random. A plan that flips between two of its samples can't be relied on.

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::evidence::{Evidence, shape};
use super::finding::{Finding, Severity};
use super::fk_lookup::Read;
use super::measure::{BoundQuery, PINNED};
use super::report::Check;
use super::settings::CheckSettings;
use crate::postgres::TableName;
use crate::progress::{Progress, Unit};

/// How often statistics are taken again.
const ROUNDS: u64 = 3;

/// Takes statistics again, a few times, and fails the checks whose plans flip (`plan-flips`).
pub async fn judge(
    client: &mut Client,
    checks: &mut [(&Read, &mut Check, &Evidence)],
    settings: &CheckSettings,
    progress: &Progress,
) -> Result<()> {
    let mut tables: Vec<&TableName> = checks.iter().flat_map(|(_, _, it)| &it.tables).collect();
    tables.sort();
    tables.dedup();
    let task = progress.task(
        "take statistics again",
        ROUNDS * tables.len() as u64,
        Unit::Tables,
    );
    for _ in 0..ROUNDS {
        for table in &tables {
            client
                .batch_execute(&format!("ANALYZE {table}"))
                .await
                .with_context(|| format!("could not analyse {table}"))?;
            task.add(0, 1);
        }
        for (read, check, evidence) in &mut *checks {
            if check.findings.iter().any(|finding| finding.rule == FLIPS) {
                continue;
            }
            let now = shapes(client, read, evidence, settings).await?;
            check.findings.extend(flips(&evidence.shapes, &now));
        }
    }
    task.finish();
    Ok(())
}

const FLIPS: &str = "plan-flips";

async fn shapes(
    client: &mut Client,
    read: &Read,
    evidence: &Evidence,
    settings: &CheckSettings,
) -> Result<Vec<String>> {
    let builder = client.build_transaction().read_only(true);
    let transaction = builder.start().await?;
    transaction.batch_execute(PINNED).await?;
    let samples = settings.sampling.count;
    let bound = BoundQuery::prepare(&transaction, &read.query, &evidence.bindings, samples).await?;
    let plans = bound.plans().await?;
    transaction.rollback().await?;
    Ok(plans.iter().map(shape).collect())
}

fn flips(before: &[String], now: &[String]) -> Option<Finding> {
    let mut pairs = before.iter().zip(now).filter(|(before, now)| before != now);
    let (first, then) = pairs.next()?;
    Some(Finding {
        rule: FLIPS,
        severity: Severity::Unstable,
        on: None,
        message: format!(
            "the plan flips when statistics are taken again, in {} of {} samples: from {first} to {then}",
            1 + pairs.count(),
            before.len()
        ),
        help: "ALTER TABLE … ALTER COLUMN … SET STATISTICS 1000 has ANALYZE look at more rows; an index that answers the \
               whole query leaves no choice"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_names_both_plans() {
        let shapes = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let steady = shapes(["a by x", "a by x"]);
        assert_eq!(flips(&steady, &steady), None);
        let finding = flips(&steady, &shapes(["a by x", "all of a"])).unwrap();
        assert_eq!(finding.severity, Severity::Unstable);
        assert!(
            finding
                .message
                .ends_with("in 1 of 2 samples: from a by x to all of a")
        );
    }
}
