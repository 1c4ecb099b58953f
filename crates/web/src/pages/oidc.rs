//! The browser side of the OpenID Provider: authorization endpoint, sign-in pages, sign-out. Everything is decided in
//! `domain`; here are cookies, forms and pages.
//!
//! # Layout
//! - [`browser`]: cookies, the origin of a request, the members of a form
//! - [`device`]: where the code of a device is typed
//! - [`interaction`]: the steps of an authorization request
//! - [`logout`]: RP-initiated logout
//! - [`view`]: the pages

mod browser;
mod device;
mod interaction;
mod logout;
mod view;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use watchword_domain::authorize::{self, Answer, Params};
use watchword_kit::Result;

use super::Site;
use crate::op::{Nothing, Op};
use browser::Visit;

pub(super) fn routes(site: Site) -> Router {
    let auth = get(authorize).post(authorize);
    let auth_of = get(authorize_of).post(authorize_of);
    let end = get(logout::end).post(logout::end);
    Router::new()
        .route("/oidc/auth", auth.clone())
        .route("/oauth/auth", auth)
        .route("/{appId}/oidc/auth", auth_of)
        .route("/interaction/oidc/{interactionKey}", get(interaction::show))
        .route("/interaction/oidc/{interactionKey}/{step}", post(interaction::step))
        .route("/device", get(device::ask).post(device::go))
        .route("/oidc/session/end", end)
        .route("/{appId}/oidc/session/end", get(logout::end_of).post(logout::end_of))
        .route("/login/profile/logout", get(logout::profile).post(logout::profile))
        .with_state(site)
}

async fn authorize(State(site): State<Site>, request: Request) -> Response {
    begin(&site, None, request).await
}

async fn authorize_of(State(site): State<Site>, Path(app): Path<String>, request: Request) -> Response {
    begin(&site, Some(app), request).await
}

async fn begin(site: &Site, app: Option<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let posted = parts.method == Method::POST;
    let mut visit = Visit::of(site, &parts);
    let outcome = async {
        let params = Params::of(browser::members(&parts, body).await?);
        visit.listen(&params);
        // A form of another site comes without our cookies; a request by GET brings them.
        if let Some(again) = browser::by_get(posted, app.as_deref(), &params) {
            return Ok(view::go(&again));
        }
        visit.bind(site);
        let app = app.as_deref().map(browser::plain_id).transpose()?;
        let asked = visit.request(site);
        match authorize::begin(&site.services, asked, app, params.clone()).await? {
            Answer::Client(response) => Ok(view::client(&response)),
            Answer::Interact(key) => Ok(view::go(&browser::page_of(&key, &params))),
        }
    };
    let outcome: Result<Response> = outcome.await;
    let lang = visit.lang;
    visit.seal(outcome.unwrap_or_else(|e| view::error(lang, &e)))
}

/// The parameters of the contract's `/oidc/auth`, for the API document.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "describes what `authorize::Request` reads")]
struct AuthorizeQuery {
    /// Id of the application.
    client_id: String,

    /// `code`; with the application's consent also `id_token`, `token` and combinations, or `none`.
    response_type: String,

    /// Where the answer goes: exactly as the application has registered it.
    redirect_uri: String,

    /// Scopes, separated by spaces: `openid profile email phone address offline_access username external_id
    /// extended_fields`, and `user`, by which the OAuth module of the SDKs means `profile email phone username`. Others
    /// are ignored.
    scope: String,

    /// Comes back with the answer as it was sent; at most 4,096 bytes.
    state: Option<String>,

    /// Comes back in the ID token; needed where an ID token is returned by the browser.
    nonce: Option<String>,

    /// `none`, or one or more of `login`, `consent` and `select_account`.
    prompt: Option<String>,

    /// `query`, `fragment`, `form_post` or `web_message`.
    response_mode: Option<String>,

    /// SHA-256 of the code verifier (RFC 7636); needed by applications without a secret.
    code_challenge: Option<String>,

    /// `S256`.
    code_challenge_method: Option<String>,

    /// Seconds since the last sign-in, at most.
    max_age: Option<i64>,

    /// Account with which the sign-in page begins.
    login_hint: Option<String>,

    /// An ID token of the user who must sign in.
    id_token_hint: Option<String>,

    /// Languages in order of preference: `zh-CN` or `en-US`.
    ui_locales: Option<String>,

    /// Has no effect: claims are kept in one language.
    claims_locales: Option<String>,

    /// Has no effect: the page is the same everywhere.
    display: Option<String>,

    /// `urn:watchword:acr:one-factor` or `urn:watchword:acr:two-factor`.
    acr_values: Option<String>,

    /// JSON: claims wanted in the ID token and at userinfo (OpenID Connect Core section 5.5).
    claims: Option<String>,

    /// Refused unless empty: tenants are not supported yet.
    tenant_id: Option<String>,

    /// Carried along to the sign-in page.
    login_page_context: Option<String>,

    /// Refused unless empty: there are no external identity sources yet.
    ext_idp_conn_id: Option<String>,

    /// Has no effect: devices are recognised by their cookie.
    #[serde(rename = "deviceId")]
    device_id: Option<String>,
}

/// The parameters of the contract's `/oidc/session/end`, for the API document.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "describes what `domain::logout` reads")]
struct EndSessionQuery {
    /// An ID token of the session that is to end. Without it the user is asked.
    id_token_hint: Option<String>,

    /// Id of the application, where no ID token names it.
    client_id: Option<String>,

    /// Where the browser goes afterwards: exactly as the application has registered it.
    post_logout_redirect_uri: Option<String>,

    /// Comes along to that address.
    state: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "for the API document")]
struct StepQuery {
    /// Has no effect: tenants are not supported yet.
    tenant_id: Option<String>,
}

/// The members of the forms of an interaction, for the API document.
pub(crate) fn form() -> serde_json::Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "properties": {
            "csrf": text("The token of the page's forms."),
            "account": text("User name, e-mail address or phone number."),
            "password": text("The password."),
            "passCode": text("A code that was sent, instead of a password."),
        },
    })
}

/// The pages that the contract lists among its operations, for the API document: they are no rows, as browsers come
/// to them with cookies and forms.
pub fn described() -> Vec<Op> {
    async fn query<I>(_: watchword_domain::Ctx, _: I) -> Result<crate::op::Done> {
        Ok(crate::op::Done)
    }
    let page =
        |op: Op, summary: &'static str| Op { source: crate::op::Source::Query, ..op.public().bare().says(summary) };
    let step = "/interaction/oidc/{interactionKey}";
    let steps = [
        ("/interaction/oidc/{interactionKey}/login", "Sign in to an authorization request", true),
        ("/interaction/oidc/{interactionKey}/confirm", "Agree to an authorization request", false),
        ("/interaction/oidc/{interactionKey}/abort", "Cancel an authorization request", false),
        ("/interaction/oidc/{interactionKey}/end", "Go on with an authorization request", true),
    ];
    let mut out = vec![
        page(Op::read("GET", "/oidc/auth", query::<AuthorizeQuery>), "OpenID Connect authorization endpoint"),
        page(Op::read("GET", "/oidc/session/end", query::<EndSessionQuery>), "RP-initiated logout"),
        page(Op::read("GET", step, query::<Nothing>), "The page of an authorization request"),
    ];
    for (path, summary, tenant) in steps {
        let op =
            if tenant { Op::read("POST", path, query::<StepQuery>) } else { Op::read("POST", path, query::<Nothing>) };
        out.push(page(op, summary));
    }
    out.into_iter().map(|op| Op { module: "oidc", ..op }).collect()
}
