//! Deleting the rows that `pg_temp.seedrow_removed` names: by their addresses, or, where these aren't their own, by their
//! keys.

use anyhow::{Context, Result};
use tokio_postgres::Transaction;

use crate::load::constraints::conditions::{all_not_null, text_array};
use crate::postgres::TableName;
use crate::postgres::catalog::{Column, ColumnDefault};
use crate::postgres::name::quoted_list;

/// How rows are deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// By `ctid`, in the column `place`.
    ByAddress,
    /// All rows with a key of these columns that occurs more than once are deleted, and the first of each inserted again.
    ByKey(Vec<String>),
}

impl Deletion {
    /// Deletes them.
    pub async fn run(
        &self,
        transaction: &Transaction<'_>,
        table: &TableName,
        columns: &[Column],
    ) -> Result<()> {
        let sql = match self {
            Deletion::ByAddress => format!(
                "DELETE FROM {table} AS t USING pg_temp.seedrow_removed AS r WHERE t.ctid = r.place"
            ),
            Deletion::ByKey(key) => keep_first(table, key, &insertable(columns)),
        };
        Ok(transaction.batch_execute(&sql).await?)
    }
}

/// Gathers the key of each row but the first in `pg_temp.seedrow_removed`, and the keys themselves in
/// `pg_temp.seedrow_repeated`. Rows with one key are in one shard, since a unique key has the distribution column.
pub async fn find_repeated_keys(
    transaction: &Transaction<'_>,
    table: &TableName,
    columns: &[String],
) -> Result<()> {
    let (list, present) = (quoted_list(columns), all_not_null("", columns));
    let sql = format!(
        "CREATE TEMPORARY TABLE seedrow_repeated ON COMMIT DROP AS
        SELECT {list}, count(*) AS seedrow_rows
        FROM {table}
        WHERE {present}
        GROUP BY {list}
        HAVING count(*) > 1;
        CREATE TEMPORARY TABLE seedrow_removed ON COMMIT DROP AS
        SELECT {} AS key
        FROM pg_temp.seedrow_repeated AS t
        CROSS JOIN generate_series(2, t.seedrow_rows)",
        text_array("t.", columns)
    );
    transaction
        .batch_execute(&sql)
        .await
        .with_context(|| format!("could not find the duplicates of {table}"))
}

/// COPY keeps the file's order within a shard, and so does `ctid`.
fn keep_first(table: &TableName, columns: &[String], insertable: &[String]) -> String {
    let (key, all) = (quoted_list(columns), quoted_list(insertable));
    format!(
        "CREATE TEMPORARY TABLE seedrow_first ON COMMIT DROP AS
        SELECT {all}
        FROM (
            SELECT
                *,
                row_number() OVER (PARTITION BY {key} ORDER BY ctid) AS seedrow_number,
                count(*) OVER (PARTITION BY {key}) AS seedrow_rows
            FROM {table}
            WHERE {}
        ) AS t
        WHERE seedrow_number = 1 AND seedrow_rows > 1;
        DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM pg_temp.seedrow_repeated);
        INSERT INTO {table} ({all}) OVERRIDING SYSTEM VALUE SELECT {all} FROM pg_temp.seedrow_first",
        all_not_null("", columns)
    )
}

/// The columns that an INSERT may fill.
fn insertable(columns: &[Column]) -> Vec<String> {
    let is_stored = |column: &&Column| !matches!(column.default, ColumnDefault::Generated(_));
    let stored = columns.iter().filter(is_stored);
    stored.map(|column| column.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_of_each_key_is_inserted_again() {
        let columns = ["shop", "id"].map(str::to_owned);
        let all = ["shop", "id", "name"].map(str::to_owned);
        let sql = keep_first(&TableName::new("public", "items"), &columns, &all);
        assert!(sql.contains("PARTITION BY shop, id ORDER BY ctid"), "{sql}");
        assert!(
            sql.contains("DELETE FROM public.items WHERE (shop, id) IN"),
            "{sql}"
        );
        assert!(
            sql.contains("(shop, id, name) OVERRIDING SYSTEM VALUE"),
            "{sql}"
        );
    }
}
