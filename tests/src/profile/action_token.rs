//! Changes in two steps: a token is good for its step, its user, its session and its application, once.

use futures_util::future::join_all;
use serde_json::json;
use watchword_testkit::{PASSWORD, minutes};

use super::*;

/// The second steps: path and member of the token.
const ACTS: &[(&str, &str)] = &[
    ("/api/v3/update-email", "updateEmailToken"),
    ("/api/v3/update-phone", "updatePhoneToken"),
    ("/api/v3/delete-account", "deleteAccountToken"),
    ("/api/v3/reset-password", "passwordResetToken"),
];

/// A token for each of them.
async fn tokens(s: &Server, client: &Client) -> Vec<Value> {
    s.advance(minutes(1));
    let code = s.mailed(&s.app(), EMAIL, "CHANNEL_RESET_PASSWORD").await;
    let body =
        json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": { "email": EMAIL, "passCode": code } });
    let reset = s.app().post("/api/v3/verify-reset-password-request", body).await.ok()["passwordResetToken"].clone();
    // One message a minute; this token lives longer than the others.
    s.advance(minutes(1));
    let (new, number) = ("new@example.com", "13900139000");
    let codes = (
        s.mailed(client, new, "CHANNEL_UPDATE_EMAIL").await,
        s.mailed(client, EMAIL, "CHANNEL_UPDATE_EMAIL").await,
        s.texted(client, number, "CHANNEL_BIND_PHONE").await,
        s.texted(client, PHONE, "CHANNEL_UNBIND_PHONE").await,
    );
    let proof = json!({ "newEmail": new, "newEmailPassCode": codes.0, "oldEmail": EMAIL, "oldEmailPassCode": codes.1 });
    let body = json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": proof });
    let email = client.post("/api/v3/verify-update-email-request", body).await.ok()["updateEmailToken"].clone();
    let proof = json!({ "newPhoneNumber": number, "newPhonePassCode": codes.2, "oldPhoneNumber": PHONE,
        "oldPhonePassCode": codes.3 });
    let body = json!({ "verifyMethod": "PHONE_PASSCODE", "phonePassCodePayload": proof });
    let phone = client.post("/api/v3/verify-update-phone-request", body).await.ok()["updatePhoneToken"].clone();
    let body = json!({ "verifyMethod": "PASSWORD", "passwordPayload": { "password": PASSWORD } });
    let delete = client.post("/api/v3/verify-delete-account-request", body).await.ok()["deleteAccountToken"].clone();
    vec![email, phone, delete, reset]
}

#[tokio::test]
async fn no_token_opens_another_step_nor_the_same_one_to_somebody_else() {
    let (s, id, client) = ada().await;
    let (eve, _) = s.signed_in_as("eve").await;
    let tokens = tokens(&s, &client).await;
    let all: std::collections::BTreeSet<String> = tokens.iter().map(Value::to_string).collect();
    assert_eq!(all.len(), tokens.len());
    for (i, (path, member)) in ACTS.iter().enumerate() {
        for (n, token) in tokens.iter().enumerate() {
            let body = json!({ *member: token, "password": "an entirely new password" });
            let callers: &[&Client] = if i == n { &[&eve] } else { &[&client, &eve] };
            for caller in callers {
                // Whoever forgot the password is nobody in particular: that token works for any client of the application.
                if i != n || *member != "passwordResetToken" {
                    caller.post(path, body.clone()).await.refused(403);
                }
            }
        }
        for nonsense in ["", "x", "0000000000000000000000000000000000000000000"] {
            let body = json!({ *member: nonsense, "password": "an entirely new password" });
            client.post(path, body).await.refused(403);
        }
    }
    let stored = get(&s, &id).await;
    assert_eq!((stored["email"].clone(), stored["phone"].clone()), (json!("Ada@Example.com"), json!(PHONE)));
    sign_in(&s, PASSWORD).await.ok();
}

#[tokio::test]
async fn a_code_for_one_purpose_proves_no_other() {
    let (s, _, client) = ada().await;
    let login = s.mailed(&client, EMAIL, "CHANNEL_LOGIN").await;
    let by_email = json!({ "email": EMAIL, "passCode": login });
    let body = json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": by_email });
    s.app().post("/api/v3/verify-reset-password-request", body.clone()).await.refused_with(403, 2001);
    client.post("/api/v3/verify-delete-account-request", body).await.refused_with(403, 2001);
    client.post("/api/v3/unbind-email", json!({ "passCode": login })).await.refused_with(403, 2001);
    client.post("/api/v3/bind-email", by_email.clone()).await.refused_with(403, 2001);
    let sign_in = json!({ "connection": "PASSCODE", "passCodePayload": by_email });
    s.app().post("/api/v3/signin", sign_in).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_requests_with_one_token_at_two_nodes_one_succeeds() {
    for (act, (path, member)) in ACTS.iter().enumerate() {
        let (one, _, client) = ada().await;
        let two = one.second_node().await;
        two.kill_worker();
        let token = tokens(&one, &client).await.swap_remove(act);
        let calls = (0..64).map(|n| {
            let node = if n % 2 == 0 { &one } else { &two };
            let client = client.at_server(&node.url);
            let body = json!({ *member: token, "password": "an entirely new password" });
            async move { client.post(path, body).await }
        });
        let replies = join_all(calls).await;
        let won = replies.iter().filter(|r| r.body["statusCode"] == 200).count();
        for reply in &replies {
            let status = reply.body["statusCode"].as_u64().unwrap_or_default();
            assert!([200, 401, 403, 429].contains(&status), "{path}: {}", reply.text);
        }
        assert_eq!(won, 1, "{path}");
    }
}
