//! A temporary copy of the columns of a unique index or exclusion constraint, with that constraint on it: what the server
//! lets into the copy may stay in the table.
//!
//! No imitation is right for every expression, predicate, collation and operator; the constraint itself is.

use anyhow::{Context, Result};
use tokio_postgres::Transaction;

use crate::load::constraints::conditions::text_array;
use crate::load::ledger::DroppedConstraint;
use crate::postgres::TableName;
use crate::postgres::name::{quoted, quoted_list};

/// The columns of a constraint, copied from its table.
pub struct ConstraintCopy<'t> {
    table: &'t TableName,
    /// The columns that the constraint is about.
    pub columns: Vec<String>,
    /// Its key: columns and expressions.
    items: Vec<String>,
    /// How two keys are compared that must not both be there.
    operators: Vec<String>,
    predicate: Option<String>,
}

impl<'t> ConstraintCopy<'t> {
    /// Creates `pg_temp.seedrow_kept`, empty; `None` for a definition that cannot be created on another table.
    pub async fn create(
        transaction: &Transaction<'_>,
        table: &'t TableName,
        key: &DroppedConstraint,
    ) -> Result<Option<ConstraintCopy<'t>>> {
        let Some(statement) = on_the_copy(table, key) else {
            return Ok(None);
        };
        let create = format!(
            "CREATE TEMPORARY TABLE seedrow_kept (LIKE {table}) ON COMMIT DROP;
            {statement}"
        );
        transaction
            .batch_execute(&create)
            .await
            .with_context(|| format!("could not copy {} of {table}", key.name))?;
        let row = transaction
            .query_typed_one(include_str!("sql/constraint_copy.sql"), &[])
            .await
            .with_context(|| format!("could not look up the columns of {}", key.name))?;
        let (needed, all): (Vec<String>, Vec<String>) =
            (row.try_get("needed")?, row.try_get("columns")?);
        let items: Vec<String> = row.try_get("items")?;
        let mut operators: Vec<String> = row.try_get("operators")?;
        if operators.is_empty() {
            operators = vec!["=".to_owned(); items.len()];
        }
        let copy = ConstraintCopy {
            table,
            // An expression of the whole row names no column.
            columns: if needed.is_empty() {
                all.clone()
            } else {
                needed
            },
            items,
            operators,
            predicate: row.try_get("predicate")?,
        };
        let unused = all.iter().filter(|column| !copy.columns.contains(column));
        let mut changes: Vec<String> = unused
            .map(|column| format!("DROP COLUMN {}", quoted(column)))
            .collect();
        changes.push("ADD COLUMN seedrow_place tid".to_owned());
        let alter = format!("ALTER TABLE pg_temp.seedrow_kept {}", changes.join(", "));
        transaction.batch_execute(&alter).await?;
        Ok(Some(copy))
    }

    /// Gathers the rows that conflict with an earlier one in `pg_temp.seedrow_removed`, and returns their number: the first of
    /// each key stays; of an exclusion constraint, each row that conflicts with none that stays.
    pub async fn find_conflicts(&self, transaction: &Transaction<'_>) -> Result<u64> {
        let table = self.table;
        let list = quoted_list(&self.columns);
        let (keys, items) = (text_array("", &self.columns), self.numbered_items());
        let predicate = self.predicate.as_deref().unwrap_or("true");
        let compared: Vec<String> = (1..)
            .zip(&self.operators)
            .map(|(number, operator)| format!("k.item{number} {operator} r.item{number}"))
            .collect();
        // The heap's order is the file's, since the file was the first to be loaded into an empty table.
        let sql = format!(
            "SET LOCAL synchronize_seqscans = off;
            INSERT INTO pg_temp.seedrow_kept ({list}, seedrow_place)
            SELECT {list}, ctid
            FROM {table}
            ORDER BY ctid
            ON CONFLICT DO NOTHING;
            ANALYZE pg_temp.seedrow_kept;
            CREATE TEMPORARY TABLE seedrow_removed ON COMMIT DROP AS
            SELECT r.place, r.key, k.key AS other
            FROM (
                SELECT t.ctid AS place, {keys} AS key, {items}
                FROM {table} AS t
                WHERE NOT EXISTS (SELECT FROM pg_temp.seedrow_kept AS k WHERE k.seedrow_place = t.ctid)
            ) AS r
            LEFT JOIN LATERAL (
                SELECT k.key
                FROM (SELECT {keys} AS key, {items} FROM pg_temp.seedrow_kept WHERE {predicate}) AS k
                WHERE {}
                LIMIT 1
            ) AS k ON true",
            compared.join(" AND ")
        );
        transaction
            .batch_execute(&sql)
            .await
            .with_context(|| format!("could not find the conflicting rows of {table}"))?;
        let count = "SELECT count(*) FROM pg_temp.seedrow_removed";
        let row = transaction.query_typed_one(count, &[]).await?;
        Ok(row.try_get::<_, i64>(0)?.try_into()?)
    }

    /// `lower(name) AS item1, owner_id AS item2`.
    fn numbered_items(&self) -> String {
        let items = (1..).zip(&self.items);
        let items = items.map(|(number, item)| format!("{item} AS item{number}"));
        items.collect::<Vec<_>>().join(", ")
    }
}

/// The statement that creates the constraint on the copy. ON CONFLICT takes no deferrable one.
fn on_the_copy(table: &TableName, key: &DroppedConstraint) -> Option<String> {
    const COPY: &str = "pg_temp.seedrow_kept";
    if key.is_plain_index() {
        let (create, rest) = key.definition.split_once(&format!(" ON {table} USING "))?;
        return Some(format!("{create} ON {COPY} USING {rest}"));
    }
    let definition = key.definition.as_str();
    let definition = definition
        .strip_suffix(" INITIALLY DEFERRED")
        .unwrap_or(definition);
    let definition = definition.strip_suffix(" DEFERRABLE").unwrap_or(definition);
    Some(format!(
        "ALTER TABLE {COPY} ADD CONSTRAINT {} {definition}",
        quoted(&key.name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ledger::DroppedKind;

    #[test]
    fn a_constraint_is_created_on_the_copy_and_immediate() {
        let table = TableName::new("public", "Pets");
        let mut key = DroppedConstraint {
            table: table.clone(),
            name: "one".into(),
            kind: DroppedKind::Index,
            definition: "CREATE UNIQUE INDEX one ON public.\"Pets\" USING btree (lower(name))"
                .into(),
            validated: true,
        };
        assert_eq!(
            on_the_copy(&table, &key).unwrap(),
            "CREATE UNIQUE INDEX one ON pg_temp.seedrow_kept USING btree (lower(name))"
        );
        key.kind = DroppedKind::Unique;
        key.definition = "UNIQUE (name) DEFERRABLE INITIALLY DEFERRED".into();
        assert_eq!(
            on_the_copy(&table, &key).unwrap(),
            "ALTER TABLE pg_temp.seedrow_kept ADD CONSTRAINT one UNIQUE (name)"
        );
    }
}
