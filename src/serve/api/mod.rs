//! What the API answers, without a server: paths and query strings → typed values, mistakes → errors in JSON, and the
//! API's own description. Pure.

mod build;
mod endpoint;
mod index;
mod openapi;
mod reader;
mod refusal;
mod request;
mod responses;
mod type_schema;

pub use build::Api;
pub use endpoint::{BodyForm, Endpoint, OutputColumn, Page, RoutedQuery};
pub use refusal::{Refusal, error_body};
pub use request::{Call, PageStart};
