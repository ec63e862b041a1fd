//! seedrow fills a Postgres with millions of realistic, related rows and proves that its indexes work.
//!
//! ```text
//! dataset → generate → CSV files + manifest → load (COPY) → index (foreign keys) → check (EXPLAIN ANALYZE) → report
//! ```
//!
//! Data flows down this list; a module knows those above it, never those below:
//!
//! - [`cli`]: the options that commands share; only `commands` knows it
//! - [`printable`]: text from outside as messages show it
//! - [`units`], [`suggestion`], [`terminal`], [`progress`]: amounts as people write them, commands in messages, what a
//!   terminal shows, messages on stderr
//! - [`thread_time`]: what a thread did with its time
//! - [`script`]: SQL text as psql sees it: tokens, statements, included files
//! - [`dataset`]: what the data is: tables, columns, counts (pure)
//! - [`copy`]: column types and COPY's wire formats (pure)
//! - [`generate`]: how rows are made
//! - [`files`]: CSV on disk and the manifest
//! - [`postgres`]: all that talks to a server
//! - [`profile`]: what the planner knows of a schema, without its values
//! - [`profile`]: what the planner knows of a schema, without its values
//! - [`infer`]: a database's catalog → a dataset (pure)
//! - [`queries`]: query files, and existing ids to run them with
//! - [`load`]: rows into tables, every one accounted for
//! - [`index`]: which foreign keys lack an index, and building it
//! - [`check`]: queries, plans and schema → findings
//! - [`doctor`]: programs, machine, target and terminal, each with a verdict
//! - [`init`]: a database or its DDL → a dataset's files
//! - [`compare`]: plan × plan → difference (pure)
//! - [`stress`]: requests at a rate → latencies, errors, limits
//! - [`documents`]: a query's results as documents, and beside the tables
//! - [`serve`]: queries with routes as an HTTP API
//! - [`report`]: findings and figures → text, JSON, JUnit, GitHub, Markdown, HTML
//! - [`commands`]: one thin file per command
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cli;
pub mod printable;
pub mod progress;
pub mod suggestion;
pub mod terminal;
pub mod thread_time;
pub mod units;

pub mod script;

pub mod dataset;

pub mod copy;

pub mod generate;

pub mod files;

pub mod postgres;

pub mod profile;

pub mod infer;

pub mod queries;

pub mod load;

pub mod index;

pub mod check;

pub mod doctor;

pub mod init;

pub mod compare;

pub mod stress;

pub mod documents;

pub mod serve;

pub mod report;

pub mod commands;
