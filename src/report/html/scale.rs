//! The axes of plots. All plots of a page that show the same unit have the same one, so that they compare by eye.

use crate::report::figures::milliseconds;
use crate::units::whole;

/// What a plot shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Times.
    Milliseconds,
    /// Pages touched.
    Pages,
}

impl Unit {
    /// Its name on an axis.
    pub fn title(self) -> &'static str {
        match self {
            Unit::Milliseconds => "milliseconds",
            Unit::Pages => "pages",
        }
    }

    /// A value with its unit: `22.2 ms`, `1 page`.
    pub fn written(self, value: f64) -> String {
        match self {
            Unit::Milliseconds if value > 0.0 && value < 0.005 => "under 0.01 ms".to_owned(),
            Unit::Milliseconds => format!("{} ms", milliseconds(value)),
            Unit::Pages if value.round() == 1.0 => "1 page".to_owned(),
            Unit::Pages => format!("{} pages", whole(value)),
        }
    }
}

/// A logarithmic axis over whole powers of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// What it shows.
    pub unit: Unit,
    low: f64,
    high: f64,
}

impl Scale {
    /// Around the values; those that aren't above 0 stand at its beginning.
    pub fn around(unit: Unit, values: impl IntoIterator<Item = f64>) -> Scale {
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for value in values.into_iter().filter(|value| *value > 0.0) {
            (least, most) = (least.min(value), most.max(value));
        }
        if most == 0.0 {
            (least, most) = (1.0, 10.0);
        }
        let low = 10_f64.powf(least.log10().floor());
        let high = 10_f64.powf(most.log10().ceil());
        let high = if high > low { high } else { low * 10.0 };
        Scale { unit, low, high }
    }

    /// A value's place on the axis, in percent of its length.
    pub fn percent(&self, value: f64) -> f64 {
        let decades = self.high.log10() - self.low.log10();
        let value = value.clamp(self.low, self.high);
        (value.log10() - self.low.log10()) / decades * 100.0
    }

    /// The powers of ten, each with its place and how it is written.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let ticks = std::iter::successors(Some(self.low), |tick| Some(tick * 10.0));
        let ticks = ticks.take_while(|tick| *tick <= self.high * 1.001);
        ticks
            .map(|tick| (self.percent(tick), power_of_ten(tick)))
            .collect()
    }
}

/// A power of ten without superfluous digits.
fn power_of_ten(value: f64) -> String {
    if value > 0.5 {
        return whole(value);
    }
    let places = [0.1, 0.01, 0.001, 0.0001];
    let places = places.iter().position(|power| value > power * 0.5);
    format!("{value:.0$}", places.map_or(5, |place| place + 1))
}

/// An axis of seconds from 0: places in percent and labels, a few of them.
pub fn seconds_ticks(seconds: f64) -> Vec<(f64, String)> {
    const MOST: f64 = 5.0;
    let power = 10_f64.powf((seconds / MOST).max(1e-3).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let fits = |step: &&f64| seconds / **step <= MOST;
    let step = steps
        .iter()
        .find(fits)
        .copied()
        .unwrap_or(seconds.max(1e-3));
    let ticks = std::iter::successors(Some(0.0), |tick| Some(tick + step));
    let ticks = ticks.take_while(|tick| *tick <= seconds * 1.0001);
    let places = usize::from(step < 1.0) + usize::from(step < 0.1) + usize::from(step < 0.01);
    ticks
        .map(|tick| {
            (
                tick / seconds.max(1e-9) * 100.0,
                format!("{tick:.places$} s"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_whole_powers_of_ten() {
        let labels = |values: &[f64]| {
            let scale = Scale::around(Unit::Milliseconds, values.iter().copied());
            let labels: Vec<String> = scale.ticks().into_iter().map(|it| it.1).collect();
            labels.join(" ")
        };
        assert_eq!(labels(&[812.0, 0.08]), "0.01 0.1 1 10 100 1,000");
        assert_eq!(labels(&[1.0]), "1 10");
        assert_eq!(labels(&[]), "1 10");
        assert_eq!(labels(&[0.0, 3.0]), "1 10");
    }

    #[test]
    fn every_value_is_on_the_axis() {
        let scale = Scale::around(Unit::Pages, [3.0, 6_155.0]);
        let places = [0.0, 1.0, 100.0, 10_000.0].map(|value| scale.percent(value));
        assert_eq!(places, [0.0, 0.0, 50.0, 100.0]);
    }

    #[test]
    fn seconds_have_a_few_round_labels() {
        let labels = |seconds| {
            let labels: Vec<String> = seconds_ticks(seconds).into_iter().map(|it| it.1).collect();
            labels.join(" ")
        };
        assert_eq!(labels(10.0), "0 s 2 s 4 s 6 s 8 s 10 s");
        assert_eq!(labels(1.3), "0.0 s 0.5 s 1.0 s");
        assert_eq!(labels(0.0), "0.000 s");
    }

    #[test]
    fn values_are_written_with_their_unit() {
        assert_eq!(Unit::Pages.written(1.0), "1 page");
        assert_eq!(Unit::Pages.written(1_229.0), "1,229 pages");
        assert_eq!(Unit::Milliseconds.written(22.24), "22.2 ms");
        assert_eq!(Unit::Milliseconds.written(0.001), "under 0.01 ms");
    }
}
