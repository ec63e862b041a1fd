//! A load that was started and not finished: its dropped constraints are in the ledger alone, where neither `index` nor
//! `check` would miss them, and what reads the tables reads a part of the rows.

use anyhow::{Context, Error, Result, anyhow};
use tokio_postgres::GenericClient;

use crate::load::at_work::AtWork;
use crate::load::ledger::parts::PartsProgress;
use crate::postgres::Server;
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::finishing;

/// An unfinished load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfinished {
    /// Another seedrow is at work on it.
    AtWork(AtWork),
    /// Nobody is.
    Left {
        /// Its schema.
        schema: String,
        /// The command that started it.
        command: String,
        /// Constraints and indexes that are not restored yet.
        dropped: i64,
        /// Which parts are missing, of a load in parts.
        parts: Option<PartsProgress>,
    },
}

impl Unfinished {
    /// The first unfinished load of this schema, or of any that exists. Where the role may not read the ledger, any load
    /// that is under way.
    pub async fn find(
        client: &impl GenericClient,
        schema: Option<&str>,
    ) -> Result<Option<Unfinished>> {
        if !is_readable(client).await? {
            return Ok(AtWork::find(client).await?.map(Unfinished::AtWork));
        }
        let row = client
            .query_opt(include_str!("sql/unfinished.sql"), &[&schema])
            .await
            .context("could not read the ledger")?;
        let Some(row) = row else { return Ok(None) };
        if let Some(other) = AtWork::find(client).await? {
            return Ok(Some(Unfinished::AtWork(other)));
        }
        let (schema, command): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let parts = match row.try_get::<_, Option<i32>>(4)? {
            None => None,
            Some(of) => {
                let (of, tables): (u32, Vec<String>) = (of.try_into()?, row.try_get(3)?);
                Some(PartsProgress::read(client, &schema, of, &tables, &command).await?)
            }
        };
        Ok(Some(Unfinished::Left {
            schema,
            command,
            dropped: row.try_get(2)?,
            parts,
        }))
    }

    /// As [`Unfinished::find`], of the server's schema.
    pub async fn on(server: &Server) -> Result<Option<Unfinished>> {
        let client = server.connect().await?;
        let found = Unfinished::find(&client, server.schema()).await?;
        server.keep(client);
        Ok(found)
    }

    /// The error of a command that it makes wrong.
    pub fn refusal(&self) -> Error {
        match self {
            Unfinished::AtWork(other) => other.refusal(),
            Unfinished::Left {
                schema,
                command,
                dropped,
                parts,
            } => {
                let dropped = match dropped {
                    0 => String::new(),
                    1 => " with 1 constraint or index not restored yet".to_owned(),
                    more => format!(" with {more} constraints and indexes not restored yet"),
                };
                if let Some(parts) = parts {
                    let state = parts.described();
                    let message =
                        format!("schema {schema} has an unfinished load {state}{dropped}");
                    return ErrorWithNotes::of(message, parts.next_commands());
                }
                anyhow!(
                    "schema {schema} has an unfinished load{dropped}; to finish it, run: {}",
                    finishing(command)
                )
            }
        }
    }

    /// What it is, on one line, for a command that goes on beside it.
    pub fn warning(&self) -> String {
        let next = match self {
            Unfinished::Left {
                parts: Some(parts), ..
            } => format!("; {}", parts.next_commands().join("; ")),
            Unfinished::Left { parts: None, .. } | Unfinished::AtWork(_) => String::new(),
        };
        format!(
            "a part of the rows may be missing: {}{next}",
            self.refusal()
        )
    }
}

/// Refuses when the ledger holds an unfinished load of this schema, or of any that exists, and while another seedrow is at
/// work on it.
pub async fn ensure_finished(client: &impl GenericClient, schema: Option<&str>) -> Result<()> {
    match Unfinished::find(client, schema).await? {
        Some(load) => Err(load.refusal()),
        None => Ok(()),
    }
}

/// Whether a ledger exists and this role may read it. `to_regclass` would be an error without USAGE on its schema.
async fn is_readable(client: &impl GenericClient) -> Result<bool> {
    let sql = "SELECT count(*) = 2
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'seedrow' AND c.relname IN ('loads', 'lifted')
            AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')";
    let row = client
        .query_typed_one(sql, &[])
        .await
        .context("could not look for the ledger")?;
    Ok(row.try_get(0)?)
}
