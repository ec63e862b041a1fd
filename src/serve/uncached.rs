//! Responses in JSON that are not cached: errors, and what the health checks answer.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, StatusCode};

use super::api::Refusal;
use super::connection::FullResponse;
use super::cors::ALLOWED;

/// Of all answers but a page.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");

/// An error in JSON.
pub fn refused(refusal: Refusal) -> FullResponse {
    let mut response = json(refusal.body);
    *response.status_mut() =
        StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// 405.
pub fn method_not_allowed(method: &Method) -> FullResponse {
    let mut response = refused(Refusal::method_not_allowed(method.as_str()));
    response.headers_mut().insert(ALLOW, ALLOWED);
    response
}

/// 503, to be tried again in a second.
pub fn unavailable(error: &str, message: &str) -> FullResponse {
    let mut response = refused(Refusal::new(503, error, message));
    let second = HeaderValue::from_static("1");
    response.headers_mut().insert(RETRY_AFTER, second);
    response
}

/// JSON that no cache stores.
pub fn json(bytes: Bytes) -> FullResponse {
    let mut response = FullResponse::new(Full::new(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, NOT_KEPT);
    response
}
