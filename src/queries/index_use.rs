//! `-- uses: table(column, …)`: an index that each of a query's plans must search.

use super::identifier::parse_qualified;
use crate::postgres::name::{quoted, quoted_list};

/// An index by its table and the columns that it is searched by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexUse {
    /// The table's schema; `None` for any.
    pub schema: Option<String>,
    /// The table, unquoted.
    pub table: String,
    /// The columns, unquoted.
    pub columns: Vec<String>,
}

impl IndexUse {
    /// Reads `table(column, …)` or `schema.table(column, …)`.
    pub fn parse(text: &str) -> Option<IndexUse> {
        let (table, columns) = text.strip_suffix(')')?.split_once('(')?;
        let mut names = parse_qualified(table.trim())?;
        let table = names.pop()?;
        let schema = names.pop();
        let column = |name: &str| match parse_qualified(name.trim())?.as_slice() {
            [name] => Some(name.clone()),
            _ => None,
        };
        let columns = columns.split(',').map(column).collect::<Option<Vec<_>>>()?;
        names.is_empty().then_some(IndexUse {
            schema,
            table,
            columns,
        })
    }

    /// The table as SQL writes it.
    pub fn quoted_table(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&self.table)),
            None => quoted(&self.table),
        }
    }
}

impl std::fmt::Display for IndexUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        write!(f, "{}({})", self.quoted_table(), quoted_list(&columns))
    }
}
