//! Nothing that the rules make could be somebody's.

use std::collections::BTreeMap;

use super::*;

/// What every rule makes, for each type it takes, in every language, wide and narrow, unique or not.
fn all_choices() -> Vec<(String, Choice)> {
    let mut choices = Vec::new();
    for rule in rules::all() {
        for (_, kind) in GROUPS.iter().filter(|(types, _)| rule.types.has(*types)) {
            match *kind {
                "text" => {
                    choose_all(rule, "text", &mut choices);
                    let narrow = format!("varchar({})", rule.length.max(1));
                    choose_all(rule, &narrow, &mut choices);
                }
                other => choose_all(rule, other, &mut choices),
            }
        }
    }
    choices
}

/// What a rule makes of its example, among other columns, in every language.
fn choose_all(rule: &Rule, kind: &str, choices: &mut Vec<(String, Choice)>) {
    const SIBLINGS: [(bool, &str); 3] = [
        (false, "id integer"),
        (true, "id uuid"),
        (
            false,
            "id integer; city text; title text; first_name text; name text; created_at date",
        ),
    ];
    let (table, name) = rule.example.split_once('.').unwrap();
    let (own, naming, limits) = (data_type(kind), Naming::default(), Limits::default());
    for (unique, siblings) in SIBLINGS {
        let siblings = siblings.split("; ").map(|it| it.split_once(' ').unwrap());
        let columns: Vec<(&str, DataType)> = siblings
            .filter(|it| it.0 != name)
            .map(|(name, kind)| (name, data_type(kind)))
            .chain([(name, own.clone())])
            .collect();
        let siblings: Vec<Sibling> = columns
            .iter()
            .map(|(name, data_type)| Sibling {
                name,
                data_type,
                not_null: true,
            })
            .collect();
        // Which rules the siblings match is the same in all languages, and takes the longest.
        let mut names = TableNames::new(table, &siblings, &naming);
        let column = NamedColumn {
            name,
            data_type: &own,
            limits: &limits,
            unique,
            parent: None,
        };
        for locale in LOCALES {
            names.locale = locale;
            if let Some(choice) = names.choose(&column) {
                choices.push((format!("{} {kind} {}", rule.example, locale.code), choice));
            }
        }
    }
}

/// Every text in a maker.
fn texts_in(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Text(text) => texts.push(text.clone()),
        Value::List(all) => all.iter().for_each(|it| texts_in(it, texts)),
        Value::Table(all) => all.iter().for_each(|(_, it)| texts_in(it, texts)),
        _ => {}
    }
}

/// Whether a text may be a mail address, a URL or a telephone number: what belongs to somebody.
fn is_address(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.starts_with(['+', '\\']) || bytes.any(|it| matches!(it, b'@' | b':'))
}

#[test]
fn nothing_that_is_made_could_be_somebodys() {
    let choices = all_choices();
    assert!(choices.len() > 3_000, "{} choices", choices.len());
    let mut texts: Vec<(String, String)> = Vec::new();
    for (what, choice) in &choices {
        let mut found = Vec::new();
        for maker in std::iter::once(&choice.maker).chain(choice.hidden.iter().map(|(_, it)| it)) {
            maker
                .options
                .iter()
                .for_each(|(_, it)| texts_in(it, &mut found));
        }
        texts.extend(found.into_iter().map(|text| (what.clone(), text)));
    }
    let lists = words::LISTS
        .iter()
        .flat_map(|(_, list)| list.entries().flatten());
    let lists = lists.map(|text| ("a list".to_owned(), text.to_owned()));
    let texts: BTreeMap<String, String> = texts
        .into_iter()
        .chain(lists)
        .filter(|(_, text)| is_address(text))
        .map(|(what, text)| (text, what))
        .collect();
    assert!(texts.len() > 10, "{} addresses", texts.len());
    for (text, what) in texts {
        let plain = text.replace('\\', "");
        for (at, _) in plain.match_indices('@') {
            let domain = &plain[at + 1..];
            let is_example = ["example.com", "example.org", "example.net"]
                .iter()
                .any(|it| domain.starts_with(it));
            assert!(is_example, "{what}: {text}");
        }
        for (at, scheme) in plain.match_indices("://") {
            let host = plain[at + scheme.len()..].split('/').next().unwrap();
            let behind = host
                .split("example.com")
                .nth(1)
                .or(host.split("example.org").nth(1));
            let is_example = behind.is_some_and(|it| it.is_empty() || it.starts_with('{'));
            assert!(is_example, "{what}: {text}");
        }
        if let Some(number) = plain.strip_prefix('+') {
            let kept = ["1 (", "44 7700 900[0-9]{3}", "49 (", "33 (", "999 {"];
            assert!(
                kept.iter().any(|it| number.starts_with(it)),
                "{what}: {text}"
            );
            assert!(
                !number.starts_with("1 (") || number.ends_with(") 555 01[0-9]{2}"),
                "{what}: {text}"
            );
        }
    }
}
