//! Which pages of other origins may call from a browser (Fetch standard, CORS protocol): those that a pool lists.
//!
//! An origin is compared letter by letter and never answered together with `Access-Control-Allow-Credentials`: no
//! operation knows its caller by a cookie. `null` is in no list. A browser asks first without naming a pool; then an
//! origin that any pool lists is enough, as the answer to the request itself is shown only where its own pool does.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tracing::warn;
use watchword_domain::{Services, security_settings};
use watchword_kit::PoolId;

/// What the SDKs send beyond what a browser lets through anyway.
const HEADERS: &str = "authorization, content-type, dpop, x-authing-app-id, x-authing-userpool-id, x-authing-lang, \
                       x-authing-request-from, x-authing-sdk-version, x-requested-with";
const EXPOSED: &str = "x-request-id, retry-after, dpop-nonce, www-authenticate";
const MAX_ORIGIN: usize = 300;

/// The origin that a request names.
pub fn origin(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::ORIGIN)?.to_str().ok()?;
    (value.len() <= MAX_ORIGIN).then(|| value.to_owned())
}

/// Lets the page read this reply if the pool lists its origin. Without a pool any pool's list counts.
pub async fn stamp(services: &Services, pool: Option<&PoolId>, origin: Option<&str>, headers: &mut HeaderMap) {
    let Some(origin) = origin else { return };
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if allowed(services, pool, origin).await
        && let Ok(value) = HeaderValue::from_str(origin)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// The answer to a browser that asks before it sends a request.
pub async fn preflight(services: &Services, request: Request, methods: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let origin = origin(request.headers());
    let headers = response.headers_mut();
    stamp(services, None, origin.as_deref(), headers).await;
    headers.insert(header::ALLOW, HeaderValue::from_static(methods));
    if headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

async fn allowed(services: &Services, pool: Option<&PoolId>, origin: &str) -> bool {
    security_settings::allows_origin(services, pool, origin).await.unwrap_or_else(|e| {
        warn!(error = ?e, "whether an origin is allowed cannot be read");
        false
    })
}
