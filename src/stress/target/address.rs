//! Where an HTTP service listens, and whether that is on this machine.

use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use hyper::Uri;

/// An HTTP service, as `--http` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAddress {
    /// What is connected to.
    pub endpoint: HttpEndpoint,
    /// What comes before each path; empty, or begins with a slash and doesn't end with one.
    pub prefix: String,
}

/// What is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpEndpoint {
    /// A host and its port.
    Tcp {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
        /// Both, as the header `Host` has them.
        authority: String,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl HttpAddress {
    /// Reads `http://localhost:8080`, also with a path that all others begin with, or `unix:/run/api.sock`.
    pub fn parse(text: &str) -> Result<HttpAddress, String> {
        const EXPECTED: &str = "expected http://host:port or unix:/path";
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.is_empty() {
                true => Err(EXPECTED.to_owned()),
                false => Ok(HttpAddress {
                    endpoint: HttpEndpoint::Unix(path.into()),
                    prefix: String::new(),
                }),
            };
        }
        let uri: Uri = text.parse().map_err(|_| EXPECTED)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(
                    "TLS isn't spoken here; name the service behind its proxy: http://host:port"
                        .to_owned(),
                );
            }
            _ => return Err(EXPECTED.to_owned()),
        }
        let authority = uri.authority().ok_or(EXPECTED)?;
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(EXPECTED.to_owned());
        }
        Ok(HttpAddress {
            endpoint: HttpEndpoint::Tcp {
                host: authority.host().trim_matches(['[', ']']).to_owned(),
                port: authority.port_u16().unwrap_or(80),
                authority: authority.to_string(),
            },
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Refuses a host that isn't this machine.
    pub async fn ensure_local(&self) -> Result<()> {
        let HttpEndpoint::Tcp { host, port, .. } = &self.endpoint else {
            return Ok(());
        };
        let addresses = tokio::net::lookup_host((host.as_str(), *port)).await;
        let addresses: Vec<SocketAddr> = addresses
            .with_context(|| format!("could not find {host}"))?
            .collect();
        ensure!(
            addresses.iter().all(|address| is_local(address.ip())),
            "{self} isn't on this machine; a load test of a server that isn't yours is an attack. Where you may, add \
             --yes-remote"
        );
        Ok(())
    }
}

/// Whether an address is one of this machine's: a socket can be bound to it, and not to every address, as
/// `ip_nonlocal_bind` allows.
fn is_local(address: IpAddr) -> bool {
    let can_bind = |address: IpAddr| TcpListener::bind((address, 0)).is_ok();
    // Reserved for documentation: no machine's.
    let nobody = match address {
        IpAddr::V4(_) => IpAddr::from([192, 0, 2, 1]),
        IpAddr::V6(_) => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]),
    };
    address.is_loopback() || (!address.is_multicast() && can_bind(address) && !can_bind(nobody))
}

impl fmt::Display for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            HttpEndpoint::Tcp { authority, .. } => write!(f, "http://{authority}{}", self.prefix),
            HttpEndpoint::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_typed() {
        for text in [
            "http://localhost:8080",
            "http://127.0.0.1",
            "http://[::1]:80",
            "http://localhost:8080/api",
            "unix:/run/api.sock",
        ] {
            assert_eq!(HttpAddress::parse(text).unwrap().to_string(), text);
        }
        let slash = HttpAddress::parse("http://localhost:8080/").unwrap();
        assert_eq!(slash.prefix, "");
        for text in [
            "localhost:8080",
            "https://localhost",
            "unix:",
            "http://",
            "ftp://a",
            "http://a/?b",
            "http://me@a",
            "",
        ] {
            assert!(HttpAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_this_machine_is_local() {
        let local = |text: &str| is_local(text.parse().unwrap());
        assert!(local("127.0.0.1") && local("127.0.0.2") && local("0.0.0.0"));
        assert!(!local("192.0.2.1") && !local("2001:db8::1") && !local("224.0.0.1"));
    }
}
