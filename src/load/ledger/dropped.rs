//! Constraints and indexes that a load dropped and must restore, and the foreign keys that were restored NOT VALID.

use anyhow::{Context, Result, bail};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use crate::postgres::TableName;

/// What a dropped constraint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DroppedKind {
    /// A primary key.
    Primary,
    /// A UNIQUE constraint.
    Unique,
    /// An exclusion constraint.
    Exclusion,
    /// A foreign key, restored NOT VALID and validated afterwards.
    Foreign,
    /// A foreign key of or to a partitioned table. It is restored validated: before version 18 the former takes no
    /// NOT VALID, and validating the latter leaves its copies on the partitions NOT VALID.
    PartitionedForeign,
    /// An index that backs no constraint.
    Index,
}

impl DroppedKind {
    /// From `pg_constraint.contype`, or `i` for an index that backs no constraint.
    pub fn from_code(code: &str) -> Result<DroppedKind> {
        Ok(match code {
            "p" => DroppedKind::Primary,
            "u" => DroppedKind::Unique,
            "x" => DroppedKind::Exclusion,
            "f" => DroppedKind::Foreign,
            "F" => DroppedKind::PartitionedForeign,
            "i" => DroppedKind::Index,
            other => bail!("unknown kind of constraint `{other}`"),
        })
    }

    fn code(self) -> &'static str {
        match self {
            DroppedKind::Primary => "p",
            DroppedKind::Unique => "u",
            DroppedKind::Exclusion => "x",
            DroppedKind::Foreign => "f",
            DroppedKind::PartitionedForeign => "F",
            DroppedKind::Index => "i",
        }
    }
}

/// A constraint or index that was dropped for the load, with what it takes to restore it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedConstraint {
    /// Its table.
    pub table: TableName,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DroppedKind,
    /// `pg_get_constraintdef` or `pg_get_indexdef`, with qualified names.
    pub definition: String,
    /// Whether it was valid when it was dropped.
    pub validated: bool,
}

impl DroppedConstraint {
    /// Whether it is a foreign key.
    pub fn is_foreign(&self) -> bool {
        matches!(
            self.kind,
            DroppedKind::Foreign | DroppedKind::PartitionedForeign
        )
    }

    /// Whether it is a foreign key of or to a partitioned table.
    pub fn is_partitioned(&self) -> bool {
        self.kind == DroppedKind::PartitionedForeign
    }

    /// Whether it is an index that backs no constraint.
    pub fn is_plain_index(&self) -> bool {
        self.kind == DroppedKind::Index
    }
}

/// Records that a constraint is dropped.
pub async fn save_dropped(
    client: &impl GenericClient,
    schema: &str,
    constraint: &DroppedConstraint,
) -> Result<()> {
    let sql = "INSERT INTO seedrow.lifted
            (target_schema, schema_name, table_name, name, kind, definition, validated)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let DroppedConstraint {
        table,
        name,
        kind,
        definition,
        validated,
    } = constraint;
    client
        .execute_typed(
            sql,
            &[
                (&schema, Type::TEXT),
                (&table.schema, Type::TEXT),
                (&table.name, Type::TEXT),
                (name, Type::TEXT),
                (&kind.code(), Type::TEXT),
                (definition, Type::TEXT),
                (validated, Type::BOOL),
            ],
        )
        .await
        .with_context(|| format!("could not save {name} in the ledger"))?;
    Ok(())
}

/// Records that a constraint is restored.
pub async fn delete_dropped(
    client: &impl GenericClient,
    constraint: &DroppedConstraint,
) -> Result<()> {
    let sql = "DELETE FROM seedrow.lifted
        WHERE schema_name = $1 AND table_name = $2 AND kind = $3 AND name = $4";
    let DroppedConstraint {
        table, name, kind, ..
    } = constraint;
    client
        .execute_typed(
            sql,
            &[
                (&table.schema, Type::TEXT),
                (&table.name, Type::TEXT),
                (&kind.code(), Type::TEXT),
                (name, Type::TEXT),
            ],
        )
        .await
        .with_context(|| format!("could not delete {name} from the ledger"))?;
    Ok(())
}

/// The constraints and indexes that a schema's load dropped and has not restored: keys, then indexes, then foreign keys; those
/// of partitions first, which the partitioned table's adopt.
pub async fn dropped(client: &impl GenericClient, schema: &str) -> Result<Vec<DroppedConstraint>> {
    let sql = "SELECT schema_name, table_name, name, kind, definition, validated
        FROM seedrow.lifted
        WHERE target_schema = $1
        ORDER BY lower(kind) DESC, (
                SELECT count(*)
                FROM pg_partition_ancestors(to_regclass(format('%I.%I', schema_name, table_name)))
            ) DESC, schema_name, table_name, name";
    let rows = client
        .query_typed(sql, &[(&schema, Type::TEXT)])
        .await
        .context("could not read the ledger")?;
    let constraint = |row: &Row| {
        Ok(DroppedConstraint {
            table: table_name(row)?,
            name: row.try_get(2)?,
            kind: DroppedKind::from_code(row.try_get(3)?)?,
            definition: row.try_get(4)?,
            validated: row.try_get(5)?,
        })
    };
    rows.iter().map(constraint).collect()
}

fn table_name(row: &Row) -> Result<TableName> {
    let (schema, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    Ok(TableName::new(schema, name))
}

/// Deletes constraints from the ledger that were restored manually since, or whose table no longer exists.
pub async fn prune_dropped(client: &impl GenericClient, schema: &str) -> Result<()> {
    let sql = "DELETE FROM seedrow.lifted AS l
        WHERE target_schema = $1 AND NOT EXISTS (
            SELECT FROM pg_class AS t
            JOIN pg_namespace AS n ON n.oid = t.relnamespace
            WHERE n.nspname = l.schema_name AND t.relname = l.table_name AND NOT EXISTS (
                SELECT FROM pg_constraint AS k
                WHERE k.conrelid = t.oid AND k.conname = l.name AND l.kind <> 'i'
            ) AND NOT EXISTS (
                SELECT FROM pg_index AS i
                JOIN pg_class AS x ON x.oid = i.indexrelid
                WHERE i.indrelid = t.oid AND x.relname = l.name AND l.kind = 'i'
            )
        )";
    client
        .execute_typed(sql, &[(&schema, Type::TEXT)])
        .await
        .context("could not prune the ledger")?;
    Ok(())
}

/// Records that a restored foreign key is NOT VALID, or validated.
pub async fn set_validated(
    client: &impl GenericClient,
    table: &TableName,
    name: &str,
    validated: bool,
) -> Result<()> {
    let sql = if validated {
        "DELETE FROM seedrow.unvalidated WHERE schema_name = $1 AND table_name = $2 AND name = $3"
    } else {
        "INSERT INTO seedrow.unvalidated VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    };
    client
        .execute_typed(
            sql,
            &[
                (&table.schema, Type::TEXT),
                (&table.name, Type::TEXT),
                (&name, Type::TEXT),
            ],
        )
        .await
        .with_context(|| format!("could not save the state of {name} in the ledger"))?;
    Ok(())
}

/// The foreign keys that loads restored NOT VALID and have not validated since.
pub async fn not_validated(client: &impl GenericClient) -> Result<Vec<(TableName, String)>> {
    let sql = "SELECT schema_name, table_name, name FROM seedrow.unvalidated";
    let rows = client
        .query_typed(sql, &[])
        .await
        .context("could not read the ledger")?;
    let key = |row: &Row| Ok((table_name(row)?, row.try_get(2)?));
    rows.iter().map(key).collect()
}
