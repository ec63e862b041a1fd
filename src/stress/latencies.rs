//! Latencies in a histogram of high dynamic range: from a microsecond to an hour, each within 0.1%.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest latency that is told apart from longer ones, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// Any number of latencies in bounded memory.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

/// Figures of latencies, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Percentiles {
    /// The mean.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// 75% are no longer.
    pub p75: f64,
    /// 90% are no longer.
    pub p90: f64,
    /// 95% are no longer.
    pub p95: f64,
    /// 99% are no longer.
    pub p99: f64,
    /// 99.9% are no longer.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Default for Latencies {
    fn default() -> Latencies {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3);
        Latencies(histogram.expect("these bounds are valid"))
    }
}

impl Latencies {
    /// Adds one; longer ones than an hour count as an hour.
    pub fn record(&mut self, latency: Duration) {
        let microseconds = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
        self.0.saturating_record(microseconds.max(1));
    }

    /// Adds all of another's.
    pub fn add(&mut self, other: &Latencies) {
        // Both have the same bounds.
        let _ = self.0.add(&other.0);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Milliseconds that a share (0 to 1) of them doesn't exceed; 0 where there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        milliseconds(self.0.value_at_quantile(share).min(self.0.max()))
    }

    /// Its figures, all 0 where there are none.
    pub fn percentiles(&self) -> Percentiles {
        Percentiles {
            mean: self.0.mean() / 1e3,
            p50: self.quantile(0.5),
            p75: self.quantile(0.75),
            p90: self.quantile(0.9),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
            p999: self.quantile(0.999),
            max: milliseconds(self.0.max()),
        }
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_thousandth() {
        let mut latencies = Latencies::default();
        for ms in 1..=1_000 {
            latencies.record(Duration::from_millis(ms));
        }
        let figures = latencies.percentiles();
        for (measured, exact) in [
            (figures.p50, 500.0),
            (figures.p95, 950.0),
            (figures.p99, 990.0),
            (figures.p999, 999.0),
            (figures.max, 1_000.0),
            (figures.mean, 500.5),
        ] {
            assert!((measured / exact - 1.0).abs() < 1e-3, "{measured} {exact}");
        }
    }

    #[test]
    fn none_and_extremes_have_figures() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentiles(), Percentiles::default());
        latencies.record(Duration::ZERO);
        latencies.record(Duration::MAX);
        assert_eq!(latencies.count(), 2);
        assert!(latencies.percentiles().max >= 3_599_000.0);
    }
}
