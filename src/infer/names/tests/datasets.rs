//! What the rules make is what a dataset can say.

use super::*;

/// A value as TOML writes it.
fn in_toml(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::List(all) => format!(
            "[{}]",
            all.iter().map(in_toml).collect::<Vec<_>>().join(", ")
        ),
        Value::Table(all) => {
            let entries = all
                .iter()
                .map(|(name, it)| format!("{name} = {}", in_toml(it)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        other => value_in_short(other),
    }
}

fn column_in_toml(name: &str, maker: &MakerToml, hidden: bool) -> String {
    let make = ("make".to_owned(), Value::Text(maker.make.clone()));
    let mut entries = vec![make];
    entries.extend(maker.options.iter().cloned());
    entries.extend(hidden.then(|| ("hidden".to_owned(), Value::Boolean(true))));
    format!("{name:?} = {}", in_toml(&Value::Table(entries)))
}

/// A dataset of tables such as [`choices`] takes, as a file in a folder.
fn dataset_of(
    lines: &[String],
    locale: &'static Locale,
    folder: &std::path::Path,
) -> std::path::PathBuf {
    let mut lists: Vec<WordList> = Vec::new();
    let mut tables = String::new();
    for (number, line) in lines.iter().enumerate() {
        let mut columns = vec!["id = \"serial\"".to_owned()];
        let mut known: Vec<String> = Vec::new();
        for (name, choice) in choices(line, locale) {
            let Some(choice) = choice else { continue };
            columns.push(column_in_toml(&name, &choice.maker, false));
            for (hidden, maker) in choice.hidden {
                if !known.contains(&hidden) {
                    columns.push(column_in_toml(&hidden, &maker, true));
                    known.push(hidden);
                }
            }
            lists.extend(choice.lists);
        }
        let columns = columns.join("\n");
        tables +=
            &format!("\n[tables.t{number}]\nrows = 20\n[tables.t{number}.columns]\n{columns}\n");
    }
    lists.sort_by(|a, b| a.name.cmp(b.name));
    lists.dedup_by(|a, b| a.name == b.name);
    let mut text = "schema = \"schema.sql\"\n[lists]\n".to_owned();
    for list in &lists {
        text += &format!("{0} = \"{0}.txt\"\n", list.name);
        std::fs::write(folder.join(format!("{}.txt", list.name)), list.text).unwrap();
    }
    std::fs::write(folder.join("schema.sql"), "").unwrap();
    let path = folder.join("names.toml");
    std::fs::write(&path, text + &tables).unwrap();
    path
}

#[test]
fn every_maker_is_one_that_a_dataset_can_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> = Vec::new();
    for rule in rules::all() {
        let (table, column) = rule.example.split_once('.').unwrap();
        for (_, kind) in GROUPS.iter().filter(|(types, _)| rule.types.has(*types)) {
            let kinds = match *kind {
                "text" => vec![
                    "text".to_owned(),
                    format!("varchar({})", rule.length.max(1)),
                    "text!".to_owned(),
                ],
                other => vec![other.to_owned()],
            };
            lines.extend(
                kinds
                    .iter()
                    .map(|kind| format!("{table}: id int; {column} {kind}")),
            );
        }
    }
    lines.extend(
        CASES
            .lines()
            .filter(|it| it.contains(": id ") && !it.starts_with('@'))
            .map(str::to_owned),
    );
    for code in ["en", "de"] {
        let path = dataset_of(&lines, Locale::of(code).unwrap(), folder.path());
        if let Err(why) = crate::dataset::Dataset::open(&path.display().to_string()) {
            let text = std::fs::read_to_string(&path).unwrap();
            let line = format!("{why}")
                .split("line ")
                .nth(1)
                .and_then(|it| it.split(':').next()?.parse::<usize>().ok());
            panic!(
                "{why:#}: {}",
                text.lines().nth(line.unwrap_or(1) - 1).unwrap_or("")
            );
        }
    }
}
