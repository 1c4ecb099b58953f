//! Accepts connections and keeps them within limits: time to send headers, idle time, number, drain at the end.
//!
//! # Layout
//! - this file: accepting, and ending without losing a request
//! - [`pulse`]: how long a connection may stay; [`places`]: how many there may be
//! - [`tls`]: TLS 1.2 and 1.3

pub mod places;
pub mod pulse;
pub mod tls;

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;
use watchword_web::Peer;
use watchword_web::pages::Health;

use self::places::{Place, Places};
use self::pulse::{Beating, Pulse};

/// How long connections already accepted have to send a request before they are told to end.
const SETTLE: Duration = Duration::from_millis(200);

/// Limits of a listener.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a connection may take to send a request's headers, also while it sends nothing at all.
    pub header_timeout: Duration,
    /// How long a connection may stay open without a request.
    pub idle_timeout: Duration,
    /// Connections at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Connections at once from one address (IPv6: one /64); further ones are closed.
    pub connections_per_ip: usize,
    /// Addresses without that limit.
    pub exempt: Vec<IpAddr>,
    /// How long new connections are still accepted after the signal to stop, while readiness is denied.
    pub notice: Duration,
    /// How long running requests may take to finish after that.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            connections: 10_000,
            connections_per_ip: 10_000,
            exempt: Vec::new(),
            notice: Duration::ZERO,
            drain: Duration::from_secs(25),
        }
    }
}

/// What is served on a listener.
#[derive(Clone)]
pub struct Site {
    /// A connection gets the router that is current when it arrives: first the one that says "starting".
    pub router: watch::Receiver<Router>,
    pub tls: Option<TlsAcceptor>,
    pub health: Health,
}

/// Serves one router until `stop` completes, then lets running requests finish.
pub async fn run(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let site = Site { router: watch::channel(router).1, tls: None, health: Health::ready() };
    run_site(listener, site, limits, stop).await;
}

/// Serves until `stop` completes. Then readiness is denied at once, new connections are served for the notice, and
/// running requests get the drain time to finish.
pub async fn run_site(listener: TcpListener, site: Site, limits: Limits, stop: impl Future<Output = ()>) {
    let hall = Hall {
        builder: builder(),
        graceful: GracefulShutdown::new(),
        places: Places::new(limits.connections, limits.connections_per_ip, limits.exempt.clone()),
        site,
        limits,
    };
    tokio::select! {
        () = hall.accept_all(&listener) => {}
        () = stop => {}
    }
    hall.site.health.drain();
    let _ = tokio::time::timeout(hall.limits.notice, hall.accept_all(&listener)).await;
    hall.accept_the_last(listener);
    tokio::time::sleep(SETTLE).await;
    let _ = tokio::time::timeout(hall.limits.drain, hall.graceful.shutdown()).await;
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Header and idle timeouts are `pulse`'s: hyper's own does not run before a connection's first bytes.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(16 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(16 * 1024)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100)
        .max_send_buf_size(64 * 1024);
    builder
}

struct Hall {
    builder: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    places: Places,
    site: Site,
    limits: Limits,
}

impl Hall {
    async fn accept_all(&self, listener: &TcpListener) {
        loop {
            let free = self.places.one_free().await;
            match listener.accept().await {
                Ok((stream, peer)) => {
                    if let Some(place) = self.places.take(free, peer.ip()) {
                        self.admit(stream, peer, place);
                    }
                }
                // Out of file descriptors, most likely: let some connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Serves what the kernel has accepted in our name, too, and closes the door.
    fn accept_the_last(&self, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok((stream, peer)) = listener.accept() {
            let place = self.places.take_now(peer.ip());
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            if let (Some(place), Ok(stream)) = (place, stream) {
                self.admit(stream, peer, place);
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr, place: Place) {
        let _ = stream.set_nodelay(true);
        let pulse = Pulse::new(self.limits.header_timeout, self.limits.idle_timeout);
        let stream = Beating::new(stream, pulse.clone());
        let guest = Guest {
            builder: self.builder.clone(),
            watcher: self.graceful.watcher(),
            router: self.site.router.borrow().clone(),
            health: self.site.health.clone(),
            pulse: pulse.clone(),
            peer,
        };
        let tls = self.site.tls.clone();
        tokio::spawn(async move {
            let served = async {
                match tls {
                    None => guest.serve(stream).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            guest.serve(stream).await;
                        }
                    }
                }
            };
            tokio::select! {
                () = served => {}
                () = pulse.stopped() => {}
            }
            drop(place);
        });
    }
}

/// One connection.
struct Guest {
    builder: Builder<TokioExecutor>,
    watcher: Watcher,
    router: Router,
    health: Health,
    pulse: Arc<Pulse>,
    peer: SocketAddr,
}

impl Guest {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Guest { builder, watcher, router, health, pulse, peer } = self;
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            let busy = pulse.begin(request.version());
            let response = router.clone().call(request);
            let health = health.clone();
            async move {
                let mut response: Response = response.await?;
                if health.draining() && busy.http1() {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let _ = watcher.watch(connection.into_owned()).await;
    }
}
