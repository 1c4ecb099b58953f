//! The password grant: off, and where it is on, with every gate of a sign-in.

use serde_json::json;
use watchword_testkit::{PASSWORD, SECRET, Server};

use super::{app, refused, text};

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
