//! One block of one table → CSV bytes: pure, so that blocks can be made in any order on any thread.

use anyhow::Result;

use crate::dataset::plan::Walk;
use crate::dataset::{Dataset, Plan};
use crate::generate::cells::{Cell, Row, write_field};
use crate::generate::compile;

/// Makes the rows of one table.
pub struct TableMaker<'a> {
    walk: Walk<'a>,
    cells: Vec<Cell>,
    /// The positions of the cells that are written.
    written: Vec<usize>,
    header: Vec<u8>,
}

impl<'a> TableMaker<'a> {
    /// Compiles the table's columns; `plan` must hold its counts.
    pub fn new(dataset: &'a Dataset, plan: &'a Plan, table: usize) -> Result<TableMaker<'a>> {
        let spec = &dataset.tables[table];
        let names: Vec<&str> = spec.written().map(|column| column.name.as_str()).collect();
        Ok(TableMaker {
            walk: Walk::new(dataset, plan, table),
            cells: compile::cells(dataset, plan, table)?,
            written: (0..spec.columns.len())
                .filter(|&column| !spec.columns[column].hidden)
                .collect(),
            header: header(&names)?,
        })
    }

    /// The header line, its end included.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Appends the block's rows to `out` and says how many there are.
    pub fn write_block(&self, block: usize, out: &mut Vec<u8>) -> u64 {
        let mut rows = 0;
        self.walk.families(block, |family| {
            for place in 0..family.count {
                let id = family.first + place;
                self.write_row(
                    &Row {
                        id,
                        ancestors: family.ancestors,
                        place,
                        siblings: family.count,
                    },
                    out,
                );
            }
            rows += family.count;
        });
        rows
    }

    #[inline]
    fn write_row(&self, row: &Row, out: &mut Vec<u8>) {
        for &column in &self.written {
            write_field(&self.cells, &self.cells[column], row, out);
            out.push(b',');
        }
        // The last comma becomes the line's end.
        if let Some(last) = out.last_mut() {
            *last = b'\n';
        }
    }
}

fn header(names: &[&str]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(names)?;
    Ok(writer.into_inner()?)
}
