//! The password grant: off, and where it is on, with every gate of a sign-in.

use serde_json::json;
use watchword_crypto::jose::{Alg, SigningKey};
use watchword_testkit::{PASSWORD, SECRET, Server};

use super::{app, claims, proof, refused, text};

async fn shop(s: &Server) -> super::App {
    app(s, json!({ "grant_types": ["password", "refresh_token"] })).await
}

fn form<'a>(username: &'a str, password: &'a str) -> [(&'a str, &'a str); 4] {
    let scope = ("scope", "openid offline_access");
    [("grant_type", "password"), ("username", username), ("password", password), scope]
}

#[tokio::test]
async fn a_user_without_second_factor_signs_in() {
    let s = Server::start().await;
    let shop = shop(&s).await;
    s.user("ada").await;
    let tokens = shop.post(&s, "/oidc/token", &form("ada", PASSWORD)).await.body;
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_string(), "{tokens}");
    assert_eq!(super::claims(&tokens["id_token"])["amr"], json!(["pwd"]));
    refused(&shop.post(&s, "/oidc/token", &form("ada", "wrong wrong wrong")).await, 400, "invalid_grant");
    refused(&shop.post(&s, "/oidc/token", &form("nobody", PASSWORD)).await, 400, "invalid_grant");
    refused(&shop.post(&s, "/oidc/token", &form("ada", PASSWORD)[..2]).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_user_with_a_second_factor_gets_no_token_before_it() {
    let s = Server::start().await;
    let shop = shop(&s).await;
    s.user_with_otp("ada").await;
    let reply = shop.post(&s, "/oidc/token", &form("ada", PASSWORD)).await;
    refused(&reply, 403, "mfa_required");
    assert!(!reply.text.contains("access_token"));
    let waiting = s.anonymous().header("x-authing-app-id", &shop.id).bearer(text(&reply.body["mfa_token"]));
    let done = waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    assert_eq!(super::claims(&done["id_token"])["amr"], json!(["pwd", "otp", "mfa"]));
}

#[tokio::test]
async fn guesses_by_this_door_count_with_those_by_the_other() {
    let s = Server::start().await;
    let shop = shop(&s).await;
    s.user("ada").await;
    for _ in 0..5 {
        refused(&shop.post(&s, "/oidc/token", &form("ada", "wrong wrong wrong")).await, 400, "invalid_grant");
    }
    assert_eq!(shop.post(&s, "/oidc/token", &form("ada", PASSWORD)).await.http, 429);
    assert_eq!(s.sign_in("ada").await.http, 429);
}

#[tokio::test]
async fn suspended_users_and_those_who_must_change_their_password_are_refused() {
    let s = Server::start().await;
    let shop = shop(&s).await;
    let admin = s.admin().await;
    let ada = s.user("ada").await;
    admin.post("/api/v3/update-user", json!({ "userId": ada, "status": "Suspended" })).await.ok();
    refused(&shop.post(&s, "/oidc/token", &form("ada", PASSWORD)).await, 400, "invalid_grant");
    let options = json!({ "resetPasswordOnFirstLogin": true });
    let body = json!({ "username": "cyd", "password": PASSWORD, "options": options });
    admin.post("/api/v3/create-user", body).await.ok();
    refused(&shop.post(&s, "/oidc/token", &form("cyd", PASSWORD)).await, 400, "invalid_grant");
}

#[tokio::test]
async fn the_resource_and_the_key_of_the_request_outlive_the_wait_for_the_second_factor() {
    let s = Server::start().await;
    let api = "https://api.example.com";
    let oidc = json!({ "grant_types": ["password", "refresh_token"], "resources": [api], "dpop_bound_access_tokens": true,
        "id_token_signed_response_alg": "RS256" });
    let shop = app(&s, oidc).await;
    s.user_with_otp("ada").await;
    let key = SigningKey::generate_for(Alg::Es256).unwrap();
    let client = s.anonymous().header("dpop", &proof(&s, &key, "POST", "/oidc/token", |_| {}));
    let reply =
        shop.post_by(&client, "/oidc/token", &[&form("ada", PASSWORD)[..], &[("resource", api)]].concat()).await;
    refused(&reply, 403, "mfa_required");
    let waiting = s.anonymous().header("x-authing-app-id", &shop.id).bearer(text(&reply.body["mfa_token"]));
    let done = waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    let told = claims(&done["access_token"]);
    assert_eq!((&told["aud"], &told["cnf"]["jkt"]), (&json!(api), &json!(key.kid())), "{told}");
    assert_eq!(claims(&done["id_token"])["acr"], "urn:watchword:acr:two-factor");
    let again = s.anonymous().header("dpop", &proof(&s, &key, "POST", "/oidc/token", |_| {}));
    let more = [("grant_type", "refresh_token"), ("refresh_token", text(&done["refresh_token"])), ("resource", api)];
    let next = shop.post_by(&again, "/oidc/token", &more).await;
    assert_eq!(claims(&next.body["access_token"])["aud"], api, "{}", next.text);
}

#[tokio::test]
async fn every_id_token_says_how_well_its_user_was_recognised() {
    let s = Server::start().await;
    let shop = shop(&s).await;
    s.user("ada").await;
    let acr = |tokens: &serde_json::Value| claims(&tokens["id_token"])["acr"].clone();
    let tokens = shop.post(&s, "/oidc/token", &form("ada", PASSWORD)).await.body;
    assert_eq!(acr(&tokens), "urn:watchword:acr:one-factor");
    let next = shop.refresh(&s, &tokens["refresh_token"], &[]).await.body;
    assert_eq!(acr(&next), "urn:watchword:acr:one-factor");
    s.user_with_otp("bob").await;
    let waiting = s.waiting("bob").await;
    let done = waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    assert_eq!(acr(&done), "urn:watchword:acr:two-factor");
}
