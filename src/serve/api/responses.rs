//! What each status of an operation means, with the JSON Schema of its body: of a query's columns, or as its file says.

use serde_json::{Map, Value, json};

use super::endpoint::{BodyForm, Endpoint, OutputColumn};
use super::type_schema::type_schema;
use crate::copy::{DataType, Scalar, TypeKind};
use crate::queries::{JsonForm, JsonType};

/// The statuses of a path's queries.
pub fn responses(endpoints: &[&Endpoint]) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), found(endpoints));
    responses.insert("304".to_owned(), unchanged());
    let wrong = "A parameter is wrong, missing or given more than once.";
    responses.insert("400".to_owned(), error(wrong));
    responses.insert("404".to_owned(), error("There is no such row."));
    for endpoint in endpoints {
        let status = endpoint.no_row.to_string();
        responses
            .entry(status)
            .or_insert_with(|| no_row(endpoint.no_row));
    }
    responses.insert("500".to_owned(), error("The query failed."));
    responses.insert("503".to_owned(), unavailable());
    Value::Object(responses)
}

fn found(endpoints: &[&Endpoint]) -> Value {
    let mut schemas: Vec<Value> = Vec::new();
    for endpoint in endpoints {
        let schema = body_schema(endpoint);
        if !schemas.contains(&schema) {
            schemas.push(schema);
        }
    }
    let schema = match schemas.pop() {
        Some(only) if schemas.is_empty() => only,
        last => {
            schemas.extend(last);
            json!({"anyOf": schemas})
        }
    };
    json!({
        "description": "What the query returns.",
        "headers": {
            "ETag": header("Changes with the body; for If-None-Match.", "string"),
            "Cache-Control": header("How long a client may keep it.", "string"),
        },
        "content": {"application/json": {"schema": schema}},
    })
}

fn unchanged() -> Value {
    json!({
        "description": "The client has it already (If-None-Match).",
        "headers": {"ETag": header("The body's.", "string")},
    })
}

fn unavailable() -> Value {
    let mut response = error("Overloaded, or no connection to Postgres; to be tried again.");
    let seconds = header("After how many seconds.", "integer");
    response["headers"] = json!({"Retry-After": seconds});
    response
}

/// 204 has no body.
fn no_row(status: u16) -> Value {
    const MEANING: &str = "There is no such row.";
    match status {
        204 => json!({"description": MEANING}),
        _ => error(MEANING),
    }
}

fn header(description: &str, ty: &str) -> Value {
    json!({"description": description, "schema": {"type": ty}})
}

fn error(description: &str) -> Value {
    let schema = json!({"$ref": "#/components/schemas/Error"});
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

/// Of an error's body.
pub fn error_schema() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "required": ["status", "error", "message"],
        "properties": {
            "status": {"type": "integer", "description": "The HTTP status."},
            "error": text("What kind of error it is."),
            "message": text("What is wrong, and what is expected."),
            "parameter": text("The parameter that is wrong."),
            "value": text("Its value, shortened and printable."),
            "expected": text("What it takes."),
        },
    })
}

fn body_schema(endpoint: &Endpoint) -> Value {
    match (&endpoint.query.header.response, &endpoint.body) {
        (Some(form), _) => form_schema(form),
        (None, BodyForm::Value(_)) => json!({}),
        (None, BodyForm::Object(columns)) => row_schema(columns),
        (None, BodyForm::Array(columns)) => json!({"type": "array", "items": row_schema(columns)}),
    }
}

fn form_schema(form: &JsonForm) -> Value {
    match form {
        JsonForm::Typed { ty, nullable } => match nullable {
            true => or_null(json_type_schema(*ty)),
            false => json_type_schema(*ty),
        },
        JsonForm::Object(members) => object_schema(
            members
                .iter()
                .map(|(name, form)| (name.clone(), form_schema(form))),
        ),
        JsonForm::Map(form) => {
            json!({"type": "object", "additionalProperties": form_schema(form)})
        }
        JsonForm::List(form) => json!({"type": "array", "items": form_schema(form)}),
    }
}

fn json_type_schema(ty: JsonType) -> Value {
    match ty {
        JsonType::Any => json!({}),
        JsonType::Boolean => json!({"type": "boolean"}),
        JsonType::Integer => json!({"type": "integer"}),
        JsonType::Number => json!({"type": "number"}),
        JsonType::String => json!({"type": "string"}),
        JsonType::Date => json!({"type": "string", "format": "date"}),
        JsonType::DateTime => json!({"type": "string", "format": "date-time"}),
        JsonType::Uuid => json!({"type": "string", "format": "uuid"}),
    }
}

/// Any column may be NULL in a result, whatever its table says: behind an outer join it is.
fn row_schema(columns: &[OutputColumn]) -> Value {
    let member = |column: &OutputColumn| {
        let schema = or_null(column_schema(&column.data_type));
        (column.name.clone(), schema)
    };
    object_schema(columns.iter().map(member))
}

fn object_schema(members: impl Iterator<Item = (String, Value)>) -> Value {
    let members: Map<String, Value> = members.collect();
    let names: Vec<&String> = members.keys().collect();
    json!({
        "type": "object",
        "required": names,
        "properties": members,
        "additionalProperties": false,
    })
}

/// How `row_to_json` writes a type's values.
fn column_schema(data_type: &DataType) -> Value {
    let base = data_type.base();
    match &base.kind {
        TypeKind::Scalar(Scalar::Json | Scalar::Jsonb) | TypeKind::Other => json!({}),
        TypeKind::Composite(_) => json!({"type": "object"}),
        // Of any number of dimensions.
        TypeKind::Array(..) => json!({"type": "array"}),
        TypeKind::Scalar(_)
        | TypeKind::Enum(_)
        | TypeKind::Domain(_)
        | TypeKind::Range(_)
        | TypeKind::Multirange(_) => type_schema(base),
    }
}

/// The same, or null.
fn or_null(mut schema: Value) -> Value {
    if let Some(ty) = schema.get("type").cloned() {
        schema["type"] = json!([ty, "null"]);
    }
    if let Some(labels) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        labels.push(Value::Null);
    }
    schema
}
