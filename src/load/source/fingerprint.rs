//! What a file contributes to the identity of a load: where it is and how it is read, and what it is like now.
//!
//! The same command with an edited file is the same load, whose table is loaded anew.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use xxhash_rust::xxh3::Xxh3;

use crate::files::manifest::checksum;
use crate::load::source::table_source::{CsvFormat, SourceKind, TableSource};

/// See [`fingerprint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The path and the format: the same for the same command.
    pub request: String,
    /// Size and time of the file; of a stream, what it held.
    pub state: String,
}

/// The fingerprint of a file; `None` of generated rows.
pub fn fingerprint(source: &TableSource) -> Result<Option<Fingerprint>> {
    let Some(path) = source.path() else {
        return Ok(None);
    };
    // How a foreign file is read decides its rows. What is rejected of them doesn't: a load that stopped over that is
    // finished with other options for it.
    let mut request = match source.is_foreign() {
        true => format!(" {} {:?}", written(&source.format), source.columns.names()),
        false => String::new(),
    };
    if let SourceKind::Stream { typed, .. } = &source.kind {
        request.push_str(&format!(" {}", typed.display()));
        let state = content(path).with_context(|| format!("could not read {}", source.label()))?;
        return Ok(Some(Fingerprint { request, state }));
    }
    let context = || format!("could not look at {}", path.display());
    let whole = path.canonicalize().with_context(context)?;
    request.push_str(&format!(" {}", whole.display()));
    let time = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let time = time.with_context(context)?.duration_since(UNIX_EPOCH);
    let time = time.map_or(0, |since| since.as_nanos());
    Ok(Some(Fingerprint {
        request,
        state: format!("{} bytes of {time}", source.bytes),
    }))
}

/// The format as ledgers have it: a load begun by an earlier build is resumed only when it is spelled the same.
fn written(format: &CsvFormat) -> String {
    let CsvFormat {
        dialect,
        header,
        mend,
    } = format;
    format!(
        "Form {{ dialect: Dialect {{ delimiter: {}, breaks: {} }}, header: {header}, mend: {mend} }}",
        dialect.delimiter, dialect.breaks
    )
}

/// What a stream held: its path and time say nothing.
fn content(path: &Path) -> io::Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Xxh3::new());
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(format!("{bytes} bytes, {}", checksum(hash.digest()))),
            count => {
                hash.update(&buffer[..count]);
                bytes += count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_spelled_as_in_earlier_ledgers() {
        assert_eq!(
            written(&CsvFormat::OWN),
            "Form { dialect: Dialect { delimiter: 44, breaks: true }, header: true, mend: false }"
        );
    }
}
