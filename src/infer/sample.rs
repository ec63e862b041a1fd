//! Sources for unit tests, put together by hand.

use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::source::{
    KeyPart, Source, SourceCheck, SourceColumn, SourceKey, SourceTable, UniqueSet,
};
use crate::postgres::catalog::ColumnDefault;

/// A source of these tables.
pub fn source(mut tables: Vec<SourceTable>) -> Source {
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Source {
        schema: "public".into(),
        tables,
        left_out: Vec::new(),
    }
}

/// A table without columns.
pub fn table(name: &str) -> SourceTable {
    SourceTable::empty(name.into())
}

fn data_type(name: &str) -> DataType {
    if let Some(labels) = name.strip_prefix("enum ") {
        return DataType {
            oid: 100_000,
            modifier: -1,
            kind: TypeKind::Enum(labels.split(' ').map(str::to_owned).collect()),
        };
    }
    let (plain, length) = match name.split_once('(') {
        Some((plain, length)) => (plain, length.trim_end_matches(')').parse::<i32>().unwrap()),
        None => (name, -5),
    };
    let scalar = match plain {
        "varchar" => Scalar::Varchar,
        "timestamptz" => Scalar::Timestamptz,
        _ => *Scalar::ALL.iter().find(|it| it.name() == plain).unwrap(),
    };
    DataType {
        modifier: length + 4,
        ..scalar.into()
    }
}

impl SourceTable {
    /// With a column; a trailing `?` on the type lets it take NULL, `serial` is an integer filled by a sequence.
    pub fn with(mut self, name: &str, type_name: &str) -> SourceTable {
        let not_null = !type_name.ends_with('?');
        let type_name = type_name.trim_end_matches('?');
        let (plain, default) = match type_name {
            "serial" => ("integer", ColumnDefault::IdentityByDefault),
            other => (other, ColumnDefault::Nothing),
        };
        self.columns.push(SourceColumn {
            name: name.into(),
            type_name: plain.into(),
            base_type: plain.into(),
            data_type: data_type(plain),
            not_null,
            default,
            domain_checks: Vec::new(),
        });
        self
    }

    /// With a default for the last column.
    pub fn default(mut self, expression: &str) -> SourceTable {
        let column = self.columns.last_mut().unwrap();
        column.default = ColumnDefault::Expression(expression.into());
        self
    }

    /// With a primary key.
    pub fn primary(self, columns: &[&str]) -> SourceTable {
        self.set(columns, true)
    }

    /// With a unique constraint.
    pub fn unique(self, columns: &[&str]) -> SourceTable {
        self.set(columns, false)
    }

    fn set(mut self, columns: &[&str], primary: bool) -> SourceTable {
        let part = |name: &&str| KeyPart::Column((*name).to_owned());
        self.uniques.push(UniqueSet {
            name: format!("{}_{}_key", self.name, columns.join("_")),
            primary,
            parts: columns.iter().map(part).collect(),
            predicate: None,
            nulls_not_distinct: false,
        });
        self
    }

    /// With a foreign key.
    pub fn key(mut self, columns: &[&str], other: &str, referenced: &[&str]) -> SourceTable {
        let owned = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        self.foreign_keys.push(SourceKey {
            name: format!("{}_{}_fkey", self.name, columns.join("_")),
            columns: owned(columns),
            table: Some(other.into()),
            table_shown: other.into(),
            elsewhere: None,
            referenced: owned(referenced),
        });
        self
    }

    /// With a CHECK.
    pub fn check(mut self, definition: &str, columns: &[&str]) -> SourceTable {
        self.checks.push(SourceCheck {
            name: format!("{}_check{}", self.name, self.checks.len() + 1),
            definition: definition.into(),
            columns: columns.iter().map(|it| (*it).to_owned()).collect(),
        });
        self
    }
}
