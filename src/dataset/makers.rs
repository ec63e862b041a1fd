//! The makers a column can name, each with the keys it reads: one list, from which messages and reading both come.

use std::sync::Arc;

use anyhow::{Result, bail};

use crate::dataset::distribution::Weights;
use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::draw::Chance;
use crate::dataset::fakers::FAKERS;
use crate::dataset::lists::Lists;
use crate::dataset::ranges::{cents, date, range, timestamps, whole};
use crate::dataset::spec::{By, Hot, List, Maker, Size, TableSpec};
use crate::dataset::templates::{self, PlaceholderNames};

/// What a column's maker can refer to.
pub struct MakerScope<'a> {
    /// The tables before this one.
    pub earlier: &'a [TableSpec],
    /// Every table's name, in order.
    pub table_names: &'a [String],
    /// This table's columns.
    pub columns: &'a [String],
    /// This table's size.
    pub size: &'a Size,
    /// The dataset's lists.
    pub lists: &'a Lists,
}

type ReadMaker = fn(&Section, &MakerScope) -> Result<Maker>;

/// Every maker by its name in a dataset.
pub const MAKERS: &[(&str, ReadMaker)] = &[
    ("serial", |_, _| Ok(Maker::Serial)),
    ("parent", parent),
    ("each", each),
    ("inherit", inherit),
    ("reference", reference),
    ("integer", |section, _| {
        Ok(Maker::Integer(range(section, whole)?))
    }),
    ("cents", |section, _| {
        Ok(Maker::Cents(range(section, cents)?))
    }),
    ("date", |section, _| Ok(Maker::Date(range(section, date)?))),
    ("timestamp", |section, _| {
        Ok(Maker::Timestamp(timestamps(section)?))
    }),
    ("boolean", |section, _| {
        Ok(Maker::Boolean(chance(section, "chance", 0.5)?))
    }),
    ("flag", flag),
    ("one-of", one_of),
    ("below", below),
    ("after", after),
    ("word", word),
    ("field", field),
    ("nth", nth),
    ("phrase", phrase),
    ("fake", fake),
    ("hex", hex),
];

/// The maker that a value names.
pub fn named(value: &TomlValue) -> Result<ReadMaker> {
    value.one_of("maker", MAKERS)
}

fn parent(section: &Section, scope: &MakerScope) -> Result<Maker> {
    ensure_has_parent(section, scope, "parent")?;
    Ok(Maker::Parent)
}

fn each(section: &Section, scope: &MakerScope) -> Result<Maker> {
    match scope.size {
        Size::Per { each: Some(_), .. } => Ok(Maker::Each),
        _ => Err(section.error(
            "`each` is the id of the row that a child is there for; give the table `per = { table = …, each = … }`",
        )),
    }
}

fn ensure_has_parent(section: &Section, scope: &MakerScope, maker: &str) -> Result<()> {
    match scope.size {
        Size::Per { .. } => Ok(()),
        Size::Rows(_) => Err(section.error(format!(
            "`{maker}` needs a parent, and this table has none; give the table `per = {{ table = …, mean = …, max = … }}`"
        ))),
    }
}

fn reference(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let to = section.need("to")?;
    let table = earlier_or_same(&to, scope)?;
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
    Ok(Maker::Reference { table, hot })
}

/// The position of a table before this one, or of this one.
fn earlier_or_same(value: &TomlValue, scope: &MakerScope) -> Result<usize> {
    let name = value.text()?;
    let Some(position) = scope.table_names.iter().position(|known| known == name) else {
        let advice = did_you_mean(name, scope.table_names.iter().map(String::as_str));
        bail!(value.error(format!("unknown table `{name}`; {advice}")));
    };
    if position > scope.earlier.len() {
        let this = &scope.table_names[scope.earlier.len()];
        bail!(value.error(format!(
            "`{this}` refers to `{name}`, a later table; put [tables.{name}] before [tables.{this}]"
        )));
    }
    Ok(position)
}

fn chance(section: &Section, key: &'static str, default: f64) -> Result<Chance> {
    Ok(Chance::new(
        section
            .get(key)
            .map_or(Ok(default), |value| value.probability())?,
    ))
}

fn flag(section: &Section, scope: &MakerScope) -> Result<Maker> {
    ensure_has_parent(section, scope, "flag")?;
    Ok(Maker::Flag(chance(section, "chance", 1.0)?))
}

fn one_of(section: &Section, _: &MakerScope) -> Result<Maker> {
    let values = section.need("values")?.list()?;
    let weights = read_weights(section, values.len())?;
    if values.iter().all(TomlValue::is_integer) {
        let values = values
            .iter()
            .map(TomlValue::integer)
            .collect::<Result<Vec<_>>>()?;
        let weights = weights.unwrap_or_else(|| Weights::new(&vec![1.0; values.len()]));
        return Ok(Maker::Number { values, weights });
    }
    let texts = values
        .iter()
        .map(TomlValue::text)
        .collect::<Result<Vec<_>>>()?;
    Ok(Maker::Phrase(templates::literal(&texts, weights)))
}

fn read_weights(section: &Section, count: usize) -> Result<Option<Weights>> {
    let Some(value) = section.get("weights") else {
        return Ok(None);
    };
    let weights = value
        .list()?
        .iter()
        .map(TomlValue::number)
        .collect::<Result<Vec<f64>>>()?;
    if weights.len() != count {
        bail!(value.error(format!(
            "there are {} weights for {count} values",
            weights.len()
        )));
    }
    if weights.iter().any(|&w| w < 0.0) || weights.iter().sum::<f64>() <= 0.0 {
        bail!(value.error("weights must not be negative, nor all zero"));
    }
    Ok(Some(Weights::new(&weights)))
}

fn sibling(value: &TomlValue, scope: &MakerScope) -> Result<usize> {
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

fn below(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let column = sibling(&section.need("of")?, scope)?;
    let from = section
        .get("from")
        .map_or(Ok(0.0), |value| value.probability())?;
    let to = section
        .get("to")
        .map_or(Ok(1.0), |value| value.probability())?;
    if from > to {
        bail!(section.error(format!("`to` is below `from`: {to} < {from}")));
    }
    Ok(Maker::Below {
        column,
        from: millionths(from),
        to: millionths(to),
    })
}

fn after(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let column = sibling(&section.need("of")?, scope)?;
    let later = range(section, whole)?;
    if later.bounds().0 < 0 {
        bail!(section.error("`min` is below 0: that would be before it, not after"));
    }
    Ok(Maker::After { column, later })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share lies between 0 and 1"
)]
fn millionths(share: f64) -> u64 {
    libm::round(share * 1e6) as u64
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

fn word(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let value = section.need("list")?;
    let list = scope.lists.named(&value)?;
    if let Some(entry) = list
        .entries
        .iter()
        .flatten()
        .find(|field| field.contains('{'))
    {
        bail!(value.error(format!(
            "`word` takes plain lists, and `{}` holds the template \"{entry}\"; write `make = \"phrase\", of = \"{{{}}}\"`",
            list.name, list.name
        )));
    }
    let field = field_of(section, &list)?;
    Ok(Maker::Word { list, field })
}

/// `of` names a sibling; that it is a `word` column is seen when all columns are read.
fn field(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let column = sibling(&section.need("of")?, scope)?;
    let value = section.need("field")?;
    match usize::try_from(value.integer()?) {
        Ok(number @ 1..) => Ok(Maker::Field {
            column,
            field: number - 1,
        }),
        _ => bail!(value.error("fields count from 1")),
    }
}

fn nth(section: &Section, scope: &MakerScope) -> Result<Maker> {
    ensure_has_parent(section, scope, "nth")?;
    let Some(by) = section.get("by") else {
        let list = scope.lists.named(&section.need("list")?)?;
        ensure_lasts(section, scope, &list)?;
        return Ok(Maker::Nth {
            by: None,
            lists: vec![(String::new(), list)],
        });
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
    Ok(Maker::Nth {
        by: Some(by),
        lists,
    })
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
    let Maker::Word { list, .. } = &scope.earlier[table].columns[column].maker else {
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

/// The ancestor's column must be drawn from a range and never NULL.
fn inherit(section: &Section, scope: &MakerScope) -> Result<Maker> {
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
    Ok(Maker::Inherit {
        table,
        column,
        kind: scope.earlier[table].kind(column),
    })
}

fn names<'a>(scope: &'a MakerScope) -> PlaceholderNames<'a> {
    PlaceholderNames {
        columns: scope.columns,
        lists: scope.lists,
    }
}

fn phrase(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let value = section.need("of")?;
    let templates = if value.is_list() {
        value.list()?
    } else {
        vec![value]
    };
    let weights = read_weights(section, templates.len())?;
    Ok(Maker::Phrase(templates::read(
        &templates,
        weights,
        &names(scope),
    )?))
}

/// A pool is drawn before the first row and stays in memory: this many paragraphs take 35 MB and some seconds.
const LARGEST_POOL: u32 = 100_000;

fn fake(section: &Section, _: &MakerScope) -> Result<Maker> {
    let value = section.need("faker")?;
    let name = value.text()?;
    let Some(faker) = FAKERS.iter().find(|faker| faker.name == name) else {
        let advice = did_you_mean(name, FAKERS.iter().map(|faker| faker.name));
        bail!(value.error(format!("unknown faker `{name}`; {advice}")));
    };
    let pool = section.get("pool");
    let count = pool.as_ref().map_or(Ok(4096), TomlValue::integer)?;
    match u32::try_from(count) {
        Ok(count @ 1..=LARGEST_POOL) => Ok(Maker::Fake { faker, pool: count }),
        _ => bail!(section.error(format!(
            "a pool of {count} values; 1 to 100,000 are possible"
        ))),
    }
}

fn hex(section: &Section, _: &MakerScope) -> Result<Maker> {
    let value = section.need("digits")?;
    match u8::try_from(value.integer()?) {
        Ok(digits @ 1..=16) => Ok(Maker::Hex(digits)),
        _ => bail!(value.error("1 to 16 digits are possible")),
    }
}
