//! How long a connection may stay: so long for a request's headers, so long between requests.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// No deadline: a request is being answered.
const BUSY: u64 = u64::MAX;

/// One connection's deadline. Covers what hyper's timers do not: bytes before the protocol is known, TLS handshakes,
/// HTTP/2 connections without a request, and clients that do not read their reply.
pub struct Pulse {
    born: Instant,
    header_timeout: Duration,
    idle_timeout: Duration,
    /// Milliseconds since birth.
    deadline: AtomicU64,
    running: AtomicUsize,
    /// Between two requests of an HTTP/1 connection: the next byte begins a request.
    resting: AtomicBool,
}

impl Pulse {
    pub fn new(header_timeout: Duration, idle_timeout: Duration) -> Arc<Pulse> {
        let first = millis(header_timeout);
        Arc::new(Pulse {
            born: Instant::now(),
            header_timeout,
            idle_timeout,
            deadline: AtomicU64::new(first),
            running: AtomicUsize::new(0),
            resting: AtomicBool::new(false),
        })
    }

    /// A request's headers are complete; it runs until the answer is dropped.
    pub fn begin(self: &Arc<Self>, version: Version) -> Busy {
        self.resting.store(false, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::SeqCst);
        self.deadline.store(BUSY, Ordering::SeqCst);
        Busy { pulse: self.clone(), http1: version < Version::HTTP_2 }
    }

    /// Completes when the deadline has passed.
    pub async fn stopped(&self) {
        loop {
            let deadline = self.deadline.load(Ordering::SeqCst);
            let now = millis(self.born.elapsed());
            if now >= deadline {
                return;
            }
            // No deadline is ever set nearer than this, so that none is overslept.
            let nap = (deadline - now).min(millis(self.header_timeout.min(self.idle_timeout)));
            tokio::time::sleep(Duration::from_millis(nap)).await;
        }
    }

    fn set(&self, from_now: Duration) {
        self.deadline.store(millis(self.born.elapsed() + from_now), Ordering::SeqCst);
    }

    fn heard(&self) {
        if self.resting.load(Ordering::Relaxed) && self.resting.swap(false, Ordering::SeqCst) {
            self.set(self.header_timeout);
        }
    }
}

fn millis(d: Duration) -> u64 {
    u64::try_from(d.as_millis()).unwrap_or(BUSY - 1)
}

/// A request that is being answered.
pub struct Busy {
    pulse: Arc<Pulse>,
    http1: bool,
}

impl Busy {
    pub fn http1(&self) -> bool {
        self.http1
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.pulse.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.pulse.set(self.pulse.idle_timeout);
            self.pulse.resting.store(self.http1, Ordering::SeqCst);
        }
    }
}

/// A stream that tells its pulse when bytes arrive.
pub struct Beating<S> {
    stream: S,
    pulse: Arc<Pulse>,
}

impl<S> Beating<S> {
    pub fn new(stream: S, pulse: Arc<Pulse>) -> Self {
        Beating { stream, pulse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Beating<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pulse.heard();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Beating<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(75);

    /// Seconds of (paused) time until the connection is given up.
    async fn life(pulse: &Pulse) -> u64 {
        let start = Instant::now();
        pulse.stopped().await;
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_ends_after_the_header_time() {
        let pulse = Pulse::new(HEADERS, IDLE);
        pulse.heard();
        assert_eq!(life(&pulse).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_running_request_is_not_cut_and_rest_begins_after_it() {
        let pulse = Pulse::new(HEADERS, IDLE);
        let busy = pulse.begin(Version::HTTP_11);
        let request = async {
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(busy);
        };
        let (lived, ()) = tokio::join!(life(&pulse), request);
        assert_eq!(lived, 375);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_after_a_rest_starts_the_header_time() {
        let pulse = Pulse::new(HEADERS, IDLE);
        drop(pulse.begin(Version::HTTP_11));
        let dribble = async {
            for _ in 0..30 {
                tokio::time::sleep(Duration::from_secs(2)).await;
                pulse.heard();
            }
        };
        let (lived, ()) = tokio::join!(life(&pulse), dribble);
        assert_eq!(lived, 12);
    }

    #[tokio::test(start_paused = true)]
    async fn frames_without_a_request_do_not_keep_http2_open_nor_cut_it_early() {
        let pulse = Pulse::new(HEADERS, IDLE);
        drop(pulse.begin(Version::HTTP_2));
        pulse.heard();
        assert_eq!(life(&pulse).await, 75);
    }
}
