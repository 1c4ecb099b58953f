//! Applications that register themselves.

use serde_json::{Value, json};
use watchword_domain::{Audit, Ctx, pool};
use watchword_kit::PoolId;
use watchword_testkit::{Browser, Client, Server};

use super::{claims, refused, text};
use crate::authorize;
use crate::token::limited;

const REGISTER: &str = "/oidc/register";

pub async fn allow(s: &Server) {
    let ctx = Ctx::system(s.services.clone(), PoolId::new(&s.pool.id), Audit::PoolUpdate);
    let changes = json!({ "dynamicRegistration": true });
    pool::patch(&ctx, changes.as_object().unwrap()).await.unwrap();
}

pub fn metadata() -> Value {
    json!({ "client_name": "Wiki", "redirect_uris": ["https://wiki.example.com/cb"],
        "grant_types": ["authorization_code", "refresh_token"], "unknown_member": 1 })
}

async fn own(s: &Server, made: &Value) -> (Client, String) {
    let path = text(&made["registration_client_uri"]).strip_prefix("https://id.example.com").unwrap().to_owned();
    (s.anonymous().bearer(text(&made["registration_access_token"])), path)
}

#[tokio::test]
async fn nobody_registers_where_the_pool_does_not_allow_it_or_without_the_right() {
    let s = Server::start().await;
    let registrar = limited(&s, &["application:register"]).await;
    assert_eq!(registrar.post(REGISTER, metadata()).await.http, 403);
    allow(&s).await;
    refused(&s.anonymous().post(REGISTER, metadata()).await, 401, "invalid_token");
    assert_eq!(limited(&s, &["application:write"]).await.post(REGISTER, metadata()).await.http, 403);
    assert_eq!(registrar.post(REGISTER, metadata()).await.http, 201);
    registrar.get("/api/v3/list-applications").await.refused(403);
}

/// The tokens of a user who has agreed: users of such an application are always asked.
async fn agreed(s: &Server, app: &super::App) -> Value {
    let app = authorize::App { id: app.id.clone(), secret: app.secret.clone() };
    let back = ("redirect_uri", "https://wiki.example.com/cb");
    s.user("ada").await;
    let mut browser = Browser::new(s);
    let more = [back, ("scope", "openid offline_access"), ("prompt", "consent")];
    let page = authorize::sign_in(&mut browser, &app, "ada", &more).await;
    let page = browser.submit(&page, "confirm", &[]).await;
    authorize::exchange(s, &app, &page.code(), &[back]).await.body
}

#[tokio::test]
async fn a_registered_application_works_and_looks_after_itself() {
    let s = Server::start().await;
    allow(&s).await;
    let registrar = limited(&s, &["application:register"]).await;
    let made = registrar.post(REGISTER, metadata()).await.body;
    assert_eq!((&made["client_name"], &made["client_secret_expires_at"]), (&json!("Wiki"), &json!(0)));
    assert!(made.get("unknown_member").is_none(), "the answer tells what was registered");
    assert_eq!(made["id_token_signed_response_alg"], "RS256");
    let wiki = super::App { id: text(&made["client_id"]).into(), secret: text(&made["client_secret"]).into() };
    let tokens = agreed(&s, &wiki).await;
    assert_eq!(claims(&tokens["id_token"])["aud"], json!(wiki.id));
    assert_eq!(wiki.refresh(&s, &tokens["refresh_token"], &[]).await.http, 200);
    let (client, path) = own(&s, &made).await;
    let read = client.get(&path).await.body;
    assert_eq!((&read["redirect_uris"], read.get("client_secret")), (&made["redirect_uris"], None));
    let next = json!({ "client_name": "Wiki 2", "redirect_uris": ["https://wiki.example.com/cb2"],
        "client_secret": wiki.secret });
    let changed = client.call("PUT", &path, Some(next.clone())).await;
    assert_eq!((changed.http, &changed.body["client_name"]), (200, &json!("Wiki 2")), "{}", changed.text);
    assert_eq!(changed.body["grant_types"], json!(["authorization_code"]), "what is left out gets its default");
    let mut stolen = next;
    stolen["client_secret"] = json!("0123456789abcdef0123456789abcdef");
    refused(&client.call("PUT", &path, Some(stolen)).await, 400, "invalid_client_metadata");
    assert_eq!(client.call("DELETE", &path, None).await.http, 204);
    refused(&client.get(&path).await, 401, "invalid_token");
    refused(&wiki.refresh(&s, &tokens["refresh_token"], &[]).await, 401, "invalid_client");
}

#[tokio::test]
async fn anothers_registration_is_as_unknown_as_none() {
    let s = Server::start().await;
    allow(&s).await;
    let registrar = limited(&s, &["application:register"]).await;
    let (a, b) = (registrar.post(REGISTER, metadata()).await.body, registrar.post(REGISTER, metadata()).await.body);
    let (client, _) = own(&s, &a).await;
    let (_, foreign) = own(&s, &b).await;
    for path in [foreign, format!("{REGISTER}/{}", s.pool.app_id), format!("{REGISTER}/0123456789abcdef01234567")] {
        refused(&client.get(&path).await, 401, "invalid_token");
        refused(&client.call("PUT", &path, Some(metadata())).await, 401, "invalid_token");
        refused(&client.call("DELETE", &path, None).await, 401, "invalid_token");
    }
    refused(&registrar.get(&format!("{REGISTER}/{}", text(&a["client_id"]))).await, 401, "invalid_token");
}

#[tokio::test]
async fn metadata_that_cannot_be_is_refused_and_strangers_get_no_grants_without_users() {
    let s = Server::start().await;
    allow(&s).await;
    let registrar = limited(&s, &["application:register"]).await;
    for (member, value, error) in [
        ("redirect_uris", json!([]), "invalid_redirect_uri"),
        ("redirect_uris", json!("https://wiki.example.com/cb"), "invalid_redirect_uri"),
        ("redirect_uris", json!(["javascript:alert(1)"]), "invalid_redirect_uri"),
        ("post_logout_redirect_uris", json!(["/x"]), "invalid_redirect_uri"),
        ("grant_types", json!(["client_credentials"]), "invalid_client_metadata"),
        ("grant_types", json!(["password"]), "invalid_client_metadata"),
        ("grant_types", json!("authorization_code"), "invalid_client_metadata"),
        ("jwks_uri", json!("https://wiki.example.com/jwks"), "invalid_client_metadata"),
        ("token_endpoint_auth_method", json!("tls_client_auth"), "invalid_client_metadata"),
        ("client_name", json!(""), "invalid_client_metadata"),
        ("client_name", json!(7), "invalid_client_metadata"),
        ("application_type", json!("api"), "invalid_client_metadata"),
        ("logo_uri", json!("file:///etc/passwd"), "invalid_client_metadata"),
    ] {
        let mut body = metadata();
        body[member] = value.clone();
        let reply = registrar.post(REGISTER, body).await;
        assert_eq!((reply.http, &reply.body["error"]), (400, &json!(error)), "{member} {value}");
    }
    let mut public = metadata();
    public["token_endpoint_auth_method"] = json!("none");
    let made = registrar.post(REGISTER, public).await.body;
    assert!(made.get("client_secret").is_none(), "{made}");
}
