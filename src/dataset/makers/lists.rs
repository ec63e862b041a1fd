//! Entries of the dataset's lists.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Result, bail};

use crate::dataset::document::{Section, TomlValue};
use crate::dataset::lists::{Form, List};
use crate::dataset::makers::{
    Maker, MakerScope, MakerSpec, Needed, RowFacts, ancestor_column, ensure_has_parent, sibling,
};
use crate::dataset::spec::Size;
use crate::dataset::tables::Siblings;

/// An entry of a list.
#[derive(Debug)]
pub struct Word {
    /// The list.
    pub list: Arc<List>,
    /// Which field of the entry, from 0.
    pub field: usize,
}

/// Reads `make = "word"`.
pub fn word(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let value = section.need("list")?;
    let list = scope.lists.named(&value)?;
    let mut fields = list.entries.iter().flatten();
    if list.form == Form::Lines
        && let Some(entry) = fields.find(|field| field.contains('{'))
    {
        bail!(value.error(format!(
            "`word` takes plain lists, and `{}` holds the template \"{entry}\"; write `make = \"phrase\", of = \"{{{}}}\"`",
            list.name, list.name
        )));
    }
    let field = field_of(section, &list)?;
    Ok(Maker::Word(Word { list, field }))
}

impl MakerSpec for Word {
    fn texts(&self) -> Option<Vec<&str>> {
        let entries = self.list.entries.iter();
        Some(entries.map(|entry| entry[self.field].as_str()).collect())
    }
}

/// Another field of the entry that a sibling [`Word`] column has drawn.
#[derive(Debug)]
pub struct Field {
    /// The sibling's position.
    pub column: usize,
    /// Which field of the entry, from 0.
    pub field: usize,
}

/// Reads `make = "field"`; that `of` names a `word` column is seen when all columns are read.
pub fn field(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let column = sibling(&section.need("of")?, scope)?;
    let value = section.need("field")?;
    match usize::try_from(value.integer()?) {
        Ok(number @ 1..) => Ok(Maker::Field(Field {
            column,
            field: number - 1,
        })),
        _ => bail!(value.error("fields count from 1")),
    }
}

impl MakerSpec for Field {
    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        each(Needed::Sibling(self.column));
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        match siblings.maker(self.column) {
            Maker::Word(Word { list, .. }) if self.field < list.fields() => Ok(()),
            Maker::Word(Word { list, .. }) => Err(format!(
                "list `{}` has fields 1 to {}",
                list.name,
                list.fields()
            )),
            _ => Err(format!(
                "`field` needs a `word` column, and `{}` is none",
                siblings.name(self.column)
            )),
        }
    }

    /// Where each row has an entry of its own, and no two entries have the same text here.
    fn is_distinct(&self, siblings: &Siblings) -> bool {
        let Maker::Word(Word { list, .. }) = siblings.maker(self.column) else {
            return false;
        };
        let mut texts = HashSet::new();
        let mut fields = list.entries.iter().filter_map(|it| it.get(self.field));
        siblings.is_unique(self.column) && fields.all(|it| texts.insert(it.to_lowercase()))
    }
}

/// The nth of a list for a parent's nth child, from a random start: no repeats among siblings.
#[derive(Debug)]
pub struct Nth {
    /// What decides among the lists; without it there is one.
    pub by: Option<By>,
    /// The lists, by the value that chooses them.
    pub lists: Vec<(String, Arc<List>)>,
}

/// A field of a `Word` column of this table's ancestor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// The ancestor's position among the tables.
    pub table: usize,
    /// The column's position in it.
    pub column: usize,
    /// Which field of the entry.
    pub field: usize,
}

/// Reads `make = "nth"`.
pub fn nth(section: &Section, scope: &MakerScope) -> Result<Maker> {
    ensure_has_parent(section, scope, "nth")?;
    let Some(by) = section.get("by") else {
        let list = scope.lists.named(&section.need("list")?)?;
        ensure_lasts(section, scope, &list)?;
        return Ok(Maker::Nth(Nth {
            by: None,
            lists: vec![(String::new(), list)],
        }));
    };
    let (by, list) = ancestor_word(section, &by, scope)?;
    let choices = section.need("lists")?;
    let mut lists = Vec::new();
    for (name, value) in choices.section(section.what())?.entries() {
        let chosen = scope.lists.named(&value)?;
        ensure_lasts(section, scope, &chosen)?;
        lists.push((name, chosen));
    }
    let covered = |value: &String| lists.iter().any(|(name, _)| name == value);
    if let Some(entry) = list.entries.iter().find(|entry| !covered(&entry[by.field])) {
        bail!(choices.error(format!(
            "no list for `{}`, which `{}` holds",
            entry[by.field], list.name
        )));
    }
    Ok(Maker::Nth(Nth {
        by: Some(by),
        lists,
    }))
}

impl MakerSpec for Nth {
    fn row_facts(&self) -> RowFacts {
        RowFacts::Place
    }
}

/// Siblings never repeat an entry: a list must be as long as the largest number of children.
fn ensure_lasts(section: &Section, scope: &MakerScope, list: &Arc<List>) -> Result<()> {
    let Size::Per { counts, .. } = scope.size else {
        return Ok(());
    };
    if list.entries.len() < usize::from(counts.maximum()) {
        bail!(section.error(format!(
            "list `{}` has {} entries for up to {} children of one parent",
            list.name,
            list.entries.len(),
            counts.maximum()
        )));
    }
    Ok(())
}

/// Reads `by = "products.garment"` with `field`: a `word` column of an ancestor.
fn ancestor_word(section: &Section, by: &TomlValue, scope: &MakerScope) -> Result<(By, Arc<List>)> {
    let (table, column) = ancestor_column(by, scope)?;
    let Maker::Word(Word { list, .. }) = &scope.earlier[table].columns[column].maker else {
        bail!(by.error(format!("`{}` is no `word` column", by.text()?)));
    };
    Ok((
        By {
            table,
            column,
            field: field_of(section, list)?,
        },
        Arc::clone(list),
    ))
}

/// Reads a field's number, counted from 1 in the dataset and from 0 in the spec.
fn field_of(section: &Section, list: &List) -> Result<usize> {
    let Some(value) = section.get("field") else {
        return Ok(0);
    };
    let number = value.integer()?;
    match usize::try_from(number) {
        Ok(number) if (1..=list.fields()).contains(&number) => Ok(number - 1),
        _ => bail!(value.error(format!(
            "list `{}` has fields 1 to {}",
            list.name,
            list.fields()
        ))),
    }
}
