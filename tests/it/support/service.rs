//! `seedrow serve` under test, and HTTP by hand on a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{DEADLINE, eventually};

/// A running server; it is killed with the value.
pub struct Service {
    child: Child,
    stderr: Arc<Mutex<String>>,
    /// Reads stderr to its end.
    reader: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts it, and waits until it listens.
    #[track_caller]
    pub fn start(mut command: Command) -> Service {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let (written, lines) = (
            Arc::clone(&stderr),
            BufReader::new(child.stderr.take().unwrap()),
        );
        let reader = thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
                written.push_str(&line);
                written.push('\n');
            }
        });
        let mut service = Service {
            child,
            stderr,
            reader: Some(reader),
        };
        eventually("the server listens", || {
            let ended = service.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended\n{}", service.stderr());
            service.stderr().contains(" on http://") || service.stderr().contains(" on unix:")
        });
        service
    }

    /// Its stderr until now.
    pub fn stderr(&self) -> String {
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        stderr.clone()
    }

    /// `127.0.0.1:PORT` of the first address that a line on stderr with this text names.
    #[track_caller]
    pub fn address(&self, line: &str) -> String {
        let stderr = self.stderr();
        let mut lines = stderr.lines().filter(|it| it.contains(line));
        let address = lines.find_map(|it| it.split("http://").nth(1));
        let address = address.unwrap_or_else(|| panic!("no address in\n{stderr}"));
        let end = address.find([',', ' ']).unwrap_or(address.len());
        address[..end].to_owned()
    }

    /// Where the routes are.
    #[track_caller]
    pub fn routes(&self) -> String {
        self.address("route")
    }

    /// A connection to the routes.
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        connect(&self.routes())
    }

    /// The response to GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "")
    }

    /// The response to a request with these header lines, each ended by `\r\n`.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        ask(&self.routes(), method, path, headers)
    }

    /// The process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for its end, after which all that it printed is known.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the server ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status.unwrap()
    }

    /// All that it printed on stdout, once it has ended.
    pub fn stdout(&mut self) -> String {
        let mut text = String::new();
        let mut stdout = self.child.stdout.take().unwrap();
        stdout.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection whose reads don't wait for ever.
#[track_caller]
fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// One request on a connection of its own.
#[track_caller]
pub fn ask(address: &str, method: &str, path: &str, headers: &str) -> Reply {
    let mut stream = connect(address);
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    Reply::read(&mut stream)
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// The lines of its head.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Reads until the server closes the connection.
    #[track_caller]
    pub fn read(stream: &mut impl Read) -> Reply {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Reply::parse(&bytes)
    }

    #[track_caller]
    fn parse(bytes: &[u8]) -> Reply {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Reply {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: bytes[end + 4..].to_vec(),
            head,
        }
    }

    /// The value of a header, named in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(it, value)| (it == name).then_some(value))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the status.
    #[track_caller]
    pub fn is(self, status: u16) -> Reply {
        assert_eq!(
            self.status,
            status,
            "{}\n{}",
            self.head,
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

/// The longest that something may take which happens at once, on a busy machine.
pub const AT_ONCE: Duration = Duration::from_secs(5);
