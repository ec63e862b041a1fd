//! Plots, drawn by hand: dots on an axis, bars and lines over seconds.
//!
//! Places are percentages and text is the page's own, so that a plot fills its card at any width and its labels stay as large
//! as other text.

use maud::{Markup, html};

use super::scale::{Scale, seconds_ticks};

/// A series: its label, its class (`before` or `after`), its values.
pub struct Series<'a> {
    /// The label above it.
    pub label: String,
    /// Its colour.
    pub class: &'a str,
    /// Its values.
    pub values: Vec<f64>,
    /// Their median, as the page has it elsewhere.
    pub median: f64,
}

/// A value to compare the series with.
pub struct Mark {
    /// What it is.
    pub label: &'static str,
    /// Its colour.
    pub class: &'static str,
    /// Where it is.
    pub value: f64,
}

/// The class of the mark at what an indexed read costs; medians far above it are drawn as an excess.
pub const INDEXED: &str = "indexed";
/// A median up to this many times the indexed read's cost is no excess.
const EXCESS: f64 = 2.0;

const ROW: f64 = 34.0;
/// Of an axis, in percent.
const SHORTEST: f64 = 0.5;

/// Each value as a dot on the scale, a row a series, the median as a line with its figure, the marks as dashed lines.
pub fn dots(title: &str, scale: &Scale, series: &[Series], marks: &[Mark]) -> Markup {
    if series.iter().all(|it| it.values.is_empty()) {
        return html! {};
    }
    let written = |value| scale.unit.written(value);
    let medians = series.iter().map(|it| {
        let median = written(it.median);
        format!("{}, median {median}", it.label)
    });
    let compared = marks
        .iter()
        .map(|it| format!("{} {}", it.label, written(it.value)));
    let described: Vec<String> = medians.chain(compared).collect();
    html! {
        figure class="plot" {
            figcaption { (title) span { (scale.unit.title()) ", logarithmic" } }
            div role="img" aria-label={ (title) ": " (described.join("; ")) } {
                @for series in series { (row(series, scale, marks)) }
                (axis(&scale.ticks()))
            }
            @if !marks.is_empty() {
                ul class="legend" {
                    @for mark in marks {
                        li { span class={ "swatch " (mark.class) } {} (mark.label) " " (written(mark.value)) }
                    }
                }
            }
        }
    }
}

/// The dots of one series.
fn row(series: &Series, scale: &Scale, marks: &[Mark]) -> Markup {
    // Spread over the row, so that equal values show.
    let spread = |at: usize| ((at * 7) % 11) as f64 * 1.6 - 8.0;
    let middle = ROW / 2.0;
    let x = |value: f64| percent(scale.percent(value));
    let median = series.median;
    html! {
        div class="row" {
            span class={ "label " (series.class) } { (series.label) }
            span class="value" { "median " (scale.unit.written(median)) }
            svg height=(ROW) aria-hidden="true" {
                @for (tick, _) in scale.ticks() {
                    line class="grid" x1=(percent(tick)) x2=(percent(tick)) y1="0" y2=(ROW) {}
                }
                (excess(median, scale, marks))
                @for mark in marks {
                    line class={ "mark " (mark.class) } x1=(x(mark.value)) x2=(x(mark.value)) y1="0" y2=(ROW) {}
                }
                @for (at, value) in series.values.iter().enumerate() {
                    circle class={ "dot " (series.class) } cx=(x(*value)) cy=(place(middle + spread(at))) r="3.5" {}
                }
                line class={ "median " (series.class) } x1=(x(median)) x2=(x(median)) y1="2" y2=(ROW - 2.0) {}
            }
        }
    }
}

/// From what an indexed read would cost to what this one does.
fn excess(median: f64, scale: &Scale, marks: &[Mark]) -> Markup {
    let indexed = marks.iter().find(|mark| mark.class == INDEXED);
    html! {
        @if let Some(indexed) = indexed.filter(|it| median > it.value * EXCESS) {
            @let (from, to) = (scale.percent(indexed.value), scale.percent(median));
            rect class="excess" x=(percent(from)) width=(percent(to - from)) y=(ROW / 2.0 - 9.0) height="18" {}
        }
    }
}

/// Labels below plots; every other one of many can be left out where there is no room.
fn axis(ticks: &[(f64, String)]) -> Markup {
    let last = ticks.len().saturating_sub(1);
    let class = |at: usize| match at {
        0 => "first",
        at if at == last => "last",
        at if last > 4 && (last - at) % 2 == 1 => "spare",
        _ => "tick",
    };
    html! {
        div class="axis" aria-hidden="true" {
            @for (at, (tick, label)) in ticks.iter().enumerate() {
                span class=(class(at)) style={ "left:" (percent(*tick)) } { (label) }
            }
        }
    }
}

/// A bar on an axis of seconds.
pub struct Bar<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its colour.
    pub class: &'a str,
    /// When it began, in seconds from the axis' beginning.
    pub start: f64,
    /// How long it took.
    pub seconds: f64,
    /// What is written at its right.
    pub note: String,
}

/// Groups of bars with their titles, on one axis of seconds.
pub fn timeline(groups: &[(&str, Vec<Bar>)]) -> Markup {
    let bars = || groups.iter().flat_map(|(_, bars)| bars);
    let end = bars().map(|bar| bar.start + bar.seconds);
    let end = end.fold(0.001, f64::max);
    // However short, a bar is seen.
    let width = |bar: &Bar| (bar.seconds / end * 100.0).max(SHORTEST);
    let start = |bar: &Bar| (bar.start / end * 100.0).min(100.0 - SHORTEST);
    let described: Vec<String> = bars()
        .map(|bar| format!("{} {:.1} s", bar.name, bar.seconds))
        .collect();
    let ticks = seconds_ticks(end);
    html! {
        figure class="plot timeline" {
            div role="img" aria-label={ "Timeline: " (described.join(", ")) } {
                @for (title, bars) in groups.iter().filter(|(_, bars)| !bars.is_empty()) {
                    p class="group" { (title) }
                    @for bar in bars {
                        div class="row" {
                            span class="label" { (bar.name) }
                            span class="value" { (bar.note) }
                            svg aria-hidden="true" {
                                @for (tick, _) in &ticks {
                                    line class="grid" x1=(percent(*tick)) x2=(percent(*tick)) y1="0" y2="100%" {}
                                }
                                rect class={ "bar " (bar.class) } x=(percent(start(bar))) y="15%" width=(percent(width(bar))) height="70%" rx="2" {}
                            }
                        }
                    }
                }
                (axis(&ticks))
            }
        }
    }
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
pub fn over_time(title: &str, lines: &[Line], written: fn(f64) -> String) -> Markup {
    let most = lines.iter().flat_map(|line| line.values.iter().copied());
    let most = most.fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let counts = lines.iter().map(|line| line.values.len());
    let seconds = counts.max().unwrap_or(0);
    let points = |line: &Line| {
        let points = line.values.iter().enumerate();
        let points = points.map(|(at, value)| {
            // In the middle of its second.
            let x = (at as f64 + 0.5) / seconds as f64;
            let y = 1.0 - value / most;
            format!("{:.2},{:.2}", x * 100.0, y * 100.0)
        });
        points.collect::<Vec<_>>().join(" ")
    };
    let greatest = |line: &Line| {
        let most = line.values.iter().copied().fold(0.0, f64::max);
        format!("{} up to {}", line.label, written(most))
    };
    let described: Vec<String> = lines.iter().map(greatest).collect();
    html! {
        figure class="plot" {
            figcaption { (title) }
            div class="over-time" role="img" aria-label={ (title) ": " (described.join(", ")) } {
                div class="heights" aria-hidden="true" { span { (written(most)) } span { "0" } }
                svg class="area" viewBox="0 0 100 100" preserveAspectRatio="none" height="150" aria-hidden="true" {
                    @for y in ["0", "50", "100"] { line class="grid" x1="0" x2="100" y1=(y) y2=(y) {} }
                    @for line in lines { polyline class={ "line " (line.class) } points=(points(line)) {} }
                }
                (axis(&seconds_ticks(seconds as f64)))
            }
            ul class="legend" {
                @for (line, text) in lines.iter().zip(&described) {
                    li { span class={ "swatch " (line.class) } {} (text) }
                }
            }
        }
    }
}

/// A coordinate.
fn place(value: f64) -> String {
    format!("{value:.1}")
}

/// A place along an axis.
fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

#[cfg(test)]
mod tests {
    use super::super::scale::Unit;
    use super::*;

    fn series<'a>(class: &'a str, values: &[f64]) -> Series<'a> {
        Series {
            label: class.to_owned(),
            class,
            values: values.to_vec(),
            median: values.first().copied().unwrap_or_default(),
        }
    }

    fn places<'p>(plot: &'p str, key: &str) -> Vec<&'p str> {
        let found = plot.split(key).skip(1);
        found.filter_map(|at| at.split('"').next()).collect()
    }

    #[test]
    fn every_value_is_a_dot_on_the_scale() {
        let (slow, fast) = ([812.0, 790.0, 905.5], [0.08, 0.1]);
        let scale = Scale::around(Unit::Milliseconds, slow.into_iter().chain(fast));
        let both = [series("before", &slow), series("after", &fast)];
        let plot = dots("Time", &scale, &both, &[]).into_string();
        let at = places(&plot, "cx=\"");
        assert_eq!(at.len(), 5);
        for place in at {
            let place: f64 = place.trim_end_matches('%').parse().unwrap();
            assert!((0.0..=100.0).contains(&place), "{place}");
        }
        let label = "aria-label=\"Time: before, median 812 ms; after, median 0.08 ms\"";
        assert!(plot.contains(label), "{plot}");
        assert!(
            plot.contains(">0.01<") && plot.contains(">1,000<"),
            "{plot}"
        );
        assert_eq!(
            dots("Time", &scale, &[series("before", &[])], &[]).into_string(),
            ""
        );
    }

    #[test]
    fn what_is_over_the_indexed_read_is_an_excess() {
        let scale = Scale::around(Unit::Pages, [10.0, 1_000.0]);
        let drawn = |pages: f64| {
            let indexed = Mark {
                label: "an indexed read",
                class: INDEXED,
                value: 10.0,
            };
            let plot = dots("Pages", &scale, &[series("after", &[pages])], &[indexed]);
            plot.into_string()
        };
        let scan = drawn(1_000.0);
        assert!(
            scan.contains("class=\"excess\" x=\"0.00%\" width=\"100.00%\""),
            "{scan}"
        );
        assert!(scan.contains("an indexed read 10 pages"), "{scan}");
        assert!(!drawn(12.0).contains("class=\"excess\""));
    }

    #[test]
    fn each_second_is_a_point_of_a_line() {
        let line = Line {
            label: "answered",
            class: "after",
            values: vec![10.0, 20.0, 0.0],
        };
        let plot = over_time("Requests", &[line], |value| format!("{value}/s")).into_string();
        let points = "points=\"16.67,50.00 50.00,0.00 83.33,100.00\"";
        assert!(plot.contains(points), "{plot}");
        assert!(plot.contains("answered up to 20/s") && plot.contains(">3 s<"));
        let none = over_time("Requests", &[], |_| String::new()).into_string();
        assert!(none.contains("<svg"));
    }

    #[test]
    fn bars_are_where_their_work_was() {
        let bar = |name, start, seconds| Bar {
            name,
            class: "rows",
            start,
            seconds,
            note: "1,000 rows".to_owned(),
        };
        let groups = [
            (
                "Rows",
                vec![bar("products", 0.0, 2.0), bar("skus", 1.0, 3.0)],
            ),
            ("Keys", Vec::new()),
        ];
        let plot = timeline(&groups).into_string();
        assert!(
            plot.contains("x=\"25.00%\" y=\"15%\" width=\"75.00%\""),
            "{plot}"
        );
        assert!(
            plot.contains("Timeline: products 2.0 s, skus 3.0 s"),
            "{plot}"
        );
        assert!(!plot.contains("Keys"));
    }
}
