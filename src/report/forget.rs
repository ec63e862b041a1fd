//! The output of `seedrow forget`.

use anyhow::Result;

use crate::load::Forgotten;
use crate::report::print_text;

/// A line for each load abandoned, and one for the ledger, of one schema or all.
pub fn forgotten(forgotten: &Forgotten, schema: Option<&str>, database: &str) -> Result<()> {
    if !forgotten.ledger {
        return print_text(&format!("there is no ledger in {database}\n"));
    }
    let mut text = String::new();
    for load in &forgotten.abandoned {
        let emptied = match load.emptied.as_slice() {
            [] => "no table held rows of it".to_owned(),
            tables => format!("emptied {}", tables.join(", ")),
        };
        text.push_str(&format!(
            "abandoned the unfinished load in schema {}: {emptied}; constraints and indexes restored: {}\n",
            load.schema, load.restored
        ));
    }
    let part = schema.map_or_else(String::new, |schema| format!(" of schema {schema}"));
    text.push_str(&format!("removed the ledger{part} from {database}\n"));
    print_text(&text)
}
