//! Finishes a load in parts: once none is missing it is one load, whose rows are there and which has its keys, statistics and
//! foreign keys still to come.

use anyhow::{Context, Result, bail, ensure};
use tokio_postgres::Client;

use crate::dataset::{Amount, Dataset, source};
use crate::load::config::Load;
use crate::load::identity;
use crate::load::ledger::{self, LoadEntry, LoadSource, PartsProgress};
use crate::load::session::{acquire_advisory_lock, release_advisory_lock};
use crate::load::source::input::RowOrigin;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::{Server, catalog, locks};
use crate::progress::Progress;
use crate::suggestion::{again, finishing};

/// A load that can be finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunLoad {
    /// What decides its rows.
    pub origin: RowOrigin,
    /// Its tables' names.
    pub tables: Vec<String>,
}

/// The load of the target's schema, of this dataset, finished or not.
pub async fn begun_load(server: &Server, dataset: &Dataset) -> Result<BegunLoad> {
    let client = server.connect().await?;
    locks::limit_waits(&client, locks::PATIENCE).await?;
    let schema = match server.schema() {
        Some(schema) => Some(schema.to_owned()),
        None => catalog::current_schema(&client).await?,
    };
    let schema = schema.context(
        "the connection's search_path names no schema that exists; choose one with --target-schema",
    )?;
    let entry = ledger::find(&client, &schema).await?;
    let entry = entry.with_context(|| {
        format!(
            "schema {schema} has no load to finish; `seedrow run --part 1/N` begins one in N parts"
        )
    })?;
    let from = ledger::source_of(&client, &schema).await?;
    server.keep(client);
    ensure_same_dataset(dataset, &from)?;
    let (Some(root_rows), Some(seed)) = (from.root_rows, from.seed) else {
        let what = match entry.finished {
            true => "the last load of this schema is complete; it was of files, and `seedrow check` checks it".to_owned(),
            false => format!("the load of this schema is of files; to finish it, run: {}", finishing(&entry.command)),
        };
        bail!(what)
    };
    Ok(BegunLoad {
        origin: RowOrigin {
            amount: Amount {
                root_rows,
                scale: from.scale,
            },
            seed,
        },
        tables: entry.tables,
    })
}

fn ensure_same_dataset(dataset: &Dataset, from: &LoadSource) -> Result<()> {
    if from.dataset != dataset.name {
        let message = format!(
            "the load of this schema is of the dataset {}, not {}",
            from.dataset, dataset.name
        );
        let note = match source::built_in_names().contains(&from.dataset) {
            true => format!("run: {}", again(&["--dataset", &from.dataset])),
            false => format!(
                "name it with --dataset: the path of its {}.toml",
                from.dataset
            ),
        };
        return Err(ErrorWithNotes::of(message, vec![note]));
    }
    ensure!(
        from.dataset_hash == dataset.hash,
        "{} has changed since this load began ({}, now {}); finish it with the dataset as it was",
        dataset.path.display(),
        from.dataset_hash,
        dataset.hash
    );
    Ok(())
}

/// Makes one load of the parts of an unfinished one. Refuses while some are missing, and while one is being loaded; does
/// nothing where the load is one already.
pub async fn join_parts(load: &Load<'_>, origin: RowOrigin, progress: &Progress) -> Result<()> {
    let mut client = load.server.connect().await?;
    locks::limit_waits(&client, load.lock_timeout).await?;
    acquire_advisory_lock(load.server, &client, &load.command, progress).await?;
    let schema = load.schema(&client).await?;
    let entry = ledger::find(&client, &schema).await?;
    if let Some(entry) = entry.filter(|entry| !entry.finished) {
        let identity = identity::of_generated(load, origin);
        ensure!(
            entry.identity == identity.digest,
            "this load was begun by another version of seedrow, which has to finish it; begun by: {}",
            entry.command
        );
        if let Some(of) = entry.parts {
            join(load, &mut client, &schema, of, &entry).await?;
        }
    }
    release_advisory_lock(&client).await?;
    load.server.keep(client);
    Ok(())
}

async fn join(
    load: &Load<'_>,
    client: &mut Client,
    schema: &str,
    of: u32,
    entry: &LoadEntry,
) -> Result<()> {
    let (tables, command) = (&entry.tables, &entry.command);
    let parts = PartsProgress::read(&*client, schema, of, tables, command).await?;
    if !parts.missing.is_empty() {
        let message = format!("the load of schema {schema} is {}", parts.described());
        return Err(ErrorWithNotes::of(message, parts.next_commands()));
    }
    let transaction = client.transaction().await?;
    ledger::join_parts(&transaction, schema, &load.command).await?;
    transaction
        .commit()
        .await
        .context("could not join the parts")
}
