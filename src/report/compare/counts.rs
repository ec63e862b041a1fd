//! How many reads changed which way.

use crate::compare::{Comparison, Direction};

/// `2 regressions, 1 better, 8 no change`
pub fn counts(comparison: &Comparison) -> String {
    let directions = [
        Direction::Worse,
        Direction::Better,
        Direction::Changed,
        Direction::Unchecked,
        Direction::Same,
    ];
    let counted = directions.into_iter().filter_map(|direction| {
        let count = comparison.count(direction);
        let name = match direction {
            Direction::Worse if count != 1 => "regressions",
            direction => direction.name(),
        };
        (count > 0).then(|| format!("{count} {name}"))
    });
    let counted: Vec<String> = counted.collect();
    match counted.is_empty() {
        true => "nothing was measured in both".to_owned(),
        false => counted.join(", "),
    }
}
