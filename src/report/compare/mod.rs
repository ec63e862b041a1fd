//! What `seedrow compare` prints.

mod counts;
mod json;
mod markdown;
mod render;
#[cfg(test)]
pub mod sample;
mod text;

pub use render::{format_parser, render};
