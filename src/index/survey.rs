//! Every foreign key of a database with its verdict, and what to build for those without an index.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Result, bail};
use tokio_postgres::GenericClient;

use super::coverage::{CoverageVerdict, index_bytes, verdict};
use super::plan::{Existing, Proposal, propose};
use crate::dataset::Waiver;
use crate::postgres::catalog::{self, ForeignKey, Index, KeyComparison, Scope};
use crate::postgres::name::{quoted, quoted_list};
use crate::postgres::placements::{Placements, ShardSizes};

/// The rule that a key without an index breaks.
pub const NOT_INDEXED: &str = "fk-not-indexed";

/// A foreign key and how well it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexCoverage {
    /// The key.
    pub foreign_key: ForeignKey,
    /// How well its table's indexes serve it.
    pub verdict: CoverageVerdict,
    /// Bytes on disk of the index that the verdict names.
    pub index_bytes: Option<u64>,
}

impl IndexCoverage {
    /// `skus(style_id) → styles(id)`, with schemas where they aren't `home`.
    pub fn shown(&self, home: &str) -> String {
        let key = &self.foreign_key;
        let referenced: Vec<&str> = key
            .referenced_columns
            .iter()
            .map(|c| c.name.as_str())
            .collect();
        format!(
            "{} → {}({})",
            key.shown(home),
            key.referenced.within(home),
            quoted_list(&referenced)
        )
    }
}

/// The foreign keys of a database, and the indexes that they lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// All foreign keys, by table and columns.
    pub keys: Vec<IndexCoverage>,
    /// The fewest indexes that would cover those that aren't, by table.
    pub proposals: Vec<Proposal>,
    /// Indexes that are there and are just what would be proposed, and that don't serve their keys.
    pub useless: Vec<Proposal>,
    /// The schema that messages leave out: the one asked for, else the connection's own.
    pub home: String,
}

impl Survey {
    /// The keys that no index covers, though one should.
    pub fn missing(&self) -> impl Iterator<Item = &IndexCoverage> {
        self.keys.iter().filter(|key| key.verdict.is_missing())
    }

    /// The missing ones that no index can cover.
    pub fn unservable(&self) -> impl Iterator<Item = &IndexCoverage> {
        self.missing()
            .filter(|key| !can_be_indexed(&key.foreign_key))
    }

    /// The index that would cover this key, when it needs one.
    pub fn proposal_for(&self, key: &ForeignKey) -> Option<&Proposal> {
        self.proposals
            .iter()
            .find(|p| p.table == key.table && p.serves.contains(&key.name))
    }
}

/// Gives a verdict on every foreign key of the database, whatever created its tables, or of one schema's tables.
/// A key that isn't covered and that a waiver names needs no index.
/// Refuses a schema that doesn't exist: nothing would be found in it.
pub async fn survey(
    client: &impl GenericClient,
    schema: Option<&str>,
    waivers: &[Waiver],
    shards: &ShardSizes,
) -> Result<Survey> {
    if let Some(schema) = schema {
        ensure_schema_exists(client, schema).await?;
    }
    let scope = Scope::schema_or_database(schema);
    let foreign_keys = catalog::foreign_keys_compared(client, scope).await?;
    // A partition, and its index, may be in another schema.
    let mut indexes = catalog::indexes(client, Scope::Database).await?;
    let placements = shards.read(client).await?;
    indexes
        .iter_mut()
        .for_each(|it| placements.complete_index(it));
    let home = match schema {
        Some(schema) => Some(schema.to_owned()),
        None => catalog::current_schema(client).await?,
    };
    let home = home.unwrap_or_default();
    let coverage = |foreign_key: ForeignKey| {
        let verdict = verdict(&foreign_key, &indexes);
        let on = foreign_key.shown(&home);
        let waiver = waivers.iter().find(|it| it.covers(NOT_INDEXED, &on, &home));
        let verdict = match (verdict.is_covered(), waiver) {
            (false, Some(waiver)) => CoverageVerdict::Waived {
                reason: waiver.reason.clone(),
            },
            _ => verdict,
        };
        IndexCoverage {
            index_bytes: index_bytes(&foreign_key, &verdict, &indexes),
            foreign_key,
            verdict,
        }
    };
    let keys: Vec<IndexCoverage> = foreign_keys.into_iter().map(coverage).collect();
    let proposals = proposals(client, &keys, &indexes, scope, &placements).await?;
    let is_useless = |it: &Proposal| it.existing == Existing::Useless;
    let (useless, proposals) = proposals.into_iter().partition(is_useless);
    Ok(Survey {
        proposals,
        useless,
        keys,
        home,
    })
}

/// Whether an index can serve the key's lookup.
fn can_be_indexed(key: &ForeignKey) -> bool {
    key.comparisons.iter().all(KeyComparison::can_be_indexed)
}

async fn ensure_schema_exists(client: &impl GenericClient, schema: &str) -> Result<()> {
    if catalog::schema_exists(client, schema).await? {
        return Ok(());
    }
    let names = catalog::schema_names(client).await?;
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let there = match names.is_empty() {
        true => "the database has none".to_owned(),
        false => format!("it has {}", names.join(", ")),
    };
    bail!("there is no schema {}; {there}", quoted(schema))
}

async fn proposals(
    client: &impl GenericClient,
    keys: &[IndexCoverage],
    indexes: &[Index],
    scope: Scope<'_>,
    placements: &Placements,
) -> Result<Vec<Proposal>> {
    let missing: Vec<&ForeignKey> = keys
        .iter()
        .filter(|key| key.verdict.is_missing())
        .map(|key| &key.foreign_key)
        .filter(|key| can_be_indexed(key))
        .collect();
    let mut tables = catalog::tables(client, scope).await?;
    tables
        .iter_mut()
        .for_each(|it| placements.complete_table(it));
    let mut taken = HashMap::new();
    let schemas: BTreeSet<&String> = missing.iter().map(|key| &key.table.schema).collect();
    for schema in schemas {
        let names = catalog::relation_names(client, schema).await?;
        taken.insert(schema.clone(), names);
    }
    Ok(propose(&missing, &tables, indexes, &mut taken))
}

/// Sample values for the tests of this module and of those that use it.
#[cfg(test)]
pub mod samples {
    use crate::postgres::TableName;
    use crate::postgres::catalog::{ForeignKey, Index, KeyColumn, KeyComparison, OnDelete};

    fn key_column(number: i16) -> KeyColumn {
        KeyColumn {
            name: format!("c{number}"),
            number,
        }
    }

    /// A key on `public.child`, its columns named `c` and their number.
    pub fn foreign_key(columns: &[i16]) -> ForeignKey {
        let columns: Vec<KeyColumn> = columns.iter().copied().map(key_column).collect();
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        ForeignKey {
            oid: 1,
            name: format!("child_{}_fkey", names.join("_")),
            table: TableName::new("public", "child"),
            table_oid: 10,
            referenced: TableName::new("public", "parent"),
            referenced_oid: 20,
            referenced_columns: columns.clone(),
            comparisons: vec![
                KeyComparison {
                    families: vec![1976],
                    collation: 100,
                    collate: None,
                    index_collate: None,
                    operator: "OPERATOR(pg_catalog.=)".to_owned(),
                    type_name: "integer".to_owned(),
                    parameter_cast: None,
                    cast: None,
                    by_expression: false,
                    needs_expression: false,
                    expressions: Vec::new(),
                    plain: true,
                };
                columns.len()
            ],
            columns,
            partitions: Vec::new(),
            enforced: true,
            validated: true,
            on_delete: OnDelete::NoAction,
            definition: String::new(),
        }
    }

    /// A btree index on `public.child`.
    pub fn index(name: &str, key_columns: &[i16]) -> Index {
        Index {
            oid: 30,
            name: name.to_owned(),
            table: TableName::new("public", "child"),
            table_oid: 10,
            method: "btree".to_owned(),
            unique: false,
            valid: true,
            ready: true,
            live: true,
            key_columns: key_columns.to_vec(),
            families: vec![1976; key_columns.len()],
            collations: vec![100; key_columns.len()],
            expressions: key_columns
                .iter()
                .map(|number| (*number == 0).then(|| "lower(c9)".to_owned()))
                .collect(),
            predicate: None,
            backs: None,
            bytes: 8192,
            definition: String::new(),
        }
    }
}
