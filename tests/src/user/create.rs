//! Creating users.

use serde_json::{Value, json};
use watchword_testkit::encode;

use super::{batch, count, create, get, id, start, stored};

#[tokio::test]
async fn a_created_user_is_answered_and_read_back_by_every_kind_of_id() {
    let (_server, admin) = start().await;
    let made = create(
        &admin,
        json!({
            "username": "Ada", "email": "Ada@Example.com", "phone": "13800138000", "externalId": "HR-0001",
            "name": "Ada Lovelace", "password": "correct horse battery",
            "customData": { "badge": 4711, "team": "Engines" },
            "identities": [{
                "extIdpId": "62f20932716fbcc10d966ee5", "provider": "lark", "type": "openid",
                "userIdInIdp": "ou_8bae:746", "userInfoInIdp": { "mobile": "x" }, "originConnIds": ["c1"],
            }],
        }),
    )
    .await;
    assert_eq!(made["username"], "Ada");
    assert_eq!(made["phoneCountryCode"], "+86");
    assert_eq!(made["status"], "Activated");
    assert_eq!(made["userSourceType"], "adminCreated");
    assert_eq!(made["customData"], json!({ "badge": 4711, "team": "Engines" }));
    assert_eq!(made["createdAt"], "2026-01-01T00:00:00.000Z");
    for (kind, name) in [
        ("user_id", id(&made)),
        ("username", "Ada"),
        ("username", "ＡＤＡ"),
        ("email", "ada@EXAMPLE.com"),
        ("phone", "13800138000"),
        ("phone", "+86 138 0013 8000"),
        ("external_id", "HR-0001"),
        ("identity", "62f20932716fbcc10d966ee5:ou_8bae:746"),
        ("custom_field", "badge:4711"),
        ("custom_field", "team:engines"),
    ] {
        let found = get(&admin, &encode(name), &format!("&userIdType={kind}")).await.ok();
        assert_eq!(found["userId"], made["userId"], "{kind} {name}");
    }
    for (kind, name) in [
        ("user_id", "Ada"),
        ("username", "ada2"),
        ("phone", "13800138001"),
        ("phone", "not a phone"),
        ("identity", "ou_8bae:746"),
        ("identity", "other:ou_8bae:746"),
        ("sync_relation", "lark:ou_8bae:746"),
        ("custom_field", "badge:471"),
        ("custom_field", "team"),
    ] {
        get(&admin, &encode(name), &format!("&userIdType={kind}")).await.refused_with(404, 2004);
    }
}

#[tokio::test]
async fn a_user_whose_name_somebody_has_is_refused_with_the_member_named() {
    let (server, admin) = start().await;
    create(&admin, json!({ "username": "ada", "email": "ada@example.com", "phone": "13800138000", "externalId": "X" }))
        .await;
    for (field, user) in [
        ("username", json!({ "username": "ＡＤＡ" })),
        ("email", json!({ "username": "bob", "email": "ADA@EXAMPLE.COM" })),
        ("phone", json!({ "username": "bob", "phone": "+86 13800138000" })),
        ("externalId", json!({ "username": "bob", "externalId": "x" })),
    ] {
        let body = admin.post("/api/v3/create-user", user.clone()).await.refused_with(409, 2026);
        assert!(body["message"].as_str().unwrap().starts_with(&format!("{field}:")), "{body}");
        let list = json!({ "list": [{ "username": "carol" }, user] });
        let body = admin.post("/api/v3/create-users-batch", list).await.refused_with(409, 2026);
        assert!(body["message"].as_str().unwrap().starts_with(&format!("list[1].{field}:")), "{body}");
    }
    assert_eq!(count(&server, "users", "1 = 1").await, 1, "a refused batch leaves nothing");
    let twice = admin.post("/api/v3/create-users-batch", batch(&["bob", "carol", "BOB"])).await;
    assert!(twice.refused_with(409, 2026)["message"].as_str().unwrap().starts_with("list[2].username:"));
    assert_eq!(count(&server, "users", "1 = 1").await, 1);
}

#[tokio::test]
async fn of_many_who_want_one_name_at_once_exactly_one_gets_it() {
    let (server, admin) = start().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..16 {
        let admin = admin.clone();
        // Half of them one by one, half in batches that hold another name, too.
        tasks.spawn(async move {
            if n % 2 == 0 {
                admin.post("/api/v3/create-user", json!({ "username": "Neo" })).await
            } else {
                admin.post("/api/v3/create-users-batch", batch(&[&format!("other{n}"), "neo"])).await
            }
        });
    }
    let mut won = 0;
    while let Some(reply) = tasks.join_next().await {
        let reply = reply.unwrap();
        if reply.body["statusCode"] == 200 {
            won += 1;
        } else {
            let message = reply.refused_with(409, 2026)["message"].as_str().unwrap().to_owned();
            assert!(message.contains("username:"), "{message}");
        }
    }
    assert_eq!(won, 1);
    assert_eq!(count(&server, "users", "username_key = 'neo'").await, 1);
    let others = count(&server, "users", "username_key LIKE 'other%'").await;
    assert!(others <= 1, "a batch that lost left {others} users");
}

#[tokio::test]
async fn a_batch_creates_all_in_order_or_none() {
    let (server, admin) = start().await;
    let made = admin.post("/api/v3/create-users-batch", batch(&["a", "b", "c"])).await.ok();
    assert_eq!(super::usernames(&made), ["a", "b", "c"]);
    let bad = json!({ "list": [{ "username": "d" }, { "username": "e", "email": "no address" }] });
    admin.post("/api/v3/create-users-batch", bad).await.refused_at("list[1].email");
    let weak = json!({ "list": [{ "username": "d" }, { "username": "e", "password": "password1" }] });
    admin.post("/api/v3/create-users-batch", weak).await.refused_at("list[1].password");
    admin.post("/api/v3/create-users-batch", json!({ "list": [] })).await.refused_at("list");
    let names: Vec<String> = (0..51).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    admin.post("/api/v3/create-users-batch", batch(&names)).await.refused_at("list");
    assert_eq!(count(&server, "users", "1 = 1").await, 3);
    assert_eq!(admin.post("/api/v3/create-users-batch", batch(&names[..50])).await.ok().as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn values_of_data_objects_are_refused_as_users_have_none() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    let data = json!({ "school": "PKU" });
    for (operation, body, member) in [
        ("create-user", json!({ "username": "bob", "metadataSource": data }), "metadataSource:"),
        ("create-users-batch", json!({ "list": [{ "username": "bob", "metadataSource": data }] }), "list[0].metadata"),
        ("update-user", json!({ "userId": ada, "metadata": data }), "metadata:"),
        ("update-user-batch", json!({ "list": [{ "userId": ada, "metadata": data }] }), "list[0].metadata:"),
    ] {
        let refusal = admin.post(&format!("/api/v3/{operation}"), body).await.refused(501);
        assert!(refusal["message"].as_str().unwrap().starts_with(member), "{refusal}");
    }
    admin.post("/api/v3/create-user", json!({ "username": "bob", "metadataSource": {} })).await.ok();
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_its_member_and_nothing_is_written() {
    let (server, admin) = start().await;
    let long = |n: usize| "x".repeat(n);
    let huge = json!({ "username": "u", "customData": { "k": long(65_000), "l": long(1000) } });
    let cases: Vec<(&str, Value)> = vec![
        ("username", json!({})),
        ("username", json!({ "name": "Only a name" })),
        ("username", json!({ "username": "" })),
        ("username", json!({ "username": "  " })),
        ("username", json!({ "username": long(129) })),
        ("username", json!({ "username": "nim\u{202e}da" })),
        ("username", json!({ "username": "zero\u{200b}width" })),
        ("username", json!({ "username": "two\nlines" })),
        ("username", json!({ "username": "nul\u{0}" })),
        ("username", json!({ "username": 7 })),
        ("email", json!({ "email": "nobody" })),
        ("email", json!({ "email": "a b@example.com" })),
        ("email", json!({ "email": format!("{}@example.com", long(65)) })),
        ("phone", json!({ "phone": "call me" })),
        ("phone", json!({ "phone": "12" })),
        ("phone", json!({ "phone": "+14155550123", "phoneCountryCode": "+86" })),
        ("phoneCountryCode", json!({ "phone": "13800138000", "phoneCountryCode": "china" })),
        ("phoneCountryCode", json!({ "username": "u", "phoneCountryCode": "china" })),
        ("externalId", json!({ "externalId": long(257) })),
        ("status", json!({ "username": "u", "status": "Alive" })),
        ("gender", json!({ "username": "u", "gender": "X" })),
        ("name", json!({ "username": "u", "name": long(257) })),
        ("nickname", json!({ "username": "u", "nickname": "a\u{202e}b" })),
        ("birthdate", json!({ "username": "u", "birthdate": "yesterday" })),
        ("website", json!({ "username": "u", "website": "JavaScript:alert(1)" })),
        ("emailVerified", json!({ "username": "u", "emailVerified": true })),
        ("phoneVerified", json!({ "username": "u", "phoneVerified": true })),
        ("customData", huge),
        ("customData", json!({ "username": "u", "customData": { "": 1 } })),
        ("customData", json!({ "username": "u", "customData": [1] })),
        ("identities[0].userIdInIdp", identity(json!({ "userIdInIdp": "" }))),
        ("identities[0].extIdpId", identity(json!({ "extIdpId": "a:b" }))),
        ("identities[0].provider", identity(json!({ "provider": "myspace" }))),
        ("tenantIds[0]", json!({ "username": "u", "tenantIds": ["t1"] })),
        ("options.passwordEncryptType", json!({ "username": "u", "options": { "passwordEncryptType": "rot13" } })),
    ];
    for (field, user) in cases {
        let reply = admin.post("/api/v3/create-user", user.clone()).await;
        reply.refused_at(field);
    }
    assert_eq!(count(&server, "users", "1 = 1").await, 0);
    assert_eq!(count(&server, "audit_logs", "action = 'user.create' AND result = 'success'").await, 0);
}

fn identity(change: Value) -> Value {
    let mut identity = json!({
        "extIdpId": "idp", "provider": "oidc", "type": "openid", "userIdInIdp": "1", "userInfoInIdp": {},
        "originConnIds": [],
    });
    for (key, value) in change.as_object().unwrap() {
        identity[key] = value.clone();
    }
    json!({ "username": "u", "identities": [identity] })
}

#[tokio::test]
async fn an_identity_belongs_to_one_user_and_its_tokens_are_never_shown() {
    let (server, admin) = start().await;
    let with_token = identity(json!({ "accessToken": "tok-4711", "refreshToken": "tok-4712" }));
    let made = create(&admin, with_token.clone()).await;
    let mut again = with_token.clone();
    again["username"] = "v".into();
    let body = admin.post("/api/v3/create-user", again.clone()).await.refused_with(409, 2026);
    assert!(body["message"].as_str().unwrap().starts_with("identities[0]:"), "{body}");
    again["identities"][0]["type"] = "unionid".into();
    again["identities"][0]["userIdInIdp"] = "2".into();
    create(&admin, again).await;
    let shown = get(&admin, id(&made), "&withIdentities=true").await;
    let identities = shown.ok()["identities"].clone();
    assert_eq!(identities[0]["userIdInIdp"], "1");
    assert_eq!(identities.as_array().unwrap().len(), 1);
    assert!(!shown.text.contains("tok-47"), "{}", shown.text);
    assert_eq!(count(&server, "user_identities", "access_token_sealed IS NOT NULL").await, 2);
    assert!(get(&admin, id(&made), "").await.ok().get("identities").is_none());
}

#[tokio::test]
async fn users_of_another_pool_are_strangers_and_may_have_the_same_name() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "customData": { "badge": 1 } })).await;
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    get(&stranger, id(&made), "").await.refused_with(404, 2004);
    get(&stranger, "ada", "&userIdType=username").await.refused_with(404, 2004);
    let exists = stranger.post("/api/v3/is-user-exists", json!({ "username": "ada" })).await.ok();
    assert_eq!(exists["exists"], false);
    let theirs = create(&stranger, json!({ "username": "ada" })).await;
    assert_ne!(theirs["userId"], made["userId"]);
    let mallory = json!({ "userId": id(&made), "name": "Mallory" });
    for (path, body) in [
        ("delete-users-batch", json!({ "userIds": [id(&made)] })),
        ("delete-users-batch", json!({ "userIds": ["badge:1"], "options": { "userIdType": "custom_field" } })),
        ("update-user", mallory.clone()),
        ("update-user-batch", json!({ "list": [mallory] })),
        ("kick-users", json!({ "userId": id(&made), "appIds": [other.app_id] })),
    ] {
        stranger.post(&format!("/api/v3/{path}"), body).await.refused_with(404, 2004);
    }
    get(&stranger, "badge:1", "&userIdType=custom_field").await.refused_with(404, 2004);
    assert_eq!(stranger.get(&format!("/api/v3/get-user-batch?userIds={}", id(&made))).await.ok(), json!([]));
    assert_eq!(stored(&server, id(&made)).await.unwrap().name, None);
}

#[tokio::test]
async fn nobody_signs_in_for_another_by_taking_their_address_as_user_name() {
    let (server, admin) = start().await;
    let victim = json!({ "email": "ada@example.com", "phone": "13800138000", "password": "correct horse battery" });
    let victim = create(&admin, victim).await;
    create(&admin, json!({ "username": "ada@example.com", "password": "password of mallory" })).await;
    let sign_in = |account: &str, password: &str| {
        let body = json!({ "connection": "PASSWORD", "passwordPayload": { "account": account, "password": password } });
        let app = server.app();
        async move { app.post("/api/v3/signin", body).await }
    };
    sign_in("Ada@Example.com", "correct horse battery").await.ok();
    sign_in("ada@example.com", "password of mallory").await.refused_with(403, 2333);
    sign_in("138 0013 8000", "correct horse battery").await.ok();
    assert_eq!(stored(&server, id(&victim)).await.unwrap().logins_count, 2);
}

#[tokio::test]
async fn every_write_leaves_one_row_in_the_trail_that_names_its_users() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "password": "correct horse battery" })).await;
    let many = admin.post("/api/v3/create-users-batch", batch(&["b", "c"])).await.ok();
    admin.post("/api/v3/update-user", json!({ "userId": id(&made), "password": "another long secret" })).await.ok();
    admin.post("/api/v3/kick-users", json!({ "userId": id(&made), "appIds": [server.pool.app_id] })).await.ok();
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [id(&many[0]), id(&many[1])] })).await.ok();
    let about = format!("user_id = '{}'", id(&made));
    for (action, whose) in [
        ("user.create", about.clone()),
        ("user.create", format!("details LIKE '%{}%{}%'", id(&many[0]), id(&many[1]))),
        ("user.update", about.clone()),
        ("user.kick", about),
        ("user.delete", format!("details LIKE '%{}%{}%'", id(&many[0]), id(&many[1]))),
    ] {
        let rows =
            count(&server, "audit_logs", &format!("action = '{action}' AND result = 'success' AND {whose}")).await;
        assert_eq!(rows, 1, "{action} {whose}");
    }
    let leaked = "details LIKE '%correct horse%' OR details LIKE '%another long%' OR details LIKE '%argon%'";
    assert_eq!(count(&server, "audit_logs", &format!("({leaked})")).await, 0);
}

#[tokio::test]
async fn what_was_created_is_there_after_a_restart() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "customData": { "badge": 1 } })).await;
    let server = server.restart().await;
    let admin = server.admin().await;
    let found = get(&admin, "badge:1", "&userIdType=custom_field&withCustomData=true").await.ok();
    assert_eq!(found["userId"], made["userId"]);
    assert_eq!(found["customData"], json!({ "badge": 1 }));
}
