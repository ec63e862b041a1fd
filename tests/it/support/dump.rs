//! What a schema is to `pg_dump`, and tables' contents whatever their rows' order.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use seedrow::postgres::programs;

use super::rows_at;

/// `pg_dump --schema-only` without the ledger and without what differs from run to run. Needs pg_dump beside the server
/// programs.
pub fn schema_dump(url: &str) -> String {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let server = programs::installed().unwrap().remove(0);
        server.program("pg_dump")
    });
    let dumped = Command::new(program)
        .args(["--schema-only", "--exclude-schema=seedrow", "--dbname", url])
        .output()
        .expect("these tests need pg_dump beside the server programs");
    let errors = String::from_utf8_lossy(&dumped.stderr);
    assert!(dumped.status.success(), "pg_dump: {errors}");
    let text = String::from_utf8(dumped.stdout).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A line a table of a schema: its rows and the sum of their hashes.
pub fn contents(url: &str, schema: &str) -> String {
    let tables = format!(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = '{schema}' ORDER BY 1"
    );
    let tables: Vec<String> = rows_at(url, &tables)
        .into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect();
    let sum = |table: &String| {
        format!(
            "SELECT '{table}: ' || count(*) || ' rows, ' || COALESCE(sum(hashtextextended(t::text, 0)::numeric), 0)
            FROM {table} AS t"
        )
    };
    let sums: Vec<String> = tables.iter().map(sum).collect();
    let lines = rows_at(url, &sums.join(" UNION ALL "));
    let mut lines: Vec<String> = lines
        .into_iter()
        .map(|row| format!("{}\n", row[0].clone().unwrap()))
        .collect();
    lines.sort();
    lines.concat()
}
