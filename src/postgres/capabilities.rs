//! What a server can do, and what may be done on it unasked, as a plain value.
//!
//! Nothing else asks which kind of server it is: another kind, such as a cluster of several nodes, is another value
//! here.

use std::net::IpAddr;

use anyhow::{Context, Result};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, SimpleQueryMessage};

use super::cluster::{Cluster, ClusterNode};

/// What a load, an index build or a check may count on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether sessions may write.
    pub writes: Writes,
    /// Where the server runs.
    pub location: Location,
    /// What one transaction of a load holds, unless the user says: the larger, the faster, and the more a dropped
    /// connection costs.
    pub commit_unit: CommitUnit,
    /// The Citus cluster that it is a node of.
    pub cluster: Option<Cluster>,
    /// COPY FREEZE into a table that the same transaction truncated. Citus accepts the word and drops it on the way to
    /// the shards.
    pub freeze: bool,
    /// Commits that don't wait for the disk (`synchronous_commit = off`). In a cluster such a commit of the coordinator is
    /// lost in its crash while the workers have theirs: of 17 crashes 3 left tables that nothing could mend.
    pub asynchronous_commits: bool,
    /// A row's `ctid` is its own: those of two shards are alike, and those of a replica differ.
    pub row_addresses: bool,
    /// A plan made without knowing the values (`EXPLAIN EXECUTE` of NULLs).
    pub generic_plans: bool,
    /// Dropping constraints and indexes for a load and restoring them after it.
    pub drop_constraints: bool,
    /// VALIDATE CONSTRAINT of several tables at a time.
    pub parallel_validation: bool,
    /// Building missing indexes on tables that the ledger doesn't know, unasked.
    pub build_indexes_unasked: bool,
    /// Holding locks that block other sessions' reads and writes without being asked to: only seedrow uses the server.
    pub lock_tables_unasked: bool,
    /// Whether its settings are the user's to change, so that advice on them helps.
    pub advise_on_settings: bool,
    /// Whether a database belongs to the dataset that it is named after.
    pub database_per_dataset: bool,
}

/// Whether sessions may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// They may.
    Accepted,
    /// The server is a standby: it replays another one's log (`pg_is_in_recovery()`).
    Standby,
    /// `default_transaction_read_only` is on for the server, the database or the role.
    ReadOnlyByDefault,
    /// The server is a worker of a Citus cluster, which refuses to create, change and empty distributed tables.
    Worker,
}

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// On this machine: a unix socket or the loopback address.
    Local,
    /// Behind a network, whose connections may drop.
    Remote,
}

impl Location {
    /// Where all hosts of a connection are: a unix socket or a loopback address is on this machine.
    pub fn of(config: &Config) -> Location {
        let is_local = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
            }
        };
        let addresses = config.get_hostaddrs();
        match config.get_hosts().iter().all(is_local) && addresses.iter().all(IpAddr::is_loopback) {
            true => Location::Local,
            false => Location::Remote,
        }
    }
}

/// What one transaction of a load holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitUnit {
    /// A whole table, frozen where it was truncated: no WAL where `wal_level` is minimal, and visible to index-only
    /// scans without a VACUUM. A connection that drops costs a table.
    Table,
    /// A segment and its row in the ledger. A connection that drops costs a segment.
    Segment,
}

impl Capabilities {
    /// The embedded server: seedrow's own, on this machine, with no other clients.
    pub fn embedded() -> Capabilities {
        Capabilities {
            build_indexes_unasked: true,
            lock_tables_unasked: true,
            advise_on_settings: false,
            database_per_dataset: true,
            ..Capabilities::external(Location::Local, Writes::Accepted)
        }
    }

    /// A PostgreSQL server that other clients may be using.
    pub fn external(location: Location, writes: Writes) -> Capabilities {
        Capabilities {
            writes,
            location,
            commit_unit: match location {
                Location::Local => CommitUnit::Table,
                Location::Remote => CommitUnit::Segment,
            },
            cluster: None,
            freeze: true,
            asynchronous_commits: true,
            row_addresses: true,
            generic_plans: true,
            drop_constraints: true,
            parallel_validation: true,
            build_indexes_unasked: false,
            lock_tables_unasked: false,
            advise_on_settings: true,
            database_per_dataset: false,
        }
    }

    /// The same where the server is a node of a cluster.
    pub fn within(self, cluster: Option<Cluster>) -> Capabilities {
        let Some(cluster) = cluster else {
            return self;
        };
        Capabilities {
            writes: match (self.writes, cluster.node) {
                (Writes::Accepted, ClusterNode::Worker) => Writes::Worker,
                (writes, _) => writes,
            },
            cluster: Some(cluster),
            freeze: false,
            asynchronous_commits: false,
            row_addresses: false,
            generic_plans: false,
            ..self
        }
    }
}

impl Writes {
    /// Asks the server, by the simple protocol: a pooler may not support prepared statements.
    pub async fn read(client: &Client) -> Result<Writes> {
        const SQL: &str =
            "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')";
        let answer = client
            .simple_query(SQL)
            .await
            .context("could not ask whether the server takes writes")?;
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0), row.get(1))),
            _ => None,
        });
        Ok(match row {
            Some((Some("t"), _)) => Writes::Standby,
            Some((_, Some("on"))) => Writes::ReadOnlyByDefault,
            _ => Writes::Accepted,
        })
    }

    /// Why something that writes can't be done on this server, and what helps; `None` where it can.
    pub fn refusal(self, server: &str) -> Option<String> {
        match self {
            Writes::Accepted => None,
            Writes::Standby => Some(format!(
                "{server} is a standby, which is read-only: connect to its primary (of several hosts in a URL, \
                 target_session_attrs=primary picks it)"
            )),
            Writes::ReadOnlyByDefault => Some(format!(
                "sessions are read-only on {server}: default_transaction_read_only is on for the server, the database or \
                 the role"
            )),
            Writes::Worker => Some(format!(
                "{server}: tables are created, changed and emptied through the cluster's coordinator: connect to it"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_makes_commits_smaller_and_nothing_is_locked_or_built_unasked() {
        let local = Capabilities::external(Location::Local, Writes::Accepted);
        let remote = Capabilities::external(Location::Remote, Writes::Accepted);
        assert_eq!(local.commit_unit, CommitUnit::Table);
        assert_eq!(remote.commit_unit, CommitUnit::Segment);
        for server in [local, remote] {
            assert!(!server.build_indexes_unasked && !server.lock_tables_unasked);
        }
        let own = Capabilities::embedded();
        assert!(own.build_indexes_unasked && own.lock_tables_unasked && !own.advise_on_settings);
    }

    #[test]
    fn a_cluster_commits_on_disk_and_is_written_to_through_its_coordinator() {
        let server = Capabilities::external(Location::Local, Writes::Accepted);
        assert_eq!(server.within(None), server);
        let cluster = |node| Cluster {
            version: (13, 2),
            nodes: 2,
            node,
        };
        let coordinator = server.within(Some(cluster(ClusterNode::Coordinator)));
        assert!(!coordinator.asynchronous_commits && !coordinator.freeze);
        assert_eq!(coordinator.writes, Writes::Accepted);
        let worker = server.within(Some(cluster(ClusterNode::Worker)));
        let refusal = worker
            .writes
            .refusal("shop on db:5432 as app (Citus 13.2, a worker)");
        assert!(refusal.unwrap().ends_with("coordinator: connect to it"));
    }

    #[test]
    fn a_server_that_takes_no_writes_is_refused_with_what_helps() {
        assert_eq!(Writes::Accepted.refusal("shop on db:5432 as app"), None);
        let standby = Writes::Standby.refusal("shop on db:5432 as app").unwrap();
        assert!(
            standby.starts_with("shop on db:5432 as app is a standby, which is read-only")
                && standby.contains("target_session_attrs=primary"),
            "{standby}"
        );
        let setting = Writes::ReadOnlyByDefault.refusal("x").unwrap();
        assert!(
            setting.contains("default_transaction_read_only"),
            "{setting}"
        );
        assert!(!format!("{standby}{setting}").contains('\n'));
    }
}
