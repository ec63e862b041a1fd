//! What was forgotten.

use anyhow::Result;

use crate::load::Forgotten;
use crate::report::print;

/// A line for each load given up, and one for the ledger, of one schema or all.
pub fn forgotten(forgotten: &Forgotten, schema: Option<&str>, database: &str) -> Result<()> {
    if !forgotten.ledger {
        return print(&format!("there is no ledger in {database}\n"));
    }
    let mut text = String::new();
    for load in &forgotten.abandoned {
        let emptied = match load.emptied.as_slice() {
            [] => "no table held rows of it".to_owned(),
            tables => format!("emptied {}", tables.join(", ")),
        };
        text.push_str(&format!(
            "gave up the unfinished load in schema {}: {emptied}; constraints and indexes put back: {}\n",
            load.schema, load.put_back
        ));
    }
    let part = schema.map_or_else(String::new, |schema| format!(" of schema {schema}"));
    text.push_str(&format!("removed the ledger{part} from {database}\n"));
    print(&text)
}
