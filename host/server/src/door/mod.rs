//! The door: connections are accepted, bounded and, where the operator wants it, encrypted; each request is told where it
//! comes from and handed to the API.
//!
//! What a stranger can cost is bounded before anything of his is read: the number of connections, the time of a
//! handshake, the time and the size of a request's head. The bounds of bodies are in `api::body`.

pub mod address;
pub mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

use crate::settings::Limits;
use address::ProxyTrust;
use tls::{Certificate, TlsError, TlsFiles};

/// How the door is built.
#[derive(Clone, Debug, Default)]
pub struct DoorSettings {
    /// The certificate; none means plain HTTP, behind a proxy or on this machine.
    pub tls: Option<TlsFiles>,
    /// The proxies that are believed.
    pub proxy: ProxyTrust,
}

/// Why the door does not open.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The listening address.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The configuration that is made of it.
    #[error("TLS cannot be served")]
    TlsConfig(#[from] rustls::Error),
}

/// A door that is bound to its address and not open yet.
pub(crate) struct BoundDoor {
    listener: TcpListener,
    address: SocketAddr,
    certificate: Option<Arc<Certificate>>,
    hall: Hall,
}

/// What every connection needs.
#[derive(Clone)]
struct Hall {
    acceptor: Option<TlsAcceptor>,
    proxy: Arc<ProxyTrust>,
    http: http1::Builder,
    handshake_within: Duration,
    places: Arc<Semaphore>,
    closing: CancellationToken,
    cut: CancellationToken,
    tracker: TaskTracker,
}

/// An open door.
pub(crate) struct Door {
    /// Where it is.
    pub(crate) address: SocketAddr,
    certificate: Option<Arc<Certificate>>,
    closing: CancellationToken,
    cut: CancellationToken,
    tracker: TaskTracker,
}

impl BoundDoor {
    /// Reads the certificate and takes the address; nobody is let in yet.
    pub(crate) async fn bind(address: SocketAddr, settings: DoorSettings, limits: &Limits) -> Result<Self, DoorError> {
        let certificate = settings.tls.map(Certificate::load).transpose()?.map(Arc::new);
        let config = certificate.as_ref().map(Certificate::server_config).transpose()?;
        let listener = TcpListener::bind(address).await.map_err(|source| DoorError::Listen { address, source })?;
        let address = listener.local_addr().map_err(|source| DoorError::Listen { address, source })?;
        let mut http = http1::Builder::new();
        // The timer runs from one answer to the next head, so that it bounds idle connections, too.
        http.timer(TokioTimer::new()).header_read_timeout(limits.head_within).max_buf_size(limits.max_head_bytes);
        let hall = Hall {
            acceptor: config.map(TlsAcceptor::from),
            proxy: Arc::new(settings.proxy),
            http,
            handshake_within: limits.handshake_within,
            places: Arc::new(Semaphore::new(limits.max_connections)),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
            tracker: TaskTracker::new(),
        };
        Ok(Self { listener, address, certificate, hall })
    }

    /// Lets clients in.
    pub(crate) fn open(self, router: Router) -> Door {
        let Self { listener, address, certificate, hall } = self;
        let (closing, cut, tracker) = (hall.closing.clone(), hall.cut.clone(), hall.tracker.clone());
        if let Some(certificate) = &certificate {
            tracker.spawn(Arc::clone(certificate).watch(closing.clone()));
        }
        tracker.spawn(accept(listener, hall, router));
        Door { address, certificate, closing, cut, tracker }
    }
}

impl Door {
    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate in force, where there is one.
    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_deref()
    }

    /// Lets nobody in any more; requests under way are answered, and what is not by then is cut off.
    pub(crate) async fn close(self, by: Instant) {
        self.closing.cancel();
        self.tracker.close();
        if tokio::time::timeout_at(by, self.tracker.wait()).await.is_err() {
            tracing::warn!("requests were cut off by the stop");
            self.cut.cancel();
            self.tracker.wait().await;
        }
    }
}

/// Rest after an error that the machine must get over first, such as too many open files.
const REST: Duration = Duration::from_millis(200);

/// Accepts while there is a place; who comes when there is none waits in the system's queue.
async fn accept(listener: TcpListener, hall: Hall, router: Router) {
    loop {
        let next = async {
            let place = Arc::clone(&hall.places).acquire_owned().await.ok()?;
            Some((place, listener.accept().await))
        };
        let (place, accepted) = tokio::select! {
            () = hall.closing.cancelled() => return,
            next = next => match next {
                Some(next) => next,
                None => return,
            },
        };
        match accepted {
            Ok((stream, peer)) => {
                drop(hall.tracker.spawn(connection(hall.clone(), (stream, peer.ip()), router.clone(), place)))
            }
            Err(error) if is_of_one_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// Whether an error of accepting is about the connection that came, which is gone already.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

/// One connection, from its handshake to its end.
async fn connection(hall: Hall, (stream, peer): (TcpStream, IpAddr), router: Router, _place: OwnedSemaphorePermit) {
    // Answers are small and each is waited for.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "answers on this connection may be late");
    }
    let Some(acceptor) = hall.acceptor.clone() else { return serve(&hall, stream, peer, router).await };
    let shaken = tokio::select! {
        () = hall.closing.cancelled() => return,
        shaken = tokio::time::timeout(hall.handshake_within, acceptor.accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => serve(&hall, stream, peer, router).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn serve<S>(hall: &Hall, stream: S, peer: IpAddr, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        let address = hall.proxy.client(peer, request.headers());
        request.extensions_mut().insert(address);
        router.clone().call(request)
    });
    let mut served = std::pin::pin!(hall.http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = hall.closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                ended = served.as_mut() => ended,
                () = hall.cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
