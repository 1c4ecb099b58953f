//! The page behind the link of CHANNEL_VERIFY_EMAIL_LINK. Opening the link changes nothing, as mail scanners open every
//! link; the button does.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use watchword_domain::{Services, ctx, message};
use watchword_kit::{Lang, text};

use crate::Peer;
use crate::caller::Incoming;
use crate::input::pairs;
use crate::pages::html::{escape, reply};

/// Largest form, in bytes.
const MAX_FORM: usize = 4096;

/// `GET` and `POST /verify-email`.
pub fn routes(services: Arc<Services>) -> Router {
    Router::new().route("/verify-email", get(ask).post(confirm)).with_state(services)
}

async fn ask(request: Request) -> Response {
    let lang = lang(&request);
    let members = members(request.uri().query().unwrap_or_default());
    let member = |name: &str| escape(members.get(name).map_or("", String::as_str));
    // What is shown is an address or nothing: the page must not speak for whoever made the link.
    if message::normalise_email(members.get("email").map_or("", String::as_str)).is_err() {
        return over(lang);
    }
    let title = text!("Confirm your e-mail address", "确认邮箱地址");
    let button = text!("Confirm", "确认");
    let (app, email, token) = (member("app"), member("email"), member("token"));
    let body = format!(
        "<p><b>{email}</b><form method=\"post\" action=\"/verify-email\">\
         <input type=\"hidden\" name=\"app\" value=\"{app}\"><input type=\"hidden\" name=\"email\" value=\"{email}\">\
         <input type=\"hidden\" name=\"token\" value=\"{token}\"><button>{}</button></form>",
        button.get(lang)
    );
    page(StatusCode::OK, lang, title.get(lang), &body)
}

async fn confirm(State(services): State<Arc<Services>>, request: Request) -> Response {
    let lang = lang(&request);
    let asked = ctx::Request {
        id: services.entropy.hex(16),
        lang,
        ip: request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_string()),
        ..ctx::Request::default()
    };
    let form = axum::body::to_bytes(Body::new(request.into_body()), MAX_FORM).await.unwrap_or_default();
    let members = members(std::str::from_utf8(&form).unwrap_or_default());
    let member = |name: &str| members.get(name).map_or("", String::as_str);
    let outcome = message::confirm_email(&services, asked, member("app"), member("email"), member("token")).await;
    match outcome {
        Ok(()) => {
            let said = text!("Your e-mail address is confirmed.", "邮箱地址已确认。");
            page(StatusCode::OK, lang, said.get(lang), "")
        }
        Err(e) if e.code().status < 500 => over(lang),
        Err(e) => {
            tracing::error!(error = ?e, "an e-mail address could not be confirmed");
            page(StatusCode::INTERNAL_SERVER_ERROR, lang, e.code().message(lang), "")
        }
    }
}

fn over(lang: Lang) -> Response {
    let said = text!("This link is no longer valid. Ask for a new one.", "链接已失效，请重新获取。");
    page(StatusCode::BAD_REQUEST, lang, said.get(lang), "")
}

fn lang(request: &Request) -> Lang {
    Incoming { method: "", path: "", query: None, headers: request.headers(), body: &[] }.lang()
}

fn members(text: &str) -> HashMap<String, String> {
    pairs(text).filter_map(|(name, value)| Some((name?, value?))).collect()
}

fn page(status: StatusCode, lang: Lang, title: &str, body: &str) -> Response {
    let tag = if lang == Lang::Zh { "zh-CN" } else { "en" };
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"{tag}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><h1>{title}</h1>{body}"
    );
    reply(status, "text/html", html)
}
