//! `/live`, `/ready` and `/metrics`: at an address of their own, or beside the routes.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use serde_json::json;

use super::api::Refusal;
use super::cache::Cache;
use super::connection::{FullResponse, Respond};
use super::gate::Queue;
use super::lifecycle::{Lifecycle, Readiness};
use super::metrics::{self, LevelsNow, Metrics};
use super::uncached::{json, refused, unavailable};

/// The paths.
pub const PATHS: [&str; 3] = ["/live", "/ready", "/metrics"];

/// What the health checks look at.
pub struct Health {
    /// Ready, or not.
    pub lifecycle: Arc<Lifecycle>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Waiting requests.
    pub queue: Arc<Queue>,
    /// Kept answers.
    pub cache: Option<Arc<Cache>>,
}

impl Health {
    /// The answer for one of its paths.
    pub fn answer(&self, path: &str) -> Option<FullResponse> {
        match path {
            "/live" => Some(status("live")),
            "/ready" => Some(match self.lifecycle.readiness() {
                Readiness::Ready => status(Readiness::Ready.message()),
                not => unavailable("not-ready", not.message()),
            }),
            "/metrics" => Some(self.metrics()),
            _ => None,
        }
    }

    fn metrics(&self) -> FullResponse {
        let cache = self.cache.as_ref();
        let text = self.metrics.text(LevelsNow {
            sessions: self.lifecycle.sessions(),
            waiting: self.queue.waiting(),
            cache_bytes: cache.map_or(0, |cache| cache.size().1),
        });
        let mut response = FullResponse::new(Full::new(Bytes::from(text)));
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static(metrics::CONTENT_TYPE);
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn status(text: &str) -> FullResponse {
    json(Bytes::from(json!({ "status": text }).to_string()))
}

impl Respond for Health {
    async fn respond(&self, request: Request<Incoming>, _: Option<SocketAddr>) -> FullResponse {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return refused(Refusal::method_not_allowed(request.method().as_str()));
        }
        self.answer(request.uri().path()).unwrap_or_else(|| {
            let message = format!("the paths here are {}", PATHS.join(", "));
            refused(Refusal::new(404, "no-such-path", &message))
        })
    }

    fn accept_failed(&self) {
        self.metrics.accept_errors.inc();
    }
}
