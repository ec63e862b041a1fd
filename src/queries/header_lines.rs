//! The comment lines of a query file's header: which of them declare something, and which are prose.

use serde_json::Value;

/// The directive that is written `-- param name: value`; all others are written `-- name: value`.
pub const PARAM: &str = "param";

/// The directive whose value is JSON, on as many lines as it needs.
pub const RESPONSE: &str = "response";

/// A directive as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// Its name.
    pub name: &'a str,
    /// What follows its name and, where it has one, the colon.
    pub text: String,
    /// Its first line's number, from 1.
    pub line: usize,
    /// Its last line's number.
    pub last_line: usize,
}

/// The declarations in the comments before the statement.
pub fn declarations(text: &str) -> Vec<Declaration<'_>> {
    let mut declarations = Vec::new();
    let mut lines = comment_lines(text).peekable();
    while let Some((line, comment)) = lines.next() {
        let Some((name, first)) = split_directive(comment) else {
            continue;
        };
        let mut text = first.to_owned();
        let mut last_line = line;
        while name == RESPONSE
            && is_unfinished(&text)
            && let Some((number, more)) = lines.next_if(|(_, more)| split_directive(more).is_none())
        {
            text.push('\n');
            text.push_str(more);
            last_line = number;
        }
        declarations.push(Declaration {
            name,
            text,
            line,
            last_line,
        });
    }
    declarations
}

/// The first paragraph's prose on one line.
pub fn prose(text: &str, declarations: &[Declaration<'_>]) -> String {
    let is_declared = |line: usize| {
        let mut declarations = declarations.iter();
        declarations.any(|it| (it.line..=it.last_line).contains(&line))
    };
    let paragraph = text.lines().map(str::trim).enumerate();
    let paragraph = paragraph
        .skip_while(|(_, line)| line.is_empty())
        .take_while(|(_, line)| line.starts_with("--"))
        .filter(|(at, _)| !is_declared(at + 1));
    let comments = paragraph.map(|(_, line)| line.trim_start_matches('-').trim());
    let prose = comments.filter(|it| !it.is_empty());
    prose.collect::<Vec<_>>().join(" ")
}

/// Whether JSON goes on in the next line.
fn is_unfinished(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_err_and(|error| error.is_eof())
}

/// The comment lines before the statement with their numbers, the dashes left out.
fn comment_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().map(str::trim).enumerate();
    lines
        .take_while(|(_, line)| line.is_empty() || line.starts_with("--"))
        .map(|(at, line)| (at + 1, line.trim_start_matches('-').trim()))
}

/// The directive's name and what follows it; `None` for prose.
///
/// One lower-case word and a colon is a directive, known or not; so is a word that is nearly `param` before a name and a
/// colon: a misspelled directive must not pass for prose.
pub fn split_directive(comment: &str) -> Option<(&str, &str)> {
    let end = comment.find(|c: char| !(c.is_ascii_lowercase() || c == '-'))?;
    let (word, rest) = comment.split_at(end);
    if word.is_empty() {
        return None;
    }
    let is_named = word == PARAM;
    if let Some(value) = rest.strip_prefix(':').filter(|_| !is_named) {
        let prose = !(value.is_empty() || value.starts_with(' '));
        return (!prose).then_some((word, value.trim()));
    }
    let names_one = rest
        .split_once(':')
        .is_some_and(|(name, _)| name.split_whitespace().count() == 1);
    let is_misspelled = || strsim::jaro_winkler(word, PARAM) > 0.8;
    (is_named || (names_one && is_misspelled())).then_some((word, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_on_until_it_is_whole() {
        let text = "-- Meta: what reviews say.\n-- response: {\n--   \"product\": \"string\",\n--   \"counts\": {\"*\": \"string\"}\n-- }\n\
                    -- of one product\n-- cache: 5s\n\n-- Not it.\nSELECT 1";
        let declarations = declarations(text);
        let read: Vec<_> = declarations
            .iter()
            .map(|it| (it.name, it.line, it.last_line))
            .collect();
        assert_eq!(read, [("response", 2, 5), ("cache", 7, 7)]);
        assert!(declarations[0].text.ends_with("\"string\"}\n}"));
        assert_eq!(
            prose(text, &declarations),
            "Meta: what reviews say. of one product"
        );
    }

    #[test]
    fn unfinished_json_ends_before_the_next_directive() {
        let declarations = declarations("-- response: {\"a\":\n-- cache: 5s\nSELECT 1");
        let names: Vec<_> = declarations.iter().map(|it| it.name).collect();
        assert_eq!(names, ["response", "cache"]);
    }
}
