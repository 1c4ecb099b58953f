//! import-otp.

use serde_json::{Value, json};
use watchword_testkit::{RECOVERY_CODE, SECRET, Server, seconds};

const OTHER: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn item(user: &str, secret: &str) -> Value {
    json!({ "userId": user, "otp": { "secret": secret } })
}

#[tokio::test]
async fn an_imported_secret_signs_its_user_in_and_its_code_is_spent_by_that() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let waiting = s.waiting("ada").await;
    let code = s.code(SECRET, 0);
    let reply = waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": code })).await.ok();
    assert_eq!(reply["verified"], true);
    assert!(reply["access_token"].is_string());
    let again = s.waiting("ada").await.post("/api/v3/mfa-totp-verify", json!({ "totp": code })).await.ok();
    assert_eq!(again, json!({ "verified": false }));
}

#[tokio::test]
async fn rfc_6238_vectors_verify_through_the_api() {
    for (at, code) in
        [(1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"), (2_000_000_000, "279037")]
    {
        let s = Server::start().await;
        s.clock.set(seconds(at));
        let ada = s.user("ada").await;
        s.import(&ada, OTHER).await;
        let reply = s.waiting("ada").await.post("/api/v3/mfa-totp-verify", json!({ "totp": code })).await.ok();
        assert_eq!(reply["verified"], true, "T = {at}");
    }
}

#[tokio::test]
async fn a_code_older_than_the_import_by_two_steps_is_dead() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    for (steps, verified) in [(-3, false), (-2, false), (2, false), (3, false), (-1, true)] {
        let reply =
            s.waiting("ada").await.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, steps) })).await;
        assert_eq!(reply.ok()["verified"], verified, "step {steps}");
    }
}

#[tokio::test]
async fn one_bad_item_anywhere_binds_nobody_and_is_named() {
    let s = Server::start().await;
    let users = [s.user("a").await, s.user("b").await, s.user("c").await];
    let admin = s.admin().await;
    for bad in 0..3 {
        let list: Vec<Value> =
            users.iter().enumerate().map(|(i, u)| item(u, if i == bad { "0189" } else { SECRET })).collect();
        admin.post("/api/v3/import-otp", json!({ "list": list })).await.refused_at(&format!("list[{bad}].otp.secret"));
        let unknown: Vec<Value> = users
            .iter()
            .enumerate()
            .map(|(i, u)| item(if i == bad { "000000000000000000000000" } else { u }, SECRET))
            .collect();
        admin.post("/api/v3/import-otp", json!({ "list": unknown })).await.refused_with(404, 2004);
    }
    for user in &users {
        let info = admin.get(&format!("/api/v3/get-user-mfa-info?userId={user}")).await.ok();
        assert_eq!(info["totpStatus"], "disabled");
    }
}

#[tokio::test]
async fn up_to_ten_problems_are_told_at_once() {
    let s = Server::start().await;
    let list: Vec<Value> = (0..12).map(|i| item(&format!("user{i}"), "not base32!")).collect();
    let body = s.admin().await.post("/api/v3/import-otp", json!({ "list": list })).await.refused(400);
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("list[0].otp.secret") && message.contains("list[9].otp.secret"), "{message}");
    assert!(!message.contains("list[10]") && !message.contains("not base32!"), "{message}");
}

#[tokio::test]
async fn sizes_and_duplicates_are_refused() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    let admin = s.admin().await;
    admin.post("/api/v3/import-otp", json!({ "list": [] })).await.refused_at("list");
    let twice = json!({ "list": [item(&ada, SECRET), item(&ada, SECRET)] });
    admin.post("/api/v3/import-otp", twice).await.refused_at("list[1].userId");
    let many: Vec<Value> = (0..10_001).map(|i| item(&format!("u{i}"), SECRET)).collect();
    admin.post("/api/v3/import-otp", json!({ "list": many })).await.refused(413);
    admin
        .post("/api/v3/import-otp", json!({ "list": [{ "userId": ada, "secret": SECRET }] }))
        .await
        .refused_at("list[0].otp");
    let odd = json!({ "list": [{ "userId": ada, "otp": { "secret": SECRET, "recoveryCode": "!?" } }] });
    admin.post("/api/v3/import-otp", odd).await.refused_at("list[0].otp.recoveryCode");
}

#[tokio::test]
async fn the_same_batch_again_changes_nothing_and_revives_no_code() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let user = s.signed_in_with_otp("ada", SECRET).await;
    let factor = user.get("/api/v3/list-enrolled-factors").await.ok();
    s.import(&ada, SECRET).await;
    assert_eq!(user.get("/api/v3/list-enrolled-factors").await.ok(), factor, "the factor keeps its id");
    let replay = user.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    assert_eq!(replay["verified"], false);
}

#[tokio::test]
async fn another_secret_replaces_the_bound_one_and_takes_its_proofs_along() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let user = s.signed_in_with_otp("ada", SECRET).await;
    let before = user.get("/api/v3/list-enrolled-factors").await.ok();
    let waiting = s.waiting("ada").await;
    s.import(&ada, OTHER).await;
    let after = user.get("/api/v3/list-enrolled-factors").await.ok();
    assert_ne!(before[0]["factorId"], after[0]["factorId"]);
    waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(OTHER, 0) })).await.refused_with(401, 2021);
    let reset = user.post("/api/v3/reset-factor", json!({ "factorId": after[0]["factorId"] })).await;
    reset.refused(403);
    let old = user.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 1) })).await.ok();
    assert_eq!(old["verified"], false);
    let new = user.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(OTHER, 0) })).await.ok();
    assert_eq!(new["verified"], true);
}

#[tokio::test]
async fn an_imported_recovery_code_works_in_any_spelling_and_shape() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for (name, imported, typed) in
        [("ada", RECOVERY_CODE, "B4718EC0 874A087F BCCBCD54"), ("bob", "My-Own Code 7", "myowncode7")]
    {
        let id = s.user(name).await;
        let otp = json!({ "secret": SECRET, "recoveryCode": imported });
        admin.post("/api/v3/import-otp", json!({ "list": [{ "userId": id, "otp": otp }] })).await.done();
        let reply = s.waiting(name).await.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": typed })).await;
        assert_eq!(reply.body["code"], 200, "{}", reply.text);
        assert!(reply.body["data"]["access_token"].is_string() && reply.body["recoveryCode"].is_string());
    }
}

#[tokio::test]
async fn overlapping_imports_leave_each_user_one_secret_with_its_own_recovery_code() {
    let s = Server::start().await;
    let node = s.second_node().await;
    let mut users = Vec::new();
    for i in 0..6 {
        users.push(s.user(&format!("u{i}")).await);
    }
    let codes = ["aaaa-aaaa-aaaa-aaaa-aaaa-aaaa", "bbbb-bbbb-bbbb-bbbb-bbbb-bbbb"];
    let batch = |secret: &str, code: &str, reverse: bool| {
        let mut list: Vec<Value> =
            users.iter().map(|u| json!({ "userId": u, "otp": { "secret": secret, "recoveryCode": code } })).collect();
        if reverse {
            list.reverse();
        }
        json!({ "list": list })
    };
    let (one, two) = (s.admin().await, node.admin().await);
    for round in 0..4 {
        let (a, b) = tokio::join!(
            one.post("/api/v3/import-otp", batch(SECRET, codes[0], false)),
            two.post("/api/v3/import-otp", batch(OTHER, codes[1], true)),
        );
        a.done();
        b.done();
        let mut winners = std::collections::HashSet::new();
        for user in &users {
            let read = one.get(&format!("/api/v3/get-otp-secret-by-user?userId={user}")).await.ok();
            winners.insert(read["secret"].as_str().unwrap().to_owned());
        }
        assert_eq!(winners.len(), 1, "round {round}: one import won for everybody");
    }
    let secret = one.get(&format!("/api/v3/get-otp-secret-by-user?userId={}", users[0])).await.ok();
    let code = if secret["secret"] == SECRET { codes[0] } else { codes[1] };
    let reply = s.waiting("u0").await.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": code })).await;
    assert_eq!(reply.body["code"], 200, "the recovery code belongs to the secret: {}", reply.text);
}

#[tokio::test]
async fn users_of_another_pool_are_unknown() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    let other = s.new_pool("Other").await;
    let reply = s.admin_of(&other).await.post("/api/v3/import-otp", json!({ "list": [item(&ada, SECRET)] })).await;
    reply.refused_with(404, 2004);
    let info = s.admin().await.get(&format!("/api/v3/get-user-mfa-info?userId={ada}")).await.ok();
    assert_eq!(info["totpStatus"], "disabled");
}
