//! What `seedrow stress` prints.

mod comparison;
pub mod figures;
mod junit;
mod markdown;
mod render;
mod text;

pub use comparison::render_comparison;
pub use render::{format_parser, render};
