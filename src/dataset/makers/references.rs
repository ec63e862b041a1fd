//! References to rows of any table, and values of the rows referred to.

use anyhow::{Result, bail};

use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::draw::Chance;
use crate::dataset::makers::numbers::{chance, millionths};
use crate::dataset::makers::{KindOf, Maker, MakerScope, MakerSpec, Needed, RowFacts, sibling};
use crate::dataset::outline::TableOutline;
use crate::dataset::spec::{Kind, Size};
use crate::dataset::spread::{SPREAD_SHAPES, SpreadShape};
use crate::dataset::tables::Siblings;

/// The key of a row of a table, which is picked.
#[derive(Debug)]
pub struct Reference {
    /// The table's position.
    pub table: usize,
    /// The key's position in it; `None` for the row's number.
    pub column: Option<usize>,
    /// Which row.
    pub pick: Pick,
}

/// How a row is picked.
#[derive(Debug)]
pub enum Pick {
    /// Any; some may be picked more often than others.
    Any(Option<Hot>),
    /// Rows of one parent lie together.
    Spread(SpreadShape),
    /// A row of the own table before this one.
    Earlier(Earlier),
    /// Any that has the same values as this row in columns: the own ones, and those of the other table.
    Same(Vec<(usize, usize)>),
    /// Any but the one that a sibling has picked.
    OtherThan(usize),
    /// Any of one half.
    Half(Half),
    /// So many rows for each, as measured.
    Measured(Measured),
}

/// What is known of a reference whose rows are dealt out in an order of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// How many children parents have.
    pub shape: SpreadShape,
    /// As `pg_stats.correlation`.
    pub correlation: f64,
    /// The share of rows that refer to none.
    pub null: f64,
    /// Which rows may be referred to.
    pub reach: Reach,
}

/// Which rows may be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All.
    All,
    /// Of the own table those before a row; the first refers to none.
    Before,
}

/// A half of a table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The first rows.
    First,
    /// Those behind them; one more of an odd number.
    Second,
}

/// Each half with the name that it has in a dataset.
const HALVES: &[(&str, Half)] = &[("first", Half::First), ("second", Half::Second)];

impl Half {
    /// How many rows are before it, and how many it has.
    pub fn of(self, rows: u64) -> (u64, u64) {
        match self {
            Half::First => (0, rows / 2),
            Half::Second => (rows / 2, rows - rows / 2),
        }
    }
}

/// Rows that are referred to more often than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hot {
    /// Which share of the rows is hot, in millionths.
    pub rows: u64,
    /// How often a hot row is drawn.
    pub share: Chance,
}

/// Earlier rows of the own table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// How often a row refers to none; the first never does.
    pub roots: Chance,
    /// What such a row has.
    pub root: Root,
    /// How many rows there are at most from a root down to the last.
    pub depth: Option<u32>,
}

/// What a row has that refers to no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// NULL.
    Null,
    /// Its own key.
    Itself,
}

/// Reads `make = "reference"`.
pub fn reference(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let to = section.need("to")?;
    let (table, column) = key_named(&to, scope)?;
    let pick =
        match (
            section.get("spread"),
            flag(section, "earlier")?,
            section.get("same"),
            section.get("other-than"),
            section.get("half"),
        ) {
            (None, false, None, None, None) => Pick::Any(hot(section)?),
            (Some(shape), false, None, None, None) => {
                Pick::Spread(shape.one_of("spread", SPREAD_SHAPES)?)
            }
            (None, true, None, None, None) if table == scope.earlier.len() => {
                Pick::Earlier(earlier(section)?)
            }
            (None, true, None, None, None) => {
                bail!(to.error("`earlier` is for references to the own table"))
            }
            (None, false, Some(same), None, None) => Pick::Same(pairs(&same, table, scope)?),
            (None, false, None, Some(other), None) => Pick::OtherThan(sibling(&other, scope)?),
            (None, false, None, None, Some(half)) => Pick::Half(half.one_of("half", HALVES)?),
            _ => bail!(section.error(
                "a reference has one of `spread`, `earlier`, `same`, `other-than` and `half`"
            )),
        };
    Ok(Maker::Reference(Reference {
        table,
        column,
        pick,
    }))
}

fn flag(section: &Section, key: &'static str) -> Result<bool> {
    section.get(key).map_or(Ok(false), |value| value.boolean())
}

fn hot(section: &Section) -> Result<Option<Hot>> {
    let Some(value) = section.get("hot") else {
        return Ok(None);
    };
    let hot = value.section(section.what())?;
    let rows = millionths(hot.need("rows")?.probability()?);
    let share = Chance::new(hot.need("share")?.probability()?);
    hot.ensure_known_keys()?;
    Ok(Some(Hot { rows, share }))
}

fn earlier(section: &Section) -> Result<Earlier> {
    let depth = match section.get("depth") {
        None => None,
        Some(value) => match u32::try_from(value.integer()?) {
            Ok(depth @ 1..=1_000) => Some(depth),
            _ => bail!(value.error("1 to 1,000 are possible")),
        },
    };
    Ok(Earlier {
        roots: chance(section, "roots", 0.0)?,
        root: match flag(section, "roots-self")? {
            true => Root::Itself,
            false => Root::Null,
        },
        depth,
    })
}

/// Reads `same = ["tenant_id"]` or `same = { tenant_id = "org_id" }`: own columns and the other table's.
fn pairs(value: &TomlValue, table: usize, scope: &MakerScope) -> Result<Vec<(usize, usize)>> {
    let other = &scope.outline[table];
    if value.is_list() {
        let names = value.list()?;
        let pair = |name: &TomlValue| Ok((sibling(name, scope)?, column_of(name, other)?));
        return names.iter().map(pair).collect();
    }
    let section = value.section(value.what())?;
    let pair = |(own, referenced): (String, TomlValue)| {
        let known = || scope.columns.iter().map(String::as_str);
        let own = known().position(|it| it == own).ok_or_else(|| {
            let advice = did_you_mean(&own, known());
            value.error(format!(
                "no column of this table is called `{own}`; {advice}"
            ))
        });
        Ok((own?, column_of(&referenced, other)?))
    };
    section.entries().into_iter().map(pair).collect()
}

/// The position of the column of a table that a value names.
pub fn column_of(value: &TomlValue, table: &TableOutline) -> Result<usize> {
    let name = value.text()?;
    let known = || table.columns.iter().map(|it| it.name.as_str());
    known().position(|it| it == name).ok_or_else(|| {
        value.error(format!(
            "`{}` has no column `{name}`; {}",
            table.name,
            did_you_mean(name, known())
        ))
    })
}

/// Reads "table" or "table.column": a table's position and that of its key, `None` for the row's number.
fn key_named(value: &TomlValue, scope: &MakerScope) -> Result<(usize, Option<usize>)> {
    let name = value.text()?;
    let known = || scope.outline.iter().map(|table| table.name.as_str());
    if let Some(table) = known().position(|known| known == name) {
        return Ok((table, scope.outline[table].key()));
    }
    let (table_name, column_name) = name.rsplit_once('.').unwrap_or((name, ""));
    let Some(table) = known().position(|known| known == table_name) else {
        let advice = did_you_mean(table_name, known());
        bail!(value.error(format!("unknown table `{table_name}`; {advice}")));
    };
    let outline = &scope.outline[table];
    let columns = || outline.columns.iter().map(|it| it.name.as_str());
    match columns().position(|it| it == column_name) {
        Some(column) => Ok((table, Some(column))),
        None => bail!(value.error(format!(
            "`{table_name}` has no column `{column_name}`; {}",
            did_you_mean(column_name, columns())
        ))),
    }
}

impl Reference {
    fn key(&self) -> Option<Needed> {
        let table = self.table;
        let column = self.column?;
        Some(Needed::Foreign { table, column })
    }
}

impl MakerSpec for Reference {
    fn kind(&self) -> KindOf {
        self.key().map_or(KindOf::Is(Kind::Integer), KindOf::Like)
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        self.key().into_iter().for_each(&mut *each);
        match &self.pick {
            Pick::Same(pairs) => pairs
                .iter()
                .for_each(|(own, _)| each(Needed::Sibling(*own))),
            Pick::OtherThan(other) => each(Needed::Sibling(*other)),
            Pick::Any(_)
            | Pick::Spread(_)
            | Pick::Measured(_)
            | Pick::Earlier(_)
            | Pick::Half(_) => {}
        }
    }

    /// Any row is another one than none.
    fn takes_null(&self, sibling: usize) -> bool {
        matches!(self.pick, Pick::OtherThan(other) if other == sibling)
    }

    fn tables(&self) -> Vec<usize> {
        vec![self.table]
    }

    fn bounds(&self, of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        self.key().map_or(Some((1, i64::MAX)), of)
    }

    fn may_be_null(&self, siblings: &Siblings) -> bool {
        let is_null = |column| siblings.of(self.table).may_be_null(column);
        match &self.pick {
            Pick::Earlier(earlier) if earlier.root == Root::Null => true,
            Pick::Measured(measured) if measured.null > 0.0 || measured.reach == Reach::Before => {
                true
            }
            Pick::Same(pairs) if pairs.iter().any(|(own, _)| siblings.may_be_null(*own)) => true,
            _ => self.column.is_some_and(is_null),
        }
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        if let Some(column) = self.column {
            ensure_known_by_number(&siblings.of(self.table), column)?;
        }
        match &self.pick {
            Pick::Same(_) => siblings.agreement(self).map(|_| ()),
            Pick::OtherThan(other) => match siblings.maker(*other) {
                Maker::Reference(it) if it.table == self.table => Ok(()),
                _ => Err(format!(
                    "`other-than` needs a reference to the same table, and `{}` is none",
                    siblings.name(*other)
                )),
            },
            Pick::Any(_)
            | Pick::Spread(_)
            | Pick::Measured(_)
            | Pick::Earlier(_)
            | Pick::Half(_) => Ok(()),
        }
    }
}

/// A row that is picked is known by its number alone, not by its ancestors.
pub fn ensure_known_by_number(table: &Siblings, column: usize) -> Result<(), String> {
    match table.row_facts(column) {
        RowFacts::Number => Ok(()),
        RowFacts::Ancestors | RowFacts::Place => Err(format!(
            "`{}.{}` follows from its row's parent, which a row that refers to it doesn't know; refer to a column that \
             follows from the row alone, such as a `serial` or `uuid` one",
            table.table_name(),
            table.name(column)
        )),
    }
}

/// The value of a column in the row that a sibling has picked.
#[derive(Debug)]
pub struct Copy {
    /// The sibling's position: a reference, `parent` or `each`.
    pub by: usize,
    /// The table that it refers to.
    pub table: usize,
    /// The column's position in it.
    pub column: usize,
}

/// Reads `make = "copy"`.
pub fn copy(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let value = section.need("by")?;
    let by = sibling(&value, scope)?;
    let Some(table) = referred(by, scope) else {
        bail!(value.error(format!(
            "`{}` refers to no row; `copy` needs a column with `make = \"reference\"`, `\"parent\"` or `\"each\"`",
            scope.columns[by]
        )));
    };
    let column = column_of(&section.need("column")?, &scope.outline[table])?;
    Ok(Maker::Copy(Copy { by, table, column }))
}

/// The table that a column of this one refers to.
fn referred(column: usize, scope: &MakerScope) -> Option<usize> {
    let outline = &scope.outline[scope.earlier.len()].columns[column];
    match (outline.make.as_str(), scope.size) {
        ("reference", _) => {
            let position = |name: &str| scope.outline.iter().position(|it| it.name == name);
            let of_column = || position(outline.to.rsplit_once('.')?.0);
            position(&outline.to).or_else(of_column)
        }
        ("parent", Size::Per { parent, .. }) => Some(*parent),
        ("each", Size::Per { each, .. }) => *each,
        _ => None,
    }
}

impl Copy {
    fn of(&self) -> Needed {
        let Copy { table, column, .. } = *self;
        Needed::Foreign { table, column }
    }
}

impl MakerSpec for Copy {
    fn kind(&self) -> KindOf {
        KindOf::Like(self.of())
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        each(Needed::Sibling(self.by));
        each(self.of());
    }

    fn bounds(&self, of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        of(self.of())
    }

    fn may_be_null(&self, siblings: &Siblings) -> bool {
        siblings.may_be_null(self.by) || siblings.of(self.table).may_be_null(self.column)
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        let table = siblings.of(self.table);
        match (siblings.maker(self.by), table.row_facts(self.column)) {
            (Maker::Parent(_), RowFacts::Number | RowFacts::Ancestors) => Ok(()),
            _ => ensure_known_by_number(&table, self.column),
        }
    }
}
