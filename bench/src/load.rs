//! Connections that send one request after the other and check every reply. Cheap, since the client shares the cores
//! with the server: requests are bytes, replies are looked at and not parsed.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Result, http, said};

/// What one connection does.
pub trait Work: Send + 'static {
    /// Appends the next request; `false`: there is none.
    fn request(&mut self, out: &mut Vec<u8>) -> bool;
    /// Whether the reply's body is the success that was asked for.
    fn right(&mut self, body: &[u8]) -> bool;
}

/// How it went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    pub requests: u64,
    pub per_second: f64,
    /// Milliseconds.
    pub median: f64,
    /// Milliseconds.
    pub p99: f64,
}

/// A keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(at: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(at).await.map_err(said)?;
        stream.set_nodelay(true).map_err(said)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and answers the body of its reply.
    ///
    /// # Errors
    /// Any HTTP status but 200, with the reply.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        let body = self.send(request).await?;
        match http::is_200(&self.buffer) {
            true => Ok(&self.buffer[body]),
            false => Err(String::from_utf8_lossy(&self.buffer).into_owned()),
        }
    }

    /// Sends a request and answers the whole of its reply, whatever its status.
    pub async fn reply(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.send(request).await?;
        Ok(&self.buffer)
    }

    /// Sends a request and reads its reply into the buffer; answers where its body lies.
    async fn send(&mut self, request: &[u8]) -> Result<Range<usize>> {
        self.stream.write_all(request).await.map_err(said)?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await.map_err(said)? == 0 {
                return Err(format!("the server hung up: {}", String::from_utf8_lossy(&self.buffer)));
            }
            if let Some(body) = http::body(&self.buffer) {
                return Ok(body);
            }
        }
    }
}

/// Each of `works` on a connection of its own, all at once. What is answered within `warm_up` does not count. Ends
/// after `length`, or when one of them has nothing left to ask.
///
/// # Errors
/// The first reply that is not right.
pub async fn run<W: Work>(at: SocketAddr, works: Vec<W>, warm_up: Duration, length: Duration) -> Result<Load> {
    let mut ready = Vec::with_capacity(works.len());
    for work in works {
        ready.push((Connection::open(at).await?, work));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let begin = Instant::now() + warm_up;
    let span = Span { begin, end: begin + length };
    let mut tasks = tokio::task::JoinSet::new();
    for (connection, work) in ready {
        tasks.spawn(one(connection, work, span, stop.clone()));
    }
    let mut all = Vec::new();
    let mut end = span.end;
    let mut failure = None;
    while let Some(done) = tasks.join_next().await {
        match done.map_err(said)? {
            Ok((samples, left)) => {
                all.extend(samples);
                end = end.min(left);
            }
            Err(e) => {
                stop.store(true, Ordering::Relaxed);
                failure = failure.or(Some(e));
            }
        }
    }
    match failure {
        Some(e) => Err(e),
        None => Ok(sum_up(all, end.saturating_duration_since(begin))),
    }
}

#[derive(Clone, Copy)]
struct Span {
    begin: Instant,
    end: Instant,
}

/// Microseconds of each request that counts, and when this connection ended.
async fn one<W: Work>(
    mut connection: Connection,
    mut work: W,
    span: Span,
    stop: Arc<AtomicBool>,
) -> Result<(Vec<u32>, Instant)> {
    let mut samples = Vec::with_capacity(1 << 14);
    let mut request = Vec::with_capacity(2048);
    loop {
        let sent = Instant::now();
        if sent >= span.end || stop.load(Ordering::Relaxed) {
            return Ok((samples, sent));
        }
        request.clear();
        if !work.request(&mut request) {
            stop.store(true, Ordering::Relaxed);
            return Ok((samples, sent));
        }
        let body = connection.exchange(&request).await?;
        if !work.right(body) {
            let (asked, told) = (String::from_utf8_lossy(&request), String::from_utf8_lossy(body));
            return Err(format!("not the success that was asked for\n{asked}\n{told}"));
        }
        let took = sent.elapsed();
        if (span.begin..span.end).contains(&(sent + took)) {
            samples.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }
}

/// Microseconds of each request, and how long all of them took.
pub fn sum_up(mut samples: Vec<u32>, took: Duration) -> Load {
    samples.sort_unstable();
    let at = |part: f64| {
        let n = ((samples.len() as f64 * part) as usize).min(samples.len().saturating_sub(1));
        samples.get(n).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    };
    let requests = samples.len() as u64;
    Load { requests, per_second: requests as f64 / took.as_secs_f64().max(1e-9), median: at(0.5), p99: at(0.99) }
}
