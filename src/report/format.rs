//! The output formats: one type for the `--format` of every command.
//!
//! A command's module lists those that it prints, each with its function, and from that list come the values that its
//! option takes.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// How results are printed.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// For people
    Text,
    /// For programs; data/check.schema.json describes that of `check`
    Json,
    /// XML that CI systems show
    Junit,
    /// GitHub's annotations, the worst ten, and the text
    Github,
    /// For a pull request
    Markdown,
    /// One file with pictures, for a browser
    Html,
}

/// Reads the formats of commands that print text or JSON.
pub fn text_or_json() -> impl TypedValueParser<Value = OutputFormat> {
    OutputFormat::parser([OutputFormat::Text, OutputFormat::Json])
}

impl OutputFormat {
    /// Reads one of these formats from the command line.
    pub fn parser(
        formats: impl IntoIterator<Item = OutputFormat>,
    ) -> impl TypedValueParser<Value = OutputFormat> {
        let values = formats.into_iter().filter_map(|it| it.to_possible_value());
        PossibleValuesParser::new(values).try_map(|name| OutputFormat::from_str(&name, false))
    }
}
