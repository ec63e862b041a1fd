//! How a missing foreign-key index is built, for the findings that ask for one.

use crate::index::{BuildMode, Survey};
use crate::postgres::catalog::ForeignKey;
use crate::postgres::name::quoted;
use crate::suggestion::TARGET;

/// The command, and the statement that it runs.
pub fn build_help(survey: &Survey, key: &ForeignKey) -> String {
    let cannot = key
        .columns
        .iter()
        .zip(&key.comparisons)
        .find(|(_, it)| !it.can_be_indexed());
    if let Some((column, comparison)) = cannot {
        return format!(
            "no index can: Postgres casts the column, and an index can't hold that cast; give it the type of the \
             referenced column: ALTER TABLE {} ALTER COLUMN {} TYPE {};",
            key.table,
            quoted(&column.name),
            comparison.type_name
        );
    }
    let command = format!("`seedrow index{TARGET}`");
    match survey.proposal_for(key) {
        Some(proposal) => format!("{command}, or: {};", proposal.ddl(BuildMode::Plain)),
        None => command,
    }
}
