//! The API's description: OpenAPI 3.1, and the list of its routes.

use serde_json::{Value, json};

use super::build::Api;

impl Api {
    /// The document that `GET /openapi.json` answers.
    pub fn openapi(&self) -> Value {
        json!({
            "openapi": "3.1.0",
            "info": {"title": "seedrow", "version": env!("CARGO_PKG_VERSION")},
            "paths": {},
        })
    }

    /// The list of routes that `GET /` answers, as JSON.
    pub fn index(&self) -> Value {
        let routes = self
            .endpoints
            .iter()
            .map(|endpoint| endpoint.route.to_string());
        json!({"routes": routes.collect::<Vec<_>>()})
    }
}
