//! Which tables' rows go straight to the shards, and why others go through the coordinator.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::{Client, GenericClient};

use crate::copy::CopyFormat;
use crate::load::config::Load;
use crate::load::session::WorkerPool;
use crate::load::shards::map;
use crate::load::shards::router::ShardRouter;
use crate::load::source::bound::BoundSource;
use crate::load::source::input::Input;
use crate::load::table::target::TargetTable;
use crate::postgres::{CommitUnit, NodeAddress};
use crate::progress::Progress;

/// What decides whether rows are sorted here.
pub struct RoutePlan<'a> {
    /// The load.
    pub load: &'a Load<'a>,
    /// Its rows.
    pub input: &'a Input,
    /// The connections; it keeps those to the nodes, which had to be tried.
    pub pool: WorkerPool<'a>,
    /// Where it is reported what isn't possible.
    pub progress: &'a Progress,
}

impl RoutePlan<'_> {
    /// The tables whose rows are sorted here, by oid. What isn't possible is reported.
    pub async fn plan(
        &self,
        client: &Client,
        targets: &[TargetTable],
    ) -> Result<HashMap<u32, ShardRouter>> {
        let mut routers = HashMap::new();
        if self.load.server.capabilities().cluster.is_none() {
            return Ok(routers);
        }
        let mut reached: Vec<NodeAddress> = Vec::new();
        let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
        let general = general_reason(client, self.load).await?;
        for target in targets {
            let router = match &general {
                Some(reason) => Some(Err(reason.clone())),
                None => self.route(client, target, &mut reached).await?,
            };
            match router {
                None => {}
                Some(Ok(router)) => {
                    routers.insert(target.oid, router);
                }
                Some(Err(reason)) => match reasons.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, tables)) => tables.push(&target.name.name),
                    None => reasons.push((reason, vec![&target.name.name])),
                },
            }
        }
        for (reason, tables) in reasons {
            let tables = tables.join(", ");
            let note = format!("load: through the coordinator: {tables}: {reason}");
            self.progress.note(note);
        }
        Ok(routers)
    }

    async fn route(
        &self,
        client: &impl GenericClient,
        target: &TargetTable,
        reached: &mut Vec<NodeAddress>,
    ) -> Result<Option<Result<ShardRouter, String>>> {
        let shards = match map::read(client, target).await? {
            None => return Ok(None),
            Some(Ok(shards)) => shards,
            Some(Err(reason)) => return Ok(Some(Err(reason))),
        };
        let mut sources = self.input.tables.iter();
        let source = sources.find(|source| source.table == target.table);
        let source = source.with_context(|| format!("there is no source for {}", target.name))?;
        let source = BoundSource::new(self.load.dataset, source, &target.columns)?;
        if source.format.copy() != CopyFormat::Binary {
            let reason = "a column of it is read by the server".to_owned();
            return Ok(Some(Err(reason)));
        }
        for node in &shards.nodes {
            if reached.contains(node) {
                continue;
            }
            match self.pool.connect_to(Some(node)).await {
                Ok(client) => {
                    self.pool.keep_of(Some(node.clone()), client);
                    reached.push(node.clone());
                }
                Err(error) => return Ok(Some(Err(format!("{error:#}")))),
            }
        }
        Ok(Some(ShardRouter::new(shards, &source.filled())))
    }
}

/// What keeps all tables' rows from being sorted.
async fn general_reason(client: &impl GenericClient, load: &Load<'_>) -> Result<Option<String>> {
    if load.policy.append {
        return Ok(Some("rows are added to existing ones".to_owned()));
    }
    if load.part.is_some() {
        return Ok(Some(
            "other parts are loaded into it at the same time".to_owned(),
        ));
    }
    if load.commit == Some(CommitUnit::Segment) {
        return Ok(Some("--commit segment".to_owned()));
    }
    let moving = "SELECT EXISTS (SELECT 1 FROM get_rebalance_progress() WHERE progress < 2)";
    let row = client.query_typed_one(moving, &[]).await;
    let row = row.context("could not ask whether shards are being moved")?;
    let is_moving: bool = row.try_get(0)?;
    Ok(is_moving.then(|| "shards are being moved".to_owned()))
}
