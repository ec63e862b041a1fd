//! References: how many rows refer to each other row, which of these have the most, and in which order they lie.

use super::column::{ColumnRules, rounded};
use super::kinds::Role;
use crate::dataset::measured::with_mean;
use crate::dataset::profile::{ColumnProfile, CountShare};
use crate::infer::domain::MakerToml;
use crate::infer::model::{ModelColumn, ModelTable};
use crate::profile::{ColumnStatistics, ForeignKeyProfile};

/// Rows of a table that ANALYZE reads, for each value that it keeps.
const SAMPLE: f64 = 300.0;

/// The most common of a column's values are no more common than the others up to so many times as many rows.
const EVEN: f64 = 1.1;

impl ColumnRules<'_> {
    /// Keys that pick any row follow their figures, and those whose rows lie in the order of their parents; of a unique set two
    /// such keys.
    pub(super) fn reference(&self, table: &ModelTable, column: &ModelColumn) -> Role {
        let mut sets = table.unique.iter().filter(|it| it.contains(&column.name));
        let is_possible = match (sets.next(), sets.next()) {
            (None, _) => true,
            (Some(set), None) if set.len() == 2 => {
                let mut members = set.iter().filter_map(|it| table.column(it));
                self.is_in_parents_order(column) || members.all(|it| self.is_member(it))
            }
            _ => self.is_in_parents_order(column),
        };
        match self.key(column) {
            Some(key)
                if is_possible && self.is_plain(&column.maker, column) && has_figures(key) =>
            {
                Role::Reference
            }
            _ => Role::NullOnly,
        }
    }

    fn is_in_parents_order(&self, column: &ModelColumn) -> bool {
        column.maker.option("spread").is_some()
    }

    /// Whether it can be one of two keys that together never repeat, both with figures.
    fn is_member(&self, column: &ModelColumn) -> bool {
        let is_filled = self
            .source
            .column(&column.name)
            .is_some_and(|it| it.not_null);
        let is_reference = column.maker.make == "reference" && self.is_plain(&column.maker, column);
        is_filled && is_reference && self.key(column).is_some_and(has_figures)
    }

    /// Whether nothing but its figures decides which rows it picks; those that agree do so by choice where no key asks for it.
    fn is_plain(&self, maker: &MakerToml, column: &ModelColumn) -> bool {
        maker.options.iter().all(|(name, _)| match name.as_str() {
            "to" | "null" | "spread" | "earlier" | "roots" => true,
            "same" => self.is_alone(column),
            _ => false,
        })
    }

    /// Whether its key has no other column: then no constraint asks that the rows agree.
    fn is_alone(&self, column: &ModelColumn) -> bool {
        let keys = self.source.foreign_keys.iter();
        let mut own = keys.filter(|it| it.columns.contains(&column.name));
        own.all(|it| it.columns.len() == 1)
    }

    fn key(&self, column: &ModelColumn) -> Option<&ForeignKeyProfile> {
        let mut keys = self.profile.foreign_keys.iter();
        keys.find(|it| it.columns == [column.name.as_str()])
    }

    /// Which parents have how many rows.
    pub(super) fn fan_out(
        &self,
        column: &ModelColumn,
        statistics: &ColumnStatistics,
    ) -> Option<ColumnProfile> {
        let key = self.key(column)?;
        let is_known = !key.ranks.is_empty() || !key.quantiles.is_empty();
        if !is_known || key.ranks.len() > statistics.shares.len() {
            return Some(ColumnProfile {
                counts: counts(&key.counts),
                ..ColumnProfile::default()
            });
        }
        let mean = (1.0 - statistics.null) / self.distinct(statistics).max(1.0);
        if statistics.shares.iter().all(|share| *share <= EVEN * mean) {
            return Some(ColumnProfile {
                counts: counts(&key.counts),
                quantiles: quantiles(
                    &merged(&key.quantiles, &statistics.shares, &key.ranks),
                    self.distinct(statistics),
                ),
                ..ColumnProfile::default()
            });
        }
        let shares = statistics.shares.iter().take(key.ranks.len());
        let shares: Vec<f64> = shares.copied().map(rounded).collect();
        let others = self.distinct(statistics) - shares.len() as f64;
        Some(ColumnProfile {
            counts: self.other_counts(key, statistics, &shares),
            shares,
            ranks: key.ranks.clone(),
            quantiles: quantiles(&key.quantiles, others),
            ..ColumnProfile::default()
        })
    }

    fn distinct(&self, statistics: &ColumnStatistics) -> f64 {
        match statistics.distinct {
            per_row if per_row < 0.0 => -per_row * self.rows(),
            count => count,
        }
    }

    /// The counts of the parents without a share of their own. Where ANALYZE reads all rows, it knows better than a sample of
    /// the parents how many of them have any.
    fn other_counts(
        &self,
        key: &ForeignKeyProfile,
        statistics: &ColumnStatistics,
        shares: &[f64],
    ) -> Vec<CountShare> {
        let sampled = counts(&key.others);
        let parents = self.all.table(&key.parent).map_or(0.0, |it| it.rows);
        let others = parents - shares.len() as f64;
        let is_exact = self.rows() <= SAMPLE * f64::from(self.all.statistics_target);
        let are_childless = sampled.iter().all(|it| it.children == 0);
        if others < 1.0 || !(is_exact || are_childless) {
            return sampled;
        }
        let with_children = (self.distinct(statistics) - shares.len() as f64).clamp(0.0, others);
        let rows = self.rows() * (1.0 - statistics.null - shares.iter().sum::<f64>());
        let mean = rows / with_children.max(1.0);
        if with_children < 0.5 || mean < 0.5 {
            return counts(&[(0.0, 1.0)]);
        }
        let with = with_children / others;
        let mut all = counts(&[(0.0, rounded(1.0 - with))]);
        all.retain(|it| it.share > 0.0);
        all.extend(
            of_parents_with(&sampled, mean)
                .into_iter()
                .map(|it| CountShare {
                    share: rounded(it.share * with),
                    ..it
                }),
        );
        all.retain(|it| it.share > 0.0);
        all
    }
}

/// The counts of the parents that have children, with so many on the mean.
fn of_parents_with(sampled: &[CountShare], mean: f64) -> Vec<CountShare> {
    let with: Vec<CountShare> = sampled
        .iter()
        .filter(|it| it.children > 0)
        .copied()
        .collect();
    match with.as_slice() {
        [] | [_] => counts(&[(mean.max(1.0), 1.0)]),
        [first, ..] if first.children > 1 => {
            // Some have one, whatever the sample has.
            let one = CountShare {
                children: 1,
                share: 1e-6,
            };
            with_mean(&[&[one], with.as_slice()].concat(), mean)
        }
        _ => with_mean(&with, mean),
    }
}

fn has_figures(key: &ForeignKeyProfile) -> bool {
    !key.counts.is_empty()
}

/// Quantiles of all rows, from those of the rows whose values aren't common, and from the shares of the common ones.
fn merged(quantiles: &[f64], shares: &[f64], ranks: &[f64]) -> Vec<f64> {
    let last = quantiles.len().saturating_sub(1);
    if last == 0 {
        return Vec::new();
    }
    let common: Vec<(f64, f64)> = ranks.iter().copied().zip(shares.iter().copied()).collect();
    let others = 1.0 - common.iter().map(|(_, share)| share).sum::<f64>();
    let mut ends: Vec<(f64, f64)> = quantiles[1..]
        .iter()
        .map(|rank| (*rank, others / last as f64))
        .chain(common)
        .collect();
    ends.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut merged = vec![quantiles[0].min(ends[0].0)];
    let mut sum = 0.0;
    for (rank, share) in ends {
        sum += share;
        while merged.len() <= last && sum > (merged.len() as f64 - 0.5) / last as f64 {
            merged.push(rank);
        }
    }
    merged
}

/// Where rows lie among the parents, of which so many have some; none where they lie everywhere alike.
fn quantiles(all: &[f64], parents: f64) -> Vec<f64> {
    /// As many are enough to see a slope.
    const MOST: usize = 25;
    /// Fewer parents between two would share what one of them has.
    const PARENTS: f64 = 8.0;
    /// Bounds of a sample are as far off.
    const NOISE: f64 = 0.04;
    let last = all.len().saturating_sub(1);
    let is_even = |(place, rank): (usize, &f64)| (rank - place as f64 / last as f64).abs() < NOISE;
    if last == 0 || all.iter().enumerate().all(is_even) {
        return Vec::new();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of parents, saturating"
    )]
    let kept = last.min(MOST - 1).min((parents / PARENTS) as usize);
    if kept == 0 {
        return Vec::new();
    }
    (0..=kept).map(|it| all[it * last / kept]).collect()
}

/// Counts as whole numbers that rise.
fn counts(all: &[(f64, f64)]) -> Vec<CountShare> {
    let mut counts: Vec<CountShare> = Vec::new();
    for &(children, share) in all {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of children, saturating"
        )]
        let children = libm::round(children) as u32;
        match counts.last_mut() {
            Some(last) if last.children >= children => last.share += share,
            _ => counts.push(CountShare { children, share }),
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_everywhere_alike_where_common_and_other_values_do_together() {
        // The first twentieth of the parents are the common ones, and the others lie above.
        let others: Vec<f64> = (0..=100)
            .map(|it| 0.05 + 0.95 * f64::from(it) / 100.0)
            .collect();
        let ranks: Vec<f64> = (0..100).map(|it| f64::from(it) / 2_000.0).collect();
        let merged = merged(&others, &[0.0005; 100], &ranks);
        assert_eq!(merged.len(), 101);
        assert!(quantiles(&merged, 2_000.0).is_empty(), "{merged:?}");
        assert!(!quantiles(&others, 2_000.0).is_empty());
    }

    #[test]
    fn places_among_the_parents_are_written_where_they_are_uneven_and_parents_are_many() {
        let even: Vec<f64> = (0..=100).map(|it| f64::from(it) / 100.0).collect();
        let dense: Vec<f64> = even.iter().map(|it| it * it).collect();
        assert!(quantiles(&even, 1_000.0).is_empty());
        assert_eq!(quantiles(&dense, 1_000.0).len(), 25);
        assert_eq!(quantiles(&dense, 17.0), [0.0, 0.25, 1.0]);
        assert!(quantiles(&dense, 7.0).is_empty());
        assert!(quantiles(&[], 1_000.0).is_empty());
    }

    #[test]
    fn parents_with_children_have_the_mean_that_the_rows_ask_for() {
        let class = |(children, share)| CountShare { children, share };
        let mean = |counts: &[CountShare]| {
            let children = counts.iter().map(|it| f64::from(it.children) * it.share);
            children.sum::<f64>() / counts.iter().map(|it| it.share).sum::<f64>()
        };
        for (sampled, wanted) in [
            (vec![(0, 0.5), (1, 0.3), (4, 0.2)], 1.7),
            (vec![(0, 0.5), (3, 0.3), (9, 0.2)], 1.2),
            (vec![(2, 0.5), (3, 0.5)], 2.9),
        ] {
            let sampled: Vec<CountShare> = sampled.into_iter().map(class).collect();
            let found = of_parents_with(&sampled, wanted);
            assert!((mean(&found) - wanted).abs() < 0.01, "{found:?}");
            assert!(found.iter().all(|it| it.children > 0));
        }
        assert_eq!(of_parents_with(&[], 5.6), [class((6, 1.0))]);
    }
}
