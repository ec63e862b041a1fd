//! Builds indexes, several at a time, the one that takes longest first.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use futures_util::{StreamExt, stream};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient};

use super::plan::{BuildMode, Existing, Proposal};
use crate::postgres::catalog::{self, TableKind};
use crate::postgres::cluster::{self, Cluster};
use crate::postgres::memory::{Memory, workers};
use crate::postgres::name::quoted;
use crate::postgres::placements::{Placements, ShardSizes};
use crate::postgres::{Server, TableName, session};
use crate::progress::{Progress, Task, Unit};
use crate::suggestion::TARGET;

const WATCH_EVERY: Duration = Duration::from_millis(200);
/// A build that waits for a lock makes every later write wait behind it.
const LOCK_TIMEOUT: &str = "5s";

/// An index that was built.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// What was asked for.
    pub proposal: Proposal,
    /// Bytes on disk, of all parts for a partitioned table's.
    pub bytes: u64,
    /// When its statement started.
    pub started: Instant,
    /// From the statement's start to its end.
    pub seconds: f64,
}

/// How indexes are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildOptions {
    /// Up to how many at a time.
    pub jobs: usize,
    /// Concurrent builders of other connections, which need memory too.
    pub neighbours: usize,
    /// Whether writes continue during the build.
    pub mode: BuildMode,
}

/// Builds all proposals, up to `jobs` at a time on connections of their own, two on one table included; in the
/// proposals' order.
///
/// An index that fails leaves the others to be built; the error names it and how many were. Dropping the future ends
/// the builds within half a second (since PostgreSQL 14): [`Server::connect`] has the server check its clients'
/// connections, without which an interrupted build would go on and commit.
pub async fn build(
    server: &Server,
    proposals: &[Proposal],
    options: BuildOptions,
    progress: &Progress,
) -> Result<Vec<Built>> {
    if proposals.is_empty() {
        return Ok(Vec::new());
    }
    let watcher = server.connect().await?;
    let mut built = build_watched_by(&watcher, server, proposals, options, progress).await?;
    let placements = ShardSizes::of(server.capabilities()).read(&watcher).await?;
    complete_sizes(&watcher, &placements, &mut built).await?;
    server.keep(watcher);
    Ok(built)
}

/// Fills in the bytes of distributed tables' indexes, which the nodes know.
pub async fn complete_sizes(
    client: &Client,
    placements: &Placements,
    built: &mut [Built],
) -> Result<()> {
    if placements.is_empty() {
        return Ok(());
    }
    for built in built {
        let Proposal { table, name, .. } = &built.proposal;
        let table = catalog::find(client, Some(&table.schema), &table.name).await?;
        let bytes = table.and_then(|table| placements.index_bytes(table, name));
        built.bytes = bytes.unwrap_or(built.bytes);
    }
    Ok(())
}

/// The same without the bytes of distributed tables' indexes; `watcher` is a connection that reads how far the builds are.
pub async fn build_watched_by(
    watcher: &Client,
    server: &Server,
    proposals: &[Proposal],
    options: BuildOptions,
    progress: &Progress,
) -> Result<Vec<Built>> {
    let session = BuildSettings::plan(server, watcher, proposals.len(), options).await?;
    let mut order: Vec<usize> = (0..proposals.len()).collect();
    if order.len() > 1 {
        let work = work(watcher, proposals).await?;
        order.sort_by(|&a, &b| work[b].total_cmp(&work[a]));
    }
    let builds = order.into_iter().map(|at| {
        let session = &session;
        async move {
            let built = build_one(server, watcher, session, &proposals[at], progress).await;
            (at, built.with_context(|| failed(&proposals[at])))
        }
    });
    let mut results: Vec<(usize, Result<Built>)> = stream::iter(builds)
        .buffer_unordered(session.builders)
        .collect()
        .await;
    results.sort_by_key(|(at, _)| *at);
    all_built(results.into_iter().map(|(_, result)| result).collect())
}

/// What each build costs beside the others: bytes of its table, up to three times as many where its first column's values
/// lie in no order, since PostgreSQL's sort takes those in order as they are. For 4.5 M rows 1.0 and 2.2 s (PostgreSQL 15).
async fn work(client: &Client, proposals: &[Proposal]) -> Result<Vec<f64>> {
    let columns: Vec<&str> = proposals
        .iter()
        .map(|it| it.columns.first().map_or("", |column| column.name.as_str()))
        .collect();
    let schemas: Vec<&str> = proposals
        .iter()
        .map(|it| it.table.schema.as_str())
        .collect();
    let tables: Vec<&str> = proposals.iter().map(|it| it.table.name.as_str()).collect();
    // As a subquery of each row, it looks the column up by indexes. Joined with, the view asks for the privileges on each
    // column of the database.
    let sql = "SELECT COALESCE((
            SELECT max(abs(s.correlation))
            FROM pg_stats AS s
            WHERE s.schemaname = p.schema::name AND s.tablename = p.name::name AND s.attname = p.attname::name
        ), 1)::float8
        FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS p (schema, name, attname, place)
        ORDER BY p.place";
    let rows = client
        .query_typed(
            sql,
            &[
                (&schemas, Type::TEXT_ARRAY),
                (&tables, Type::TEXT_ARRAY),
                (&columns, Type::TEXT_ARRAY),
            ],
        )
        .await
        .context("could not read the statistics of the columns to index")?;
    let work = rows.iter().zip(proposals).map(|(row, proposal)| {
        let ordered: f64 = row.try_get(0)?;
        Ok(proposal.table_bytes as f64 * (3.0 - 2.0 * ordered))
    });
    work.collect()
}

/// All of them, or the first failure with the number of those built nevertheless.
fn all_built(results: Vec<Result<Built>>) -> Result<Vec<Built>> {
    let total = results.len();
    let good = results.iter().filter(|result| result.is_ok()).count();
    let all: Result<Vec<Built>> = results.into_iter().collect();
    match all {
        Err(error) if total > 1 => Err(error.context(format!("{good} of {total} indexes built"))),
        all => all,
    }
}

async fn build_one(
    server: &Server,
    watcher: &Client,
    session: &BuildSettings,
    proposal: &Proposal,
    progress: &Progress,
) -> Result<Built> {
    ensure_possible(proposal, session.options)?;
    let mut client = server.connect().await?;
    session.apply(&client).await?;
    let backend: i32 = client
        .query_typed_one("SELECT pg_backend_pid()", &[])
        .await?
        .try_get(0)?;
    let started = Instant::now();
    let blocks = (proposal.table_bytes / session.block_bytes).max(1);
    let task = progress.task(proposal.name.as_str(), blocks, Unit::Pages);
    if proposal.existing == Existing::Leftover {
        ensure_not_being_built(watcher, proposal).await?;
    }
    // One by one: statements sent together are one transaction, and CONCURRENTLY cannot run in one.
    for statement in proposal.statements(session.options.mode) {
        tokio::select! {
            result = session.execute(&mut client, &statement) => result.map_err(|error| with_advice(error, proposal, session.options))?,
            () = watch(watcher, backend, &task) => {}
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let bytes = index_bytes(&client, proposal).await?;
    server.keep(client);
    task.set(blocks);
    task.finish();
    Ok(Built {
        proposal: proposal.clone(),
        bytes,
        started,
        seconds,
    })
}

/// Postgres refuses CREATE INDEX CONCURRENTLY on a partitioned table.
fn ensure_possible(proposal: &Proposal, options: BuildOptions) -> Result<()> {
    if options.mode == BuildMode::Concurrently && proposal.kind == TableKind::Partitioned {
        return Err(anyhow!(
            "{} is partitioned, and Postgres builds no index on a partitioned table concurrently; \
             `seedrow index{TARGET} --build` builds it while writes wait",
            proposal.table
        ));
    }
    Ok(())
}

/// An invalid index may be one that is just being built.
async fn ensure_not_being_built(client: &Client, proposal: &Proposal) -> Result<()> {
    let sql =
        "SELECT pid FROM pg_stat_progress_create_index WHERE index_relid = to_regclass($1)::oid";
    let name = TableName::new(&proposal.table.schema, &proposal.name).to_string();
    let row = client
        .query_opt(sql, &[&name])
        .await
        .context("could not look for sessions that build indexes")?;
    match row {
        Some(row) => Err(anyhow!(
            "session {} is building it; try again when it has finished",
            row.try_get::<_, i32>(0)?
        )),
        None => Ok(()),
    }
}

/// Displays how many of the table's blocks the build has read; never returns.
async fn watch(watcher: &Client, backend: i32, task: &Task) {
    let sql = "SELECT blocks_done::int8 FROM pg_stat_progress_create_index WHERE pid = $1";
    let mut furthest = 0;
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        // A build continues where its progress can't be read.
        if let Ok(Some(row)) = watcher.query_opt(sql, &[&backend]).await {
            let done = row.try_get::<_, i64>(0).unwrap_or(0);
            furthest = furthest.max(u64::try_from(done).unwrap_or(0));
            task.set(furthest);
        }
    }
}

async fn index_bytes(client: &impl GenericClient, proposal: &Proposal) -> Result<u64> {
    let sql = "SELECT COALESCE(
            (SELECT sum(pg_relation_size(part.relid)) FROM pg_partition_tree($1::text::regclass) AS part),
            pg_relation_size($1::text::regclass)
        )::int8";
    let name = TableName::new(&proposal.table.schema, &proposal.name).to_string();
    let row = client
        .query_one(sql, &[&name])
        .await
        .with_context(|| format!("could not read the size of {name}"))?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
}

/// The settings of every connection that builds.
#[derive(Debug, PartialEq, Eq)]
struct BuildSettings {
    options: BuildOptions,
    /// Indexes built at a time.
    builders: usize,
    /// Bytes each may sort in.
    memory: u64,
    /// The cluster whose nodes build.
    cluster: Option<Cluster>,
    /// Workers beside each builder.
    workers: usize,
    lock_timeout: &'static str,
    /// Bytes of one page.
    block_bytes: u64,
}

impl BuildSettings {
    async fn plan(
        server: &Server,
        client: &impl GenericClient,
        indexes: usize,
        options: BuildOptions,
    ) -> Result<BuildSettings> {
        let BuildOptions { jobs, mode, .. } = options;
        let memory = Memory::read(client).await?;
        // Two concurrent builds on one table wait for each other, and each waits for the other's transaction.
        let builders = match mode {
            BuildMode::Plain => jobs.clamp(1, indexes),
            BuildMode::Concurrently => 1,
        };
        Ok(BuildSettings {
            options,
            builders,
            memory: memory.of_builder(server.memory(), builders + options.neighbours),
            cluster: server.capabilities().cluster,
            workers: workers(jobs, builders),
            block_bytes: catalog::block_bytes(client).await?,
            lock_timeout: match (mode, server.capabilities().lock_tables_unasked) {
                (BuildMode::Plain, false) => LOCK_TIMEOUT,
                // There are no other clients, or the lock waited for blocks no read and no write.
                (BuildMode::Plain, true) | (BuildMode::Concurrently, _) => "0",
            },
        })
    }

    /// With the builder's memory and parallel workers on the nodes of a cluster, too, where it may be in a transaction.
    async fn execute(
        &self,
        client: &mut Client,
        statement: &str,
    ) -> Result<(), tokio_postgres::Error> {
        if self.cluster.is_none() || self.options.mode == BuildMode::Concurrently {
            return client.batch_execute(statement).await;
        }
        let transaction = client.transaction().await?;
        let settings = cluster::build_settings(&self.sort_memory(), &self.workers.to_string());
        transaction.batch_execute(&settings).await?;
        transaction.batch_execute(statement).await?;
        transaction.commit().await
    }

    fn sort_memory(&self) -> String {
        format!("{}kB", self.memory / 1024)
    }

    async fn apply(&self, client: &impl GenericClient) -> Result<()> {
        let mut settings = vec![
            ("maintenance_work_mem", self.sort_memory()),
            ("max_parallel_maintenance_workers", self.workers.to_string()),
            ("lock_timeout", self.lock_timeout.to_owned()),
            ("statement_timeout", "0".to_owned()),
        ];
        settings.extend(
            self.cluster
                .map(|it| it.connections_at_a_time(1 + self.workers)),
        );
        session::set(client, &settings).await
    }
}

fn failed(proposal: &Proposal) -> String {
    format!(
        "could not build index {} on {}",
        quoted(&proposal.name),
        proposal.shown("")
    )
}

/// The server's error beneath the suggested command.
fn with_advice(
    error: tokio_postgres::Error,
    proposal: &Proposal,
    options: BuildOptions,
) -> anyhow::Error {
    let table = &proposal.table;
    let advice = match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => format!(
            "another session has {table} locked for over {LOCK_TIMEOUT}; run `seedrow index{TARGET} --build` again when it \
             has finished, or `seedrow index{TARGET} --concurrently`, which waits without blocking others"
        ),
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            format!("only the owner of {table} may index it; connect as the owner")
        }
        Some(&SqlState::DISK_FULL) => {
            format!("the server's disk is full; make room, then run `seedrow index{TARGET}` again")
        }
        _ => format!("run `seedrow index{TARGET}` again once this is fixed"),
    };
    let leftover = match options.mode {
        BuildMode::Plain => String::new(),
        BuildMode::Concurrently => format!(
            "; an invalid index {} left by this build is dropped first",
            TableName::new(&table.schema, &proposal.name)
        ),
    };
    anyhow::Error::new(error).context(format!("{advice}{leftover}"))
}
