//! How many children parents have where these are numbered from 1 on by parent: as many parents have a third child as rows have
//! the number 3. All rows tell more than a sample of the parents.

use crate::infer::domain::Value;
use crate::infer::model::ModelTable;
use crate::profile::{ColumnStatistics, TableProfile};

/// The profile with the counts of these keys.
pub(super) fn with_counts(profile: &TableProfile, table: &ModelTable) -> TableProfile {
    let mut adjusted = profile.clone();
    for column in table
        .columns
        .iter()
        .filter(|it| it.maker.make == "sequence")
    {
        let Some(Value::Text(parent)) = column.maker.option("within") else {
            continue;
        };
        let Some(statistics) = profile.statistics(&column.name) else {
            continue;
        };
        let mut keys = adjusted.foreign_keys.iter_mut();
        if let Some(key) = keys.find(|it| it.columns == [parent.as_str()]) {
            key.counts = counts(statistics, &key.counts);
            // The numbers count all parents.
            (key.ranks, key.others, key.quantiles) = Default::default();
        }
    }
    adjusted
}

/// From the shares of the numbers, where all of them are known; else none has more children than there are numbers.
fn counts(numbers: &ColumnStatistics, sampled: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let most = match numbers.distinct {
        count if count > 0.0 => count,
        _ => return sampled.to_vec(),
    };
    #[expect(clippy::cast_precision_loss, reason = "few numbers")]
    let are_known =
        numbers.shares.len() as f64 >= most && numbers.ranks.len() == numbers.shares.len();
    if !are_known {
        let capped = sampled
            .iter()
            .map(|(children, share)| (children.min(most), *share));
        return capped.collect();
    }
    let none: f64 = sampled
        .iter()
        .filter(|(children, _)| *children < 0.5)
        .map(|(_, share)| share)
        .sum();
    let mut by_rank: Vec<(f64, f64)> = numbers
        .ranks
        .iter()
        .copied()
        .zip(numbers.shares.iter().copied())
        .collect();
    by_rank.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut counts = vec![(0.0, none)];
    let mut left = 1.0;
    let mut shares = by_rank
        .iter()
        .map(|(_, share)| share / by_rank[0].1)
        .skip(1);
    for children in 1..=by_rank.len() {
        // Those with another child: never more than before, whatever the sample has.
        let next = shares.next().unwrap_or(0.0).min(left);
        counts.push((children as f64, (1.0 - none) * (left - next)));
        left = next;
    }
    counts.retain(|(_, share)| *share > 0.0);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_numbers_say_how_many_children_parents_have() {
        let mut numbers = ColumnStatistics {
            distinct: 3.0,
            shares: vec![0.5, 0.25, 0.25],
            // The third number is in the second place, by chance.
            ranks: vec![0.0, 1.0, 0.5],
            ..ColumnStatistics::default()
        };
        let sampled = [(0.0, 0.2), (2.0, 0.7), (24.0, 0.1)];
        assert_eq!(
            counts(&numbers, &sampled),
            [(0.0, 0.2), (1.0, 0.4), (3.0, 0.4)]
        );
        numbers.shares.truncate(2);
        assert_eq!(
            counts(&numbers, &sampled),
            [(0.0, 0.2), (2.0, 0.7), (3.0, 0.1)]
        );
    }
}
