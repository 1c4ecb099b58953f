//! The browser side of the OpenID Provider: authorization, sign-in pages, single sign-on, sign-out.

mod account;
mod basic;
mod code;
mod consent;
mod hybrid;
mod lifetime;
mod logout;
mod look;
mod markup;
mod model;
mod object;
mod page;
mod par;
mod refused;
mod settings;
mod step_up;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use watchword_crypto::hash;
pub use watchword_testkit::jose::claims;
use watchword_testkit::{Browser, PASSWORD, Page, Reply, Server, encode};

pub use crate::grant::App;

pub const CALLBACK: &str = "https://app.example.com/cb";
pub const GOODBYE: &str = "https://app.example.com/bye";
/// 43 characters and more, as RFC 7636 wants.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Makes an application; `more` goes over the defaults of this file.
pub async fn app(s: &Server, oidc: Value, more: Value) -> App {
    let mut body = json!({
        "appName": "Shop <b>&", "redirectUris": [CALLBACK], "logoutRedirectUris": [GOODBYE],
        "oidcConfig": { "id_token_signed_response_alg": "RS256" },
        "loginConfig": {
            "enabledBasicLoginMethods":
                ["USERNAME_PASSWORD", "EMAIL_PASSWORD", "PHONE_PASSWORD", "EMAIL_CODE", "PHONE_CODE"],
            "showAuthorizationPage": false,
        },
    });
    for (name, value) in oidc.as_object().into_iter().flatten() {
        body["oidcConfig"][name] = value.clone();
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    App::made(s, body).await
}

/// One that keeps its defaults.
pub async fn plain(s: &Server) -> App {
    app(s, json!({}), json!({})).await
}

/// One that may have tokens in the browser.
pub async fn fronted(s: &Server) -> App {
    let oidc = json!({
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "response_types": ["code", "id_token", "token", "id_token token", "code id_token", "code token",
            "code id_token token", "none"],
    });
    app(s, oidc, json!({})).await
}

/// The address of a request for a code; later members replace earlier ones, empty ones take them away.
pub fn request(app: &App, more: &[(&str, &str)]) -> String {
    format!("/oidc/auth?{}", query(app, more))
}

pub fn query(app: &App, more: &[(&str, &str)]) -> String {
    let mut all: BTreeMap<&str, &str> = BTreeMap::from([
        ("client_id", app.id.as_str()),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "st-1"),
    ]);
    all.extend(more.iter().copied());
    all.retain(|_, v| !v.is_empty());
    let pairs: Vec<String> = all.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect();
    pairs.join("&")
}

/// Asks, and signs in on the page that comes.
pub async fn sign_in(browser: &mut Browser, app: &App, name: &str, more: &[(&str, &str)]) -> Page {
    let page = browser.get(&request(app, more)).await;
    log_in(browser, &page, name).await
}

pub async fn log_in(browser: &mut Browser, page: &Page, name: &str) -> Page {
    browser.submit(page, "login", &[("account", name), ("password", PASSWORD)]).await
}

/// Exchanges a code with the application's secret.
pub async fn exchange(s: &Server, app: &App, code: &str, more: &[(&str, &str)]) -> Reply {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
    ];
    form.retain(|(n, _)| !more.iter().any(|(m, _)| m == n));
    form.extend(more.iter().filter(|(_, v)| !v.is_empty()));
    s.anonymous().post_form("/oidc/token", &form).await
}

/// The claims of the ID token that a code brings.
pub async fn id_token(s: &Server, app: &App, page: &Page) -> Value {
    let reply = exchange(s, app, &page.code(), &[]).await;
    assert_eq!(reply.http, 200, "{}", reply.text);
    claims(reply.body["id_token"].as_str().expect("an ID token"))
}

pub fn challenge() -> String {
    hash::token_hash(VERIFIER)
}
