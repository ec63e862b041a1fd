//! Compressed files, recognised by content, not by name: gzip, zstd, bzip2, xz, and zip with one file in it.

use std::io::{self, Read, Seek, SeekFrom};

use anyhow::{Context, Result, anyhow, bail, ensure};
use bzip2::read::MultiBzDecoder;
use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use lzma_rust2::XzReader;
use zip::{CompressionMethod, ZipArchive};

use crate::files::counted_file::CountedFile;

/// What names of compressed files end with.
pub const SUFFIXES: &[&str] = &[".gz", ".zst", ".bz2", ".xz", ".zip"];

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952; several streams one behind the other are one text, as with the others.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// An archive.
    Zip,
}

/// What compressed files begin with.
const MAGIC: &[(&[u8], Compression)] = &[
    (b"\x1f\x8b", Compression::Gzip),
    (b"\x28\xb5\x2f\xfd", Compression::Zstd),
    (b"BZh", Compression::Bzip2),
    (b"\xfd7zXZ\0", Compression::Xz),
    (b"PK\x03\x04", Compression::Zip),
    (b"PK\x05\x06", Compression::Zip),
];

/// What begins files that hold no text, and what they are.
const NO_TEXT: &[(&[u8], &str)] = &[
    (b"PAR1", "a Parquet file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "compressed with lz4"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PGDMP", "a dump of pg_dump's own format"),
    (b"%PDF-", "a PDF"),
];

/// The bytes that [`Compression::of`] and [`ensure_text`] want of a file's beginning.
pub const BEGINNING: usize = 512;

/// What a tar archive has behind the name and numbers of its first file.
const TAR: (usize, &[u8]) = (257, b"ustar");

impl Compression {
    /// By a file's first bytes.
    pub fn of(first: &[u8]) -> Option<Compression> {
        let known = MAGIC.iter().find(|(magic, _)| first.starts_with(magic));
        known.map(|&(_, compression)| compression)
    }

    /// Decompresses a file from its beginning.
    pub fn reader(self, file: CountedFile, label: &str) -> Result<Box<dyn Read + Send>> {
        Ok(match self {
            Compression::Gzip => Box::new(MultiGzDecoder::new(file)),
            Compression::Zstd => Box::new(
                zstd::Decoder::new(file).with_context(|| format!("could not read {}", label))?,
            ),
            Compression::Bzip2 => Box::new(MultiBzDecoder::new(file)),
            Compression::Xz => Box::new(XzReader::new(file, true)),
            Compression::Zip => member(file, label)?,
        })
    }
}

/// Refuses what is no text, by its first bytes.
pub fn ensure_text(first: &[u8], label: &str) -> Result<()> {
    let (at, tar) = TAR;
    let is_tar = first.get(at..).is_some_and(|rest| rest.starts_with(tar));
    let known = NO_TEXT.iter().find(|(magic, _)| first.starts_with(magic));
    match known.map(|(_, what)| what) {
        Some(what) => bail!("{} is {what}, not text", label),
        None if is_tar => bail!(
            "{} is a tar archive; extract its files first: tar -xf {}",
            label,
            label
        ),
        None => Ok(()),
    }
}

/// The one file of a zip archive.
fn member(file: CountedFile, label: &str) -> Result<Box<dyn Read + Send>> {
    let context = || format!("could not read the zip archive {}", label);
    let mut archive = ZipArchive::new(&file.file).with_context(context)?;
    let (mut found, mut names) = (None, Vec::new());
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).with_context(context)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        // What macOS adds beside each file.
        if entry.is_file() && !name.starts_with("__MACOSX/") {
            found = Some(Member {
                start: entry.data_start().context("its directory is damaged"),
                compressed: entry.compressed_size(),
                size: entry.size(),
                crc: entry.crc32(),
                method: entry.compression(),
                encrypted: entry.encrypted(),
            });
            names.push(name);
        }
    }
    drop(archive);
    match (found, names.len()) {
        (Some(found), 1) => found.open(file).with_context(context),
        (None, _) => bail!("the zip archive {} holds no file", label),
        (Some(_), _) if names.iter().any(|name| name == "xl/workbook.xml") => {
            bail!("{} is an Excel workbook; save its sheet as CSV", label)
        }
        (Some(_), count) => {
            let first: Vec<String> = names.iter().take(5).cloned().collect();
            let more = if count > first.len() { ", …" } else { "" };
            bail!(
                "the zip archive {} holds {count} files, {}{more}; extract them first: unzip {}",
                label,
                crate::printable::text(&first.join(", ")),
                label
            )
        }
    }
}

/// Where the file of an archive is, and what the archive says of it.
struct Member {
    start: Result<u64>,
    compressed: u64,
    size: u64,
    crc: u32,
    method: CompressionMethod,
    encrypted: bool,
}

impl Member {
    fn open(self, mut file: CountedFile) -> Result<Box<dyn Read + Send>> {
        ensure!(!self.encrypted, "its file is encrypted; extract it first");
        file.file.seek(SeekFrom::Start(self.start?))?;
        let bytes = file.take(self.compressed);
        let (size, crc) = (self.size, self.crc);
        match self.method {
            CompressionMethod::Stored => Ok(Box::new(Checked::new(bytes, size, crc))),
            CompressionMethod::Deflated => Ok(Box::new(Checked::new(
                DeflateDecoder::new(bytes),
                size,
                crc,
            ))),
            other => Err(anyhow!(
                "its file is compressed with {other:?}; extract it first"
            )),
        }
    }
}

/// Bytes that are compared with their checksum at the end.
struct Checked<R> {
    bytes: R,
    found: Crc,
    size: u64,
    expected: u32,
}

impl<R: Read> Checked<R> {
    fn new(bytes: R, size: u64, expected: u32) -> Checked<R> {
        Checked {
            bytes,
            found: Crc::new(),
            size,
            expected,
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.found.update(&buffer[..count]);
        let ended = count == 0 && !buffer.is_empty();
        // `Crc` counts modulo 2^32.
        let whole = u64::from(self.found.amount()) == self.size & u64::from(u32::MAX);
        if ended && (!whole || self.found.sum() != self.expected) {
            let message = "the file in the zip archive is damaged: its checksum is another";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(count)
    }
}

/// The first bytes of a reader, fewer where it ends before.
pub fn beginning(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(BEGINNING);
    reader.take(BEGINNING as u64).read_to_end(&mut first)?;
    Ok(first)
}
