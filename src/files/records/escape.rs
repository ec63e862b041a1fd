//! Escapes behind a backslash, as in Postgres' text format; MySQL's are among them.

use crate::dataset::record_format::Escape;

/// NULL.
pub(super) const NULL: &[u8] = b"\\N";

/// The line that ends the data of a COPY in a script.
pub(super) const END_OF_DATA: &[u8] = b"\\.";

/// Adds a field's text without its escapes; `quote` is what may occur in it twice for one.
pub(super) fn unescape(field: &[u8], quote: Option<u8>, out: &mut Vec<u8>) {
    let mut rest = field;
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (*byte, behind) {
            (b'\\', [_, ..]) => rest = unescape_one(behind, out),
            (byte, [next, behind @ ..]) if Some(byte) == quote && byte == *next => {
                out.push(byte);
                rest = behind;
            }
            (byte, _) => out.push(byte),
        }
    }
}

/// Adds the byte that an escape means; what is behind it. `text` has a byte at least.
fn unescape_one<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let digits = |text: &[u8], radix: u32, most: usize| {
        let digits = text.iter().take(most);
        let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
        digits.take_while(is_digit).count()
    };
    let number = |text: &[u8], radix: u32| {
        let value = text.iter().fold(0_u32, |value, &byte| {
            value * radix + char::from(byte).to_digit(radix).unwrap_or(0)
        });
        u8::try_from(value & 0xff).unwrap_or(0)
    };
    let (byte, behind) = (text[0], &text[1..]);
    match byte {
        b'b' => out.push(0x08),
        b'f' => out.push(0x0c),
        b'n' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b't' => out.push(b'\t'),
        b'v' => out.push(0x0b),
        b'0'..=b'7' => {
            let count = digits(text, 8, 3);
            out.push(number(&text[..count], 8));
            return &text[count..];
        }
        b'x' if digits(behind, 16, 2) > 0 => {
            let count = digits(behind, 16, 2);
            out.push(number(&behind[..count], 16));
            return &behind[count..];
        }
        byte => out.push(byte),
    }
    behind
}

/// Adds a text that is put within quotes.
pub(super) fn write_quoted(text: &str, quote: u8, escape: Escape, out: &mut Vec<u8>) {
    for &byte in text.as_bytes() {
        match escape {
            Escape::Doubled if byte == quote => out.push(quote),
            Escape::Backslash if byte == quote || byte == b'\\' => out.push(b'\\'),
            _ => {}
        }
        out.push(byte);
    }
}

/// Adds a text that isn't put within quotes.
pub(super) fn write_bare(text: &str, delimiter: u8, out: &mut Vec<u8>) {
    for &byte in text.as_bytes() {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte if byte == b'\\' || byte == delimiter => out.extend_from_slice(&[b'\\', byte]),
            byte => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_postgres() {
        let cases: &[(&[u8], &[u8])] = &[
            (b"a\\tb\\nc\\\\d", b"a\tb\nc\\d"),
            (b"\\101\\x42\\x4Z\\xg\\60", b"AB\x04Zxg0"),
            (b"\\,\\\"\\\n\\N\\Z", b",\"\nNZ"),
            (b"end\\", b"end\\"),
            (b"a\"\"b", b"a\"b"),
        ];
        for (field, text) in cases {
            let mut out = Vec::new();
            unescape(field, Some(b'"'), &mut out);
            assert_eq!(out, *text, "{}", String::from_utf8_lossy(field));
        }
    }
}
