//! `seedrow forget`: the ledger goes, and with `--abandon` an unfinished load before it.
//!
//! Giving a load up takes its rows away and puts back what was lifted, so that the schema is what it was before.

use anyhow::{Context, Result, bail};
use tokio_postgres::Transaction;

use crate::load::constraints::drop as lift;
use crate::load::ledger::{self, Unfinished};
use crate::load::session::advisory_lock;
use crate::postgres::catalog::{self, Scope};
use crate::postgres::name::quoted;
use crate::postgres::{Server, TableName};
use crate::progress::Progress;

/// What was forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// The loads given up.
    pub abandoned: Vec<Abandoned>,
    /// Whether there was a ledger.
    pub ledger: bool,
}

/// A load that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandoned {
    /// Its schema.
    pub schema: String,
    /// The tables that are empty now.
    pub emptied: Vec<String>,
    /// How many constraints and indexes were put back.
    pub put_back: usize,
}

/// Removes the ledger from the server's database, or what it has of the schema asked for, all in one transaction.
///
/// Refuses unfinished loads unless they are to be given up.
pub async fn forget(server: &Server, abandon: bool, progress: &Progress) -> Result<Forgotten> {
    let mut client = server.connect().await?;
    if !ledger::exists(&client).await? {
        return Ok(Forgotten {
            abandoned: Vec::new(),
            ledger: false,
        });
    }
    advisory_lock::acquire(server, &client, progress).await?;
    let transaction = client.transaction().await?;
    let mut abandoned = Vec::new();
    let wanted = |load: &Unfinished| server.schema().is_none_or(|schema| schema == load.schema);
    let unfinished = ledger::unfinished(&transaction).await?;
    for load in unfinished.into_iter().filter(wanted) {
        if !abandon {
            bail!(
                "an unfinished load stands in schema {}, and without the ledger its constraints could not be put back; \
                 type, to finish it: {}; or, to give it up: add --abandon",
                load.schema,
                load.command
            );
        }
        abandoned.push(give_up(&transaction, load).await?);
    }
    match server.schema() {
        Some(schema) => ledger::remove_schema(&transaction, schema).await?,
        None => ledger::remove(&transaction).await?,
    }
    transaction
        .commit()
        .await
        .context("could not remove the ledger")?;
    Ok(Forgotten {
        abandoned,
        ledger: true,
    })
}

async fn give_up(transaction: &Transaction<'_>, load: Unfinished) -> Result<Abandoned> {
    // Rows that were added cannot be told from those that stood there before.
    let emptied = match load.appended {
        true => Vec::new(),
        false => empty(transaction, &load).await?,
    };
    for index in &load.indexes {
        transaction
            .batch_execute(&format!("DROP INDEX IF EXISTS {index}"))
            .await
            .with_context(|| format!("could not drop {index}, which the load built"))?;
    }
    ledger::forget_put_back(transaction, &load.schema).await?;
    let lifted = ledger::lifted(transaction, &load.schema).await?;
    for it in &lifted {
        lift::put_back(transaction, it)
            .await
            .with_context(|| format!("could not put {} back on {}", it.name, it.table))?;
    }
    validate(transaction, &load).await?;
    Ok(Abandoned {
        schema: load.schema,
        emptied,
        put_back: lifted.len(),
    })
}

/// Empties the tables that the load has rows in, and those that it was to replace; a table that others filled since is
/// left alone.
async fn empty(transaction: &Transaction<'_>, load: &Unfinished) -> Result<Vec<String>> {
    let begun = ledger::progress(transaction, &load.schema, &load.tables).await?;
    let (mut names, mut tables) = (Vec::new(), Vec::new());
    for name in &load.tables {
        let its_own = load.replaced || begun.iter().any(|it| it.account.name == *name);
        let oid = catalog::find(transaction, Some(&load.schema), name).await?;
        if let (true, Some(oid)) = (its_own, oid) {
            names.push(name.clone());
            tables.push(oid);
        }
    }
    let full_name = |name: &String| TableName::new(&load.schema, name).to_string();
    let statement = if names.is_empty() {
        String::new()
    } else if is_referred_to(transaction, &tables).await? {
        // TRUNCATE is refused then, even where the other table is empty. Children first.
        let each = names.iter().rev();
        each.map(|name| format!("DELETE FROM {};", full_name(name)))
            .collect()
    } else {
        let all: Vec<String> = names.iter().map(full_name).collect();
        format!("TRUNCATE {}", all.join(", "))
    };
    transaction
        .batch_execute(&statement)
        .await
        .context("could not empty the tables of the load")?;
    Ok(names)
}

/// Whether a foreign key of another table refers to one of these.
async fn is_referred_to(transaction: &Transaction<'_>, tables: &[u32]) -> Result<bool> {
    let sql = "SELECT EXISTS (
        SELECT FROM pg_constraint
        WHERE contype = 'f' AND confrelid = ANY ($1) AND NOT conrelid = ANY ($1)
    )";
    let row = transaction
        .query_one(sql, &[&tables])
        .await
        .context("could not look up the foreign keys")?;
    Ok(row.try_get(0)?)
}

/// Validates the foreign keys that came back NOT VALID and were valid before.
async fn validate(transaction: &Transaction<'_>, load: &Unfinished) -> Result<()> {
    let keys = catalog::foreign_keys(transaction, Scope::Database).await?;
    let noted = ledger::unvalidated(transaction).await?;
    for (table, name) in noted {
        let key = keys
            .iter()
            .find(|key| key.table == table && key.name == name);
        let within = key.is_some_and(|key| {
            [&key.table, &key.referenced]
                .iter()
                .any(|table| table.schema == load.schema && load.tables.contains(&table.name))
        });
        if !within {
            continue;
        }
        let statement = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", quoted(&name));
        transaction
            .batch_execute(&statement)
            .await
            .with_context(|| format!("could not validate {name} of {table}"))?;
    }
    Ok(())
}
