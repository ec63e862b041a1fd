//! A query that is served: its route, its statement, and how its parameters' values are read.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tokio_postgres::types::Type;

use super::reader::Reader;
use crate::copy::Scalar;
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
    /// Which parameters the number of a page replaces.
    pub page: Option<Page>,
    pub(super) readers: Vec<Reader>,
}

/// The parameters of a query that lists the rows of a table in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The place of the one that takes the last value of the page before.
    pub place: usize,
    /// The place of the one that says how many rows a page has.
    pub count: usize,
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
            page: page(&query, types)?,
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

    /// The least and the greatest value of a parameter's type; `None` for other types than integers.
    pub fn type_range(&self, place: usize) -> Option<(i64, i64)> {
        self.readers.get(place)?.type_range()
    }

    /// A condition for each parameter whose value has to exist.
    fn existence(&self) -> Vec<String> {
        let parameters = self.query.header.parameters.iter().enumerate();
        let conditions = parameters.filter_map(|(at, parameter)| match &parameter.source {
            ValueSource::Column(source) if parameter.existence == Existence::Required => {
                let (table, column) = (source.quoted_table(), quoted(&source.column));
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

/// Refuses pages of a column that isn't of whole numbers.
fn page(query: &Query, types: &[ParameterType]) -> Result<Option<Page>> {
    let parameters = &query.header.parameters;
    let Some(place) = parameters.iter().position(|it| it.page_of.is_some()) else {
        return Ok(None);
    };
    let Parameter {
        page_of,
        line,
        name,
        ..
    } = &parameters[place];
    let scalar = types[place].data_type.scalar();
    if !matches!(scalar, Some(Scalar::Int2 | Scalar::Int4 | Scalar::Int8)) {
        let ty = &types[place].name;
        bail!(query.error(
            *line,
            format!("parameter `{name}` is of type {ty}; pages follow whole numbers")
        ));
    }
    let count = parameters
        .iter()
        .position(|it| Some(&it.name) == page_of.as_ref());
    Ok(count.map(|count| Page { place, count }))
}
