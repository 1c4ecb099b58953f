//! The end of an account.

use serde_json::json;
use watchword_testkit::{PASSWORD, seconds};

use super::*;

async fn begin(client: &Client, method: &str, payload: Value) -> Reply {
    let mut body = payload;
    body["verifyMethod"] = method.into();
    client.post("/api/v3/verify-delete-account-request", body).await
}

async fn finish(client: &Client, begun: &Value) -> Reply {
    client.post("/api/v3/delete-account", json!({ "deleteAccountToken": begun["deleteAccountToken"] })).await
}

async fn rows(s: &Server, table: &str, id: &str) -> i64 {
    let mut tx = s.services.db.read().await.expect("a transaction");
    let column = if table == "users" { "id" } else { "user_id" };
    let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {column} = $1");
    tx.one::<(i64,)>(&sql, &[id.into()]).await.expect("a count").0
}

#[tokio::test]
async fn an_account_ends_with_all_that_is_its_users_and_every_token_with_it() {
    let (s, id, client) = ada().await;
    let elsewhere = session(&s, PASSWORD).await;
    client.post_file("/api/v2/upload", &[], "a.png", b"\x89PNG\r\n\x1a\n").await.ok();
    begin(&client, "PASSWORD", json!({ "passwordPayload": { "password": "wrong" } })).await.refused_with(403, 2006);
    begin(&client, "PASSWORD", json!({})).await.refused_at("passwordPayload");
    let begun = begin(&client, "PASSWORD", json!({ "passwordPayload": { "password": PASSWORD } })).await.ok();
    assert_eq!(begun["tokenExpiresIn"], 60);
    finish(&elsewhere, &begun).await.refused(403);
    assert_eq!(finish(&client, &begun).await.ok(), json!({ "success": true }));
    assert!(!alive(&client).await && !alive(&elsewhere).await);
    for table in ["users", "sessions", "user_devices", "uploads", "action_tokens", "user_logins", "refresh_tokens"] {
        assert_eq!(rows(&s, table, &id).await, 0, "{table}");
    }
    assert!(s.letter_to(EMAIL).await.expect("a notice").contains("deleted"));
    sign_in(&s, PASSWORD).await.refused_with(403, 2333);
    assert_eq!((s.audited("user.account_delete_start").await, s.audited("user.account_delete").await), (3, 2));
}

#[tokio::test]
async fn a_code_sent_to_the_accounts_own_target_proves_it_too_and_no_other() {
    let (s, id, client) = ada().await;
    let code = s.mailed(&client, EMAIL, "CHANNEL_DELETE_ACCOUNT").await;
    let wrong = json!({ "emailPassCodePayload": { "passCode": other(&code) } });
    begin(&client, "EMAIL_PASSCODE", wrong).await.refused_with(403, 2001);
    let late = begin(&client, "EMAIL_PASSCODE", json!({ "emailPassCodePayload": { "passCode": code } })).await.ok();
    s.advance(seconds(60));
    finish(&client, &late).await.refused(403);
    s.admin().await.post("/api/v3/create-user", json!({ "username": "eve", "phone": "13900139000" })).await.ok();
    let foreign = s.texted(&s.app(), "13900139000", "CHANNEL_DELETE_ACCOUNT").await;
    let payload = json!({ "phonePassCodePayload": { "phoneNumber": "13900139000", "passCode": foreign } });
    begin(&client, "PHONE_PASSCODE", payload).await.refused_with(403, 2001);
    let code = s.texted(&client, PHONE, "CHANNEL_DELETE_ACCOUNT").await;
    let payload = json!({ "phonePassCodePayload": { "phoneNumber": PHONE, "passCode": code } });
    let begun = begin(&client, "PHONE_PASSCODE", payload).await.ok();
    finish(&client, &begun).await.ok();
    assert_eq!(rows(&s, "users", &id).await, 0);
}
