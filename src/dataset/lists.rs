//! Word lists: one entry a line, several fields separated by ` | `, `#` before a comment. In a `.csv` file, records of any
//! text, without a header.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::source::{Source, join};

/// The separator between an entry's fields.
const FIELDS: &str = " | ";

/// A list of entries, each of one or more fields.
#[derive(Debug)]
pub struct List {
    /// Its name in the dataset.
    pub name: String,
    /// `entries[i][field]`; every entry has as many fields as the first.
    pub entries: Vec<Vec<String>>,
    /// What `{` means in them.
    pub form: Form,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One entry a line; an entry may be a template.
    Lines,
    /// CSV records, taken as they are.
    Records,
}

impl Form {
    fn of(path: &Path) -> Form {
        match path.extension().is_some_and(|it| it == "csv") {
            true => Form::Records,
            false => Form::Lines,
        }
    }
}

/// The lists of a dataset by name, and the files they came from with their texts.
#[derive(Debug, Default)]
pub struct Lists {
    lists: BTreeMap<String, Arc<List>>,
    /// In the dataset's order.
    pub files: Vec<(PathBuf, String)>,
}

impl Lists {
    /// Reads `[lists]`: a name and a file beside the TOML file, or the entries themselves.
    pub fn read(section: &Section, source: Source, folder: &Path) -> Result<Lists> {
        let mut lists = Lists::default();
        for (name, value) in section.entries() {
            let mut form = Form::Lines;
            let entries = if value.is_list() {
                let texts: Vec<&str> = value
                    .list()?
                    .iter()
                    .map(TomlValue::text)
                    .collect::<Result<_>>()?;
                parse(texts.into_iter().map(|text| (value.line(), text)))
                    .map_err(|(_, why)| value.error(why))?
            } else {
                let path = join(folder, value.text()?);
                form = Form::of(&path);
                let text = source
                    .read(&path)
                    .map_err(|why| value.error(format!("{why:#}")))?;
                let entries = parse_file(&path, &text)?;
                lists.files.push((path, text));
                entries
            };
            lists.lists.insert(
                name.clone(),
                Arc::new(List {
                    name,
                    entries,
                    form,
                }),
            );
        }
        Ok(lists)
    }

    /// A list by its name, if there is one.
    pub fn find(&self, name: &str) -> Option<&Arc<List>> {
        self.lists.get(name)
    }

    /// The list that a value names.
    pub fn named(&self, value: &TomlValue) -> Result<Arc<List>> {
        let name = value.text()?;
        match self.lists.get(name) {
            Some(list) => Ok(Arc::clone(list)),
            None => Err(value.error(format!("unknown list `{name}`; {}", self.advice(name)))),
        }
    }

    /// What the name of a list could have been.
    pub fn advice(&self, name: &str) -> String {
        did_you_mean(name, self.lists.keys().map(String::as_str))
    }
}

impl List {
    /// How many fields its entries have.
    pub fn fields(&self) -> usize {
        self.entries.first().map_or(0, Vec::len)
    }
}

fn parse_file(path: &Path, text: &str) -> Result<Vec<Vec<String>>> {
    // Editors on Windows begin a file with a byte-order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if Form::of(path) == Form::Records {
        return parse_csv(path, text);
    }
    let lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_end()));
    let entries = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    match parse(entries) {
        Ok(entries) => Ok(entries),
        Err((line, why)) => bail!("{}, line {line}: {why}", path.display()),
    }
}

/// Records of CSV: fields keep their blanks, line breaks and `|`.
fn parse_csv(path: &Path, text: &str) -> Result<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).from_reader(text.as_bytes());
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.with_context(|| path.display().to_string())?;
        entries.push(record.iter().map(str::to_owned).collect());
    }
    if entries.is_empty() {
        bail!("{}, line 1: the list is empty", path.display());
    }
    Ok(entries)
}

fn parse<'t>(
    lines: impl Iterator<Item = (usize, &'t str)>,
) -> Result<Vec<Vec<String>>, (usize, String)> {
    let mut entries: Vec<Vec<String>> = Vec::new();
    for (line, text) in lines {
        let entry: Vec<String> = text
            .split(FIELDS)
            .map(|field| field.trim().to_owned())
            .collect();
        if let Some(first) = entries.first()
            && first.len() != entry.len()
        {
            return Err((
                line,
                format!(
                    "`{text}` has {} field{}, the first entry has {}",
                    entry.len(),
                    if entry.len() == 1 { "" } else { "s" },
                    first.len()
                ),
            ));
        }
        entries.push(entry);
    }
    if entries.is_empty() {
        Err((1, "the list is empty".into()))
    } else {
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_are_no_entries() {
        let entries = parse_file(
            Path::new("x.txt"),
            "# garments\n\nParka | Jackets\r\nClog | Shoes\n",
        )
        .unwrap();
        assert_eq!(entries, [["Parka", "Jackets"], ["Clog", "Shoes"]]);
    }

    #[test]
    fn a_csv_file_holds_any_text() {
        let entries = parse_file(Path::new("x.csv"), "\"a | b\",\" c\nd \"\n# e,\"\"\n").unwrap();
        assert_eq!(entries, [["a | b", " c\nd "], ["# e", ""]]);
        let error = parse_file(Path::new("x.csv"), "a,b\nc\n").unwrap_err();
        assert!(format!("{error:#}").contains("x.csv"), "{error:#}");
        assert!(parse_file(Path::new("x.csv"), "").is_err());
    }

    #[test]
    fn an_entry_with_other_fields_names_its_line() {
        let error = parse_file(Path::new("x.txt"), "# c\na | b\nc\n")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "x.txt, line 3: `c` has 1 field, the first entry has 2"
        );
    }
}
