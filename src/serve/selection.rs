//! Which of a dataset's queries are served: those with a route, over the tables that are there.

use anyhow::{Result, ensure};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Column, Statement};

use super::api::{OutputColumn, RoutedQuery};
use crate::dataset::Dataset;
use crate::postgres::Server;
use crate::postgres::catalog::TypeCatalog;
use crate::progress::Progress;
use crate::queries::{ParameterType, Query, QueryFile, ValueSource, parameter_types};

/// The dataset's queries with a route. With `tables`, one that reads another is left out, and that is noted; an error where
/// none is left.
pub async fn routed_queries(
    dataset: &Dataset,
    tables: Option<&[String]>,
    server: &Server,
    progress: &Progress,
) -> Result<Vec<RoutedQuery>> {
    let files = dataset.queries.iter().map(QueryFile::from);
    let queries = files
        .map(|file| Query::parse(&file))
        .collect::<Result<Vec<_>>>()?;
    let with_routes: Vec<Query> = queries
        .into_iter()
        .filter(|query| query.header.route.is_some())
        .collect();
    ensure!(
        !with_routes.is_empty(),
        "no query of {} has a route; add a line such as `-- route: GET /products/:product_id` to the header of one",
        dataset.path.display()
    );
    let client = server.connect().await?;
    let mut routed = Vec::with_capacity(with_routes.len());
    for query in with_routes {
        match read(&client, query, tables, server.schema()).await? {
            Selected::Served(query) => routed.push(*query),
            Selected::LeftOut(reason) => progress.note(format!("serve: {reason}")),
        }
    }
    server.keep(client);
    ensure!(
        !routed.is_empty(),
        "no query with a route reads only the tables that --tables names"
    );
    Ok(routed)
}

enum Selected {
    Served(Box<RoutedQuery>),
    /// The file and why.
    LeftOut(String),
}

async fn read(
    client: &Client,
    query: Query,
    tables: Option<&[String]>,
    schema: Option<&str>,
) -> Result<Selected> {
    if let Some(table) = tables.and_then(|tables| left_out(&query, tables)) {
        let path = &query.path;
        return Ok(Selected::LeftOut(format!(
            "{path} is left out: it takes its ids from {table}, which --tables leaves out"
        )));
    }
    let types = parameter_types(client, &query, schema).await?;
    let declared: Vec<_> = types.iter().map(ParameterType::declared).collect();
    let statement = match query.prepare(client, &declared).await {
        Err(error) if tables.is_some() && is_about_a_table(&error) => {
            let path = &query.path;
            return Ok(Selected::LeftOut(format!(
                "{path} is left out: a table that it reads doesn't exist"
            )));
        }
        prepared => prepared?,
    };
    Ok(Selected::Served(Box::new(RoutedQuery {
        columns: columns(client, &statement).await?,
        query,
        types,
    })))
}

fn is_about_a_table(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<tokio_postgres::Error>();
    error.and_then(tokio_postgres::Error::code) == Some(&SqlState::UNDEFINED_TABLE)
}

/// The result's columns.
async fn columns(client: &Client, statement: &Statement) -> Result<Vec<OutputColumn>> {
    let columns = statement.columns();
    let oids = columns.iter().map(|column| column.type_().oid());
    let types = TypeCatalog::read(client, oids.collect()).await?;
    let column = |column: &Column| OutputColumn {
        name: column.name().to_owned(),
        data_type: types.resolve(column.type_().oid(), column.type_modifier()),
    };
    Ok(columns.iter().map(column).collect())
}

/// The table that a parameter's values come from, where it isn't among these.
fn left_out<'a>(query: &'a Query, tables: &[String]) -> Option<&'a str> {
    let mut parameters = query.header.parameters.iter();
    parameters.find_map(|parameter| match &parameter.source {
        ValueSource::Column(column) if !tables.iter().any(|it| it.trim() == column.table) => {
            Some(column.table.as_str())
        }
        _ => None,
    })
}
