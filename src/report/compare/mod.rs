//! What `seedrow compare` prints.

mod counts;
mod json;
mod markdown;
mod render;
#[cfg(test)]
mod sample;
mod text;

pub use render::{format_parser, render};
