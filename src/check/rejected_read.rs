//! Reads that the server rejects: where that says something about the read, it is a finding, and the other reads go on.

use anyhow::Error;
use tokio_postgres::error::{DbError, SqlState};

use super::finding::{Finding, Severity};
use super::fk_lookup::Read;
use super::measure;
use super::statements::statement_unchecked;
use crate::postgres::Capabilities;
use crate::postgres::error::server_error;
use crate::queries::QueryOrigin;

/// The finding of a read that failed with this error; `None` where the error ends the check: the query file is wrong, or the
/// server fails.
pub fn rejected_read(error: &Error, read: &Read, server: Capabilities) -> Option<Finding> {
    if read.key.is_some() && measure::is_not_allowed(error) {
        return Some(not_allowed(error, read));
    }
    let said = server_error(error)?;
    if read.query.origin == QueryOrigin::Statement {
        return Some(statement_unchecked(format!(
            "with the values sampled for it, the server says: {}",
            said.message()
        )));
    }
    let unsupported =
        server.cluster.is_some() && is_unsupported(said.code(), said.hint().unwrap_or_default());
    unsupported.then(|| not_supported(said))
}

/// A lookup that this role may not run. No file asks for it, so that is no error.
fn not_allowed(error: &Error, read: &Read) -> Finding {
    Finding {
        rule: "not-allowed",
        severity: Severity::Unchecked,
        on: None,
        message: format!("this role may not run it: {}", error.root_cause()),
        help: match &read.key {
            Some(key) if key.table == key.referenced => {
                format!("GRANT SELECT ON {} TO …;", key.table)
            }
            Some(key) => format!("GRANT SELECT ON {}, {} TO …;", key.table, key.referenced),
            None => String::new(),
        },
    }
}

/// Whether Citus plans no such query, or not with its settings. A join that needs `citus.enable_repartition_joins` is an
/// internal error by its code, with the setting in the hint (Citus 13.2).
fn is_unsupported(code: &SqlState, hint: &str) -> bool {
    *code == SqlState::FEATURE_NOT_SUPPORTED
        || *code == SqlState::INTERNAL_ERROR && hint.contains("citus.")
}

/// What one server executes and this cluster doesn't (`not-supported`).
fn not_supported(said: &DbError) -> Finding {
    let detail = said.detail().map(|it| format!(" ({it})"));
    let hint = said.hint().map(|it| format!("{it}; or "));
    Finding {
        rule: "not-supported",
        severity: Severity::Unchecked,
        on: None,
        message: format!(
            "the cluster doesn't execute it: {}{}",
            said.message(),
            detail.unwrap_or_default()
        ),
        help: format!(
            "{}join on the distribution columns, and compare these with a parameter in every subquery",
            hint.unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_names_a_setting_of_the_cluster_is_about_the_query() {
        let hint = "Set citus.enable_repartition_joins to on to enable repartitioning";
        assert!(is_unsupported(&SqlState::INTERNAL_ERROR, hint));
        assert!(is_unsupported(&SqlState::FEATURE_NOT_SUPPORTED, ""));
        assert!(!is_unsupported(&SqlState::INTERNAL_ERROR, ""));
        assert!(!is_unsupported(&SqlState::UNDEFINED_TABLE, hint));
    }
}
