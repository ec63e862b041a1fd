//! Requests over HTTP/1.1 on connections that are kept: a request that finds all in use waits for one, which counts as
//! response and not as service.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::{Request, Response, Uri, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Answer;
use super::address::{HttpAddress, HttpEndpoint};
use crate::stress::bound::BoundPath;
use crate::stress::failure::{Failure, FailureKind};
use crate::stress::mix::Choice;
use crate::stress::recorder::CacheUse;

/// How long the first connection may take.
const FIRST_CONNECTION: Duration = Duration::from_secs(10);

type Sender = SendRequest<Empty<Bytes>>;

/// A service and the connections to it.
pub struct HttpTarget {
    address: HttpAddress,
    host: HeaderValue,
    /// The targets of each kind of request.
    uris: Vec<Vec<Uri>>,
    /// Connections that are in no use.
    idle: Mutex<Vec<Sender>>,
    /// As many as there may be connections.
    permits: Semaphore,
}

impl HttpTarget {
    /// Opens one connection, as a proof that the service is there; others when they are needed, up to so many.
    pub async fn connect(
        address: &HttpAddress,
        paths: &[BoundPath],
        connections: usize,
    ) -> Result<HttpTarget> {
        let host = match &address.endpoint {
            HttpEndpoint::Tcp { authority, .. } => authority.as_str(),
            HttpEndpoint::Unix(_) => "localhost",
        };
        let uri = |path: &String| -> Result<Uri> {
            let target = format!("{}{path}", address.prefix);
            let uri = target.parse();
            uri.with_context(|| format!("{target} is no path of a request"))
        };
        let uris = paths.iter().map(|it| it.paths.iter().map(uri).collect());
        let target = HttpTarget {
            host: HeaderValue::from_str(host).context("not a host's name")?,
            uris: uris.collect::<Result<_>>()?,
            address: address.clone(),
            idle: Mutex::default(),
            permits: Semaphore::new(connections),
        };
        let first = timeout(FIRST_CONNECTION, target.open()).await;
        let first = first.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let first = first.with_context(|| {
            format!(
                "could not connect to {address}; is the service up? `curl -i {}`",
                curl(address)
            )
        })?;
        target.keep(first);
        Ok(target)
    }

    /// One a path.
    pub fn kinds(&self) -> usize {
        self.uris.len()
    }

    /// Sends a request on a free connection and reads its answer in full.
    pub async fn exchange(&self, choice: Choice) -> Result<Answer, Failure> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let sent = Instant::now();
        let uri = &self.uris[choice.kind][choice.set];
        let (sender, response) = self.send(uri).await?;
        let (head, mut body) = response.into_parts();
        while let Some(frame) = body.frame().await {
            frame.map_err(Failure::connection)?;
        }
        self.keep(sender);
        if head.status.as_u16() >= 400 {
            let status = head.status.as_u16();
            return Err(Failure::of(FailureKind::Status { status }).rejected(sent));
        }
        Ok(Answer {
            sent,
            cache: cache_use(&head.headers),
        })
    }

    /// Sends a request; again on another connection when its connection had been closed before anything was sent.
    async fn send(&self, uri: &Uri) -> Result<(Sender, Response<Incoming>), Failure> {
        loop {
            let (mut sender, is_new) = match self.kept().await {
                Some(sender) => (sender, false),
                None => (self.open().await.map_err(Failure::connection)?, true),
            };
            let mut request = Request::new(Empty::new());
            request.uri_mut().clone_from(uri);
            request.headers_mut().insert(HOST, self.host.clone());
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((sender, response)),
                Err(mut error) => {
                    let was_sent = error.take_message().is_none();
                    if was_sent || is_new {
                        return Err(Failure::connection(error.into_error()));
                    }
                }
            }
        }
    }

    /// A connection that is still open.
    async fn kept(&self) -> Option<Sender> {
        loop {
            let mut sender = self.idle().pop()?;
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    async fn open(&self) -> io::Result<Sender> {
        match &self.address.endpoint {
            HttpEndpoint::Tcp { host, port, .. } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                start(TokioIo::new(stream)).await
            }
            HttpEndpoint::Unix(path) => start(TokioIo::new(UnixStream::connect(path).await?)).await,
        }
    }

    fn keep(&self, sender: Sender) {
        if !sender.is_closed() {
            self.idle().push(sender);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Sender>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn start<T>(stream: T) -> io::Result<Sender>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(stream).await.map_err(io::Error::other)?;
    // Its errors are those of its requests.
    tokio::spawn(connection);
    Ok(sender)
}

/// The arguments for curl.
fn curl(address: &HttpAddress) -> String {
    match &address.endpoint {
        HttpEndpoint::Tcp { .. } => address.to_string(),
        HttpEndpoint::Unix(path) => format!("--unix-socket {} http://localhost", path.display()),
    }
}

/// What `Cache-Status` (RFC 9211) says of the cache next to the client, or nginx's `X-Cache-Status`.
fn cache_use(headers: &HeaderMap) -> CacheUse {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let of_nginx = text("x-cache-status").map(|status| match status {
        "HIT" | "STALE" | "UPDATING" | "REVALIDATED" => CacheUse::Hit,
        _ => CacheUse::Miss,
    });
    // Its kept answers still have the `Cache-Status` of the service behind it, of the time when they were stored.
    if of_nginx == Some(CacheUse::Hit) {
        return CacheUse::Hit;
    }
    if let Some(status) = text("cache-status") {
        let nearest = status.rsplit(',').next().unwrap_or_default();
        let mut parameters = nearest.split(';').map(str::trim);
        return match parameters.any(|it| it == "hit" || it == "hit=?1") {
            true => CacheUse::Hit,
            false => CacheUse::Miss,
        };
    }
    of_nginx.unwrap_or(CacheUse::Unknown)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    #[test]
    fn caches_say_what_they_did() {
        let of_both = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            cache_use(&pairs.collect())
        };
        let of = |name, value| of_both(&[(name, value)]);
        assert_eq!(of("cache-status", "seedrow; hit"), CacheUse::Hit);
        assert_eq!(
            of("cache-status", "seedrow; fwd=uri-miss; stored"),
            CacheUse::Miss
        );
        assert_eq!(
            of("cache-status", "origin; hit, proxy; fwd=miss"),
            CacheUse::Miss
        );
        assert_eq!(of("x-cache-status", "HIT"), CacheUse::Hit);
        assert_eq!(of("x-cache-status", "EXPIRED"), CacheUse::Miss);
        assert_eq!(of("x-other", "HIT"), CacheUse::Unknown);
        let stored = ("cache-status", "seedrow; fwd=miss; stored");
        assert_eq!(of_both(&[stored, ("x-cache-status", "HIT")]), CacheUse::Hit);
        let kept = ("cache-status", "seedrow; hit");
        assert_eq!(of_both(&[kept, ("x-cache-status", "MISS")]), CacheUse::Hit);
    }
}
