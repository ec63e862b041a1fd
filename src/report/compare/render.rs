//! A comparison in the format asked for.

use anyhow::Result;
use clap::builder::TypedValueParser;

use super::{json, markdown, text};
use crate::compare::Comparison;
use crate::report::colour::Colour;
use crate::report::{Formats, OutputFormat, html, pretty};

/// What writes a comparison in one format.
type CompareRenderer = fn(&Comparison<'_>, Colour) -> Result<String>;

/// The formats that a comparison is printed in.
const FORMATS: Formats<CompareRenderer> = Formats {
    of: "a comparison",
    renderers: &[
        (OutputFormat::Text, |it, colour| Ok(text::text(it, colour))),
        (OutputFormat::Json, |it, _| pretty(&json::json(it))),
        (OutputFormat::Markdown, |it, _| Ok(markdown::markdown(it))),
        (OutputFormat::Html, |it, _| Ok(html::comparison(it))),
    ],
};

/// Reads one of the formats that a comparison is printed in.
pub fn format_parser() -> impl TypedValueParser<Value = OutputFormat> {
    FORMATS.parser()
}

/// The comparison in this format.
pub fn render(format: OutputFormat, comparison: &Comparison, colour: Colour) -> Result<String> {
    FORMATS.render(format, |renderer| renderer(comparison, colour))
}
