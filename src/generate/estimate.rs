//! How large a table's CSV file will be: a few blocks are generated and measured.

use std::ops::Range;

use anyhow::Result;

use crate::dataset::RowPlan;
use crate::generate::TableMaker;

/// Blocks measured, spread over the table.
const SAMPLES: usize = 3;

/// The bytes of a table's file of some blocks, its header included: exact when there are no more than three, else within a
/// percent or two (widths differ by the digits of ids above all, and those grow evenly).
pub fn file_bytes(
    maker: &TableMaker,
    plan: &RowPlan,
    table: usize,
    blocks: &Range<usize>,
) -> Result<u64> {
    let first = blocks.start;
    let mut sampled: Vec<usize> = match blocks.len() {
        few @ 0..=SAMPLES => (0..few).collect(),
        many => vec![many / 6, many / 2, many - 1 - many / 6],
    };
    sampled.dedup();
    let mut bytes = Vec::new();
    let mut rows = 0;
    for block in sampled {
        rows += maker.write_block(first + block, &mut bytes)?;
    }
    let header = maker.header()?.len() as u64;
    if rows == 0 {
        return Ok(header);
    }
    let all = bytes.len() as u128 * u128::from(plan.rows_in(table, blocks)) / u128::from(rows);
    Ok(header.saturating_add(u64::try_from(all).unwrap_or(u64::MAX)))
}
