//! Files of CSV as they come: plain, compressed with gzip, or a stream that is spooled to a temporary file first.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use tempfile::TempPath;

/// What a gzip stream begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file's text, decompressed where it is compressed.
pub enum CsvInput {
    /// As it is.
    Plain(CountedFile),
    /// Compressed with gzip; several streams one behind the other are one text.
    Gzip(Box<MultiGzDecoder<CountedFile>>),
}

/// A file and how much of it was read.
pub struct CountedFile {
    file: File,
    bytes: u64,
}

impl CsvInput {
    /// Opens a file. What it holds decides whether it is decompressed, whatever its name.
    pub fn open(path: &Path) -> Result<CsvInput> {
        let context = || format!("could not open {}", path.display());
        let mut file = File::open(path).with_context(context)?;
        let mut first = Vec::new();
        (&mut file)
            .take(GZIP.len() as u64)
            .read_to_end(&mut first)
            .with_context(|| format!("could not read {}", path.display()))?;
        file.rewind().with_context(context)?;
        let counted = CountedFile { file, bytes: 0 };
        Ok(match first == GZIP {
            true => CsvInput::Gzip(Box::new(MultiGzDecoder::new(counted))),
            false => CsvInput::Plain(counted),
        })
    }

    /// Moves to a byte of a plain file without reading what is before it; false for a compressed one, which stays where
    /// it is. `label` is what messages call the file.
    pub fn seek_to(&mut self, at: u64, label: &str) -> Result<bool> {
        let CsvInput::Plain(CountedFile { file, .. }) = self else {
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
        match self {
            CsvInput::Plain(file) => file.bytes,
            CsvInput::Gzip(decoder) => decoder.get_ref().bytes,
        }
    }
}

impl Read for CsvInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            CsvInput::Plain(file) => file.read(buffer),
            CsvInput::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

impl Read for CountedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
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
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzipped(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> (String, u64) {
        let path = spool(bytes, "bytes").unwrap();
        let mut text = CsvInput::open(&path).unwrap();
        let mut all = String::new();
        text.read_to_string(&mut all).unwrap();
        (all, text.bytes_read())
    }

    #[test]
    fn gzipped_files_are_decompressed_whatever_their_names() {
        let one = gzipped(b"id,name\n1,x\n");
        let both = [one.clone(), gzipped(b"2,y\n")].concat();
        assert_eq!(
            read(&both),
            ("id,name\n1,x\n2,y\n".into(), both.len() as u64)
        );
        for plain in ["", "a", "id,name\n"] {
            assert_eq!(read(plain.as_bytes()), (plain.into(), plain.len() as u64));
        }
    }

    #[test]
    fn a_truncated_gzip_file_is_an_error() {
        let mut bytes = gzipped(&b"id,name\n".repeat(100));
        bytes.truncate(bytes.len() - 6);
        let path = spool(&*bytes, "bytes").unwrap();
        let mut all = Vec::new();
        assert!(
            CsvInput::open(&path)
                .unwrap()
                .read_to_end(&mut all)
                .is_err()
        );
    }

    #[test]
    fn a_plain_file_is_read_from_any_byte_on() {
        let path = spool(&b"id,name\n1,x\n"[..], "bytes").unwrap();
        let mut input = CsvInput::open(&path).unwrap();
        assert!(input.seek_to(8, "in.csv").unwrap());
        let mut rest = String::new();
        input.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), input.bytes_read()), ("1,x\n", 4));
        let error = input.seek_to(13, "in.csv").unwrap_err().to_string();
        assert!(error.starts_with("in.csv ends before byte 13"), "{error}");
        let path = spool(&*gzipped(b"1,x\n"), "bytes").unwrap();
        assert!(!CsvInput::open(&path).unwrap().seek_to(2, "in.csv").unwrap());
    }
}
