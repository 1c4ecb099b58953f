//! Devices that show a code.

use serde_json::{Value, json};
use watchword_testkit::{Client, Reply, SECRET, Server, minutes, seconds};

use super::{App, DEVICE, app, claims, refused, text};

const DECIDE: &str = "/api/v3/decide-device-authorization";

async fn tv(s: &Server) -> App {
    app(s, json!({ "grant_types": [DEVICE, "refresh_token"] })).await
}

async fn begin(s: &Server, tv: &App) -> Value {
    let begun = tv.post(s, "/oidc/device_authorization", &[("scope", "openid profile")]).await;
    assert_eq!(begun.http, 200, "{}", begun.text);
    begun.body
}

async fn poll(s: &Server, tv: &App, begun: &Value) -> Reply {
    let form = [("grant_type", DEVICE), ("device_code", text(&begun["device_code"]))];
    tv.post(s, "/oidc/token", &form).await
}

async fn decide(user: &Client, begun: &Value, approve: bool) -> Reply {
    user.post(DECIDE, json!({ "userCode": begun["user_code"], "approve": approve })).await
}

#[tokio::test]
async fn a_device_is_signed_in_when_its_user_approves_and_only_once() {
    let s = Server::start().await;
    let tv = tv(&s).await;
    let begun = begin(&s, &tv).await;
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(600), &json!(5)));
    let code = text(&begun["user_code"]).to_owned();
    assert!(code.len() == 9 && code.replace('-', "").bytes().all(|b| b"BCDFGHJKLMNPQRSTVWXZ".contains(&b)), "{code}");
    assert_eq!(begun["verification_uri_complete"], format!("https://id.example.com/device?user_code={code}"));
    refused(&poll(&s, &tv, &begun).await, 400, "authorization_pending");
    let (user, token) = s.signed_in_as("ada").await;
    let auth_time = claims(&json!(token))["iat"].clone();
    s.clock.advance(seconds(5));
    let seen = user.get(&format!("/api/v3/get-device-authorization?userCode={}", code.to_lowercase())).await.ok();
    assert_eq!((&seen["appId"], &seen["scope"]), (&json!(tv.id), &json!("openid profile")));
    let typed = json!({ "userCode": code.replace('-', " ").to_lowercase(), "approve": true });
    user.post(DECIDE, typed).await.ok();
    let tokens = poll(&s, &tv, &begun).await.body;
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["aud"], &id["amr"]), (&json!(tv.id), &json!(["pwd"])));
    assert_eq!(id["auth_time"], auth_time, "typing a code is no sign-in");
    assert_eq!(id["sub"], claims(&json!(token))["sub"]);
    refused(&poll(&s, &tv, &begun).await, 400, "invalid_grant");
    decide(&user, &begun, true).await.refused(404);
}

#[tokio::test]
async fn polling_too_fast_is_slowed_down() {
    let s = Server::start().await;
    let tv = tv(&s).await;
    let begun = begin(&s, &tv).await;
    refused(&poll(&s, &tv, &begun).await, 400, "authorization_pending");
    s.clock.advance(seconds(4));
    refused(&poll(&s, &tv, &begun).await, 400, "slow_down");
    s.clock.advance(seconds(9));
    refused(&poll(&s, &tv, &begun).await, 400, "slow_down");
    s.clock.advance(seconds(15));
    refused(&poll(&s, &tv, &begun).await, 400, "authorization_pending");
}

#[tokio::test]
async fn a_refused_a_late_and_anothers_code_yield_nothing() {
    let s = Server::start().await;
    let (tv, other) = (tv(&s).await, tv(&s).await);
    let (user, _) = s.signed_in_as("ada").await;
    let begun = begin(&s, &tv).await;
    refused(&poll(&s, &other, &begun).await, 400, "invalid_grant");
    decide(&user, &begun, false).await.ok();
    decide(&user, &begun, true).await.refused(404);
    refused(&poll(&s, &tv, &begun).await, 400, "access_denied");
    let late = begin(&s, &tv).await;
    s.clock.advance(minutes(10));
    decide(&user, &late, true).await.refused(404);
    refused(&poll(&s, &tv, &late).await, 400, "expired_token");
    let plain = App::of_pool(&s);
    refused(&plain.post(&s, "/oidc/device_authorization", &[]).await, 400, "unauthorized_client");
}

#[tokio::test]
async fn users_of_another_pool_find_nothing_and_guessing_ends_soon() {
    let s = Server::start().await;
    let tv = tv(&s).await;
    let begun = begin(&s, &tv).await;
    let pool = s.new_pool("Other").await;
    let body = json!({ "username": "eve", "password": watchword_testkit::PASSWORD });
    s.admin_of(&pool).await.post("/api/v3/create-user", body.clone()).await.ok();
    let app = s.anonymous().header("x-authing-app-id", &pool.app_id);
    let sign_in = json!({ "connection": "PASSWORD", "passwordPayload": body });
    let eve = app.post("/api/v3/signin", sign_in).await.ok();
    let eve = s.anonymous().bearer(text(&eve["access_token"]));
    decide(&eve, &begun, true).await.refused(404);
    let (user, _) = s.signed_in_as("ada").await;
    for _ in 0..10 {
        user.post(DECIDE, json!({ "userCode": "BBBB-BBBB", "approve": true })).await.refused(404);
    }
    assert_eq!(decide(&user, &begun, true).await.http, 429);
    let look = format!("/api/v3/get-device-authorization?userCode={}", text(&begun["user_code"]));
    assert_eq!(user.get(&look).await.http, 429, "looking is guessing, too");
    s.clock.advance(minutes(9));
    refused(&poll(&s, &tv, &begun).await, 400, "authorization_pending");
}

#[tokio::test]
async fn where_the_devices_application_asks_for_a_second_factor_a_session_without_it_cannot_approve() {
    let s = Server::start().await;
    let tv = tv(&s).await;
    let (plain, _) = s.signed_in_as("eve").await;
    s.user_with_otp("ada").await;
    let ada = s.signed_in_with_otp("ada", SECRET).await;
    let factors = json!({ "appId": tv.id, "enabledFactors": ["OTP"] });
    s.admin().await.post("/api/v3/update-application-mfa-settings", factors).await.ok();
    let begun = begin(&s, &tv).await;
    decide(&plain, &begun, true).await.refused(403);
    refused(&poll(&s, &tv, &begun).await, 400, "authorization_pending");
    decide(&ada, &begun, true).await.ok();
    s.clock.advance(seconds(5));
    let tokens = poll(&s, &tv, &begun).await.body;
    assert_eq!(claims(&tokens["id_token"])["amr"], json!(["pwd", "otp", "mfa"]));
}

#[tokio::test]
async fn a_token_signs_no_device_in_for_more_than_it_may_itself() {
    let s = Server::start().await;
    let tv = tv(&s).await;
    let more = [("scope", "openid profile offline_access")];
    let begun = tv.post(&s, "/oidc/device_authorization", &more).await.body;
    let (user, _) = s.signed_in_as("ada").await;
    let told = decide(&user, &begun, true).await.refused(403);
    assert!(told["message"].as_str().is_some_and(|m| m.contains("offline_access")), "{told}");
    refused(&poll(&s, &tv, &begun).await, 400, "authorization_pending");
    decide(&user, &begun, false).await.ok();
}

#[tokio::test]
async fn an_approval_forges_no_fresh_second_factor() {
    let s = Server::start().await;
    let tv = tv(&s).await;
    s.user_with_otp("ada").await;
    let ada = s.signed_in_with_otp("ada", SECRET).await;
    s.clock.advance(minutes(6));
    let begun = begin(&s, &tv).await;
    decide(&ada, &begun, true).await.ok();
    let tokens = poll(&s, &tv, &begun).await.body;
    let device = s.anonymous().bearer(text(&tokens["access_token"]));
    let factor = device.get("/api/v3/list-enrolled-factors").await.ok()[0]["factorId"].clone();
    device.post("/api/v3/reset-factor", json!({ "factorId": factor })).await.refused(403);
}

#[tokio::test]
async fn a_demand_that_came_up_since_the_approval_is_not_evaded_by_it() {
    let s = Server::start().await;
    let tv = tv(&s).await;
    let begun = begin(&s, &tv).await;
    let (user, _) = s.signed_in_as("ada").await;
    decide(&user, &begun, true).await.ok();
    let factors = json!({ "appId": tv.id, "enabledFactors": ["OTP"] });
    s.admin().await.post("/api/v3/update-application-mfa-settings", factors).await.ok();
    refused(&poll(&s, &tv, &begun).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_user_who_was_suspended_meanwhile_signs_no_device_in() {
    let s = Server::start().await;
    let tv = tv(&s).await;
    let begun = begin(&s, &tv).await;
    let (user, token) = s.signed_in_as("ada").await;
    decide(&user, &begun, true).await.ok();
    let body = json!({ "userId": claims(&json!(token))["sub"], "status": "Suspended" });
    s.admin().await.post("/api/v3/update-user", body).await.ok();
    refused(&poll(&s, &tv, &begun).await, 400, "invalid_grant");
}
