//! The tests that drive the binary, most of them on a real server: one crate, so that the library is linked and a server
//! started once. A module a subject.
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod shop;
mod support;

mod account;
mod advice;
mod any_schema;
mod api_shapes;
mod check;
mod checks;
mod column_types;
mod compare;
mod connect;
mod connections;
mod constraints;
mod coverage;
mod create;
mod datasets;
mod db;
mod docs;
mod foreign_formats;
mod formats;
mod generate;
mod generate_folder;
mod index;
mod init;
mod interrupt;
mod key_types;
mod kills;
mod load;
mod load_files;
mod load_keys;
mod load_refusals;
mod locks;
mod makers;
mod messages;
mod odd_schemas;
mod own_tables;
mod plans;
mod prove;
mod resume;
mod run;
mod schema;
mod schema_file;
mod sequences;
mod serve;
mod stress;
mod terminal;
mod tls;
mod toml_mistakes;
mod trial;
mod triggers;
mod value_differences;
mod value_options;
