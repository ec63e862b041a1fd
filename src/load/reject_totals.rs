//! The error of a load that stopped at a record it may not reject: the number that it proposes is enough for all tables.

use anyhow::{Error, Result};

use crate::load::parent_gate::look_up_parents;
use crate::load::policy::{Duplicates, Orphans, Policy};
use crate::load::session::WorkerPool;
use crate::load::source::rejects::{RejectCount, TableRejects, limit_of};
use crate::load::table::count_rejects::count_rejects;
use crate::load::table::refused::{RefusedKey, RefusedRecord, TooManyRejects};
use crate::load::table::table_load::TableLoad;
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;

/// The error with the number of rejects that the load would have in all, where it is about rejects.
pub async fn with_reject_totals(
    pool: WorkerPool<'_>,
    loads: &[TableLoad<'_>],
    error: Error,
) -> Error {
    let Some(load) = loads.first() else {
        return error;
    };
    if error.is::<TooManyRejects>() {
        let tables = count_all(pool, loads, load.policy).await;
        return load.rejects.too_many(&tables);
    }
    let Some(refused) = error.downcast_ref::<RefusedRecord>() else {
        return error;
    };
    let (option, policy) = rejecting(refused.key, load.policy);
    let tables = count_all(pool, loads, policy).await;
    let all = limit_of(
        tables
            .iter()
            .map(|it| Some(it.count.as_ref()?.number))
            .sum(),
    );
    let note = format!(
        "to load the others, run: {}",
        again(&[option, "reject", "--max-rejects", &all])
    );
    ErrorWithNotes::of(error.to_string(), vec![note])
}

/// The option that rejects records which break such a key, and the policy with it.
fn rejecting(key: RefusedKey, policy: Policy) -> (&'static str, Policy) {
    match key {
        RefusedKey::Duplicate => {
            let duplicates = Duplicates::Reject;
            (
                "--duplicates",
                Policy {
                    duplicates,
                    ..policy
                },
            )
        }
        RefusedKey::Orphan => {
            let orphans = Orphans::Reject;
            ("--orphans", Policy { orphans, ..policy })
        }
    }
}

/// The rejects of each table. Whatever error ends the count, the one that is reported is that there are too many.
async fn count_all(
    pool: WorkerPool<'_>,
    loads: &[TableLoad<'_>],
    policy: Policy,
) -> Vec<TableRejects> {
    let mut counts = Vec::new();
    // Those that it leaves out aren't known.
    let _ = count_each(pool, loads, policy, &mut counts).await;
    counts.resize(loads.len(), None);
    let tables = loads.iter().zip(counts);
    tables
        .map(|(load, count)| TableRejects {
            table: load.target.name.name.clone(),
            label: load.source.source.label(),
            count,
        })
        .collect()
}

/// In load order and in one transaction, so that rows find those that they refer to.
async fn count_each(
    pool: WorkerPool<'_>,
    loads: &[TableLoad<'_>],
    policy: Policy,
    counts: &mut Vec<Option<RejectCount>>,
) -> Result<()> {
    let mut client = pool.connect().await?;
    let transaction = client.transaction().await?;
    for load in loads {
        look_up_parents(transaction.client(), load).await?;
        counts.push(count_rejects(load, &transaction, policy).await?);
    }
    transaction.rollback().await?;
    Ok(())
}
