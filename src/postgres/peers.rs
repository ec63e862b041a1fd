//! The hosts of one URL that take connections for reads in turn: `load_balance_hosts=random`, as the nodes of a cluster or a
//! primary and its standbys do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::connect::{self, Failure, Opened};
use super::target::{Address, Balance, Endpoint};

/// Hosts that have the same rows; none where the first that answers takes all connections.
#[derive(Debug, Default)]
pub struct Peers {
    endpoints: Vec<Endpoint>,
    next: AtomicUsize,
}

impl Peers {
    /// Those of an address that asks for it.
    pub fn of(address: &Address) -> Peers {
        Peers {
            endpoints: match address.balance {
                Balance::FirstThatAnswers => Vec::new(),
                Balance::InTurn => address.endpoints.clone(),
            },
            next: AtomicUsize::new(0),
        }
    }

    /// All of them, each time from the next one on.
    pub fn in_turn(&self) -> impl Iterator<Item = &Endpoint> {
        let count = self.endpoints.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed) % count.max(1);
        self.endpoints.iter().cycle().skip(first).take(count)
    }

    /// A connection to the host whose turn it is, or to the next one that answers; the first failure where none does, `None`
    /// where there are no such hosts.
    pub async fn connect(&self, longest: Duration) -> Option<Result<Opened, Failure>> {
        let mut first = None;
        for peer in self.in_turn() {
            match connect::open(&peer.config, &peer.tls, longest).await {
                Ok(opened) => return Some(Ok(opened)),
                Err(failure) => {
                    first.get_or_insert(failure);
                }
            }
        }
        first.map(Err)
    }
}
