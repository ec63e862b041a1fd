//! A query that is served: its route, its statement, and how its parameters' values are read.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tokio_postgres::types::Type;

use super::reader::Reader;
use crate::copy::{DataType, Scalar};
use crate::postgres::name::quoted;
use crate::queries::{Existence, Parameter, ParameterType, Query, Route, ValueSource};

/// A query and the types of its parameters in their order.
#[derive(Debug, Clone)]
pub struct RoutedQuery {
    /// A query, with a route or without.
    pub query: Query,
    /// Of its parameters.
    pub types: Vec<ParameterType>,
    /// Of its result, in their order.
    pub columns: Vec<OutputColumn>,
}

/// A column of a query's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Its type; a domain's base.
    pub data_type: DataType,
}

/// What a body is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyForm {
    /// The one column of json, jsonb or text, as it comes.
    Value(Scalar),
    /// The one row that the query returns at most, as its file says: an object.
    Object(Vec<OutputColumn>),
    /// The rows: an array of objects.
    Array(Vec<OutputColumn>),
}

/// A query with a route.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The query as its file says.
    pub query: Query,
    /// Where it is served.
    pub route: Route,
    /// What its answers are made of.
    pub body: BodyForm,
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
    pub(super) fn new(routed: RoutedQuery, route: Route) -> Result<Endpoint> {
        let RoutedQuery {
            query,
            types,
            columns,
        } = routed;
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
                .zip(&types)
                .map(reader)
                .collect::<Result<_>>()?,
            page: page(&query, &types)?,
            body: BodyForm::new(&query, columns),
            types: types.iter().map(ParameterType::declared).collect(),
            cache: query.header.cache,
            no_row: query.header.no_row.unwrap_or(404),
            route,
            query,
        })
    }

    /// The statement to prepare, which gives the body: no row where a value has to exist in its column and doesn't.
    pub fn statement(&self) -> String {
        match &self.body {
            BodyForm::Value(_) => self.value_statement(),
            BodyForm::Object(_) => self.object_statement(),
            BodyForm::Array(_) => self.array_statement(),
        }
    }

    fn value_statement(&self) -> String {
        match self.existence() {
            None => self.query.sql.clone(),
            Some(condition) => format!(
                "SELECT * FROM {} AS answer{condition}",
                self.query.as_subquery()
            ),
        }
    }

    fn object_statement(&self) -> String {
        let condition = self.existence().unwrap_or_default();
        format!(
            "SELECT row_to_json(answer) AS answer FROM {} AS answer{condition} LIMIT 1",
            self.query.as_subquery(),
        )
    }

    /// No row instead of an empty array where the file says what no row means.
    fn array_statement(&self) -> String {
        let condition = self.existence().unwrap_or_default();
        let having = match self.query.header.no_row {
            Some(_) => " HAVING count(*) > 0",
            None => "",
        };
        // One row in any case, where the value exists: the condition is outside the aggregate.
        format!(
            "SELECT * FROM (SELECT COALESCE(json_agg(answer), '[]') AS answer FROM {} AS answer{having}) AS answers{condition}",
            self.query.as_subquery(),
        )
    }

    /// The least and the greatest value of a parameter's type; `None` for other types than integers.
    pub fn type_range(&self, place: usize) -> Option<(i64, i64)> {
        self.readers.get(place)?.type_range()
    }

    /// `WHERE` with a condition for each parameter whose value has to exist.
    fn existence(&self) -> Option<String> {
        let parameters = self.query.header.parameters.iter().enumerate();
        let conditions = parameters.filter_map(|(at, parameter)| match &parameter.source {
            ValueSource::Column(source) if parameter.existence == Existence::Required => {
                let (table, column) = (source.quoted_table(), quoted(&source.column));
                Some(format!(
                    "EXISTS (SELECT 1 FROM {table} WHERE {column} = ${})",
                    at + 1
                ))
            }
            _ => None,
        });
        let conditions: Vec<String> = conditions.collect();
        (!conditions.is_empty()).then(|| format!(" WHERE {}", conditions.join(" AND ")))
    }
}

impl BodyForm {
    fn new(query: &Query, columns: Vec<OutputColumn>) -> BodyForm {
        if let [column] = &*columns
            && let Some(scalar @ (Scalar::Json | Scalar::Jsonb | Scalar::Text)) =
                column.data_type.scalar()
        {
            return BodyForm::Value(scalar);
        }
        match query.header.max_rows {
            Some(1) => BodyForm::Object(columns),
            _ => BodyForm::Array(columns),
        }
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
