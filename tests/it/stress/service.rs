//! An HTTP service of threads, whose answers and times a test decides.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a request is answered with.
pub struct Answer {
    status: u16,
    headers: Vec<String>,
    /// Of this request alone.
    delay: Duration,
    /// Of all requests: none is answered meanwhile.
    stall: Duration,
}

/// A service that runs until the test ends.
pub struct Service {
    url: String,
    paths: Arc<Mutex<Vec<String>>>,
}

/// What connections share.
struct Shared<F> {
    /// From the request's number, from 0.
    answer: F,
    paths: Arc<Mutex<Vec<String>>>,
    stalled: Mutex<()>,
}

impl Answer {
    /// At once.
    pub fn ok() -> Answer {
        Answer::status(200)
    }

    /// With a status.
    pub fn status(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            delay: Duration::ZERO,
            stall: Duration::ZERO,
        }
    }

    /// After so many milliseconds.
    pub fn after(ms: u64) -> Answer {
        Answer {
            delay: Duration::from_millis(ms),
            ..Answer::ok()
        }
    }

    /// After so many milliseconds in which no other request is answered.
    pub fn stalling(ms: u64) -> Answer {
        Answer {
            stall: Duration::from_millis(ms),
            ..Answer::ok()
        }
    }

    /// With a header.
    pub fn header(mut self, line: &str) -> Answer {
        self.headers.push(line.to_owned());
        self
    }

    fn text(&self) -> String {
        let headers: String = self
            .headers
            .iter()
            .map(|line| format!("{line}\r\n"))
            .collect();
        format!(
            "HTTP/1.1 {} X\r\n{headers}Content-Length: 2\r\n\r\n{{}}",
            self.status
        )
    }
}

impl Service {
    /// On a port of its own.
    pub fn start(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (service, shared) = Service::new(url, answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = stream.set_nodelay(true);
                let reader = stream.try_clone().unwrap();
                shared.serve_on_a_thread(reader, stream);
            }
        });
        service
    }

    /// On a unix socket.
    pub fn start_unix(
        path: &Path,
        answer: impl Fn(usize) -> Answer + Send + Sync + 'static,
    ) -> Service {
        let listener = UnixListener::bind(path).unwrap();
        let (service, shared) = Service::new(format!("unix:{}", path.display()), answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let reader = stream.try_clone().unwrap();
                shared.serve_on_a_thread(reader, stream);
            }
        });
        service
    }

    fn new<F>(url: String, answer: F) -> (Service, Arc<Shared<F>>) {
        let paths = Arc::default();
        let shared = Shared {
            answer,
            paths: Arc::clone(&paths),
            stalled: Mutex::default(),
        };
        (Service { url, paths }, Arc::new(shared))
    }

    /// For `--http`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The paths asked for so far.
    pub fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }
}

impl<F: Fn(usize) -> Answer + Send + Sync + 'static> Shared<F> {
    fn serve_on_a_thread(
        self: &Arc<Self>,
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
    ) {
        let shared = Arc::clone(self);
        thread::spawn(move || shared.serve(BufReader::new(reader), writer));
    }

    /// Answers requests without a body until the connection is closed.
    fn serve(&self, reader: impl BufRead, mut writer: impl Write) -> Option<()> {
        let mut lines = reader.lines();
        loop {
            let first = lines.next()?.ok()?;
            while !lines.next()?.ok()?.is_empty() {}
            let path = first.split(' ').nth(1)?.to_owned();
            let number = {
                let mut paths = self.paths.lock().unwrap();
                paths.push(path);
                paths.len() - 1
            };
            let answer = (self.answer)(number);
            {
                let _stalled = self.stalled.lock().unwrap();
                thread::sleep(answer.stall);
            }
            thread::sleep(answer.delay);
            writer.write_all(answer.text().as_bytes()).ok()?;
        }
    }
}
