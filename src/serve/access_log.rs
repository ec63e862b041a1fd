//! The access log: a JSON object a line, written by a thread of its own, so that a slow disk holds up no request.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::dataset::calendar::date_from_days;

/// Lines that wait for the writer.
const LINES: usize = 8_192;

/// A request and its response.
#[derive(Debug, Serialize)]
pub struct Line {
    /// When the response was ready: RFC 3339, UTC.
    pub time: String,
    /// The client's address; none on a unix socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// GET or HEAD, mostly.
    pub method: String,
    /// The path and the query string.
    pub path: String,
    /// The status.
    pub status: u16,
    /// The body's length.
    pub bytes: u64,
    /// From the request's head to the response, in milliseconds.
    pub ms: f64,
    /// hit, stale or miss, where the endpoint is cached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<&'static str>,
}

/// Where lines are sent.
#[derive(Debug, Clone)]
pub struct AccessLog {
    lines: SyncSender<Line>,
}

/// The line found the queue full, and is left out.
#[derive(Debug)]
pub struct Full;

impl AccessLog {
    /// Appends to a file, or to stdout for `-`. The thread ends when all senders are gone; join it to have all written.
    pub fn open(path: &Path) -> Result<(AccessLog, JoinHandle<()>)> {
        let out: Box<dyn Write + Send> =
            match path.as_os_str() == "-" {
                true => Box::new(io::stdout()),
                false => {
                    let file = OpenOptions::new().create(true).append(true).open(path);
                    Box::new(file.with_context(|| {
                        format!("could not open the access log {}", path.display())
                    })?)
                }
            };
        let (lines, received) = sync_channel(LINES);
        let writer = std::thread::Builder::new()
            .name("access-log".into())
            .spawn(move || write(&received, BufWriter::new(out)))
            .context("could not start the access log's thread")?;
        Ok((AccessLog { lines }, writer))
    }

    /// Queues a line; never waits.
    pub fn write(&self, line: Line) -> Result<(), Full> {
        self.lines.try_send(line).map_err(|_| Full)
    }
}

/// Writes lines as they come, and flushes when none waits.
fn write(lines: &Receiver<Line>, mut out: BufWriter<Box<dyn Write + Send>>) {
    loop {
        let line = match lines.try_recv() {
            Ok(line) => line,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                // A full disk must not end the server.
                let _ = out.flush();
                match lines.recv() {
                    Ok(line) => line,
                    Err(_) => break,
                }
            }
        };
        let _ = serde_json::to_writer(&mut out, &line).map(|()| out.write_all(b"\n"));
    }
    let _ = out.flush();
}

/// A time in RFC 3339, UTC, with milliseconds.
pub fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let seconds = since.as_secs();
    let (year, month, day) = date_from_days(i64::try_from(seconds / 86_400).unwrap_or(0));
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let milliseconds = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        let time = UNIX_EPOCH + Duration::from_millis(951_782_399_007);
        assert_eq!(rfc3339(time), "2000-02-28T23:59:59.007Z");
    }

    #[test]
    fn all_lines_are_written_when_the_last_sender_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let (log, writer) = AccessLog::open(&path).unwrap();
        for status in [200, 404] {
            let line = Line {
                time: rfc3339(UNIX_EPOCH),
                client: None,
                method: "GET".into(),
                path: "/products/1?\"".into(),
                status,
                bytes: 2,
                ms: 0.25,
                cache: Some("hit"),
            };
            log.write(line).unwrap();
        }
        drop(log);
        writer.join().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["status"], 404);
        assert_eq!(lines[0]["path"], "/products/1?\"");
    }
}
