//! A request → a response: the path's query from the cache or from Postgres, or an error in JSON.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ACCEPT, AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, VARY,
};
use hyper::{Method, Request, StatusCode};

use super::access_log::{AccessLog, Line, rfc3339};
use super::api::{Api, Call, Endpoint, Refusal};
use super::body::Body;
use super::cache::{Cache, Entry, Freshness};
use super::connection::{FullResponse, Respond};
use super::cors::Cors;
use super::health::Health;
use super::metrics::Metrics;
use super::negotiate::{accepts_gzip, has_already};
use super::pool::{Pool, Unanswered};
use super::uncached::{JSON, method_not_allowed, refused, unavailable};
use crate::postgres::error::describe;
use crate::progress::Progress;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// A client may keep the answer, and asks each time whether it is still right.
const ALWAYS_ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// What all workers answer from.
pub struct Shared {
    /// The routes.
    pub api: Api,
    /// `/openapi.json`
    pub openapi: Body,
    /// `/`
    pub index: Body,
    /// `/` for browsers
    pub index_page: Body,
    /// Kept answers; none with `--cache 0`.
    pub cache: Option<Arc<Cache>>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// The origins allowed.
    pub cors: Cors,
    /// Where requests are logged.
    pub access_log: Option<AccessLog>,
    /// Answers the health checks, unless they have an address of their own.
    pub health: Option<Arc<Health>>,
    /// Messages.
    pub progress: Progress,
    /// Failed queries that are reported.
    pub failures: Throttle,
}

/// Lets one message a second through: requests that fail are many.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Option<Instant>>);

impl Throttle {
    fn may_report(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1));
        if may {
            *last = Some(Instant::now());
        }
        may
    }
}

/// A worker's answers.
pub struct Responder {
    shared: Arc<Shared>,
    pool: Arc<Pool>,
}

/// A response, and what metrics and log say about it.
struct Reply {
    response: FullResponse,
    endpoint: Option<usize>,
    freshness: Option<Freshness>,
}

impl Respond for Responder {
    async fn respond(
        &self,
        request: Request<Incoming>,
        client: Option<SocketAddr>,
    ) -> FullResponse {
        let start = Instant::now();
        let mut reply = self.reply(&request).await;
        let cors = &self.shared.cors;
        cors.allow(request.headers(), reply.response.headers_mut());
        self.account(&request, client, &reply, start.elapsed());
        reply.response
    }

    fn accept_failed(&self) {
        self.shared.metrics.accept_errors.inc();
    }
}

impl Responder {
    /// A worker's, with its own connections to Postgres.
    pub fn new(shared: Arc<Shared>, pool: Arc<Pool>) -> Responder {
        Responder { shared, pool }
    }

    async fn reply(&self, request: &Request<Incoming>) -> Reply {
        let of_no_route = |response| Reply {
            response,
            endpoint: None,
            freshness: None,
        };
        let path = request.uri().path();
        match *request.method() {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return of_no_route(self.shared.cors.options()),
            _ => return of_no_route(method_not_allowed(request.method())),
        }
        if let Some(health) = &self.shared.health
            && let Some(response) = health.answer(path)
        {
            return of_no_route(response);
        }
        match path {
            "/" => return of_no_route(self.index(request.headers())),
            "/openapi.json" => {
                return of_no_route(document(&self.shared.openapi, request.headers()));
            }
            _ => {}
        }
        match self.shared.api.find(path, request.uri().query()) {
            Ok(call) => self.call(call, request.headers()).await,
            Err(refusal) => of_no_route(refused(refusal)),
        }
    }

    /// The list of routes: a page where HTML is asked for, as browsers do, else JSON.
    fn index(&self, asked: &HeaderMap) -> FullResponse {
        let accepted = asked.get(ACCEPT).and_then(|it| it.to_str().ok());
        let is_browser = accepted.is_some_and(|it| it.contains("text/html"));
        let mut response = match is_browser {
            true => document(&self.shared.index_page, asked),
            false => document(&self.shared.index, asked),
        };
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if is_browser && headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HTML);
        }
        response
    }

    /// Runs the query, unless the cache has its answer.
    async fn call(&self, call: Call, headers: &HeaderMap) -> Reply {
        let at = call.endpoint;
        let endpoint = &self.shared.api.endpoints[at];
        let answer = match (&self.shared.cache, endpoint.cache) {
            (Some(cache), Some(ttl)) => self.cached(cache, ttl, call).await,
            _ => self.fresh(&call, endpoint).await,
        };
        match answer {
            Ok(answer) => Reply {
                endpoint: Some(at),
                freshness: answer.freshness(),
                response: answer.response(endpoint, headers),
            },
            Err(unanswered) => Reply {
                endpoint: Some(at),
                freshness: None,
                response: self.unanswered(endpoint, unanswered),
            },
        }
    }

    async fn fresh(&self, call: &Call, endpoint: &Endpoint) -> Result<Answer, Unanswered> {
        let body = self.pool.answer(call).await?;
        Ok(match body {
            Some(bytes) => Answer::Body(Body::new(bytes), endpoint.cache),
            None => Answer::NoRow,
        })
    }

    async fn cached(
        &self,
        cache: &Arc<Cache>,
        ttl: Duration,
        call: Call,
    ) -> Result<Answer, Unanswered> {
        let pool = Arc::clone(&self.pool);
        let key = call.key.clone();
        let load = || async move {
            let body = pool.answer(&call).await?;
            Ok(body.map(|bytes| Entry::new(Body::new(bytes), ttl)))
        };
        Ok(match cache.answer(&key, load).await? {
            Some((entry, freshness)) => {
                self.shared.metrics.count_cached(freshness);
                Answer::Kept(entry, freshness)
            }
            None => Answer::NoRow,
        })
    }

    fn unanswered(&self, endpoint: &Endpoint, unanswered: Unanswered) -> FullResponse {
        match unanswered {
            Unanswered::Overloaded => unavailable("overloaded", "too many requests; try again"),
            Unanswered::Down => unavailable("no-database", "no connection to Postgres; try again"),
            Unanswered::TimedOut => unavailable("timeout", "the query took too long; try again"),
            Unanswered::Rejected(error) if is_about_a_value(&error) => {
                let message = error.as_db_error().map_or("", |error| error.message());
                refused(Refusal::new(400, "wrong-parameter", message))
            }
            Unanswered::Rejected(error) => {
                if self.shared.failures.may_report() {
                    let described = describe(&anyhow::Error::new(error));
                    let path = &endpoint.query.path;
                    let progress = &self.shared.progress;
                    progress.note(format!("serve: {path}: {}", described.text));
                }
                let message = "the query failed; the server's log says why";
                refused(Refusal::new(500, "query-failed", message))
            }
        }
    }

    fn account(
        &self,
        request: &Request<Incoming>,
        client: Option<SocketAddr>,
        reply: &Reply,
        time: Duration,
    ) {
        let metrics = &self.shared.metrics;
        let status = reply.response.status().as_u16();
        metrics.count(reply.endpoint, status, time.as_secs_f64());
        let Some(log) = &self.shared.access_log else {
            return;
        };
        let target = request.uri().path_and_query();
        let line = Line {
            time: rfc3339(SystemTime::now()),
            client: client.map(|client| client.ip().to_string()),
            method: request.method().to_string(),
            path: target.map_or_else(|| request.uri().to_string(), ToString::to_string),
            status,
            bytes: reply.response.body().size_hint().exact().unwrap_or(0),
            ms: (time.as_secs_f64() * 1e6).round() / 1e3,
            cache: reply.freshness.map(Freshness::name),
        };
        if log.write(line).is_err() {
            metrics.lost_log_lines.inc();
        }
    }
}

/// What Postgres or the cache gave.
enum Answer {
    Body(Body, Option<Duration>),
    Kept(Arc<Entry>, Freshness),
    NoRow,
}

impl Answer {
    fn freshness(&self) -> Option<Freshness> {
        match self {
            Answer::Kept(_, freshness) => Some(*freshness),
            Answer::Body(..) | Answer::NoRow => None,
        }
    }

    fn response(&self, endpoint: &Endpoint, headers: &HeaderMap) -> FullResponse {
        let (body, ttl) = match self {
            Answer::Body(body, ttl) => (body, *ttl),
            Answer::Kept(entry, _) => (&entry.body, endpoint.cache),
            Answer::NoRow => {
                return refused(Refusal::new(
                    endpoint.no_row,
                    "no-row",
                    "there is no such row",
                ));
            }
        };
        let mut response = document(body, headers);
        if let Some(ttl) = ttl {
            let control = keep_for(ttl);
            response.headers_mut().insert(CACHE_CONTROL, control);
        }
        if let Answer::Kept(entry, freshness) = self {
            add_cache_status(response.headers_mut(), entry, *freshness);
        }
        response
    }
}

/// A body with its ETag, compressed where that is asked for; without a body where the client has it.
fn document(body: &Body, asked: &HeaderMap) -> FullResponse {
    let mut response = FullResponse::default();
    let headers = response.headers_mut();
    headers.insert(ETAG, body.etag().clone());
    headers.insert(CACHE_CONTROL, ALWAYS_ASK);
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if has_already(asked, body.etag()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, JSON);
    let compressed = match accepts_gzip(asked) {
        true => body.gzip(),
        false => None,
    };
    if compressed.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    *response.body_mut() = Full::new(compressed.unwrap_or(body.plain()).clone());
    response
}

/// `Cache-Control` of an endpoint's answers: as the cache here does, a client may use them for the same time again while it
/// asks anew.
fn keep_for(ttl: Duration) -> HeaderValue {
    let seconds = ttl.as_secs();
    let text = format!("public, max-age={seconds}, stale-while-revalidate={seconds}");
    HeaderValue::from_str(&text).unwrap_or(ALWAYS_ASK)
}

/// `Age`, and where the answer is from (RFC 9211).
fn add_cache_status(headers: &mut HeaderMap, entry: &Entry, freshness: Freshness) {
    headers.insert(AGE, HeaderValue::from(entry.age().as_secs()));
    headers.insert(
        CACHE_STATUS,
        HeaderValue::from_static(match freshness {
            Freshness::Hit => "seedrow; hit",
            Freshness::Stale => "seedrow; hit; detail=stale",
            Freshness::Miss => "seedrow; fwd=miss; stored",
        }),
    );
}

/// Whether the server rejects a parameter's value: SQLSTATE class 22, data exception.
fn is_about_a_value(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| code.code().starts_with("22"))
}
