//! Plots as SVG, drawn by hand: no more than dots, bars and an axis.

use maud::{Markup, html};

use crate::report::figures::milliseconds;
use crate::units::grouped;

const WIDTH: f64 = 720.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 90.0;
const ROW: f64 = 30.0;

/// A series: its label, its class (`before` or `after`), its values.
pub struct Series<'a> {
    /// The label on its left.
    pub label: &'a str,
    /// Its colour.
    pub class: &'a str,
    /// Its values.
    pub values: Vec<f64>,
}

/// Each value as a dot on a logarithmic axis of milliseconds, a row a series, the median as a line with its figure.
pub fn times(series: &[Series]) -> Markup {
    let values = || {
        let values = series.iter().flat_map(|it| it.values.iter().copied());
        values.filter(|it| *it > 0.0)
    };
    let (Some(least), Some(most)) = (values().reduce(f64::min), values().reduce(f64::max)) else {
        return html! {};
    };
    let axis = Axis::around(least, most);
    let height = ROW * series.len() as f64 + 24.0;
    let medians = series.iter().filter_map(|it| {
        let median = milliseconds(median(&it.values)?);
        Some(format!("{} median {median} ms", it.label))
    });
    let medians: Vec<String> = medians.collect();
    let label = format!("Execution times: {}", medians.join(", "));
    let body = html! {
        @for tick in axis.ticks() {
            line class="axis" x1=(place(axis.x(tick))) x2=(place(axis.x(tick))) y1="4" y2=(place(height - 20.0)) {}
            text class="tick" x=(place(axis.x(tick))) y=(place(height - 5.0)) text-anchor="middle" { (number(tick)) " ms" }
        }
        @for (row, series) in series.iter().enumerate() {
            (dots(series, ROW * (row as f64 + 0.5) + 4.0, &axis))
        }
    };
    svg(height, &label, &body)
}

/// The dots of one series around a height.
fn dots(series: &Series, y: f64, axis: &Axis) -> Markup {
    // Spread over the row, so that equal values show.
    let spread = |at: usize| ((at * 7) % 11) as f64 - 5.0;
    html! {
        (label(series.label, y))
        @for (at, value) in series.values.iter().enumerate() {
            circle class={ "dot " (series.class) } cx=(place(axis.x(*value))) cy=(place(y + spread(at))) r="3" {}
        }
        @if let Some(median) = median(&series.values) {
            line class={ "median " (series.class) } x1=(place(axis.x(median))) x2=(place(axis.x(median))) y1=(place(y - 10.0)) y2=(place(y + 10.0)) {}
            text x=(place(WIDTH - RIGHT + 10.0)) y=(place(y + 4.0)) { (milliseconds(median)) " ms" }
        }
    }
}

/// A logarithmic axis over whole powers of ten.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn around(least: f64, most: f64) -> Axis {
        let (low, high) = decades(least, most);
        Axis { low, high }
    }

    fn x(&self, value: f64) -> f64 {
        let decades = self.high.log10() - self.low.log10();
        let share = (value.max(self.low).log10() - self.low.log10()) / decades;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let high = self.high * 1.001;
        std::iter::successors(Some(self.low), |tick| Some(tick * 10.0))
            .take_while(move |tick| *tick <= high)
    }
}

/// A bar for each count of pages, the longest as wide as the plot.
pub fn pages(bars: &[(&str, &str, u64)]) -> Markup {
    let most = bars.iter().map(|(_, _, pages)| *pages).max();
    let most = most.unwrap_or(0).max(1) as f64;
    let width = |count: u64| (count as f64 / most * (WIDTH - LEFT - RIGHT)).max(1.0);
    let counts: Vec<String> = bars
        .iter()
        .map(|(name, _, count)| format!("{name} {}", grouped(*count)))
        .collect();
    let body = html! {
        @for (row, (name, class, count)) in bars.iter().enumerate() {
            @let y = ROW * (row as f64 + 0.5);
            (label(name, y))
            rect class={ "bar " (class) } x=(LEFT) y=(place(y - 8.0)) width=(place(width(*count))) height="16" rx="2" {}
            text x=(place(LEFT + width(*count) + 8.0)) y=(place(y + 4.0)) { (grouped(*count)) }
        }
    };
    let label = format!("Pages touched: {}", counts.join(", "));
    svg(ROW * bars.len() as f64 + 4.0, &label, &body)
}

/// One bar after another on an axis of seconds: name, seconds, and the text after it.
pub fn phases(phases: &[(&str, f64, String)]) -> Markup {
    let seconds = || phases.iter().map(|(_, seconds, _)| *seconds);
    let all = seconds().sum::<f64>().max(0.001);
    let starts = seconds().scan(0.0, |end, seconds| {
        *end += seconds;
        Some(*end - seconds)
    });
    let x = |seconds: f64| seconds / all * (WIDTH - 8.0);
    let body = html! {
        @for (row, ((name, seconds, behind), start)) in phases.iter().zip(starts).enumerate() {
            @let y = (ROW + 18.0) * row as f64;
            text x="0" y=(place(y + 16.0)) { (name) " " tspan class="tick" { (behind) } }
            rect class="bar after" x=(place(x(start))) y=(place(y + 22.0)) width=(place(x(*seconds).max(2.0))) height="14" rx="2" {}
        }
    };
    let figures: Vec<String> = phases
        .iter()
        .map(|(name, seconds, _)| format!("{name} {seconds:.1} s"))
        .collect();
    let label = format!("Phases: {}", figures.join(", "));
    svg((ROW + 18.0) * phases.len() as f64 + 4.0, &label, &body)
}

/// Values over seconds, from 0 up.
pub struct Line<'a> {
    /// Its name.
    pub label: &'a str,
    /// Its colour.
    pub class: &'a str,
    /// A value a second.
    pub values: Vec<f64>,
}

/// Lines over the seconds of a run, on one axis from 0 to the greatest value, which is `written` beside it.
pub fn over_time(lines: &[Line], written: fn(f64) -> String) -> Markup {
    const HEIGHT: f64 = 160.0;
    let most = lines.iter().flat_map(|line| line.values.iter().copied());
    let most = most.fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let seconds = lines
        .iter()
        .map(|line| line.values.len())
        .max()
        .unwrap_or(0);
    let x = |at: usize| {
        LEFT + at as f64 / seconds.max(2).saturating_sub(1) as f64 * (WIDTH - LEFT - RIGHT)
    };
    let y = |value: f64| 10.0 + (1.0 - value / most) * (HEIGHT - 40.0);
    let points = |line: &Line| {
        let points = line.values.iter().enumerate();
        let points = points.map(|(at, value)| format!("{:.1},{:.1}", x(at), y(*value)));
        points.collect::<Vec<_>>().join(" ")
    };
    let body = html! {
        @for (value, text) in [(most, written(most)), (0.0, "0".to_owned())] {
            line class="axis" x1=(place(LEFT)) x2=(place(WIDTH - RIGHT)) y1=(place(y(value))) y2=(place(y(value))) {}
            text x=(place(LEFT - 10.0)) y=(place(y(value) + 4.0)) text-anchor="end" { (text) }
        }
        text class="tick" x=(place(LEFT)) y=(place(HEIGHT - 6.0)) { "0 s" }
        text class="tick" x=(place(WIDTH - RIGHT)) y=(place(HEIGHT - 6.0)) text-anchor="end" { (seconds) " s" }
        @for (row, line) in lines.iter().enumerate() {
            polyline class={ "line " (line.class) } points=(points(line)) {}
            text class={ "name " (line.class) } x=(place(WIDTH - RIGHT + 10.0)) y=(place(ROW * (row as f64 + 0.6))) { (line.label) }
        }
    };
    let names: Vec<String> = lines
        .iter()
        .map(|line| {
            let most = line.values.iter().copied().fold(0.0, f64::max);
            format!("{} up to {}", line.label, written(most))
        })
        .collect();
    svg(HEIGHT, &format!("Over time: {}", names.join(", ")), &body)
}

fn svg(height: f64, label: &str, body: &Markup) -> Markup {
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (format!("{height:.0}")) } role="img" aria-label=(label) { (body) }
    }
}

fn label(name: &str, y: f64) -> Markup {
    html! {
        text x=(place(LEFT - 10.0)) y=(place(y + 4.0)) text-anchor="end" { (name) }
    }
}

/// A coordinate.
fn place(value: f64) -> String {
    format!("{value:.1}")
}

/// The powers of ten around the values.
fn decades(least: f64, most: f64) -> (f64, f64) {
    let low = 10_f64.powf(least.log10().floor());
    let high = 10_f64.powf(most.log10().ceil());
    (low, if high > low { high } else { low * 10.0 })
}

/// A power of ten without superfluous digits.
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
        ])
        .into_string();
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
        assert_eq!(times(&[series("before", &[])]).into_string(), "");
    }

    #[test]
    fn one_value_has_an_axis_too() {
        let plot = times(&[Series {
            label: "a",
            class: "after",
            values: vec![1.0],
        }])
        .into_string();
        assert!(
            plot.contains(">1 ms<") && plot.contains(">10 ms<"),
            "{plot}"
        );
    }

    #[test]
    fn each_second_is_a_point_of_a_line() {
        let line = Line {
            label: "answered",
            class: "after",
            values: vec![10.0, 20.0, 0.0],
        };
        let plot = over_time(&[line], |value| format!("{value}/s")).into_string();
        assert!(
            plot.contains("points=\"90.0,70.0 360.0,10.0 630.0,130.0\""),
            "{plot}"
        );
        assert!(plot.contains("answered up to 20/s") && plot.contains(">3 s<"));
        assert!(
            over_time(&[], |_| String::new())
                .into_string()
                .contains("<svg")
        );
    }

    #[test]
    fn bars_are_as_long_as_their_counts() {
        let plot = pages(&[("before", "before", 6_155), ("after", "after", 0)]).into_string();
        assert!(
            plot.contains("width=\"540.0\"") && plot.contains("width=\"1.0\""),
            "{plot}"
        );
        assert!(plot.contains(">6,155<"));
    }
}
