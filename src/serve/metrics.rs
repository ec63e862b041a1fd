//! The metrics: responses by route and status, their time, the cache, the queue, the connections.

use std::sync::OnceLock;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::cache::Freshness;

/// The statuses of responses.
const STATUSES: [u16; 8] = [200, 204, 304, 400, 404, 405, 500, 503];
/// Of requests that no route answers.
const NO_ROUTE: &str = "none";
/// Of the media type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResponseLabels {
    route: String,
    status: u16,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CacheLabel {
    result: &'static str,
}

/// The counters; each request finds its own without a lookup by labels.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// One a route, then the one of no route.
    routes: Vec<RouteMetrics>,
    responses: Family<ResponseLabels, Counter>,
    hits: Counter,
    stale: Counter,
    misses: Counter,
    /// Connections that could not be accepted.
    pub accept_errors: Counter,
    /// Lines that the access log's writer was too slow for.
    pub lost_log_lines: Counter,
    levels: Levels,
}

#[derive(Debug)]
struct RouteMetrics {
    route: String,
    /// One a status, made when it first occurs.
    responses: [OnceLock<Counter>; STATUSES.len()],
    seconds: Histogram,
}

/// What is read when it is asked for.
#[derive(Debug, Default)]
struct Levels {
    sessions: Gauge,
    waiting: Gauge,
    cache_bytes: Gauge,
}

/// The values of the gauges.
#[derive(Debug, Clone, Copy, Default)]
pub struct LevelsNow {
    /// Open connections to Postgres.
    pub sessions: usize,
    /// Requests that wait for one.
    pub waiting: usize,
    /// Bytes in the cache.
    pub cache_bytes: u64,
}

impl Metrics {
    /// Zeros for these routes.
    pub fn new(routes: impl Iterator<Item = String>) -> Metrics {
        let mut registry = Registry::with_prefix("seedrow");
        let responses = Family::<ResponseLabels, Counter>::default();
        registry.register("responses", "Responses", responses.clone());
        let seconds = Family::<RouteLabel, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.0001, 2.0, 16))
        });
        registry.register_with_unit(
            "response",
            "From a request's head to its response",
            Unit::Seconds,
            seconds.clone(),
        );
        let cached = Family::<CacheLabel, Counter>::default();
        registry.register("cache", "Answers by the cache", cached.clone());
        let cached = |result| cached.get_or_create_owned(&CacheLabel { result });
        let accept_errors = Counter::default();
        registry.register(
            "accept_errors",
            "Connections that could not be accepted",
            accept_errors.clone(),
        );
        let lost_log_lines = Counter::default();
        registry.register(
            "lost_log_lines",
            "Lines left out of the access log",
            lost_log_lines.clone(),
        );
        let routes = routes.chain([NO_ROUTE.to_owned()]);
        let route = |route: String| RouteMetrics {
            seconds: seconds.get_or_create_owned(&RouteLabel {
                route: route.clone(),
            }),
            route,
            responses: Default::default(),
        };
        Metrics {
            routes: routes.map(route).collect(),
            responses,
            hits: cached("hit"),
            stale: cached("stale"),
            misses: cached("miss"),
            accept_errors,
            lost_log_lines,
            levels: Levels::register(&mut registry),
            registry,
        }
    }

    /// Counts a response; without a route it is that of no route.
    pub fn count(&self, route: Option<usize>, status: u16, seconds: f64) {
        let route = route.unwrap_or(self.routes.len() - 1);
        let Some(route) = self.routes.get(route) else {
            return;
        };
        route.seconds.observe(seconds);
        if let Some(at) = STATUSES.iter().position(|&known| known == status) {
            let made = || {
                self.responses.get_or_create_owned(&ResponseLabels {
                    route: route.route.clone(),
                    status,
                })
            };
            route.responses[at].get_or_init(made).inc();
        }
    }

    /// Counts an answer of an endpoint that is cached.
    pub fn count_cached(&self, freshness: Freshness) {
        let counter = match freshness {
            Freshness::Hit => &self.hits,
            Freshness::Stale => &self.stale,
            Freshness::Miss => &self.misses,
        };
        counter.inc();
    }

    /// All of it as text.
    pub fn text(&self, now: LevelsNow) -> String {
        self.levels.set(now);
        let mut text = String::new();
        // Writing to a string doesn't fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

impl Levels {
    fn register(registry: &mut Registry) -> Levels {
        let levels = Levels::default();
        for (name, help, gauge) in [
            (
                "postgres_connections",
                "Open connections to Postgres",
                &levels.sessions,
            ),
            (
                "waiting_requests",
                "Requests that wait for a connection",
                &levels.waiting,
            ),
            (
                "cache_size_bytes",
                "Bytes in the cache",
                &levels.cache_bytes,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        levels
    }

    fn set(&self, now: LevelsNow) {
        self.sessions
            .set(now.sessions.try_into().unwrap_or(i64::MAX));
        self.waiting.set(now.waiting.try_into().unwrap_or(i64::MAX));
        self.cache_bytes
            .set(now.cache_bytes.try_into().unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_counted_by_route_and_status() {
        let metrics = Metrics::new(["/products/:id".to_owned()].into_iter());
        metrics.count(Some(0), 200, 0.001);
        metrics.count(None, 404, 0.001);
        metrics.count_cached(Freshness::Hit);
        let text = metrics.text(LevelsNow {
            sessions: 4,
            ..LevelsNow::default()
        });
        for line in [
            "seedrow_responses_total{route=\"/products/:id\",status=\"200\"} 1",
            "seedrow_responses_total{route=\"none\",status=\"404\"} 1",
            "seedrow_response_seconds_count{route=\"/products/:id\"} 1",
            "seedrow_cache_total{result=\"hit\"} 1",
            "seedrow_postgres_connections 4",
            "# EOF",
        ] {
            assert!(text.lines().any(|it| it == line), "no {line} in\n{text}");
        }
    }
}
