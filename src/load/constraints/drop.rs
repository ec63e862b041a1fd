//! Constraints and indexes are dropped for the load and put back after it, where that can be done to the letter.
//!
//! Rows go in several times faster without keys, and an index is built faster from a full table than row by row. What
//! a definition cannot hold (comments, storage parameters, …) keeps its constraint in place; see `sql/keys.sql`.

use std::collections::HashSet;

use anyhow::{Context, Result};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::load::ledger::{self, Lifted};
use crate::postgres::TableName;
use crate::postgres::name::quoted;

/// A key or another index of a loaded table, or a foreign key that refers to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `pg_constraint.oid`.
    pub oid: u32,
    /// Its table's oid.
    pub table_oid: u32,
    /// For a foreign key: the table it refers to, else 0.
    pub referenced_oid: u32,
    /// The index that is its means, or that a foreign key refers to.
    pub index_oid: u32,
    /// What it takes to put it back.
    pub lifted: Lifted,
    /// What stands against dropping it.
    pub obstacle: Option<String>,
}

/// Which keys are dropped and which stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Foreign keys first, so that keys have nothing left that depends on them.
    pub lift: Vec<Key>,
    /// With the reason.
    pub stay: Vec<(Key, String)>,
}

/// The keys and other indexes of the tables, and the foreign keys of any table that refer to them.
pub async fn keys(client: &impl GenericClient, tables: &[u32]) -> Result<Vec<Key>> {
    let mut rows = Vec::new();
    for sql in [
        include_str!("sql/keys.sql"),
        include_str!("sql/plain_indexes.sql"),
    ] {
        let found = client.query(sql, &[&tables]).await;
        rows.extend(found.context("could not read the tables' keys and indexes")?);
    }
    let key = |row: &tokio_postgres::Row| {
        let (schema, table): (String, String) =
            (row.try_get("schema_name")?, row.try_get("table_name")?);
        Ok(Key {
            oid: row.try_get("oid")?,
            table_oid: row.try_get("table_oid")?,
            referenced_oid: row.try_get("referenced_oid")?,
            index_oid: row.try_get("index_oid")?,
            lifted: Lifted {
                table: TableName::new(schema, table),
                name: row.try_get("name")?,
                kind: row.try_get("kind")?,
                definition: row.try_get("definition")?,
                validated: row.try_get("validated")?,
            },
            obstacle: row.try_get("obstacle")?,
        })
    };
    rows.iter().map(key).collect()
}

/// The same under a search path that makes definitions name schemas.
pub async fn keys_as_written(client: &Transaction<'_>, tables: &[u32]) -> Result<Vec<Key>> {
    let path: String = client
        .query_one("SHOW search_path", &[])
        .await?
        .try_get(0)?;
    client
        .batch_execute("SET LOCAL search_path = pg_catalog")
        .await?;
    let keys = keys(client, tables).await;
    client
        .execute("SELECT set_config('search_path', $1, true)", &[&path])
        .await?;
    keys
}

/// Decides; `full` are tables outside the load that hold rows, whose foreign keys stay.
pub fn choose(keys: Vec<Key>, full: &HashSet<u32>) -> Choice {
    let mut choice = Choice::default();
    let (foreign, own): (Vec<Key>, Vec<Key>) =
        keys.into_iter().partition(|key| key.lifted.is_foreign());
    for mut key in foreign {
        let reason = match key.obstacle.take() {
            None if full.contains(&key.table_oid) => {
                Some("its table holds rows and is not loaded now".to_owned())
            }
            reason => reason,
        };
        choice.put(key, reason);
    }
    for mut key in own {
        let leaning = choice
            .stay
            .iter()
            .find(|(foreign, _)| foreign.index_oid == key.index_oid);
        let reason = match (key.obstacle.take(), leaning) {
            (None, Some((foreign, _))) => {
                Some(format!("{} refers to it and stays", foreign.lifted.name))
            }
            (reason, _) => reason,
        };
        choice.put(key, reason);
    }
    choice
}

/// Drops none of them: rows are added to a table that has them.
pub fn keep(keys: Vec<Key>) -> Choice {
    let reason = |key| (key, "rows are added to those that are there".to_owned());
    Choice {
        lift: Vec::new(),
        stay: keys.into_iter().map(reason).collect(),
    }
}

impl Choice {
    fn put(&mut self, key: Key, reason: Option<String>) {
        match reason {
            Some(reason) => self.stay.push((key, reason)),
            None => self.lift.push(key),
        }
    }

    /// The keys to be dropped as the ledger notes them; `unvalidated` are foreign keys that an earlier load left NOT
    /// VALID, which are validated again.
    pub fn to_lift(&self, unvalidated: &[(TableName, String)]) -> Vec<Lifted> {
        let noted = |key: &Key| {
            let mut lifted = key.lifted.clone();
            lifted.validated |= unvalidated
                .iter()
                .any(|(table, name)| *table == lifted.table && *name == lifted.name);
            lifted
        };
        self.lift.iter().map(noted).collect()
    }

    /// The tables outside the load whose foreign keys stay.
    pub fn outsiders(&self, inside: &[u32]) -> Vec<&TableName> {
        let foreign = self.stay.iter().map(|(key, _)| key);
        foreign
            .filter(|key| key.lifted.is_foreign() && !inside.contains(&key.table_oid))
            .map(|key| &key.lifted.table)
            .collect()
    }

    /// How many keys and foreign keys stand on a table.
    pub fn keys_on(&self, table: u32) -> usize {
        let keys = self.lift.iter().chain(self.stay.iter().map(|(key, _)| key));
        keys.filter(|key| key.table_oid == table).count()
    }

    /// Whether a foreign key stays that refers to this table from another one, so that it cannot be truncated alone.
    pub fn is_referred_to(&self, table: u32) -> bool {
        self.stay.iter().any(|(key, _)| {
            key.lifted.is_foreign() && key.referenced_oid == table && key.table_oid != table
        })
    }

    /// Whether a foreign key stays between loaded tables, so that parents must be loaded first.
    pub fn has_order(&self) -> bool {
        self.stay.iter().any(|(key, _)| key.lifted.is_foreign())
    }
}

/// Drops a constraint, within the transaction that notes it in the ledger.
pub async fn drop_constraint(
    client: &impl GenericClient,
    schema: &str,
    lifted: &Lifted,
) -> Result<()> {
    ledger::note_lifted(client, schema, lifted).await?;
    client
        .batch_execute(&dropping_statement(lifted))
        .await
        .with_context(|| format!("could not drop {} for the load", lifted.name))
}

fn dropping_statement(lifted: &Lifted) -> String {
    let Lifted { table, name, .. } = lifted;
    if lifted.is_plain_index() {
        return format!("DROP INDEX {}", TableName::new(&table.schema, name));
    }
    format!("ALTER TABLE {table} DROP CONSTRAINT {}", quoted(name))
}

/// Puts a constraint back, a foreign key NOT VALID, and enters that in the ledger: in one transaction.
pub async fn restore(client: &mut Client, lifted: &Lifted) -> Result<()> {
    let transaction = client.transaction().await?;
    put_back(&transaction, lifted).await?;
    transaction.commit().await?;
    Ok(())
}

/// The same within a transaction.
pub async fn put_back(transaction: &Transaction<'_>, lifted: &Lifted) -> Result<()> {
    transaction
        .batch_execute(&restoring_statement(lifted))
        .await?;
    ledger::note_restored(transaction, lifted).await?;
    if lifted.is_foreign() && lifted.validated {
        ledger::note_validated(transaction, &lifted.table, &lifted.name, false).await?;
    }
    Ok(())
}

/// `CREATE INDEX …` or `ALTER TABLE … ADD CONSTRAINT …`, of a foreign key NOT VALID.
pub fn restoring_statement(lifted: &Lifted) -> String {
    if lifted.is_plain_index() {
        return lifted.definition.clone();
    }
    let Lifted {
        table,
        name,
        definition,
        ..
    } = lifted;
    let open = if lifted.is_foreign() && !definition.ends_with(" NOT VALID") {
        " NOT VALID"
    } else {
        ""
    };
    format!(
        "ALTER TABLE {table} ADD CONSTRAINT {} {definition}{open}",
        quoted(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str, table: u32, referenced: u32, index: u32) -> Key {
        Key {
            oid: table * 10 + index,
            table_oid: table,
            referenced_oid: referenced,
            index_oid: index,
            lifted: Lifted {
                table: TableName::new("public", format!("t{table}")),
                name: format!("{kind}{table}"),
                kind: kind.into(),
                definition: "…".into(),
                validated: true,
            },
            obstacle: None,
        }
    }

    #[test]
    fn everything_plain_is_lifted_foreign_keys_first() {
        let choice = choose(vec![key("p", 1, 0, 7), key("f", 2, 1, 7)], &HashSet::new());
        let names: Vec<&str> = choice
            .lift
            .iter()
            .map(|key| key.lifted.name.as_str())
            .collect();
        assert_eq!(names, ["f2", "p1"]);
        assert!(!choice.is_referred_to(1));
    }

    #[test]
    fn a_key_stays_while_a_foreign_key_leans_on_it() {
        let choice = choose(
            vec![key("p", 1, 0, 7), key("f", 2, 1, 7), key("p", 2, 0, 8)],
            &HashSet::from([2]),
        );
        let stay: Vec<&str> = choice
            .stay
            .iter()
            .map(|(key, _)| key.lifted.name.as_str())
            .collect();
        assert_eq!(stay, ["f2", "p1"]);
        assert!(choice.is_referred_to(1) && !choice.is_referred_to(2));
    }

    #[test]
    fn an_obstacle_keeps_its_key() {
        let commented = Key {
            obstacle: Some("it has a comment".into()),
            ..key("p", 1, 0, 7)
        };
        let choice = choose(vec![commented], &HashSet::new());
        assert_eq!(choice.stay[0].1, "it has a comment");
    }

    #[test]
    fn a_plain_index_goes_and_comes_by_statements_of_its_own() {
        let mut lifted = key("i", 1, 0, 7).lifted;
        lifted.name = "By name".into();
        lifted.definition = "CREATE INDEX \"By name\" ON public.t1 USING btree (name)".into();
        assert_eq!(dropping_statement(&lifted), "DROP INDEX public.\"By name\"");
        assert_eq!(restoring_statement(&lifted), lifted.definition);
    }

    #[test]
    fn foreign_keys_come_back_not_valid() {
        let mut lifted = key("f", 2, 1, 7).lifted;
        lifted.definition = "FOREIGN KEY (a) REFERENCES public.t1(id)".into();
        assert_eq!(
            restoring_statement(&lifted),
            "ALTER TABLE public.t2 ADD CONSTRAINT f2 FOREIGN KEY (a) REFERENCES public.t1(id) NOT VALID"
        );
        lifted.definition.push_str(" NOT VALID");
        assert!(!restoring_statement(&lifted).ends_with("NOT VALID NOT VALID"));
    }
}
