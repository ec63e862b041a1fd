//! Expressions that Postgres prints in two ways, brought to one: what it prints of them once it has read them again.
//!
//! `kind IN ('a', 'b')` on a varchar is printed with a cast around the array. A dump holds this text; read again, it is
//! printed with a cast around each element, and from then on stays as it is. So a database differs from its own dump until
//! both sides have been read as often as it takes.

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::model::{Schema, TableDefinition};
use crate::postgres::TableName;
use crate::postgres::catalog::{Column, ColumnDefault, Constraint, ConstraintKind, Index};
use crate::postgres::name::{literal, quoted};

/// The name of what is created to be printed, and rolled back.
const PRINTED: &str = "seedrow_printed";
/// Two are enough for all that is known.
const ROUNDS: usize = 5;

/// Brings the expressions that differ on the two sides to one form, `client` being in the transaction that `wanted` was read
/// in, with an empty search path.
/// What can't be read there stays as it is, and differs.
pub async fn normalise(client: &Client, wanted: &mut Schema, live: &mut Schema) -> Result<()> {
    for table in &mut wanted.tables {
        let mut others = live.tables.iter_mut();
        let Some(there) = others.find(|it| it.name == table.name) else {
            continue;
        };
        constraints(client, table, there).await?;
        indexes(client, table, there).await?;
        defaults(client, table, there).await?;
    }
    Ok(())
}

async fn constraints(
    client: &Client,
    wanted: &mut TableDefinition,
    live: &mut TableDefinition,
) -> Result<()> {
    let (before, there) = (wanted.constraints.clone(), live.constraints.clone());
    for (side, other) in [
        (&mut wanted.constraints, &there),
        (&mut live.constraints, &before),
    ] {
        let differs =
            |it: &&mut Constraint| !other.iter().any(|there| there.definition == it.definition);
        let has_expressions = |it: &&mut Constraint| {
            matches!(it.kind, ConstraintKind::Check | ConstraintKind::Exclusion)
        };
        for constraint in side.iter_mut().filter(differs).filter(has_expressions) {
            let object = Printed::Constraint(&constraint.table);
            constraint.definition = object.fixed_point(client, &constraint.definition).await?;
        }
    }
    Ok(())
}

async fn indexes(
    client: &Client,
    wanted: &mut TableDefinition,
    live: &mut TableDefinition,
) -> Result<()> {
    let (before, there) = (wanted.indexes.clone(), live.indexes.clone());
    for (side, other) in [(&mut wanted.indexes, &there), (&mut live.indexes, &before)] {
        let differs = |it: &&mut Index| {
            it.backs.is_none() && !other.iter().any(|there| there.definition == it.definition)
        };
        for index in side.iter_mut().filter(differs) {
            let name = TableName::new(&index.table.schema, &index.name);
            let object = Printed::Index(&name);
            index.definition = object.fixed_point(client, &index.definition).await?;
        }
    }
    Ok(())
}

async fn defaults(
    client: &Client,
    wanted: &mut TableDefinition,
    live: &mut TableDefinition,
) -> Result<()> {
    for column in &mut wanted.columns {
        let mut others = live.columns.iter_mut();
        let Some(there) = others.find(|it| it.name == column.name) else {
            continue;
        };
        if column.default == there.default {
            continue;
        }
        let target = column.clone();
        for default in [&mut column.default, &mut there.default] {
            match default {
                ColumnDefault::Expression(expression) => {
                    let object = Printed::Default(&wanted.name, &target);
                    *expression = object.fixed_point(client, expression).await?;
                }
                ColumnDefault::Generated(expression) => {
                    let object = Printed::Generated(&wanted.name, &target);
                    *expression = object.fixed_point(client, expression).await?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Something whose definition Postgres prints.
enum Printed<'a> {
    Constraint(&'a TableName),
    Index(&'a TableName),
    Default(&'a TableName, &'a Column),
    Generated(&'a TableName, &'a Column),
}

impl Printed<'_> {
    /// The definition as Postgres prints it when it has read what it prints.
    async fn fixed_point(&self, client: &Client, definition: &str) -> Result<String> {
        let mut text = definition.to_owned();
        for _ in 0..ROUNDS {
            client
                .batch_execute("SAVEPOINT seedrow_printed")
                .await
                .context("could not set a savepoint in the scratch database")?;
            let printed = self.printed(client, &text).await;
            client
                .batch_execute(
                    "ROLLBACK TO SAVEPOINT seedrow_printed; RELEASE SAVEPOINT seedrow_printed",
                )
                .await
                .context("could not roll back in the scratch database")?;
            match printed {
                Ok(printed) if printed != text => text = printed,
                // It stays as it is, or needs what isn't there: a column, a function.
                _ => break,
            }
        }
        Ok(text)
    }

    async fn printed(&self, client: &Client, text: &str) -> Result<String> {
        let (create, print) = match self {
            Printed::Constraint(table) => (
                format!("ALTER TABLE {table} ADD CONSTRAINT {PRINTED} {text}"),
                format!(
                    "SELECT pg_get_constraintdef(oid)
                    FROM pg_catalog.pg_constraint
                    WHERE conrelid = {}::regclass AND conname = '{PRINTED}'",
                    literal(&table.to_string())
                ),
            ),
            Printed::Index(name) => (
                format!("ALTER INDEX IF EXISTS {name} RENAME TO {PRINTED}; {text}"),
                format!(
                    "SELECT pg_get_indexdef({}::regclass)",
                    literal(&name.to_string())
                ),
            ),
            Printed::Default(table, column) => (
                format!(
                    "ALTER TABLE {table} ALTER COLUMN {} SET DEFAULT {text}",
                    quoted(&column.name)
                ),
                expression_of(table, &column.name),
            ),
            Printed::Generated(table, column) => (
                format!(
                    "ALTER TABLE {table} ADD COLUMN {PRINTED} {} GENERATED ALWAYS AS ({text}) STORED",
                    column.type_name
                ),
                expression_of(table, PRINTED),
            ),
        };
        client.batch_execute(&create).await?;
        Ok(client.query_typed_one(&print, &[]).await?.try_get(0)?)
    }
}

fn expression_of(table: &TableName, column: &str) -> String {
    format!(
        "SELECT pg_get_expr(d.adbin, d.adrelid)
        FROM pg_catalog.pg_attrdef AS d
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE d.adrelid = {}::regclass AND a.attname = {}",
        literal(&table.to_string()),
        literal(column)
    )
}
