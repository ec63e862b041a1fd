//! The statistics of rows that were made beside those that they are to have, and what is changed for it. Pure.

use std::collections::BTreeMap;

use crate::dataset::profile::{ColumnProfile, Distinct};
use crate::infer;
use crate::infer::model::Model;
use crate::profile::{ColumnStatistics, Profile};

/// How far a figure may be off.
const NEAR: f64 = 0.1;
/// Correlations and shares within this are the same.
const SMALL: f64 = 0.03;

/// How near a table's columns are to the profile.
#[derive(Debug, Clone, PartialEq)]
pub struct TableFit {
    /// The table.
    pub name: String,
    /// Its columns with statistics.
    pub columns: usize,
    /// Those whose share of NULL, distinct values, frequencies, order and width are all within a tenth.
    pub near: usize,
    /// The others, each with the figures that aren't.
    pub off: Vec<(String, Vec<Figure>)>,
}

/// A figure that isn't near.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Which.
    pub name: &'static str,
    /// The source's.
    pub wanted: f64,
    /// That of the rows that were made.
    pub made: f64,
}

/// Of each column, by table and place, the figures that came nearest so far, and what its rows were made by then.
#[derive(Debug, Default)]
pub(super) struct Best(BTreeMap<(String, usize), Nearest>);

#[derive(Debug)]
struct Nearest {
    column: String,
    profile: Option<ColumnProfile>,
    off: Vec<Figure>,
}

impl Best {
    /// Takes what came out of a model, where it is nearer than before.
    pub fn take(&mut self, model: &Model, wanted: &Profile, made: &Profile) {
        for table in model.tables.iter().filter(|it| !it.kept) {
            let (Some(of_source), Some(made)) =
                (wanted.table(&table.name), made.table(&table.name))
            else {
                continue;
            };
            for (place, column) in of_source.columns.iter().enumerate() {
                let (Some(wanted), Some(found)) =
                    (&column.statistics, made.statistics(&column.name))
                else {
                    continue;
                };
                let mut profiles = table.profile.columns.iter();
                let profile = profiles.find(|(name, _)| *name == column.name);
                let nearest = Nearest {
                    column: column.name.clone(),
                    profile: profile.map(|(_, it)| it.clone()),
                    off: figures(wanted, found, made.rows),
                };
                let key = (table.name.clone(), place);
                match self.0.get_mut(&key) {
                    Some(before) if before.error() <= nearest.error() => {}
                    Some(before) => *before = nearest,
                    None => drop(self.0.insert(key, nearest)),
                }
            }
        }
    }

    /// Gives a model's columns what they were nearest by, and returns how near each table's are.
    pub fn apply(self, model: &mut Model) -> Vec<TableFit> {
        let mut fits: Vec<TableFit> = Vec::new();
        for table in model.tables.iter_mut().filter(|it| !it.kept) {
            let mut fit = TableFit {
                name: table.name.clone(),
                columns: 0,
                near: 0,
                off: Vec::new(),
            };
            for (_, nearest) in self.0.iter().filter(|((name, _), _)| *name == table.name) {
                fit.columns += 1;
                let mut profiles = table.profile.columns.iter_mut();
                let place = profiles.find(|(name, _)| *name == nearest.column);
                if let (Some((_, place)), Some(profile)) = (place, &nearest.profile) {
                    *place = profile.clone();
                }
                match nearest.off.is_empty() {
                    true => fit.near += 1,
                    false => fit.off.push((nearest.column.clone(), nearest.off.clone())),
                }
            }
            if fit.columns > 0 {
                fits.push(fit);
            }
        }
        fits
    }
}

impl Nearest {
    /// How far it is from being near: each figure counts, then by how much.
    fn error(&self) -> f64 {
        let share = |it: &Figure| (it.wanted - it.made).abs() / it.wanted.abs().max(SMALL);
        self.off.iter().map(|it| 1.0 + share(it).min(1.0)).sum()
    }
}

/// The figures that aren't near, of so many rows that were made.
fn figures(wanted: &ColumnStatistics, made: &ColumnStatistics, rows: f64) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut compare = |name, wanted: f64, made: f64, slack: f64| {
        if (wanted - made).abs() > (NEAR * wanted.abs()).max(slack) {
            figures.push(Figure { name, wanted, made });
        }
    };
    compare("null", wanted.null, made.null, SMALL / 3.0);
    // As ANALYZE switches between a number and a share of the rows, both are compared as numbers.
    let distinct = |of: &ColumnStatistics| match of.distinct {
        per_row if per_row < 0.0 => -per_row * rows,
        count => count,
    };
    compare("distinct", distinct(wanted), distinct(made), 0.5);
    let first = |of: &ColumnStatistics| of.shares.first().copied().unwrap_or(0.0);
    compare("most common", first(wanted), first(made), SMALL / 3.0);
    if let (Some(wanted), Some(made)) = (wanted.correlation, made.correlation) {
        compare("correlation", wanted, made, SMALL);
    }
    compare("width", wanted.width, made.width, 1.0);
    figures
}

/// Changes the figures of columns that aren't near; false where there are none to change.
pub(super) fn adjust(model: &mut Model, wanted: &Profile, made: &Profile) -> bool {
    let mut changed = false;
    for table in model.tables.iter_mut().filter(|it| !it.kept) {
        let (Some(of_source), Some(made)) = (wanted.table(&table.name), made.table(&table.name))
        else {
            continue;
        };
        let columns = &table.columns;
        for (name, profile) in &mut table.profile.columns {
            if let (Some(wanted), Some(of_made)) =
                (of_source.statistics(name), made.statistics(name))
            {
                let maker = columns.iter().find(|it| it.name == *name);
                let most = maker.and_then(|it| infer::number_of_values(&it.maker));
                for figure in figures(wanted, of_made, made.rows) {
                    changed |= change(profile, &figure, most);
                }
            }
        }
    }
    changed
}

/// Takes the error of a figure off what is written, for a maker with so many values at most; false where nothing of it is.
fn change(profile: &mut ColumnProfile, figure: &Figure, most: Option<f64>) -> bool {
    let Figure { name, wanted, made } = figure;
    match *name {
        "distinct" if *made > 0.0 && *wanted > 0.0 => {
            let ratio = (wanted / made).clamp(0.2, 5.0);
            let changed = match profile.distinct {
                Some(Distinct::PerRow(share)) => Distinct::PerRow((share * ratio).min(1.0)),
                Some(Distinct::Count(count)) => {
                    #[expect(
                        clippy::cast_precision_loss,
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a number of distinct values, saturating"
                    )]
                    let count =
                        libm::round(count as f64 * ratio).min(most.unwrap_or(f64::MAX)) as u64;
                    Distinct::Count(count.max(profile.shares.len() as u64).max(1))
                }
                None => return false,
            };
            profile.distinct.replace(changed) != Some(changed)
        }
        "correlation" => shift(&mut profile.correlation, wanted - made, -1.0, 1.0),
        "width" => shift(&mut profile.width, wanted - made, 1.0, 10_000.0),
        _ => false,
    }
}

fn shift(figure: &mut Option<f64>, by: f64, least: f64, most: f64) -> bool {
    let Some(number) = figure else { return false };
    let shifted = libm::round((*number + by).clamp(least, most) * 1e6) / 1e6;
    std::mem::replace(number, shifted) != shifted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_figures_that_are_off_are_nearer_then_smaller_errors() {
        let nearest = |made: &[f64]| Nearest {
            column: String::new(),
            profile: None,
            off: made
                .iter()
                .map(|made| Figure {
                    name: "width",
                    wanted: 10.0,
                    made: *made,
                })
                .collect(),
        };
        let errors = [&[][..], &[12.0], &[15.0], &[12.0, 12.0]].map(|it| nearest(it).error());
        assert!(errors.is_sorted_by(|one, other| one < other), "{errors:?}");
    }

    #[test]
    fn what_is_off_is_shifted_against_its_error() {
        let mut profile = ColumnProfile {
            distinct: Some(Distinct::Count(1_000)),
            correlation: Some(0.9),
            ..ColumnProfile::default()
        };
        let figure = |name, wanted, made| Figure { name, wanted, made };
        assert!(change(
            &mut profile,
            &figure("distinct", 1_000.0, 800.0),
            Some(1_200.0)
        ));
        assert!(change(&mut profile, &figure("correlation", 0.9, 0.7), None));
        assert!(!change(&mut profile, &figure("width", 10.0, 20.0), None));
        assert_eq!(profile.distinct, Some(Distinct::Count(1_200)));
        assert_eq!(profile.correlation, Some(1.0));
    }

    #[test]
    fn numbers_of_values_and_their_shares_are_compared_alike() {
        let of = |distinct| ColumnStatistics {
            distinct,
            ..ColumnStatistics::default()
        };
        assert!(figures(&of(-0.5), &of(5_000.0), 10_000.0).is_empty());
        assert!(figures(&of(-0.5), &of(-0.5), 1_000.0).is_empty());
        let off = figures(&of(300.0), &of(200.0), 10_000.0);
        assert_eq!(off[0].name, "distinct");
    }
}
