//! What `seedrow check` prints: for people, for programs, and for what shows results of CI.

mod finding_groups;
mod github;
mod json;
mod junit;
mod markdown;
mod render;
#[cfg(test)]
mod sample;
mod text;

pub use finding_groups::{FindingGroup, SharedFinding, finding_groups};
pub use json::saved;
pub use render::{completed, format_parser, render, summarise};
pub use text::text;
