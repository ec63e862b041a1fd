//! What `seedrow stress` prints.

mod figures;
mod render;
mod text;

pub use render::{format_parser, render};
