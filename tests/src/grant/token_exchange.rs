//! One access token for another that may do less.

use serde_json::{Value, json};
use watchword_testkit::{Reply, Server, seconds};

use super::{App, EXCHANGE, app, claims, refused, text};

const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const API: &str = "https://api.example.com";

async fn shop(s: &Server) -> App {
    app(s, json!({ "grant_types": [EXCHANGE, "refresh_token"], "resources": [API], "access_token_expire": 600 })).await
}

async fn exchange(s: &Server, shop: &App, token: &Value, more: &[(&str, &str)]) -> Reply {
    let form = [("grant_type", EXCHANGE), ("subject_token", text(token)), ("subject_token_type", ACCESS)];
    shop.post(s, "/oidc/token", &[&form, more].concat()).await
}

#[tokio::test]
async fn the_new_token_is_for_less_for_no_longer_and_ends_with_the_session() {
    let s = Server::start().await;
    let shop = shop(&s).await;
    let tokens = shop.sign_in(&s, "openid profile email offline_access").await;
    s.clock.advance(seconds(100));
    let made = exchange(&s, &shop, &tokens["access_token"], &[("scope", "email"), ("resource", API)]).await.body;
    assert_eq!((&made["issued_token_type"], &made["expires_in"]), (&json!(ACCESS), &json!(500)));
    assert!(made.get("refresh_token").is_none() && made.get("id_token").is_none());
    let (old, new) = (claims(&tokens["access_token"]), claims(&made["access_token"]));
    assert_eq!((&new["aud"], &new["scope"], &new["exp"]), (&json!(API), &json!("email"), &old["exp"]));
    assert_eq!((&new["sub"], &new["sid"]), (&old["sub"], &old["sid"]));
    assert_eq!(shop.introspect(&s, &made["access_token"]).await["active"], true);
    // It is for the resource: not for us, nor for another exchange back.
    s.anonymous().bearer(text(&made["access_token"])).get("/api/v3/list-enrolled-factors").await.refused(401);
    refused(&exchange(&s, &shop, &made["access_token"], &[]).await, 400, "invalid_target");
    shop.post(&s, "/oidc/token/revocation", &[("token", text(&tokens["refresh_token"]))]).await;
    assert_eq!(shop.introspect(&s, &made["access_token"]).await, json!({ "active": false }));
}

#[tokio::test]
async fn more_than_was_granted_and_tokens_of_others_are_refused() {
    let s = Server::start().await;
    let (shop, other) = (shop(&s).await, shop(&s).await);
    let tokens = shop.sign_in(&s, "openid email offline_access").await;
    let token = &tokens["access_token"];
    refused(&exchange(&s, &shop, token, &[("scope", "profile")]).await, 400, "invalid_scope");
    refused(&exchange(&s, &shop, token, &[("resource", "https://other.example.com")]).await, 400, "invalid_target");
    refused(&exchange(&s, &shop, token, &[("audience", "other")]).await, 400, "invalid_target");
    refused(&exchange(&s, &shop, token, &[("actor_token", "x")]).await, 400, "invalid_request");
    let id_type = [("requested_token_type", "urn:ietf:params:oauth:token-type:id_token")];
    refused(&exchange(&s, &shop, token, &id_type).await, 400, "invalid_request");
    refused(&exchange(&s, &other, token, &[]).await, 400, "invalid_grant");
    refused(&exchange(&s, &shop, &tokens["id_token"], &[]).await, 400, "invalid_grant");
    refused(&exchange(&s, &shop, &tokens["refresh_token"], &[]).await, 400, "invalid_grant");
    shop.post(&s, "/oidc/token/revocation", &[("token", text(token))]).await;
    refused(&exchange(&s, &shop, token, &[]).await, 400, "invalid_grant");
}
