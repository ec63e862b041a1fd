//! Names as SQL writes them: `schema.table.column`, quoted or not.

/// The parts of a dotted name: a quoted part as is, an unquoted one in lower case; `None` when it is no name.
pub fn parse_qualified(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let (name, behind) = match rest.strip_prefix('"') {
            Some(inner) => quoted_part(inner)?,
            None => unquoted_part(rest),
        };
        if name.is_empty() {
            return None;
        }
        names.push(name);
        match behind.strip_prefix('.') {
            Some(next) => rest = next,
            None => return behind.is_empty().then_some(names),
        }
    }
}

/// The name up to its closing quote, doubled quotes undone, and the text after it.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        match behind.strip_prefix('"') {
            Some(next) => {
                name.push('"');
                rest = next;
            }
            None => return Some((name, behind)),
        }
    }
}

fn unquoted_part(text: &str) -> (String, &str) {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
    let (name, behind) = text.split_at(end.unwrap_or(text.len()));
    (name.to_lowercase(), behind)
}
