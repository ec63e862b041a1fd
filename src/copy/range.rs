//! The text of a range, taken apart into its bounds' texts.

/// A range as its text gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeText {
    /// Whether it is `empty`.
    pub empty: bool,
    /// The lower bound's text; `None` for none.
    pub lower: Option<Vec<u8>>,
    /// The upper bound's text; `None` for none.
    pub upper: Option<Vec<u8>>,
    /// Whether the lower bound belongs to the range.
    pub lower_inclusive: bool,
    /// Whether the upper bound belongs to the range.
    pub upper_inclusive: bool,
}

impl RangeText {
    /// Reads a whole text: `[1,5)`, `(,"b c"]`, `empty`, blanks around it.
    pub fn parse(text: &[u8]) -> Option<RangeText> {
        let (range, rest) = RangeText::read(text)?;
        rest.trim_ascii_start().is_empty().then_some(range)
    }

    /// Reads a multirange: ranges in braces, commas between them.
    pub fn parse_all(text: &[u8]) -> Option<Vec<RangeText>> {
        let inner = text.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?;
        let mut ranges = Vec::new();
        let mut rest = inner.trim_ascii();
        while !rest.is_empty() {
            let (range, behind) = RangeText::read(rest)?;
            ranges.push(range);
            rest = match behind.trim_ascii_start() {
                [] => return Some(ranges),
                [b',', behind @ ..] if !behind.trim_ascii().is_empty() => behind,
                _ => return None,
            };
        }
        Some(ranges)
    }

    /// Reads a range and returns what comes behind it.
    fn read(text: &[u8]) -> Option<(RangeText, &[u8])> {
        const EMPTY: usize = b"empty".len();
        let text = text.trim_ascii_start();
        if text.len() >= EMPTY && text[..EMPTY].eq_ignore_ascii_case(b"empty") {
            let empty = RangeText {
                empty: true,
                ..RangeText::default()
            };
            return Some((empty, &text[EMPTY..]));
        }
        let (&open, rest) = text.split_first()?;
        let lower_inclusive = inclusive(open, b'[', b'(')?;
        let (lower, rest) = bound(rest)?;
        let (upper, rest) = bound(rest.strip_prefix(b",")?)?;
        let (&close, rest) = rest.split_first()?;
        let range = RangeText {
            empty: false,
            lower,
            upper,
            lower_inclusive,
            upper_inclusive: inclusive(close, b']', b')')?,
        };
        Some((range, rest))
    }

    /// The flags that `range_recv` reads.
    pub fn flags(&self) -> u8 {
        const EMPTY: u8 = 0x01;
        const LOWER_INCLUSIVE: u8 = 0x02;
        const UPPER_INCLUSIVE: u8 = 0x04;
        const LOWER_INFINITE: u8 = 0x08;
        const UPPER_INFINITE: u8 = 0x10;
        if self.empty {
            return EMPTY;
        }
        let flags = [
            (self.lower_inclusive, LOWER_INCLUSIVE),
            (self.upper_inclusive, UPPER_INCLUSIVE),
            (self.lower.is_none(), LOWER_INFINITE),
            (self.upper.is_none(), UPPER_INFINITE),
        ];
        let set = flags.iter().filter(|(set, _)| *set);
        set.fold(0, |all, (_, flag)| all | flag)
    }
}

fn inclusive(byte: u8, inclusive: u8, exclusive: u8) -> Option<bool> {
    match byte {
        _ if byte == inclusive => Some(true),
        _ if byte == exclusive => Some(false),
        _ => None,
    }
}

/// Reads a bound up to what ends it, quotes and escapes removed; blanks belong to it. Nothing at all is no bound.
fn bound(text: &[u8]) -> Option<(Option<Vec<u8>>, &[u8])> {
    let ends = |byte: u8| matches!(byte, b',' | b')' | b']');
    if ends(*text.first()?) {
        return Some((None, text));
    }
    let (mut value, mut quoted, mut rest) = (Vec::new(), false, text);
    loop {
        match rest {
            [byte, ..] if !quoted && ends(*byte) => return Some((Some(value), rest)),
            [b'\\', byte, behind @ ..] => {
                value.push(*byte);
                rest = behind;
            }
            [b'"', b'"', behind @ ..] if quoted => {
                value.push(b'"');
                rest = behind;
            }
            [b'"', behind @ ..] => {
                quoted = !quoted;
                rest = behind;
            }
            [byte, behind @ ..] if *byte != b'\\' => {
                value.push(*byte);
                rest = behind;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Option<(Option<String>, Option<String>, u8)> {
        let range = RangeText::parse(text.as_bytes())?;
        let text = |bound: &Option<Vec<u8>>| bound.clone().map(|it| String::from_utf8(it).unwrap());
        Some((text(&range.lower), text(&range.upper), range.flags()))
    }

    #[test]
    fn bounds_are_bare_quoted_or_missing() {
        assert_eq!(
            range("[1,5)"),
            Some((Some("1".into()), Some("5".into()), 2))
        );
        assert_eq!(range(" (,5] "), Some((None, Some("5".into()), 4 | 8)));
        assert_eq!(range("(,)"), Some((None, None, 8 | 16)));
        assert_eq!(range("EMPTY"), Some((None, None, 1)));
        assert_eq!(
            range("[\"a,\"\"b\\]\", c )"),
            Some((Some("a,\"b]".into()), Some(" c ".into()), 2))
        );
        assert_eq!(
            range("[\"\",a]"),
            Some((Some(String::new()), Some("a".into()), 2 | 4))
        );
        for text in ["", "1,5", "[1,5", "[1]", "[1,2,3]", "[1,5) x", "[\"1,5)"] {
            assert_eq!(range(text), None, "{text}");
        }
    }

    #[test]
    fn multiranges_are_ranges_in_braces() {
        let count = |text: &str| RangeText::parse_all(text.as_bytes()).map(|all| all.len());
        assert_eq!(count("{}"), Some(0));
        assert_eq!(count("{[1,2), [3,4) ,empty}"), Some(3));
        for text in ["", "[1,2)", "{[1,2),}", "{[1,2)[3,4)}", "{,}"] {
            assert_eq!(count(text), None, "{text}");
        }
    }
}
