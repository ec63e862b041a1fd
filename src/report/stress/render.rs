//! A run in the format asked for.

use anyhow::Result;
use clap::builder::TypedValueParser;

use super::{junit, markdown, text::text};
use crate::report::colour::Colour;
use crate::report::{Formats, OutputFormat, html, pretty};
use crate::stress::StressReport;

/// What writes a run in one format.
type StressRenderer = fn(&StressReport, Colour) -> Result<String>;

/// The formats that a run is printed in.
const FORMATS: Formats<StressRenderer> = Formats {
    of: "a run",
    renderers: &[
        (OutputFormat::Text, |it, colour| Ok(text(it, colour))),
        (OutputFormat::Json, |it, _| pretty(it)),
        (OutputFormat::Junit, |it, _| junit::junit(it)),
        (OutputFormat::Markdown, |it, _| Ok(markdown::markdown(it))),
        (OutputFormat::Html, |it, _| Ok(html::stress(it))),
    ],
};

/// Reads one of the formats that a run is printed in.
pub fn format_parser() -> impl TypedValueParser<Value = OutputFormat> {
    FORMATS.parser()
}

/// The run in this format.
pub fn render(format: OutputFormat, report: &StressReport, colour: Colour) -> Result<String> {
    FORMATS.render(format, |renderer| renderer(report, colour))
}
