//! Findings and figures → text, JSON; the only room that prints results.

pub mod db;
pub mod messages;

pub use messages::{error, interrupted};
