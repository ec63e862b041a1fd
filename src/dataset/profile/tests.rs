use anyhow::Result;

use super::*;
use crate::dataset::document::Document;

fn read(text: &str) -> Result<TableProfile> {
    let (document, root) = Document::parse("x.toml", text)?;
    table(&document.root(&root), "t", &["a", "b", "c d"])
}

#[test]
fn what_is_written_is_read() {
    let text = "\
[profile]
a = { null = 0.02 }
\"c d\" = { null = 1 }
";
    let profile = read(text).unwrap();
    let written = format!("[profile]\n{profile}");
    assert_eq!(written, text);
    assert_eq!(read(&written).unwrap().columns.len(), 2);
}
