//! Whether a server is ready: by its pid file while it starts, by its socket later, as a crash of a backend leaves the file.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The protocol's start of a session (version 3.0, `user` and `database`) and, behind it, its end.
const HELLO_AND_GOODBYE: &[u8] =
    b"\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0X\0\0\0\x04";
/// Of the errors of a server that starts, recovers or stops: 57P01, 57P02, 57P03.
const UNAVAILABLE: &[u8] = b"57P0";
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// Line 1 of the pid file is the process, line 8 its state (since PostgreSQL 10).
pub fn is_ready(file: &Path, number: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.first() == Some(&number) && lines.get(7) == Some(&"ready")
}

/// Whether a new session would be let in, or be refused for a reason of its own.
pub fn accepts_connections(socket: &Path) -> io::Result<bool> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
    stream.write_all(HELLO_AND_GOODBYE)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let mut codes = answer.windows(UNAVAILABLE.len());
    Ok(!answer.is_empty() && !codes.any(|code| code == UNAVAILABLE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_session_has_its_length() {
        let length = u32::from_be_bytes(HELLO_AND_GOODBYE[..4].try_into().unwrap());
        assert!(HELLO_AND_GOODBYE[length as usize..].starts_with(b"X"));
    }
}
