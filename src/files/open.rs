//! Files of CSV as they come: plain, packed with gzip, or a stream that is put aside first.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use tempfile::TempPath;

/// What a gzip stream begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file's text, unpacked where it is packed.
pub enum Text {
    /// As it is.
    Plain(Counted),
    /// Packed with gzip; several streams one behind the other are one text.
    Packed(Box<MultiGzDecoder<Counted>>),
}

/// A file and how much of it was read.
pub struct Counted {
    file: File,
    bytes: u64,
}

impl Text {
    /// Opens a file. What it holds says whether it is packed, whatever its name.
    pub fn open(path: &Path) -> Result<Text> {
        let context = || format!("could not open {}", path.display());
        let mut file = File::open(path).with_context(context)?;
        let mut first = Vec::new();
        (&mut file)
            .take(GZIP.len() as u64)
            .read_to_end(&mut first)
            .with_context(|| format!("could not read {}", path.display()))?;
        file.rewind().with_context(context)?;
        let counted = Counted { file, bytes: 0 };
        Ok(match first == GZIP {
            true => Text::Packed(Box::new(MultiGzDecoder::new(counted))),
            false => Text::Plain(counted),
        })
    }

    /// The bytes of the file that were read, packed or not.
    pub fn taken(&self) -> u64 {
        match self {
            Text::Plain(file) => file.bytes,
            Text::Packed(decoder) => decoder.get_ref().bytes,
        }
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Text::Plain(file) => file.read(buffer),
            Text::Packed(decoder) => decoder.read(buffer),
        }
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Puts a stream aside in a temporary file, since a load may read it more than once; it goes when the path is dropped.
pub fn put_aside(mut stream: impl Read, shown: &str) -> Result<TempPath> {
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
                "could not put {shown} aside in {}; TMPDIR names another folder",
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

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> (String, u64) {
        let path = put_aside(bytes, "bytes").unwrap();
        let mut text = Text::open(&path).unwrap();
        let mut all = String::new();
        text.read_to_string(&mut all).unwrap();
        (all, text.taken())
    }

    #[test]
    fn packed_files_are_unpacked_whatever_their_names() {
        let one = packed(b"id,name\n1,x\n");
        let both = [one.clone(), packed(b"2,y\n")].concat();
        assert_eq!(
            read(&both),
            ("id,name\n1,x\n2,y\n".into(), both.len() as u64)
        );
        for plain in ["", "a", "id,name\n"] {
            assert_eq!(read(plain.as_bytes()), (plain.into(), plain.len() as u64));
        }
    }

    #[test]
    fn a_packed_file_cut_short_is_an_error() {
        let mut bytes = packed(&b"id,name\n".repeat(100));
        bytes.truncate(bytes.len() - 6);
        let path = put_aside(&*bytes, "bytes").unwrap();
        let mut all = Vec::new();
        assert!(Text::open(&path).unwrap().read_to_end(&mut all).is_err());
    }
}
