//! Indexes built during a load: a table's as soon as its rows are loaded.

use std::cell::RefCell;

use anyhow::{Context, Result};
use tokio_postgres::{Client, GenericClient, Transaction};

use super::build::{BuildOptions, Built, build_watched_by};
use super::plan::{BuildMode, Proposal};
use super::survey::survey;
use crate::dataset::Waiver;
use crate::load::{IndexPlan, PostLoadHook};
use crate::postgres::catalog::{self, Scope};
use crate::postgres::locks;
use crate::postgres::placements::ShardSizes;
use crate::postgres::{Server, TableName};
use crate::progress::Progress;

/// Plans the missing indexes before the load drops the foreign keys, and builds them one by one.
pub struct IndexHook<'a> {
    server: &'a Server,
    waivers: &'a [Waiver],
    jobs: usize,
    progress: &'a Progress,
    planned: RefCell<Vec<Proposal>>,
    built: RefCell<Vec<Built>>,
}

impl<'a> IndexHook<'a> {
    /// For one load on this server with so many connections; waived keys are left out.
    pub fn new(
        server: &'a Server,
        waivers: &'a [Waiver],
        jobs: usize,
        progress: &'a Progress,
    ) -> IndexHook<'a> {
        IndexHook {
            server,
            waivers,
            jobs,
            progress,
            planned: RefCell::default(),
            built: RefCell::default(),
        }
    }

    /// The statements that build what is planned.
    pub fn planned_statements(&self) -> Vec<String> {
        let planned = self.planned.borrow();
        let statements = planned.iter().map(|index| index.ddl(BuildMode::Plain));
        statements.collect()
    }

    /// The indexes built, in the order of the plan; the bytes of those of distributed tables are missing.
    pub fn into_built(self) -> Vec<Built> {
        let names: Vec<String> = self
            .planned
            .into_inner()
            .into_iter()
            .map(|p| p.name)
            .collect();
        let mut built = self.built.into_inner();
        built.sort_by_key(|built| names.iter().position(|name| *name == built.proposal.name));
        built
    }
}

impl PostLoadHook for IndexHook<'_> {
    type Work = Proposal;

    const PHASE: &'static str = "load rows, build keys and indexes";

    async fn plan(&self, client: &Transaction<'_>, memo: &str) -> Result<IndexPlan> {
        let survey = survey(
            client,
            self.server.schema(),
            self.waivers,
            &ShardSizes::Unasked,
        );
        let mut proposals = survey.await?.proposals;
        for earlier in read(memo)? {
            let is_same =
                |it: &Proposal| it.table == earlier.table && it.columns == earlier.columns;
            let is_there = find(client, &earlier).await?.is_some();
            if !is_there && !proposals.iter().any(is_same) {
                proposals.push(earlier);
            }
        }
        let names = proposals.iter();
        let names = names.map(|it| TableName::new(&it.table.schema, &it.name).to_string());
        let plan = IndexPlan {
            names: names.collect(),
            memo: serde_json::to_string(&proposals)?,
        };
        self.planned.replace(proposals);
        Ok(plan)
    }

    fn tasks(&self, table: &TableName) -> Vec<Proposal> {
        let planned = self.planned.borrow();
        planned
            .iter()
            .filter(|proposal| proposal.table == *table)
            .cloned()
            .collect()
    }

    async fn run(&self, mut proposal: Proposal) -> Result<()> {
        let client = self.server.connect().await?;
        locks::limit_waits(&client, locks::PATIENCE).await?;
        proposal.table_bytes = heap_bytes(&client, &proposal.table).await?;
        let options = BuildOptions {
            jobs: 1,
            neighbours: self.jobs - 1,
            mode: BuildMode::Plain,
        };
        let built =
            build_watched_by(&client, self.server, &[proposal], options, self.progress).await?;
        self.server.keep(client);
        self.built.borrow_mut().extend(built);
        Ok(())
    }
}

/// The indexes that an earlier attempt planned.
fn read(memo: &str) -> Result<Vec<Proposal>> {
    match memo {
        "" => Ok(Vec::new()),
        memo => serde_json::from_str(memo).context("the ledger's plan of indexes can't be read"),
    }
}

/// The index that a proposal would be, or whatever has its name.
async fn find(client: &impl GenericClient, proposal: &Proposal) -> Result<Option<u32>> {
    catalog::find(client, Some(&proposal.table.schema), &proposal.name).await
}

/// The heap as it is now: it was empty when the index was planned. Of a distributed table's builds the coordinator sees no
/// progress, and needs no size.
async fn heap_bytes(client: &Client, table: &TableName) -> Result<u64> {
    let Some(oid) = catalog::find(client, Some(&table.schema), &table.name).await? else {
        return Ok(0);
    };
    let tables = catalog::tables(client, Scope::Tables(&[oid])).await?;
    Ok(tables.first().map_or(0, |table| table.bytes))
}
