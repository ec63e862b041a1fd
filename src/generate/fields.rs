//! Cells as fields: of CSV, and of COPY's binary format.

use crate::copy::format::{self, null};
use crate::copy::parsed::Reason;
use crate::copy::{FieldEncoder, OutOfRange, Unread};
use crate::generate::compiled::{CompiledColumn, CompiledMaker, ValueContext};
use crate::generate::row::Row;
use crate::generate::values::{is_null, number, picked_cell, write_value};

/// Writes a cell as a CSV field, without what separates it from the next.
#[inline]
pub fn write_field(cells: &[CompiledColumn], cell: &CompiledColumn, row: &Row, out: &mut Vec<u8>) {
    if is_null(cells, cell, row) {
        return;
    }
    if cell.quoted {
        out.push(b'"');
        write_value(cells, cell, row, out);
        out.push(b'"');
    } else {
        write_value(cells, cell, row, out);
    }
}

/// Writes a cell as a field of COPY's binary format; `text` is memory to be used for values that go by way of their text.
#[inline]
pub fn write_binary_field(
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    encoder: &FieldEncoder,
    row: &Row,
    text: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), Box<UnfitValue>> {
    if is_null(cells, cell, row) {
        null(out);
        return Ok(());
    }
    match encoder {
        FieldEncoder::Text => format::field(out, |out| write_value(cells, cell, row, out)),
        FieldEncoder::Number(format) => {
            let written = format.write(cell.kind, number(cells, cell, row), out);
            written.map_err(UnfitValue::number)?;
        }
        FieldEncoder::Uuid if write_bytes(cells, cell, row, out) => {}
        FieldEncoder::Parsed(_) | FieldEncoder::Uuid => {
            text.clear();
            write_value(cells, cell, row, text);
            encoder
                .write_text(text, out)
                .map_err(|unread| UnfitValue::text(text, unread))?;
        }
    }
    Ok(())
}

/// Writes a binary field of the bytes that a cell's text means, where its maker knows them.
#[inline]
fn write_bytes(
    cells: &[CompiledColumn],
    cell: &CompiledColumn,
    row: &Row,
    out: &mut Vec<u8>,
) -> bool {
    if let CompiledMaker::Picked(_) | CompiledMaker::Copied(..) = cell.make {
        return match picked_cell(cells, cell, row) {
            Some((Some(of), picked)) => write_bytes(cells, of, &picked, out),
            _ => false,
        };
    }
    let CompiledMaker::Text(maker, _) = &cell.make else {
        return false;
    };
    let mut value = ValueContext {
        cells,
        row,
        key: cell.key,
        draws: cell.key.row(row.id),
    };
    let start = out.len();
    let mut written = false;
    format::field(out, |out| written = maker.write_bytes(&mut value, out));
    if !written {
        out.truncate(start);
    }
    written
}

/// A value that its column's type cannot hold.
#[derive(Debug)]
pub enum UnfitValue {
    /// A number.
    Number(i64),
    /// A text, and what is wrong with it.
    Text(String, Reason),
}

impl UnfitValue {
    #[cold]
    fn number(OutOfRange(value): OutOfRange) -> Box<UnfitValue> {
        Box::new(UnfitValue::Number(value))
    }

    #[cold]
    fn text(text: &[u8], unread: Unread) -> Box<UnfitValue> {
        let reason = match unread {
            Unread::Invalid(reason) => reason,
            Unread::Undecided => "can only be read by the server".into(),
        };
        let text = String::from_utf8_lossy(text).into_owned();
        Box::new(UnfitValue::Text(text, reason))
    }
}
