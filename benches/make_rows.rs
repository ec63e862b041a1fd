//! How fast rows are made: one block of each table of the catalog into a buffer that is used again, on one thread.
//!
//! Criterion's `elem/s` are rows per CPU second. `catalog` is one block of all six tables, each in its share.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seedrow::dataset::{Dataset, RowPlan};
use seedrow::generate::TableMaker;

/// Ids have as many digits as in the middle of a default catalog.
const ROOT_ROWS: u64 = 1_000_000;

fn make_rows(criterion: &mut Criterion) {
    let dataset = Dataset::open("catalog").expect("the catalog is built in");
    let tables = dataset.real_tables();
    let plan = RowPlan::new(&dataset, ROOT_ROWS, 42, &tables);
    let block = plan.blocks() / 2;
    let makers: Vec<(&str, u64, TableMaker)> = tables
        .iter()
        .map(|&table| {
            let ids = plan.ids(table, block);
            let maker = TableMaker::new(&dataset, &plan, table).expect("the catalog compiles");
            (
                dataset.tables[table].name.as_str(),
                ids.end - ids.start,
                maker,
            )
        })
        .collect();

    let mut group = criterion.benchmark_group("make_rows");
    let mut out = Vec::new();
    for (name, rows, maker) in &makers {
        group.throughput(Throughput::Elements(*rows));
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                out.clear();
                black_box(
                    maker
                        .write_block(block, &mut out)
                        .expect("CSV takes any row"),
                )
            });
        });
    }
    group.throughput(Throughput::Elements(
        makers.iter().map(|(_, rows, _)| rows).sum(),
    ));
    group.bench_function("catalog", |bencher| {
        bencher.iter(|| {
            for (_, _, maker) in &makers {
                out.clear();
                black_box(
                    maker
                        .write_block(block, &mut out)
                        .expect("CSV takes any row"),
                );
            }
        });
    });
    group.finish();
}

fn count_rows(criterion: &mut Criterion) {
    let dataset = Dataset::open("catalog").expect("the catalog is built in");
    let tables = dataset.real_tables();
    let mut group = criterion.benchmark_group("count_rows");
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("plan of 100k products", |bencher| {
        bencher.iter(|| black_box(RowPlan::new(&dataset, 100_000, 42, &tables)));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = make_rows, count_rows
}
criterion_main!(benches);
