//! The server a command works on: resolved from options and environment, reached, and asked for connections.

use anyhow::{Context, Result, bail};
use tokio_postgres::{Client, NoTls};

use crate::cli::TargetArgs;
use crate::progress::Progress;

/// An open target: somebody's server, or the embedded one for as long as this value lives.
pub struct Server {
    config: tokio_postgres::Config,
    shown: String,
    schema: Option<String>,
    embedded: bool,
}

impl Server {
    /// Resolves the target and waits for it to accept connections; on the embedded server `database` is made when
    /// it isn't there.
    pub async fn open(args: &TargetArgs, _database: &str, _progress: &Progress) -> Result<Server> {
        let Some(url) = &args.url else {
            bail!("no --url")
        };
        let config: tokio_postgres::Config = url.parse().context("could not read --url")?;
        Ok(Server {
            config,
            shown: url.clone(),
            schema: args.target_schema.clone(),
            embedded: false,
        })
    }

    /// A new connection, its search path led by the target schema.
    pub async fn connect(&self) -> Result<Client> {
        let (client, connection) = self
            .config
            .connect(NoTls)
            .await
            .context("could not connect")?;
        tokio::spawn(connection);
        if let Some(schema) = &self.schema {
            client
                .batch_execute(&format!("SET search_path = \"{schema}\""))
                .await?;
        }
        Ok(client)
    }

    /// Whether seedrow brought this server up itself, so that nobody else's data is on it.
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// The target for messages: host, port, database, user; never a password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The schema asked for with `--target-schema`.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }
}
