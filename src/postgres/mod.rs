//! All that speaks to a server: which one, connecting, the embedded one, its catalog, COPY, EXPLAIN.

pub mod account;
pub mod catalog;
pub mod connect;
pub mod conninfo;
pub mod copy;
pub mod embedded;
pub mod error;
pub mod explain;
pub mod name;
pub mod programs;
pub mod server;
pub mod service;
pub mod target;

pub use name::TableName;
pub use server::Server;

/// An identifier as SQL spells it. Always quoted, so that reserved words and capitals need no list.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string as an SQL literal, whatever `standard_conforming_strings` is set to.
///
/// For places that take no parameters, such as EXECUTE; elsewhere values are parameters.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_always_quoted() {
        assert_eq!(quote_ident("order"), r#""order""#);
        assert_eq!(quote_ident(r#"a"; DROP"#), r#""a""; DROP""#);
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\'b"), r"E'a\\''b'");
    }
}
