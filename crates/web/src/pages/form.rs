//! What pages behind links in e-mails share: the language, the members of a query or form, the page itself.

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use watchword_kit::html::escape;
use watchword_kit::{Lang, text};

use crate::caller::Incoming;
use crate::input::pairs;
use crate::pages::html::reply;

/// Largest form, in bytes.
const MAX_FORM: usize = 4096;
const FORM_TIME: Duration = Duration::from_secs(10);

/// The body of a form; `None` if it is larger than that or too slow: one that dribbles in must not hold its connection
/// for ever.
pub(super) async fn arrived(body: Body, most: usize) -> Option<Bytes> {
    tokio::time::timeout(FORM_TIME, axum::body::to_bytes(body, most)).await.ok()?.ok()
}

/// Members of a query or a form; what is absent is empty.
pub struct Members(HashMap<String, String>);

impl Members {
    pub fn of_query(query: Option<&str>) -> Members {
        Members::read(query.unwrap_or_default())
    }

    pub async fn of_form(body: Body) -> Members {
        let form = arrived(body, MAX_FORM).await.unwrap_or_default();
        Members::read(std::str::from_utf8(&form).unwrap_or_default())
    }

    fn read(text: &str) -> Members {
        Members(pairs(text).filter_map(|(name, value)| Some((name?, value?))).collect())
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

pub fn lang(request: &Request) -> Lang {
    Incoming::of_headers(request.headers()).lang()
}

pub fn over(lang: Lang) -> Response {
    let said = text!("This link is no longer valid. Ask for a new one.", "链接已失效，请重新获取。");
    page(StatusCode::BAD_REQUEST, lang, said.get(lang), "")
}

/// A page of a title and a body that is markup already.
pub fn page(status: StatusCode, lang: Lang, title: &str, body: &str) -> Response {
    let tag = if lang == Lang::Zh { "zh-CN" } else { "en" };
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"{tag}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><h1>{title}</h1>{body}"
    );
    reply(status, "text/html", html)
}
