//! JSON on one line: Postgres puts blanks and line breaks between members and elements. Pure.

/// Appends a JSON text without the white space between its tokens; all else stays as it is, the order of keys too.
pub fn compact(json: &str, out: &mut Vec<u8>) {
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' if !is_string => continue,
            b'"' if !is_escaped => is_string = !is_string,
            _ => {}
        }
        is_escaped = byte == b'\\' && !is_escaped;
        out.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_between_tokens_goes() {
        let cases = [
            ("{\"a b\" : [1, \n 2]}", "{\"a b\":[1,2]}"),
            (
                r#"{"a\" b" : "c\\" , "d": "e f"}"#,
                r#"{"a\" b":"c\\","d":"e f"}"#,
            ),
            ("null", "null"),
            ("\"é \u{a0}\"", "\"é \u{a0}\""),
            (
                "{\"b\" : 1, \"a\" : 2, \"b\" : 3}",
                "{\"b\":1,\"a\":2,\"b\":3}",
            ),
        ];
        for (json, expected) in cases {
            let mut out = Vec::new();
            compact(json, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
