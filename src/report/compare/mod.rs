//! What `seedrow compare` prints.

mod json;
mod markdown;
mod text;

pub use json::json;
pub use markdown::markdown;
pub use text::text;

use crate::compare::{Comparison, Direction, Figure};
use crate::progress::grouped;

#[cfg(test)]
mod sample;

/// `2 regressions, 1 better, 8 no change`
fn counts(comparison: &Comparison) -> String {
    let directions = [
        Direction::Worse,
        Direction::Better,
        Direction::Changed,
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

/// `0.52 → 41.6`; one figure where it doesn't count.
fn milliseconds(figure: &Figure) -> String {
    let shown = |ms: f64| {
        let places = if ms < 1.0 { 2 } else { usize::from(ms < 100.0) };
        format!("{ms:.places$}")
    };
    arrow(shown(figure.shift.before), shown(figure.shift.after))
}

/// `11 → 6,001`
fn whole(figure: &Figure) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pages and rows are at least 0"
    )]
    let shown = |value: f64| grouped(value.round() as u64);
    arrow(shown(figure.shift.before), shown(figure.shift.after))
}

fn arrow(before: String, after: String) -> String {
    match before == after {
        true => before,
        false => format!("{before} → {after}"),
    }
}
