//! `--check`: asks a running server's `/ready`, for containers without curl.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::listen::Listen;

const LIMIT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

/// Asks the server at this address until it is ready, for at most `wait`; an error says what it answered at last.
pub fn wait_until_ready(listen: &Listen, wait: Duration) -> Result<()> {
    let deadline = Instant::now() + wait;
    loop {
        match ensure_ready(listen) {
            Err(_) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
}

fn ensure_ready(listen: &Listen) -> Result<()> {
    let asking = || format!("could not ask {listen} whether it is ready");
    let answer = match listen {
        Listen::Tcp(address) => {
            let stream = TcpStream::connect_timeout(&reachable(*address), LIMIT);
            let stream = stream.with_context(asking)?;
            stream.set_read_timeout(Some(LIMIT)).with_context(asking)?;
            ask(stream)
        }
        Listen::Unix(path) => {
            let stream = UnixStream::connect(path).with_context(asking)?;
            stream.set_read_timeout(Some(LIMIT)).with_context(asking)?;
            ask(stream)
        }
    };
    let answer = answer.with_context(asking)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or("nothing");
    ensure!(
        status.starts_with("HTTP/1.1 200"),
        "{listen} is not ready: {status} {}",
        body.trim()
    );
    Ok(())
}

fn ask(mut stream: impl Read + Write) -> std::io::Result<String> {
    stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A server that listens on all addresses is asked on the loopback one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}
