//! Dropping a constraint or index for the load, recorded in the ledger by the same transaction.
//!
//! A partitioned table's goes with its parts. These are recorded each by itself, and restored first: the whole adopts them.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

use crate::load::constraints::drop_plan::DropPlan;
use crate::load::ledger::{self, DroppedConstraint};
use crate::postgres::TableName;
use crate::postgres::name::quoted;

/// Drops a constraint.
async fn drop_constraint(
    client: &impl GenericClient,
    schema: &str,
    constraint: &DroppedConstraint,
) -> Result<()> {
    ledger::save_dropped(client, schema, constraint).await?;
    client
        .batch_execute(&drop_statement(constraint))
        .await
        .with_context(|| format!("could not drop {} for the load", constraint.name))
}

/// Drops what a plan says; `dropped` is what the ledger records of it, in the plan's order.
pub async fn drop_planned(
    client: &impl GenericClient,
    schema: &str,
    plan: &DropPlan,
    dropped: &[DroppedConstraint],
) -> Result<()> {
    for (candidate, constraint) in plan.drop.iter().zip(dropped) {
        match candidate.is_part() {
            true => ledger::save_dropped(client, schema, constraint).await?,
            false => drop_constraint(client, schema, constraint).await?,
        }
    }
    Ok(())
}

/// Without CASCADE: what depends on it is an error.
fn drop_statement(constraint: &DroppedConstraint) -> String {
    let DroppedConstraint { table, name, .. } = constraint;
    if constraint.is_plain_index() {
        return format!("DROP INDEX {}", TableName::new(&table.schema, name));
    }
    format!("ALTER TABLE {table} DROP CONSTRAINT {}", quoted(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ledger::DroppedKind;

    #[test]
    fn a_plain_index_is_dropped_by_a_statement_of_its_own() {
        let mut constraint = DroppedConstraint {
            table: TableName::new("public", "t1"),
            name: "By name".into(),
            kind: DroppedKind::Index,
            definition: String::new(),
            validated: true,
        };
        assert_eq!(drop_statement(&constraint), "DROP INDEX public.\"By name\"");
        constraint.kind = DroppedKind::Unique;
        assert_eq!(
            drop_statement(&constraint),
            "ALTER TABLE public.t1 DROP CONSTRAINT \"By name\""
        );
    }
}
