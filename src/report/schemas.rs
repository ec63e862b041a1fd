//! The published JSON Schemas of reports are what their types say.

use std::path::Path;

use schemars::{JsonSchema, Schema};

use crate::check::SavedReport;
use crate::report::documents::DocumentsReport;
use crate::stress::StressReport;

/// Each file in `data/`, the command that writes what it describes, and its schema.
fn schemas() -> [(&'static str, &'static str, Schema); 3] {
    [
        (
            "check.schema.json",
            "seedrow check --format json",
            of::<SavedReport>(),
        ),
        (
            "stress.schema.json",
            "seedrow stress --format json",
            of::<StressReport>(),
        ),
        (
            "documents.schema.json",
            "seedrow compare --documents --format json",
            of::<DocumentsReport>(),
        ),
    ]
}

fn of<T: JsonSchema>() -> Schema {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
}

/// `UPDATE=1 cargo test --lib the_published_schemas` writes them anew.
#[test]
fn the_published_schemas_are_generated() {
    for (file, title, mut schema) in schemas() {
        schema.insert("title".to_owned(), title.into());
        let generated = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("data")
            .join(file);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            published == generated,
            "{file} is not what the types say: `UPDATE=1 cargo test --lib the_published_schemas` writes it"
        );
    }
}
