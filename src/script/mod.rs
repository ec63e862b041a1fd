//! SQL text as psql sees it: tokens, and scripts of statements and psql's own commands.
//!
//! Statements are split and their first words are read; what they mean is for the server to decide.

pub mod lexer;
mod read;
mod step;

pub use step::{Script, StatementKind, Step, StepKind};
