//! What clients of OAuth ask for without a browser.

mod client;
mod client_credentials;
mod device_code;
mod device_page;
mod dpop;
mod forge;
mod form;
mod introspection;
mod par;
mod password;
mod refresh;
pub mod register;
mod third_party;
mod token_exchange;

use serde_json::{Value, json};
use watchword_crypto::jose::SigningKey;
use watchword_testkit::jose::{self, possession};
use watchword_testkit::{Client, PASSWORD, Reply, Server};

pub const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An application and its secret.
#[derive(Clone)]
pub struct App {
    pub id: String,
    pub secret: String,
}

/// One with these settings.
pub async fn app(s: &Server, oidc: Value) -> App {
    let body = json!({ "appName": "Shop", "oidcConfig": oidc, "redirectUris": ["https://shop.example.com/cb"] });
    App::made(s, body).await
}

impl App {
    /// A new application, as create-application takes it.
    pub async fn made(s: &Server, body: Value) -> App {
        let admin = s.admin().await;
        let made = admin.post("/api/v3/create-application", body).await.ok();
        let id = text(&made["appId"]).to_owned();
        let shown = admin.get(&format!("/api/v3/get-application-secret?appId={id}")).await.ok();
        App { secret: text(&shown["secret"]).to_owned(), id }
    }

    pub fn of_pool(s: &Server) -> App {
        App { id: s.pool.app_id.clone(), secret: s.pool.app_secret.clone() }
    }

    /// A form with the application's secret.
    pub async fn post(&self, s: &Server, path: &str, form: &[(&str, &str)]) -> Reply {
        self.post_by(&s.anonymous(), path, form).await
    }

    pub async fn post_by(&self, client: &Client, path: &str, form: &[(&str, &str)]) -> Reply {
        let own = [("client_id", self.id.as_str()), ("client_secret", self.secret.as_str())];
        client.post_form(path, &[&own, form].concat()).await
    }

    /// A form with nothing but the application's id.
    pub async fn post_as_public(&self, s: &Server, path: &str, form: &[(&str, &str)]) -> Reply {
        s.anonymous().post_form(path, &[&[("client_id", self.id.as_str())], form].concat()).await
    }

    /// The tokens of a new user.
    pub async fn sign_in(&self, s: &Server, scope: &str) -> Value {
        let name = s.services.ids.next(s.clock.now());
        s.user(&name).await;
        let body = json!({ "connection": "PASSWORD", "options": { "scope": scope },
            "passwordPayload": { "username": name, "password": PASSWORD } });
        s.anonymous().header("x-authing-app-id", &self.id).post("/api/v3/signin", body).await.ok()
    }

    pub async fn refresh(&self, s: &Server, token: &Value, more: &[(&str, &str)]) -> Reply {
        let form = [("grant_type", "refresh_token"), ("refresh_token", text(token))];
        self.post(s, "/oidc/token", &[&form, more].concat()).await
    }

    pub async fn introspect(&self, s: &Server, token: &Value) -> Value {
        let reply = self.post(s, "/oidc/token/introspection", &[("token", text(token))]).await;
        assert_eq!(reply.http, 200, "{}", reply.text);
        reply.body
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// A refusal as RFC 6749 writes it.
#[track_caller]
pub fn refused(reply: &Reply, http: u16, error: &str) {
    assert_eq!((reply.http, reply.body["error"].as_str()), (http, Some(error)), "{}", reply.text);
}

pub fn part(token: &Value, n: usize) -> Value {
    jose::part(text(token), n)
}

pub fn claims(token: &Value) -> Value {
    part(token, 1)
}

/// A proof of this key (RFC 9449), and what a test changes about it.
pub fn proof(s: &Server, key: &SigningKey, method: &str, path: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "jti": s.services.entropy.hex(8), "htm": method, "htu": format!("https://id.example.com{path}"),
        "iat": s.clock.now().as_seconds(),
    });
    change(&mut claims);
    possession(key, &claims, "dpop+jwt")
}
