//! The connections of a load: their settings, privileges and advisory locks, and the pool of workers that share them.

pub mod advisory_lock;
pub mod error_context;
pub mod privileges;
pub mod server_settings;
pub mod settings;
pub mod worker_pool;
