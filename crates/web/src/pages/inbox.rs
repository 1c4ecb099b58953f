//! The development inbox: what demo mode shows instead of sending it. Mounted in demo mode only.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::json;
use watchword_domain::{Services, outbox};
use watchword_kit::Result;
use watchword_kit::html::escape;

use crate::pages::html::reply;

/// `GET /dev/inbox` for people, `GET /dev/inbox.json` for tests and scripts; no route at all outside demo mode.
pub fn routes(services: Arc<Services>) -> Router {
    if !services.settings.demo {
        return Router::new();
    }
    Router::new()
        .route("/dev/inbox", get(page))
        .route("/dev/inbox.json", get(list))
        .route("/dev/inbox.css", get(|| async { reply(StatusCode::OK, "text/css", STYLE.into()) }))
        .with_state(services)
}

async fn page(State(services): State<Arc<Services>>) -> Response {
    match render(&services).await {
        Ok(html) => reply(StatusCode::OK, "text/html", html),
        Err(e) => failed(&e),
    }
}

async fn list(State(services): State<Arc<Services>>) -> Response {
    let list = outbox::inbox(&services).await.map(|messages| {
        let list: Vec<_> = messages
            .iter()
            .map(|m| {
                json!({
                    "id": m.id, "userPoolId": m.pool_id, "at": m.at.iso(), "medium": m.kind, "to": m.target,
                    "subject": m.subject, "text": m.body,
                })
            })
            .collect();
        json!({ "totalCount": list.len(), "list": list }).to_string()
    });
    match list {
        Ok(body) => reply(StatusCode::OK, "application/json", body),
        Err(e) => failed(&e),
    }
}

async fn render(services: &Services) -> Result<String> {
    let messages = outbox::inbox(services).await?;
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>watchword inbox</title>\
         <link rel=\"stylesheet\" href=\"/dev/inbox.css\"><h1>Development inbox</h1>\
         <p>Messages that demo mode shows instead of sending them, newest first. 演示模式下的短信与邮件。",
    );
    if messages.is_empty() {
        out.push_str("<p>Nothing yet. 暂无消息。");
    }
    for m in &messages {
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<article><h2>{} → {}</h2><p><time>{}</time> <b>{}</b><pre>{}</pre></article>",
            escape(&m.kind),
            escape(&m.target),
            m.at.iso(),
            escape(&m.subject),
            escape(&m.body)
        );
    }
    Ok(out)
}

fn failed(e: &watchword_kit::Error) -> Response {
    tracing::error!(error = ?e, "the inbox cannot be read");
    reply(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "internal error".into())
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
article{border-top:1px solid #ccc}h2{font-size:1rem;margin:1rem 0 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}";
