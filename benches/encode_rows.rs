//! How fast rows become COPY's binary format, on one thread: made so, and read from CSV and encoded, as seedrow's own
//! files and as foreign CSV files, whose every value is compared with its column. The CSV reader alone is measured
//! beside them.

mod rate;

use std::hint::black_box;
use std::path::Path;

use seedrow::copy::{FieldEncoder, Scalar};
use seedrow::dataset::{Dataset, Kind, RowPlan};
use seedrow::files::records::{Dialect, Record, Records};
use seedrow::generate::{CompiledTable, TableMaker, TextEscaping};
use seedrow::load::encode::RowEncoder;
use seedrow::load::source::options::TableSpellings;
use seedrow::postgres::catalog::{Column, ColumnDefault};

/// Ids have as many digits as in the middle of a default catalog.
const ROOT_ROWS: u64 = 1_000_000;

/// A column as the database has it, of the type that a kind most often goes into.
fn column(name: &str, kind: Kind) -> Column {
    let scalar = match kind {
        Kind::Integer => Scalar::Int4,
        Kind::Cents => Scalar::Numeric,
        Kind::Date => Scalar::Date,
        Kind::Timestamp => Scalar::Timestamptz,
        Kind::Boolean => Scalar::Bool,
        Kind::Text | Kind::Literal => Scalar::Text,
        Kind::Decimal(_) => Scalar::Numeric,
        Kind::Time => Scalar::Time,
        Kind::Interval => Scalar::Interval,
        Kind::Uuid => Scalar::Uuid,
    };
    Column {
        table: 0,
        name: name.to_owned(),
        number: 1,
        type_name: String::new(),
        data_type: scalar.into(),
        not_null: true,
        default: ColumnDefault::Nothing,
    }
}

fn main() {
    let dataset = Dataset::open("catalog").expect("the catalog is built in");
    let tables = dataset.real_tables();
    let plan = RowPlan::new(&dataset, ROOT_ROWS, 42, &tables);
    let block = plan.blocks() / 2;
    for table in tables {
        let spec = &dataset.tables[table];
        let kinds: Vec<(Kind, Column)> = (0..spec.columns.len())
            .filter(|&at| !spec.columns[at].hidden)
            .map(|at| (spec.kind(at), column(&spec.columns[at].name, spec.kind(at))))
            .collect();
        let encoders: Option<Vec<FieldEncoder>> = kinds
            .iter()
            .map(|(kind, column)| FieldEncoder::new(*kind, &column.data_type))
            .collect();
        let encoders = encoders.expect("each kind has an encoder");
        let written: Vec<_> = spec.written().collect();
        let columns: Vec<_> = kinds
            .iter()
            .zip(written)
            .map(|((kind, column), spec)| Some((*kind, spec, column)))
            .collect();
        let options = TableSpellings::default();
        let own = RowEncoder::new(&columns, true, &dataset.nulls, &options);
        let foreign = RowEncoder::new(&columns, false, &dataset.nulls, &options);
        let text = TableMaker::new(&dataset, &plan, table).expect("the catalog compiles");
        let compiled = CompiledTable::new(&dataset, &plan, table, TextEscaping::Binary);
        let compiled = compiled.expect("as above");
        let maker = TableMaker::binary(&dataset, &plan, table, &compiled, &encoders);
        let ids = plan.ids(table, block);
        let mut csv = Vec::new();
        text.write_block(block, &mut csv)
            .expect("CSV takes any row");

        let (name, rows) = (&spec.name, ids.end - ids.start);
        let mut out = Vec::new();
        rate::print(&format!("encode_rows: {name} made"), rows, || {
            out.clear();
            black_box(maker.write_block(block, &mut out).expect("ids fit"));
        });
        rate::print(&format!("encode_rows: {name} read"), rows, || {
            read(&csv, |record| {
                black_box(record.len());
            });
        });
        for (what, encoder) in [("encoded", &own), ("checked and encoded", &foreign)] {
            rate::print(&format!("encode_rows: {name} read, {what}"), rows, || {
                out.clear();
                read(&csv, |record| {
                    let encoded = encoder.encode(record, encoder.format(), &mut out);
                    encoded.expect("its own rows fit");
                });
            });
        }
    }
}

fn read(csv: &[u8], mut each: impl FnMut(&Record)) {
    let path = Path::new("block.csv");
    let mut records = Records::new(csv, path, Dialect::default()).expect("a slice is readable");
    while let Some(record) = records.read().expect("a slice is readable") {
        each(&record);
    }
}
