//! Text of other encodings as UTF-8, while it is read.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_8, WINDOWS_1252};

use crate::dataset::record_format::Encoding;

const BUFFER: usize = 64 << 10;

/// What replaces bytes that the encoding doesn't have: a byte that UTF-8 doesn't have either, so that the record is
/// rejected, and it alone.
const UNDECODABLE: u8 = 0xff;

/// The bytes that windows-1252 leaves open.
const OPEN_IN_1252: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/// Reads UTF-8 where the input is of another encoding.
pub struct DecodedText<R> {
    input: R,
    decoding: Decoding,
    bytes: Vec<u8>,
    text: Vec<u8>,
    /// How much of the text was handed out.
    given: usize,
    ended: bool,
}

enum Decoding {
    Latin1,
    Windows1252(Decoder),
    Other(Decoder),
}

impl<R: Read> DecodedText<R> {
    /// `input` begins behind the byte-order mark.
    pub fn new(input: R, encoding: Encoding) -> DecodedText<R> {
        let decoding = match encoding {
            Encoding::Utf8 => Decoding::Other(UTF_8.new_decoder_without_bom_handling()),
            Encoding::Latin1 => Decoding::Latin1,
            Encoding::Named(named) if named == WINDOWS_1252 => {
                Decoding::Windows1252(named.new_decoder_without_bom_handling())
            }
            Encoding::Named(named) => Decoding::Other(named.new_decoder_without_bom_handling()),
        };
        DecodedText {
            input,
            decoding,
            bytes: vec![0; BUFFER],
            text: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        let count = self.input.read(&mut self.bytes)?;
        self.ended = count == 0;
        self.text.clear();
        self.given = 0;
        self.decoding
            .decode(&self.bytes[..count], self.ended, &mut self.text);
        Ok(())
    }
}

impl Decoding {
    fn decode(&mut self, bytes: &[u8], last: bool, text: &mut Vec<u8>) {
        match self {
            Decoding::Latin1 => {
                let start = text.len();
                text.resize(start + 2 * bytes.len(), 0);
                let written = encoding_rs::mem::convert_latin1_to_utf8(bytes, &mut text[start..]);
                text.truncate(start + written);
            }
            Decoding::Windows1252(decoder) => {
                let mut pieces = bytes.split(|byte| OPEN_IN_1252.contains(byte));
                if let Some(first) = pieces.next() {
                    decode(decoder, first, false, text);
                }
                for piece in pieces {
                    text.push(UNDECODABLE);
                    decode(decoder, piece, false, text);
                }
            }
            Decoding::Other(decoder) => decode(decoder, bytes, last, text),
        }
    }
}

fn decode(decoder: &mut Decoder, mut bytes: &[u8], last: bool, text: &mut Vec<u8>) {
    loop {
        let needed = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        let start = text.len();
        text.resize(start + needed.unwrap_or(4 * BUFFER), 0);
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(bytes, &mut text[start..], last);
        text.truncate(start + written);
        bytes = &bytes[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => text.push(UNDECODABLE),
        }
    }
}

impl<R: Read> Read for DecodedText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.ended {
                return Ok(0);
            }
            self.decode_more()?;
        }
        let rest = &self.text[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], name: &str) -> Vec<u8> {
        let encoding = Encoding::named(name).unwrap();
        let mut text = Vec::new();
        DecodedText::new(bytes, encoding)
            .read_to_end(&mut text)
            .unwrap();
        text
    }

    #[test]
    fn bytes_become_utf_8_and_those_without_a_character_do_not() {
        let euro = "€".as_bytes();
        let cases: &[(&str, &[u8], &[u8])] = &[
            ("latin1", b"caf\xe9 \x80", "caf\u{e9} \u{80}".as_bytes()),
            ("windows-1252", b"\x80", euro),
            ("win1252", b"a\x81b", b"a\xffb"),
            ("utf-16le", b"a\0\xac\x20", "a€".as_bytes()),
            ("utf-16be", b"\0a\xd8\0\0b", b"a\xffb"),
            ("utf-16le", b"a\0b", b"a\xff"),
            ("iso-8859-15", b"\xa4", euro),
            ("sjis", b"\x83\x65", "テ".as_bytes()),
        ];
        for (name, bytes, text) in cases {
            assert_eq!(decoded(bytes, name), *text, "{name} {bytes:?}");
        }
        let long = b"\xe9".repeat(3 * BUFFER + 1);
        assert_eq!(decoded(&long, "latin1"), "é".repeat(long.len()).as_bytes());
    }
}
