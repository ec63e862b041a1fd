//! Statements that a database ran, as part of a check: those that can't be run, and those of a check that was saved.

use super::finding::{Finding, Severity};
use super::report::{Check, Subject};
use super::saved::{SavedKind, SavedReport};
use super::settings::Suite;
use crate::queries::{Header, QueryFile};
use crate::script::lexer::{Token, tokens};

/// The checks of the statements that there are no values for.
pub fn unchecked_statements(suite: &Suite) -> impl Iterator<Item = Check> {
    let unchecked = suite.statements.unchecked.iter();
    unchecked.map(|statement| Check {
        name: statement.name.clone(),
        subject: Subject::Query(None),
        findings: vec![statement_unchecked(statement.reason.clone())],
        waived: Vec::new(),
    })
}

/// A statement that can't be run (`statement-unchecked`).
pub fn statement_unchecked(reason: String) -> Finding {
    Finding {
        rule: "statement-unchecked",
        severity: Severity::Unchecked,
        on: None,
        message: reason,
        help: "write it as a query file of a dataset: `-- param name: table.column`".to_owned(),
    }
}

impl SavedReport {
    /// The queries that were run, to be run on another database; `file` is what messages call this report.
    pub fn queries(&self, file: &str) -> Vec<QueryFile> {
        let queries = self.checks.iter().filter(|it| it.kind == SavedKind::Query);
        queries
            .filter_map(|check| {
                let measured = check.measured.as_ref()?;
                Some(QueryFile {
                    name: check.name.clone(),
                    path: format!("{file}, {}", check.name),
                    text: with_names(&measured.sql)?,
                })
            })
            .collect()
    }
}

/// The text of a query file from its statement with numbered parameters: their declarations are still in front of it.
fn with_names(sql: &str) -> Option<String> {
    let parameters = Header::parse(sql).ok()?.parameters;
    let text = |token: Token<'_>| match token {
        Token::Numbered(number) => {
            let number: usize = number.trim_start_matches('$').parse().ok()?;
            let parameter = parameters.get(number.checked_sub(1)?)?;
            Some(format!(":{}", parameter.name))
        }
        Token::Parameter(name) => Some(format!(":{name}")),
        other => Some(other.text().to_owned()),
    };
    tokens(sql).into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_parameters_get_their_names_back() {
        let sql = "-- param a: t.a\n-- param n: int = 5\nSELECT '$1' FROM t WHERE a = $1 LIMIT $2";
        assert_eq!(
            with_names(sql).unwrap(),
            "-- param a: t.a\n-- param n: int = 5\nSELECT '$1' FROM t WHERE a = :a LIMIT :n"
        );
        assert_eq!(with_names("SELECT $1"), None);
    }
}
