//! The demand for a second factor, and what no token is issued before.

use serde_json::{Value, json};
use watchword_testkit::{PASSWORD, SECRET, Server, minutes, seconds};

async fn enable(s: &Server, factors: Value) {
    s.admin().await.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": factors })).await.ok();
}

#[tokio::test]
async fn a_bound_factor_is_asked_for_as_personal_and_an_enabled_one_as_the_applications() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    s.user("bob").await;
    let personal = s.sign_in("ada").await.refused_with(300, 1635);
    assert!(personal["data"]["mfaToken"].is_string());
    assert!(!s.sign_in("ada").await.text.contains("access_token"), "no token before the second factor");
    enable(&s, json!(["OTP"])).await;
    let asked = s.sign_in("bob").await.refused_with(300, 1636);
    assert_eq!(asked["data"]["applicationMfa"][0], json!({ "mfaPolicy": "OTP", "status": 1, "sort": 0 }));
    s.sign_in("ada").await.refused_with(300, 1636);
}

#[tokio::test]
async fn a_right_code_never_mends_a_wrong_password() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    for password in ["", "wrong wrong wrong"] {
        let mut payload = json!({ "username": "ada", "password": password, "totp": s.code(SECRET, 0) });
        payload["passCode"] = json!(s.code(SECRET, 0));
        let body = json!({ "connection": "PASSWORD", "passwordPayload": payload, "totp": s.code(SECRET, 0) });
        s.app().post("/api/v3/signin", body).await.refused_with(403, 2333);
    }
}

#[tokio::test]
async fn the_mfa_token_lives_five_minutes_works_once_and_is_good_for_nothing_else() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let waiting = s.waiting("ada").await;
    waiting.get("/api/v3/get-user-mfa-info?userId=x").await.refused(401);
    let late = s.waiting("ada").await;
    s.clock.advance(minutes(5));
    late.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.refused(401);
    let waiting = s.waiting("ada").await;
    waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 1) })).await.refused_with(401, 2021);
    let user = s.signed_in_as("bob").await;
    let introspected = s.anonymous().post_form("/mfa/token/introspection", &[("token", &user.1)]).await.body;
    assert_eq!(introspected, json!({ "active": false }), "an access token is no mfaToken");
}

#[tokio::test]
async fn an_mfa_token_is_bound_to_its_application_and_pool() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let token = s.sign_in("ada").await.refused(300)["data"]["mfaToken"].as_str().unwrap().to_owned();
    let other = s.new_pool("Other").await;
    let body = json!({ "totp": s.code(SECRET, 0) });
    let foreign = s.anonymous().header("x-authing-app-id", &other.app_id).bearer(&token);
    foreign.post("/api/v3/mfa-totp-verify", body.clone()).await.refused_with(404, 2011);
    let pool = s.anonymous().header("x-authing-userpool-id", &other.id).bearer(&token);
    pool.post("/api/v3/mfa-totp-verify", body.clone()).await.refused(403);
    assert_eq!(s.app().bearer(&token).post("/api/v3/mfa-totp-verify", body).await.ok()["verified"], true);
}

#[tokio::test]
async fn tokens_are_accepted_raw_and_with_bearer_and_forged_ones_never() {
    let s = Server::start().await;
    s.user("ada").await;
    let token = s.sign_in("ada").await.ok()["access_token"].as_str().unwrap().to_owned();
    for value in [token.clone(), format!("Bearer {token}"), format!("bearer {token}")] {
        s.app().header("authorization", &value).get("/api/v3/list-enrolled-factors").await.ok();
    }
    let parts: Vec<&str> = token.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let id_token = s.sign_in("ada").await.ok()["id_token"].as_str().unwrap().to_owned();
    for forged in [format!("{none}.{}.", parts[1]), format!("{}.{}.AAAA", parts[0], parts[1]), id_token, "x".into()] {
        s.app().bearer(&forged).get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    }
    s.app().get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
}

#[tokio::test]
async fn suspending_deleting_and_kicking_end_the_tokens_at_once() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for (i, act) in ["suspend", "delete", "kick", "password"].into_iter().enumerate() {
        let name = format!("u{i}");
        let id = s.user(&name).await;
        let user = s.signed_in(&name).await;
        user.get("/api/v3/list-enrolled-factors").await.ok();
        match act {
            "suspend" => admin.post("/api/v3/update-user", json!({ "userId": id, "status": "Suspended" })).await.ok(),
            "delete" => admin.post("/api/v3/delete-users-batch", json!({ "userIds": [id] })).await.ok(),
            "kick" => admin.post("/api/v3/kick-users", json!({ "userId": id, "appIds": [s.pool.app_id] })).await.ok(),
            _ => admin
                .post("/api/v3/update-user", json!({ "userId": id, "password": "another good passphrase" }))
                .await
                .ok(),
        };
        user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    }
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_stolen_one_ends_the_session() {
    let s = Server::start().await;
    s.user("ada").await;
    let payload = json!({ "username": "ada", "password": PASSWORD });
    let tokens = s.sign_in_with("ada", payload, "openid offline_access").await.ok();
    let first = tokens["refresh_token"].as_str().expect("a refresh token").to_owned();
    let (id, secret) = (s.pool.app_id.clone(), s.pool.app_secret.clone());
    let refresh = |token: String, secret: String| {
        let (client, id) = (s.anonymous(), id.clone());
        async move {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", &token),
                ("client_id", &id),
                ("client_secret", &secret),
            ];
            client.post_form("/oidc/token", &form).await
        }
    };
    assert_eq!(refresh(first.clone(), "wrong".into()).await.http, 401);
    let renewed = refresh(first.clone(), secret.clone()).await;
    assert_eq!(renewed.http, 200, "{}", renewed.text);
    let second = renewed.body["refresh_token"].as_str().unwrap().to_owned();
    let user = s.app().bearer(renewed.body["access_token"].as_str().unwrap());
    let retry = refresh(first.clone(), secret.clone()).await;
    assert_eq!((retry.http, retry.body["error"].as_str()), (400, Some("invalid_grant")));
    user.get("/api/v3/list-enrolled-factors").await.ok();
    s.clock.advance(seconds(11));
    assert_eq!(refresh(first, secret.clone()).await.body["error"], "invalid_grant");
    user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    assert_eq!(refresh(second, secret).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn one_refresh_token_raced_by_64_requests_is_renewed_once() {
    let s = Server::start().await;
    s.user("ada").await;
    let payload = json!({ "username": "ada", "password": PASSWORD });
    let tokens = s.sign_in_with("ada", payload, "openid offline_access").await.ok();
    let token = tokens["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", s.pool.app_id.as_str()),
        ("client_secret", s.pool.app_secret.as_str()),
    ];
    let client = s.anonymous();
    let replies = futures_util::future::join_all((0..64).map(|_| client.post_form("/oidc/token", &form))).await;
    assert_eq!(replies.iter().filter(|r| r.http == 200).count(), 1);
}

#[tokio::test]
async fn a_grant_from_before_the_demand_is_not_renewed() {
    let s = Server::start().await;
    s.user("ada").await;
    let payload = json!({ "username": "ada", "password": PASSWORD });
    let tokens = s.sign_in_with("ada", payload, "openid offline_access").await.ok();
    enable(&s, json!(["OTP"])).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("client_id", s.pool.app_id.as_str()),
        ("client_secret", s.pool.app_secret.as_str()),
    ];
    assert_eq!(s.anonymous().post_form("/oidc/token", &form).await.body["error"], "invalid_grant");
}
