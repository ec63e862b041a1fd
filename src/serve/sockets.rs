//! All sockets of a server: bound before the first connection is accepted, so that a port in use ends the command.

use std::fs;

use anyhow::{Result, ensure};

use super::config::Config;
use super::listen::{Acceptor, Listen};
use crate::progress::Progress;

/// The sockets.
pub struct Sockets {
    /// Where requests are answered, with the ports that the system chose.
    listen: Vec<Listen>,
    admin_listen: Option<Listen>,
    /// Those of each worker.
    pub acceptors: Vec<Vec<Acceptor>>,
    /// The one for health checks.
    pub admin: Option<Acceptor>,
}

impl Sockets {
    /// Binds them all.
    pub fn bind(config: &Config) -> Result<Sockets> {
        ensure_distinct(config)?;
        let mut sockets = Sockets {
            listen: Vec::new(),
            admin_listen: None,
            acceptors: (0..config.workers).map(|_| Vec::new()).collect(),
            admin: None,
        };
        for listen in &config.listen {
            let (listen, acceptors) = listen.bind(config.workers)?;
            for (worker, acceptor) in sockets.acceptors.iter_mut().zip(acceptors) {
                worker.push(acceptor);
            }
            sockets.listen.push(listen);
        }
        if let Some(listen) = &config.admin {
            let (listen, mut acceptors) = listen.bind(1)?;
            sockets.admin_listen = Some(listen);
            sockets.admin = acceptors.pop();
        }
        Ok(sockets)
    }

    /// Says where it listens, and that the world may ask.
    pub fn announce(&self, routes: usize, progress: &Progress) {
        let places: Vec<String> = self.listen.iter().map(Listen::to_string).collect();
        let noun = if routes == 1 { "route" } else { "routes" };
        progress.note(format!("serve: {routes} {noun} on {}", places.join(", ")));
        if let Some(listen) = &self.admin_listen {
            progress.note(format!("serve: health checks and metrics on {listen}"));
        }
        let all = self.listen.iter().chain(&self.admin_listen);
        for listen in all.filter(|listen| listen.is_public()) {
            progress.note(format!(
                "serve: {listen} is a public address: any machine that reaches this one may read the data, without TLS"
            ));
        }
    }

    /// Removes the unix sockets' files.
    pub fn remove(&self) {
        for listen in self.listen.iter().chain(&self.admin_listen) {
            if let Listen::Unix(path) = listen {
                // Another server may have replaced or removed it.
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Refuses an address that is named twice: binding it would blame another process.
fn ensure_distinct(config: &Config) -> Result<()> {
    let all: Vec<&Listen> = config.listen.iter().chain(&config.admin).collect();
    for (place, listen) in all.iter().enumerate() {
        let is_new = listen.is_any_port() || !all[..place].contains(listen);
        ensure!(
            is_new,
            "{listen} is named twice: each --listen, and --admin, needs an address of its own"
        );
    }
    Ok(())
}
