//! What happens to a request, top to bottom: limit, identify, permit, parse, run, envelope, log.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{Instrument, error, info, info_span, warn};
use watchword_domain::Services;
use watchword_domain::ctx::{self, Actor, Ctx};
use watchword_domain::permission::Grants;
use watchword_kit::{Error, PoolId, Result, codes, text};

use crate::caller::{self, Incoming};
use crate::cors;
use crate::envelope;
use crate::meter::Meter;
use crate::op::{Op, Raw, Shape};
use crate::pages::Guard;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest path and query.
const MAX_URI: usize = 8 * 1024;

/// Largest body of a request for which there is no operation.
const MAX_UNKNOWN_BODY: usize = 1 << 20;
/// A body of this size needs no room in the budget of all bodies.
const SMALL_BODY: usize = 64 * 1024;

/// Limits of the HTTP side.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Bytes of all bodies at once, not counting the first 64 KiB of each: bodies are read before anybody has proven
    /// anything. At most 2³² − 1.
    pub body_budget: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { body_timeout: Duration::from_secs(30), trusted_proxies: Vec::new(), body_budget: 128 << 20 }
    }
}

struct Door {
    services: Arc<Services>,
    limits: Limits,
    bodies: Arc<Semaphore>,
    guard: Guard,
}

/// An operation, and what is counted of it.
struct Row {
    op: Op,
    meter: Meter,
}

/// Routes every operation, and answers what is none with an envelope.
pub fn router(services: Arc<Services>, ops: Vec<Op>, limits: Limits) -> Router {
    let guard = Guard::new(&services.settings.public_url);
    let bodies = Arc::new(Semaphore::new(limits.body_budget as usize));
    let door = Arc::new(Door { services, limits, bodies, guard });
    let mut by_path: Vec<(&'static str, MethodRouter)> = Vec::new();
    for op in ops {
        let (path, filter) = (op.path, method_filter(op.method));
        let (door, row) = (door.clone(), Arc::new(Row { meter: Meter::new(&op), op }));
        let handler = move |request: Request| serve(door.clone(), row.clone(), request);
        match by_path.iter_mut().find(|(p, _)| *p == path) {
            Some((_, routes)) => *routes = std::mem::take(routes).on(filter, handler),
            None => by_path.push((path, on(filter, handler))),
        }
    }
    let mut router = Router::new();
    let asked = door.clone();
    for (path, routes) in by_path {
        let door = asked.clone();
        let preflight = move |request: Request| {
            let door = door.clone();
            async move {
                let mut response = cors::preflight(&door.services, request, "GET, POST, PUT, PATCH, DELETE").await;
                stamp(&mut response, &door.services.entropy.hex(16), door.guard);
                response
            }
        };
        let routes = routes.on(MethodFilter::OPTIONS, preflight);
        // One official client writes `/oidc/me/`.
        if path.starts_with("/oidc/") || path.starts_with("/oauth/") {
            router = router.route(&format!("{path}/"), routes.clone());
        }
        router = router.route(path, routes.fallback(move |r: Request| refuse(r, codes::METHOD_NOT_ALLOWED, guard)));
    }
    router.fallback(move |request: Request| unknown(door.clone(), request, guard))
}

/// A path that is none of ours. Under `/api/` it may be an operation that is not built yet; a key without every
/// permission is told no more of it than of any other that it may not call.
async fn unknown(door: Arc<Door>, request: Request, guard: Guard) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return refuse(request, codes::NOT_FOUND, guard).await;
    }
    let (parts, body) = request.into_parts();
    let code = match arrive(&door.bodies, door.limits.body_timeout, MAX_UNKNOWN_BODY, body).await {
        Ok((body, _room)) => {
            let incoming = Incoming {
                method: parts.method.as_str(),
                path: parts.uri.path(),
                query: parts.uri.query(),
                headers: &parts.headers,
                body: &body,
            };
            match caller::management(&door.services, &incoming).await {
                Ok((_, Actor::AccessKey(key))) if key.grants != Grants::All => codes::FORBIDDEN,
                _ => codes::NOT_IMPLEMENTED,
            }
        }
        Err(e) => e.code(),
    };
    refuse(Request::from_parts(parts, Body::empty()), code, guard).await
}

fn method_filter(method: &str) -> MethodFilter {
    match method {
        "GET" => MethodFilter::GET,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::POST,
    }
}

/// A request for which there is no operation. Under `/api/` that may be one of the contract that is not built yet.
async fn refuse(request: Request, code: &'static watchword_kit::Code, guard: Guard) -> Response {
    let (parts, _) = request.into_parts();
    let lang = Incoming::of_headers(&parts.headers).lang();
    let id = watchword_kit::Entropy.hex(16);
    let mut e = Error::new(code);
    if code == codes::NOT_IMPLEMENTED {
        let (method, path) = (&parts.method, parts.uri.path());
        let path: String = path.chars().filter(|c| c.is_ascii_graphic()).take(120).collect();
        e = e.because(text!(
            "this version has no operation {method} {path}; GET /docs lists those it has",
            "此版本没有接口 {method} {path}；可用接口见 GET /docs"
        ));
    }
    let mut response = envelope::reply(Shape::V3, &Err(e), lang, &id);
    if matches!(code.status, 404 | 405) {
        *response.status_mut() = StatusCode::from_u16(code.status).unwrap_or(StatusCode::NOT_FOUND);
    }
    stamp(&mut response, &id, guard);
    response
}

async fn serve(door: Arc<Door>, row: Arc<Row>, request: Request) -> Response {
    let started = Instant::now();
    let op = &row.op;
    let id = door.services.entropy.hex(16);
    let span = info_span!("request", id = %id, op = op.path);
    let (mut parts, body) = request.into_parts();
    let path_params = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    async {
        let lang = Incoming::of_headers(&parts.headers).lang();
        let mut trace = Trace::default();
        let outcome = match read_body(&door, op, &parts, body).await {
            // The room is given back when the answer is there.
            Ok((body, _room)) => {
                let running = run(&door, op, &parts, path_params.as_ref(), body, &id, &mut trace);
                // The panic hook has logged where and why.
                AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|_| Err(Error::internal("panicked")))
            }
            Err(e) => Err(e),
        };
        log(&row, &outcome, &trace, started);
        let mut response = envelope::of(op, &outcome, lang, &id);
        let origin = cors::origin(&parts.headers);
        cors::stamp(&door.services, trace.pool.as_ref(), origin.as_deref(), response.headers_mut()).await;
        stamp(&mut response, &id, door.guard);
        response
    }
    .instrument(span)
    .await
}

async fn read_body(door: &Door, op: &Op, parts: &http::request::Parts, body: Body) -> Result<(Bytes, Room)> {
    let uri = parts.uri.path_and_query().map_or(0, |p| p.as_str().len());
    if uri > MAX_URI {
        return Err(too_large(MAX_URI));
    }
    let declared = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|n| n > op.body_limit as u64) {
        return Err(too_large(op.body_limit));
    }
    arrive(&door.bodies, door.limits.body_timeout, op.body_limit, body).await
}

/// What a body takes of the budget of all bodies.
type Room = Option<OwnedSemaphorePermit>;

/// Reads a body within its limit, its time and the budget of all bodies.
async fn arrive(bodies: &Arc<Semaphore>, patience: Duration, limit: usize, body: Body) -> Result<(Bytes, Room)> {
    let reading = async {
        let mut body = Limited::new(body, limit);
        let mut arrived = BytesMut::new();
        let mut room: Room = None;
        while let Some(frame) = body.frame().await {
            let frame = match frame {
                Ok(frame) => frame,
                Err(e) if e.is::<http_body_util::LengthLimitError>() => return Err(too_large(limit)),
                Err(e) => return Err(Error::invalid("body", text!("broken off", "请求体中断")).inside(e)),
            };
            let Ok(data) = frame.into_data() else { continue };
            if arrived.len() + data.len() > SMALL_BODY {
                let full = || Error::new(codes::TOO_MANY).retry_after(1);
                let more = u32::try_from(data.len()).map_err(|_| full())?;
                let more = bodies.clone().try_acquire_many_owned(more).map_err(|_| full())?;
                match &mut room {
                    Some(room) => room.merge(more),
                    None => room = Some(more),
                }
            }
            arrived.extend_from_slice(&data);
        }
        Ok((arrived.freeze(), room))
    };
    tokio::time::timeout(patience, reading)
        .await
        .unwrap_or_else(|_| Err(Error::invalid("body", text!("took too long to arrive", "请求体接收超时"))))
}

fn too_large(limit: usize) -> Error {
    Error::new(codes::TOO_LARGE).because(text!("larger than {limit} bytes", "超过 {limit} 字节"))
}

/// What the log line tells beside the outcome.
#[derive(Default)]
struct Trace {
    pool: Option<PoolId>,
    actor: &'static str,
}

async fn run(
    door: &Door,
    op: &Op,
    parts: &http::request::Parts,
    path_params: Option<&RawPathParams>,
    body: Bytes,
    id: &str,
    trace: &mut Trace,
) -> Result<Option<Vec<u8>>> {
    let incoming = Incoming {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
        body: &body,
    };
    let request = ctx::Request {
        dpop: incoming.dpop().map(str::to_owned),
        basic: incoming.basic(),
        as_dpop: incoming.as_dpop(),
        token: incoming.token().map(|t| watchword_kit::Secret::new(t.to_owned())),
        ..incoming.visit(id.to_owned(), &door.limits.trusted_proxies, &parts.extensions)
    };
    let caller = caller::identify(&door.services, op, &incoming).await?;
    trace.actor = match &caller.actor {
        Actor::AccessKey(_) => "access_key",
        Actor::User(_) | Actor::Pending(_) => "user",
        Actor::Anonymous => "anonymous",
        Actor::System => "system",
    };
    trace.pool = Some(caller.pool.clone()).filter(|p| !p.as_str().is_empty());
    let request = ctx::Request { app_id: caller.app_id, client_id: caller.client_id, ..request };
    let anonymous = matches!(caller.actor, Actor::Anonymous);
    let ctx = Ctx::new(door.services.clone(), caller.pool, caller.actor, request, op.audit);
    let outcome = match caller.refused {
        Some(refusal) => Err(refusal),
        None => (op.run)(ctx.clone(), raw(op, parts, path_params, body)).await,
    };
    match &outcome {
        Ok(_) if op.audit.is_some() && !ctx.settled() => {
            debug_assert!(false, "{} answered without committing", op.path);
            Err(Error::internal("a write answered without committing"))
        }
        // Whoever has not proven who they are leaves a row only where the rules themselves write one.
        Err(e) if !anonymous => {
            if let Err(lost) = ctx.record_refusal(e).await {
                warn!(error = %lost, "the refusal left no audit row");
            }
            outcome
        }
        _ => outcome,
    }
}

fn raw(op: &Op, parts: &http::request::Parts, path_params: Option<&RawPathParams>, body: Bytes) -> Raw {
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let mut path = String::new();
    for (name, value) in path_params.into_iter().flatten() {
        let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
        path.push_str(&format!("{name}={value}&"));
    }
    let content_type = parts.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Raw { source: op.source, path, query, body, content_type }
}

fn log(row: &Row, outcome: &Result<Option<Vec<u8>>>, trace: &Trace, started: Instant) {
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = outcome.as_ref().map_or_else(|e| e.code().status, |_| 200);
    row.meter.record(status, started.elapsed());
    let op = &row.op;
    let pool = trace.pool.as_ref().map_or("", |p| p.as_str());
    match outcome {
        Err(e) if broken(e) => {
            error!(pool, actor = trace.actor, status, micros, method = op.method, error = ?e, "failed");
        }
        Err(e) => {
            info!(pool, actor = trace.actor, status, micros, method = op.method, refusal = e.code().name, "refused")
        }
        Ok(_) => info!(pool, actor = trace.actor, status, micros, method = op.method, "done"),
    }
}

/// Our fault, as 501 is not: that answer is by design.
fn broken(e: &Error) -> bool {
    e.code().status >= 500 && e.code() != codes::NOT_IMPLEMENTED && e.code() != codes::FACE_UNAVAILABLE
}

fn stamp(response: &mut Response, id: &str, guard: Guard) {
    guard.stamp(response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bodies_share_a_budget_and_small_ones_need_none_of_it() {
        let bodies = Arc::new(Semaphore::new(300 * 1024));
        let send = |kib: usize| arrive(&bodies, Duration::from_secs(30), 1 << 20, Body::from(vec![b'x'; kib * 1024]));
        let first = send(200).await.unwrap();
        assert_eq!(first.0.len(), 200 * 1024);
        assert_eq!(send(200).await.unwrap_err().code(), codes::TOO_MANY);
        assert_eq!(send(64).await.unwrap().0.len(), 64 * 1024);
        assert_eq!(send(1025).await.unwrap_err().code(), codes::TOO_LARGE);
        drop(first);
        assert!(send(200).await.is_ok(), "room is given back");
    }
}
