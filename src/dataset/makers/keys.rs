//! Keys: a row's own id, and the keys of rows that it belongs to or refers to.

use anyhow::{Result, bail};

use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::draw::Chance;
use crate::dataset::makers::{
    KindOf, Maker, MakerScope, MakerSpec, Needed, RowFacts, ancestor_column, ensure_has_parent,
    numbers::millionths,
};
use crate::dataset::spec::{Kind, Size};
use crate::dataset::tables::Siblings;

/// The row's id: 1, 2, 3 …
#[derive(Debug)]
pub struct Serial;

/// Reads `make = "serial"`.
pub fn serial(_: &Section, _: &MakerScope) -> Result<Maker> {
    Ok(Maker::Serial(Serial))
}

impl MakerSpec for Serial {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Integer)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some((1, i64::MAX))
    }

    fn is_distinct(&self, _: &Siblings) -> bool {
        true
    }
}

/// The parent row's id.
#[derive(Debug)]
pub struct Parent;

/// Reads `make = "parent"`.
pub fn parent(section: &Section, scope: &MakerScope) -> Result<Maker> {
    ensure_has_parent(section, scope, "parent")?;
    Ok(Maker::Parent(Parent))
}

impl MakerSpec for Parent {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Integer)
    }

    fn row_facts(&self) -> RowFacts {
        RowFacts::Ancestors
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some((1, i64::MAX))
    }
}

/// The id of the row that this one is the parent's child with; see [`Size::Per`].
#[derive(Debug)]
pub struct Each;

/// Reads `make = "each"`.
pub fn each(section: &Section, scope: &MakerScope) -> Result<Maker> {
    match scope.size {
        Size::Per { each: Some(_), .. } => Ok(Maker::Each(Each)),
        _ => Err(section.error(
            "`each` is the id of the row that a child is there for; give the table `per = { table = …, each = … }`",
        )),
    }
}

impl MakerSpec for Each {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Integer)
    }

    fn row_facts(&self) -> RowFacts {
        RowFacts::Place
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some((1, i64::MAX))
    }
}

/// The value of an ancestor's column, which is drawn from a range.
#[derive(Debug)]
pub struct Inherit {
    /// The ancestor's position among the tables.
    pub table: usize,
    /// The column's position in it.
    pub column: usize,
}

/// Reads `make = "inherit"`: the ancestor's column must be drawn from a range and never NULL.
pub fn inherit(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let of = section.need("of")?;
    let (table, column) = ancestor_column(&of, scope)?;
    let ancestor = &scope.earlier[table].columns[column];
    let is_drawn = matches!(
        ancestor.maker,
        Maker::Integer(_) | Maker::Cents(_) | Maker::Date(_) | Maker::Timestamp(_)
    );
    if !is_drawn || !ancestor.null.is_never() {
        bail!(of.error(format!(
            "`{}` cannot be inherited: it must be an integer, cents, date or timestamp that is never NULL",
            of.text()?
        )));
    }
    Ok(Maker::Inherit(Inherit { table, column }))
}

impl Inherit {
    fn of(&self) -> Needed {
        let Inherit { table, column } = *self;
        Needed::Foreign { table, column }
    }
}

impl MakerSpec for Inherit {
    fn kind(&self) -> KindOf {
        KindOf::Like(self.of())
    }

    fn row_facts(&self) -> RowFacts {
        RowFacts::Ancestors
    }

    fn bounds(&self, of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        of(self.of())
    }
}

/// The id of any row of a table.
#[derive(Debug)]
pub struct Reference {
    /// The table's position.
    pub table: usize,
    /// Some rows drawn more often than others.
    pub hot: Option<Hot>,
}

/// Rows that are referred to more often than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hot {
    /// Which share of the rows is hot, in millionths.
    pub rows: u64,
    /// How often a hot row is drawn.
    pub share: Chance,
}

/// Reads `make = "reference"`.
pub fn reference(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let table = table_named(&section.need("to")?, scope)?;
    let hot = match section.get("hot") {
        None => None,
        Some(value) => {
            let hot = value.section(section.what())?;
            let rows = millionths(hot.need("rows")?.probability()?);
            let share = Chance::new(hot.need("share")?.probability()?);
            hot.ensure_known_keys()?;
            Some(Hot { rows, share })
        }
    };
    Ok(Maker::Reference(Reference { table, hot }))
}

/// The position of any table.
fn table_named(value: &TomlValue, scope: &MakerScope) -> Result<usize> {
    let name = value.text()?;
    let known = || scope.outline.iter().map(|table| table.name.as_str());
    known().position(|known| known == name).ok_or_else(|| {
        value.error(format!(
            "unknown table `{name}`; {}",
            did_you_mean(name, known())
        ))
    })
}

impl MakerSpec for Reference {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Integer)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some((1, i64::MAX))
    }
}
