//! How a missing foreign-key index is built, for the findings that ask for one.

use crate::index::{BuildMode, Survey};
use crate::postgres::catalog::ForeignKey;
use crate::suggestion::TARGET;

/// The command, and the statement that it runs.
pub fn build_help(survey: &Survey, key: &ForeignKey) -> String {
    let command = format!("`seedrow index{TARGET}`");
    match survey.proposal_for(key) {
        Some(proposal) => format!("{command}, or: {};", proposal.ddl(BuildMode::Plain)),
        None => command,
    }
}
