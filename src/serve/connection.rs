//! Accepting connections and speaking HTTP/1.1 on each until it ends, or until the server does.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::watch;

use super::listen::Acceptor;

/// The longest head of a request, and its most headers: beyond, 431.
const LONGEST_HEAD: usize = 32 * 1024;
/// How long accepting pauses when the system has no file descriptor left, or no memory.
const PAUSE: Duration = Duration::from_millis(50);
/// A connection that has been silent for so long is closed when there are no more file descriptors.
const SILENT: Duration = Duration::from_secs(1);
/// How long a connection is read from after the end has begun: requests that are on their way are answered, too.
const LAST_REQUESTS: Duration = Duration::from_millis(50);
/// How long a client may leave sent bytes unread.
const UNREAD: Duration = Duration::from_secs(30);

/// A response with its whole body.
pub type FullResponse = Response<Full<Bytes>>;

/// Answers the requests of connections.
pub trait Respond: Send + Sync + 'static {
    /// The response; `client` is none on a unix socket.
    fn respond(
        &self,
        request: Request<Incoming>,
        client: Option<SocketAddr>,
    ) -> impl Future<Output = FullResponse> + Send;

    /// A connection could not be accepted.
    fn accept_failed(&self);
}

/// How connections are served.
#[derive(Debug, Clone)]
pub struct Serving {
    /// How long a client may take for a request's head, or be silent between two requests.
    pub idle: Duration,
    /// Becomes true when the server ends.
    pub draining: watch::Receiver<bool>,
    /// Changes when a connection could not be accepted for want of file descriptors.
    pub shortage: watch::Sender<()>,
    /// Held by each connection: when all are dropped, all connections have ended.
    pub alive: tokio::sync::mpsc::Sender<()>,
}

/// A listener of the current runtime.
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    fn of(acceptor: Acceptor) -> io::Result<Listener> {
        Ok(match acceptor {
            Acceptor::Tcp(listener) => Listener::Tcp(TcpListener::from_std(listener)?),
            Acceptor::Unix(listener) => Listener::Unix(UnixListener::from_std(listener)?),
        })
    }

    /// Accepts one connection and starts serving it.
    async fn accept<R: Respond>(&self, responder: &Arc<R>, serving: &Serving) -> io::Result<()> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, client) = listener.accept().await?;
                tune(&stream);
                spawn(stream, Some(client), responder, serving);
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                spawn(stream, None, responder, serving);
            }
        }
        Ok(())
    }
}

/// Starts accepting on the current runtime, until the server drains; then the connections in the kernel's queue are
/// accepted, too.
pub fn start<R: Respond>(acceptor: Acceptor, responder: &Arc<R>, serving: &Serving) -> Result<()> {
    let listener = Listener::of(acceptor).context("could not listen")?;
    let (responder, serving) = (Arc::clone(responder), serving.clone());
    tokio::spawn(async move {
        let mut draining = serving.draining.clone();
        loop {
            tokio::select! {
                biased;
                accepted = listener.accept(&responder, &serving) => {
                    if let Err(error) = accepted {
                        pause_after(&error, &*responder, &serving.shortage).await;
                    }
                }
                () = is_true(&mut draining) => break,
            }
        }
    });
    Ok(())
}

/// Waits until it is true, or until nobody can make it true any more.
pub async fn is_true(flag: &mut watch::Receiver<bool>) {
    let _ = flag.wait_for(|&flag| flag).await;
}

/// A client that left before it was accepted costs no pause; for others silent connections make room.
async fn pause_after<R: Respond>(error: &io::Error, responder: &R, shortage: &watch::Sender<()>) {
    let left = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::Interrupted,
    ];
    if !left.contains(&error.kind()) {
        responder.accept_failed();
        shortage.send_replace(());
        tokio::time::sleep(PAUSE).await;
    }
}

/// Since when a connection has had no request under way; none while it has one.
///
/// A head that isn't complete is no request yet.
struct Silence(Mutex<Option<Instant>>);

impl Silence {
    fn begin() -> Silence {
        Silence(Mutex::new(Some(Instant::now())))
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn interrupt(&self) {
        *self.since() = None;
    }

    fn resume(&self) {
        *self.since() = Some(Instant::now());
    }

    /// Waits for a shortage in which the connection has been silent for long.
    async fn has_to_end(&self, mut shortage: watch::Receiver<()>) {
        while shortage.changed().await.is_ok() {
            if self.since().is_some_and(|it| it.elapsed() >= SILENT) {
                return;
            }
        }
        std::future::pending().await
    }
}

/// Small responses are sent at once, and a client that reads nothing is dropped. Neither failing is an error.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD));
}

fn spawn<S, R>(stream: S, client: Option<SocketAddr>, responder: &Arc<R>, serving: &Serving)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Respond,
{
    let (responder, serving) = (Arc::clone(responder), serving.clone());
    tokio::spawn(async move {
        let ending = serving.draining.clone();
        let silence = Arc::new(Silence::begin());
        let of_requests = Arc::clone(&silence);
        let service = service_fn(move |request| {
            let (responder, ending) = (Arc::clone(&responder), ending.clone());
            let silence = Arc::clone(&of_requests);
            async move {
                silence.interrupt();
                let mut response = responder.respond(request, client).await;
                silence.resume();
                if *ending.borrow() {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(CONNECTION, close);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let mut draining = serving.draining;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(serving.idle)
            .max_header_size(LONGEST_HEAD)
            .max_buf_size(LONGEST_HEAD * 2)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        // What goes wrong on a connection is the client's to notice.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = silence.has_to_end(serving.shortage.subscribe()) => return,
            () = is_true(&mut draining) => {}
        }
        let last = tokio::time::timeout(LAST_REQUESTS, connection.as_mut());
        if last.await.is_err() {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
        drop(serving.alive);
    });
}
