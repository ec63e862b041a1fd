//! A profile that differs from its source's: what if one tenant had a third of the rows, a column were NULL nearly always,
//! the last rows had come in a burst. Pure.

use anyhow::{Result, bail, ensure};

use super::model::{ColumnProfile, Profile, TableProfile};
use crate::dataset::document::did_you_mean;

/// A share of a column: `orders.customer_id=30%`.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnShare {
    /// The table.
    pub table: String,
    /// Its column.
    pub column: String,
    /// The share, above 0 and up to 1.
    pub share: f64,
}

/// A share of a table: `orders=5%`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableShare {
    /// The table.
    pub table: String,
    /// The share, above 0 and up to 1.
    pub share: f64,
}

/// What is different.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    /// The share of the rows that have the column's most common value, or refer to one parent.
    pub hot: Vec<ColumnShare>,
    /// The share of the rows in which a column is NULL.
    pub nulls: Vec<ColumnShare>,
    /// The share of the time in which the last tenth of a table's rows comes.
    pub bursts: Vec<TableShare>,
}

impl WhatIf {
    /// The profile with the differences.
    pub fn applied(&self, profile: &Profile) -> Result<Profile> {
        let mut profile = profile.clone();
        for wish in &self.nulls {
            let table = table_mut(&mut profile, &wish.table, "--nulls")?;
            set_nulls(table, wish)?;
        }
        for wish in &self.hot {
            let parents = parents(&profile, wish);
            let table = table_mut(&mut profile, &wish.table, "--hot")?;
            set_hot(table, wish, parents)?;
        }
        for wish in &self.bursts {
            table_mut(&mut profile, &wish.table, "--burst")?.burst = Some(wish.share);
        }
        Ok(profile)
    }
}

fn table_mut<'p>(
    profile: &'p mut Profile,
    name: &str,
    option: &str,
) -> Result<&'p mut TableProfile> {
    let Some(place) = profile.tables.iter().position(|it| it.name == name) else {
        let known = profile.tables.iter().map(|it| it.name.as_str());
        bail!(
            "{option}: the profile has no table `{name}`; {}",
            did_you_mean(name, known)
        );
    };
    Ok(&mut profile.tables[place])
}

fn column_mut<'t>(
    table: &'t mut TableProfile,
    name: &str,
    option: &str,
) -> Result<&'t mut ColumnProfile> {
    let Some(place) = table.columns.iter().position(|it| it.name == name) else {
        let known = table.columns.iter().map(|it| it.name.as_str());
        bail!(
            "{option}: {} has no column `{name}`; {}",
            table.name,
            did_you_mean(name, known)
        );
    };
    Ok(&mut table.columns[place])
}

/// The rows of the table that a column refers to.
fn parents(profile: &Profile, wish: &ColumnShare) -> Option<f64> {
    let table = profile.table(&wish.table)?;
    let mut keys = table.foreign_keys.iter();
    let key = keys.find(|it| it.columns == [wish.column.as_str()])?;
    let rows = profile.table(&key.parent)?.rows;
    (rows >= 1.0).then_some(rows)
}

fn set_nulls(table: &mut TableProfile, wish: &ColumnShare) -> Result<()> {
    let column = column_mut(table, &wish.column, "--nulls")?;
    ensure!(
        !column.not_null,
        "--nulls: {}.{} is NOT NULL",
        wish.table,
        wish.column
    );
    let statistics = column.statistics.get_or_insert_default();
    let factor = ratio(1.0 - wish.share, 1.0 - statistics.null);
    statistics.null = wish.share;
    statistics.shares.iter_mut().for_each(|it| *it *= factor);
    if statistics.distinct < 0.0 {
        statistics.distinct *= factor;
    }
    let keys = table.foreign_keys.iter_mut();
    for key in keys.filter(|it| it.columns == [wish.column.as_str()]) {
        key.counts
            .iter_mut()
            .for_each(|(children, _)| *children *= factor);
    }
    Ok(())
}

fn set_hot(table: &mut TableProfile, wish: &ColumnShare, parents: Option<f64>) -> Result<()> {
    let rows = table.rows;
    let column = column_mut(table, &wish.column, "--hot")?;
    ensure!(
        !column.unique,
        "--hot: the values of {}.{} never repeat",
        wish.table,
        wish.column
    );
    let statistics = column.statistics.get_or_insert_default();
    let not_null = 1.0 - statistics.null;
    ensure!(
        wish.share <= not_null,
        "--hot: {}.{} is NULL in {:.0}% of the rows; write {:.0}% at most",
        wish.table,
        wish.column,
        100.0 * statistics.null,
        100.0 * not_null
    );
    let old = statistics.shares.first().copied().unwrap_or(0.0);
    let factor = ratio(not_null - wish.share, not_null - old);
    statistics.shares.iter_mut().for_each(|it| *it *= factor);
    match statistics.shares.first_mut() {
        Some(first) => *first = wish.share,
        None => statistics.shares.push(wish.share),
    }
    if statistics.distinct < 0.0 {
        statistics.distinct *= factor;
    }
    sort_by_share(&mut statistics.shares, &mut statistics.ranks);
    let keys = table.foreign_keys.iter_mut();
    for key in keys.filter(|it| it.columns == [wish.column.as_str()]) {
        if let Some(parents) = parents {
            set_hot_parent(&mut key.counts, rows, parents, wish.share);
        }
    }
    Ok(())
}

/// The largest share may be another's now.
fn sort_by_share(shares: &mut [f64], ranks: &mut [f64]) {
    let mut both: Vec<(f64, Option<f64>)> = shares
        .iter()
        .enumerate()
        .map(|(place, share)| (*share, ranks.get(place).copied()))
        .collect();
    both.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (place, (share, rank)) in both.into_iter().enumerate() {
        shares[place] = share;
        if let (Some(slot), Some(rank)) = (ranks.get_mut(place), rank) {
            *slot = rank;
        }
    }
}

/// One parent has that share of the rows, in place of the one that had most.
fn set_hot_parent(counts: &mut Vec<(f64, f64)>, rows: f64, parents: f64, share: f64) {
    let mut old = 0.0;
    if let Some((children, parents_of)) = counts.last_mut() {
        old = *children / rows;
        *parents_of -= 1.0 / parents;
        if *parents_of < 0.5 / parents {
            counts.pop();
        }
    }
    let factor = ratio(1.0 - share, 1.0 - old);
    counts
        .iter_mut()
        .for_each(|(children, _)| *children *= factor);
    counts.push((share * rows, 1.0 / parents));
    counts.sort_by(|one, other| one.0.total_cmp(&other.0));
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole <= 0.0 {
        0.0
    } else {
        (part / whole).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hot_parent_takes_its_rows_from_the_others() {
        let mut counts = vec![(1.0, 0.5), (3.0, 0.5)];
        set_hot_parent(&mut counts, 200.0, 100.0, 0.5);
        let children: f64 = counts
            .iter()
            .map(|(count, share)| count * share * 100.0)
            .sum();
        assert!((children - 200.0).abs() < 2.0, "{counts:?}");
        assert_eq!(counts.last(), Some(&(100.0, 0.01)));
    }

    #[test]
    fn shares_fall_with_their_ranks() {
        let (mut shares, mut ranks) = (vec![0.1, 0.4, 0.2], vec![0.0, 0.5, 1.0]);
        sort_by_share(&mut shares, &mut ranks);
        assert_eq!((shares, ranks), (vec![0.4, 0.2, 0.1], vec![0.5, 1.0, 0.0]));
    }
}
