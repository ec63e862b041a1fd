//! The output formats: one type for the `--format` of every command.
//!
//! A command's module lists those that it prints, each with its function, and from that list come the values that its
//! option takes.

use anyhow::{Result, bail};
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::printable;

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
    OutputFormat::parser(&[OutputFormat::Text, OutputFormat::Json])
}

impl OutputFormat {
    /// Reads one of these formats from the command line.
    pub fn parser(formats: &[OutputFormat]) -> impl TypedValueParser<Value = OutputFormat> + use<> {
        let values = formats.iter().filter_map(ValueEnum::to_possible_value);
        PossibleValuesParser::new(values).try_map(|name| OutputFormat::from_str(&name, false))
    }
}

/// The formats that a kind of result is printed in, each with the function that writes it.
pub struct Formats<Renderer: 'static> {
    /// With its article: `a check`.
    pub of: &'static str,
    /// In the order that help lists them.
    pub renderers: &'static [(OutputFormat, Renderer)],
}

impl<Renderer> Formats<Renderer> {
    /// Their names.
    pub fn all(&self) -> impl Iterator<Item = OutputFormat> {
        self.renderers.iter().map(|(format, _)| *format)
    }

    /// Reads one of them.
    pub fn parser(&self) -> impl TypedValueParser<Value = OutputFormat> + use<Renderer> {
        OutputFormat::parser(&self.all().collect::<Vec<_>>())
    }

    /// What the function of a format writes, which `write` calls.
    pub fn render(
        &self,
        format: OutputFormat,
        write: impl FnOnce(&Renderer) -> Result<String>,
    ) -> Result<String> {
        let Some((_, renderer)) = self.renderers.iter().find(|(it, _)| *it == format) else {
            bail!("{} isn't printed as {format:?}", self.of);
        };
        let text = write(renderer)?;
        Ok(match format {
            // The one has colours, and escapes what is data; JSON escapes by itself.
            OutputFormat::Text | OutputFormat::Json => text,
            _ => printable::lines(&text),
        })
    }
}
