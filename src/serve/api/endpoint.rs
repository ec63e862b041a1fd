//! A query that is served: its route, its statement, and how its parameters' values are read.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio_postgres::types::Type;

use super::reader::Reader;
use crate::postgres::name::quoted;
use crate::queries::{Existence, Parameter, ParameterType, Query, Route, ValueSource};

/// A query and the types of its parameters in their order.
#[derive(Debug, Clone)]
pub struct RoutedQuery {
    /// A query, with a route or without.
    pub query: Query,
    /// Of its parameters.
    pub types: Vec<ParameterType>,
}

/// A query with a route.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The query as its file says.
    pub query: Query,
    /// Where it is served.
    pub route: Route,
    /// The types to prepare its statement with.
    pub types: Vec<Type>,
    /// How long an answer may be kept; `None` where the file doesn't say.
    pub cache: Option<Duration>,
    /// The status when there is no row.
    pub no_row: u16,
    pub(super) readers: Vec<Reader>,
}

impl Endpoint {
    pub(super) fn new(query: Query, route: Route, types: &[ParameterType]) -> Result<Endpoint> {
        let parameters = &query.header.parameters;
        ensure!(
            parameters.len() == types.len(),
            "{}: {} parameters, but {} types",
            query.path,
            parameters.len(),
            types.len()
        );
        let reader = |(parameter, ty): (&Parameter, &ParameterType)| {
            Reader::new(parameter, ty).map_err(|message| query.error(parameter.line, message))
        };
        Ok(Endpoint {
            readers: parameters
                .iter()
                .zip(types)
                .map(reader)
                .collect::<Result<_>>()?,
            types: types.iter().map(ParameterType::declared).collect(),
            cache: query.header.cache,
            no_row: query.header.no_row.unwrap_or(404),
            route,
            query,
        })
    }

    /// The statement to prepare: no row where a value has to exist in its column and doesn't.
    pub fn statement(&self) -> String {
        let conditions = self.existence();
        match conditions.is_empty() {
            true => self.query.sql.clone(),
            false => format!(
                "SELECT * FROM {} AS answer WHERE {}",
                self.query.as_subquery(),
                conditions.join(" AND ")
            ),
        }
    }

    /// The statement where the query's result isn't a body itself: one JSON array of its rows as objects; no row instead of
    /// an empty array where the file says what no row means.
    pub fn array_statement(&self) -> String {
        let conditions = self.existence();
        let filter = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let having = match self.query.header.no_row {
            Some(_) => " HAVING count(*) > 0",
            None => "",
        };
        // One row in any case, where the value exists: the condition is outside the aggregate.
        format!(
            "SELECT * FROM (SELECT COALESCE(json_agg(answer), '[]') AS answer FROM {} AS answer{having}) AS answers{filter}",
            self.query.as_subquery(),
        )
    }

    /// A condition for each parameter whose value has to exist.
    fn existence(&self) -> Vec<String> {
        let parameters = self.query.header.parameters.iter().enumerate();
        let conditions = parameters.filter_map(|(at, parameter)| match &parameter.source {
            ValueSource::Column(source) if parameter.existence == Existence::Required => {
                let table = match &source.schema {
                    Some(schema) => format!("{}.{}", quoted(schema), quoted(&source.table)),
                    None => quoted(&source.table),
                };
                let column = quoted(&source.column);
                Some(format!(
                    "EXISTS (SELECT FROM {table} WHERE {column} = ${})",
                    at + 1
                ))
            }
            _ => None,
        });
        conditions.collect()
    }
}
