//! Cross-origin requests: which origins' pages may read the answers.

use hyper::StatusCode;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, HeaderMap, HeaderValue, ORIGIN,
    VARY,
};

use super::connection::FullResponse;

/// The methods of every path.
pub const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// The origins allowed: none, some, or `*` for all.
#[derive(Debug, Clone, Default)]
pub struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    /// These origins; `*` allows all.
    pub fn new(origins: Vec<HeaderValue>) -> Cors {
        Cors { origins }
    }

    /// Adds what lets the requesting page read the response, where its origin is allowed.
    pub fn allow(&self, request: &HeaderMap, response: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        if self.origins.iter().any(|it| it == "*") {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            response.append(VARY, HeaderValue::from_static("Origin"));
            let asking = request.get(ORIGIN);
            let Some(origin) = asking.filter(|origin| self.origins.contains(origin)) else {
                return;
            };
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        let exposed = HeaderValue::from_static("ETag, Cache-Status, Retry-After");
        response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }

    /// The answer to OPTIONS.
    pub fn options(&self) -> FullResponse {
        let mut response = FullResponse::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ALLOW, ALLOWED);
        if !self.origins.is_empty() {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, ALLOWED);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        }
        response
    }
}
