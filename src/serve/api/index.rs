//! The list of routes at `/`: JSON for programs, a page for browsers.

use maud::{DOCTYPE, html};
use serde_json::{Value, json};

use super::build::Api;
use super::endpoint::Endpoint;
use crate::queries::ParameterValue;

impl Api {
    /// The list of routes as JSON.
    pub fn index(&self) -> Value {
        let route = |endpoint: &Endpoint| {
            json!({
                "route": endpoint.route.to_string(),
                "query": endpoint.query.name,
                "about": endpoint.query.header.about,
                "example": endpoint.example(),
            })
        };
        let routes = self.endpoints.iter().map(route);
        json!({"routes": routes.collect::<Vec<_>>(), "openapi": "/openapi.json"})
    }

    /// The list of routes as a page.
    pub fn index_page(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    title { "Routes" }
                    style { "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}dt{margin-top:1rem}" }
                }
                body {
                    h1 { "Routes" }
                    dl {
                        @for endpoint in &self.endpoints {
                            dt { code { (endpoint.route) } }
                            dd {
                                (endpoint.query.header.about)
                                @if let Some(example) = endpoint.example() {
                                    " " a href=(example) { (example) }
                                }
                            }
                        }
                    }
                    p { a href="/openapi.json" { "OpenAPI" } }
                }
            }
        };
        page.into_string()
    }
}

impl Endpoint {
    /// A path that answers; `None` where no value is known for a parameter.
    fn example(&self) -> Option<String> {
        let values = self.readers.iter().map(|reader| reader.example());
        let values = values.collect::<Option<Vec<ParameterValue>>>()?;
        Some(self.route.fill(&values))
    }
}
