//! A team's own rules: a TOML file that comes before the built-in ones; the first rule that matches decides. Pure.

use anyhow::{Result, bail};

use crate::copy::DataType;
use crate::copy::types::TypeKind;
use crate::dataset::document::{Document, Section, TomlValue, did_you_mean};
use crate::dataset::makers;
use crate::infer::domain::{Choice, Confidence, MakerToml, Value, WordList};
use crate::infer::names::types::Types;
use crate::infer::names::words::Locale;

/// The rules of a file, in its order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TeamRules(Vec<TeamRule>);

/// One of them.
#[derive(Debug, Clone, PartialEq)]
struct TeamRule {
    table: String,
    column: String,
    data_type: Option<String>,
    maker: MakerToml,
    null: Option<f64>,
    reason: String,
    lists: Vec<WordList>,
}

/// Types that a rule can be for, each with what it is called besides its name in SQL.
const TYPES: &[(&str, &[&str])] = &[
    (
        "text",
        &[
            "character varying",
            "varchar",
            "character",
            "char",
            "citext",
            "name",
        ],
    ),
    (
        "integer",
        &["smallint", "bigint", "int", "int2", "int4", "int8"],
    ),
    ("numeric", &["decimal", "money"]),
    ("double precision", &["real", "float", "float4", "float8"]),
    ("boolean", &["bool"]),
    ("date", &[]),
    (
        "timestamp with time zone",
        &["timestamp", "timestamptz", "timestamp without time zone"],
    ),
    (
        "time without time zone",
        &["time", "timetz", "time with time zone"],
    ),
    ("interval", &[]),
    ("uuid", &[]),
    ("jsonb", &["json"]),
    ("inet", &["cidr"]),
    ("macaddr", &["macaddr8"]),
    ("bytea", &[]),
    ("text[]", &["varchar[]", "character varying[]"]),
];

impl TeamRules {
    /// Reads `[[rule]]`s; a mistake names file and line. `path` is what messages call the file.
    pub fn read(path: &str, text: &str, locale: &Locale) -> Result<TeamRules> {
        let (document, root) = Document::parse(path, text)?;
        let root = document.root(&root);
        let rules = root.need("rule")?.list()?;
        root.ensure_known_keys()?;
        let read = |(index, value): (usize, &TomlValue)| {
            let section = value.section(format!("rule {}", index + 1))?;
            read_rule(&section, path, locale)
        };
        let rules: Result<Vec<TeamRule>> = rules.iter().enumerate().map(read).collect();
        Ok(TeamRules(rules?))
    }

    /// What the first rule for a column makes of it.
    pub fn choose(&self, table: &str, column: &str, data_type: &DataType) -> Option<Choice> {
        let matches = |rule: &&TeamRule| {
            glob(&rule.table, table)
                && glob(&rule.column, column)
                && rule
                    .data_type
                    .as_ref()
                    .is_none_or(|it| is_of_type(it, data_type))
        };
        let rule = self.0.iter().find(matches)?;
        let mut choice = Choice::new(rule.maker.clone(), rule.reason.clone(), Confidence::Sure);
        choice.null = rule.null;
        choice.lists.clone_from(&rule.lists);
        Some(choice)
    }
}

fn read_rule(section: &Section, path: &str, locale: &Locale) -> Result<TeamRule> {
    let pattern = |key| section.get(key).map_or(Ok("*"), |value| value.text());
    let data_type = section
        .get("type")
        .map(|value| type_of(&value))
        .transpose()?;
    let make = section.need("make")?;
    let (maker, lists) = read_maker(&make, locale)?;
    let reason = match section.get("reason") {
        Some(value) => value.text()?.to_owned(),
        None => format!("a rule of {path}, line {}", section.line()),
    };
    let rule = TeamRule {
        table: pattern("table")?.to_owned(),
        column: pattern("column")?.to_owned(),
        data_type,
        maker,
        null: section
            .get("null")
            .map(|value| value.probability())
            .transpose()?,
        reason,
        lists,
    };
    section.ensure_known_keys()?;
    Ok(rule)
}

/// The group's name of a type's name.
fn type_of(value: &TomlValue) -> Result<String> {
    let name = value.text()?.to_lowercase();
    let found = TYPES
        .iter()
        .find(|(group, others)| *group == name || others.contains(&name.as_str()));
    match found {
        Some((group, _)) => Ok((*group).to_owned()),
        None => {
            let advice = did_you_mean(&name, TYPES.iter().map(|(group, _)| *group));
            bail!(value.error(format!("unknown type `{name}`; {advice}")))
        }
    }
}

fn is_of_type(group: &str, data_type: &DataType) -> bool {
    let types = Types::of(data_type);
    let is_any_text = matches!(data_type.base().kind, TypeKind::Other) && group == "text";
    Types::named(group) == types && types != Types(0) || is_any_text
}

/// `"serial"` or `{ make = "integer", … }`, with the word lists it names.
fn read_maker(value: &TomlValue, locale: &Locale) -> Result<(MakerToml, Vec<WordList>)> {
    if value.is_text() {
        makers::named(value)?;
        return Ok((MakerToml::new(value.text()?), Vec::new()));
    }
    let section = value.section(value.what())?;
    let make = section.need("make")?;
    makers::named(&make)?;
    let mut maker = MakerToml::new(make.text()?);
    let mut lists = Vec::new();
    for (name, option) in section.entries() {
        if name == "list" {
            lists.push(list_of(&option, locale)?);
        }
        if name != "make" {
            maker = maker.with(&name, value_of(&option)?);
        }
    }
    Ok((maker, lists))
}

fn list_of(value: &TomlValue, locale: &Locale) -> Result<WordList> {
    let name = value.text()?;
    match locale.list(name) {
        Some(list) => Ok(list.clone()),
        None => {
            let advice = did_you_mean(name, Locale::list_names());
            bail!(value.error(format!("unknown list `{name}`; {advice}")))
        }
    }
}

fn value_of(value: &TomlValue) -> Result<Value> {
    if value.is_text() {
        return Ok(Value::Text(value.text()?.to_owned()));
    }
    if value.is_integer() {
        return Ok(Value::Integer(value.integer()?));
    }
    if value.is_list() {
        let items = value.list()?;
        return Ok(Value::List(
            items.iter().map(value_of).collect::<Result<_>>()?,
        ));
    }
    if let Ok(yes) = value.boolean() {
        return Ok(Value::Boolean(yes));
    }
    if let Ok(number) = value.number() {
        return Ok(Value::Float(number));
    }
    let entries = value.section(value.what())?.entries();
    let entries = entries
        .into_iter()
        .map(|(name, it)| Ok((name, value_of(&it)?)));
    Ok(Value::Table(entries.collect::<Result<_>>()?))
}

/// Whether a name is one of a pattern in which `*` is any text, `|` between two of them either; in any case.
fn glob(pattern: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    pattern.to_lowercase().split('|').any(|one| {
        let parts: Vec<&str> = one.split('*').collect();
        match parts.as_slice() {
            [whole] => *whole == name,
            [first, middle @ .., last] => {
                let inner = name
                    .strip_prefix(first)
                    .and_then(|it| it.strip_suffix(last));
                inner.is_some_and(|inner| {
                    let mut rest = inner;
                    middle.iter().all(|part| match rest.find(part) {
                        Some(at) => {
                            rest = &rest[at + part.len()..];
                            true
                        }
                        None => false,
                    })
                })
            }
            [] => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::Scalar;

    fn read(text: &str) -> Result<TeamRules> {
        TeamRules::read("rules.toml", text, Locale::of("en").unwrap())
    }

    const RULES: &str = r#"
[[rule]]
table = "order*"
column = "*_ref|ref"
type = "text"
make = { make = "pattern", of = "R-[0-9]{6}" }
reason = "our reference"

[[rule]]
column = "mood"
make = { make = "one-of", values = ["good", "bad"], weights = [9, 1] }
null = 0.2
"#;

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = read(RULES).unwrap();
        let choose = |table, column, scalar: Scalar| {
            let choice = rules.choose(table, column, &DataType::from(scalar));
            choice.map(|it| (it.maker.make, it.reason, it.null))
        };
        let ours = Some(("pattern".to_owned(), "our reference".to_owned(), None));
        assert_eq!(choose("orders", "Payment_Ref", Scalar::Varchar), ours);
        assert_eq!(choose("orders", "ref", Scalar::Text), ours);
        assert_eq!(choose("users", "payment_ref", Scalar::Text), None);
        assert_eq!(choose("orders", "payment_ref", Scalar::Int4), None);
        let mood = (
            "one-of".to_owned(),
            "a rule of rules.toml, line 9".to_owned(),
            Some(0.2),
        );
        assert_eq!(choose("x", "mood", Scalar::Text), Some(mood));
    }

    #[test]
    fn mistakes_name_file_and_line() {
        let cases = [
            (
                "[[rule]]\ncolumn = \"x\"\nmake = \"serail\"\n",
                "rules.toml, line 3: rule 1, `make`: unknown maker `serail`; did you mean `serial`?",
            ),
            (
                "[[rule]]\ncolumn = \"x\"\ntype = \"txt\"\nmake = \"serial\"\n",
                "rules.toml, line 3: rule 1, `type`: unknown type `txt`; did you mean `text`?",
            ),
            (
                "[[rule]]\ncolum = \"x\"\nmake = \"serial\"\n",
                "rules.toml, line 2: rule 1: unknown key `colum`; did you mean `column`?",
            ),
            (
                "[[rule]]\ncolumn = \"x\"\n",
                "rules.toml, line 1: rule 1: `make` is missing",
            ),
            (
                "[[rule]]\nmake = { make = \"word\", list = \"plces\" }\n",
                "rules.toml, line 2: rule 1, `make`, `list`: unknown list `plces`; did you mean `places`?",
            ),
            ("", "rules.toml, line 1: `rule` is missing"),
        ];
        for (text, message) in cases {
            assert_eq!(read(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn stars_are_any_text() {
        for (pattern, name, matches) in [
            ("*", "x", true),
            ("*_ref", "order_ref", true),
            ("*_ref", "order_refs", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("x|y", "y", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(glob(pattern, name), matches, "{pattern} {name}");
        }
    }
}
