//! SQL text as psql sees it: tokens, and scripts of statements and psql's own commands.
//!
//! Statements are told apart and their first words looked at; what they mean is for the server to say.

pub mod lexer;
mod read;
mod step;

pub use step::{Script, StatementKind, Step, StepKind};
