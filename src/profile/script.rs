//! The SQL that reads a profile, for psql and for a connection of seedrow's own: one text, so that both read the same.

use super::model::Level;
use crate::postgres::name::literal;

/// Of a small database as many pages may be used, some more than once: 80 MB.
const PAGES: u32 = 10_000;
/// Seconds after which no further foreign key's children are counted.
const SECONDS: u32 = 40;
/// A statement ends after it.
const TIMEOUT: &str = "120s";

/// What is read, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The schema.
    pub schema: String,
    /// How much of the values.
    pub level: Level,
    /// The share of the database's pages that may be used, 0 to 1.
    pub sample: f64,
}

/// Its parts; each but the first is as it is in its file.
const PARTS: [&str; 6] = [
    include_str!("sql/settings.sql"),
    include_str!("sql/rights.sql"),
    include_str!("sql/columns.sql"),
    include_str!("sql/fan_outs.sql"),
    include_str!("sql/ddl.sql"),
    include_str!("sql/document.sql"),
];

/// The script. Its only row is the JSON.
pub fn script(reading: &Reading) -> String {
    let [settings, rest @ ..] = PARTS;
    let parameters = [
        (":schema", literal(&reading.schema)),
        (":level", literal(reading.level.name())),
        (":sample", literal(&reading.sample.to_string())),
        (":pages", literal(&PAGES.to_string())),
        (":seconds", literal(&SECONDS.to_string())),
        (":timeout", literal(TIMEOUT)),
    ];
    let mut text = String::new();
    for line in settings.lines() {
        let found = parameters
            .iter()
            .find(|(name, _)| line.ends_with(&format!("= {name};")));
        match found {
            Some((name, value)) => text.push_str(&line.replace(name, value)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text + &rest.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_its_parameters_as_literals() {
        let reading = Reading {
            schema: "it's".to_owned(),
            level: Level::Shape,
            sample: 0.02,
        };
        let text = script(&reading);
        for line in [
            "SET LOCAL seedrow.schema = 'it''s';",
            "SET LOCAL seedrow.level = 'shape';",
            "SET LOCAL seedrow.sample = '0.02';",
            "SET LOCAL seedrow.pages = '10000';",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}");
        }
        let commands = text.lines().filter(|it| !it.starts_with("--"));
        assert!(!commands.take(20).any(|it| it.contains("= :")));
    }
}
