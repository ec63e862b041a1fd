//! How large a table's CSV file will be: a few blocks are generated and measured.

use anyhow::Result;

use crate::dataset::RowPlan;
use crate::generate::TableMaker;

/// Blocks measured, spread over the table.
const SAMPLES: usize = 3;

/// The bytes of a table's file, its header included: exact when it has no more than three blocks, else within a percent
/// or two (widths differ by the digits of ids above all, and those grow evenly).
pub fn file_bytes(maker: &TableMaker, plan: &RowPlan, table: usize) -> Result<u64> {
    let mut blocks: Vec<usize> = match plan.blocks() {
        few @ 1..=SAMPLES => (0..few).collect(),
        many => vec![many / 6, many / 2, many - 1 - many / 6],
    };
    blocks.dedup();
    let mut bytes = Vec::new();
    let mut rows = 0;
    for block in blocks {
        rows += maker.write_block(block, &mut bytes)?;
    }
    let header = maker.header()?.len() as u64;
    if rows == 0 {
        return Ok(header);
    }
    let all = bytes.len() as u128 * u128::from(plan.rows(table)) / u128::from(rows);
    Ok(header.saturating_add(u64::try_from(all).unwrap_or(u64::MAX)))
}
