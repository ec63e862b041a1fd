//! Where each table's rows come from: files found and matched with tables, records read, rows generated.

pub mod check_only;
pub mod chunk;
pub mod columns;
mod folder;
mod generated;
pub mod input;
pub mod overrides;
pub mod reader;
pub mod rejects;
