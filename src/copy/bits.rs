//! Bytes and bits as text: uuid, bytea, bit strings, and the hexadecimal digits they share.

/// A hexadecimal digit's value.
#[inline]
pub fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Appends bytes as lower-case hexadecimal digits.
pub fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for &byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// 32 hexadecimal digits, hyphens between groups of four, braces around it; no blanks.
pub fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    let inner = text
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    let text = inner.unwrap_or(text);
    let mut uuid = [0; 16];
    let mut count = 0;
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'-' {
            // A hyphen follows a group, and a digit a hyphen.
            let next_is_digit = rest.first().is_some_and(|&next| next != b'-');
            if count == 0 || count % 4 != 0 || !next_is_digit {
                return None;
            }
            continue;
        }
        let digit = hex_digit(byte)?;
        *uuid.get_mut(count / 2)? |= if count % 2 == 0 { digit << 4 } else { digit };
        count += 1;
    }
    (count == 32).then_some(uuid)
}

/// Appends a uuid in groups of 8, 4, 4, 4 and 12 digits.
pub fn write_uuid(uuid: &[u8; 16], out: &mut Vec<u8>) {
    for (group, bytes) in [
        &uuid[..4],
        &uuid[4..6],
        &uuid[6..8],
        &uuid[8..10],
        &uuid[10..],
    ]
    .into_iter()
    .enumerate()
    {
        if group > 0 {
            out.push(b'-');
        }
        write_hex(bytes, out);
    }
}

/// Appends the bytes that a bytea's text means: `\x` and hexadecimal digits, blanks between the pairs, or else any
/// bytes with `\\` and `\ooo` for some. `None` when it is neither.
pub fn write_bytea(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match text.strip_prefix(b"\\x") {
        Some(digits) => each_hex_byte(digits, |byte| out.push(byte)),
        None => each_escaped_byte(text, |byte| out.push(byte)),
    }
}

/// Whether [`write_bytea`] can read a text.
pub fn is_bytea(text: &[u8]) -> bool {
    match text.strip_prefix(b"\\x") {
        Some(digits) => each_hex_byte(digits, |_| {}).is_some(),
        None => each_escaped_byte(text, |_| {}).is_some(),
    }
}

fn each_hex_byte(digits: &[u8], mut each: impl FnMut(u8)) -> Option<()> {
    let mut rest = digits;
    while let Some((&high, behind)) = rest.split_first() {
        rest = behind;
        if matches!(high, b' ' | b'\n' | b'\t' | b'\r') {
            continue;
        }
        let (&low, behind) = rest.split_first()?;
        rest = behind;
        each(hex_digit(high)? << 4 | hex_digit(low)?);
    }
    Some(())
}

fn each_escaped_byte(text: &[u8], mut each: impl FnMut(u8)) -> Option<()> {
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' {
            each(byte);
            continue;
        }
        match rest {
            [b'\\', behind @ ..] => {
                each(b'\\');
                rest = behind;
            }
            [
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                behind @ ..,
            ] => {
                each((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = behind;
            }
            _ => return None,
        }
    }
    Some(())
}

/// The digits of a bit string as text, and how many bits each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits<'a> {
    digits: &'a [u8],
    /// 1 for `b'0101'`, 4 for `x'1F'`.
    width: usize,
}

impl<'a> Bits<'a> {
    /// Reads `0101`, `b0101` or `x1F`.
    pub fn parse(text: &'a [u8]) -> Option<Bits<'a>> {
        let (digits, width) = match text.split_first() {
            Some((b'b' | b'B', digits)) => (digits, 1),
            Some((b'x' | b'X', digits)) => (digits, 4),
            _ => (text, 1),
        };
        let fits = |&byte: &u8| match width {
            1 => matches!(byte, b'0' | b'1'),
            _ => byte.is_ascii_hexdigit(),
        };
        digits.iter().all(fits).then_some(Bits { digits, width })
    }

    /// How many bits there are.
    pub fn count(self) -> usize {
        self.digits.len() * self.width
    }

    /// Appends the bits packed into bytes, the first one highest, zeros behind the last.
    pub fn write_packed(self, out: &mut Vec<u8>) {
        for group in self.digits.chunks(8 / self.width) {
            let mut byte = 0u8;
            for (place, &digit) in group.iter().enumerate() {
                byte |= hex_digit(digit).unwrap_or(0) << (8 - self.width * (place + 1));
            }
            out.push(byte);
        }
    }

    /// Appends the bits as `0` and `1`.
    pub fn write_digits(self, out: &mut Vec<u8>) {
        for &digit in self.digits {
            let value = hex_digit(digit).unwrap_or(0);
            out.extend((0..self.width).rev().map(|bit| b'0' + (value >> bit & 1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_hyphens_between_groups_of_four() {
        let expected = [
            0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38,
            0x0a, 0x11,
        ];
        for text in [
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
        ] {
            assert_eq!(uuid(text.as_bytes()), Some(expected), "{text}");
        }
        for text in [
            "",
            "a0eebc99",
            " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11",
        ] {
            assert_eq!(uuid(text.as_bytes()), None, "{text}");
        }
        let mut out = Vec::new();
        write_uuid(&expected, &mut out);
        assert_eq!(out, b"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    }

    fn bytea(text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        write_bytea(text.as_bytes(), &mut out).map(|()| out)
    }

    #[test]
    fn bytea_is_hexadecimal_or_escaped() {
        assert_eq!(bytea("\\xDEad 01"), Some(vec![0xde, 0xad, 1]));
        assert_eq!(bytea("\\x"), Some(vec![]));
        assert_eq!(bytea("a\\\\b\\377"), Some(vec![b'a', b'\\', b'b', 255]));
        assert_eq!(bytea("é"), Some("é".as_bytes().to_vec()));
        for text in ["\\x1", "\\xg0", "\\x1 2", "\\", "\\477", "\\12"] {
            assert_eq!(bytea(text), None, "{text}");
        }
    }

    #[test]
    fn bits_are_binary_or_hexadecimal() {
        let written = |text: &str| {
            let bits = Bits::parse(text.as_bytes())?;
            let (mut packed, mut digits) = (Vec::new(), Vec::new());
            bits.write_packed(&mut packed);
            bits.write_digits(&mut digits);
            Some((bits.count(), packed, String::from_utf8(digits).unwrap()))
        };
        assert_eq!(written("101"), Some((3, vec![0xa0], "101".into())));
        assert_eq!(
            written("B0000000011"),
            Some((10, vec![0, 0xc0], "0000000011".into()))
        );
        assert_eq!(
            written("x1Fa"),
            Some((12, vec![0x1f, 0xa0], "000111111010".into()))
        );
        assert_eq!(written(""), Some((0, vec![], String::new())));
        for text in ["2", "x1G", " 1", "b'1'"] {
            assert_eq!(written(text), None, "{text}");
        }
    }
}
