//! The makers that a column can name: one list, from which messages, reading and what is asked of a maker all come.
//!
//! A maker is a struct with its keys, their validation and what its values are; `generate::makers` has how they are
//! written.

pub mod arrays;
pub mod documents;
pub mod formulas;
pub mod keys;
pub mod lists;
pub mod numbers;
pub mod phrases;
pub mod placed;
pub mod ranked;
pub mod references;
pub mod texts;
pub mod times;
pub mod values;

use anyhow::Result;

use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::lists::Lists;
use crate::dataset::outline::TableOutline;
use crate::dataset::spec::{Kind, Size, TableSpec};
use crate::dataset::tables::Siblings;
use crate::dataset::templates::PlaceholderNames;
use crate::dataset::values::Values;

/// Where a column's values come from.
#[derive(Debug)]
pub enum Maker {
    /// The row's id: 1, 2, 3 …
    Serial(keys::Serial),
    /// The parent row's key.
    Parent(keys::Parent),
    /// The key of the row that this one is the parent's child with.
    Each(keys::Each),
    /// The value of an ancestor's column, which is drawn from a range.
    Inherit(keys::Inherit),
    /// The key of a row of any table.
    Reference(references::Reference),
    /// The value of a column in the row that a sibling has picked.
    Copy(references::Copy),
    /// A whole number.
    Integer(numbers::Integer),
    /// An amount with two decimals.
    Cents(numbers::Cents),
    /// A day.
    Date(times::Date),
    /// A second.
    Timestamp(times::Timestamp),
    /// A day or a second that rises with the row.
    Rising(times::Rising),
    /// True or false.
    Boolean(numbers::Boolean),
    /// 1 for at most one of a parent's children.
    Flag(numbers::Flag),
    /// By the row's place among those that refer to the same one.
    Placed(placed::Placed),
    /// One of a list of whole numbers.
    Number(numbers::Number),
    /// A number below a sibling's.
    Below(numbers::Below),
    /// A date or timestamp after a sibling's.
    After(times::After),
    /// An entry of a list.
    Word(lists::Word),
    /// Another field of the entry that a sibling has drawn.
    Field(lists::Field),
    /// The nth of a list for a parent's nth child.
    Nth(lists::Nth),
    /// Text put together from pieces.
    Phrase(phrases::Phrase),
    /// Values of the `fake` package.
    Fake(texts::Fake),
    /// Random hexadecimal digits.
    Hex(texts::Hex),
    /// A number with decimals.
    Decimal(numbers::Decimal),
    /// A number that rises with the row.
    Sequence(numbers::Sequence),
    /// The total of the rows that refer to a row.
    Total(formulas::Total),
    /// A sum or product of siblings.
    Computed(formulas::Computed),
    /// A time of day.
    Time(times::Time),
    /// A span of time.
    Interval(times::Interval),
    /// Values in the order of their numbers.
    Ranked(ranked::Ranked),
    /// Texts of one of Postgres' types, codes, prose.
    Values(Values),
    /// Elements that another maker makes.
    Array(arrays::Array),
    /// JSON, XML, hstore or tsvector of templates.
    Document(documents::Document),
}

type ReadMaker = fn(&Section, &MakerScope) -> Result<Maker>;

/// Every maker by its name in a dataset.
pub const MAKERS: &[(&str, ReadMaker)] = &[
    ("serial", keys::serial),
    ("parent", keys::parent),
    ("each", keys::each),
    ("inherit", keys::inherit),
    ("reference", references::reference),
    ("copy", references::copy),
    ("integer", numbers::integer),
    ("cents", numbers::cents),
    ("date", times::date),
    ("timestamp", times::timestamp),
    ("boolean", numbers::boolean),
    ("flag", placed::flag),
    ("one-of", phrases::one_of),
    ("below", numbers::below),
    ("after", times::after),
    ("word", lists::word),
    ("field", lists::field),
    ("nth", lists::nth),
    ("phrase", phrases::phrase),
    ("fake", texts::fake),
    ("hex", texts::hex),
    ("decimal", numbers::decimal),
    ("float", numbers::float),
    ("sequence", placed::sequence),
    ("formula", formulas::formula),
    ("total", formulas::total),
    ("value", phrases::value),
    ("time", times::time),
    ("interval", times::interval),
    ("ranked", ranked::ranked),
    ("histogram", ranked::histogram),
    ("uuid", values::uuid),
    ("text", values::text),
    ("code", values::code),
    ("pattern", values::pattern),
    ("inet", values::inet),
    ("cidr", values::cidr),
    ("macaddr", values::macaddr),
    ("bytea", values::bytea),
    ("bit", values::bit),
    ("range", values::range),
    ("point", values::point),
    ("polygon", values::polygon),
    ("ltree", values::ltree),
    ("array", arrays::array),
    ("json", documents::json),
    ("xml", documents::xml),
    ("hstore", documents::hstore),
    ("tsvector", documents::tsvector),
];

impl Maker {
    /// That of a column whose table is only loaded: none of its values is made.
    pub fn none() -> Maker {
        Maker::Phrase(phrases::Phrase::new(Vec::new(), None))
    }

    /// What is asked of a maker, whichever it is.
    pub fn spec(&self) -> &dyn MakerSpec {
        match self {
            Maker::Serial(it) => it,
            Maker::Parent(it) => it,
            Maker::Each(it) => it,
            Maker::Inherit(it) => it,
            Maker::Reference(it) => it,
            Maker::Copy(it) => it,
            Maker::Integer(it) => it,
            Maker::Cents(it) => it,
            Maker::Date(it) => it,
            Maker::Timestamp(it) => it,
            Maker::Rising(it) => it,
            Maker::Boolean(it) => it,
            Maker::Flag(it) => it,
            Maker::Placed(it) => it,
            Maker::Number(it) => it,
            Maker::Below(it) => it,
            Maker::After(it) => it,
            Maker::Word(it) => it,
            Maker::Field(it) => it,
            Maker::Nth(it) => it,
            Maker::Phrase(it) => it,
            Maker::Fake(it) => it,
            Maker::Hex(it) => it,
            Maker::Decimal(it) => it,
            Maker::Sequence(it) => it,
            Maker::Computed(it) => it,
            Maker::Total(it) => it,
            Maker::Time(it) => it,
            Maker::Interval(it) => it,
            Maker::Ranked(it) => it,
            Maker::Values(it) => it,
            Maker::Array(it) => it,
            Maker::Document(it) => it,
        }
    }
}

/// What is asked of a maker, whichever it is. Texts that need nothing but the row's number answer nothing.
pub trait MakerSpec {
    /// What its values are.
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Text)
    }

    /// Calls `each` with every other column whose value its own is made from.
    fn needs(&self, _each: &mut dyn FnMut(Needed)) {}

    /// Whether it has a place for NULL where a sibling that it needs is NULL.
    fn takes_null(&self, _sibling: usize) -> bool {
        false
    }

    /// The tables whose number of rows it must know.
    fn tables(&self) -> Vec<usize> {
        Vec::new()
    }

    /// What it must know of its row.
    fn row_facts(&self) -> RowFacts {
        RowFacts::Number
    }

    /// The least and the greatest number that it can make; `None` for texts. `of` answers for the columns it needs.
    fn bounds(&self, _of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        None
    }

    /// How many distinct values it can give by their index, texts distinct whatever their case; 0 where its values have
    /// no index.
    fn domain(&self) -> u128 {
        0
    }

    /// How many characters its texts have at most, where that is known.
    fn longest(&self) -> Option<u32> {
        None
    }

    /// Whether some of its values come up more often than others.
    fn is_shaped(&self) -> bool {
        false
    }

    /// Whether its text is the row's number, or one that no other row has, in digits.
    fn is_row_number(&self) -> bool {
        false
    }

    /// Whether it can make a NULL of its own accord.
    fn may_be_null(&self, _siblings: &Siblings) -> bool {
        false
    }

    /// Its texts, where each value is one of a few, by their position.
    fn texts(&self) -> Option<Vec<&str>> {
        None
    }

    /// Whether no two rows ever have the same value, whatever their case.
    fn is_distinct(&self, _siblings: &Siblings) -> bool {
        false
    }

    /// Rejects what can only be judged when all columns are known.
    fn ensure_fits(&self, _siblings: &Siblings) -> Result<(), String> {
        Ok(())
    }
}

/// A column whose value another column's is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// Of the same row, by its position.
    Sibling(usize),
    /// Of a row of any table.
    Foreign {
        /// The table's position.
        table: usize,
        /// The column's position in it.
        column: usize,
    },
}

/// What a maker's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindOf {
    /// Always this.
    Is(Kind),
    /// What that column's are.
    Like(Needed),
}

/// What a value is made from besides the row's number, each more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowFacts {
    /// Nothing.
    Number,
    /// The ids of the row's ancestors.
    Ancestors,
    /// The row's position among its siblings.
    Place,
}

/// What a column's maker can refer to.
pub struct MakerScope<'a> {
    /// The tables before this one.
    pub earlier: &'a [TableSpec],
    /// Every table's names, in order.
    pub outline: &'a [TableOutline],
    /// This table's columns.
    pub columns: &'a [String],
    /// This table's size.
    pub size: &'a Size,
    /// The dataset's lists.
    pub lists: &'a Lists,
    /// What its templates can name.
    pub placeholders: PlaceholderNames<'a>,
}

/// The maker that a value names.
pub fn named(value: &TomlValue) -> Result<ReadMaker> {
    value.one_of("maker", MAKERS)
}

/// The position of the column of this table that a value names.
pub fn sibling(value: &TomlValue, scope: &MakerScope) -> Result<usize> {
    let name = value.text()?;
    scope
        .columns
        .iter()
        .position(|known| known == name)
        .ok_or_else(|| {
            let advice = did_you_mean(name, scope.columns.iter().map(String::as_str));
            value.error(format!(
                "no column of this table is called `{name}`; {advice}"
            ))
        })
}

fn ensure_has_parent(section: &Section, scope: &MakerScope, maker: &str) -> Result<()> {
    match scope.size {
        Size::Per { .. } => Ok(()),
        Size::Rows(_) | Size::Loaded => Err(section.error(format!(
            "`{maker}` needs a parent, and this table has none; give the table `per = {{ table = …, mean = …, max = … }}`"
        ))),
    }
}

/// Reads "table.column": the positions of an ancestor table and of its column.
fn ancestor_column(value: &TomlValue, scope: &MakerScope) -> Result<(usize, usize)> {
    let text = value.text()?;
    let no_ancestor = |advice: String| {
        value.error(format!(
            "`{text}` names no column of an ancestor table, as \"table.column\" does; {advice}"
        ))
    };
    let (table_name, column_name) = text.split_once('.').unwrap_or((text, ""));
    let mut ancestors = Vec::new();
    let mut size = scope.size;
    while let Size::Per { parent, .. } = size {
        let table = &scope.earlier[*parent];
        if table.name == table_name {
            let mut names = table.columns.iter().map(|column| column.name.as_str());
            return match names.clone().position(|name| name == column_name) {
                Some(column) => Ok((*parent, column)),
                None => Err(no_ancestor(format!(
                    "in `{table_name}` {}",
                    did_you_mean(column_name, &mut names)
                ))),
            };
        }
        ancestors.push(table.name.as_str());
        size = &table.size;
    }
    Err(no_ancestor(match ancestors.as_slice() {
        [] => "this table has no ancestor".into(),
        _ => format!("of ancestors {}", did_you_mean(table_name, ancestors)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page's table of makers, and all its TOML.
    fn page() -> (&'static str, String) {
        let page = include_str!("../../../docs/datasets.md");
        let (_, table) = page.split_once("| maker | makes |").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        let blocks = page.split("```toml\n").skip(1);
        let blocks = blocks.map(|it| it.split("```").next().unwrap());
        (table, blocks.collect())
    }

    #[test]
    fn every_maker_is_in_the_documents_table_and_has_an_example_that_is_run() {
        let (table, examples) = page();
        for (name, _) in MAKERS {
            assert!(table.contains(&format!("`{name}`")), "{name}");
            let is_written = |before: &str| examples.contains(&format!("{before} \"{name}\""));
            assert!(is_written("=") || is_written("make ="), "{name}");
        }
    }
}
