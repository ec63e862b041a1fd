//! Columns' types, resolved from `pg_type`: domains to their bases, arrays and ranges to what they hold.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

use crate::copy::{DataType, Scalar, TypeKind};

/// Types nest this deep at most: a domain over an array of a range of a domain has four.
const DEEPEST: usize = 16;

/// The types of some columns.
pub struct TypeCatalog(HashMap<u32, TypeRow>);

/// A type that isn't one of Postgres' own scalar types.
struct TypeRow {
    kind: String,
    /// What it is a domain over, an array or range of; a multirange's range.
    part: Option<u32>,
    /// Between an array's elements.
    delimiter: Option<String>,
    /// A domain's modifier.
    modifier: i32,
    labels: Vec<String>,
    /// A composite's types, each with its modifier.
    attributes: Vec<(u32, i32)>,
}

impl TypeCatalog {
    /// Reads what these types are made of, if there are others than scalar types among them.
    pub async fn read(client: &impl GenericClient, oids: Vec<u32>) -> Result<TypeCatalog> {
        let is_scalar = |oid: &u32| Scalar::from_oid(*oid).is_some();
        let oids: Vec<u32> = oids.into_iter().filter(|oid| !is_scalar(oid)).collect();
        if oids.is_empty() {
            return Ok(TypeCatalog(HashMap::new()));
        }
        let rows = client
            .query(include_str!("../sql/types.sql"), &[&oids])
            .await
            .context("could not read the columns' types")?;
        let mut types = HashMap::new();
        for row in rows {
            let types_of: Vec<u32> = row.try_get("attributes")?;
            let modifiers: Vec<i32> = row.try_get("modifiers")?;
            let described = TypeRow {
                kind: row.try_get("kind")?,
                part: row.try_get("part")?,
                delimiter: row.try_get("delimiter")?,
                modifier: row.try_get("modifier")?,
                labels: row.try_get("labels")?,
                attributes: types_of.into_iter().zip(modifiers).collect(),
            };
            types.insert(row.try_get("oid")?, described);
        }
        Ok(TypeCatalog(types))
    }

    /// A column's type.
    pub fn resolve(&self, oid: u32, modifier: i32) -> DataType {
        self.resolve_within(oid, modifier, 0)
    }

    fn resolve_within(&self, oid: u32, modifier: i32, depth: usize) -> DataType {
        DataType {
            oid,
            modifier,
            kind: self.kind(oid, modifier, depth).unwrap_or(TypeKind::Other),
        }
    }

    fn kind(&self, oid: u32, modifier: i32, depth: usize) -> Option<TypeKind> {
        if let Some(scalar) = Scalar::from_oid(oid) {
            return Some(TypeKind::Scalar(scalar));
        }
        let row = self.0.get(&oid).filter(|_| depth < DEEPEST)?;
        let part = |modifier: i32| {
            let part = self.resolve_within(row.part?, modifier, depth + 1);
            Some(Box::new(part))
        };
        match row.kind.as_str() {
            "e" => Some(TypeKind::Enum(row.labels.clone())),
            "d" => Some(TypeKind::Domain(part(row.modifier)?)),
            "r" => Some(TypeKind::Range(part(-1)?)),
            "m" => Some(TypeKind::Multirange(part(-1)?)),
            "c" => {
                let attributes = row.attributes.iter();
                let attribute =
                    |(oid, modifier): &(u32, i32)| self.resolve_within(*oid, *modifier, depth + 1);
                Some(TypeKind::Composite(attributes.map(attribute).collect()))
            }
            "array" => {
                let delimiter = row.delimiter.as_ref()?.bytes().next()?;
                Some(TypeKind::Array(part(modifier)?, delimiter))
            }
            _ => None,
        }
    }
}
