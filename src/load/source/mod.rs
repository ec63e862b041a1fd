//! Where each table's rows come from: files found and matched with tables, records read, rows generated.
//!
//! A [`table_source::TableSource`] is resolved once, against the dataset; a [`bound::BoundSource`] is one with its
//! conversions to the columns of a database table. Whatever comes later asks these values and decodes no options again.

pub mod bound;
pub mod check_only;
pub mod chunk;
pub mod columns;
pub mod csv_format;
pub mod drop_rule;
mod epochs;
pub mod fingerprint;
pub mod folder;
pub mod generated;
mod hashed_input;
pub mod header;
pub mod header_advice;
pub mod input;
pub mod matching;
pub mod new_header;
pub mod options;
pub mod overrides;
mod pattern;
pub mod profile;
pub mod reader;
pub mod reading_options;
pub mod rejects;
pub mod rejects_file;
pub mod row_format;
pub mod scope;
pub mod stream;
pub mod suitable;
pub mod table_source;
