//! Whether tables can be distributed as the dataset says: each unique key has the distribution column, and so has each
//! foreign key to another distributed table, on both sides. Pure.

use std::fmt;
use std::path::Path;

use anyhow::{Error, anyhow};

use crate::dataset::{Sharding, TableSpec};
use crate::postgres::TableName;
use crate::postgres::catalog::{Column, ForeignKey, Index};
use crate::postgres::name::{literal, quoted, quoted_list};

/// A table and how it is to be distributed.
pub struct Wanted<'d> {
    /// The dataset's table.
    pub spec: &'d TableSpec,
    /// The database's.
    pub oid: u32,
    /// Its name.
    pub name: TableName,
}

/// Why a table can't be distributed.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its line in the dataset.
    line: usize,
    message: String,
}

impl Misfit {
    /// The error of a dataset's file.
    pub fn within(self, path: &Path) -> Error {
        anyhow!("{}, line {}: {}", path.display(), self.line, self.message)
    }
}

impl Wanted<'_> {
    /// The column that it is to be distributed by.
    fn by(&self) -> Option<&str> {
        match &self.spec.sharding {
            Some(Sharding::Distributed { by, .. }) => Some(by),
            _ => None,
        }
    }

    fn misfit(&self, message: String) -> Misfit {
        Misfit {
            line: self.spec.line,
            message: format!("table `{}`: {message}", self.spec.name),
        }
    }

    /// `SELECT create_distributed_table('public.styles', 'product_id', colocate_with => 'public.products')`
    pub fn statement(&self) -> String {
        let table = literal(&self.name.to_string());
        let Some(Sharding::Distributed {
            by,
            colocate,
            shards,
        }) = &self.spec.sharding
        else {
            return format!("SELECT create_reference_table({table})");
        };
        let beside = match (colocate, shards) {
            (Some(other), _) => {
                let other = TableName::new(&self.name.schema, other).to_string();
                format!(", colocate_with => {}", literal(&other))
            }
            (None, Some(shards)) => format!(", colocate_with => 'none', shard_count => {shards}"),
            (None, None) => ", colocate_with => 'none'".to_owned(),
        };
        format!(
            "SELECT create_distributed_table({table}, {}{beside})",
            literal(by)
        )
    }
}

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.spec.name;
        match &self.spec.sharding {
            Some(Sharding::Distributed { by, .. }) => write!(f, "{name} by {by}"),
            _ => write!(f, "{name} on every node"),
        }
    }
}

/// Refuses keys that can't hold across shards. `indexes` and `foreign_keys` are those of the tables.
pub fn ensure_fit(
    tables: &[Wanted<'_>],
    foreign_keys: &[ForeignKey],
    indexes: &[Index],
    columns: &[Column],
) -> Result<(), Misfit> {
    for table in tables {
        if let Some(by) = table.by() {
            ensure_keys_hold(table, by, indexes, columns)?;
        }
    }
    for key in foreign_keys {
        if let Some(table) = tables.iter().find(|it| it.oid == key.table_oid) {
            ensure_reference_holds(table, key, tables)?;
        }
    }
    Ok(())
}

fn ensure_keys_hold(
    table: &Wanted,
    by: &str,
    indexes: &[Index],
    columns: &[Column],
) -> Result<(), Misfit> {
    let own = columns.iter().filter(|it| it.table == table.oid);
    let number = own.clone().find(|it| it.name == by).map(|it| it.number);
    let Some(number) = number else {
        return Err(table.misfit(format!("it has no column `{by}` to distribute it by")));
    };
    let unique = indexes.iter().filter(|it| it.table_oid == table.oid);
    let mut unique = unique.filter(|it| it.unique || it.backs.is_some());
    let Some(key) = unique.find(|it| !it.key_columns.contains(&number)) else {
        return Ok(());
    };
    let name = |number: &i16| own.clone().find(|it| it.number == *number);
    let named = key.key_columns.iter().filter_map(name);
    let mut names = vec![by];
    names.extend(named.map(|it| it.name.as_str()));
    Err(table.misfit(format!(
        "{} lacks `{by}`, by which the table is distributed: rows of two shards can't be compared; make it a key of ({})",
        quoted(&key.name),
        quoted_list(&names)
    )))
}

fn ensure_reference_holds(
    table: &Wanted,
    key: &ForeignKey,
    tables: &[Wanted],
) -> Result<(), Misfit> {
    let referenced = tables.iter().find(|it| it.oid == key.referenced_oid);
    let name = quoted(&key.name);
    match (&table.spec.sharding, referenced.map(|it| &it.spec.sharding)) {
        (_, Some(Some(Sharding::Reference))) | (None, Some(None) | None) => Ok(()),
        (Some(Sharding::Distributed { by, .. }), Some(Some(Sharding::Distributed { by: other, .. }))) => {
            let mut pairs = key.columns.iter().zip(&key.referenced_columns);
            if pairs.any(|(column, referenced)| column.name == *by && referenced.name == *other) {
                return Ok(());
            }
            Err(table.misfit(format!(
                "{name} lacks `{by}`, by which the table is distributed: the row that it refers to may be on another node; \
                 make it FOREIGN KEY ({by}, …) REFERENCES {} ({other}, …), make that one a reference table, or leave the \
                 foreign key out",
                key.referenced
            )))
        }
        (Some(Sharding::Reference), Some(Some(Sharding::Distributed { .. }))) => {
            Err(table.misfit(format!(
                "{name} refers from a reference table to {}, which is distributed; leave the foreign key out",
                key.referenced
            )))
        }
        (Some(_), Some(None) | None) => Err(table.misfit(format!(
            "{name} refers to {}, which is neither distributed nor a reference table; give it `reference = true`",
            key.referenced
        ))),
        (None, Some(Some(Sharding::Distributed { .. }))) => Err(table.misfit(format!(
            "{name} refers to {}, which is distributed; distribute this table, too",
            key.referenced
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::DataType;
    use crate::index::samples;
    use crate::infer::new_table_spec;
    use crate::postgres::catalog::ColumnDefault;

    fn spec(name: &str, sharding: Option<Sharding>) -> TableSpec {
        TableSpec {
            sharding,
            line: 9,
            ..new_table_spec(name, &[])
        }
    }

    fn by(column: &str, colocate: Option<&str>, shards: Option<u32>) -> Option<Sharding> {
        Some(Sharding::Distributed {
            by: column.into(),
            colocate: colocate.map(str::to_owned),
            shards,
        })
    }

    fn wanted(spec: &TableSpec, oid: u32) -> Wanted<'_> {
        Wanted {
            spec,
            oid,
            name: TableName::new("public", &spec.name),
        }
    }

    fn column(number: i16) -> Column {
        Column {
            table: 10,
            name: format!("c{number}"),
            number,
            type_name: "integer".into(),
            data_type: DataType::UNRESOLVED,
            not_null: true,
            default: ColumnDefault::Nothing,
        }
    }

    #[test]
    fn statements_name_column_neighbour_and_shards() {
        let statement = |sharding| wanted(&spec("a b", sharding), 1).statement();
        assert_eq!(
            statement(by("id", None, Some(32))),
            "SELECT create_distributed_table('public.\"a b\"', 'id', colocate_with => 'none', shard_count => 32)"
        );
        assert_eq!(
            statement(by("id", Some("products"), Some(32))),
            "SELECT create_distributed_table('public.\"a b\"', 'id', colocate_with => 'public.products')"
        );
        assert_eq!(
            statement(Some(Sharding::Reference)),
            "SELECT create_reference_table('public.\"a b\"')"
        );
    }

    #[test]
    fn a_unique_key_needs_the_distribution_column() {
        let child = spec("child", by("c1", None, None));
        let unique = |columns: &[i16]| Index {
            unique: true,
            ..samples::index("child_key", columns)
        };
        let columns = [column(1), column(2)];
        let fit = |index: Index| ensure_fit(&[wanted(&child, 10)], &[], &[index], &columns);
        assert_eq!(fit(unique(&[2, 1])), Ok(()));
        assert_eq!(fit(samples::index("plain", &[2])), Ok(()));
        let message = fit(unique(&[2])).unwrap_err().message;
        assert!(message.contains("child_key lacks `c1`"), "{message}");
        assert!(message.ends_with("make it a key of (c1, c2)"), "{message}");
    }

    #[test]
    fn a_foreign_key_needs_the_distribution_columns_of_both_sides() {
        let problem = |own: Option<Sharding>, referenced: Option<Sharding>| {
            let (child, parent) = (spec("child", own), spec("parent", referenced));
            let key = samples::foreign_key(&[1, 2]);
            let tables = [wanted(&child, 10), wanted(&parent, 20)];
            let of_parent = Column {
                table: 20,
                ..column(1)
            };
            let columns = [column(1), column(2), column(3), of_parent];
            let found = ensure_fit(&tables, &[key], &[], &columns);
            found.err().map(|it| it.message)
        };
        let reference = || Some(Sharding::Reference);
        assert_eq!(problem(by("c1", None, None), reference()), None);
        assert_eq!(problem(None, None), None);
        #[rustfmt::skip]
        let cases = [
            (by("c3", None, None), None, "give it `reference = true`"),
            (reference(), None, "give it `reference = true`"),
            (None, by("c1", None, None), "distribute this table, too"),
        ];
        for (own, referenced, end) in cases {
            let message = problem(own, referenced).unwrap();
            assert!(message.ends_with(end), "{message}");
        }
    }
}
