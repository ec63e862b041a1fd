//! The rules: one table of all of them, and those over plans as pure functions that return findings.

mod budget;
mod buffers;
mod estimates;
mod facts;
mod large_scans;
mod opaque;
mod scans;
mod shards;
mod table;
mod wording;
mod work;

pub use budget::{OVER_BUDGET, over_budget};
pub use buffers::bound;
pub use facts::{Facts, PlanSet, Purpose, SMALL_PAGES};
pub use opaque::{UNKNOWN_NODE, unknown_generic_nodes, unknown_node_help};
pub use scans::{access, generic_plan};
pub use table::{RULES, all_rules, judge_plans, markdown_table, query_rules};
pub use wording::is_whole_name;
