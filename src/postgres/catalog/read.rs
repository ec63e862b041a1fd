//! The catalog's SQL, one file a question, and how its rows become values.

use std::collections::HashSet;

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{GenericClient, Row};

use super::types::TypeCatalog;
use super::{
    Column, ColumnDefault, Constraint, ConstraintKind, ForeignKey, Index, KeyColumn, KeyComparison,
    OnDelete, Partition, Scope, Table, TableKind,
};
use crate::copy::DataType;
use crate::postgres::name::{TableName, quoted};

/// The tables and views in scope, by schema and name.
pub async fn tables(client: &impl GenericClient, scope: Scope<'_>) -> Result<Vec<Table>> {
    read(
        client,
        include_str!("../sql/tables.sql"),
        scope,
        "tables",
        |row| {
            Ok(Table {
                oid: get(row, "oid")?,
                name: table_name(row, "schema_name", "table_name")?,
                kind: table_kind(get(row, "kind")?),
                root_oid: get(row, "root_oid")?,
                pages: count(row, "pages")?,
                rows: get(row, "rows")?,
                all_visible: count(row, "all_visible")?,
                bytes: count(row, "bytes")?,
            })
        },
    )
    .await
}

/// The columns of the tables in scope, by table and number.
pub async fn columns(client: &impl GenericClient, scope: Scope<'_>) -> Result<Vec<Column>> {
    let sql = include_str!("../sql/columns.sql");
    let with_type = |row: &Row| Ok((column(row)?, get(row, "type_oid")?, get(row, "modifier")?));
    let columns: Vec<(Column, u32, i32)> = read(client, sql, scope, "columns", with_type).await?;
    let oids = columns.iter().map(|(_, oid, _)| *oid).collect();
    let types = TypeCatalog::read(client, oids).await?;
    let resolved = columns.into_iter().map(|(column, oid, modifier)| Column {
        data_type: types.resolve(oid, modifier),
        ..column
    });
    Ok(resolved.collect())
}

/// A column whose type isn't resolved yet.
fn column(row: &Row) -> Result<Column> {
    Ok(Column {
        table: get(row, "table_oid")?,
        name: get(row, "name")?,
        number: get(row, "number")?,
        type_name: get(row, "type_name")?,
        data_type: DataType::UNRESOLVED,
        not_null: get(row, "not_null")?,
        default: column_default(row)?,
    })
}

/// The foreign keys on the tables in scope, by table and columns; their comparisons aren't read.
pub async fn foreign_keys(
    client: &impl GenericClient,
    scope: Scope<'_>,
) -> Result<Vec<ForeignKey>> {
    read(
        client,
        include_str!("../sql/foreign_keys.sql"),
        scope,
        "foreign keys",
        |row| {
            Ok(ForeignKey {
                oid: get(row, "oid")?,
                name: get(row, "name")?,
                table: table_name(row, "schema_name", "table_name")?,
                table_oid: get(row, "table_oid")?,
                columns: key_columns(row, "columns", "numbers")?,
                referenced: table_name(row, "referenced_schema", "referenced_table")?,
                referenced_oid: get(row, "referenced_oid")?,
                referenced_columns: key_columns(row, "referenced_columns", "referenced_numbers")?,
                comparisons: Vec::new(),
                partitions: partitions(row)?,
                enforced: get(row, "enforced")?,
                validated: get(row, "validated")?,
                on_delete: on_delete(get(row, "on_delete")?),
                definition: get(row, "definition")?,
            })
        },
    )
    .await
}

/// The same with their comparisons, which take the server longer to plan than all the rest.
pub async fn foreign_keys_compared(
    client: &impl GenericClient,
    scope: Scope<'_>,
) -> Result<Vec<ForeignKey>> {
    let mut keys = foreign_keys(client, scope).await?;
    if keys.is_empty() {
        return Ok(keys);
    }
    let oids: Vec<u32> = keys.iter().map(|key| key.oid).collect();
    let rows = client
        .query_typed(
            include_str!("../sql/key_comparisons.sql"),
            &[(&oids, Type::OID_ARRAY)],
        )
        .await
        .context("could not read how the database's foreign keys compare")?;
    for row in &rows {
        let oid: u32 = get(row, "oid")?;
        if let Some(key) = keys.iter_mut().find(|key| key.oid == oid) {
            key.comparisons = comparisons(row)?;
        }
    }
    // One that has none was dropped between the two queries.
    keys.retain(|key| !key.comparisons.is_empty());
    Ok(keys)
}

/// The primary, unique, check and exclusion constraints on the tables in scope, by table.
pub async fn constraints(client: &impl GenericClient, scope: Scope<'_>) -> Result<Vec<Constraint>> {
    read(
        client,
        include_str!("../sql/constraints.sql"),
        scope,
        "constraints",
        |row| {
            Ok(Constraint {
                oid: get(row, "oid")?,
                name: get(row, "name")?,
                kind: constraint_kind(get(row, "kind")?),
                table: table_name(row, "schema_name", "table_name")?,
                table_oid: get(row, "table_oid")?,
                columns: get(row, "columns")?,
                validated: get(row, "validated")?,
                definition: get(row, "definition")?,
            })
        },
    )
    .await
}

/// The indexes on the tables in scope, by table and name.
pub async fn indexes(client: &impl GenericClient, scope: Scope<'_>) -> Result<Vec<Index>> {
    read(
        client,
        include_str!("../sql/indexes.sql"),
        scope,
        "indexes",
        |row| {
            let numbers: Vec<i16> = get(row, "numbers")?;
            let key_count = usize::try_from(get::<i16>(row, "key_count")?)?;
            Ok(Index {
                oid: get(row, "oid")?,
                name: get(row, "name")?,
                table: table_name(row, "schema_name", "table_name")?,
                table_oid: get(row, "table_oid")?,
                method: get(row, "method")?,
                unique: get(row, "is_unique")?,
                valid: get(row, "valid")?,
                ready: get(row, "ready")?,
                live: get(row, "live")?,
                key_columns: numbers.into_iter().take(key_count).collect(),
                families: get(row, "families")?,
                collations: get(row, "collations")?,
                expressions: get(row, "expressions")?,
                predicate: get(row, "predicate")?,
                backs: get(row, "backs")?,
                bytes: count(row, "bytes")?,
                definition: get(row, "definition")?,
            })
        },
    )
    .await
}

/// The key columns of a table's b-tree indexes that can be used for all of its rows; 0 stands for an expression.
pub async fn btree_keys(client: &impl GenericClient, table: u32) -> Result<Vec<Vec<i16>>> {
    let sql = "SELECT i.indkey::int2[], i.indnkeyatts
        FROM pg_index AS i
        JOIN pg_class AS x ON x.oid = i.indexrelid
        JOIN pg_am AS m ON m.oid = x.relam
        WHERE i.indrelid = $1
            AND i.indisvalid AND i.indisready AND i.indislive
            AND i.indpred IS NULL
            AND m.amname = 'btree'";
    let rows = client
        .query_typed(sql, &[(&table, Type::OID)])
        .await
        .context("could not read a table's indexes")?;
    let key = |row: &Row| {
        let mut columns: Vec<i16> = row.try_get(0)?;
        columns.truncate(usize::try_from(row.try_get::<_, i16>(1)?)?);
        Ok(columns)
    };
    rows.iter().map(key).collect()
}

/// Whether an index of the table alone on this column allows each of its values once.
pub async fn is_unique(client: &impl GenericClient, table: u32, column: i16) -> Result<bool> {
    let sql = "SELECT EXISTS (
            SELECT
            FROM pg_index AS i
            WHERE i.indrelid = $1
                AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive
                AND i.indpred IS NULL
                AND i.indnkeyatts = 1 AND i.indkey[0] = $2
        )";
    let row = client
        .query_typed_one(sql, &[(&table, Type::OID), (&column, Type::INT2)])
        .await
        .context("could not read a table's unique indexes")?;
    Ok(row.try_get(0)?)
}

/// Every name taken among a schema's tables, views, indexes and sequences, which share one space.
pub async fn relation_names(client: &impl GenericClient, schema: &str) -> Result<HashSet<String>> {
    let sql = "SELECT c.relname::text
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1";
    let rows = client
        .query_typed(sql, &[(&schema, Type::TEXT)])
        .await
        .with_context(|| {
            format!(
                "could not read the names taken in schema {}",
                quoted(schema)
            )
        })?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A table's schema and name, quoted.
pub async fn name_of(client: &impl GenericClient, table: u32) -> Result<String> {
    let sql = "SELECT format('%I.%I', n.nspname, t.relname)
        FROM pg_class AS t
        JOIN pg_namespace AS n ON n.oid = t.relnamespace
        WHERE t.oid = $1";
    let row = client
        .query_typed_one(sql, &[(&table, Type::OID)])
        .await
        .context("could not look up a table's name")?;
    Ok(row.try_get(0)?)
}

/// The table of this name, unquoted, in the schema given or else where the search path finds it.
pub async fn find(
    client: &impl GenericClient,
    schema: Option<&str>,
    name: &str,
) -> Result<Option<u32>> {
    let found = find_all(client, schema, &[name]).await?;
    Ok(found.into_iter().next().flatten())
}

/// The same for several names at once, in their order.
pub async fn find_all(
    client: &impl GenericClient,
    schema: Option<&str>,
    names: &[&str],
) -> Result<Vec<Option<u32>>> {
    let written = |name: &&str| match schema {
        Some(schema) => TableName::new(schema, *name).to_string(),
        None => quoted(name),
    };
    let written: Vec<String> = names.iter().map(written).collect();
    let sql = "SELECT to_regclass(name)::oid
        FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
        ORDER BY place";
    let rows = client
        .query_typed(sql, &[(&written, Type::TEXT_ARRAY)])
        .await
        .with_context(|| match written.as_slice() {
            [name] => format!("could not look up table {name}"),
            _ => format!("could not look up tables {}", written.join(", ")),
        })?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The first schema of the connection's search path that exists: where a bare name is made.
pub async fn current_schema(client: &impl GenericClient) -> Result<Option<String>> {
    let row = client
        .query_typed_one("SELECT current_schema()::text", &[])
        .await
        .context("could not read the current schema")?;
    Ok(row.try_get(0)?)
}

/// Whether there is a schema of this name, unquoted.
pub async fn schema_exists(client: &impl GenericClient, schema: &str) -> Result<bool> {
    let row = client
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)",
            &[&schema],
        )
        .await
        .with_context(|| format!("could not look up schema {}", quoted(schema)))?;
    Ok(row.try_get(0)?)
}

/// The schemas that may hold user tables, by name: not the system's, nor seedrow's ledger.
pub async fn schema_names(client: &impl GenericClient) -> Result<Vec<String>> {
    let sql = "SELECT nspname::text
        FROM pg_namespace
        WHERE nspname NOT IN ('information_schema', 'seedrow') AND nspname NOT LIKE 'pg\\_%'
        ORDER BY nspname";
    let rows = client
        .query_typed(sql, &[])
        .await
        .context("could not read the schemas' names")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Bytes in one page of this server: 8,192 unless it was compiled otherwise.
pub async fn block_bytes(client: &impl GenericClient) -> Result<u64> {
    let row = client
        .query_typed_one("SELECT current_setting('block_size')::int8", &[])
        .await
        .context("could not read the server's block size")?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
}

pub(super) async fn read<T>(
    client: &impl GenericClient,
    sql: &str,
    scope: Scope<'_>,
    what: &str,
    value: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    let (schema, tables) = match scope {
        Scope::Database => (None, None),
        Scope::Schema(name) => (Some(name), None),
        Scope::Tables(oids) => (None, Some(oids)),
    };
    let rows = client
        .query_typed(sql, &[(&schema, Type::TEXT), (&tables, Type::OID_ARRAY)])
        .await
        .with_context(|| format!("could not read the database's {what}"))?;
    rows.iter().map(value).collect()
}

pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, name: &str) -> Result<T> {
    row.try_get(name)
        .with_context(|| format!("could not read the catalog's {name}"))
}

/// A count that the catalog stores signed: -1 means "not known yet".
fn count(row: &Row, name: &str) -> Result<u64> {
    Ok(u64::try_from(get::<i64>(row, name)?).unwrap_or(0))
}

fn table_name(row: &Row, schema: &str, name: &str) -> Result<TableName> {
    Ok(TableName::new(
        get::<String>(row, schema)?,
        get::<String>(row, name)?,
    ))
}

fn key_columns(row: &Row, names: &str, numbers: &str) -> Result<Vec<KeyColumn>> {
    let names: Vec<String> = get(row, names)?;
    let numbers: Vec<i16> = get(row, numbers)?;
    let columns = names.into_iter().zip(numbers);
    Ok(columns
        .map(|(name, number)| KeyColumn { name, number })
        .collect())
}

fn comparisons(row: &Row) -> Result<Vec<KeyComparison>> {
    let json: &str = get(row, "comparisons")?;
    serde_json::from_str(json).context("could not read the catalog's comparisons")
}

fn partitions(row: &Row) -> Result<Vec<Partition>> {
    #[derive(Deserialize)]
    struct Part {
        oid: u32,
        schema: String,
        name: String,
        numbers: Vec<i16>,
    }
    let json: Option<&str> = get(row, "partitions")?;
    let parts: Vec<Part> = serde_json::from_str(json.unwrap_or("[]"))
        .context("could not read the catalog's partitions")?;
    let partition = |part: Part| Partition {
        table_oid: part.oid,
        table: TableName::new(part.schema, part.name),
        numbers: part.numbers,
    };
    Ok(parts.into_iter().map(partition).collect())
}

fn table_kind(letter: &str) -> TableKind {
    match letter {
        "p" => TableKind::Partitioned,
        "f" => TableKind::Foreign,
        "v" => TableKind::View,
        "m" => TableKind::MaterializedView,
        _ => TableKind::Ordinary,
    }
}

fn column_default(row: &Row) -> Result<ColumnDefault> {
    let expression: Option<String> = get(row, "expression")?;
    Ok(
        match (get(row, "identity")?, get(row, "generated")?, expression) {
            ("a", _, _) => ColumnDefault::IdentityAlways,
            ("d", _, _) => ColumnDefault::IdentityByDefault,
            (_, "", Some(expression)) => ColumnDefault::Expression(expression),
            (_, _, Some(expression)) => ColumnDefault::Generated(expression),
            (_, _, None) => ColumnDefault::Nothing,
        },
    )
}

fn on_delete(letter: &str) -> OnDelete {
    match letter {
        "r" => OnDelete::Restrict,
        "c" => OnDelete::Cascade,
        "n" => OnDelete::SetNull,
        "d" => OnDelete::SetDefault,
        _ => OnDelete::NoAction,
    }
}

fn constraint_kind(letter: &str) -> ConstraintKind {
    match letter {
        "p" => ConstraintKind::PrimaryKey,
        "u" => ConstraintKind::Unique,
        "x" => ConstraintKind::Exclusion,
        _ => ConstraintKind::Check,
    }
}
