//! How fast rows are made: one block of each table of the catalog into a buffer that is used again, on one thread.
//!
//! `catalog` is one block of all six tables, each in its share. Then single columns, without a profile and with one.

mod rate;

use std::hint::black_box;

use seedrow::dataset::{Dataset, RowPlan};
use seedrow::generate::TableMaker;

/// Ids have as many digits as in the middle of a default catalog.
const ROOT_ROWS: u64 = 1_000_000;

fn make_rows(dataset: &str) {
    let dataset = Dataset::open(dataset).expect("it is built in, or beside this file");
    let tables = dataset.real_tables();
    let plan = RowPlan::new(&dataset, ROOT_ROWS, 42, &tables);
    let block = plan.blocks() / 2;
    let makers: Vec<(&str, u64, TableMaker)> = tables
        .iter()
        .map(|&table| {
            let ids = plan.ids(table, block);
            let maker = TableMaker::new(&dataset, &plan, table).expect("its columns compile");
            (
                dataset.tables[table].name.as_str(),
                ids.end - ids.start,
                maker,
            )
        })
        .collect();

    let mut out = Vec::new();
    let mut make = |maker: &TableMaker| {
        out.clear();
        let made = maker.write_block(block, &mut out);
        black_box(made.expect("CSV takes any row"));
    };
    for (name, rows, maker) in &makers {
        rate::print(&format!("make_rows: {name}"), *rows, || make(maker));
    }
    let all = makers.iter().map(|(_, rows, _)| rows).sum();
    rate::print(&format!("make_rows: {}", dataset.name), all, || {
        makers.iter().for_each(|(_, _, maker)| make(maker));
    });
}

fn count_rows() {
    let dataset = Dataset::open("catalog").expect("the catalog is built in");
    let tables = dataset.real_tables();
    rate::print("count_rows: plan of 100k products", 100_000, || {
        black_box(RowPlan::new(&dataset, 100_000, 42, &tables));
    });
}

fn main() {
    make_rows("catalog");
    make_rows("benches/profiles.toml");
    count_rows();
}
