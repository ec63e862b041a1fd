//! Waivers: findings that have been reviewed and accepted, each with the reason.
//!
//! They are in the dataset's TOML file or in a `seedrow.toml` beside it, so that they are reviewed like code.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::document::{Document, TomlValue};

/// The file's name.
const FILE: &str = "seedrow.toml";

/// A finding that doesn't count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The rule's id.
    pub rule: String,
    /// What it is found on: `table(column, …)` of a foreign key, a query's or an index' name, `table` or `table.column`.
    pub on: String,
    /// Why it is right.
    pub reason: String,
    /// File and line, for messages.
    pub place: String,
}

impl Waiver {
    /// Whether it is about this rule on this thing. Blanks don't matter, nor does `home`, the schema that messages
    /// leave out.
    pub fn covers(&self, rule: &str, on: &str, home: &str) -> bool {
        let plain = |text: &str| text.replace(char::is_whitespace, "");
        let (own, other) = (plain(&self.on), plain(on));
        let short = own.strip_prefix(home).and_then(|it| it.strip_prefix('.'));
        self.rule == rule && (own == other || short == Some(&other))
    }
}

/// Those of the `seedrow.toml` in a folder; none where there is none.
pub fn beside(folder: &Path) -> Result<Vec<Waiver>> {
    let path = folder.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("could not read {}", path.display()));
        }
    };
    let shown = path.display().to_string();
    let (document, root) = Document::parse(&shown, &text)?;
    let root = document.root(&root);
    let waivers = read(&shown, root.get("waive"))?;
    // Those of options, which are read before anything else.
    root.get("defaults");
    root.ensure_known_keys()?;
    Ok(waivers)
}

/// The list under the key `waive`; none where it is missing.
pub fn read(path: &str, value: Option<TomlValue>) -> Result<Vec<Waiver>> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    value
        .list()?
        .iter()
        .map(|value| {
            let section = value.section("a waiver")?;
            let text = |key| {
                let value = section.need(key)?;
                let text = value.text()?.trim();
                ensure!(!text.is_empty(), value.error("expected some text"));
                anyhow::Ok(text.to_owned())
            };
            let waiver = Waiver {
                rule: text("rule")?,
                on: text("on")?,
                reason: text("reason")?,
                place: format!("{path}, line {}", value.line()),
            };
            section.ensure_known_keys()?;
            Ok(waiver)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Waiver>> {
        let (document, root) = Document::parse("seedrow.toml", text)?;
        read("seedrow.toml", document.root(&root).get("waive"))
    }

    #[test]
    fn names_rule_thing_and_reason() {
        let text = "[[waive]]\nrule = \"fk-not-indexed\"\non = \"audit(user_id, b)\"\nreason = \"never joined\"\n";
        let waivers = parse(text).unwrap();
        let covers = |rule, on| waivers[0].covers(rule, on, "public");
        assert!(covers("fk-not-indexed", "audit(user_id, b)"));
        assert!(covers("fk-not-indexed", "audit(user_id,b)"));
        assert!(!covers("fk-not-valid", "audit(user_id, b)"));
        assert!(!covers("fk-not-indexed", "audit(b)"));
        let in_full = Waiver {
            on: "public.audit(user_id, b)".into(),
            ..waivers[0].clone()
        };
        assert!(in_full.covers("fk-not-indexed", "audit(user_id, b)", "public"));
        assert!(!in_full.covers("fk-not-indexed", "audit(user_id, b)", "shop"));
    }

    #[test]
    fn mistakes_name_file_and_line() {
        let error = |text| parse(text).unwrap_err().to_string();
        let missing = error("\n[[waive]]\nrule = \"seq-scan\"\non = \"q\"\n");
        assert_eq!(
            missing,
            "seedrow.toml, line 2: a waiver: `reason` is missing"
        );
        let empty = error("[[waive]]\nrule = \"seq-scan\"\non = \"q\"\nreason = \" \"\n");
        assert!(
            empty.starts_with("seedrow.toml, line 4: ") && empty.ends_with("expected some text")
        );
        let unknown = error("[[waive]]\nrule = \"a\"\non = \"q\"\nreason = \"r\"\nwhy = 1\n");
        assert!(unknown.contains("unknown key `why`"), "{unknown}");
    }
}
