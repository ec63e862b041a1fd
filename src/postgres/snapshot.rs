//! A read-only transaction whose queries all see the same rows.

use anyhow::{Context, Result};
use tokio_postgres::{Client, IsolationLevel, Transaction};

/// Begins one.
pub async fn begin(client: &mut Client) -> Result<Transaction<'_>> {
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await;
    transaction.context("could not begin a read-only transaction")
}

/// Ends it.
pub async fn end(transaction: Transaction<'_>) -> Result<()> {
    let ended = transaction.rollback().await;
    ended.context("could not end the read-only transaction")
}
