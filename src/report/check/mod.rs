//! What `seedrow check` prints: for people, for programs, and for what shows results of CI.

mod finding_groups;
mod github;
mod json;
mod junit;
mod markdown;
mod remedy;
mod render;
#[cfg(test)]
pub mod sample;
mod text;

pub use finding_groups::{FindingGroup, SharedFinding, finding_groups, without_repetition};
pub use json::saved;
pub use remedy::{Remedy, remedy};
pub use render::{completed, format_parser, render, summarise};
pub use text::text;
