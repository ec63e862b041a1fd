//! Names → values: from the words of a table's and a column's name, the type and its limits to a maker. Pure.
//!
//! `users.name` is a person's and `products.name` isn't; city, region and postcode are those of one place; a row is not
//! updated before it was created. No value could be somebody's: email and sites are at example.com, .org and .net,
//! telephone numbers those kept for fiction, numbers of accounts, cards and the like such as nobody gives out.

mod fit;
mod made;
mod rule;
mod rules;
mod tokens;
mod words;

use crate::copy::DataType;
use crate::infer::domain::{Choice, Limits, MakerToml, Sibling, Value, WordList};
use made::{Made, MatchedSibling, Scene};
use rule::{Match, Rule, TEXT, Types};
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
    /// The parent's column, which [`TableNames::created`] names; of the same group of types.
    pub column: &'a str,
}

/// A table's columns, each with the rule that its name matches.
pub struct TableNames<'a> {
    table: Vec<String>,
    columns: Vec<MatchedSibling<'a>>,
    locale: &'static Locale,
}

impl<'a> TableNames<'a> {
    /// Of a table with all its columns, in a language.
    pub fn new(table: &str, columns: &[Sibling<'a>], locale: &'static Locale) -> TableNames<'a> {
        let table = tokens::of_table(table);
        let matched = |column: &Sibling<'a>| {
            let words = tokens::of_column(column.name);
            let (types, longest) = (Types::of(column.data_type), fit::length(column.data_type));
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
            locale,
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
        if column.limits.values.is_some() || !column.limits.patterns.is_empty() {
            return None;
        }
        let types = Types::of(column.data_type);
        let longest = fit::length(column.data_type);
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
            longest,
            siblings: &siblings,
        };
        let made = fit::fit(&scene, scene.make(&rule.make)?)?;
        // Numbers of a rule are few: what is unique is better counted.
        let is_number = rule::NUMBER.has(scene.types);
        if column.unique && is_number && made.maker.make != "sequence" {
            return None;
        }
        Some(self.choice(made, rule.reason))
    }

    fn choice(&self, made: Made, reason: &str) -> Choice {
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

    /// The word lists that makers name, and those that their entries name.
    fn lists(&self, made: &Made) -> Vec<WordList> {
        let mut names = Vec::new();
        names_in(&made.maker, &mut names);
        for (_, maker) in &made.hidden {
            names_in(maker, &mut names);
        }
        let mut lists: Vec<WordList> = Vec::new();
        while let Some(name) = names.pop() {
            let is_hidden = made.hidden.iter().any(|(hidden, _)| *hidden == name);
            let known = lists.iter().any(|list| list.name == name);
            let found = self.locale.list(&name).filter(|_| !is_hidden && !known);
            if let Some(list) = found {
                let templates = list.entries().map(|entry| entry[0]);
                names.extend(templates.flat_map(words::placeholders).map(str::to_owned));
                lists.push(list.clone());
            }
        }
        lists.sort_by_key(|list| list.name);
        lists
    }

    /// The column that says when a row was made, if there is one.
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
        found.first().copied()
    }
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
            let options = element.iter().cloned().collect();
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

fn text_of(value: &Value) -> Option<&String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
