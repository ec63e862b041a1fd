//! Opens the server of a command: an external one, or a lease of the embedded one.

use std::env;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::try_join;
use tokio_postgres::error::SqlState;

use super::{Backing, Server};
use crate::postgres::capabilities::{Capabilities, Location, Writes};
use crate::postgres::cluster::Cluster;
use crate::postgres::connect::{self, Opened};
use crate::postgres::embedded::{Home, Lease};
use crate::postgres::environment::Environment;
use crate::postgres::name::quoted;
use crate::postgres::peers::Peers;
use crate::postgres::pooler;
use crate::postgres::target::{Address, Target, TargetOptions};
use crate::postgres::tls::Tls;
use crate::progress::Progress;

/// A start that takes longer than this is reported.
const QUIET_START: Duration = Duration::from_secs(3);

impl Server {
    /// Resolves the target and waits for it to accept connections; on the embedded server `database` is created when it
    /// doesn't exist.
    pub async fn open(
        options: &TargetOptions,
        database: &str,
        progress: &Progress,
    ) -> Result<Server> {
        let target = Target::resolve(options.url.as_deref(), &Environment::of_process())?;
        Server::reach(&target, options, database, progress).await
    }

    /// What [`Server::open`] does once the target is resolved.
    pub async fn reach(
        target: &Target,
        options: &TargetOptions,
        database: &str,
        progress: &Progress,
    ) -> Result<Server> {
        let schema = options.schema.clone();
        let server = match target {
            Target::External(address) => {
                Server::external(address, options.wait, schema, progress).await?
            }
            Target::Embedded => {
                let home = Home::resolve(options.home.as_deref())?;
                Server::embedded(home, database, schema, progress).await?
            }
        };
        Ok(Server {
            memory: options.server_memory,
            ..server
        })
    }

    async fn external(
        address: &Address,
        wait: Duration,
        schema: Option<String>,
        progress: &Progress,
    ) -> Result<Server> {
        for warning in &address.warnings {
            progress.note(warning);
        }
        let (endpoint, first) = connect::reach(address, wait, progress).await?;
        let display_name = format!(
            "{} on {} as {}",
            address.database, endpoint.shown, address.user
        );
        let mut server = Server {
            config: endpoint.config.clone(),
            tls: endpoint.tls.clone(),
            peers: Peers::of(address),
            backing: Backing::External,
            capabilities: Capabilities::external(Location::of(&endpoint.config), Writes::Accepted),
            display_name,
            schema,
            memory: None,
            shared_lock: AtomicI64::new(0),
            idle: Mutex::default(),
            version: OnceLock::from(first.version()),
            progress: progress.clone(),
            waited: AtomicBool::new(false),
        };
        // The role may be limited to one connection; what needs more reports that itself.
        if !pooler::is_direct(&first.client).await?
            && let Ok(second) = connect::open(&server.config, &server.tls, Duration::MAX).await
        {
            pooler::ensure_none(&first.client, &second.client).await?;
            server.keep(second.client);
        }
        let (writes, cluster) =
            try_join(Writes::read(&first.client), Cluster::read(&first.client)).await?;
        server.capabilities.writes = writes;
        server.capabilities = server.capabilities.within(cluster);
        if let Some(cluster) = cluster {
            server.display_name += &format!(" ({cluster})");
        }
        server.keep(first.client);
        Ok(server)
    }

    async fn embedded(
        home: Home,
        database: &str,
        schema: Option<String>,
        progress: &Progress,
    ) -> Result<Server> {
        let lease = lease(home.clone(), progress).await?;
        let opened = ensure_database(&lease, database).await?;
        let version = OnceLock::new();
        if let Some(opened) = &opened {
            let _ = version.set(opened.version());
        }
        let running = lease.running();
        let which = format!(
            "embedded PostgreSQL {} in {}",
            running.version,
            home.folder().display()
        );
        for folder in home.other_data(running) {
            progress.note(format!(
                "not used: {}, another version's data",
                folder.display()
            ));
        }
        Ok(Server {
            config: lease.config(database),
            tls: Tls::Off,
            peers: Peers::default(),
            display_name: format!("{database} on the {which}"),
            backing: Backing::Embedded(lease),
            capabilities: Capabilities::embedded(),
            schema,
            memory: None,
            shared_lock: AtomicI64::new(0),
            idle: Mutex::new(opened.into_iter().map(|it| it.client).collect()),
            version,
            progress: progress.clone(),
            waited: AtomicBool::new(false),
        })
    }
}

/// Acquires a lease on a separate thread: ^C need not wait for it, as it would for the runtime's blocking threads.
async fn lease(home: Home, progress: &Progress) -> Result<Lease> {
    let program = env::current_exe().context("could not find seedrow's own executable")?;
    let log = home.log();
    let (sender, mut receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || sender.send(Lease::acquire(home.folder(), &program)));
    let lease = match tokio::time::timeout(QUIET_START, &mut receiver).await {
        Ok(lease) => lease,
        Err(_) => {
            progress.note(format!(
                "the embedded Postgres is still starting or stopping; its log is {}",
                log.display()
            ));
            receiver.await
        }
    };
    lease.context("the thread that starts the embedded Postgres ended")?
}

/// Makes the database unless it exists; the connection to it then.
async fn ensure_database(lease: &Lease, database: &str) -> Result<Option<Opened>> {
    let making = || format!("could not make database {database} on the embedded Postgres");
    match connect::open(&lease.config(database), &Tls::Off, Duration::MAX).await {
        Ok(opened) => return Ok(Some(opened)),
        Err(failure) if failure.code() == Some(&SqlState::INVALID_CATALOG_NAME) => {}
        Err(failure) => return Err(failure.refused(making(), vec![]).into()),
    }
    let opened = connect::open(&lease.config("postgres"), &Tls::Off, Duration::MAX)
        .await
        .map_err(|failure| failure.refused(making(), vec![]))?;
    // template0 accepts no connections, and CREATE DATABASE fails while others are connected to its template.
    let create = format!("CREATE DATABASE {} TEMPLATE template0", quoted(database));
    match opened.client.batch_execute(&create).await {
        // Another seedrow made it in between.
        Err(error)
            if matches!(
                error.code(),
                Some(&SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION)
            ) =>
        {
            Ok(None)
        }
        result => result.map(|()| None).with_context(making),
    }
}
