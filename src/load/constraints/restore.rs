//! Restoring a dropped constraint or index, deleted from the ledger by the same transaction.

use anyhow::{Context, Result};
use tokio_postgres::{Client, Transaction};

use crate::load::ledger::{self, DroppedConstraint, DroppedKind};
use crate::postgres::TableName;
use crate::postgres::name::quoted;

/// Restores a constraint in a transaction of its own; see [`restore_in`].
pub async fn restore(client: &mut Client, constraint: &DroppedConstraint) -> Result<()> {
    let transaction = client.transaction().await?;
    restore_in(&transaction, constraint).await?;
    transaction
        .commit()
        .await
        .with_context(|| could_not(constraint))
}

/// Restores a constraint within a transaction. A foreign key is added NOT VALID, which reads no row, unless a table of it
/// is partitioned.
pub async fn restore_in(
    transaction: &Transaction<'_>,
    constraint: &DroppedConstraint,
) -> Result<()> {
    transaction
        .batch_execute(&restore_statement(constraint))
        .await
        .with_context(|| could_not(constraint))?;
    ledger::delete_dropped(transaction, constraint).await?;
    if constraint.kind == DroppedKind::Foreign && constraint.validated {
        ledger::set_validated(transaction, &constraint.table, &constraint.name, false).await?;
    }
    Ok(())
}

fn could_not(constraint: &DroppedConstraint) -> String {
    format!(
        "could not restore {} on {}",
        constraint.name, constraint.table
    )
}

/// `CREATE INDEX …` or `ALTER TABLE … ADD CONSTRAINT …`.
fn restore_statement(constraint: &DroppedConstraint) -> String {
    match constraint.is_plain_index() {
        true => constraint.definition.clone(),
        false => add_statement(&constraint.table, constraint),
    }
}

/// `ALTER TABLE … ADD CONSTRAINT …` to this table; NOT VALID for a foreign key between ordinary tables.
pub(super) fn add_statement(table: &TableName, constraint: &DroppedConstraint) -> String {
    let DroppedConstraint {
        name, definition, ..
    } = constraint;
    let may_defer = constraint.kind == DroppedKind::Foreign;
    let not_valid = match may_defer && !definition.ends_with(" NOT VALID") {
        true => " NOT VALID",
        false => "",
    };
    format!(
        "ALTER TABLE {table} ADD CONSTRAINT {} {definition}{not_valid}",
        quoted(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraint(kind: DroppedKind, definition: &str) -> DroppedConstraint {
        DroppedConstraint {
            table: TableName::new("public", "t2"),
            name: "f2".into(),
            kind,
            definition: definition.into(),
            validated: true,
        }
    }

    #[test]
    fn a_plain_index_is_restored_by_its_definition() {
        let definition = "CREATE INDEX f2 ON public.t2 USING btree (name)";
        let index = constraint(DroppedKind::Index, definition);
        assert_eq!(restore_statement(&index), definition);
    }

    #[test]
    fn foreign_keys_are_restored_not_valid() {
        let mut key = constraint(
            DroppedKind::Foreign,
            "FOREIGN KEY (a) REFERENCES public.t1(id)",
        );
        assert_eq!(
            restore_statement(&key),
            "ALTER TABLE public.t2 ADD CONSTRAINT f2 FOREIGN KEY (a) REFERENCES public.t1(id) NOT VALID"
        );
        key.kind = DroppedKind::PartitionedForeign;
        assert!(!restore_statement(&key).ends_with("NOT VALID"));
        key.kind = DroppedKind::Foreign;
        key.definition.push_str(" NOT VALID");
        assert!(!restore_statement(&key).ends_with("NOT VALID NOT VALID"));
    }
}
