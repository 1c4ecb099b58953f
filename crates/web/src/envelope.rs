//! The only place that writes a reply.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use watchword_kit::{Error, Lang, codes};

use crate::op::{Op, Shape};

/// A finished operation as HTTP.
pub fn of(op: &Op, outcome: &Result<Option<Vec<u8>>, Error>, lang: Lang, request_id: &str) -> Response {
    let mut response = reply(op.shape, outcome, lang, request_id);
    if outcome.is_ok() {
        if op.success == 204 {
            *response.body_mut() = Body::empty();
        }
        *response.status_mut() = StatusCode::from_u16(op.success).unwrap_or(StatusCode::OK);
    }
    response
}

/// An outcome as HTTP.
pub fn reply(shape: Shape, outcome: &Result<Option<Vec<u8>>, Error>, lang: Lang, request_id: &str) -> Response {
    match (shape, outcome) {
        (Shape::V3, Ok(data)) => send(StatusCode::OK, success(data.as_deref(), lang, request_id), None),
        (Shape::Flat, Ok(data)) => send(StatusCode::OK, flat_success(data.as_deref(), lang, request_id), None),
        (Shape::V2, Ok(data)) => send(StatusCode::OK, v2_success(data.as_deref(), lang, request_id), None),
        (Shape::Bare | Shape::OAuth, Ok(data)) => {
            send(StatusCode::OK, data.clone().unwrap_or_else(|| b"{}".to_vec()), None)
        }
        (Shape::Picture, Ok(data)) => {
            let mut response = send(StatusCode::OK, data.clone().unwrap_or_default(), None);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
            response
        }
        (Shape::V3 | Shape::Flat | Shape::Bare | Shape::Picture, Err(e)) => {
            send(status(e), failure(e, lang, request_id), Some(e))
        }
        (Shape::V2, Err(e)) => send(status(e), v2_failure(e, lang, request_id), Some(e)),
        (Shape::OAuth, Err(e)) => {
            let (status, body) = watchword_oidc::error::problem(e, lang);
            send(
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
                body.to_string().into_bytes(),
                Some(e),
            )
        }
    }
}

/// HTTP 200 whatever happened, as the SDKs expect, except for throttling.
fn status(e: &Error) -> StatusCode {
    if e.code().status == 429 { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK }
}

fn success(data: Option<&[u8]>, lang: Lang, request_id: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(96 + data.map_or(0, <[u8]>::len));
    out.extend_from_slice(br#"{"statusCode":200,"message":""#);
    out.extend_from_slice(codes::OK.message(lang).as_bytes());
    out.extend_from_slice(br#"","requestId":""#);
    out.extend_from_slice(request_id.as_bytes());
    out.push(b'"');
    if let Some(data) = data {
        out.extend_from_slice(br#","data":"#);
        out.extend_from_slice(data);
    }
    out.push(b'}');
    out
}

/// The envelope, and the members of the reply beside `data`.
fn flat_success(data: Option<&[u8]>, lang: Lang, request_id: &str) -> Vec<u8> {
    let mut out = success(data, lang, request_id);
    if let Some([b'{', members @ .., b'}']) = data.filter(|data| data.len() > 2) {
        out.pop();
        out.push(b',');
        out.extend_from_slice(members);
        out.push(b'}');
    }
    out
}

fn failure(e: &Error, lang: Lang, request_id: &str) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("statusCode".into(), e.code().status.into());
    body.insert("message".into(), e.message(lang).into());
    body.insert("requestId".into(), request_id.into());
    if e.code().api != 0 {
        body.insert("apiCode".into(), e.code().api.into());
    }
    if let Some(data) = e.data() {
        body.insert("data".into(), data.clone());
    }
    Value::Object(body).to_string().into_bytes()
}

/// `{code, message, …members of the reply}`.
fn v2_success(data: Option<&[u8]>, lang: Lang, request_id: &str) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("code".into(), 200.into());
    body.insert("statusCode".into(), 200.into());
    body.insert("message".into(), codes::OK.message(lang).into());
    body.insert("requestId".into(), request_id.into());
    if let Some(Ok(Value::Object(members))) = data.map(serde_json::from_slice::<Value>) {
        for (name, value) in members {
            body.entry(name).or_insert(value);
        }
    }
    Value::Object(body).to_string().into_bytes()
}

fn v2_failure(e: &Error, lang: Lang, request_id: &str) -> Vec<u8> {
    let code = if e.code().api == 0 { u32::from(e.code().status) } else { e.code().api };
    let mut body = json!({
        "code": code, "statusCode": e.code().status, "message": e.message(lang), "requestId": request_id,
    });
    if let (Some(data), Some(body)) = (e.data(), body.as_object_mut()) {
        body.insert("data".into(), data.clone());
    }
    body.to_string().into_bytes()
}

fn send(status: StatusCode, body: Vec<u8>, error: Option<&Error>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.and_then(Error::retry_after_seconds) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let refused = error.filter(|_| matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN));
    for challenge in refused.map(watchword_oidc::error::challenges).unwrap_or_default() {
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}
