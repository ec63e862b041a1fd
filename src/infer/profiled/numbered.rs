//! How many children parents have where these are numbered from 1 on by parent: as many parents have a third child as rows have
//! the number 3. All rows tell more than a sample of the parents.

use crate::infer::domain::Value;
use crate::infer::model::ModelTable;
use crate::profile::{ColumnStatistics, Profile, TableProfile};

/// The profile with the counts of these keys.
pub(super) fn with_counts(
    profile: &TableProfile,
    table: &ModelTable,
    all: &Profile,
) -> TableProfile {
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
            let parents = all.table(&key.parent).map_or(0.0, |it| it.rows);
            let mean = (parents >= 1.0).then(|| profile.rows / parents);
            key.counts = counts(statistics, &key.counts, mean);
            // The numbers count all parents.
            (key.ranks, key.others, key.quantiles) = Default::default();
        }
    }
    adjusted
}

/// By so much more children than the mean are asked for: where the counts have too few, some parents get one more than the
/// greatest number.
const MORE: f64 = 1.0001;

/// From the shares of the numbers, where all of them are known; else none has more children than there are numbers.
fn counts(
    numbers: &ColumnStatistics,
    sampled: &[(f64, f64)],
    mean: Option<f64>,
) -> Vec<(f64, f64)> {
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
    let ratios: Vec<f64> = by_rank.iter().map(|(_, it)| it / by_rank[0].1).collect();
    // The shares are a sample's: the children of all parents add up to the rows.
    let further: f64 = ratios.iter().skip(1).sum();
    let factor = match mean {
        Some(mean) if further > 0.0 => {
            ((mean * MORE / (1.0 - none) - 1.0) / further).clamp(0.9, 1.1)
        }
        _ => 1.0,
    };
    let mut counts = vec![(0.0, none)];
    let mut left = 1.0;
    for children in 1..=ratios.len() {
        // Those with another child: never more than before, whatever the sample has.
        let next = ratios.get(children).map_or(0.0, |it| it * factor).min(left);
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
            counts(&numbers, &sampled, None),
            [(0.0, 0.2), (1.0, 0.4), (3.0, 0.4)]
        );
        // As many children as all rows have, not as the sample says.
        let more = counts(&numbers, &sampled, Some(1.65));
        let mean: f64 = more.iter().map(|(children, share)| children * share).sum();
        assert!((1.65..1.651).contains(&mean), "{mean}");
        numbers.shares.truncate(2);
        assert_eq!(
            counts(&numbers, &sampled, None),
            [(0.0, 0.2), (2.0, 0.7), (3.0, 0.1)]
        );
    }
}
