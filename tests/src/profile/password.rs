//! The user's own password: changed, forgotten, to be changed first.

use serde_json::json;
use watchword_testkit::{PASSWORD, SECRET, encrypt, minutes, seconds};

use super::*;

const NEW: &str = "an entirely new password";

async fn reset_request(s: &Server, email: &str, code: &str) -> Reply {
    let body =
        json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": { "email": email, "passCode": code } });
    s.app().post("/api/v3/verify-reset-password-request", body).await
}

async fn forgotten(s: &Server) -> Value {
    let code = s.mailed(&s.app(), EMAIL, "CHANNEL_RESET_PASSWORD").await;
    reset_request(s, EMAIL, &code).await.ok()
}

async fn reset(client: &Client, token: &Value, password: &str) -> Reply {
    client.post("/api/v3/reset-password", json!({ "passwordResetToken": token, "password": password })).await
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_their_refresh_tokens() {
    let (s, _, client) = ada().await;
    let elsewhere = sign_in(&s, PASSWORD).await.ok();
    let change = |old: &str, new: &str| {
        client.post("/api/v3/update-password", json!({ "oldPassword": old, "newPassword": new }))
    };
    change("wrong", NEW).await.refused_with(403, 2006);
    client.post("/api/v3/update-password", json!({ "newPassword": NEW })).await.refused_at("oldPassword");
    change(PASSWORD, "password1").await.refused_at("newPassword");
    change(PASSWORD, NEW).await.done();
    assert!(alive(&client).await);
    assert!(!alive(&s.app().bearer(elsewhere["access_token"].as_str().expect("a token"))).await);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", elsewhere["refresh_token"].as_str().expect("a token")),
        ("client_id", &s.pool.app_id),
        ("client_secret", &s.pool.app_secret),
    ];
    assert_ne!(s.anonymous().post_form("/oidc/token", &form).await.http, 200);
    sign_in(&s, PASSWORD).await.refused_with(403, 2333);
    sign_in(&s, NEW).await.ok();
    assert!(s.letter_to(EMAIL).await.expect("a notice").contains("password of your account was changed"));
    assert_eq!(s.audited("user.password_change").await, 4);
}

#[tokio::test]
async fn guessing_ones_way_to_a_new_password_is_paused_as_at_sign_in() {
    let (s, _, client) = ada().await;
    let guess = |old: &str| client.post("/api/v3/update-password", json!({ "oldPassword": old, "newPassword": NEW }));
    for n in 0..5 {
        guess(&format!("guess {n}")).await.refused_with(403, 2006);
    }
    assert_eq!(guess(PASSWORD).await.http, 429);
    let ask = json!({ "verifyMethod": "PASSWORD", "passwordPayload": { "password": PASSWORD } });
    assert_eq!(client.post("/api/v3/verify-delete-account-request", ask).await.http, 429);
    let check = json!({ "username": "ada", "password": PASSWORD });
    assert_eq!(s.app().post("/api/v3/validate-password", check).await.http, 429);
    assert_eq!(sign_in(&s, PASSWORD).await.http, 429);
    s.advance(minutes(1));
    guess(PASSWORD).await.done();
}

#[tokio::test]
async fn who_has_no_password_sets_one_with_a_session_alone() {
    let s = Server::with(|settings| settings.demo = true).await;
    s.admin().await.post("/api/v3/create-user", json!({ "username": "ada", "email": EMAIL })).await.ok();
    let code = s.mailed(&s.app(), EMAIL, "CHANNEL_LOGIN").await;
    let body = json!({ "connection": "PASSCODE", "passCodePayload": { "email": EMAIL, "passCode": code } });
    let tokens = s.app().post("/api/v3/signin", body).await.ok();
    let client = s.app().bearer(tokens["access_token"].as_str().expect("a token"));
    let key = s.anonymous().get("/api/v3/system").await.body["rsa"]["publicKey"].as_str().expect("a key").to_owned();
    let body = json!({ "newPassword": encrypt::rsa(&key, NEW), "passwordEncryptType": "rsa" });
    client.post("/api/v3/update-password", body).await.done();
    sign_in(&s, NEW).await.ok();
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once_and_the_second_factor_stays() {
    let (s, id, client) = ada().await;
    s.import(&id, SECRET).await;
    let begun = forgotten(&s).await;
    assert_eq!(begun["tokenExpiresIn"], 300);
    let token = &begun["passwordResetToken"];
    reset(&s.app(), token, "password1").await.refused_at("password");
    assert!(alive(&client).await, "nothing has happened yet");
    assert_eq!(reset(&s.app(), token, NEW).await.ok(), json!({ "success": true }));
    reset(&s.app(), token, "another new password").await.refused(403);
    assert!(!alive(&client).await);
    sign_in(&s, PASSWORD).await.refused_with(403, 2333);
    sign_in(&s, NEW).await.refused_with(300, 1635);
    assert_eq!((s.audited("user.password_reset_start").await, s.audited("user.password_reset").await), (1, 1));

    s.advance(minutes(1));
    let code = s.texted(&s.app(), PHONE, "CHANNEL_RESET_PASSWORD").await;
    let payload = json!({ "phoneNumber": PHONE, "passCode": code });
    let body = json!({ "verifyMethod": "PHONE_PASSCODE", "phonePassCodePayload": payload });
    let begun = s.app().post("/api/v3/verify-reset-password-request", body).await.ok();
    reset(&s.app(), &begun["passwordResetToken"], PASSWORD).await.ok();
    sign_in(&s, PASSWORD).await.refused_with(300, 1635);
}

/// Neither asking for a code, nor trying one, nor the time-out tells whether somebody has an account.
#[tokio::test]
async fn an_unknown_address_is_told_in_the_same_words_as_a_known_one() {
    let (s, _, _) = ada().await;
    let told = |reply: Reply| {
        let mut body = reply.body;
        body["requestId"] = "".into();
        (reply.http, body)
    };
    for path in ["/api/v3/send-email", "/api/v3/verify-reset-password-request"] {
        let body = |email: &str| match path {
            "/api/v3/send-email" => json!({ "email": email, "channel": "CHANNEL_RESET_PASSWORD" }),
            _ => json!({ "verifyMethod": "EMAIL_PASSCODE",
                "emailPassCodePayload": { "email": email, "passCode": "12345" } }),
        };
        for _ in 0..7 {
            let known = told(s.app().post(path, body(EMAIL)).await);
            let unknown = told(s.app().post(path, body("nobody@example.com")).await);
            assert_eq!(known, unknown, "{path}");
        }
    }
    assert!(s.letter_to("nobody@example.com").await.is_none());
}

#[tokio::test]
async fn a_reset_is_void_when_it_is_late_or_the_account_is_another_by_then() {
    let (s, id, _) = ada().await;
    let patch = async |mut members: Value| {
        members["userId"] = id.as_str().into();
        s.admin().await.post("/api/v3/update-user", members).await.ok();
    };
    let fresh = async || {
        s.advance(minutes(1));
        forgotten(&s).await["passwordResetToken"].clone()
    };
    let late = fresh().await;
    s.advance(seconds(300));
    reset(&s.app(), &late, NEW).await.refused(403);
    let (older, newer) = (fresh().await, fresh().await);
    reset(&s.app(), &older, NEW).await.refused(403);
    patch(json!({ "email": "else@example.com" })).await;
    reset(&s.app(), &newer, NEW).await.refused(403);
    patch(json!({ "email": EMAIL })).await;
    let suspended = fresh().await;
    patch(json!({ "status": "Suspended" })).await;
    reset(&s.app(), &suspended, NEW).await.refused(403);
    s.advance(minutes(1));
    let code = s.mailed(&s.app(), EMAIL, "CHANNEL_RESET_PASSWORD").await;
    reset_request(&s, EMAIL, &code).await.refused_with(403, 2120008);
    patch(json!({ "status": "Activated" })).await;
    let changed = fresh().await;
    patch(json!({ "password": "set by an administrator" })).await;
    reset(&s.app(), &changed, NEW).await.refused(403);
    let app = s.admin().await.post("/api/v3/create-application", json!({ "appName": "Other" })).await.ok();
    let foreign = s.anonymous().header("x-authing-app-id", app["appId"].as_str().expect("an id"));
    let own = fresh().await;
    reset(&foreign, &own, NEW).await.refused(403);
    reset(&s.app(), &own, NEW).await.ok();
}

#[tokio::test]
async fn a_first_password_is_replaced_with_what_the_refused_sign_in_brings() {
    let (s, id, _) = ada().await;
    let flag = json!({ "userId": id, "options": { "resetPasswordOnNextLogin": true } });
    s.admin().await.post("/api/v3/update-user", flag.clone()).await.ok();
    let refused = sign_in(&s, PASSWORD).await.refused_with(300, 1639);
    let token = &refused["data"]["passwordResetToken"];
    assert_eq!((&refused["data"]["token"], refused["data"]["tokenExpiresIn"].clone()), (token, json!(300)));
    reset(&s.app(), token, PASSWORD).await.refused_at("password");
    reset(&s.app(), token, NEW).await.ok();
    reset(&s.app(), token, NEW).await.refused(403);
    sign_in(&s, NEW).await.ok();
    sign_in(&s, "wrong").await.refused_with(403, 2333);

    s.admin().await.post("/api/v3/update-user", flag).await.ok();
    let begun = sign_in(&s, NEW).await.refused_with(300, 1639)["data"]["passwordResetToken"].clone();
    s.admin().await.post("/api/v3/update-user", json!({ "userId": id, "password": PASSWORD })).await.ok();
    reset(&s.app(), &begun, "yet another password").await.refused(403);
}

#[tokio::test]
async fn a_password_is_checked_without_signing_anybody_in() {
    let (s, _, _) = ada().await;
    let check = async |body: Value| s.app().post("/api/v3/validate-password", body).await;
    assert_eq!(check(json!({ "username": "ADA", "password": PASSWORD })).await.ok(), json!({ "valid": true }));
    assert_eq!(check(json!({ "phone": PHONE, "password": PASSWORD })).await.ok()["valid"], true);
    let several = json!({ "email": "nobody@example.com", "username": "ada", "password": PASSWORD });
    assert_eq!(check(several).await.ok()["valid"], false);
    let (wrong, unknown) = (
        check(json!({ "username": "ada", "password": "wrong" })).await.ok(),
        check(json!({ "username": "nobody", "password": "wrong" })).await.ok(),
    );
    assert_eq!((wrong.clone(), unknown), (json!({ "valid": false }), wrong));
    check(json!({ "password": "x" })).await.refused_at("username");
    assert_eq!(s.audited("user.password_check").await, 5);
}

#[tokio::test]
async fn an_account_without_a_password_gets_its_first_by_a_recent_proof_only() {
    let s = Server::with(|settings| settings.demo = true).await;
    s.admin().await.post("/api/v3/create-user", json!({ "username": "cyd", "email": "cyd@example.com" })).await.ok();
    let sign_in = async || {
        let code = s.mailed(&s.app(), "cyd@example.com", "CHANNEL_LOGIN").await;
        let payload = json!({ "email": "cyd@example.com", "passCode": code });
        let body = json!({ "connection": "PASSCODE", "passCodePayload": payload });
        let tokens = s.app().post("/api/v3/signin", body).await.ok();
        s.app().bearer(tokens["access_token"].as_str().expect("a token"))
    };
    let stale = sign_in().await;
    s.clock.advance(minutes(6));
    let change = json!({ "newPassword": NEW });
    let told = stale.post("/api/v3/update-password", change.clone()).await.refused(403);
    assert!(told["message"].as_str().is_some_and(|m| m.contains("sign in again")), "{told}");
    sign_in().await.post("/api/v3/update-password", change).await.done();
}
