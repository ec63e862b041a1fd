//! The statements that a database spends most of its time on, from `pg_stat_statements`, as queries to run with existing
//! values.
//!
//! They are normalised: `$1` … stand where values were. What a parameter is compared with is taken from the generic plan,
//! and values of that column are sampled for it as for the parameter of a query file.

mod conditions;
mod parameters;
mod top;

use anyhow::Result;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};
use xxhash_rust::xxh3::xxh3_64;

use self::parameters::{ParameterPlaces, header};
use self::top::{Found, found};
use super::parameter_type::{ParameterType, parameter_types};
use super::query::{Query, QueryFile};
use crate::postgres::catalog::{self, Scope, Table};
use crate::postgres::error::server_error;
use crate::postgres::explain::{self, Explain, NodeKind, Plan, Run};
use crate::postgres::{Server, TableName};

/// What `pg_stat_statements` holds of the tables asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statements {
    /// Those that can be run, the most expensive first.
    pub queries: Vec<QueryFile>,
    /// Those that can't be run with existing values.
    pub unchecked: Vec<UncheckedStatement>,
    /// How many of those that took as long are no single SELECT, or read no table that was asked for.
    pub others: usize,
    /// How many this role may not see.
    pub hidden: usize,
}

/// A statement without values to run it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncheckedStatement {
    /// As the other ones are named.
    pub name: String,
    /// Why, and the statement.
    pub reason: String,
}

/// The `count` SELECTs over the schema's tables, or over those named, that took the most time.
pub async fn top_statements(
    server: &Server,
    count: usize,
    only: Option<&[String]>,
) -> Result<Statements> {
    let mut client = server.connect().await?;
    let scope = Scope::schema_or_database(server.schema());
    let mut tables = catalog::tables(&client, scope).await?;
    if let Some(only) = only {
        tables.retain(|table| table.name.is_among(only));
    }
    let mut statements = Statements::default();
    for found in found(&client).await? {
        if statements.queries.len() + statements.unchecked.len() == count {
            break;
        }
        match found {
            Found::Hidden => statements.hidden += 1,
            Found::Other => statements.others += 1,
            Found::Select(sql) => {
                let reader = Reader {
                    sql: &sql,
                    tables: &tables,
                    schema: server.schema(),
                };
                reader.add(&mut client, &mut statements).await?;
            }
        }
    }
    server.keep(client);
    Ok(statements)
}

/// One statement, and what it may read.
struct Reader<'a> {
    sql: &'a str,
    tables: &'a [Table],
    schema: Option<&'a str>,
}

impl Reader<'_> {
    /// Adds the statement as a query, or as what it is otherwise.
    async fn add(&self, client: &mut Client, statements: &mut Statements) -> Result<()> {
        let plan = match self.plan(client).await {
            Ok(plan) => plan,
            Err(error) => {
                let name = self.name(&[]);
                statements
                    .unchecked
                    .push(self.unchecked(name, reason(error)?));
                return Ok(());
            }
        };
        let read = tables_of(&plan);
        let is_asked_for = |name: &TableName| self.tables.iter().any(|table| table.name == *name);
        if read.is_empty() || !read.iter().all(is_asked_for) {
            statements.others += 1;
            return Ok(());
        }
        let name = self.name(&read);
        if statements.queries.iter().any(|it| it.name == name) {
            return Ok(());
        }
        match self.query(client, &plan, &name).await? {
            Ok(query) => statements.queries.push(query),
            Err(reason) => statements.unchecked.push(self.unchecked(name, reason)),
        }
        Ok(())
    }

    /// Its generic plan, in a transaction of its own: one that the server rejects ends it.
    async fn plan(&self, client: &mut Client) -> Result<Plan> {
        let transaction = client.build_transaction().read_only(true).start().await?;
        let plan = self.generic(&transaction).await;
        transaction.rollback().await?;
        plan
    }

    /// The plan for parameters of the types that the server finds out.
    async fn generic(&self, transaction: &Transaction<'_>) -> Result<Plan> {
        let prepared = Explain::prepare(transaction, self.sql, &[], Run::Never).await?;
        explain::generic(transaction, self.sql, &prepared.type_names()).await
    }

    /// `customers_orders_3f0a91c2`: tables, and digits of its text, so that it is named alike in every database.
    fn name(&self, read: &[TableName]) -> String {
        let tables = read.iter().take(2).map(|it| it.name.as_str());
        let digits = format!("{:08x}", xxh3_64(self.sql.as_bytes()) >> 32);
        tables
            .chain([digits.as_str()])
            .collect::<Vec<_>>()
            .join("_")
    }

    fn unchecked(&self, name: String, reason: String) -> UncheckedStatement {
        let sql = self.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        UncheckedStatement {
            name,
            reason: format!("{reason}: {sql}"),
        }
    }

    /// The statement as a query file that the server accepts, or why there is none.
    async fn query(
        &self,
        client: &Client,
        plan: &Plan,
        name: &str,
    ) -> Result<Result<QueryFile, String>> {
        if plan.nodes().iter().any(|it| it.kind == NodeKind::LockRows) {
            return Ok(Err(
                "it locks rows, and checks run in read-only transactions".to_owned(),
            ));
        }
        let types = client.prepare(self.sql).await?.params().to_vec();
        let places = ParameterPlaces::of(self.sql, plan);
        let text = match header(self.sql, &places, &types) {
            Ok(text) => text,
            Err(reason) => return Ok(Err(reason)),
        };
        let file = QueryFile {
            name: name.to_owned(),
            path: format!("pg_stat_statements, {name}"),
            text,
        };
        let query = match Query::parse(&file) {
            Ok(query) => query,
            Err(error) => return Ok(Err(format!("{error:#}"))),
        };
        let types = parameter_types(client, &query, self.schema).await?;
        let types: Vec<Type> = types.iter().map(ParameterType::declared).collect();
        Ok(match query.prepare(client, &types).await {
            Ok(_) => Ok(file),
            Err(error) => Err(reason(error)?),
        })
    }
}

/// The tables that a plan reads, a partition as itself.
fn tables_of(plan: &Plan) -> Vec<TableName> {
    let nodes = plan.nodes().into_iter();
    let mut names: Vec<TableName> = nodes
        .filter_map(|it| {
            Some(TableName::new(
                it.schema.as_deref()?,
                it.relation.as_deref()?,
            ))
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What the server says; other errors are errors here, too.
fn reason(error: anyhow::Error) -> Result<String> {
    match server_error(&error) {
        Some(said) => Ok(format!("the server can't plan it: {}", said.message())),
        None => Err(error),
    }
}
