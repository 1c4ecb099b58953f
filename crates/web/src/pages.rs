//! Pages that are no operations: start page, health, metrics, version, the API document, the development inbox.
//!
//! # Layout
//! - [`health`]: is the process alive, may it be sent requests
//! - [`docs`]: every operation on one page, without a script
//! - [`inbox`]: what demo mode shows instead of sending it
//! - [`verify_email`], [`reset_password`]: where links in e-mails lead; [`form`]: what they share
//! - [`oidc`]: the browser side of the OpenID Provider
//! - [`upload`]: files of users
//! - [`html`]: what HTML pages share
//! - [`headers`]: what browsers are told with every reply

pub mod docs;
pub mod form;
pub mod headers;
pub mod health;
pub mod html;
pub mod inbox;
pub mod oidc;
pub mod reset_password;
pub mod upload;
pub mod verify_email;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use watchword_domain::{Services, ctx};

pub use self::headers::Guard;
pub use self::health::Health;
use crate::caller::Incoming;
use crate::op::Op;

/// Writes the metrics in Prometheus' text format.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// What pages that change something share.
#[derive(Clone)]
pub(crate) struct Site {
    pub services: Arc<Services>,
    pub trusted_proxies: Arc<[IpAddr]>,
}

impl Site {
    /// The request as the rules see it.
    fn asked(&self, parts: &Parts) -> ctx::Request {
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let incoming = Incoming { method, path, query: None, headers: &parts.headers, body: &[] };
        incoming.visit(self.services.entropy.hex(16), &self.trusted_proxies, &parts.extensions)
    }
}

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Adds the pages to the operations. `trusted_proxies` as in [`crate::Limits`]. `metrics`: `None` where another listener has them.
pub fn mount(
    router: Router,
    services: &Arc<Services>,
    ops: &[Op],
    health: &Health,
    metrics: Option<Render>,
    trusted_proxies: &[IpAddr],
) -> Router {
    let guard = Guard::new(&services.settings.public_url);
    // Made when first asked for: neither a start nor a test waits for it.
    let ops = Arc::new(ops.to_vec());
    let document = {
        let url = services.settings.public_url.clone();
        Arc::new(LazyLock::new(move || crate::openapi::document(&ops, &url)))
    };
    let (for_page, for_json) = (document.clone(), document);
    let page = constant(HTML, guard, move || docs::page(&for_page));
    let document = constant(JSON, guard, move || for_json.to_string());
    let demo = services.settings.demo;
    let start = constant(HTML, guard, move || docs::start(demo));
    let version = json!({ "name": "watchword", "version": env!("CARGO_PKG_VERSION") });
    let version = constant(JSON, guard, move || version.to_string());
    let site = Site { services: services.clone(), trusted_proxies: trusted_proxies.into() };
    let more = inbox::routes(services.clone())
        .merge(verify_email::routes(site.clone()))
        .merge(reset_password::routes(site.clone()))
        .merge(upload::routes(services.clone()))
        .merge(oidc::routes(site));
    let more = more.layer(map_response(move |mut response: Response| async move {
        guard.stamp(response.headers_mut());
        response
    }));
    let router = router
        .merge(more)
        .route("/style.css", get(move || async move { send(StatusCode::OK, CSS, docs::STYLE, guard) }))
        .route("/", get(move || async move { start() }))
        .route("/docs", get(move || async move { page() }))
        .route("/openapi.json", get(move || async move { document() }))
        .route("/version", get(move || async move { version() }));
    watch(router, services.clone(), health.clone(), metrics, guard)
}

/// Health and metrics alone, for a listener of their own.
pub fn monitoring(services: &Arc<Services>, health: &Health, metrics: Render) -> Router {
    let guard = Guard::new(&services.settings.public_url);
    let router = Router::new().fallback(move || async move { send(StatusCode::NOT_FOUND, TEXT, "not found\n", guard) });
    watch(router, services.clone(), health.clone(), Some(metrics), guard)
}

/// What is served until the database is open: alive, not ready, and everything else later.
pub fn starting() -> Router {
    let guard = Guard::new("");
    let later = move || async move {
        let body = r#"{"statusCode":503,"message":"starting"}"#;
        let mut response = send(StatusCode::SERVICE_UNAVAILABLE, JSON, body, guard);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        // The next request deserves the real router.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    };
    let alive = move || async move {
        let mut response = send(StatusCode::OK, TEXT, "ok\n", guard);
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    };
    Router::new().route("/healthz", get(alive)).fallback(later)
}

fn watch(router: Router, services: Arc<Services>, health: Health, metrics: Option<Render>, guard: Guard) -> Router {
    let ready = move || {
        let (services, health) = (services.clone(), health.clone());
        async move {
            let (status, body) = match health.problem(&services).await {
                None => (StatusCode::OK, json!({ "status": "ready" })),
                Some(why) => (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "not ready", "reason": why })),
            };
            send(status, JSON, body.to_string(), guard)
        }
    };
    let router = router
        .route("/healthz", get(move || async move { send(StatusCode::OK, TEXT, "ok\n", guard) }))
        .route("/readyz", get(ready));
    match metrics {
        None => router,
        Some(render) => {
            let type_ = "text/plain; version=0.0.4; charset=utf-8";
            router.route("/metrics", get(move || async move { send(StatusCode::OK, type_, render(), guard) }))
        }
    }
}

/// A page that does not change while the server runs.
fn constant(
    type_: &'static str,
    guard: Guard,
    make: impl Fn() -> String + Send + Sync + 'static,
) -> impl Fn() -> Response + Clone + Send + Sync + 'static {
    let body = Arc::new(LazyLock::new(move || Bytes::from(make())));
    move || send(StatusCode::OK, type_, Bytes::clone(&body), guard)
}

fn send(status: StatusCode, type_: &'static str, body: impl Into<Body>, guard: Guard) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(type_));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    guard.stamp(response.headers_mut());
    response
}
