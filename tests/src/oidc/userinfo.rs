//! The claims of the user who has a token.

use serde_json::json;
use watchword_testkit::{PASSWORD, Server};

use crate::grant::{App, refused, text};

#[tokio::test]
async fn every_way_to_send_the_token_tells_the_same_and_two_at_once_tell_nothing() {
    let s = Server::start().await;
    let shop = App::of_pool(&s);
    let tokens = shop.sign_in(&s, "openid profile").await;
    let token = text(&tokens["access_token"]);
    let told = s.anonymous().bearer(token).get("/oidc/me").await.body;
    assert_eq!(told["sub"], crate::grant::claims(&tokens["access_token"])["sub"]);
    let plain = s.anonymous();
    let raw = s.anonymous().header("authorization", token);
    let query = format!("?access_token={token}");
    for reply in [
        raw.get("/oidc/me").await,
        raw.call("POST", "/oidc/me", None).await,
        plain.get(&format!("/oidc/me{query}")).await,
        plain.get(&format!("/oidc/me/{query}")).await,
        plain.call("POST", &format!("/oidc/me/{query}"), Some(json!({}))).await,
        plain.post_form("/oidc/me", &[("access_token", token)]).await,
        plain.get(&format!("/oauth/me{query}")).await,
        plain.call("POST", &format!("/oauth/me/{query}"), Some(json!({}))).await,
        s.anonymous().bearer(token).call("POST", "/oidc/me", None).await,
    ] {
        assert_eq!((reply.http, &reply.body), (200, &told), "{}", reply.text);
        assert_eq!(reply.headers["cache-control"], "no-store");
    }
    refused(&raw.get(&format!("/oidc/me{query}")).await, 400, "invalid_request");
    refused(&raw.post_form("/oidc/me", &[("access_token", token)]).await, 400, "invalid_request");
    let nothing = plain.get("/oidc/me").await;
    refused(&nothing, 401, "invalid_token");
    assert!(nothing.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
}

#[tokio::test]
async fn a_scope_tells_its_own_claims_and_a_token_without_openid_is_not_enough() {
    let s = Server::start().await;
    let body = json!({ "username": "ada", "email": "ada@example.com", "phone": "13800138000", "password": PASSWORD,
        "name": "Ada", "customData": {} });
    s.admin().await.post("/api/v3/create-user", body).await.ok();
    let me = async |scope: &str, path: &str| {
        let payload = json!({ "username": "ada", "password": PASSWORD });
        let tokens = s.sign_in_with("ada", payload, scope).await.ok();
        s.anonymous().bearer(text(&tokens["access_token"])).get(path).await
    };
    let names = |reply: watchword_testkit::Reply| -> Vec<String> {
        let mut names: Vec<String> = reply.body.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(me("openid", "/oidc/me").await), ["sub"]);
    assert_eq!(names(me("openid email", "/oidc/me").await), ["email", "email_verified", "sub"]);
    assert_eq!(names(me("openid phone", "/oidc/me").await), ["phone_number", "phone_number_verified", "sub"]);
    assert!(names(me("openid profile", "/oidc/me").await).contains(&"name".to_owned()));
    refused(&me("profile", "/oidc/me").await, 403, "insufficient_scope");
    assert_eq!(names(me("email", "/oauth/me").await), ["email", "email_verified", "sub"]);
}
