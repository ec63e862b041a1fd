//! Keys: a row's own id, and the keys of rows that it belongs to.

use anyhow::{Result, bail};

use crate::dataset::document::Section;
use crate::dataset::makers::references::{column_of, ensure_known_by_number};
use crate::dataset::makers::{
    KindOf, Maker, MakerScope, MakerSpec, Needed, RowFacts, ancestor_column, ensure_has_parent,
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

    fn is_row_number(&self) -> bool {
        true
    }

    fn is_distinct(&self, _: &Siblings) -> bool {
        true
    }
}

/// The parent row's key.
#[derive(Debug)]
pub struct Parent {
    /// The parent's position among the tables.
    pub table: usize,
    /// The key's position in it; `None` for the row's number.
    pub column: Option<usize>,
}

/// Reads `make = "parent"`.
pub fn parent(section: &Section, scope: &MakerScope) -> Result<Maker> {
    ensure_has_parent(section, scope, "parent")?;
    let Size::Per { parent: table, .. } = *scope.size else {
        bail!(section.error("the table has no parent"));
    };
    let column = key(section, table, scope)?;
    Ok(Maker::Parent(Parent { table, column }))
}

/// Reads `column = "code"`: the other table's own key where it isn't said, `None` for the row's number.
fn key(section: &Section, table: usize, scope: &MakerScope) -> Result<Option<usize>> {
    let outline = &scope.outline[table];
    match section.get("column") {
        Some(value) => column_of(&value, outline).map(Some),
        None => Ok(outline.key()),
    }
}

fn needed(table: usize, column: Option<usize>) -> Option<Needed> {
    column.map(|column| Needed::Foreign { table, column })
}

impl MakerSpec for Parent {
    fn kind(&self) -> KindOf {
        needed(self.table, self.column).map_or(KindOf::Is(Kind::Integer), KindOf::Like)
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        needed(self.table, self.column).into_iter().for_each(each);
    }

    fn row_facts(&self) -> RowFacts {
        RowFacts::Ancestors
    }

    fn bounds(&self, of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        needed(self.table, self.column).map_or(Some((1, i64::MAX)), of)
    }

    fn may_be_null(&self, siblings: &Siblings) -> bool {
        let table = siblings.of(self.table);
        self.column.is_some_and(|column| table.may_be_null(column))
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        let table = siblings.of(self.table);
        match self.column {
            Some(column) if table.row_facts(column) == RowFacts::Place => Err(format!(
                "`{}.{}` follows from its row's place among its siblings, which a child doesn't know; name another \
                 column with `column = …`",
                table.table_name(),
                table.name(column)
            )),
            _ => Ok(()),
        }
    }
}

/// The key of the row that this one is the parent's child with; see [`Size::Per`].
#[derive(Debug)]
pub struct Each {
    /// That row's table.
    pub table: usize,
    /// The key's position in it; `None` for the row's number.
    pub column: Option<usize>,
}

/// Reads `make = "each"`.
pub fn each(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let Size::Per {
        each: Some(table), ..
    } = *scope.size
    else {
        bail!(section.error(
            "`each` is the id of the row that a child is there for; give the table `per = { table = …, each = … }`",
        ));
    };
    let column = key(section, table, scope)?;
    Ok(Maker::Each(Each { table, column }))
}

impl MakerSpec for Each {
    fn kind(&self) -> KindOf {
        needed(self.table, self.column).map_or(KindOf::Is(Kind::Integer), KindOf::Like)
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        needed(self.table, self.column).into_iter().for_each(each);
    }

    fn row_facts(&self) -> RowFacts {
        RowFacts::Place
    }

    fn bounds(&self, of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        needed(self.table, self.column).map_or(Some((1, i64::MAX)), of)
    }

    fn may_be_null(&self, siblings: &Siblings) -> bool {
        let table = siblings.of(self.table);
        self.column.is_some_and(|column| table.may_be_null(column))
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        match self.column {
            Some(column) => ensure_known_by_number(&siblings.of(self.table), column),
            None => Ok(()),
        }
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
