//! Queries with routes → an API: paths that clash are refused, and each request's path finds the most literal route.

use anyhow::{Result, bail};

use super::endpoint::{Endpoint, RoutedQuery};
use crate::queries::{Route, Segment, WithoutKey};

/// The queries that are served.
#[derive(Debug, Clone)]
pub struct Api {
    /// In the order of their files.
    pub endpoints: Vec<Endpoint>,
    /// The paths, the more literal ones first.
    pub(super) paths: Vec<Path>,
}

/// A path and the queries that it leads to.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// Its parts.
    pub segments: Vec<Segment>,
    /// One without a condition, or several whose conditions have the same key and other values.
    pub endpoints: Vec<usize>,
}

impl Api {
    /// Those of the queries that have a route. Refuses routes that clash, naming both files.
    pub fn new(queries: Vec<RoutedQuery>) -> Result<Api> {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        let mut paths: Vec<Path> = Vec::new();
        for routed in queries {
            let query = &routed.query;
            let Some(route) = query.header.route.clone() else {
                continue;
            };
            let at = endpoints.len();
            match paths.iter_mut().find(|path| path.is_like(&route)) {
                Some(path) => {
                    let others = path.endpoints.iter().map(|&other| &endpoints[other]);
                    for other in others {
                        if let Some(reason) = clash(&route, &other.route) {
                            let (other, line) = (&other.query.path, other.route.line);
                            bail!(query.error(
                                route.line,
                                format!("{route} clashes with {other}, line {line}: {reason}")
                            ));
                        }
                    }
                    path.endpoints.push(at);
                }
                None => paths.push(Path {
                    segments: route.segments.clone(),
                    endpoints: vec![at],
                }),
            }
            endpoints.push(Endpoint::new(routed, route)?);
        }
        paths.sort_by_key(Path::rank);
        Ok(Api { endpoints, paths })
    }
}

impl Path {
    /// Whether a route takes the same requests' paths.
    fn is_like(&self, route: &Route) -> bool {
        let pairs = || self.segments.iter().zip(&route.segments);
        self.segments.len() == route.segments.len()
            && pairs().all(|pair| match pair {
                (Segment::Literal(one), Segment::Literal(other)) => one == other,
                (Segment::Parameter { .. }, Segment::Parameter { .. }) => true,
                _ => false,
            })
    }

    /// Literal parts come before parameters, at the first place where two paths differ in that.
    fn rank(&self) -> Vec<bool> {
        let is_parameter = |segment: &Segment| matches!(segment, Segment::Parameter { .. });
        self.segments.iter().map(is_parameter).collect()
    }
}

/// Why two routes with the same path can't be told apart.
fn clash(route: &Route, other: &Route) -> Option<String> {
    let (Some(one), Some(two)) = (&route.condition, &other.condition) else {
        return Some(
            "give both a condition such as `?sort=newest`, or one another path".to_owned(),
        );
    };
    if one.key != two.key {
        return Some(format!(
            "conditions of one path have the same key; write `?{}={}`",
            two.key, one.value
        ));
    }
    if one.value == two.value {
        return Some(format!("both are for `{}={}`", one.key, one.value));
    }
    let is_default = |it: WithoutKey| it == WithoutKey::Chosen;
    (is_default(one.without_key) && is_default(two.without_key))
        .then(|| format!("both are the default without `{}`", one.key))
}
