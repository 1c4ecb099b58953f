//! E-mail address and phone number: bound, unbound, changed.

use serde_json::json;
use watchword_testkit::{PASSWORD, Server, minutes, seconds};

use super::*;

const NEW: &str = "countess@example.com";

/// A user without address and number.
async fn bare() -> (Server, String, Client) {
    let s = Server::with(|settings| settings.demo = true).await;
    let id = s.user("ada").await;
    let client = session(&s, PASSWORD).await;
    (s, id, client)
}

#[tokio::test]
async fn an_address_is_bound_by_a_code_sent_there_and_only_once() {
    let (s, id, client) = bare().await;
    let bind = |code: &str| client.post("/api/v3/bind-email", json!({ "email": "ADA@example.com", "passCode": code }));
    let code = s.mailed(&client, EMAIL, "CHANNEL_BIND_EMAIL").await;
    bind(other(&code)).await.refused_with(403, 2001);
    bind(&code).await.done();
    let stored = get(&s, &id).await;
    assert_eq!((stored["email"].clone(), stored["emailVerified"].clone()), (json!("ADA@example.com"), json!(true)));
    assert!(s.letter_to(EMAIL).await.expect("a notice").contains("was added"));
    s.advance(minutes(1));
    let code = s.mailed(&client, EMAIL, "CHANNEL_BIND_EMAIL").await;
    bind(&code).await.refused(409);
    assert_eq!(s.audited("user.email_bind").await, 3);
}

#[tokio::test]
async fn a_number_is_bound_unless_another_has_it() {
    let (s, id, client) = bare().await;
    let taken = json!({ "username": "bob", "phone": "13900139000" });
    s.admin().await.post("/api/v3/create-user", taken).await.ok();
    let code = s.texted(&client, "13900139000", "CHANNEL_BIND_PHONE").await;
    let body = json!({ "phoneNumber": "13900139000", "passCode": code });
    client.post("/api/v3/bind-phone", body).await.refused_with(409, 2026);
    let code = s.texted(&client, PHONE, "CHANNEL_BIND_PHONE").await;
    let body = json!({ "phoneNumber": PHONE, "phoneCountryCode": "+86", "passCode": code });
    client.post("/api/v3/bind-phone", body.clone()).await.done();
    assert_eq!(get(&s, &id).await["phoneVerified"], true);
    client.post("/api/v3/bind-phone", body).await.refused_with(403, 2001);
}

#[tokio::test]
async fn unbinding_tells_the_old_target_ends_other_sessions_and_leaves_a_way_in() {
    let (s, id, client) = ada().await;
    let elsewhere = session(&s, PASSWORD).await;
    let code = s.mailed(&client, EMAIL, "CHANNEL_UNBIND_EMAIL").await;
    client.post("/api/v3/unbind-email", json!({ "passCode": other(&code) })).await.refused_with(403, 2001);
    client.post("/api/v3/unbind-email", json!({ "passCode": code })).await.done();
    assert!(s.letter_to(EMAIL).await.expect("a notice").contains("removed"));
    assert!(alive(&client).await && !alive(&elsewhere).await);
    assert_eq!(get(&s, &id).await["email"], Value::Null);
    client.post("/api/v3/unbind-email", json!({ "passCode": "123456" })).await.refused(422);

    let clear = json!({ "userId": id, "username": null, "externalId": "hr-1" });
    s.admin().await.post("/api/v3/update-user", clear).await.ok();
    let code = s.texted(&client, PHONE, "CHANNEL_UNBIND_PHONE").await;
    client.post("/api/v3/unbind-phone", json!({ "passCode": code })).await.refused(422);
    assert_eq!(get(&s, &id).await["phone"], PHONE);
    let back = json!({ "userId": id, "username": "ada" });
    s.admin().await.post("/api/v3/update-user", back).await.ok();
    s.advance(minutes(1));
    let code = s.texted(&client, PHONE, "CHANNEL_UNBIND_PHONE").await;
    client.post("/api/v3/unbind-phone", json!({ "passCode": code })).await.done();
    assert_eq!(get(&s, &id).await["phone"], Value::Null);
}

#[tokio::test]
async fn an_address_is_changed_in_two_steps_and_the_old_one_must_agree_and_is_told() {
    let (s, id, client) = ada().await;
    let elsewhere = session(&s, PASSWORD).await;
    let path = "/api/v3/verify-update-email-request";
    let begin =
        |proof: Value| client.post(path, json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": proof }));
    let new = s.mailed(&client, NEW, "CHANNEL_UPDATE_EMAIL").await;
    let proof = json!({ "newEmail": NEW, "newEmailPassCode": new });
    begin(proof).await.refused_at("emailPassCodePayload.oldEmailPassCode");
    let old = s.mailed(&client, EMAIL, "CHANNEL_UPDATE_EMAIL").await;
    let proof = |new: &str, old: &str| json!({ "newEmail": NEW, "newEmailPassCode": new, "oldEmail": "ada@EXAMPLE.com", "oldEmailPassCode": old });
    begin(proof(&new, other(&old))).await.refused_with(403, 2001);
    s.advance(minutes(1));
    let new = s.mailed(&client, NEW, "CHANNEL_UPDATE_EMAIL").await;
    let old = s.mailed(&client, EMAIL, "CHANNEL_UPDATE_EMAIL").await;
    let begun = begin(proof(&new, &old)).await.ok();
    assert_eq!(begun["tokenExpiresIn"], 60);
    assert_eq!(get(&s, &id).await["email"], "Ada@Example.com", "nothing has changed yet");
    let finish = json!({ "updateEmailToken": begun["updateEmailToken"] });
    elsewhere.post("/api/v3/update-email", finish.clone()).await.refused(403);
    client.post("/api/v3/update-email", finish.clone()).await.done();
    client.post("/api/v3/update-email", finish).await.refused(403);
    let stored = get(&s, &id).await;
    assert_eq!((stored["email"].clone(), stored["emailVerified"].clone()), (json!(NEW), json!(true)));
    assert!(s.letter_to(EMAIL).await.expect("a notice").contains("another e-mail address"));
    assert!(alive(&client).await && !alive(&elsewhere).await);
}

#[tokio::test]
async fn a_number_is_changed_in_two_steps_and_the_token_lives_a_minute() {
    let (s, id, client) = ada().await;
    let proof = async |new: &str, old: &str| {
        let payload = json!({ "newPhoneNumber": "13900139000", "newPhonePassCode": new,
            "oldPhoneNumber": PHONE, "oldPhonePassCode": old });
        let body = json!({ "verifyMethod": "PHONE_PASSCODE", "phonePassCodePayload": payload });
        client.post("/api/v3/verify-update-phone-request", body).await
    };
    let codes = async || {
        let new = s.texted(&client, "13900139000", "CHANNEL_BIND_PHONE").await;
        (new, s.texted(&client, PHONE, "CHANNEL_UNBIND_PHONE").await)
    };
    let (new, old) = codes().await;
    let late = proof(&new, &old).await.ok();
    s.advance(seconds(60));
    let late = json!({ "updatePhoneToken": late["updatePhoneToken"] });
    client.post("/api/v3/update-phone", late).await.refused(403);
    let (new, old) = codes().await;
    let begun = proof(&new, &old).await.ok();
    let finish = json!({ "updatePhoneToken": begun["updatePhoneToken"] });
    client.post("/api/v3/update-phone", finish).await.done();
    let stored = get(&s, &id).await;
    assert_eq!((stored["phone"].clone(), stored["phoneVerified"].clone()), (json!("13900139000"), json!(true)));
    assert!(s.letter_to("+8613800138000").await.expect("a notice").contains("another phone number"));
}

#[tokio::test]
async fn a_change_begun_is_void_once_the_address_is_another_or_somebody_has_the_new_one() {
    let (s, id, client) = ada().await;
    let begin = async || {
        s.advance(minutes(1));
        let email = get(&s, &id).await["email"].as_str().expect("an address").to_lowercase();
        let new = s.mailed(&client, NEW, "CHANNEL_UPDATE_EMAIL").await;
        let old = s.mailed(&client, &email, "CHANNEL_UPDATE_EMAIL").await;
        let proof = json!({ "newEmail": NEW, "newEmailPassCode": new, "oldEmail": email, "oldEmailPassCode": old });
        let body = json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": proof });
        let begun = client.post("/api/v3/verify-update-email-request", body).await.ok();
        json!({ "updateEmailToken": begun["updateEmailToken"] })
    };
    let before = begin().await;
    let patch = json!({ "userId": id, "email": "lovelace@example.com" });
    s.admin().await.post("/api/v3/update-user", patch).await.ok();
    client.post("/api/v3/update-email", before).await.refused(403);
    let older = begin().await;
    let newer = begin().await;
    client.post("/api/v3/update-email", older).await.refused(403);
    s.admin().await.post("/api/v3/create-user", json!({ "email": NEW })).await.ok();
    client.post("/api/v3/update-email", newer).await.refused_with(409, 2026);
    assert_eq!(get(&s, &id).await["email"], "lovelace@example.com");
}

#[tokio::test]
async fn the_old_target_is_asked_only_where_the_pool_says_so() {
    let (s, id, client) = ada().await;
    let settings = json!({ "changeEmailStrategy": { "verifyOldEmail": false },
        "changePhoneStrategy": { "verifyOldPhone": false } });
    s.admin().await.post("/api/v3/update-security-settings", settings).await.ok();
    let code = s.mailed(&client, NEW, "CHANNEL_UPDATE_EMAIL").await;
    let payload = json!({ "newEmail": NEW, "newEmailPassCode": code });
    let body = json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": payload });
    let begun = client.post("/api/v3/verify-update-email-request", body).await.ok();
    let finish = json!({ "updateEmailToken": begun["updateEmailToken"] });
    client.post("/api/v3/update-email", finish).await.done();
    let code = s.texted(&client, "13900139000", "CHANNEL_BIND_PHONE").await;
    let payload = json!({ "newPhoneNumber": "13900139000", "newPhonePassCode": code });
    let body = json!({ "verifyMethod": "PHONE_PASSCODE", "phonePassCodePayload": payload });
    let begun = client.post("/api/v3/verify-update-phone-request", body).await.ok();
    let finish = json!({ "updatePhoneToken": begun["updatePhoneToken"] });
    client.post("/api/v3/update-phone", finish).await.done();
    let stored = get(&s, &id).await;
    assert_eq!((stored["email"].clone(), stored["phone"].clone()), (json!(NEW), json!("13900139000")));
}
