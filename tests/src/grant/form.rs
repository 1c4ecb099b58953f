//! Where parameters are read from.

use serde_json::json;
use watchword_testkit::{PASSWORD, Server, encode};

use super::{App, app, refused, text};

#[tokio::test]
async fn what_stands_in_the_address_of_a_form_is_not_read() {
    let s = Server::start().await;
    let shop = app(&s, json!({ "grant_types": ["password", "refresh_token"] })).await;
    s.user("ada").await;
    let secret = [("client_secret", shop.secret.as_str())];
    let query: Vec<String> = secret.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect();
    let form = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    let address = format!("/oidc/token?{}", query.join("&"));
    refused(&shop.post_as_public(&s, &address, &form).await, 401, "invalid_client");
    let password = format!("/oidc/token?password={}", encode(PASSWORD));
    refused(&shop.post(&s, &password, &form[..2]).await, 400, "invalid_request");
    assert_eq!(shop.post(&s, "/oidc/token?scope=openid%20email", &form).await.body["scope"], "openid profile");
    let tokens = shop.post(&s, "/oidc/token", &form).await.body;
    let look = format!("/oidc/token/introspection?token={}", text(&tokens["access_token"]));
    refused(&shop.post(&s, &look, &[]).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_body_that_does_not_say_it_is_json_is_not_read_as_json() {
    let s = Server::start().await;
    s.user("ada").await;
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": PASSWORD } });
    let sign_in = async |kind: &str| {
        let client = s.app().header("content-type", kind);
        client.post_raw("/api/v3/signin", body.to_string()).await
    };
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "jsonp"] {
        sign_in(kind).await.refused_at("Content-Type");
    }
    for kind in ["application/json", "application/json;charset=UTF-8", "APPLICATION/JSON", "application/scim+json"] {
        sign_in(kind).await.ok();
    }
    // The Java and Node SDKs send requests without members under a form's type.
    let tokens = App::of_pool(&s).sign_in(&s, "openid").await;
    let user = s.anonymous().bearer(text(&tokens["access_token"]));
    for empty in ["", "null", "{}"] {
        let user = user.clone().header("content-type", "application/x-www-form-urlencoded");
        let reply = user.post_raw("/api/v3/update-profile", empty).await;
        assert_eq!(reply.body["statusCode"], 200, "{}", reply.text);
    }
}
