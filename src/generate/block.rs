//! One block of one table → bytes: pure, so that blocks can be generated in any order on any thread.

use std::sync::Arc;

use anyhow::{Result, anyhow};

use crate::copy::FieldEncoder;
use crate::copy::format::begin_row;
use crate::dataset::plan::Walk;
use crate::dataset::{Dataset, RowPlan};
use crate::generate::compile;
use crate::generate::compiled::CompiledColumn;
use crate::generate::fields::{UnfitValue, write_binary_field, write_field};
use crate::generate::pool::TextEscaping;
use crate::generate::row::Row;

/// Makes the rows of one table.
pub struct TableMaker<'a> {
    walk: Walk<'a>,
    table: &'a str,
    cells: Arc<Vec<CompiledColumn>>,
    /// The positions of the cells that are written, with how each goes into COPY's binary format.
    written: OutputColumns,
    names: Vec<&'a str>,
}

/// The columns of a table, compiled once: drawing the pools of large lists takes most of the time before the first row.
#[derive(Debug, Clone)]
pub struct CompiledTable(Arc<Vec<CompiledColumn>>);

impl CompiledTable {
    /// Compiles the columns; `plan` must hold the table's counts.
    pub fn new(
        dataset: &Dataset,
        plan: &RowPlan,
        table: usize,
        escaping: TextEscaping,
    ) -> Result<CompiledTable> {
        let cells = compile::cells(dataset, plan, table, escaping)?;
        Ok(CompiledTable(Arc::new(cells)))
    }
}

enum OutputColumns {
    Csv(Vec<usize>),
    Binary(Vec<(usize, FieldEncoder)>),
}

impl<'a> TableMaker<'a> {
    /// For CSV. `plan` must hold the table's counts.
    pub fn new(dataset: &'a Dataset, plan: &'a RowPlan, table: usize) -> Result<TableMaker<'a>> {
        let columns = CompiledTable::new(dataset, plan, table, TextEscaping::Csv)?;
        Ok(TableMaker::csv(dataset, plan, table, &columns))
    }

    /// For CSV, from columns that are compiled; texts are written as these have them.
    pub fn csv(
        dataset: &'a Dataset,
        plan: &'a RowPlan,
        table: usize,
        columns: &CompiledTable,
    ) -> TableMaker<'a> {
        let written = OutputColumns::Csv(written(dataset, table).collect());
        TableMaker::of(dataset, plan, table, columns, written)
    }

    /// For COPY's binary format, from columns compiled for it, an encoder for each that is written.
    pub fn binary(
        dataset: &'a Dataset,
        plan: &'a RowPlan,
        table: usize,
        columns: &CompiledTable,
        encoders: &[FieldEncoder],
    ) -> TableMaker<'a> {
        let pairs = written(dataset, table).zip(encoders.iter().cloned());
        let written = OutputColumns::Binary(pairs.collect());
        TableMaker::of(dataset, plan, table, columns, written)
    }

    fn of(
        dataset: &'a Dataset,
        plan: &'a RowPlan,
        table: usize,
        columns: &CompiledTable,
        written: OutputColumns,
    ) -> TableMaker<'a> {
        let spec = &dataset.tables[table];
        TableMaker {
            walk: Walk::new(dataset, plan, table),
            table: &spec.name,
            cells: Arc::clone(&columns.0),
            written,
            names: spec.written().map(|column| column.name.as_str()).collect(),
        }
    }

    /// The line that a CSV file begins with.
    pub fn header(&self) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.names)?;
        Ok(writer.into_inner()?)
    }

    /// Appends the block's rows to `out` and returns how many there are.
    ///
    /// CSV takes any number; in binary, one that its column cannot hold is an error with its column and row.
    pub fn write_block(&self, block: usize, out: &mut Vec<u8>) -> Result<u64> {
        match &self.written {
            OutputColumns::Csv(columns) => self.each_row(block, |row| {
                self.write_csv(columns, row, out);
                Ok(())
            }),
            OutputColumns::Binary(columns) => {
                let fields = u16::try_from(columns.len())?;
                let mut text = Vec::new();
                self.each_row(block, |row| {
                    begin_row(fields, out);
                    self.write_binary(columns, row, &mut text, out)
                })
            }
        }
    }

    #[inline]
    fn each_row(&self, block: usize, mut write: impl FnMut(&Row) -> Result<()>) -> Result<u64> {
        let mut rows = 0;
        let mut result = Ok(());
        self.walk.families(block, |family| {
            for place in 0..family.count {
                let row = Row {
                    id: family.first + place,
                    ancestors: family.ancestors,
                    place,
                    siblings: family.count,
                    partner: family.partner,
                };
                if result.is_ok() {
                    result = write(&row);
                }
            }
            rows += family.count;
        });
        result.map(|()| rows)
    }

    #[inline]
    fn write_csv(&self, columns: &[usize], row: &Row, out: &mut Vec<u8>) {
        for &column in columns {
            write_field(&self.cells, &self.cells[column], row, out);
            out.push(b',');
        }
        // The last comma becomes the line's end.
        if let Some(last) = out.last_mut() {
            *last = b'\n';
        }
    }

    #[inline]
    fn write_binary(
        &self,
        columns: &[(usize, FieldEncoder)],
        row: &Row,
        text: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        for (place, (column, encoder)) in columns.iter().enumerate() {
            let cell = &self.cells[*column];
            let written = write_binary_field(&self.cells, cell, encoder, row, text, out);
            written.map_err(|unfit| self.does_not_fit(place, row, *unfit))?;
        }
        Ok(())
    }

    #[cold]
    fn does_not_fit(&self, place: usize, row: &Row, unfit: UnfitValue) -> anyhow::Error {
        let (table, name, id) = (self.table, self.names[place], row.id);
        match unfit {
            UnfitValue::Number(value) => anyhow!(
                "{table}, row {id}: {name} is {value}, which the column's type cannot hold; widen the column, or \
                 give fewer --rows"
            ),
            UnfitValue::Text(value, reason) => {
                anyhow!("{table}, row {id}: {name} \"{value}\" {reason}")
            }
        }
    }
}

/// The positions of a table's columns that aren't hidden.
fn written(dataset: &Dataset, table: usize) -> impl Iterator<Item = usize> {
    let columns = dataset.tables[table].columns.iter().enumerate();
    columns
        .filter(|(_, column)| !column.hidden)
        .map(|(position, _)| position)
}
