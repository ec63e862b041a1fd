//! The DDL that was named: one file, or a folder of migrations in the order of their names, as one text.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::script::{Script, Step};

/// DDL that creates tables.
#[derive(Debug, Clone)]
pub struct Ddl {
    /// The file or folder.
    pub path: PathBuf,
    /// All of it as one text, which needs none of the files; `None` where the file includes others.
    pub text: Option<String>,
    /// What it does.
    pub script: Script,
}

/// Words at the end of a migration's name that undoes another one.
const UNDOES: &[&str] = &["down", "undo", "rollback", "revert"];
/// Lines behind which a migration undoes what it did.
const DOWN_MARKS: &[&str] = &[
    "-- +goose down",
    "-- migrate:down",
    "-- +migrate down",
    "-- +micrate down",
];
/// Folders within folders.
const DEEPEST: usize = 4;

/// Reads a file, or a folder's `.sql` files.
pub fn read(path: &Path) -> Result<Ddl> {
    let is_folder = path.is_dir();
    let (text, parts) = match is_folder {
        true => folder(path)?,
        false => (file(path)?, Vec::new()),
    };
    let mut script = Script::read(path, text.clone(), &file)?;
    script.steps.iter_mut().for_each(|it| locate(it, &parts));
    if !script.included.is_empty() && is_folder {
        bail!(
            "{} include other files; name the file that includes them all with --ddl",
            path.display()
        );
    }
    Ok(Ddl {
        path: path.to_owned(),
        text: script.included.is_empty().then_some(text),
        script,
    })
}

impl Ddl {
    /// The statements of a text, which are called by `path` in messages.
    pub fn of_text(path: &Path, text: String) -> Result<Ddl> {
        let script = Script::read(path, text.clone(), &file)?;
        Ok(Ddl {
            path: path.to_owned(),
            text: Some(text),
            script,
        })
    }

    /// A name for the dataset: the file's, or its folder's where the file's says nothing.
    pub fn name(&self) -> Option<String> {
        const SAY_NOTHING: &[&str] = &[
            "schema",
            "structure",
            "dump",
            "db",
            "database",
            "ddl",
            "init",
            "sql",
            "migrations",
            "migrate",
            "create",
            "up",
        ];
        let path = std::path::absolute(&self.path).ok()?;
        let parts = path.ancestors().filter_map(|it| it.file_stem()?.to_str());
        let mut names = parts.filter(|it| !SAY_NOTHING.contains(&it.to_lowercase().as_str()));
        names.next().map(str::to_owned)
    }
}

fn file(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.as_bytes().starts_with(b"PGDMP") => bail!(
            "{} is an archive of pg_dump; write it as SQL first: pg_restore --schema-only -f schema.sql {0}",
            path.display()
        ),
        Err(_) => bail!("{} is no UTF-8 text", path.display()),
    }
}

/// A file of a folder, and the line of the folder's text before its first.
type Part = (PathBuf, usize);

/// Has a step of a folder's text name the file that it is in.
fn locate(step: &mut Step, parts: &[Part]) {
    let part = parts.iter().rfind(|(_, before)| *before < step.line);
    if let Some((path, before)) = part {
        step.path = path.clone();
        step.line -= before;
    }
}

/// A folder's files as one text.
fn folder(path: &Path) -> Result<(String, Vec<Part>)> {
    let mut files = Vec::new();
    collect(path, 0, &mut files)?;
    if files.is_empty() {
        bail!("{} holds no .sql file", path.display());
    }
    let mut text = String::new();
    let mut parts = Vec::new();
    let mut lines = 0;
    for file_path in files {
        let shown = file_path.strip_prefix(path).unwrap_or(&file_path);
        let all = file(&file_path)?;
        let plain = without_down(all.trim_start_matches('\u{feff}')).trim_end();
        text.push_str(&format!("-- {}\n{plain}\n\n", shown.display()));
        parts.push((file_path, lines + 1));
        lines += 3 + plain.matches('\n').count();
    }
    Ok((text, parts))
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let context = || format!("could not read {}", folder.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).with_context(context)? {
        entries.push(entry.with_context(context)?.path());
    }
    entries.sort_by(|a, b| by_name(&name_of(a), &name_of(b)));
    for path in entries {
        if path.is_dir() {
            if depth < DEEPEST {
                collect(&path, depth + 1, files)?;
            }
        } else if is_migration(&name_of(&path)) {
            files.push(path);
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn is_migration(name: &str) -> bool {
    let name = name.to_lowercase();
    let Some(stem) = name.strip_suffix(".sql") else {
        return false;
    };
    let last = stem.rsplit(['.', '_', '-']).next().unwrap_or(stem);
    !name.starts_with('.') && !UNDOES.contains(&last)
}

/// Orders names as people do: `2_b` before `10_a`, and `20240101120000_a` before `20240102_b`.
fn by_name(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) {
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number, rest) = leading_number(left);
            let (other, other_rest) = leading_number(right);
            let by_length = match is_date(number) && is_date(other) {
                true => Ordering::Equal,
                false => number.len().cmp(&other.len()),
            };
            match by_length.then(number.cmp(other)) {
                Ordering::Equal => (left, right) = (rest, other_rest),
                order => return order,
            }
        } else if x == y {
            (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
        } else {
            return x.cmp(&y);
        }
    }
    left.len().cmp(&right.len()).then(a.cmp(b))
}

/// Whether a number starts with a date: such numbers are compared as texts.
fn is_date(number: &str) -> bool {
    number.len() >= "20240101".len() && (number.starts_with("19") || number.starts_with("20"))
}

/// The digits that a text starts with, zeros before them left out, and the rest.
fn leading_number(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

/// A migration that does and undoes, without the latter.
fn without_down(text: &str) -> &str {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let plain = line.trim().to_lowercase();
        if DOWN_MARKS.iter().any(|mark| plain.starts_with(mark)) {
            return &text[..start];
        }
        start += line.len();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_in_the_order_of_their_numbers() {
        let mut names = [
            "V10__c.sql",
            "V2__b.sql",
            "V1__a.sql",
            "010_z.sql",
            "9_y.sql",
        ];
        names.sort_by(|a, b| by_name(a, b));
        assert_eq!(
            names.join(" "),
            "9_y.sql 010_z.sql V1__a.sql V2__b.sql V10__c.sql"
        );
        let mut dates = ["20240102_c", "20240101120000_b", "20240101_a", "2_0"];
        dates.sort_by(|a, b| by_name(a, b));
        assert_eq!(
            dates.join(" "),
            "2_0 20240101_a 20240101120000_b 20240102_c"
        );
    }

    #[test]
    fn steps_of_a_folder_name_their_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            dir.path().join("1.sql"),
            "CREATE TABLE a ();\n\n\nCREATE TABLE b ();\n\n",
        )
        .unwrap();
        fs::write(
            dir.path().join("2.sql"),
            "\u{feff}-- Two.\nCREATE TABLE c ();",
        )
        .unwrap();
        let ddl = read(dir.path()).unwrap();
        let name = |step: &Step| format!("{}:{}", name_of(&step.path), step.line);
        let places: Vec<String> = ddl.script.steps.iter().map(name).collect();
        assert_eq!(places.join(" "), "1.sql:1 1.sql:4 2.sql:2");
    }

    #[test]
    fn what_undoes_is_left_out() {
        for (name, is) in [
            ("001_users.sql", true),
            ("001_users.up.sql", true),
            ("001_users.down.sql", false),
            ("down.sql", false),
            ("001_undo.sql", false),
            ("readme.md", false),
            ("breakdown.sql", true),
        ] {
            assert_eq!(is_migration(name), is, "{name}");
        }
        let text = "-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n";
        assert_eq!(without_down(text), "-- +goose Up\nCREATE TABLE a ();\n");
    }
}
