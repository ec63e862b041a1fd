//! Reads how a table's rows are spread over the nodes of a Citus cluster: the keys `distribute` and `reference`.

use anyhow::{Result, bail};

use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::sharding::Sharding;
use crate::dataset::spec::{Size, TableSpec};

/// More shards than this are refused by the cluster.
const MAX_SHARDS: u32 = 64_000;

/// Reads `distribute = { by = "product_id", colocate = "products", shards = 32 }` or `reference = true`; `columns` are all
/// of the table unless it is only loaded.
pub fn read(
    table: &Section,
    columns: &[&str],
    size: &Size,
    earlier: &[TableSpec],
) -> Result<Option<Sharding>> {
    let columns = Some(columns).filter(|_| !matches!(size, Size::Loaded));
    let reference = match table.get("reference") {
        Some(value) => value.boolean()?,
        None => false,
    };
    match (table.get("distribute"), reference) {
        (None, false) => Ok(None),
        (None, true) => Ok(Some(Sharding::Reference)),
        (Some(value), true) => {
            bail!(value.error("a reference table is on every node: it has no `distribute`"))
        }
        (Some(value), false) => read_distributed(&value, columns, earlier).map(Some),
    }
}

fn read_distributed(
    value: &TomlValue,
    columns: Option<&[&str]>,
    earlier: &[TableSpec],
) -> Result<Sharding> {
    let section = value.section(value.what())?;
    let by = section.need("by")?;
    let name = by.text()?;
    if let Some(columns) = columns.filter(|it| !it.contains(&name)) {
        let advice = did_you_mean(name, columns.iter().copied());
        bail!(by.error(format!(
            "no column of this table is called `{name}`; {advice}"
        )));
    }
    let other = section.get("colocate");
    let colocated = match &other {
        Some(value) => Some(colocated(value, earlier)?),
        None => None,
    };
    let shards = section.get("shards");
    let count = match &shards {
        Some(value) => match u32::try_from(value.integer()?) {
            Ok(count @ 1..=MAX_SHARDS) => Some(count),
            _ => bail!(value.error("expected a whole number from 1 to 64,000")),
        },
        None => None,
    };
    section.ensure_known_keys()?;
    if let (Some((other, others)), Some(value), true) = (&colocated, &shards, count.is_some())
        && *others != count
    {
        bail!(value.error(format!(
            "it has the shards of `{other}`, which {}; leave `shards` out here",
            others.map_or("says nothing of them".to_owned(), |it| format!("has {it}"))
        )));
    }
    Ok(Sharding::Distributed {
        by: name.to_owned(),
        colocate: colocated.map(|(other, _)| other.to_owned()),
        shards: count,
    })
}

/// An earlier, distributed table, and its shards.
fn colocated<'e>(value: &TomlValue, earlier: &'e [TableSpec]) -> Result<(&'e str, Option<u32>)> {
    let name = value.text()?;
    let distributed = |table: &'e TableSpec| match &table.sharding {
        Some(Sharding::Distributed { shards, .. }) => Some((table.name.as_str(), *shards)),
        _ => None,
    };
    let mut known = earlier.iter().filter_map(distributed);
    match known.clone().find(|(other, _)| *other == name) {
        Some(found) => Ok(found),
        None if known.next().is_none() => Err(value.error(
            "no table before this one has `distribute`; a table is colocated with an earlier one",
        )),
        None => {
            let names = earlier
                .iter()
                .filter_map(distributed)
                .map(|(other, _)| other);
            let advice = did_you_mean(name, names);
            Err(value.error(format!(
                "no table before this one that has `distribute` is called `{name}`; {advice}"
            )))
        }
    }
}
