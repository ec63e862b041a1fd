//! Checks the plans of all reads: every foreign key's lookup, and the dataset's queries.

use std::time::Duration;

use anyhow::Result;
use tokio_postgres::Client;

use super::evidence::Evidence;
use super::finding::{Finding, Severity};
use super::fk_lookup::Read;
use super::maintenance::{self, MaintenanceState};
use super::measure::{TIMED_EXECUTIONS, Warmup};
use super::parameter_values::SampleCache;
use super::plan_stability;
use super::prove::{self, CheckToProve};
use super::read_check::{CheckedRead, ReadCheck};
use super::report::{Check, SkippedCheck, Subject};
use super::rules::Facts;
use super::settings::{CheckSettings, Suite};
use crate::index::{CoverageVerdict, IndexCoverage, Survey};
use crate::postgres::catalog::{self, ForeignKey, Index, Scope, Table};
use crate::postgres::placements::{Placements, ShardSizes};
use crate::postgres::{Capabilities, TableName, cluster};
use crate::progress::{Progress, Unit};
use crate::queries::Query;
use crate::suggestion::TARGET;

/// How often tables are vacuumed at most.
const MAX_VACUUM_ROUNDS: u32 = 3;
/// Between two rounds: the transactions of others end, and their asynchronous commits reach the disk.
const VACUUM_PAUSE: Duration = Duration::from_millis(250);
/// How many executions of lookups are timed in all, and of each at least.
const TIMED_LOOKUP_EXECUTIONS: usize = 7_000;
const MIN_TIMED_EXECUTIONS: usize = 10;
/// Through the coordinator of a cluster an execution takes ten times as long as on one server, or more.
const TIMED_EXECUTIONS_OF_CLUSTER: usize = 20;
/// Few samples are asked for where time matters more than certainty.
const EXECUTIONS_PER_SAMPLE: usize = 10;

/// Checks the plans of lookups and queries.
pub struct Checker<'a> {
    /// The dataset, its queries, the tables to check, and waivers.
    pub suite: &'a Suite,
    /// How they are checked.
    pub settings: &'a CheckSettings,
    /// The foreign keys and their coverage by indexes.
    pub survey: &'a Survey,
    /// The schema asked for.
    pub schema: Option<&'a str>,
    /// What the server can do.
    pub server: Capabilities,
    /// The sizes of shards when the check begins.
    pub shards: &'a ShardSizes,
    /// Where progress is displayed.
    pub progress: &'a Progress,
}

/// The catalog as last read; its parts are read one after the other.
pub struct CatalogSnapshot {
    /// All tables.
    pub tables: Vec<Table>,
    /// All indexes.
    pub indexes: Vec<Index>,
    maintenance: MaintenanceState,
    block_bytes: u64,
    /// The values that reads were run with since.
    sampled: SampleCache,
}

impl CatalogSnapshot {
    /// Adds what the nodes know of distributed tables, whose own files on the coordinator are empty.
    fn add_placements(&mut self, placements: &Placements) {
        for table in &mut self.tables {
            placements.complete_table(table);
        }
        for index in &mut self.indexes {
            placements.complete_index(index);
        }
        self.maintenance.analysed.extend(placements.analysed());
    }
}

impl Checker<'_> {
    /// The checks of all reads, and those that were left out.
    pub async fn check(
        &self,
        client: &mut Client,
        queries: Vec<Query>,
    ) -> Result<(Vec<Check>, Vec<SkippedCheck>)> {
        let reads = self.reads(queries);
        let mut catalog = self.snapshot(client, self.shards).await?;
        if self.settings.settle {
            catalog = self.settle(client, catalog).await?;
        }
        let mut checked: Vec<(&Read, Check, Option<Evidence>)> = Vec::new();
        let mut skipped = Vec::new();
        let task = self
            .progress
            .task("queries", reads.len() as u64, Unit::Queries);
        for read in &reads {
            match self.read_check(read, &catalog).check(client).await? {
                CheckedRead::Checked(it) => checked.push((read, it.0, it.1)),
                CheckedRead::Skipped(reason) => skipped.push(SkippedCheck {
                    name: read.query.name.clone(),
                    reason,
                }),
            }
            task.add(0, 1);
        }
        task.finish();
        if self.settings.settle {
            let mut measured = measured(&mut checked);
            plan_stability::judge(client, &mut measured, self.settings, self.progress).await?;
        }
        if self.settings.prove {
            let measured = measured(&mut checked).into_iter();
            let mut to_prove: Vec<CheckToProve> = measured
                .filter(|(_, check, _)| check.findings.is_empty())
                .map(|(read, check, evidence)| CheckToProve {
                    read_check: self.read_check(read, &catalog),
                    check,
                    evidence,
                })
                .collect();
            prove::prove(client, &mut to_prove, self.progress).await?;
        }
        let mut checks: Vec<Check> = checked.into_iter().map(|(_, check, _)| check).collect();
        if checks.is_empty() && reads.iter().all(|read| read.key.is_some()) {
            checks.extend(self.nothing_to_look_up(&skipped));
        }
        Ok((checks, skipped))
    }

    /// The lookups between the tables wanted, then the queries.
    pub fn reads(&self, queries: Vec<Query>) -> Vec<Read> {
        let is_wanted = |table: &TableName| {
            let wanted = self.suite.tables.as_ref();
            wanted.is_none_or(|wanted| table.is_among(wanted))
        };
        let keys = self.survey.keys.iter().filter(|key| is_looked_up(key));
        let keys = keys.map(|key| &key.foreign_key);
        // Without a dataset, whole keys of the tables named; with one, the parents may be left out of what was loaded.
        let parents = |key: &ForeignKey| self.suite.dataset.is_none() || is_wanted(&key.referenced);
        let keys = keys.filter(|key| is_wanted(&key.table) && parents(key));
        let mut lookups: Vec<Read> = Vec::new();
        for key in keys {
            let lookup = Read::lookup(key, &self.survey.home);
            // Two keys on the same columns have the same lookup.
            if !lookups.iter().any(|it| it.query.name == lookup.query.name) {
                lookups.push(lookup);
            }
        }
        lookups
            .into_iter()
            .chain(queries.into_iter().map(Read::query))
            .collect()
    }

    /// Reads the catalog, once no other session vacuums.
    pub async fn snapshot(&self, client: &Client, shards: &ShardSizes) -> Result<CatalogSnapshot> {
        let mut snapshot = CatalogSnapshot {
            maintenance: maintenance::wait(client, self.progress).await?,
            tables: catalog::tables(client, Scope::Database).await?,
            indexes: catalog::indexes(client, Scope::Database).await?,
            block_bytes: catalog::block_bytes(client).await?,
            sampled: SampleCache::default(),
        };
        if self.server.cluster.is_some() {
            cluster::prepare_plans(client).await?;
        }
        snapshot.add_placements(&shards.read(client).await?);
        Ok(snapshot)
    }

    /// Vacuums and analyses what needs it, of the schema asked for.
    ///
    /// Rows that were committed asynchronously are known as visible to all only once the WAL is on the disk, which the first
    /// round brings about: so it is done twice.
    async fn settle(
        &self,
        client: &Client,
        mut catalog: CatalogSnapshot,
    ) -> Result<CatalogSnapshot> {
        for round in 0..MAX_VACUUM_ROUNDS {
            let facts = self.facts(&catalog);
            let in_schema = |table: &&Table| self.schema.is_none_or(|it| table.name.schema == it);
            let unsettled: Vec<&TableName> = catalog
                .tables
                .iter()
                .filter(in_schema)
                .filter(|table| {
                    maintenance::unsettled(table, &catalog.maintenance, facts).is_some()
                })
                .map(|table| &table.name)
                .collect();
            if unsettled.is_empty() {
                break;
            }
            if round > 0 {
                tokio::time::sleep(VACUUM_PAUSE).await;
            }
            maintenance::settle(client, &unsettled, self.progress).await?;
            let shards = ShardSizes::of(self.server);
            catalog = self.snapshot(client, &shards).await?;
        }
        Ok(catalog)
    }

    fn facts<'w>(&'w self, catalog: &'w CatalogSnapshot) -> Facts<'w> {
        Facts {
            tables: &catalog.tables,
            indexes: &catalog.indexes,
            survey: self.survey,
            block_bytes: catalog.block_bytes,
        }
    }

    /// A read with all that its check needs.
    pub fn read_check<'w>(&'w self, read: &'w Read, catalog: &'w CatalogSnapshot) -> ReadCheck<'w> {
        ReadCheck {
            read,
            wanted: match self.suite.dataset {
                Some(_) => self.suite.tables.as_deref(),
                None => None,
            },
            settings: self.settings,
            facts: self.facts(catalog),
            maintenance: &catalog.maintenance,
            schema: self.schema,
            server: self.server,
            timed_executions: self
                .timed_executions(read)
                .min(EXECUTIONS_PER_SAMPLE * self.settings.sampling.count as usize),
            warmup: match (&read.key, self.timed_executions(read)) {
                (None, _) | (_, TIMED_EXECUTIONS) => Warmup::Execute,
                _ => Warmup::Skip,
            },
            sampled: &catalog.sampled,
        }
    }

    /// A lookup has no budget: of many, each is executed fewer times, so that all together take a few seconds.
    fn timed_executions(&self, read: &Read) -> usize {
        let lookups = self.survey.keys.len().max(1);
        match (&read.key, self.server.cluster) {
            (Some(_), Some(_)) => MIN_TIMED_EXECUTIONS,
            (Some(_), None) => {
                (TIMED_LOOKUP_EXECUTIONS / lookups).clamp(MIN_TIMED_EXECUTIONS, TIMED_EXECUTIONS)
            }
            (None, Some(_)) => TIMED_EXECUTIONS_OF_CLUSTER,
            (None, None) => TIMED_EXECUTIONS,
        }
    }

    /// The finding `no-rows` when every lookup was skipped, which only empty tables cause; none with `--allow-empty`.
    fn nothing_to_look_up(&self, skipped: &[SkippedCheck]) -> Option<Check> {
        let message = match skipped.first() {
            Some(_) if self.settings.allow_empty => return None,
            Some(_) => "no table that a foreign key joins holds rows",
            None => return None,
        };
        Some(Check {
            name: "plans".to_owned(),
            subject: Subject::Query(None),
            findings: vec![Finding {
                rule: "no-rows",
                severity: Severity::Unchecked,
                on: None,
                message: message.to_owned(),
                help: format!(
                    "fill the tables, or leave plans out: `seedrow check{TARGET} --only coverage,schema`"
                ),
            }],
            waived: Vec::new(),
        })
    }
}

/// Whether a key's lookup is checked: not where its index is waived, nor, without one, where Postgres doesn't enforce the key.
fn is_looked_up(key: &IndexCoverage) -> bool {
    match &key.verdict {
        CoverageVerdict::Waived { .. } => false,
        verdict => key.foreign_key.enforced || verdict.is_covered(),
    }
}

/// The checks that were measured.
fn measured<'c, 'r>(
    checked: &'c mut [(&'r Read, Check, Option<Evidence>)],
) -> Vec<(&'r Read, &'c mut Check, &'c Evidence)> {
    let checked = checked.iter_mut();
    checked
        .filter_map(|(read, check, evidence)| Some((*read, check, evidence.as_ref()?)))
        .collect()
}
