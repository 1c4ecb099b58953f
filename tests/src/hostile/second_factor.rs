//! Ways around the second factor.

use serde_json::json;
use watchword_domain::message::{self, Medium};
use watchword_domain::{Audit, Ctx, outbox};
use watchword_kit::PoolId;
use watchword_store::outbox as rows;
use watchword_testkit::{PASSWORD, RECOVERY_CODE, SECRET, Server};

use super::{pass_code, password};

const OTHER: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

async fn demo() -> Server {
    Server::with(|settings| settings.demo = true).await
}

/// A code for sign-in as the target would receive it.
async fn sent(s: &Server, medium: Medium, target: &str) -> String {
    let ctx = Ctx::system(s.services.clone(), PoolId::new(&s.pool.id), Audit::MessageSend);
    let mut tx = ctx.write().await.unwrap();
    message::issue_code(&mut tx, &ctx, medium, target, "CHANNEL_LOGIN").await.unwrap();
    let due = rows::due(&mut tx, ctx.now(), &[], 10).await.unwrap();
    let last = due.iter().rfind(|m| m.target == target).unwrap();
    let code = outbox::open(&s.services, last).unwrap().code.unwrap();
    ctx.commit(tx, json!({})).await.unwrap();
    code
}

#[tokio::test]
async fn no_way_in_gives_a_token_before_the_second_factor() {
    let s = demo().await;
    let admin = s.admin().await;
    let made = json!({ "username": "ada", "password": PASSWORD, "email": "ada@example.com", "phone": "13800138000" });
    let ada = admin.post("/api/v3/create-user", made).await.ok()["userId"].as_str().unwrap().to_owned();
    let tokens = s.sign_in_with("ada", json!({ "username": "ada", "password": PASSWORD }), "openid offline_access");
    let before = tokens.await.ok();
    s.import(&ada, SECRET).await;
    let mut replies = Vec::new();
    for (field, name) in [
        ("username", "ada"),
        ("account", "ada"),
        ("account", "ada@example.com"),
        ("account", "13800138000"),
        ("email", "ada@example.com"),
        ("phone", "13800138000"),
    ] {
        let reply = password(&s, json!({ field: name, "password": PASSWORD })).await;
        reply.refused_with(300, 1635);
        replies.push(reply);
    }
    let code = sent(&s, Medium::Sms, "+8613800138000").await;
    let reply = pass_code(&s, json!({ "phone": "13800138000", "passCode": code })).await;
    reply.refused_with(300, 1635);
    replies.push(reply);
    let code = sent(&s, Medium::Email, "ada@example.com").await;
    let reply = pass_code(&s, json!({ "email": "ada@example.com", "passCode": code })).await;
    reply.refused_with(300, 1635);
    replies.push(reply);
    for connection in ["LDAP", "AD"] {
        let payload = json!({ "sAMAccountName": "ada", "password": PASSWORD });
        let body = json!({ "connection": connection, "ldapPayload": payload, "adPayload": payload });
        replies.push(s.app().post("/api/v3/signin", body).await);
    }
    let mfa = s.sign_in("ada").await.refused(300)["data"]["mfaToken"].as_str().unwrap().to_owned();
    let refresh = before["refresh_token"].as_str().unwrap();
    let (id, secret) = (s.pool.app_id.as_str(), s.pool.app_secret.as_str());
    for grant in [
        "refresh_token",
        "password",
        "authorization_code",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ] {
        for token in [refresh, mfa.as_str()] {
            let form = [
                ("grant_type", grant),
                ("client_id", id),
                ("client_secret", secret),
                ("refresh_token", token),
                ("username", "ada"),
                ("password", PASSWORD),
                ("code", token),
                ("subject_token", token),
            ];
            replies.push(s.anonymous().post_form("/oidc/token", &form).await);
        }
    }
    for reply in replies {
        assert!(!reply.text.contains("access_token") && !reply.text.contains("id_token"), "{}", reply.text);
    }
}

#[tokio::test]
async fn exactly_three_steps_are_accepted_of_a_fresh_secret() {
    let s = Server::start().await;
    for steps in -3..=3_i64 {
        let name = format!("u{}", steps + 3);
        s.user_with_otp(&name).await;
        let reply =
            s.waiting(&name).await.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, steps) })).await;
        assert_eq!(reply.ok()["verified"], steps.abs() <= 1, "step {steps}");
    }
}

#[tokio::test]
async fn a_password_alone_does_not_enrol_a_factor_that_nobody_asked_for() {
    let s = demo().await;
    s.admin().await.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": ["OTP"] })).await.ok();
    s.user("ada").await;
    let waiting = s.waiting("ada").await;
    let body = json!({ "factorType": "EMAIL", "profile": { "email": "eve@example.com" } });
    waiting.post("/api/v3/send-enroll-factor-request", body).await.refused(403);
    waiting.post("/api/v3/send-enroll-factor-request", json!({ "factorType": "OTP" })).await.ok();
}

#[tokio::test]
async fn a_recovery_code_does_not_outlive_the_secret_it_came_with() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let bare = json!({ "list": [{ "userId": ada, "otp": { "secret": OTHER } }] });
    s.admin().await.post("/api/v3/import-otp", bare.clone()).await.done();
    let old = s.waiting("ada").await.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": RECOVERY_CODE })).await;
    assert_eq!(old.body["code"], 6002, "{}", old.text);
    let again = json!({ "list": [{ "userId": ada, "otp": { "secret": OTHER, "recoveryCode": RECOVERY_CODE } }] });
    s.admin().await.post("/api/v3/import-otp", again).await.done();
    s.admin().await.post("/api/v3/import-otp", bare).await.done();
    let new = s.waiting("ada").await.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": RECOVERY_CODE })).await;
    assert_eq!(new.body["code"], 200, "the same secret again keeps its code: {}", new.text);
}

#[tokio::test]
async fn who_was_suspended_while_the_second_factor_was_awaited_gets_nothing() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let waiting = s.waiting("ada").await;
    let suspend = json!({ "userId": ada, "status": "Suspended" });
    s.admin().await.post("/api/v3/update-user", suspend).await.ok();
    waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.refused_with(401, 2021);
    let code = json!({ "recoveryCode": RECOVERY_CODE });
    assert_eq!(waiting.post("/api/v2/mfa/totp/recovery", code).await.body["code"], 2021);
}
