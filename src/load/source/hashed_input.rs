//! A file whose checksum is taken while it is read, where there is one to compare it with.

use std::io::{self, Read};

use anyhow::{Result, ensure};
use xxhash_rust::xxh3::Xxh3;

use crate::files::csv_input::CsvInput;
use crate::files::manifest::{TableFile, checksum};

/// A file as it is read, and the checksum of what has been read.
pub struct HashedInput {
    text: CsvInput,
    hash: Option<Xxh3>,
}

impl HashedInput {
    /// For a file from its beginning; `hashed` takes a checksum, for which all of it must be read.
    pub fn new(text: CsvInput, hashed: bool) -> HashedInput {
        HashedInput {
            text,
            hash: hashed.then(Xxh3::new),
        }
    }

    /// See [`CsvInput::bytes_read`].
    pub fn bytes_read(&self) -> u64 {
        self.text.bytes_read()
    }

    /// See [`CsvInput::seek_to`].
    pub fn seek_to(&mut self, at: u64, label: &str) -> Result<bool> {
        self.text.seek_to(at, label)
    }

    /// Refuses a file that was read to its end and isn't what the manifest describes.
    pub fn ensure_unchanged(&self, label: &str, described: &TableFile) -> Result<()> {
        let Some(hash) = &self.hash else {
            return Ok(());
        };
        let found = checksum(hash.digest());
        ensure!(
            found == described.checksum,
            "{label}: its checksum is {found}, and the manifest says {}; the file was changed. Generate it again, or \
             remove the manifest to have every record read and checked",
            described.checksum
        );
        Ok(())
    }
}

impl Read for HashedInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&buffer[..count]);
        }
        Ok(count)
    }
}
