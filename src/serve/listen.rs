//! Where the server listens: addresses as typed, sockets bound one a worker, so that the kernel spreads connections.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel holds until a worker accepts them.
const BACKLOG: i32 = 1024;

/// A place to listen at, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A unix socket's path.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        const EXPECTED: &str =
            "expected an address and a port such as 127.0.0.1:8080 or [::]:80, or unix:/path";
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err(EXPECTED.into()),
                path => Ok(Listen::Unix(path.into())),
            };
        }
        let mut addresses = text.to_socket_addrs().map_err(|_| EXPECTED.to_owned())?;
        addresses.next().map(Listen::Tcp).ok_or(EXPECTED.into())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => write!(f, "http://{address}"),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listen {
    /// Whether other machines may reach it.
    pub fn is_public(&self) -> bool {
        match self {
            Listen::Tcp(address) => !address.ip().is_loopback(),
            Listen::Unix(_) => false,
        }
    }

    /// Whether the system chooses the port.
    pub fn is_any_port(&self) -> bool {
        matches!(self, Listen::Tcp(address) if address.port() == 0)
    }

    /// Binds one socket for each of `workers`, and returns the address with the port that the system chose, where it was 0.
    pub fn bind(&self, workers: usize) -> Result<(Listen, Vec<Acceptor>)> {
        match self {
            Listen::Tcp(address) => bind_tcp(*address, workers),
            Listen::Unix(path) => Ok((self.clone(), bind_unix(path, workers)?)),
        }
    }
}

/// A bound socket that accepts connections.
#[derive(Debug)]
pub enum Acceptor {
    /// Of a worker alone.
    Tcp(TcpListener),
    /// Shared by the workers.
    Unix(UnixListener),
}

fn bind_tcp(address: SocketAddr, workers: usize) -> Result<(Listen, Vec<Acceptor>)> {
    // SO_REUSEPORT would share the port of another seedrow of the same user: an attempt without it finds that one.
    let reserved =
        tcp_socket(address, Sharing::Exclusive).map_err(|error| refused_address(address, error))?;
    let address = local_address(&reserved)?;
    drop(reserved);
    let bind = |_| {
        let socket = tcp_socket(address, Sharing::Workers)
            .map_err(|error| refused_address(address, error))?;
        socket
            .listen(BACKLOG)
            .with_context(|| format!("could not listen on {address}"))?;
        Ok(Acceptor::Tcp(socket.into()))
    };
    let acceptors = (0..workers).map(bind).collect::<Result<_>>()?;
    Ok((Listen::Tcp(address), acceptors))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Exclusive,
    Workers,
}

fn tcp_socket(address: SocketAddr, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::Workers)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    if sharing == Sharing::Exclusive {
        // With SO_REUSEADDR only listening is refused where another process listens.
        socket.listen(1)?;
    }
    Ok(socket)
}

fn local_address(socket: &Socket) -> Result<SocketAddr> {
    let address = socket.local_addr().context("could not read the port")?;
    address
        .as_socket()
        .context("the socket has no internet address")
}

fn refused_address(address: SocketAddr, error: io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another process listens there; choose another port, such as --listen {}:{}",
            bracketed(address),
            address.port().checked_add(1).unwrap_or(8080)
        ),
        io::ErrorKind::PermissionDenied => format!(
            "ports below 1024 need privileges; --listen {}:8080 needs none",
            bracketed(address)
        ),
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; --listen 0.0.0.0:8080 is all that it has".to_owned()
        }
        _ => return anyhow::Error::new(error).context(format!("could not listen on {address}")),
    };
    anyhow::Error::new(error).context(format!("could not listen on {address}: {advice}"))
}

fn bracketed(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

fn bind_unix(path: &Path, workers: usize) -> Result<Vec<Acceptor>> {
    remove_stale(path)?;
    let listening = || format!("could not listen on unix:{}", path.display());
    let listener = UnixListener::bind(path).with_context(listening)?;
    listener.set_nonblocking(true).with_context(listening)?;
    let share = |_| {
        listener
            .try_clone()
            .map(Acceptor::Unix)
            .with_context(listening)
    };
    (0..workers).map(share).collect()
}

/// Removes the socket of a server that is gone; refuses that of one that answers, and any other file.
fn remove_stale(path: &Path) -> Result<()> {
    let Ok(found) = path.symlink_metadata() else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        bail!(
            "could not listen on unix:{0}: {0} is a file and no socket; choose another path",
            path.display()
        );
    }
    if UnixStream::connect(path).is_ok() {
        bail!(
            "could not listen on unix:{}: another process listens there; choose another path",
            path.display()
        );
    }
    std::fs::remove_file(path).with_context(|| {
        format!(
            "could not remove {}, a socket without a server",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_printed() {
        for (text, shown, public) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080", false),
            ("[::1]:80", "http://[::1]:80", false),
            ("0.0.0.0:8080", "http://0.0.0.0:8080", true),
            ("unix:/run/x.sock", "unix:/run/x.sock", false),
        ] {
            let listen: Listen = text.parse().unwrap();
            assert_eq!(listen.to_string(), shown);
            assert_eq!(listen.is_public(), public, "{text}");
        }
        for text in ["", "8080", "127.0.0.1", "unix:", "127.0.0.1:99999"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_in_use_is_refused_though_workers_share_theirs() {
        let any: Listen = "127.0.0.1:0".parse().unwrap();
        let (chosen, acceptors) = any.bind(3).unwrap();
        assert_eq!(acceptors.len(), 3);
        let error = format!("{:#}", chosen.bind(1).unwrap_err());
        assert!(error.contains("another process listens there"), "{error}");
    }

    #[test]
    fn a_unix_socket_is_taken_over_only_when_nobody_answers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listen = Listen::Unix(path.clone());
        let (_, acceptors) = listen.bind(2).unwrap();
        assert!(listen.bind(1).is_err());
        drop(acceptors);
        assert!(listen.bind(1).is_ok());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "text").unwrap();
        let error = listen.bind(1).unwrap_err().to_string();
        assert!(error.contains("is a file and no socket"), "{error}");
    }
}
