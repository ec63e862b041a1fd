//! The lookup of every foreign key, `SELECT … WHERE fk = $1`, as a query that needs no file.

use super::rules::Purpose;
use crate::postgres::catalog::ForeignKey;
use crate::postgres::name::quoted;
use crate::queries::{
    Bounds, ColumnRef, Existence, Header, Parameter, Query, QueryOrigin, ValueSource,
};

/// A read whose plan is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What is read.
    pub query: Query,
    /// The foreign key, when the read is its lookup.
    pub key: Option<ForeignKey>,
}

impl Read {
    /// A query file's.
    pub fn query(query: Query) -> Read {
        Read { query, key: None }
    }

    /// The rows that refer to one row, as joins from parent to child ask for them: with all their columns, so that an
    /// index alone doesn't do. Compared as Postgres itself compares the key.
    pub fn lookup(key: &ForeignKey, home: &str) -> Read {
        let columns = key.columns.iter().zip(&key.comparisons);
        let equal: Vec<String> = (1..)
            .zip(columns)
            .map(|(at, (column, comparison))| {
                let (value, column) = (format!("${at}"), format!("child.{}", quoted(&column.name)));
                match comparison.plain {
                    true => format!("{column} = {value}"),
                    false => comparison.condition(&value, &column),
                }
            })
            .collect();
        let pairs = key.columns.iter().zip(&key.referenced_columns);
        let name = key.shown(home);
        let query = Query {
            path: format!("the lookup of {name}"),
            name,
            origin: QueryOrigin::File,
            sql: format!(
                "SELECT * FROM {} AS child WHERE {}",
                key.table,
                equal.join(" AND ")
            ),
            header: Header {
                parameters: pairs
                    .map(|(column, referenced)| Parameter {
                        name: column.name.clone(),
                        source: ValueSource::Column(ColumnRef {
                            schema: Some(key.referenced.schema.clone()),
                            table: key.referenced.name.clone(),
                            column: referenced.name.clone(),
                        }),
                        bounds: Bounds::default(),
                        existence: Existence::Unchecked,
                        page_of: None,
                        next_of: None,
                        line: 1,
                    })
                    .collect(),
                ..Header::default()
            },
        };
        Read {
            query,
            key: Some(key.clone()),
        }
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        match self.key {
            Some(_) => Purpose::Lookup,
            None => Purpose::Query,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::samples;

    #[test]
    fn asks_for_all_columns_of_the_key() {
        let read = Read::lookup(&samples::foreign_key(&[1, 2]), "public");
        assert_eq!(read.query.name, "child(c1, c2)");
        assert_eq!(
            read.query.sql,
            "SELECT * FROM public.child AS child WHERE child.c1 = $1 AND child.c2 = $2"
        );
        assert_eq!(read.query.header.parameters.len(), 2);
    }
}
