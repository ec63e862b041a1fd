//! The API's description as OpenAPI 3.1: paths, parameters with their types and bounds, statuses, the shape of errors.

use serde_json::{Map, Value, json};

use super::build::{Api, Path};
use super::endpoint::Endpoint;
use super::reader::Reader;
use super::responses::{error_schema, responses};
use super::type_schema::type_schema;
use crate::queries::{PAGE, Segment, WithoutKey};

impl Api {
    /// The document that `GET /openapi.json` answers.
    pub fn openapi(&self) -> Value {
        let path = |path: &Path| {
            let first = &self.endpoints[path.endpoints[0]];
            (first.route.template(), json!({"get": self.operation(path)}))
        };
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "seedrow",
                "description": "The queries of a dataset, read-only.",
                "version": env!("CARGO_PKG_VERSION"),
            },
            "paths": Value::Object(self.paths.iter().map(path).collect()),
            "components": {"schemas": {"Error": error_schema()}},
        })
    }

    /// The queries of a path are one operation.
    fn operation(&self, path: &Path) -> Value {
        let endpoints: Vec<&Endpoint> = path
            .endpoints
            .iter()
            .map(|&at| &self.endpoints[at])
            .collect();
        let names: Vec<&str> = endpoints.iter().map(|it| it.query.name.as_str()).collect();
        let about = endpoints.iter().map(|it| it.query.header.about.as_str());
        let about: Vec<&str> = about.filter(|about| !about.is_empty()).collect();
        let mut operation = Map::new();
        operation.insert("operationId".to_owned(), names.join("-or-").into());
        if !about.is_empty() {
            operation.insert("description".to_owned(), about.join("\n\n").into());
        }
        operation.insert("parameters".to_owned(), parameters(&endpoints).into());
        operation.insert("responses".to_owned(), responses(&endpoints));
        Value::Object(operation)
    }
}

/// The parameters of all the path's queries, each once.
fn parameters(endpoints: &[&Endpoint]) -> Vec<Value> {
    let mut described: Vec<Value> = Vec::new();
    let of_endpoints = endpoints.iter().flat_map(|endpoint| {
        let readers = endpoint.readers.iter().enumerate();
        readers.map(|(place, reader)| parameter(endpoint, place, reader))
    });
    let all = of_endpoints
        .chain(condition(endpoints))
        .chain(page(endpoints));
    for parameter in all {
        let is_known = |it: &Value| it["name"] == parameter["name"];
        if !described.iter().any(is_known) {
            described.push(parameter);
        }
    }
    described
}

fn parameter(endpoint: &Endpoint, place: usize, reader: &Reader) -> Value {
    let in_path = endpoint
        .route
        .segments
        .iter()
        .any(|segment| matches!(segment, Segment::Parameter { place: it, .. } if *it == place));
    let is_paged = endpoint.page.is_some_and(|page| page.place == place);
    let mut schema = schema(reader);
    if let Some(default) = &reader.default {
        schema["default"] = default.to_json();
    }
    let mut parameter = json!({
        "name": reader.name,
        "in": if in_path { "path" } else { "query" },
        "required": reader.default.is_none() && !is_paged,
        "schema": schema,
    });
    if is_paged {
        parameter["description"] =
            format!("In place of `{PAGE}`: the last value of the page before.").into();
    }
    if let Some(example) = reader.example() {
        parameter["example"] = example.to_json();
    }
    parameter
}

/// The key that chooses one of a path's queries.
fn condition(endpoints: &[&Endpoint]) -> Option<Value> {
    let conditions = endpoints
        .iter()
        .filter_map(|it| it.route.condition.as_ref());
    let conditions: Vec<_> = conditions.collect();
    let values: Vec<&str> = conditions.iter().map(|it| it.value.as_str()).collect();
    let default = conditions
        .iter()
        .find(|it| it.without_key == WithoutKey::Chosen);
    let mut schema = json!({"type": "string", "enum": values});
    if let Some(default) = default {
        schema["default"] = default.value.as_str().into();
    }
    Some(json!({
        "name": conditions.first()?.key,
        "in": "query",
        "required": default.is_none(),
        "schema": schema,
    }))
}

fn page(endpoints: &[&Endpoint]) -> Option<Value> {
    endpoints.iter().find(|endpoint| endpoint.page.is_some())?;
    Some(json!({
        "name": PAGE,
        "in": "query",
        "required": false,
        "schema": {"type": "integer", "format": "int64", "minimum": 1, "default": 1},
        "example": 1,
    }))
}

/// The JSON Schema of a parameter's values.
fn schema(reader: &Reader) -> Value {
    let mut schema = type_schema(&reader.ty.data_type);
    let range = reader.range().map(|(min, max)| (Some(min), Some(max)));
    let (min, max) = range.unwrap_or((reader.bounds.min, reader.bounds.max));
    for (name, bound) in [("minimum", min), ("maximum", max)] {
        if let Some(bound) = bound {
            schema[name] = bound.into();
        }
    }
    schema
}
