//! Findings and figures → text, JSON; the only room that prints results.

pub mod generate;
pub mod messages;
pub mod table;

pub use messages::{error, interrupted};
