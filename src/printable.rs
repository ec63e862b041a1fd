//! Text from outside as messages show it: values, headers, names. A terminal obeys some bytes, and hides others.

/// Characters of a value that messages show.
const SHOWN: usize = 40;

/// A value's bytes, shortened, and without what isn't printed as it is.
pub fn value(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    self::text(&shown)
}

/// Text on one line: characters that aren't printed as they are, line breaks among them, are escaped.
pub fn text(text: &str) -> String {
    escaped(text, |_| false)
}

/// Text of several lines: line breaks and tabs stay.
pub fn lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if stays(c) => shown.push(c),
            // They mean something to `escape_debug`, and nothing to a terminal.
            '"' | '\'' | '\\' => shown.push(c),
            // What joins a letter's parts: alone it would be escaped, in a name it is right.
            c if is_combining(c) => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// Marks that belong to the character before them.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printed_is_escaped() {
        let cases = [
            ("Grün \"x\" 'y' C:\\n", "Grün \"x\" 'y' C:\\n"),
            ("e\u{301}", "e\u{301}"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31m\0\u{7f}", "\\u{1b}[31m\\0\\u{7f}"),
            ("\u{85}\u{202e}x\u{feff}", "\\u{85}\\u{202e}x\\u{feff}"),
        ];
        for (raw, shown) in cases {
            assert_eq!(text(raw), shown);
        }
        assert_eq!(lines("a\n\tb\u{7}"), "a\n\tb\\u{7}");
    }

    #[test]
    fn long_values_are_shortened() {
        assert_eq!(value(&b"x".repeat(40)), "x".repeat(40));
        assert_eq!(value(&b"x".repeat(41)), format!("{}…", "x".repeat(40)));
        assert_eq!(value(b"\xff\xfeI\0d\0"), "\u{fffd}\u{fffd}I\\0d\\0");
    }
}
