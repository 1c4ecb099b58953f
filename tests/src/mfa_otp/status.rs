//! set-mfa-status, get-mfa-status, get-mfa-trigger-data.

use serde_json::{Value, json};
use watchword_testkit::{SECRET, Server};

async fn set(s: &Server, user: &str, data: Value) -> watchword_testkit::Reply {
    s.admin().await.post("/api/v3/set-mfa-status", json!({ "userId": user, "mfaTriggerData": data })).await
}

async fn status(s: &Server, user: &str) -> Value {
    s.admin().await.get(&format!("/api/v3/get-mfa-status?userId={user}")).await.ok()
}

#[tokio::test]
async fn what_is_set_is_read_in_the_order_of_sort() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    let data = json!({ "mfaToken": "anything", "mfaPhone": "13800000000", "mfaEmail": "Ada@Example.com",
        "applicationMfa": [{ "mfaPolicy": "SMS", "status": 1, "sort": 2 }, { "mfaPolicy": "OTP", "status": 0, "sort": 1 }] });
    assert_eq!(set(&s, &ada, data).await.ok(), json!({ "success": true }));
    let read = status(&s, &ada).await;
    assert_eq!(read["mfaPhone"], "13800000000");
    assert_eq!(read["mfaPhoneCountryCode"], "+86");
    assert_eq!(read["mfaEmail"], "ada@example.com");
    assert_eq!(
        read["applicationMfa"],
        json!([
        { "mfaPolicy": "OTP", "status": 0, "sort": 1 }, { "mfaPolicy": "SMS", "status": 1, "sort": 2 }])
    );
    let info = s.admin().await.get(&format!("/api/v3/get-user-mfa-info?userId={ada}")).await.ok();
    assert_eq!((info["smsMfaStatus"].as_str(), info["emailMfaStatus"].as_str()), (Some("enabled"), Some("enabled")));
}

#[tokio::test]
async fn an_empty_patch_changes_nothing_and_null_unbinds() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    set(&s, &ada, json!({ "mfaPhone": "13800000000", "mfaEmail": "ada@example.com" })).await.ok();
    set(&s, &ada, json!({})).await.ok();
    assert_eq!(status(&s, &ada).await["mfaPhone"], "13800000000");
    set(&s, &ada, json!({ "mfaPhone": null })).await.ok();
    let read = status(&s, &ada).await;
    assert_eq!((read["mfaPhone"].clone(), read["mfaEmail"].clone()), (Value::Null, json!("ada@example.com")));
}

#[tokio::test]
async fn totp_is_switched_off_and_on_again_with_its_seed() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    set(&s, &ada, json!({ "totpMfaEnabled": false })).await.ok();
    assert!(s.sign_in("ada").await.ok()["access_token"].is_string(), "no second factor is asked for");
    set(&s, &ada, json!({ "totpMfaEnabled": true })).await.ok();
    s.signed_in_with_otp("ada", SECRET).await;
    let bob = s.user("bob").await;
    set(&s, &bob, json!({ "totpMfaEnabled": true })).await.refused(422);
    set(&s, &bob, json!({ "faceMfaEnabled": true })).await.refused(422);
}

#[tokio::test]
async fn the_token_of_a_status_opens_nothing() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let mine = "eyJhbGciOiJIUzI1NiJ9.e30.AAAA";
    set(&s, &ada, json!({ "mfaToken": mine })).await.ok();
    for token in [mine.to_owned(), status(&s, &ada).await["mfaToken"].as_str().unwrap().to_owned()] {
        let reply = s.anonymous().post_form("/mfa/token/introspection", &[("token", &token)]).await;
        assert_eq!(reply.body, json!({ "active": false }));
        let code = s.code(SECRET, 0);
        s.app().bearer(&token).post("/api/v3/mfa-totp-verify", json!({ "totp": code })).await.refused_with(401, 2020);
    }
}

#[tokio::test]
async fn bad_values_are_named_and_nothing_is_written() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    for (data, field) in [
        (
            json!({ "applicationMfa": [{ "mfaPolicy": "PIGEON", "status": 1, "sort": 0 }] }),
            "applicationMfa[0].mfaPolicy",
        ),
        (json!({ "applicationMfa": [{ "mfaPolicy": "OTP", "status": 2, "sort": 0 }] }), "applicationMfa[0].status"),
        (json!({ "applicationMfa": [{ "mfaPolicy": "OTP", "status": 1, "sort": -1 }] }), "applicationMfa[0].sort"),
        (
            json!({ "applicationMfa": [{ "mfaPolicy": "OTP", "status": 1, "sort": 0 },
            { "mfaPolicy": "OTP", "status": 1, "sort": 1 }] }),
            "applicationMfa[1].mfaPolicy",
        ),
        (json!({ "mfaEmail": "nobody" }), "mfaEmail"),
        (json!({ "mfaPhone": "12" }), "mfaPhone"),
        (json!({ "totpMfaEnabled": "yes" }), "totpMfaEnabled"),
    ] {
        set(&s, &ada, data).await.refused_at(&format!("mfaTriggerData.{field}"));
    }
    assert_eq!(status(&s, &ada).await["applicationMfa"], json!([]));
}

#[tokio::test]
async fn names_in_the_patch_do_not_rename_the_user() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    set(&s, &ada, json!({ "username": "root", "nickname": "Root", "phone": "13900000000" })).await.ok();
    assert_eq!(status(&s, &ada).await["username"], "ada");
}

#[tokio::test]
async fn a_stored_policy_makes_sign_in_ask_and_enrolment_completes_it() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    set(&s, &ada, json!({ "applicationMfa": [{ "mfaPolicy": "OTP", "status": 1, "sort": 0 }] })).await.ok();
    let reply = s.sign_in("ada").await.refused_with(300, 1636);
    assert_eq!(reply["data"]["applicationMfa"], json!([{ "mfaPolicy": "OTP", "status": 1, "sort": 0 }]));
    assert_eq!(reply["data"]["totpMfaEnabled"], false);
}

#[tokio::test]
async fn trigger_data_carries_a_token_that_verifies_and_issues_no_session() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let path = format!("/api/v3/get-mfa-trigger-data?appId={}&userId={ada}", s.pool.app_id);
    let data = s.admin().await.get(&path).await.ok();
    assert_eq!(data["totpMfaEnabled"], true);
    assert_eq!(data["applicationMfa"], json!([]), "the application asks for nothing");
    let token = data["mfaToken"].as_str().unwrap();
    let alive = s.anonymous().post_form("/mfa/token/introspection", &[("token", token)]).await.body;
    assert_eq!((alive["active"].as_bool(), alive["userId"].as_str()), (Some(true), Some(ada.as_str())));
    assert!(alive["exp"].as_i64().unwrap() - alive["iat"].as_i64().unwrap() <= 300);
    let verified =
        s.app().bearer(token).post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    assert_eq!(verified, json!({ "verified": true }), "no tokens come back");
    let unknown = "/api/v3/get-mfa-trigger-data?appId=000000000000000000000000&userId=x";
    s.admin().await.get(unknown).await.refused_with(404, 2011);
}
