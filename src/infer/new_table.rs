//! A table that doesn't exist yet, with the types inferred for its columns: as DDL, and as the catalog will have it. Pure.

use crate::copy::Scalar;
use crate::infer::column_type::InferredType;
use crate::postgres::TableName;
use crate::postgres::catalog::{Column, ColumnDefault, Table, TableKind};
use crate::postgres::name::quoted;
use crate::printable;

/// The column that may be a primary key.
const ID: &str = "id";

/// A table to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTable {
    /// Its name, unquoted.
    pub name: String,
    /// Its columns, in the files' order.
    pub columns: Vec<NewColumn>,
    /// What messages call its files.
    pub files: String,
    /// Whether columns of texts take no NULL, as `--force-not-null` has it.
    pub texts_not_null: bool,
}

/// A column to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name, unquoted.
    pub name: String,
    /// Its type.
    pub inferred: InferredType,
}

impl NewTable {
    /// Whether a column is the primary key: called `id`, and its whole numbers ascend, which shows that they are unique.
    fn is_key(&self, column: &NewColumn) -> bool {
        column.inferred.is_ascending && column.name.eq_ignore_ascii_case(ID)
    }

    fn is_not_null(&self, column: &NewColumn) -> bool {
        self.is_key(column) || (self.texts_not_null && column.inferred.scalar == Scalar::Text)
    }

    /// The statement that creates it in the current schema.
    pub fn ddl(&self) -> String {
        let column = |column: &NewColumn| {
            let constraint = match (self.is_key(column), self.is_not_null(column)) {
                (true, _) => " PRIMARY KEY",
                (false, true) => " NOT NULL",
                (false, false) => "",
            };
            let name = quoted(&column.name);
            format!("    {name} {}{constraint}", column.inferred.scalar.name())
        };
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        format!(
            "CREATE TABLE {} (\n{}\n);",
            quoted(&self.name),
            columns.join(",\n")
        )
    }

    /// What a few texts keep from being of another type, with the option that reads them as NULL.
    pub fn advice(&self) -> Vec<String> {
        let advice = |column: &NewColumn| {
            let (scalar, odd) = column.inferred.but_for.as_ref()?;
            let places: Vec<String> = odd
                .iter()
                .map(|odd| format!("\"{}\" in line {}", printable::text(&odd.text), odd.line))
                .collect();
            let texts: Vec<&str> = odd.iter().map(|odd| odd.text.as_str()).collect();
            Some(format!(
                "{}.{} is text because of {}; with --nulls {} it is {}",
                self.name,
                column.name,
                places.join(" and "),
                crate::suggestion::shell_word(&texts.join(",")),
                scalar.name()
            ))
        };
        self.columns.iter().filter_map(advice).collect()
    }

    /// The table and its columns, as the catalog will have them.
    pub fn catalog(&self, schema: &str, oid: u32) -> (Table, Vec<Column>) {
        let table = Table {
            oid,
            name: TableName::new(schema, &self.name),
            kind: TableKind::Ordinary,
            root_oid: None,
            pages: 0,
            rows: -1.0,
            all_visible: 0,
            bytes: 0,
        };
        let column = |(number, column): (i16, &NewColumn)| Column {
            table: oid,
            name: column.name.clone(),
            number,
            type_name: column.inferred.scalar.name().to_owned(),
            data_type: column.inferred.scalar.into(),
            not_null: self.is_not_null(column),
            default: ColumnDefault::Nothing,
        };
        (table, (1..).zip(&self.columns).map(column).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::column_type::OddText;

    #[test]
    fn ddl_quotes_names_and_has_the_key() {
        let column = |name: &str, scalar, is_ascending| NewColumn {
            name: name.into(),
            inferred: InferredType {
                scalar,
                is_ascending,
                but_for: None,
            },
        };
        let mut table = NewTable {
            name: "Order Lines".into(),
            columns: vec![
                column("ID", Scalar::Int4, true),
                column("line", Scalar::Int4, true),
                column("Unit \"Price\"", Scalar::Numeric, false),
                column("user", Scalar::Text, false),
            ],
            files: "lines.csv".into(),
            texts_not_null: false,
        };
        assert_eq!(
            table.ddl(),
            "CREATE TABLE \"Order Lines\" (\n    \"ID\" integer PRIMARY KEY,\n    line integer,\n    \
             \"Unit \"\"Price\"\"\" numeric,\n    \"user\" text\n);"
        );
        table.texts_not_null = true;
        assert!(table.ddl().contains("\"user\" text NOT NULL"));
        table.columns[1].inferred.is_ascending = false;
        table.columns[3].inferred.but_for = Some((
            Scalar::Date,
            vec![OddText {
                text: "N/A".into(),
                line: 7,
            }],
        ));
        assert_eq!(
            table.advice(),
            ["Order Lines.user is text because of \"N/A\" in line 7; with --nulls N/A it is date"]
        );
    }
}
