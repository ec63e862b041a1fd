//! From queries or paths to requests with values, on their way to a server or a service.

use std::sync::Arc;

use anyhow::{Result, bail};

use super::bound::{BoundPath, BoundQuery};
use super::ids::Ids;
use super::mix::Chooser;
use super::paths::PathTemplate;
use super::target::{Endpoint, HttpAddress};
use super::values::{ValueSampler, bind_numbers};
use crate::postgres::Server;
use crate::queries::{Query, ValueSource};

/// What is asked for.
pub enum Wanted {
    /// Queries, each with its weight.
    Queries(Vec<(u32, Query)>),
    /// Paths, each as often as another.
    Paths(Vec<PathTemplate>),
}

/// Which values are sampled.
pub struct SampleSettings {
    /// Which ids.
    pub ids: Ids,
    /// The part that counts as the tail.
    pub tail: f64,
    /// How many requests they are for.
    pub requests: u64,
    /// What draws depend on.
    pub seed: u64,
}

impl Wanted {
    /// Whether values have to be sampled from a database.
    pub fn takes_ids(&self, ids: &Ids) -> bool {
        let samples = |query: &Query| {
            let mut sources = query.header.parameters.iter().map(|it| &it.source);
            sources.any(|it| matches!(it, ValueSource::Column(_)))
        };
        let any = match self {
            Wanted::Queries(queries) => queries.iter().any(|(_, query)| samples(query)),
            Wanted::Paths(paths) => paths.iter().any(|path| samples(&path.query())),
        };
        any && !matches!(ids, Ids::Range(_))
    }

    /// Requests to a server: executions of the queries.
    pub async fn of_server(
        self,
        server: Server,
        settings: &SampleSettings,
    ) -> Result<(Endpoint, Chooser)> {
        let Wanted::Queries(queries) = self else {
            bail!("--path: paths are an HTTP service's; name it with --http");
        };
        let (weights, queries) = queries.into_iter().unzip();
        let bound = settings.bind(Some(&server), queries).await?;
        let chooser = settings.chooser(weights, bound.iter().map(|it| it.sets.len()));
        let endpoint = Endpoint::Postgres {
            server: Arc::new(server),
            queries: Arc::new(bound),
        };
        Ok((endpoint, chooser))
    }

    /// Requests to a service; `server` holds the values, where they have to be sampled.
    pub async fn of_service(
        self,
        address: HttpAddress,
        server: Option<&Server>,
        settings: &SampleSettings,
    ) -> Result<(Endpoint, Chooser)> {
        let (weights, paths): (Vec<u32>, Vec<BoundPath>) = match self {
            Wanted::Queries(queries) => {
                let (weights, queries) = queries.into_iter().unzip();
                let bound = settings.bind(server, queries).await?;
                (weights, routed(&bound)?)
            }
            Wanted::Paths(templates) => {
                let queries = templates.iter().map(PathTemplate::query).collect();
                let bound = settings.bind(server, queries).await?;
                let paths = templates.iter().zip(&bound);
                let paths = paths.map(|(template, bound)| template.bind(&bound.sets));
                (vec![1; templates.len()], paths.collect())
            }
        };
        let chooser = settings.chooser(weights, paths.iter().map(|it| it.paths.len()));
        Ok((Endpoint::Http { address, paths }, chooser))
    }
}

impl SampleSettings {
    async fn bind(&self, server: Option<&Server>, queries: Vec<Query>) -> Result<Vec<BoundQuery>> {
        let Some(server) = server else {
            let range = match &self.ids {
                Ids::Range(range) => range.clone(),
                // No query takes an id.
                _ => 1..=1,
            };
            let bound = queries.into_iter().map(|it| bind_numbers(it, &range));
            return Ok(bound.collect());
        };
        let client = server.connect().await?;
        let sampler = ValueSampler {
            client: &client,
            schema: server.schema(),
            ids: &self.ids,
            tail: self.tail,
            requests: self.requests,
            seed: self.seed,
        };
        let mut bound = Vec::with_capacity(queries.len());
        for query in queries {
            bound.push(sampler.bind(query).await?);
        }
        server.keep(client);
        Ok(bound)
    }

    fn chooser(&self, weights: Vec<u32>, sets: impl Iterator<Item = usize>) -> Chooser {
        let kinds = weights.into_iter().zip(sets);
        let kinds = kinds.map(|(weight, sets)| (weight, self.ids.popularity(sets, self.seed)));
        Chooser::new(kinds.collect(), self.seed)
    }
}

fn routed(bound: &[BoundQuery]) -> Result<Vec<BoundPath>> {
    let mut paths = Vec::with_capacity(bound.len());
    for it in bound {
        match it.paths() {
            Some(path) => paths.push(path),
            None => bail!(
                "{} has no route: add `-- route: GET /…` to its header, or name paths with --path",
                it.query.path
            ),
        }
    }
    Ok(paths)
}
