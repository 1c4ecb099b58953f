//! Pushed authorization requests.

use serde_json::{Value, json};
use watchword_domain::{Audit, Ctx, par};
use watchword_kit::PoolId;
use watchword_testkit::{Server, seconds};

use super::{App, app, refused, text};

const PUSH: &str = "/oidc/request";
const FORM: &[(&str, &str)] = &[
    ("response_type", "code"),
    ("redirect_uri", "https://shop.example.com/cb"),
    ("scope", "openid"),
    ("state", "a b&c"),
    ("claims", "{\"userinfo\":{\"email\":null}}"),
];

async fn take(s: &Server, app: &App, uri: &str) -> Option<Value> {
    let ctx = Ctx::system(s.services.clone(), PoolId::new(&s.pool.id), Audit::RequestPush);
    let app = watchword_domain::app::find(&s.services, &app.id).await.unwrap();
    let mut tx = ctx.write().await.unwrap();
    let taken = par::take(&mut tx, &ctx, &app, uri).await.unwrap();
    ctx.commit(tx, json!({})).await.unwrap();
    taken.map(Value::Object)
}

#[tokio::test]
async fn a_pushed_request_is_taken_once_within_a_minute_by_its_own_client() {
    let s = Server::start().await;
    let (shop, other) = (app(&s, json!({})).await, app(&s, json!({})).await);
    let pushed = shop.post(&s, PUSH, FORM).await;
    assert_eq!((pushed.http, &pushed.body["expires_in"]), (201, &json!(60)));
    let uri = text(&pushed.body["request_uri"]).to_owned();
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:") && uri.len() > 70, "{uri}");
    assert_eq!(take(&s, &other, &uri).await, None);
    s.clock.advance(seconds(59));
    let taken = take(&s, &shop, &uri).await.expect("there");
    assert_eq!(taken["client_id"], json!(shop.id));
    for (name, value) in FORM {
        assert_eq!(taken[name], json!(value));
    }
    assert!(taken.get("client_secret").is_none(), "{taken}");
    assert_eq!(take(&s, &shop, &uri).await, None);
    let late = text(&shop.post(&s, PUSH, FORM).await.body["request_uri"]).to_owned();
    s.clock.advance(seconds(60));
    assert_eq!(take(&s, &shop, &late).await, None);
    assert_eq!(take(&s, &shop, "urn:ietf:params:oauth:request_uri:").await, None);
}

#[tokio::test]
async fn what_cannot_be_pushed_is_refused() {
    let s = Server::start().await;
    let shop = app(&s, json!({ "scope": "openid email" })).await;
    refused(&shop.post_as_public(&s, PUSH, FORM).await, 401, "invalid_client");
    for (more, error) in [
        (("request_uri", "urn:x"), "invalid_request"),
        (("state", "twice"), "invalid_request"),
        (("redirect_uri", "https://shop.example.com/cb/"), "invalid_request"),
    ] {
        refused(&shop.post(&s, PUSH, &[FORM, &[more]].concat()).await, 400, error);
    }
    let wrong_uri = [("redirect_uri", "https://shop.example.com/cb/")];
    refused(&shop.post(&s, PUSH, &wrong_uri).await, 400, "invalid_request");
    refused(&shop.post(&s, PUSH, &[("scope", "openid phone")]).await, 400, "invalid_scope");
    let public = app(&s, json!({ "token_endpoint_auth_method": "none" })).await;
    assert_eq!(public.post_as_public(&s, PUSH, FORM).await.http, 201);
}

#[tokio::test]
async fn one_address_cannot_push_without_end() {
    let s = Server::start().await;
    let shop = app(&s, json!({})).await;
    for _ in 0..600 {
        assert_eq!(shop.post(&s, PUSH, &[]).await.http, 201);
    }
    assert_eq!(shop.post(&s, PUSH, &[]).await.http, 429);
    s.clock.advance(seconds(61));
    assert_eq!(shop.post(&s, PUSH, &[]).await.http, 201);
    watchword::worker::forget(&s.services).await;
    let mut tx = s.services.db.read().await.unwrap();
    let (rows,) = tx.one::<(i64,)>(&"SELECT COUNT(*) AS n FROM pushed_requests".to_owned(), &[]).await.unwrap();
    assert_eq!(rows, 1);
}
