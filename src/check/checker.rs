//! The plans of all reads: every foreign key's lookup, and the dataset's queries.

use anyhow::Result;
use tokio_postgres::Client;

use super::evidence::Evidence;
use super::finding::{Finding, Severity};
use super::fk_lookup::Read;
use super::maintenance::{self, Activity};
use super::plan_stability;
use super::prove::{self, Proven};
use super::query::Query;
use super::read_check::{Bench, Checked};
use super::report::{Check, Skipped, Subject};
use super::rules::Facts;
use super::settings::{Settings, Suite};
use crate::index::{Coverage, Survey, Verdict};
use crate::postgres::TableName;
use crate::postgres::catalog::{self, Index, Scope, Table};
use crate::progress::{Progress, Unit};
use crate::suggestion::TARGET;

/// How often tables are vacuumed at the most.
const SETTLING: u32 = 2;

/// What plans are judged with.
pub struct Judging<'a> {
    /// The tables wanted.
    pub suite: &'a Suite,
    /// How they are judged.
    pub settings: &'a Settings,
    /// The foreign keys.
    pub survey: &'a Survey,
    /// The schema asked for.
    pub schema: Option<&'a str>,
    /// Where progress is shown.
    pub progress: &'a Progress,
}

/// What is known of the database at one moment.
pub struct World {
    /// All tables.
    pub tables: Vec<Table>,
    /// All indexes.
    pub indexes: Vec<Index>,
    activity: Activity,
    block_bytes: u64,
}

impl Judging<'_> {
    /// The checks of all reads, and those that were left out.
    pub async fn check(
        &self,
        client: &mut Client,
        queries: Vec<Query>,
    ) -> Result<(Vec<Check>, Vec<Skipped>)> {
        let reads = self.reads(queries);
        let mut world = self.world(client).await?;
        if self.settings.settle {
            world = self.settle(client, world).await?;
        }
        let mut checked: Vec<(&Read, Check, Option<Evidence>)> = Vec::new();
        let mut skipped = Vec::new();
        let task = self
            .progress
            .task("queries", reads.len() as u64, Unit::Queries);
        for read in &reads {
            match self.bench(read, &world).check(client).await? {
                Checked::Yes(yes) => checked.push((read, yes.0, yes.1)),
                Checked::No(reason) => skipped.push(Skipped {
                    name: read.query.name.clone(),
                    reason,
                }),
            }
            task.add(0, 1);
        }
        task.finish();
        if self.settings.settle {
            let mut judged = judged(&mut checked);
            plan_stability::judge(client, &mut judged, self.settings, self.progress).await?;
        }
        if self.settings.prove {
            let proven = judged(&mut checked).into_iter();
            let mut proven: Vec<Proven> = proven
                .filter(|(_, check, _)| check.findings.is_empty())
                .map(|(read, check, evidence)| Proven {
                    bench: self.bench(read, &world),
                    check,
                    evidence,
                })
                .collect();
            prove::prove(client, &mut proven, self.progress).await?;
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
            wanted.is_none_or(|wanted| wanted.contains(&table.name))
        };
        let keys = self.survey.keys.iter().filter(|key| is_looked_up(key));
        let keys = keys.map(|key| &key.foreign_key);
        let keys = keys.filter(|key| is_wanted(&key.table) && is_wanted(&key.referenced));
        let mut lookups: Vec<Read> = Vec::new();
        for key in keys {
            let lookup = Read::lookup(key, &self.survey.home);
            // Two keys on the same columns ask the same.
            if !lookups.iter().any(|it| it.query.name == lookup.query.name) {
                lookups.push(lookup);
            }
        }
        lookups
            .into_iter()
            .chain(queries.into_iter().map(Read::query))
            .collect()
    }

    /// Reads it.
    pub async fn world(&self, client: &Client) -> Result<World> {
        Ok(World {
            activity: maintenance::wait(client, self.progress).await?,
            tables: catalog::tables(client, Scope::Database).await?,
            indexes: catalog::indexes(client, Scope::Database).await?,
            block_bytes: catalog::block_bytes(client).await?,
        })
    }

    /// Vacuums and analyses what needs it, of the schema asked for.
    ///
    /// Rows that were committed asynchronously are known as visible to all only once the log is on the disk, which the first
    /// round brings about: so it is done again.
    async fn settle(&self, client: &Client, mut world: World) -> Result<World> {
        for _ in 0..SETTLING {
            let facts = self.facts(&world);
            let in_schema = |table: &&Table| self.schema.is_none_or(|it| table.name.schema == it);
            let unsettled: Vec<&TableName> = world
                .tables
                .iter()
                .filter(in_schema)
                .filter(|table| maintenance::unsettled(table, &world.activity, facts).is_some())
                .map(|table| &table.name)
                .collect();
            if unsettled.is_empty() {
                break;
            }
            maintenance::settle(client, &unsettled, self.progress).await?;
            world = self.world(client).await?;
        }
        Ok(world)
    }

    fn facts<'w>(&'w self, world: &'w World) -> Facts<'w> {
        Facts {
            tables: &world.tables,
            indexes: &world.indexes,
            survey: self.survey,
            block_bytes: world.block_bytes,
        }
    }

    /// A read with all that its check needs.
    pub fn bench<'w>(&'w self, read: &'w Read, world: &'w World) -> Bench<'w> {
        Bench {
            read,
            wanted: self.suite.tables.as_deref(),
            settings: self.settings,
            facts: self.facts(world),
            activity: &world.activity,
            schema: self.schema,
        }
    }

    /// Plans were asked for, and there is none to judge.
    fn nothing_to_look_up(&self, skipped: &[Skipped]) -> Option<Check> {
        let message = match skipped.first() {
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

/// A key whose index is waived isn't looked up by anybody, nor need one be that Postgres doesn't enforce.
fn is_looked_up(key: &Coverage) -> bool {
    match &key.verdict {
        Verdict::Waived { .. } => false,
        verdict => key.foreign_key.enforced || verdict.is_covered(),
    }
}

/// The checks that were measured.
fn judged<'c, 'r>(
    checked: &'c mut [(&'r Read, Check, Option<Evidence>)],
) -> Vec<(&'r Read, &'c mut Check, &'c Evidence)> {
    let measured = checked.iter_mut();
    measured
        .filter_map(|(read, check, evidence)| Some((*read, check, evidence.as_ref()?)))
        .collect()
}
