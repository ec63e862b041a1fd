//! The statements behind the endpoints: prepared once a connection with typed parameters, each giving one body.

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::future::try_join_all;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Row, Statement};

use super::api::{BodyForm, Endpoint};
use crate::copy::Scalar;

/// A statement as every connection prepares it.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyStatement {
    sql: String,
    types: Vec<Type>,
    encoding: Encoding,
}

/// How the server sends the column that is the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// json and text: the bytes themselves.
    Plain,
    /// jsonb: a version, then the text.
    Versioned,
}

/// A prepared statement of one connection.
#[derive(Debug)]
pub struct Prepared {
    /// For the driver.
    pub statement: Statement,
    encoding: Encoding,
}

impl From<&Endpoint> for BodyStatement {
    fn from(endpoint: &Endpoint) -> BodyStatement {
        BodyStatement {
            sql: endpoint.statement(),
            types: endpoint.types.clone(),
            encoding: match endpoint.body {
                BodyForm::Value(Scalar::Jsonb) => Encoding::Versioned,
                _ => Encoding::Plain,
            },
        }
    }
}

/// Prepares all statements on a connection.
pub async fn prepare(client: &Client, statements: &[BodyStatement]) -> Result<Vec<Prepared>> {
    let prepare = async |it: &BodyStatement| {
        let statement = client.prepare_typed(&it.sql, &it.types).await?;
        Ok::<_, tokio_postgres::Error>(Prepared {
            statement,
            encoding: it.encoding,
        })
    };
    try_join_all(statements.iter().map(prepare))
        .await
        .context("could not prepare the statements")
}

impl Prepared {
    /// The body in a row; `None` for NULL.
    pub fn body(&self, row: &Row) -> Result<Option<Bytes>, tokio_postgres::Error> {
        let raw: Option<Raw> = row.try_get(0)?;
        Ok(raw.map(|Raw(bytes)| match self.encoding {
            Encoding::Plain => Bytes::copy_from_slice(bytes),
            Encoding::Versioned => Bytes::copy_from_slice(bytes.get(1..).unwrap_or_default()),
        }))
    }
}

/// A value's bytes as they came; the driver's own types parse JSON, and its texts refuse it.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> Result<Raw<'a>, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
