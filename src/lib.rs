//! seedrow fills a Postgres with millions of realistic, related rows and proves that its indexes work.
//!
//! ```text
//! dataset → generate → CSV files + manifest → load (COPY) → index (foreign keys) → check (EXPLAIN ANALYZE) → report
//! ```
//!
//! Data flows from the top of this list to the bottom; a room knows the rooms above it, never those below.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cli;
pub mod progress;
pub mod suggestion;
pub mod units;

pub mod dataset;

pub mod copy;

pub mod generate;

pub mod files;

pub mod postgres;

pub mod queries;

pub mod load;

pub mod index;

pub mod check;

pub mod compare;

pub mod report;

pub mod commands;
