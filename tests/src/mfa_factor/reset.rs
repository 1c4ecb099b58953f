//! reset-factor, get-factor, and recovery codes.

use serde_json::{Value, json};
use watchword_testkit::{Client, RECOVERY_CODE, SECRET, Server, minutes, seconds};

async fn factor_id(user: &Client) -> Value {
    user.get("/api/v3/list-enrolled-factors").await.ok()[0]["factorId"].clone()
}

#[tokio::test]
async fn a_factor_goes_within_five_minutes_of_a_proof_and_only_once() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let user = s.signed_in_with_otp("ada", SECRET).await;
    let id = factor_id(&user).await;
    s.clock.advance(minutes(5) + seconds(1));
    user.post("/api/v3/reset-factor", json!({ "factorId": id })).await.refused(403);
    user.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    user.post("/api/v3/reset-factor", json!({ "factorId": id })).await.done();
    user.post("/api/v3/reset-factor", json!({ "factorId": id })).await.refused(404);
    assert_eq!(user.get("/api/v3/list-enrolled-factors").await.ok(), json!([]));
    assert!(s.sign_in("ada").await.ok()["access_token"].is_string());
    let spent = json!({ "recoveryCode": RECOVERY_CODE });
    let gone = user.post("/api/v2/mfa/totp/recovery", spent).await;
    assert_eq!(gone.body["code"], 6002, "the recovery code went with the factor");
}

#[tokio::test]
async fn somebody_elses_factor_does_not_exist() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    s.user_with_otp("bob").await;
    let ada = s.signed_in_with_otp("ada", SECRET).await;
    let bob = s.signed_in_with_otp("bob", SECRET).await;
    let id = factor_id(&bob).await;
    ada.post("/api/v3/reset-factor", json!({ "factorId": id })).await.refused(404);
    ada.get(&format!("/api/v3/get-factor?factorId={}", id.as_str().unwrap())).await.refused(404);
    assert_eq!(factor_id(&bob).await, id);
}

#[tokio::test]
async fn the_last_factor_stays_while_the_application_asks_for_one() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let body = json!({ "appId": s.pool.app_id, "enabledFactors": ["OTP"] });
    s.admin().await.post("/api/v3/update-application-mfa-settings", body).await.ok();
    let user = s.signed_in_with_otp("ada", SECRET).await;
    let id = factor_id(&user).await;
    user.post("/api/v3/reset-factor", json!({ "factorId": id })).await.refused(403);
    assert_eq!(factor_id(&user).await, id);
}

#[tokio::test]
async fn an_mfa_token_resets_nothing() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let waiting = s.waiting("ada").await;
    let id = factor_id(&waiting).await;
    waiting.post("/api/v3/reset-factor", json!({ "factorId": id })).await.refused_with(401, 2020);
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_and_the_next_one_comes_with_it() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let first = s.waiting("ada").await;
    let recover = |client: Client, code: String| async move {
        client.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": code })).await
    };
    let reply = recover(first.clone(), RECOVERY_CODE.to_uppercase()).await;
    assert_eq!(reply.body["code"], 200, "{}", reply.text);
    let next = reply.body["recoveryCode"].as_str().unwrap().to_owned();
    assert_ne!(next, RECOVERY_CODE);
    let user = s.app().bearer(reply.body["data"]["access_token"].as_str().unwrap());
    let id = factor_id(&user).await;
    assert_eq!(recover(s.waiting("ada").await, RECOVERY_CODE.into()).await.body["code"], 6002, "spent");
    assert_eq!(recover(s.waiting("ada").await, next).await.body["code"], 200);
    user.post("/api/v3/reset-factor", json!({ "factorId": id })).await.done();
}

#[tokio::test]
async fn one_recovery_code_raced_by_64_requests_signs_in_once() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let mut clients = Vec::new();
    for _ in 0..64 {
        clients.push(s.waiting("ada").await);
    }
    let body = json!({ "recoveryCode": RECOVERY_CODE });
    let race = clients.iter().map(|c| c.post("/api/v2/mfa/totp/recovery", body.clone()));
    let replies = futures_util::future::join_all(race).await;
    let won: Vec<_> = replies.iter().filter(|r| r.body["code"] == 200).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(replies.iter().filter(|r| r.body["recoveryCode"].is_string()).count(), 1);
}

#[tokio::test]
async fn recovery_has_its_own_counter_and_locks_for_good_after_a_hundred() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let guess = |code: &'static str| {
        let s = &s;
        async move { s.waiting("ada").await.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": code })).await }
    };
    guess("").await;
    for _ in 0..99 {
        s.clock.advance(minutes(16));
        assert_eq!(guess("0000-0000-0000-0000-0000-0000").await.body["code"], 6002);
    }
    s.clock.advance(minutes(16));
    assert_eq!(guess(RECOVERY_CODE).await.body["code"], 2005, "locked");
    let otp = s.waiting("ada").await.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await;
    assert_eq!(otp.ok()["verified"], true, "one-time passwords are not locked by it");
}

#[tokio::test]
async fn a_missing_recovery_code_is_6004() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let reply = s.waiting("ada").await.post("/api/v2/mfa/totp/recovery", json!({})).await;
    assert_eq!((reply.http, reply.body["code"].as_i64()), (200, Some(6004)));
}
