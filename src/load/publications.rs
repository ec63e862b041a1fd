//! The publications of the tables to be loaded: subscribers get every row, and each TRUNCATE by itself.

use anyhow::{Context, Result};
use indicatif::HumanBytes;
use tokio_postgres::GenericClient;

use crate::load::table::size::ExpectedSize;
use crate::load::table::target::TargetTable;
use crate::units::counted;

/// The publications that replicate rows of the tables; none where the server keeps no log for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publications {
    publications: Vec<Publication>,
    /// Logical replication slots of this database.
    slots: u64,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Publication {
    name: String,
    /// FOR ALL TABLES: the ledger's too.
    all_tables: bool,
    /// Whether it replicates TRUNCATE.
    truncates: bool,
    /// Those of the tables that it is about, as `pg_class.oid`.
    tables: Vec<u32>,
}

impl Publications {
    /// Reads those of some tables and of their partitions.
    pub async fn read(
        client: &impl GenericClient,
        targets: &[TargetTable],
    ) -> Result<Publications> {
        let oids: Vec<u32> = targets.iter().flat_map(TargetTable::oids).collect();
        let rows = client
            .query(include_str!("sql/publications.sql"), &[&oids])
            .await
            .context("could not read the tables' publications")?;
        let mut found = Publications::default();
        for row in rows {
            found.slots = row.try_get::<_, i64>("slots")?.cast_unsigned();
            found.publications.push(Publication {
                name: row.try_get("name")?,
                all_tables: row.try_get("all_tables")?,
                truncates: row.try_get("truncates")?,
                tables: row.try_get("tables")?,
            });
        }
        Ok(found)
    }

    /// Whether a table's TRUNCATE is replicated. A subscriber refuses that of a table alone that a foreign key references.
    pub fn truncate(&self, target: &TargetTable) -> bool {
        let mut oids = target.oids();
        let truncating = self.publications.iter().filter(|it| it.truncates);
        let published: Vec<u32> = truncating.flat_map(|it| it.tables.clone()).collect();
        oids.any(|oid| published.contains(&oid))
    }

    /// What is to be known before the first row: what each replicates, and what a subscriber needs.
    /// `expected` are the rows of all tables and their size.
    pub fn notes(
        &self,
        targets: &[TargetTable],
        expected: Option<(u64, ExpectedSize)>,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        for publication in &self.publications {
            let is_published = |target: &&TargetTable| {
                let mut oids = target.oids();
                oids.any(|oid| publication.tables.contains(&oid))
            };
            let published = targets.iter().filter(is_published).count();
            let whole = published == targets.len();
            let rows = match expected.filter(|_| whole) {
                Some((rows, size)) => {
                    format!(
                        "{}, about {} of WAL",
                        counted(rows, "row"),
                        HumanBytes(size.wal)
                    )
                }
                None => "every row that is loaded into them".to_owned(),
            };
            notes.push(format!(
                "publication {} replicates {published} of {}: {rows}, to {}",
                publication.name,
                counted(targets.len() as u64, "table"),
                counted(self.slots, "replication slot")
            ));
            if publication.all_tables {
                notes.push(format!(
                    "publication {} is FOR ALL TABLES and replicates seedrow's ledger, too; a subscriber stops at \"relation \
                     seedrow.loads does not exist\" until it has its tables: pg_dump --schema-only --schema seedrow \
                     PUBLISHER | psql SUBSCRIBER",
                    publication.name
                ));
            }
        }
        notes
    }
}
