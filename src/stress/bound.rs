//! Requests with the values that they are sent with.

use tokio_postgres::types::Type;

use crate::queries::{ParameterValue, Query};

/// A query and the values that it is executed with.
#[derive(Debug, Clone)]
pub struct BoundQuery {
    /// The query.
    pub query: Query,
    /// Its parameters' types; empty where no statement is to be prepared.
    pub types: Vec<Type>,
    /// Their values, at least one set.
    pub sets: Vec<Vec<ParameterValue>>,
}

/// The paths of one kind of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundPath {
    /// The query's name, or the path with its placeholders.
    pub name: String,
    /// The paths, at least one.
    pub paths: Vec<String>,
}

impl BoundQuery {
    /// The paths of its route; none where it has no route.
    pub fn paths(&self) -> Option<BoundPath> {
        let route = self.query.header.route.as_ref()?;
        Some(BoundPath {
            name: self.query.name.clone(),
            paths: self.sets.iter().map(|set| route.fill(set)).collect(),
        })
    }
}
