//! Plots as SVG, drawn by hand: no more than dots, bars and an axis.

use super::element::text;
use crate::progress::grouped;
use crate::report::figures::milliseconds;

const WIDTH: f64 = 720.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 90.0;
const ROW: f64 = 30.0;

/// A series: its label, its class (`before` or `after`), its values.
pub struct Series<'a> {
    /// What stands on its left.
    pub label: &'a str,
    /// Its colour.
    pub class: &'a str,
    /// Its values.
    pub values: Vec<f64>,
}

/// Each value as a dot on a logarithmic axis of milliseconds, a row a series, the median as a line with its figure.
pub fn times(series: &[Series]) -> String {
    let values = || {
        series
            .iter()
            .flat_map(|it| it.values.iter().copied())
            .filter(|it| *it > 0.0)
    };
    let (Some(least), Some(most)) = (values().reduce(f64::min), values().reduce(f64::max)) else {
        return String::new();
    };
    let (low, high) = decades(least, most);
    let x = |value: f64| {
        let share = (value.max(low).log10() - low.log10()) / (high.log10() - low.log10());
        LEFT + share * (WIDTH - LEFT - RIGHT)
    };
    let height = ROW * series.len() as f64 + 24.0;
    let mut body = String::new();
    let mut tick = low;
    while tick <= high * 1.001 {
        let (at, bottom) = (x(tick), height - 20.0);
        body.push_str(&format!(
            "<line class=\"axis\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"4\" y2=\"{bottom}\"/>\
             <text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} ms</text>",
            height - 5.0,
            number(tick)
        ));
        tick *= 10.0;
    }
    for (row, series) in series.iter().enumerate() {
        let y = ROW * (row as f64 + 0.5) + 4.0;
        body.push_str(&label(series.label, y));
        for (at, value) in series.values.iter().enumerate() {
            // Spread over the row, so that equal values show.
            let shift = ((at * 7) % 11) as f64 - 5.0;
            body.push_str(&format!(
                "<circle class=\"dot {}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                series.class,
                x(*value),
                y + shift
            ));
        }
        if let Some(median) = median(&series.values) {
            let at = x(median);
            body.push_str(&format!(
                "<line class=\"median {}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{} ms</text>",
                series.class,
                y - 10.0,
                y + 10.0,
                WIDTH - RIGHT + 10.0,
                y + 4.0,
                milliseconds(median)
            ));
        }
    }
    let said: Vec<String> = series
        .iter()
        .filter_map(|it| {
            Some(format!(
                "{} median {} ms",
                it.label,
                milliseconds(median(&it.values)?)
            ))
        })
        .collect();
    svg(
        height,
        &format!("Execution times: {}", said.join(", ")),
        &body,
    )
}

/// A bar for each count of pages, the longest as wide as the plot.
pub fn pages(bars: &[(&str, &str, u64)]) -> String {
    let most = bars
        .iter()
        .map(|(_, _, pages)| *pages)
        .max()
        .unwrap_or(0)
        .max(1);
    let height = ROW * bars.len() as f64 + 4.0;
    let mut body = String::new();
    for (row, (name, class, count)) in bars.iter().enumerate() {
        let y = ROW * (row as f64 + 0.5);
        let width = (*count as f64 / most as f64 * (WIDTH - LEFT - RIGHT)).max(1.0);
        body.push_str(&label(name, y));
        body.push_str(&format!(
            "<rect class=\"bar {class}\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"16\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            y - 8.0,
            LEFT + width + 8.0,
            y + 4.0,
            grouped(*count)
        ));
    }
    let said: Vec<String> = bars
        .iter()
        .map(|(name, _, count)| format!("{name} {}", grouped(*count)))
        .collect();
    svg(
        height,
        &format!("Pages touched: {}", said.join(", ")),
        &body,
    )
}

/// One bar after another on an axis of seconds: name, seconds, and what stands behind.
pub fn phases(phases: &[(&str, f64, String)]) -> String {
    let all: f64 = phases
        .iter()
        .map(|(_, seconds, _)| seconds)
        .sum::<f64>()
        .max(0.001);
    let height = (ROW + 18.0) * phases.len() as f64 + 4.0;
    let (mut body, mut start) = (String::new(), 0.0);
    for (row, (name, seconds, behind)) in phases.iter().enumerate() {
        let y = (ROW + 18.0) * row as f64;
        let x = start / all * (WIDTH - 8.0);
        let width = (seconds / all * (WIDTH - 8.0)).max(2.0);
        body.push_str(&format!(
            "<text x=\"0\" y=\"{:.1}\">{} <tspan class=\"tick\">{}</tspan></text>\
             <rect class=\"bar after\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\" rx=\"2\"/>",
            y + 16.0,
            text(name),
            text(behind),
            y + 22.0
        ));
        start += seconds;
    }
    let said: Vec<String> = phases
        .iter()
        .map(|(name, seconds, _)| format!("{name} {seconds:.1} s"))
        .collect();
    svg(height, &format!("Phases: {}", said.join(", ")), &body)
}

fn svg(height: f64, said: &str, body: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{}\">{body}</svg>\n",
        text(said)
    )
}

fn label(name: &str, y: f64) -> String {
    format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        LEFT - 10.0,
        y + 4.0,
        text(name)
    )
}

/// The powers of ten around the values.
fn decades(least: f64, most: f64) -> (f64, f64) {
    let low = 10_f64.powf(least.log10().floor());
    let high = 10_f64.powf(most.log10().ceil());
    (low, if high > low { high } else { low * 10.0 })
}

/// A power of ten without what it doesn't need.
fn number(value: f64) -> String {
    let places = [1.0, 0.1, 0.01, 0.001, 0.0001]
        .iter()
        .position(|power| value > power * 0.5);
    format!("{value:.0$}", places.unwrap_or(5))
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get((values.len().max(1) - 1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_a_dot_within_the_plot() {
        let series = |class, values: &[f64]| Series {
            label: class,
            class,
            values: values.to_vec(),
        };
        let plot = times(&[
            series("before", &[812.0, 790.0, 905.5]),
            series("after", &[0.08, 0.1]),
        ]);
        assert_eq!(plot.matches("<circle").count(), 5);
        for at in plot.split("cx=\"").skip(1) {
            let x: f64 = at.split('"').next().unwrap().parse().unwrap();
            assert!((LEFT..=WIDTH - RIGHT).contains(&x), "{x}");
        }
        assert!(
            plot.contains(
                "aria-label=\"Execution times: before median 812 ms, after median 0.08 ms\""
            ),
            "{plot}"
        );
        assert!(
            plot.contains(">0.01 ms<") && plot.contains(">1000 ms<"),
            "{plot}"
        );
        assert_eq!(times(&[series("before", &[])]), "");
    }

    #[test]
    fn one_value_has_an_axis_too() {
        let plot = times(&[Series {
            label: "a",
            class: "after",
            values: vec![1.0],
        }]);
        assert!(
            plot.contains(">1 ms<") && plot.contains(">10 ms<"),
            "{plot}"
        );
    }

    #[test]
    fn bars_are_as_long_as_their_counts() {
        let plot = pages(&[("before", "before", 6_155), ("after", "after", 0)]);
        assert!(
            plot.contains("width=\"540.0\"") && plot.contains("width=\"1.0\""),
            "{plot}"
        );
        assert!(plot.contains(">6,155<"));
    }
}
