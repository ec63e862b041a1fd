//! An estimate of the server machine's memory, and the part of it that each index build may use.
//!
//! SQL cannot read the machine's memory, so it is derived from the server's settings unless `--server-memory` is given.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

const MIB: u64 = 1 << 20;

/// PostgreSQL's default of `effective_cache_size`.
const UNSET_CACHE: u64 = 4096 * MIB;

/// The server's own settings, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// `shared_buffers`
    pub shared_buffers: u64,
    /// `effective_cache_size`
    pub effective_cache_size: u64,
    /// `maintenance_work_mem`
    pub maintenance_work_mem: u64,
}

impl Memory {
    /// Asks the server.
    pub async fn read(client: &impl GenericClient) -> Result<Memory> {
        let sql = "SELECT pg_size_bytes(current_setting(name))
            FROM unnest(ARRAY['shared_buffers', 'effective_cache_size', 'maintenance_work_mem'])
                WITH ORDINALITY AS wanted (name, place)
            ORDER BY place";
        let rows = client
            .query_typed(sql, &[])
            .await
            .context("could not read the server's memory settings")?;
        let bytes = |at: usize| -> Result<u64> {
            let row = rows.get(at).context("a memory setting is missing")?;
            Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
        };
        Ok(Memory {
            shared_buffers: bytes(0)?,
            effective_cache_size: bytes(1)?,
            maintenance_work_mem: bytes(2)?,
        })
    }

    /// The machine's memory: what is `given`, else four times `shared_buffers` or 4/3 of `effective_cache_size`,
    /// whichever is more. The manual recommends to set these to 25% and 75% of memory.
    fn of_machine(&self, given: Option<u64>) -> u64 {
        let by_cache = match self.effective_cache_size {
            UNSET_CACHE => 0,
            cache => cache / 3 * 4,
        };
        given.unwrap_or_else(|| by_cache.max(self.shared_buffers * 4))
    }

    /// `maintenance_work_mem` for each of so many builders, bytes: together a quarter of the memory, each at most 1 GiB
    /// and never less than the server's own setting. A machine of 1 GiB with default settings counts as 512 MiB.
    pub fn of_builder(&self, given: Option<u64>, builders: usize) -> u64 {
        let share = self.of_machine(given) / 4 / builders.max(1) as u64;
        share.min(1024 * MIB).max(self.maintenance_work_mem)
    }
}

/// Parallel workers for each builder, so that builders and workers together are `jobs`; more than 8 gain nothing.
///
/// With the server's default of 2 and two busy connections on two cores, loading the default catalog took 23.7 and
/// 24.8 s; with 0 it took 20.4 and 23.0 s (PostgreSQL 15, alternating).
pub fn workers(jobs: usize, builders: usize) -> usize {
    (jobs / builders.max(1)).saturating_sub(1).min(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(shared: u64, cache: u64, own: u64) -> Memory {
        Memory {
            shared_buffers: shared * MIB,
            effective_cache_size: cache * MIB,
            maintenance_work_mem: own * MIB,
        }
    }

    #[test]
    fn a_server_with_default_settings_counts_as_a_small_one() {
        let untouched = memory(128, 4096, 64);
        assert_eq!(untouched.of_builder(None, 1), 128 * MIB);
        assert_eq!(untouched.of_builder(None, 2), 64 * MIB);
        assert_eq!(untouched.of_builder(None, 8), 64 * MIB, "the server's own");
    }

    #[test]
    fn changed_settings_or_a_given_size_decide() {
        assert_eq!(memory(128, 12_288, 64).of_builder(None, 4), 1024 * MIB);
        assert_eq!(memory(2048, 4096, 64).of_builder(None, 4), 512 * MIB);
        assert_eq!(
            memory(2048, 4096, 64).of_builder(Some(1024 * MIB), 2),
            128 * MIB
        );
        assert_eq!(memory(64 << 10, 4096, 64).of_builder(None, 1), 1024 * MIB);
        assert_eq!(memory(128, 4096, 4096).of_builder(None, 2), 4096 * MIB);
    }

    #[test]
    fn workers_fill_the_jobs_that_builders_leave() {
        assert_eq!(workers(2, 2), 0);
        assert_eq!(workers(2, 1), 1);
        assert_eq!(workers(8, 3), 1);
        assert_eq!(workers(64, 1), 8);
    }
}
