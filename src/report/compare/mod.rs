//! What `seedrow compare` prints.

mod json;
mod markdown;
mod text;

pub use json::json;
pub use markdown::markdown;
pub use text::text;

use crate::compare::{Comparison, Direction};

#[cfg(test)]
mod sample;

/// `2 regressions, 1 better, 8 no change`
fn counts(comparison: &Comparison) -> String {
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
