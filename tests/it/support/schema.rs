//! Reports compared with their published JSON Schemas.

use std::path::Path;

use serde_json::Value;

/// The JSON keeps to a file of `data/`.
#[track_caller]
pub fn assert_schema(file: &str, json: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(file);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(json)
        .map(|it| format!("{}: {it}", it.instance_path()))
        .collect();
    assert_eq!(errors, [] as [String; 0], "{json:#}");
}
