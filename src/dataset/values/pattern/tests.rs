use std::collections::HashSet;

use super::*;
use crate::dataset::draw::Key;

fn text(pattern: &Pattern, choices: Choices) -> String {
    let mut out = Vec::new();
    pattern.write(choices, &mut out);
    String::from_utf8(out).unwrap()
}

/// Expressions as public schemas have them, and some that are ambiguous as they are.
const EXPRESSIONS: &[&str] = &[
    r"^[a-z0-9]+(-[a-z0-9]+)*$",
    r"^[A-Z]{2}\d{6}$",
    r"^\+?[1-9]\d{1,14}$",
    r"^#[0-9a-fA-F]{6}$",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    r"^.+@.+\..+$",
    r"^(pending|paid|shipped|cancelled|pay)$",
    r"^\w+\w*$",
    r"^[a-z][a-z0-9_]*[a-z0-9]$",
    r"^(a|a|ab|abc)*x?$",
    r"^(https?|ftp)://[a-z]+\.example(/[a-z]*)?$",
    r"\S",
    r"^\s*[a-z]+\s*$",
    r"[[:alpha:]]{3,}",
    r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$",
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
    r"^[a-zé]+$",
    r"^(a?b?){2}c$",
    r"(^|,)x(,|$)",
    r"^\{[a-z]*\}$",
    r"^{[a-z]}$",
    r"\mfoo\M",
    r"(?i)^prefix-[0-9]+$",
    r"^[A-Za-z0-9+/]{4,}={0,2}$",
    r"^(\d+\.)?(\d+\.)?(\*|\d+)$",
    r"^[A-Z]+[a-z]+$",
    r"^(abc|ABC|Abd)$",
];

#[test]
fn texts_match_their_expression_and_distinct_indexes_give_distinct_ones() {
    let key = Key::new(1, "t", "c");
    for expression in EXPRESSIONS {
        let pattern = Pattern::new(expression, 0, None).unwrap();
        let spelled = expression
            .replace(r"\m", r"\b")
            .replace(r"\M", r"\b")
            .replace("^{[a-z]}", r"^\{[a-z]\}");
        let regex = regex::Regex::new(&spelled).unwrap();
        let domain = pattern.domain();
        let rows = u64::try_from(domain.min(2000)).unwrap();
        let mut seen = HashSet::new();
        for row in 0..rows {
            // The first and the last of the domain.
            for index in [row, u64::try_from(domain).unwrap() - 1 - row] {
                let text = text(&pattern, Choices::of_index(key, row, index, domain));
                assert!(regex.is_match(&text), "{expression} {text:?}");
                seen.insert((text.to_lowercase(), index));
            }
            let drawn = text(&pattern, Choices::drawn(row, key.row(row)));
            assert!(regex.is_match(&drawn), "{expression} {drawn:?}");
        }
        let texts: HashSet<_> = seen.iter().map(|(text, _)| text).collect();
        assert_eq!(texts.len(), seen.len(), "{expression}");
    }
}

#[test]
fn all_branches_of_literals_are_kept() {
    let pattern = Pattern::new("^(pending|paid|pay|shipped)$", 0, None).unwrap();
    assert_eq!(pattern.domain(), 4);
    assert_eq!(
        Pattern::new("^([AB]|C[0-9])$", 0, None).unwrap().domain(),
        12
    );
}

#[test]
fn lengths_are_kept() {
    let key = Key::new(1, "t", "c");
    for (expression, min, max) in [
        ("^[a-z]+$", 8, 10),
        (r"^\S.*$", 1, 3),
        ("^[a-z0-9]+(-[a-z0-9]+)*$", 1, 30),
        ("^[a-z]+$", 40, 40),
        ("^a{1,255}$", 200, 255),
    ] {
        let pattern = Pattern::new(expression, min, Some(max)).unwrap();
        for row in 0..500 {
            let length = text(&pattern, Choices::drawn(row, key.row(row)))
                .chars()
                .count();
            assert!(
                (min as usize..=max as usize).contains(&length),
                "{expression} {length}"
            );
        }
    }
}

#[test]
fn what_is_not_supported_is_named() {
    for (expression, message) in [
        ("(?=a)b", "look-around"),
        (r"(a)\1", "refers back"),
        ("a(", "unclosed group"),
        ("a^b", "no text matches"),
        (r"a\yb", "at the text's start and end"),
        (r"a\", "ends with a backslash"),
    ] {
        let error = Pattern::new(expression, 0, None).unwrap_err().to_string();
        assert!(error.contains(message), "{expression}: {error}");
    }
    let error = Pattern::new("^[A-Z]{4}$", 0, Some(3))
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("the shortest has 4"), "{error}");
}
