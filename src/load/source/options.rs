//! The options about foreign files, for all files, for those of a table or for a column: the most specific one counts.

use crate::dataset::record_format::FormatOptions;
use crate::dataset::spellings::Spellings;
use crate::load::source::scope::{Scope, Scoped};

/// The options for records and values, as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// The format of records; no scope is a column.
    pub formats: Vec<Scoped<FormatOptions>>,
    /// How values are spelled.
    pub spellings: Vec<Scoped<Spellings>>,
}

/// How the values of a table's columns are spelled, as options say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableSpellings {
    /// In all files.
    pub everywhere: Spellings,
    /// In those of the table.
    pub table: Spellings,
    /// In single columns.
    pub columns: Vec<(String, Spellings)>,
}

impl FileOptions {
    /// The format of a table's files.
    pub fn format_of(&self, table: &str) -> FormatOptions {
        let of = |wanted: Option<&str>| {
            let mut formats = self.formats.iter();
            let scope = |it: &&Scoped<FormatOptions>| {
                it.scope.as_ref().map(|scope| scope.table.as_str()) == wanted
            };
            formats.find(scope).map(|it| it.value.clone())
        };
        let everywhere = of(None).unwrap_or_default();
        of(Some(table)).map_or(everywhere.clone(), |own| own.or(&everywhere))
    }

    /// How the values of a table's columns are spelled.
    pub fn spellings_of(&self, table: &str) -> TableSpellings {
        let mut found = TableSpellings::default();
        for Scoped { scope, value } in &self.spellings {
            match scope {
                None => found.everywhere = value.clone(),
                Some(scope) if scope.table != table => {}
                Some(Scope { column: None, .. }) => found.table = value.clone(),
                Some(Scope {
                    column: Some(column),
                    ..
                }) => found.columns.push((column.clone(), value.clone())),
            }
        }
        found
    }

    /// What was typed: the option, and what it applies to where that is not all files.
    pub fn scopes(&self) -> Vec<(&'static str, &Scope)> {
        let formats = self.formats.iter();
        let formats = formats.map(|it| (&it.scope, it.value.typed()));
        let spellings = self.spellings.iter();
        let spellings = spellings.map(|it| (&it.scope, it.value.typed()));
        let scoped = formats.chain(spellings);
        // One option of a scope is enough to name it.
        let typed = scoped.filter_map(|(scope, typed)| Some((typed.first()?.0, scope.as_ref()?)));
        typed.collect()
    }

    /// The first option typed.
    pub fn first(&self) -> Option<&'static str> {
        let mut formats = self.formats.iter().flat_map(|it| it.value.typed());
        let mut spellings = self.spellings.iter().flat_map(|it| it.value.typed());
        let first = formats.next().or_else(|| spellings.next());
        first.map(|(name, _)| name)
    }

    /// The options as they are typed for the files of a table that seedrow writes of its rejects.
    pub fn typed_of(&self, table: &str) -> Vec<String> {
        let formats = self.formats.iter();
        let formats = formats.map(|it| (&it.scope, it.value.of_rejects().typed()));
        let spellings = self.spellings.iter();
        let spellings = spellings.map(|it| (&it.scope, it.value.typed()));
        let of_table = |scope: &Option<Scope>| scope.as_ref().is_none_or(|it| it.table == table);
        let mut words = Vec::new();
        for (scope, typed) in formats
            .chain(spellings)
            .filter(|(scope, _)| of_table(scope))
        {
            for (name, value) in typed {
                let parts = [scope.as_ref().map(ToString::to_string), value];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                words.push([&[name.to_owned()], &parts[..]].concat().join("="));
            }
        }
        words
    }
}

impl TableSpellings {
    /// Of one column.
    pub fn of(&self, column: &str) -> Spellings {
        let mut columns = self.columns.iter();
        let own = columns.find(|(name, _)| name == column);
        let own = own.map(|(_, spellings)| spellings.clone());
        own.unwrap_or_default().or(&self.table).or(&self.everywhere)
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == TableSpellings::default()
    }
}
