//! The output of `seedrow doctor`.

use anyhow::Result;
use serde_json::json;

use crate::doctor::{Diagnosis, Health};
use crate::report::colour::Colour;
use crate::report::{Detail, OutputFormat, TextStyle, pretty, print, print_text};
use crate::suggestion::Suggestions;

/// Prints them, a line each with what helps below.
pub fn diagnosed(
    diagnoses: &[Diagnosis],
    suggestions: &Suggestions,
    format: OutputFormat,
) -> Result<()> {
    match format {
        OutputFormat::Json => print(&suggestions.complete(&pretty(&json!({
            "seedrow": env!("CARGO_PKG_VERSION"),
            "diagnoses": diagnoses,
        }))?)),
        _ => {
            let style = TextStyle::of_stdout(Detail::Brief);
            print_text(&suggestions.complete(&text(diagnoses, style)))
        }
    }
}

fn text(diagnoses: &[Diagnosis], style: TextStyle) -> String {
    let line = |it: &Diagnosis| {
        let mut text = style.wrapped(&format!(
            "{}  {}: {}\n",
            health(it.health, style.colour),
            it.name,
            it.found
        ));
        for hint in &it.hints {
            text.push_str(&format!("      hint: {hint}\n"));
        }
        text
    };
    diagnoses.iter().map(line).collect()
}

fn health(health: Health, colour: Colour) -> String {
    match health {
        Health::Ok => format!("{}  ", colour.green("ok")),
        Health::Warn => colour.yellow("warn"),
        Health::Fail => colour.red("fail"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_is_below_what_was_found() {
        let diagnoses = [
            Diagnosis::ok("memory", "23.00 GiB, 2 cores"),
            Diagnosis::ok("target", "could not connect").but(Health::Fail, vec!["try".into()]),
        ];
        assert_eq!(
            text(&diagnoses, TextStyle::plain()),
            "ok    memory: 23.00 GiB, 2 cores\nfail  target: could not connect\n      hint: try\n"
        );
    }
}
