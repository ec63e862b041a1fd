//! Names as SQL wants them: quoted where an identifier needs it, with or without their schema.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table's schema and name as the catalog holds them, unquoted.
///
/// [`fmt::Display`] writes both, quoted where needed: right in any statement, whatever the search path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The schema, unquoted.
    pub schema: String,
    /// The table within the schema, unquoted.
    pub name: String,
}

impl TableName {
    /// A table of a schema, both unquoted.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> TableName {
        TableName {
            schema: schema.into(),
            name: name.into(),
        }
    }

    /// Whether one of these is its name, with its schema (`sales.orders`) or without.
    pub fn is_among(&self, names: &[String]) -> bool {
        let qualified = format!("{}.{}", self.schema, self.name);
        names
            .iter()
            .any(|name| *name == self.name || *name == qualified)
    }

    /// For messages: without its schema when that is `home`, the schema the reader is at home in.
    pub fn within(&self, home: &str) -> String {
        if self.schema == home {
            quoted(&self.name)
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// The identifier as SQL needs it: in double quotes unless it is plain, lower case and no keyword.
pub fn quoted(identifier: &str) -> String {
    let plain = identifier.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && identifier
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && KEYWORDS.binary_search(&identifier).is_err();
    if plain {
        identifier.to_owned()
    } else {
        format!("\"{}\"", identifier.replace('"', "\"\""))
    }
}

/// The identifiers, each quoted where needed, with commas between.
pub fn quoted_list<S: AsRef<str>>(identifiers: &[S]) -> String {
    let quoted: Vec<String> = identifiers.iter().map(|i| quoted(i.as_ref())).collect();
    quoted.join(", ")
}

/// A string as an SQL literal, whatever `standard_conforming_strings` is set to.
///
/// For places that take no parameters, such as EXECUTE; elsewhere values are parameters.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// The words that are not allowed unquoted as a name everywhere, sorted: `pg_get_keywords()` of Postgres 15 but for the
/// unreserved, and what 16 to 18 added.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between",
    "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce",
    "collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog",
    "current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user",
    "dec", "decimal", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists",
    "extract", "false", "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant", "greatest",
    "group", "grouping", "having", "ilike", "in", "initially", "inner", "inout", "int", "integer", "intersect",
    "interval", "into", "is", "isnull", "join", "json", "json_array", "json_arrayagg", "json_exists",
    "json_object", "json_objectagg", "json_query", "json_scalar", "json_serialize", "json_table", "json_value",
    "lateral", "leading", "least", "left", "like", "limit", "localtime", "localtimestamp", "merge_action",
    "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric",
    "offset", "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position",
    "precision", "primary", "real", "references", "returning", "right", "row", "select", "session_user",
    "setof", "similar", "smallint", "some", "substring", "symmetric", "system_user", "table", "tablesample",
    "then", "time", "timestamp", "to", "trailing", "treat", "trim", "true", "union", "unique", "user", "using",
    "values", "varchar", "variadic", "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat",
    "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize",
    "xmltable",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_for_the_search() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn quotes_only_what_needs_it() {
        for plain in ["products", "product_id", "_x", "t2", "name", "value"] {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted("Order Items"), r#""Order Items""#);
        assert_eq!(quoted("order"), r#""order""#);
        assert_eq!(quoted("2fast"), r#""2fast""#);
        assert_eq!(quoted("say \"hi\""), r#""say ""hi""""#);
        assert_eq!(quoted("größe"), r#""größe""#);
        assert_eq!(quoted(""), r#""""#);
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
    }

    #[test]
    fn leaves_out_the_schema_at_home_only() {
        let table = TableName::new("public", "Order");
        assert_eq!(table.to_string(), r#"public."Order""#);
        assert_eq!(table.within("public"), r#""Order""#);
        assert_eq!(table.within("shop"), r#"public."Order""#);
    }
}
