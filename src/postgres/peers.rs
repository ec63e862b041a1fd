//! The hosts of one URL that take connections for reads in turn: `load_balance_hosts=random`, as the nodes of a cluster or a
//! primary and its standbys do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::capabilities::Location;
use super::connect::{self, Failure, Opened};
use super::target::{Address, Balance, Endpoint};
use crate::progress::Progress;

/// Hosts that have the same rows; none where the first that answers takes all connections.
#[derive(Debug, Default)]
pub struct Peers {
    hosts: Vec<Peer>,
    next: AtomicUsize,
}

/// One of the hosts.
#[derive(Debug)]
pub struct Peer {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Whether it didn't answer the last time it was asked.
    is_silent: AtomicBool,
}

impl Peers {
    /// Those of an address that asks for it.
    pub fn of(address: &Address) -> Peers {
        let peer = |endpoint: &Endpoint| Peer {
            endpoint: endpoint.clone(),
            is_silent: AtomicBool::new(false),
        };
        Peers {
            hosts: match address.balance {
                Balance::FirstThatAnswers => Vec::new(),
                Balance::InTurn => address.endpoints.iter().map(peer).collect(),
            },
            next: AtomicUsize::new(0),
        }
    }

    /// `coordinator:5432, worker1:5432`; `None` where one host takes all connections.
    pub fn listed(&self) -> Option<String> {
        let hosts = self.hosts.iter().map(|it| it.endpoint.shown.as_str());
        let hosts: Vec<&str> = hosts.collect();
        (hosts.len() > 1).then(|| hosts.join(", "))
    }

    /// The first that isn't on this machine, as it was named.
    pub fn elsewhere(&self) -> Option<&str> {
        let mut hosts = self.hosts.iter().map(|it| &it.endpoint);
        let host = hosts.find(|it| Location::of(&it.config) == Location::Remote);
        host.map(|it| it.shown.as_str())
    }

    /// All of them, each time from the next one on.
    pub fn in_turn(&self) -> impl Iterator<Item = &Peer> {
        let count = self.hosts.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed) % count.max(1);
        self.hosts.iter().cycle().skip(first).take(count)
    }

    /// A connection to the host whose turn it is, or to the next one that answers; the first failure where none does, `None`
    /// where there are no such hosts. That one doesn't answer is noted once, and again after it has answered meanwhile.
    pub async fn connect(
        &self,
        longest: Duration,
        progress: &Progress,
    ) -> Option<Result<Opened, Failure>> {
        let mut failed: Vec<(&Peer, Failure)> = Vec::new();
        for peer in self.in_turn() {
            let Endpoint { config, tls, .. } = &peer.endpoint;
            match connect::open(config, tls, longest).await {
                Ok(opened) => {
                    peer.is_silent.store(false, Ordering::Relaxed);
                    let failed = failed.into_iter();
                    failed.for_each(|(peer, failure)| peer.note(failure, progress));
                    return Some(Ok(opened));
                }
                Err(failure) => failed.push((peer, failure)),
            }
        }
        failed.into_iter().next().map(|(_, failure)| Err(failure))
    }
}

impl Peer {
    /// Notes that others take its connections, unless that was noted since it last answered.
    fn note(&self, failure: Failure, progress: &Progress) {
        if !self.is_silent.swap(true, Ordering::Relaxed) {
            let message = format!("no connection to {}", self.endpoint.shown);
            let error = anyhow::Error::new(failure.refused(message, Vec::new()));
            progress.note(format!("{error:#}; other hosts take its connections"));
        }
    }
}
