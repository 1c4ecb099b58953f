//! Files of users by their addresses. Pictures are shown; everything else is handed out to be saved, and nothing runs:
//! the policy takes whatever is opened here out of our origin.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderName, HeaderValue, StatusCode, header};
use watchword_domain::{Services, upload};

use crate::caller::Incoming;

const POLICY: &str = "default-src 'none'; sandbox";
const EMBEDDING: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// `GET /uploads/{pool}/{folder}/{name}`.
pub fn routes(services: Arc<Services>) -> Router {
    Router::new().route("/uploads/{pool}/{folder}/{name}", get(file)).with_state(services)
}

async fn file(
    State(services): State<Arc<Services>>,
    Path((pool, folder, name)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let (path, headers) = (request.uri().path(), request.headers());
    let incoming = Incoming { method: "GET", path, query: None, headers, body: &[] };
    let token = incoming.token().map(|token| incoming.presented(token));
    let mut response = Response::new(Body::empty());
    let found = match upload::get(&services, &pool, &folder, &name, token.as_ref()).await {
        Ok(found) => found,
        Err(e) => {
            let known = e.code().status < 500;
            *response.status_mut() = if known { StatusCode::NOT_FOUND } else { StatusCode::INTERNAL_SERVER_ERROR };
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            return response;
        }
    };
    let kind = upload::kind(&found.content);
    let disposition = if kind.is_picture { "inline" } else { "attachment; filename=\"download\"" };
    let caching = if found.is_private { "private, no-store" } else { "public, max-age=31536000, immutable" };
    let embedding = if found.is_private { "same-origin" } else { "cross-origin" };
    for (name, value) in [
        (header::CONTENT_TYPE, kind.media_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, caching),
        (EMBEDDING, embedding),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    *response.body_mut() = Body::from(found.content);
    response
}
