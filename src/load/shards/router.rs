//! The rows of a chunk, each sorted to its shard.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::copy::binary_row::pick;
use crate::load::shards::map::ShardMap;

/// Sorts a source's rows.
#[derive(Debug, Clone)]
pub struct ShardRouter {
    /// The shards.
    pub map: Arc<ShardMap>,
    /// The field of a row that holds the key.
    field: usize,
}

impl ShardRouter {
    /// For rows whose fields are these columns; else why they can't be sorted.
    pub fn new(map: ShardMap, filled: &[&str]) -> Result<ShardRouter, String> {
        let field = filled.iter().position(|filled| *filled == map.column);
        let field = field.ok_or_else(|| format!("its rows have no {}", map.column))?;
        Ok(ShardRouter {
            map: Arc::new(map),
            field,
        })
    }

    /// Calls `each` with every row of a chunk in COPY's binary format and the number of its shard.
    pub fn sort<'b>(&self, chunk: &'b [u8], mut each: impl FnMut(&'b [u8], usize)) -> Result<()> {
        let mut key = [None];
        let mut rest = chunk;
        while !rest.is_empty() {
            let length = pick(rest, &[self.field], &mut key);
            let length = length.context("a row is not as COPY has it")?;
            let shard = key[0].and_then(|key| self.map.shard_of(key));
            let shard = shard.with_context(|| {
                format!(
                    "a row has no {}, by which it is distributed",
                    self.map.column
                )
            })?;
            let (row, behind) = rest.split_at(length);
            each(row, shard);
            rest = behind;
        }
        Ok(())
    }
}
