//! Files of text as they come: plain or compressed, of any encoding, or a stream that is spooled to a temporary file first.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail, ensure};
use encoding_rs::{UTF_16BE, UTF_16LE};
use tempfile::TempPath;

use crate::dataset::record_format::Encoding;
use crate::files::compression::{Compression, beginning, ensure_text};
use crate::files::counted_file::CountedFile;
use crate::files::decode::DecodedText;

/// A file's text in UTF-8.
pub struct CsvInput {
    text: Text,
    bytes: Arc<AtomicU64>,
}

enum Text {
    /// As it is in the file.
    Plain(CountedFile),
    /// Decompressed or decoded.
    Converted(Box<dyn Read + Send>),
}

/// A byte-order mark, and what it says.
struct Mark {
    length: usize,
    encoding: Encoding,
    name: &'static str,
}

impl CsvInput {
    /// Opens a file. What it holds decides whether it is decompressed, whatever its name; a byte-order mark decides the
    /// encoding, else it is `encoding`, or UTF-8. `label` is what messages call the file.
    pub fn open(path: &Path, label: &str, encoding: Option<Encoding>) -> Result<CsvInput> {
        let read = || format!("could not read {label}");
        let mut file = File::open(path).with_context(|| format!("could not open {label}"))?;
        let mut first = beginning(&mut file).with_context(read)?;
        file.rewind().with_context(read)?;
        let bytes = Arc::new(AtomicU64::new(0));
        let file = CountedFile {
            file,
            bytes: Arc::clone(&bytes),
        };
        let mut text = match Compression::of(&first) {
            None => Text::Plain(file),
            Some(compression) => {
                let mut reader = compression.reader(file, label)?;
                first = beginning(&mut reader).with_context(read)?;
                Text::Converted(Box::new(Cursor::new(first.clone()).chain(reader)))
            }
        };
        ensure_text(&first, label)?;
        let mark = Mark::of(&first);
        let encoding = encoding_of(label, &first, mark.as_ref(), encoding)?;
        if encoding != Encoding::Utf8 {
            let length = mark.map_or(0, |mark| mark.length);
            io::copy(&mut (&mut text).take(length as u64), &mut io::sink()).with_context(read)?;
            text = Text::Converted(Box::new(DecodedText::new(text, encoding)));
        }
        Ok(CsvInput { text, bytes })
    }

    /// Moves to a byte of a plain file without reading what is before it; false for another one, which stays where
    /// it is. `label` is what messages call the file.
    pub fn seek_to(&mut self, at: u64, label: &str) -> Result<bool> {
        let Text::Plain(CountedFile { file, .. }) = &mut self.text else {
            return Ok(false);
        };
        let context = || format!("could not read {label}");
        if file.metadata().with_context(context)?.len() < at {
            bail!(
                "{label} ends before byte {at}, where its load is to be resumed; it was changed since"
            );
        }
        file.seek(SeekFrom::Start(at)).with_context(context)?;
        Ok(true)
    }

    /// The bytes of the file that were read, compressed or not.
    pub fn bytes_read(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What a file is to be decoded from; its mark decides, and must agree with a named encoding.
fn encoding_of(
    label: &str,
    first: &[u8],
    mark: Option<&Mark>,
    named: Option<Encoding>,
) -> Result<Encoding> {
    if let Some(mark) = mark {
        let differs = named
            .is_some_and(|named| named != mark.encoding && !is_either_utf_16(named, mark.encoding));
        ensure!(
            !differs,
            "{label} begins with the byte-order mark of {}, and {} was given as its encoding; leave that out",
            mark.name,
            named.map_or_else(String::new, Encoding::name)
        );
        ensure!(
            mark.length < 4,
            "{label} is {}; save it as UTF-8",
            mark.name
        );
        return Ok(mark.encoding);
    }
    let zeros = match (named, first) {
        (None | Some(Encoding::Utf8), [0, byte, ..]) if *byte > 0 => Some("utf-16be"),
        (None | Some(Encoding::Utf8), [byte, 0, ..]) if *byte > 0 => Some("utf-16le"),
        _ => None,
    };
    match zeros {
        Some(name) => bail!(
            "{label} has a zero byte beside its first character, as UTF-16 has without a byte-order mark; \
             use --encoding {name}"
        ),
        None => Ok(named.unwrap_or(Encoding::Utf8)),
    }
}

/// Whether both are UTF-16, whose mark says in which order its bytes are.
fn is_either_utf_16(one: Encoding, other: Encoding) -> bool {
    let is_utf_16 = |it| [UTF_16LE, UTF_16BE].map(Encoding::Named).contains(&it);
    is_utf_16(one) && is_utf_16(other)
}

impl Mark {
    fn of(first: &[u8]) -> Option<Mark> {
        let mark = |length, encoding, name| {
            Some(Mark {
                length,
                encoding,
                name,
            })
        };
        match first {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => mark(4, Encoding::Utf8, "UTF-32"),
            [0xff, 0xfe, ..] => mark(2, Encoding::Named(UTF_16LE), "UTF-16"),
            [0xfe, 0xff, ..] => mark(2, Encoding::Named(UTF_16BE), "UTF-16"),
            // The reader of records passes over it, and counts it.
            [0xef, 0xbb, 0xbf, ..] => mark(3, Encoding::Utf8, "UTF-8"),
            _ => None,
        }
    }
}

impl Read for CsvInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.text.read(buffer)
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Text::Plain(file) => file.read(buffer),
            Text::Converted(reader) => reader.read(buffer),
        }
    }
}

/// Spools a stream to a temporary file, since a load may read it more than once; it is removed when the path is dropped.
pub fn spool(mut stream: impl Read, label: &str) -> Result<TempPath> {
    let mut file = tempfile::Builder::new()
        .prefix("seedrow-")
        .suffix(".csv")
        .tempfile()
        .context("could not make a temporary file")?;
    let folder = std::env::temp_dir();
    io::copy(&mut stream, &mut file)
        .and_then(|_| file.flush())
        .with_context(|| {
            format!(
                "could not spool {label} to {}; TMPDIR names another folder",
                folder.display()
            )
        })?;
    Ok(file.into_temp_path())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on panics")]
mod tests;
