//! Where a user types the code of a device (RFC 8628 §3.3).

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use watchword_domain::authorize::Params;
use watchword_domain::device_code::page;
use watchword_kit::{Result, Secret, codes};

use super::browser::{self, Visit};
use super::{Site, view};

/// What the form's token is about.
const FORM: &str = "device";
/// Longest code that is written back into the form.
const MAX_CODE: usize = 32;

/// `GET /device`. A code in the address is filled in; nobody is asked about it before the form is sent.
pub(super) async fn ask(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut visit = Visit::of(&site, &parts);
    visit.bind(&site);
    let members = browser::members(&parts, body).await.map(Params::of).unwrap_or_default();
    visit.listen(&members);
    let page = view::device(StatusCode::OK, visit.lang, &visit.csrf(FORM), code(&members), "");
    visit.seal(page)
}

/// `POST /device`.
pub(super) async fn go(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visit = Visit::of(&site, &parts);
    let lang = visit.lang;
    let outcome = async {
        let members = Params::of(browser::members(&parts, body).await?);
        let get = |name: &str| members.once(name).ok().flatten().unwrap_or_default();
        visit.check(&site, &parts.headers, FORM, get("csrf"))?;
        let typed = Secret::new(get("user_code").to_owned());
        match page::open(&site.services, visit.request(&site), &typed).await {
            Ok(key) => Ok(view::go(&format!("/interaction/oidc/{key}"))),
            Err(e) if [codes::NOT_FOUND, codes::TOO_MANY].contains(&e.code()) => {
                let said = e.message(lang);
                let mut page = view::device(view::http_status(&e), lang, &visit.csrf(FORM), code(&members), &said);
                view::retry_after(&mut page, &e);
                Ok(page)
            }
            Err(e) => Err(e),
        }
    };
    let outcome: Result<Response> = outcome.await;
    visit.seal(outcome.unwrap_or_else(|e| view::error(lang, &e)))
}

fn code(members: &Params) -> &str {
    members.once("user_code").ok().flatten().filter(|code| code.len() <= MAX_CODE).unwrap_or_default()
}
