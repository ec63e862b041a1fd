//! Which tables a role can have described, and what to type for the others. `pg_stats` shows the columns of tables with the
//! right to SELECT: `pg_monitor` alone sees none, and no error says so.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::model::Profile;
use crate::postgres::name::quoted;

/// What is missing of a schema's statistics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    schema: String,
    role: String,
    tables: usize,
    hidden: Vec<String>,
    unanalysed: Vec<String>,
}

/// Asks for it, without reading a table.
pub async fn access(client: &Client, schema: &str) -> Result<Access> {
    let rows = client
        .query_typed(include_str!("sql/access.sql"), &[(&schema, Type::TEXT)])
        .await
        .context("could not read which tables the role may read the statistics of")?;
    let mut access = Access {
        schema: schema.to_owned(),
        ..Access::default()
    };
    for row in rows {
        access.role = row.try_get(0)?;
        access.take(row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    }
    Ok(access)
}

impl Access {
    /// As it was when a profile was read.
    pub fn of(profile: &Profile) -> Access {
        let mut access = Access {
            schema: profile.schema.clone(),
            ..Access::default()
        };
        for table in &profile.tables {
            access.take(table.name.clone(), table.readable, !table.is_unanalysed());
        }
        access
    }

    fn take(&mut self, table: String, readable: bool, analysed: bool) {
        self.tables += 1;
        match (readable, analysed) {
            (false, _) => self.hidden.push(table),
            (true, false) => self.unanalysed.push(table),
            (true, true) => {}
        }
    }

    /// Refuses a schema of which nothing is known.
    pub fn ensure_any(&self) -> Result<()> {
        if self.tables > 0 && self.hidden.len() + self.unanalysed.len() == self.tables {
            bail!(
                "nothing is known of the tables of schema {}: {}",
                self.schema,
                self.messages().join("\n")
            );
        }
        Ok(())
    }

    /// What is missing, table by table, and the statements that help.
    pub fn messages(&self) -> Vec<String> {
        let role = match self.role.as_str() {
            "" => "the role".to_owned(),
            role => quoted(role),
        };
        let mut messages = Vec::new();
        if !self.hidden.is_empty() {
            let to = if self.role.is_empty() { "…" } else { &role };
            messages.push(format!(
                "{role} doesn't see the statistics of {} of {} tables: pg_stats shows those of tables with the right to SELECT \
                 and without row security, and pg_monitor doesn't give it{}\n  to have them described: GRANT SELECT ON {} TO {to};",
                self.hidden.len(),
                self.tables,
                listed(&self.hidden),
                self.qualified(&self.hidden),
            ));
        }
        if !self.unanalysed.is_empty() {
            messages.push(format!(
                "{} of {} tables were never analysed{}\n  to have them described: ANALYZE {};",
                self.unanalysed.len(),
                self.tables,
                listed(&self.unanalysed),
                self.qualified(&self.unanalysed),
            ));
        }
        messages
    }

    fn qualified(&self, tables: &[String]) -> String {
        let names = tables
            .iter()
            .map(|it| format!("{}.{}", quoted(&self.schema), quoted(it)));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Each on a line of its own.
fn listed(tables: &[String]) -> String {
    tables.iter().fold(String::new(), |mut text, table| {
        let _ = write!(text, "\n  {table}");
        text
    })
}
