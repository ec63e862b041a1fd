//! Figures as all reports write them.

use crate::compare::Figure;

/// Milliseconds with three figures that count: `0.52`, `41.6`, `812`.
pub fn milliseconds(ms: f64) -> String {
    let places = if ms < 1.0 { 2 } else { usize::from(ms < 100.0) };
    format!("{ms:.places$}")
}

/// `0.52 → 41.6`; one figure where both are written alike.
pub fn arrow(figure: &Figure, written: fn(f64) -> String) -> String {
    let (before, after) = (written(figure.shift.before), written(figure.shift.after));
    match before == after {
        true => before,
        false => format!("{before} → {after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_figures_count() {
        let shown = [0.016, 0.5, 9.96, 41.64, 99.9, 812.34].map(milliseconds);
        assert_eq!(shown, ["0.02", "0.50", "10.0", "41.6", "99.9", "812"]);
    }
}
