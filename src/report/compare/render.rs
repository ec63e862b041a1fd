//! A comparison in the format asked for.

use anyhow::{Result, bail};
use clap::builder::TypedValueParser;

use super::{json, markdown, text};
use crate::compare::Comparison;
use crate::printable;
use crate::report::colour::Colour;
use crate::report::{OutputFormat, html, pretty};

/// What writes a comparison in one format.
type CompareRenderer = fn(&Comparison<'_>, Colour) -> Result<String>;

/// The formats that a comparison is printed in.
const FORMATS: &[(OutputFormat, CompareRenderer)] = &[
    (OutputFormat::Text, |it, colour| Ok(text::text(it, colour))),
    (OutputFormat::Json, |it, _| pretty(&json::json(it))),
    (OutputFormat::Markdown, |it, _| Ok(markdown::markdown(it))),
    (OutputFormat::Html, |it, _| Ok(html::comparison(it))),
];

/// Reads one of the formats that a comparison is printed in.
pub fn format_parser() -> impl TypedValueParser<Value = OutputFormat> {
    OutputFormat::parser(FORMATS.iter().map(|(format, _)| *format))
}

/// The comparison in this format.
pub fn render(format: OutputFormat, comparison: &Comparison, colour: Colour) -> Result<String> {
    match FORMATS.iter().find(|(it, _)| *it == format) {
        Some((_, renderer)) => {
            let text = renderer(comparison, colour)?;
            Ok(match format {
                OutputFormat::Text | OutputFormat::Json => text,
                _ => printable::lines(&text),
            })
        }
        None => bail!("a comparison isn't printed as {format:?}"),
    }
}
