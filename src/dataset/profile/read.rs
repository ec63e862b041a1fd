//! `[tables.T.profile]`, and the same keys beside a maker.

use anyhow::{Result, bail};

use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::profile::{ColumnProfile, CountShare, Distinct, Given, Joint, TableProfile};

/// NULL among the values of a [`Joint`]: TOML has none of its own.
pub(super) const NULL: &str = "null";

/// Postgres keeps at most as many common values of a column, and bounds.
const MOST_VALUES: usize = 10_001;

/// Shares are rounded where they are measured: by this much their sum may be above 1.
const ROUNDING: f64 = 1e-3;

/// Reads `[tables.T.profile]` of a table with these columns.
pub fn table(table: &Section, name: &str, columns: &[&str]) -> Result<TableProfile> {
    let mut profile = TableProfile::default();
    let Some(value) = table.get("profile") else {
        return Ok(profile);
    };
    for (column, value) in value
        .section(format!("table `{name}`, `profile`"))?
        .entries()
    {
        if column == "joint" && value.is_list() {
            profile.joint = joint(&value, columns)?;
            continue;
        }
        ensure_column(&value, &column, columns)?;
        let what = format!("table `{name}`, column `{column}`, `profile`");
        let section = value.section(what)?;
        let keys = keys(&section, columns)?;
        section.ensure_known_keys()?;
        profile.columns.push((column, keys));
    }
    Ok(profile)
}

/// Reads the keys that stand beside a column's maker.
pub fn own_keys(column: &Section, columns: &[String]) -> Result<ColumnProfile> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    keys(column, &columns)
}

fn keys(section: &Section, columns: &[&str]) -> Result<ColumnProfile> {
    let number = |key, least, most| {
        let value = section.get(key);
        value.map(|it| between(&it, least, most)).transpose()
    };
    let profile = ColumnProfile {
        null: section.get("null").map(|it| it.probability()).transpose()?,
        distinct: section
            .get("distinct")
            .map(|it| distinct(&it))
            .transpose()?,
        shares: section
            .get("shares")
            .map_or(Ok(Vec::new()), |it| shares(&it))?,
        ranks: section
            .get("ranks")
            .map_or(Ok(Vec::new()), |it| ranks(&it))?,
        bounds: section
            .get("bounds")
            .map_or(Ok(Vec::new()), |it| bounds(&it))?,
        correlation: number("correlation", -1.0, 1.0)?,
        width: number("width", 1.0, 100_000.0)?,
        counts: section
            .get("counts")
            .map_or(Ok(Vec::new()), |it| counts(&it))?,
        quantiles: section
            .get("quantiles")
            .map_or(Ok(Vec::new()), |it| quantiles(&it))?,
        given: given(section, columns)?,
        line: section.line(),
    };
    ensure_agree(section, &profile)?;
    Ok(profile)
}

/// Refuses keys that contradict each other.
fn ensure_agree(section: &Section, profile: &ColumnProfile) -> Result<()> {
    let total: f64 = profile.shares.iter().sum();
    let null = profile.null.unwrap_or(0.0);
    if !profile.shares.is_empty() && total + null > 1.0 + ROUNDING {
        bail!(section.error(format!(
            "`shares` and `null` are shares of all rows, and together {:.3}; lower them to 1 at most",
            total + null
        )));
    }
    let values = profile.shares.len();
    if let Some(Distinct::Count(count)) = profile.distinct
        && count < values as u64
    {
        bail!(section.error(format!(
            "`shares` has {values} values, and `distinct` says that there are {count}; raise `distinct`"
        )));
    }
    match profile.ranks.len() {
        0 => Ok(()),
        ranks if ranks == values => Ok(()),
        ranks => Err(section.error(format!(
            "there are {ranks} `ranks` for {values} `shares`; each share has one, or none has"
        ))),
    }
}

fn between(value: &TomlValue, least: f64, most: f64) -> Result<f64> {
    let number = value.number()?;
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(value.error(format!("{number} is impossible; write {least} to {most}")))
}

/// Reads `distinct = 300` or `distinct = -0.2`.
fn distinct(value: &TomlValue) -> Result<Distinct> {
    let number = value.number()?;
    let is_whole = number <= 0.0 || value.is_integer() || number.fract() == 0.0;
    Distinct::of_statistics(number)
        .filter(|_| is_whole)
        .ok_or_else(|| {
            value.error(format!(
                "{number} is no number of distinct values; write a whole number above 0, or below 0 (to -1) how many there \
                 are for each row"
            ))
        })
}

/// Reads the shares of a column's most common values.
fn shares(value: &TomlValue) -> Result<Vec<f64>> {
    let shares = numbers(value, 0.0, 1.0)?;
    if shares.contains(&0.0) {
        bail!(value.error("a share is 0; leave it out"));
    }
    if !shares.is_sorted_by(|one, next| one >= next) {
        bail!(value.error("the shares must fall; write the largest first"));
    }
    Ok(shares)
}

fn ranks(value: &TomlValue) -> Result<Vec<f64>> {
    numbers(value, 0.0, 1.0)
}

/// Reads where rows lie among the parents, `quantiles = [0, 0.01, 0.04, 1]`.
fn quantiles(value: &TomlValue) -> Result<Vec<f64>> {
    let quantiles = numbers(value, 0.0, 1.0)?;
    if quantiles.len() < 2 {
        bail!(value.error("write two places among the parents at least: the first and the last"));
    }
    if !quantiles.is_sorted() {
        bail!(value.error("the places among the parents must rise"));
    }
    Ok(quantiles)
}

fn numbers(value: &TomlValue, least: f64, most: f64) -> Result<Vec<f64>> {
    let items = value.list()?;
    if items.len() > MOST_VALUES {
        bail!(value.error(format!(
            "{} values are too many; write at most {MOST_VALUES}",
            items.len()
        )));
    }
    items.iter().map(|it| between(it, least, most)).collect()
}

/// Reads bounds of buckets; that they ascend is seen when the column's kind is known.
pub fn bounds(value: &TomlValue) -> Result<Vec<String>> {
    let items = value.list()?;
    if !(2..=MOST_VALUES).contains(&items.len()) {
        bail!(value.error(format!(
            "{} bounds make no buckets; write 2 to {MOST_VALUES}",
            items.len()
        )));
    }
    let bound = |it: &TomlValue| -> Result<String> {
        if it.is_date() {
            let date = it.as_written();
            bail!(it.error(format!("write a date or time in quotes: \"{date}\"")));
        }
        match it.is_text() {
            true => Ok(it.text()?.to_owned()),
            false => it.number().map(|_| it.as_written()),
        }
    };
    items.iter().map(bound).collect()
}

/// Reads `counts = [[0, 0.4], [1, 0.6]]`: children, and the share of the parents that have as many.
pub fn counts(value: &TomlValue) -> Result<Vec<CountShare>> {
    let counts = value.list()?.into_iter().map(|pair| {
        let items = pair.list()?;
        let [children, share] = items.as_slice() else {
            bail!(pair.error(
                "write a number of children, and the share of parents that have as many: [2, 0.25]"
            ));
        };
        let Ok(number) = u32::try_from(children.integer()?) else {
            bail!(children.error("a number of children is 0 to 4,294,967,295"));
        };
        Ok(CountShare {
            children: number,
            share: between(share, 0.0, 1.0)?,
        })
    });
    let counts: Vec<CountShare> = counts.collect::<Result<_>>()?;
    let total: f64 = counts.iter().map(|it| it.share).sum();
    if !(0.0..=1.0 + ROUNDING).contains(&total) || total == 0.0 {
        bail!(value.error(format!(
            "the shares of parents are together {total:.3}; write shares up to 1"
        )));
    }
    if !counts.is_sorted_by(|one, next| one.children < next.children) {
        bail!(value.error("the numbers of children must rise, each once"));
    }
    Ok(counts)
}

/// Reads `given = "country"` and `degree = 0.9`.
fn given(section: &Section, columns: &[&str]) -> Result<Option<Given>> {
    let degree = section.get("degree");
    let Some(value) = section.get("given") else {
        return match degree {
            None => Ok(None),
            Some(degree) => {
                Err(degree
                    .error("`degree` needs `given = …`: the column that the value follows from"))
            }
        };
    };
    let column = value.text()?.to_owned();
    ensure_column(&value, &column, columns)?;
    Ok(Some(Given {
        column,
        degree: degree.map_or(Ok(1.0), |it| between(&it, 0.0, 1.0))?,
    }))
}

/// Reads `[[tables.T.profile.joint]]`.
fn joint(value: &TomlValue, columns: &[&str]) -> Result<Vec<Joint>> {
    let one = |value: &TomlValue| {
        let section = value.section(value.what())?;
        let names = section.need("columns")?;
        let list = names.list()?;
        let known = |it: &TomlValue| {
            let name = it.text()?.to_owned();
            ensure_column(it, &name, columns).map(|()| name)
        };
        let list: Vec<String> = list.iter().map(known).collect::<Result<_>>()?;
        if list.len() < 2 {
            bail!(names.error("joint values are those of two columns at least"));
        }
        let values = section.need("values")?;
        let combinations = values.list()?;
        let combination = |it: &TomlValue| places(it, list.len());
        let combinations: Vec<_> = combinations
            .iter()
            .map(combination)
            .collect::<Result<_>>()?;
        let shares = shares(&section.need("shares")?)?;
        section.ensure_known_keys()?;
        if shares.len() != combinations.len() {
            bail!(values.error(format!(
                "there are {} combinations of values, and {} `shares`",
                combinations.len(),
                shares.len()
            )));
        }
        Ok(Joint {
            columns: list,
            values: combinations,
            shares,
        })
    };
    value.list()?.iter().map(one).collect()
}

/// One place among `shares` for each of so many columns.
fn places(value: &TomlValue, columns: usize) -> Result<Vec<Option<usize>>> {
    let place = |it: &TomlValue| {
        if it.is_text() && it.text()? == NULL {
            return Ok(None);
        }
        match usize::try_from(it.integer()?) {
            Ok(place) => Ok(Some(place)),
            Err(_) => Err(it.error("places among `shares` count from 0; NULL is \"null\"")),
        }
    };
    let places: Vec<_> = value.list()?.iter().map(place).collect::<Result<_>>()?;
    match places.len() == columns {
        true => Ok(places),
        false => Err(value.error(format!(
            "there are {} values for {columns} columns",
            places.len()
        ))),
    }
}

fn ensure_column(value: &TomlValue, name: &str, columns: &[&str]) -> Result<()> {
    if columns.contains(&name) {
        return Ok(());
    }
    let advice = did_you_mean(name, columns.iter().copied());
    Err(value.error(format!(
        "no column of this table is called `{name}`; {advice}"
    )))
}
