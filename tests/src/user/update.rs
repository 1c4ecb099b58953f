//! Changing users.

use serde_json::{Value, json};
use watchword_testkit::{Client, Server, seconds};

use super::{batch, count, create, get, id, start, stored};

const PASSWORD: &str = "correct horse battery";

/// Signs in with [`PASSWORD`].
pub async fn signed_in(server: &Server, username: &str) -> Client {
    let body = json!({
        "connection": "PASSWORD", "passwordPayload": { "username": username, "password": PASSWORD },
        "options": { "scope": "openid offline_access" },
    });
    let tokens = server.app().post("/api/v3/signin", body).await.ok();
    server.app().bearer(tokens["access_token"].as_str().expect("an access token"))
}

/// Binds an authenticator and signs in up to the second factor.
pub async fn waiting(server: &Server, admin: &Client, user: &str, username: &str) -> Client {
    let otp = json!({ "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "recoveryCode": "b471-8ec0-874a-087f-bccb-cd54" });
    let import = json!({ "list": [{ "userId": user, "otp": otp }] });
    assert_eq!(admin.post("/api/v3/import-otp", import).await.body["statusCode"], 200);
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": username, "password": PASSWORD } });
    let demanded = server.app().post("/api/v3/signin", body).await;
    server.app().bearer(demanded.body["data"]["mfaToken"].as_str().unwrap_or_else(|| panic!("{}", demanded.text)))
}

#[tokio::test]
async fn absent_members_stay_null_clears_and_values_are_stored() {
    let (server, admin) = start().await;
    let made = create(
        &admin,
        json!({
            "username": "ada", "email": "ada@example.com", "emailVerified": true, "phone": "13800138000", "name": "Ada",
            "company": "Engines", "birthdate": "1815-12-10", "customData": { "a": 1, "b": 2 },
        }),
    )
    .await;
    server.clock.advance(seconds(5));
    let patch = json!({
        "userId": "ada", "name": "Ada King", "company": null, "gender": "F", "nickname": "Countess",
        "customData": { "b": null, "c": [3] }, "options": { "userIdType": "username" },
    });
    let changed = admin.post("/api/v3/update-user", patch).await.ok();
    assert_eq!(changed["userId"], made["userId"]);
    assert_eq!(
        (&changed["name"], &changed["company"], &changed["gender"]),
        (&json!("Ada King"), &Value::Null, &json!("F"))
    );
    assert_eq!(changed["customData"], json!({ "a": 1, "c": [3] }));
    for member in ["username", "email", "emailVerified", "phone", "birthdate", "createdAt", "status"] {
        assert_eq!(changed[member], made[member], "{member}");
    }
    assert_eq!(changed["updatedAt"], "2026-01-01T00:00:05.000Z");
    let read = get(&admin, id(&made), "&withCustomData=true").await.ok();
    assert_eq!(read, changed);
    get(&admin, "b:2", "&userIdType=custom_field").await.refused_with(404, 2004);
    get(&admin, "a:1", "&userIdType=custom_field").await.ok();
    admin.post("/api/v3/update-user", json!({ "userId": id(&made), "customData": null })).await.ok();
    get(&admin, "a:1", "&userIdType=custom_field").await.refused_with(404, 2004);
}

#[tokio::test]
async fn a_new_address_is_unproven_unless_the_administrator_says_so() {
    let (_server, admin) = start().await;
    let made = create(&admin, json!({
        "username": "ada", "email": "ada@example.com", "emailVerified": true, "phone": "13800138000", "phoneVerified": true,
    }))
    .await;
    let update = async |patch: Value| {
        let mut patch = patch;
        patch["userId"] = made["userId"].clone();
        admin.post("/api/v3/update-user", patch).await.ok()
    };
    let same = update(json!({ "email": "ADA@example.com", "phone": "+86 13800138000" })).await;
    assert_eq!((&same["emailVerified"], &same["phoneVerified"]), (&json!(true), &json!(true)));
    let moved = update(json!({ "email": "ada@example.org", "phone": "13900139000" })).await;
    assert_eq!((&moved["emailVerified"], &moved["phoneVerified"]), (&json!(false), &json!(false)));
    let vouched = update(json!({ "email": "ada@example.net", "emailVerified": true })).await;
    assert_eq!(vouched["emailVerified"], true);
    let abroad = update(json!({ "phoneCountryCode": "+1", "phone": "4155550123" })).await;
    assert_eq!((&abroad["phone"], &abroad["phoneCountryCode"]), (&json!("4155550123"), &json!("+1")));
    let without = update(json!({ "phone": null })).await;
    assert_eq!((&without["phone"], &without["phoneCountryCode"]), (&Value::Null, &Value::Null));
    get(&admin, "%2B14155550123", "&userIdType=phone").await.refused_with(404, 2004);
}

#[tokio::test]
async fn what_another_user_has_or_what_cannot_be_is_refused_and_nothing_changes() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "name": "Ada" })).await;
    create(&admin, json!({ "username": "bob", "email": "bob@example.com", "phone": "13800138000", "externalId": "B" }))
        .await;
    let update = async |patch: Value| {
        let mut patch = patch;
        patch["userId"] = made["userId"].clone();
        patch["name"] = "Changed".into();
        admin.post("/api/v3/update-user", patch).await
    };
    for (field, value) in
        [("username", "BOB"), ("email", "Bob@Example.com"), ("phone", "+8613800138000"), ("externalId", "b")]
    {
        let body = update(json!({ field: value })).await.refused_with(409, 2026);
        assert!(body["message"].as_str().unwrap().starts_with(&format!("{field}:")), "{body}");
    }
    for (field, patch) in [
        ("username", json!({ "username": null })),
        ("username", json!({ "username": "" })),
        ("email", json!({ "email": "nobody" })),
        ("password", json!({ "password": "short" })),
        ("birthdate", json!({ "birthdate": "soon" })),
        ("emailVerified", json!({ "emailVerified": true })),
        ("options.autoGeneratePassword", json!({ "options": { "autoGeneratePassword": true } })),
    ] {
        update(patch).await.refused_at(field);
    }
    let own = update(json!({ "username": "ADA" })).await.ok();
    assert_eq!(own["username"], "ADA");
    let stranger = json!({ "userId": "nobody", "name": "x" });
    admin.post("/api/v3/update-user", stranger).await.refused_with(404, 2004);
    assert_eq!(count(&server, "users", "name = 'Changed'").await, 1);
}

#[tokio::test]
async fn a_new_password_ends_sessions_refresh_tokens_and_pending_sign_ins_at_once() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "password": PASSWORD })).await;
    let user = signed_in(&server, "ada").await;
    let pending = waiting(&server, &admin, id(&made), "ada").await;
    user.get("/api/v3/list-enrolled-factors").await.ok();
    let same = json!({ "userId": id(&made), "name": "Ada" });
    admin.post("/api/v3/update-user", same).await.ok();
    user.get("/api/v3/list-enrolled-factors").await.ok();

    server.clock.advance(seconds(1));
    let patch = json!({
        "userId": id(&made), "password": "another long secret", "options": { "resetPasswordOnNextLogin": true },
    });
    let changed = admin.post("/api/v3/update-user", patch).await.ok();
    assert_eq!(changed["passwordLastSetAt"], "2026-01-01T00:00:01.000Z");
    assert_eq!(changed["resetPasswordOnNextLogin"], true);
    user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    let refused = pending.post("/api/v2/mfa/totp/verify", json!({ "totp": "000000" })).await;
    assert_eq!(refused.body["code"], 2021, "{}", refused.text);
    let whose = format!("user_id = '{}'", id(&made));
    assert_eq!(count(&server, "sessions", &format!("{whose} AND revoked_at IS NULL")).await, 0);
    assert_eq!(count(&server, "mfa_transactions", &format!("{whose} AND consumed_at IS NULL")).await, 0);
    assert_eq!(count(&server, "refresh_tokens", &whose).await, 0);
}

#[tokio::test]
async fn leaving_the_state_activated_ends_sessions_and_coming_back_does_not_revive_them() {
    let (server, admin) = start().await;
    for status in ["Suspended", "Resigned", "Archived", "Deactivated"] {
        let name = status.to_lowercase();
        let made = create(&admin, json!({ "username": name, "password": PASSWORD })).await;
        let user = signed_in(&server, &name).await;
        let set = |status: &str| admin.post("/api/v3/update-user", json!({ "userId": id(&made), "status": status }));
        let changed = set(status).await.ok();
        assert_eq!((&changed["status"], &changed["statusChangedAt"]), (&json!(status), &changed["updatedAt"]));
        user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
        set("Activated").await.ok();
        user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
        signed_in(&server, &name).await;
    }
}

#[tokio::test]
async fn a_batch_changes_all_in_order_or_none() {
    let (server, admin) = start().await;
    let made = admin.post("/api/v3/create-users-batch", batch(&["a", "b", "c"])).await.ok();
    let ids: Vec<&str> = made.as_array().unwrap().iter().map(id).collect();
    let update = |list: Value| admin.post("/api/v3/update-user-batch", json!({ "list": list }));
    let changed = update(json!([{ "userId": ids[2], "name": "C" }, { "userId": ids[0], "name": "A" }])).await.ok();
    assert_eq!((&changed[0]["name"], &changed[1]["name"]), (&json!("C"), &json!("A")));
    update(json!([{ "userId": ids[0], "name": "x" }, { "userId": ids[1], "email": "bad" }]))
        .await
        .refused_at("list[1].email");
    update(json!([{ "userId": ids[0], "name": "x" }, { "userId": ids[0] }])).await.refused_at("list[1].userId");
    let body = update(json!([{ "userId": ids[0], "name": "x" }, { "userId": "nobody" }])).await.refused_with(404, 2004);
    assert!(body["message"].as_str().unwrap().starts_with("list[1].userId:"), "{body}");
    let clash = json!([{ "userId": ids[0], "name": "x", "username": "new" }, { "userId": ids[1], "username": "NEW" }]);
    let body = update(clash).await.refused_with(409, 2026);
    assert!(body["message"].as_str().unwrap().starts_with("list[1].username:"), "{body}");
    update(json!([])).await.refused_at("list");
    let many: Vec<Value> = (0..51).map(|n| json!({ "userId": n.to_string() })).collect();
    update(json!(many)).await.refused_at("list");
    assert_eq!(stored(&server, ids[0]).await.unwrap().name.as_deref(), Some("A"));
    let reset = json!({ "list": [{ "userId": ids[0] }, { "userId": ids[1] }], "options": { "resetPasswordOnNextLogin": true } });
    admin.post("/api/v3/update-user-batch", reset).await.ok();
    assert_eq!(count(&server, "users", "reset_password_on_next_login").await, 2);
}

#[tokio::test]
async fn changes_of_different_members_at_once_are_all_kept() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada" })).await;
    let members = ["name", "nickname", "company", "city", "country", "region", "givenName", "familyName"];
    let mut tasks = tokio::task::JoinSet::new();
    for member in members {
        let (admin, patch) = (admin.clone(), json!({ "userId": id(&made), member: "x", "customData": { member: 1 } }));
        tasks.spawn(async move { admin.post("/api/v3/update-user", patch).await.ok() });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let read = get(&admin, id(&made), "&withCustomData=true").await.ok();
    for member in members {
        assert_eq!((&read[member], &read["customData"][member]), (&json!("x"), &json!(1)), "{member}");
    }
    assert_eq!(count(&server, "user_custom_values", "1 = 1").await, 8);
}

#[tokio::test]
async fn of_many_who_change_to_one_name_at_once_exactly_one_gets_it() {
    let (server, admin) = start().await;
    let names: Vec<String> = (0..8).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let made = admin.post("/api/v3/create-users-batch", batch(&names)).await.ok();
    let mut tasks = tokio::task::JoinSet::new();
    for user in made.as_array().unwrap() {
        let (admin, patch) = (admin.clone(), json!({ "userId": id(user), "email": "one@example.com" }));
        tasks.spawn(async move { admin.post("/api/v3/update-user", patch).await });
    }
    let mut won = 0;
    while let Some(reply) = tasks.join_next().await {
        let reply = reply.unwrap();
        if reply.body["statusCode"] == 200 {
            won += 1;
        } else {
            let body = reply.refused_with(409, 2026);
            assert!(body["message"].as_str().unwrap().starts_with("email:"), "{body}");
        }
    }
    assert_eq!((won, count(&server, "users", "email_key = 'one@example.com'").await), (1, 1));
}
