//! The connections of a load: settings, privileges, advisory locks, the pool of workers, and the context of their errors.

mod advisory_lock;
mod cluster;
mod error_context;
pub mod part_lock;
pub mod privileges;
mod server_settings;
mod settings;
mod worker_pool;

pub use advisory_lock::{acquire as acquire_advisory_lock, release as release_advisory_lock};
pub use cluster::{ONE_CONNECTION_A_NODE, end_prepared_transactions, prepare_changes};
pub use error_context::{
    holders_of, is_lock_timeout, stayed_locked, with_lock_holders, with_next_commands,
};
pub use server_settings::{ServerSetting, ServerSettings, WalCounters};
pub use settings::SessionSettings;
pub use worker_pool::{ReadySessions, WorkerPool};
