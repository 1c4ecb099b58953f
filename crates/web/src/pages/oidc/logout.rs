//! Signing out at the browser.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::Method;
use watchword_domain::authorize::Params;
use watchword_domain::logout::{self as rules, Answer, Wish};
use watchword_kit::Result;

use super::browser::{self, Visit};
use super::{Site, view};

/// To what the confirmation of a sign-out is bound.
const ABOUT: &str = "logout";
const REDIRECT: &str = "post_logout_redirect_uri";

/// `GET` and `POST /oidc/session/end`.
pub(super) async fn end(State(site): State<Site>, request: Request) -> Response {
    sign_out(&site, None, REDIRECT, request).await
}

pub(super) async fn end_of(State(site): State<Site>, Path(app): Path<String>, request: Request) -> Response {
    sign_out(&site, Some(app), REDIRECT, request).await
}

/// `GET /login/profile/logout`, the older address.
pub(super) async fn profile(State(site): State<Site>, request: Request) -> Response {
    sign_out(&site, None, "redirect_uri", request).await
}

async fn sign_out(site: &Site, app: Option<String>, redirect: &'static str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut visit = Visit::of(site, &parts);
    let outcome = async {
        let params = Params::of(browser::members(&parts, body).await?);
        visit.listen(&params);
        let given = params.once("csrf").ok().flatten();
        let confirmed = match given {
            Some(given) if parts.method == Method::POST => {
                visit.check(site, &parts.headers, ABOUT, given)?;
                true
            }
            _ => false,
        };
        let app = app.as_deref().map(browser::plain_id).transpose()?;
        let wish = Wish { path_app: app, params: &params, redirect, confirmed };
        match rules::end(&site.services, visit.request(site), wish).await? {
            Answer::Ask => {
                visit.bind(site);
                Ok(view::ask_logout(visit.lang, parts.uri.path(), &visit.csrf(ABOUT), redirect, &params))
            }
            Answer::Done { realms, redirect } => {
                for realm in &realms {
                    visit.forget(realm);
                }
                Ok(match redirect {
                    Some(uri) => view::go(&uri),
                    None => view::signed_out(visit.lang),
                })
            }
        }
    };
    let outcome: Result<Response> = outcome.await;
    let lang = visit.lang;
    visit.seal(outcome.unwrap_or_else(|e| view::error(lang, &e)))
}
