//! `--env-file FILE`: variables from a file of `NAME=value` lines. Those that are set already win.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Says that the file's variables are set.
const READ: &str = "SEEDROW_ENV_FILE_READ";

/// Starts this command anew in its place, with the variables of the file; returns when that is done already.
///
/// A process' own environment can't be changed safely once it has threads, and other programs that it starts are to have the
/// variables, too.
pub fn apply(file: &Path) -> Result<()> {
    if std::env::var_os(READ).is_some_and(|it| it == file) {
        return Ok(());
    }
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("could not read {}", file.display()))?;
    let mut variables = parse(&file.display().to_string(), &text)?;
    variables.retain(|name, _| std::env::var_os(name).is_none());
    let program = std::env::current_exe().context("could not find seedrow's own executable")?;
    let error = Command::new(&program)
        .args(std::env::args_os().skip(1))
        .envs(variables)
        .env(READ, file)
        .exec();
    Err(error).with_context(|| format!("could not run {}", program.display()))
}

/// The variables of a file: `NAME=value`, with `export` before it or quotes around the value; `#` begins a comment.
fn parse(file: &str, text: &str) -> Result<BTreeMap<String, String>> {
    let mut variables = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            bail!("{file}, line {number}: expected NAME=value");
        };
        let name = name.trim();
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.starts_with(|c: char| !c.is_ascii_digit());
        if !is_name {
            bail!("{file}, line {number}: {name:?} is no name of a variable");
        }
        let Some(value) = unquoted(value.trim()) else {
            bail!("{file}, line {number}: the value of {name} has no closing quote");
        };
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

/// A value without its quotes, or without the comment behind it; `None` where a quote isn't closed.
fn unquoted(value: &str) -> Option<String> {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split_once(quote).map(|(inside, _)| inside.to_owned());
        }
    }
    let plain = value.split_once(" #").map_or(value, |(value, _)| value);
    Some(plain.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_variables() {
        let text = "# the shop\nDATABASE_URL=postgresql://h/shop?a=b#c\nexport A='x # y'\n\nB = \"z\" # last\nC=1 # one\nD=";
        let found = parse(".env", text).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
        let expected = [
            ("A", "x # y"),
            ("B", "z"),
            ("C", "1"),
            ("D", ""),
            ("DATABASE_URL", "postgresql://h/shop?a=b#c"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn mistakes_are_named_with_their_line_and_without_the_value() {
        for (text, expected) in [
            ("A=1\nB", ".env, line 2: expected NAME=value"),
            ("2A=1", ".env, line 1: \"2A\" is no name of a variable"),
            (
                "A='secret",
                ".env, line 1: the value of A has no closing quote",
            ),
        ] {
            assert_eq!(parse(".env", text).unwrap_err().to_string(), expected);
        }
    }
}
