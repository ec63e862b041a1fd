//! Columns whose values come up together, by the source's extended statistics: common combinations, and columns that follow
//! from another.

use crate::dataset::profile::{ColumnProfile, Distinct, Given, Joint};
use crate::infer::model::ModelTable;
use crate::profile::{Dependency, ExtendedStatistics, TableProfile};

/// A dependency below this says little.
const LEAST: f64 = 0.5;

/// A column with as many values for each row decides any other one, whether they have to do with each other or not.
const MOST_DISTINCT: f64 = 0.25;

/// Gives a table's columns what they have in common; those that follow their figures.
pub(super) fn apply(table: &mut ModelTable, profile: &TableProfile) {
    for statistics in &profile.extended {
        if let Some(joint) = joint(table, statistics) {
            table.profile.joint.push(joint);
        }
    }
    let mut dependencies: Vec<&Dependency> = profile
        .extended
        .iter()
        .flat_map(|it| &it.dependencies)
        .filter(|it| it.given.len() == 1 && it.degree >= LEAST)
        .collect();
    dependencies.sort_by(|one, other| other.degree.total_cmp(&one.degree));
    for dependency in dependencies {
        give(table, profile.rows, &dependency.given[0], dependency);
    }
}

/// The common combinations of columns that all have common values, that of the strongest order on disk first; a column is in
/// one set only.
fn joint(table: &ModelTable, statistics: &ExtendedStatistics) -> Option<Joint> {
    let figures: Vec<&ColumnProfile> = statistics
        .columns
        .iter()
        .map(|it| figures(table, it))
        .collect::<Option<_>>()?;
    let mut joint = table.profile.joint.iter();
    let is_taken = joint.any(|it| it.columns.iter().any(|it| statistics.columns.contains(it)));
    if is_taken
        || figures
            .iter()
            .any(|it| it.shares.is_empty() || !it.counts.is_empty())
    {
        return None;
    }
    let fits = |values: &[Option<u32>]| {
        let mut places = values.iter().zip(&figures);
        places.all(|(place, of)| place.is_none_or(|it| (it as usize) < of.shares.len()))
    };
    // Rows in no order have the sum of the shares' squares.
    let order = |it: &usize| {
        let of = figures[*it];
        let shuffled: f64 = of.shares.iter().map(|share| share * share).sum();
        of.correlation.map_or(0.0, |found| (found - shuffled).abs())
    };
    let first = (0..figures.len()).max_by(|one, other| order(one).total_cmp(&order(other)))?;
    let mut columns = statistics.columns.clone();
    columns.swap(0, first);
    let combinations = statistics.joint.iter().filter(|it| fits(&it.values));
    let (values, shares): (Vec<_>, Vec<f64>) = combinations
        .map(|it| {
            let places = it.values.iter().map(|place| place.map(|it| it as usize));
            let mut places: Vec<Option<usize>> = places.collect();
            places.swap(0, first);
            (places, libm::round(it.share * 1e6) / 1e6)
        })
        .unzip();
    (!values.is_empty()).then_some(Joint {
        columns,
        values,
        shares,
    })
}

/// The figures of a column that follows them.
fn figures<'t>(table: &'t ModelTable, name: &str) -> Option<&'t ColumnProfile> {
    let mut columns = table.profile.columns.iter();
    columns.find(|(it, _)| it == name).map(|(_, it)| it)
}

/// Has a column follow from another, unless one of them follows already or their combinations are known.
fn give(table: &mut ModelTable, rows: f64, given: &str, dependency: &Dependency) {
    let column = &dependency.column;
    let mut joint = table.profile.joint.iter().map(|it| &it.columns);
    if joint.any(|it| it.contains(column) || it.iter().any(|it| it == given)) {
        return;
    }
    let (Some(of), Some(own)) = (figures(table, given), figures(table, column)) else {
        return;
    };
    let values = |it: &ColumnProfile| match it.distinct {
        Some(Distinct::Count(count)) => Some(count as f64 / rows.max(1.0)),
        Some(Distinct::PerRow(share)) => Some(share),
        None => None,
    };
    let order = |it: &ColumnProfile| it.correlation.unwrap_or(0.0).abs();
    let (Some(of_values), Some(own_values)) = (values(of), values(own)) else {
        return;
    };
    let mut columns = table.profile.columns.iter();
    let is_followed =
        columns.any(|(_, it)| it.given.as_ref().is_some_and(|it| it.column == *column));
    // What has the stronger order on disk leads, and what has more values.
    let leads =
        of_values <= MOST_DISTINCT && own_values <= of_values && order(own) <= order(of) + 0.1;
    if !leads || is_followed || of.given.is_some() || own.given.is_some() {
        return;
    }
    let mut columns = table.profile.columns.iter_mut();
    if let Some((_, profile)) = columns.find(|(it, _)| it == column) {
        profile.given = Some(Given {
            column: given.to_owned(),
            degree: dependency.degree,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::domain::MakerToml;
    use crate::profile::Joint as Combination;

    fn table(columns: &[(&str, ColumnProfile)]) -> ModelTable {
        let makers: Vec<(&str, MakerToml)> = columns
            .iter()
            .map(|(name, _)| (*name, MakerToml::new("integer")))
            .collect();
        let mut table = ModelTable::of_columns("t", &makers);
        let profiles = columns
            .iter()
            .map(|(name, it)| ((*name).to_owned(), it.clone()));
        table.profile.columns = profiles.collect();
        table
    }

    fn column(distinct: u64, shares: &[f64], correlation: f64) -> ColumnProfile {
        ColumnProfile {
            distinct: Some(Distinct::Count(distinct)),
            shares: shares.to_vec(),
            correlation: Some(correlation),
            ..ColumnProfile::default()
        }
    }

    #[test]
    fn the_column_whose_rows_lie_in_an_order_leads() {
        let statistics = ExtendedStatistics {
            name: "s".to_owned(),
            columns: vec!["a".to_owned(), "b".to_owned()],
            dependencies: Vec::new(),
            distinct: Vec::new(),
            joint: [
                ([Some(0), Some(1)], 0.4),
                ([Some(1), None], 0.2),
                ([Some(7), Some(0)], 0.1),
            ]
            .map(|(values, share)| Combination {
                values: values.to_vec(),
                share,
            })
            .to_vec(),
        };
        let columns = [
            ("a", column(2, &[0.7, 0.3], 0.58)),
            ("b", column(2, &[0.5, 0.5], 0.1)),
        ];
        let found = joint(&table(&columns), &statistics).unwrap();
        assert_eq!(found.columns, ["b", "a"]);
        assert_eq!(found.values, [[Some(1), Some(0)], [None, Some(1)]]);
        assert_eq!(found.shares, [0.4, 0.2]);
        let unknown = [("a", column(2, &[], 0.0)), ("b", column(2, &[0.5], 0.0))];
        assert!(joint(&table(&unknown), &statistics).is_none());
    }

    #[test]
    fn a_column_follows_from_one_with_more_values_that_decides_it_by_more_than_chance() {
        let dependency = |degree| Dependency {
            given: vec!["city".to_owned()],
            column: "country".to_owned(),
            degree,
        };
        for (cities, correlation, expected) in
            [(300, 0.0, true), (9_000, 0.0, false), (300, 0.9, false)]
        {
            let columns = [
                ("city", column(cities, &[], 0.0)),
                ("country", column(9, &[], correlation)),
            ];
            let mut table = table(&columns);
            give(&mut table, 10_000.0, "city", &dependency(0.9));
            let given = table.profile.columns[1].1.given.as_ref();
            assert_eq!(given.is_some(), expected, "{cities} {correlation}");
        }
    }
}
