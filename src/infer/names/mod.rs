//! Names → values: from the words of a table's and a column's name, the type and its limits to a maker. Pure.
//!
//! `users.name` is a person's and `products.name` isn't; city, region and postcode are those of one place; a row is not
//! updated before it was created. No value could be somebody's: email and sites are at example.com, .org and .net,
//! telephone numbers those kept for fiction, numbers of accounts, cards and the like such as nobody gives out.

mod extent;
mod fit;
mod made;
mod rule;
mod rules;
mod scene;
mod team;
mod tokens;
mod types;
mod words;

use crate::copy::DataType;
use crate::infer::domain::{Choice, Limits, MakerToml, Sibling, Value, WordList};
use rule::{Made, MatchedSibling, Scene};
use rule::{Match, Rule};
pub use team::TeamRules;
use types::{TEXT, Types};
pub use words::{LOCALES, Locale};

/// A column that a maker is chosen for.
#[derive(Debug, Clone, Copy)]
pub struct NamedColumn<'a> {
    /// Its name, unquoted.
    pub name: &'a str,
    /// Its type; that of `text` for one that takes any text, such as `citext`.
    pub data_type: &'a DataType,
    /// What its type and its CHECKs allow.
    pub limits: &'a Limits,
    /// Whether its values must not repeat, by themselves.
    pub unique: bool,
    /// The column of a parent that a time must not come before.
    pub parent: Option<ParentTime<'a>>,
}

/// When the row was made that a foreign key refers to.
#[derive(Debug, Clone, Copy)]
pub struct ParentTime<'a> {
    /// The column of the foreign key; never NULL.
    pub by: &'a str,
    /// The parent's column, which [`TableNames::created`] names.
    pub column: &'a str,
    /// Its type.
    pub data_type: &'a DataType,
}

/// How names are read: in which language, and by which rules first.
#[derive(Debug, Clone)]
pub struct Naming {
    /// The language of people and places.
    pub locale: &'static Locale,
    /// A team's own rules.
    pub rules: TeamRules,
    /// What the schema's tables are about.
    pub field: Field,
}

/// What a schema is about, where that gives words another meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Field {
    /// Anything.
    #[default]
    Any,
    /// Medicine: a department is a ward, a reason is why a patient comes.
    Health,
}

impl Field {
    /// By the names of the tables.
    pub fn of<'t>(tables: impl IntoIterator<Item = &'t str>) -> Field {
        let subjects = [
            "patient",
            "clinic",
            "hospital",
            "physician",
            "diagnosis",
            "ward",
        ];
        let is_health = |table: &str| {
            let words = tokens::of_table(table);
            words.iter().any(|word| subjects.contains(&word.as_str()))
        };
        match tables.into_iter().any(is_health) {
            true => Field::Health,
            false => Field::Any,
        }
    }
}

impl Naming {
    /// For a schema with these tables.
    #[must_use]
    pub fn about<'t>(&self, tables: impl IntoIterator<Item = &'t str>) -> Naming {
        Naming {
            field: Field::of(tables),
            ..self.clone()
        }
    }
}

impl Default for Naming {
    fn default() -> Naming {
        Naming {
            locale: Locale::english(),
            rules: TeamRules::default(),
            field: Field::Any,
        }
    }
}

/// A table's columns, each with the rule that its name matches.
pub struct TableNames<'a> {
    name: String,
    rules: &'a TeamRules,
    table: Vec<String>,
    columns: Vec<MatchedSibling<'a>>,
    locale: &'static Locale,
    field: Field,
}

impl<'a> TableNames<'a> {
    /// Of a table with all its columns.
    pub fn new(name: &str, columns: &[Sibling<'a>], naming: &'a Naming) -> TableNames<'a> {
        let table = tokens::of_table(name);
        let matched = |column: &Sibling<'a>| {
            let words = tokens::of_column(column.name);
            let (types, longest) = (
                Types::of(column.data_type),
                extent::length(column.data_type),
            );
            let found = first_rule(&table, &words, types, longest);
            MatchedSibling {
                column: *column,
                types,
                unique: false,
                rule: found.as_ref().map(|(rule, _)| *rule),
                prefix: found.map_or(String::new(), |(_, found)| prefix(&found)),
            }
        };
        let columns = columns.iter().map(matched).collect();
        TableNames {
            table,
            columns,
            locale: naming.locale,
            field: naming.field,
            name: name.to_owned(),
            rules: &naming.rules,
        }
    }

    /// With the names of the columns that don't repeat by themselves.
    #[must_use]
    pub fn unique(mut self, names: &[&str]) -> TableNames<'a> {
        for column in &mut self.columns {
            column.unique = names.contains(&column.column.name);
        }
        self
    }

    /// What the name of a column makes of it; `None` where it says nothing, or constraints leave no choice.
    pub fn choose(&self, column: &NamedColumn) -> Option<Choice> {
        let by_team = self.rules.choose(&self.name, column.name, column.data_type);
        if by_team.is_some() {
            return by_team;
        }
        let limits = column.limits;
        let is_json = !limits.json_keys.is_empty() || !limits.json_kinds.is_empty();
        if limits.values.is_some() || !limits.patterns.is_empty() || is_json {
            return None;
        }
        let types = Types::of(column.data_type);
        let longest = extent::length(column.data_type);
        let longest = match types {
            TEXT => longest.min(column.limits.max_length.unwrap_or(longest)),
            _ => u32::MAX,
        };
        let words = tokens::of_column(column.name);
        let rules = rules::about(&words).into_iter();
        let mut rules = rules.filter(|rule| rule.types.has(types) && rule.length <= longest);
        rules.find_map(|rule| {
            let found = rule.matches(&self.table, &words)?;
            self.make(column, rule, &found, longest)
        })
    }

    fn make(
        &self,
        column: &NamedColumn,
        rule: &Rule,
        found: &Match,
        longest: u32,
    ) -> Option<Choice> {
        let siblings: Vec<&MatchedSibling> = self
            .columns
            .iter()
            .filter(|it| it.column.name != column.name)
            .collect();
        let scene = Scene {
            column,
            types: Types::of(column.data_type),
            prefix: prefix(found),
            subject: found.subject,
            locale: self.locale,
            field: self.field,
            longest,
            siblings: &siblings,
        };
        let made = fit::fit(&scene, scene.make(&rule.make)?)?;
        // Numbers of a rule are few: what is unique is better counted.
        let is_number = types::NUMBER.has(scene.types);
        if column.unique && is_number && made.maker.make != "sequence" {
            return None;
        }
        Some(self.choice(made, rule.reason))
    }

    fn choice(&self, made: Made, reason: &str) -> Choice {
        let made = self.without_clashes(made);
        let lists = self.lists(&made);
        Choice {
            maker: made.maker,
            null: made.null,
            reason: reason.to_owned(),
            confidence: made.confidence,
            hidden: made.hidden,
            lists,
        }
    }

    /// In a template a column comes before a list of the same name: such a list is drawn by a hidden column.
    fn without_clashes(&self, mut made: Made) -> Made {
        let mut names = Vec::new();
        names_in(&made.maker, &mut names);
        for name in names {
            let clashes = self.columns.iter().any(|it| it.column.name == name);
            let is_list = self.locale.list(&name).is_some();
            let drawn = format!("{name}_word");
            let braced = |name: &str| format!("{{{name}}}");
            if clashes
                && is_list
                && is_in_braces(&made.maker, &braced(&name))
                && !self.is_meant(&made, &name)
            {
                made.maker = renamed(made.maker, &braced(&name), &braced(&drawn));
                made = made.with_hidden(&drawn, made::word(&name));
            }
        }
        made
    }

    /// Whether a template means the column of that name: it was put there by a rule that looks at siblings.
    fn is_meant(&self, made: &Made, name: &str) -> bool {
        let is_slug = made.maker.option("case") == Some(&Value::Text("slug".into()));
        is_slug && self.columns.iter().any(|it| it.column.name == name)
    }

    /// The word lists that makers name, and those that their entries name.
    fn lists(&self, made: &Made) -> Vec<WordList> {
        let mut names = Vec::new();
        for maker in std::iter::once(&made.maker).chain(made.hidden.iter().map(|(_, it)| it)) {
            let mut found = Vec::new();
            names_in(maker, &mut found);
            let is_column = |name: &String| self.columns.iter().any(|it| it.column.name == name);
            let is_hidden = |name: &String| made.hidden.iter().any(|(hidden, _)| hidden == name);
            found.retain(|name| names_list(maker, name) || !is_column(name) && !is_hidden(name));
            names.extend(found);
        }
        let mut lists: Vec<WordList> = Vec::new();
        while let Some(name) = names.pop() {
            let known = lists.iter().any(|list| list.name == name);
            if let Some(list) = self.locale.list(&name).filter(|_| !known) {
                let templates = list.entries().map(|entry| entry[0]);
                names.extend(templates.flat_map(words::placeholders).map(str::to_owned));
                lists.push(list.clone());
            }
        }
        lists.sort_by_key(|list| list.name);
        lists
    }

    /// The column that says when a row was made, else when it begins, if there is one.
    pub fn created(&self) -> Option<&'a str> {
        let says =
            |it: &&MatchedSibling| it.prefix.is_empty() && it.rule.is_some_and(rules::says_created);
        let mut found: Vec<&str> = self
            .columns
            .iter()
            .filter(says)
            .map(|it| it.column.name)
            .collect();
        found.sort_by_key(|name| (!name.to_lowercase().starts_with("creat"), *name));
        let begins = |it: &&MatchedSibling| {
            it.prefix.is_empty() && it.column.not_null && it.rule.is_some_and(rules::says_begun)
        };
        let begun = || Some(self.columns.iter().find(begins)?.column.name);
        found.first().copied().or_else(begun)
    }
}

/// The words of a column's name: `shippedAt` is `shipped at`.
pub fn words_of(column: &str) -> Vec<String> {
    tokens::of_column(column)
}

fn first_rule<'w>(
    table: &'w [String],
    column: &'w [String],
    types: Types,
    longest: u32,
) -> Option<(&'static Rule, Match<'w>)> {
    let rules = rules::about(column).into_iter();
    let mut rules = rules.filter(|rule| rule.types.has(types) && rule.length <= longest);
    rules.find_map(|rule| Some((rule, rule.matches(table, column)?)))
}

fn prefix(found: &Match) -> String {
    found.prefix.iter().map(|word| format!("{word}_")).collect()
}

/// The lists and placeholders that a maker names.
fn names_in(maker: &MakerToml, names: &mut Vec<String>) {
    if let Some(Value::Text(list)) = maker.option("list") {
        names.push(list.clone());
    }
    match maker.option("of") {
        Some(Value::Table(element)) => {
            let options = element.to_vec();
            names_in(
                &MakerToml {
                    make: maker.make.clone(),
                    options,
                },
                names,
            );
        }
        Some(of) if matches!(maker.make.as_str(), "phrase" | "json") => {
            let texts = match of {
                Value::Text(text) => vec![text],
                Value::List(all) => all.iter().filter_map(text_of).collect(),
                _ => Vec::new(),
            };
            let found = texts.iter().flat_map(|it| words::placeholders(it));
            names.extend(found.map(str::to_owned));
        }
        _ => {}
    }
}

/// Whether a maker, or that of an array's elements, draws of a list of this name.
fn names_list(maker: &MakerToml, name: &str) -> bool {
    let of_list = |value: &Value| matches!(value, Value::Text(list) if list == name);
    maker.option("list").is_some_and(of_list)
        || match maker.option("of") {
            Some(Value::Table(element)) => {
                element.iter().any(|(key, it)| key == "list" && of_list(it))
            }
            _ => false,
        }
}

fn is_in_braces(maker: &MakerToml, braced: &str) -> bool {
    match maker.option("of") {
        Some(Value::Text(text)) => text.contains(braced),
        Some(Value::List(all)) => all.iter().filter_map(text_of).any(|it| it.contains(braced)),
        _ => false,
    }
}

/// A maker with other placeholders in its templates.
fn renamed(maker: MakerToml, from: &str, to: &str) -> MakerToml {
    let replaced = |value: &Value| match value {
        Value::Text(text) => Value::Text(text.replace(from, to)),
        other => other.clone(),
    };
    let of = match maker.option("of") {
        Some(Value::List(all)) => Value::List(all.iter().map(replaced).collect()),
        Some(other) => replaced(other),
        None => return maker,
    };
    maker.with("of", of)
}

fn text_of(value: &Value) -> Option<&String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
