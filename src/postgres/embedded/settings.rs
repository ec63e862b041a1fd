//! The embedded server's settings, scaled to the machine and tuned for bulk loads.
//!
//! They are given at every start (`-c`), so that they follow the machine and this program rather than a file that
//! initdb once wrote. What a plan depends on and isn't named here stays at its default: plans should look like those
//! of a stock server.

use std::fs;
use std::path::Path;

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;
/// The memory where it is unknown (not on Linux).
const ASSUMED_MEMORY: u64 = 4 * GB;

/// What the settings are scaled to.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Bytes of memory, or of what the container may use.
    pub memory: u64,
    /// Bytes free on the data folder's disk.
    pub disk: u64,
}

impl Machine {
    /// This machine, with the disk that holds `folder`.
    pub fn detect(folder: &Path) -> Machine {
        let disk =
            rustix::fs::statvfs(folder).map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize);
        let limits = [
            "/sys/fs/cgroup/memory.max",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        ];
        let limits = limits
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
        let meminfo = fs::read_to_string("/proc/meminfo").ok();
        let memory = meminfo
            .and_then(|text| total(&text))
            .unwrap_or(ASSUMED_MEMORY);
        Machine {
            memory: limits.fold(memory, u64::min),
            disk,
        }
    }
}

/// MemTotal of /proc/meminfo, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let rest = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// The settings as `name=value`.
pub fn settings(machine: Machine, socket: &Path) -> Vec<String> {
    let share = |part: u64, least: u64, most: u64| (machine.memory / part).clamp(least, most) / MB;
    let max_wal = (machine.disk / 10).clamp(GB, 8 * GB) / MB;
    vec![
        // No TCP: the socket's folder decides who gets in, so that trust authentication is safe.
        "listen_addresses=".into(),
        format!("unix_socket_directories={}", socket.display()),
        "unix_socket_permissions=0700".into(),
        "max_connections=100".into(),
        // An eighth: the rest is left to the machine's other work and the kernel's cache, which loads use as well.
        format!("shared_buffers={}MB", share(8, 128 * MB, 2 * GB)),
        format!("effective_cache_size={}MB", share(2, 512 * MB, 1024 * GB)),
        format!("maintenance_work_mem={}MB", share(16, 64 * MB, GB)),
        // /dev/shm is often 64 MB in containers, too little for parallel index builds.
        "dynamic_shared_memory_type=mmap".into(),
        // Tables filled in the transaction that truncated them bypass the log; minimal requires no senders.
        "wal_level=minimal".into(),
        "max_wal_senders=0".into(),
        // Few checkpoints during a load. Small disks get less: the log may grow to this.
        format!("max_wal_size={max_wal}MB"),
        "checkpoint_timeout=30min".into(),
        // A crash may lose the last moments' commits but corrupts nothing; fsync stays on for that reason.
        "synchronous_commit=off".into(),
        // Compiling costs more than the short queries that are measured.
        "jit=off".into(),
        // Times read the same on every machine.
        "timezone=UTC".into(),
        "log_timezone=UTC".into(),
        // Standard error is the log file already.
        "logging_collector=off".into(),
        "log_destination=stderr".into(),
        "cluster_name=seedrow".into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(memory: u64, disk: u64) -> String {
        settings(Machine { memory, disk }, Path::new("/s")).join("\n")
    }

    #[test]
    fn scale_with_the_machine_within_bounds() {
        let small = of(GB, 8 * GB);
        assert!(
            small.contains("shared_buffers=128MB") && small.contains("max_wal_size=1024MB"),
            "{small}"
        );
        assert!(small.contains("maintenance_work_mem=64MB"), "{small}");
        let large = of(256 * GB, 1000 * GB);
        assert!(
            large.contains("shared_buffers=2048MB") && large.contains("max_wal_size=8192MB"),
            "{large}"
        );
        assert!(of(8 * GB, 8 * GB).contains("shared_buffers=1024MB"));
    }

    #[test]
    fn memory_is_read_from_meminfo() {
        assert_eq!(
            total("MemTotal:       2048 kB\nMemFree: 1 kB\n"),
            Some(2 * MB)
        );
        assert_eq!(total("nothing"), None);
    }
}
