//! Deleting users and ending their sessions.

use serde_json::json;

use super::update::{signed_in, waiting};
use super::{count, create, get, id, start, stored};

/// Every table with rows about a user.
const THEIRS: [&str; 12] = [
    "access_keys",
    "enrollments",
    "users",
    "user_identities",
    "user_custom_values",
    "sync_relations",
    "mfa_factors",
    "recovery_codes",
    "user_mfa_settings",
    "mfa_transactions",
    "sessions",
    "refresh_tokens",
];

#[tokio::test]
async fn a_deleted_user_takes_everything_along_and_others_keep_theirs() {
    let (server, admin) = start().await;
    let mut ids = Vec::new();
    for name in ["ada", "bob"] {
        let made = create(
            &admin,
            json!({
                "username": name, "password": "correct horse battery", "customData": { "badge": name },
                "identities": [{ "extIdpId": "idp", "provider": "oidc", "type": "openid", "userIdInIdp": name,
                    "userInfoInIdp": {}, "originConnIds": [] }],
            }),
        )
        .await;
        let sync = watchword_store::user::SyncRelation {
            pool_id: server.pool.id.clone(),
            provider: "lark".into(),
            user_id_in_idp: format!("ou_{name}"),
            user_id: id(&made).into(),
            user_info_in_idp: "{}".into(),
            created_at: server.clock.now(),
        };
        let mut tx = server.services.db.write().await.unwrap();
        watchword_store::user::SYNC_RELATIONS.insert(&mut tx, &sync).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(get(&admin, &format!("lark:ou_{name}"), "&userIdType=sync_relation").await.ok()["username"], name);
        let user = signed_in(&server, name).await;
        let enrolment = json!({ "factorType": "OTP", "profile": {} });
        user.post("/api/v3/send-enroll-factor-request", enrolment).await.ok();
        admin.post("/api/v3/create-access-key", json!({ "type": "userpool", "userId": id(&made) })).await.ok();
        waiting(&server, &admin, id(&made), name).await;
        let status = json!({ "userId": id(&made), "mfaTriggerData": { "mfaToken": "t",
            "applicationMfa": [{ "mfaPolicy": "OTP", "status": 1, "sort": 0 }] } });
        admin.post("/api/v3/set-mfa-status", status).await.ok();
        ids.push(id(&made).to_owned());
    }
    for table in THEIRS {
        let column = if table == "users" { "id" } else { "user_id" };
        assert!(count(&server, table, &format!("{column} = '{}'", ids[0])).await > 0, "{table} has nothing to delete");
    }
    let done = admin.post("/api/v3/delete-users-batch", json!({ "userIds": [ids[0]] })).await.ok();
    assert_eq!(done, json!({ "success": true }));
    for table in THEIRS {
        let column = if table == "users" { "id" } else { "user_id" };
        assert_eq!(count(&server, table, &format!("{column} = '{}'", ids[0])).await, 0, "{table}");
        assert!(count(&server, table, &format!("{column} = '{}'", ids[1])).await > 0, "{table} of another");
    }
    get(&admin, &ids[0], "").await.refused_with(404, 2004);
    create(&admin, json!({ "username": "ada" })).await;
}

#[tokio::test]
async fn the_counters_of_wrong_guesses_go_with_the_user() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "password": "correct horse battery" })).await;
    let wrong = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": "wrong" } });
    server.app().post("/api/v3/signin", wrong).await.refused_with(403, 2333);
    let bucket = format!("bucket LIKE '%{}%'", id(&made));
    let otp = json!({ "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" });
    let import = json!({ "list": [{ "userId": id(&made), "otp": otp }] });
    admin.post("/api/v3/import-otp", import).await.done();
    let user = waiting(&server, &admin, id(&made), "ada").await;
    user.post("/api/v2/mfa/totp/verify", json!({ "totp": "000000" })).await;
    let kinds = ["password", "otp"].map(|kind| format!("bucket LIKE '{kind}:{}%'", id(&made)));
    for kind in &kinds {
        assert!(count(&server, "throttle_days", kind).await > 0, "{kind}");
    }
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [id(&made)] })).await.ok();
    assert_eq!((count(&server, "throttles", &bucket).await, count(&server, "throttle_days", &bucket).await), (0, 0));
}

#[tokio::test]
async fn a_batch_is_deleted_whole_or_not_at_all() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada" })).await;
    create(&admin, json!({ "username": "bob", "email": "bob@example.com" })).await;
    let delete = |body| admin.post("/api/v3/delete-users-batch", body);
    let body = delete(json!({ "userIds": [id(&made), "nobody"] })).await.refused_with(404, 2004);
    assert!(body["message"].as_str().unwrap().starts_with("userIds[1]:"), "{body}");
    delete(json!({ "userIds": [id(&made), id(&made)] })).await.refused_at("userIds[1]");
    delete(json!({ "userIds": [] })).await.refused_at("userIds");
    let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    delete(json!({ "userIds": many })).await.refused_at("userIds");
    assert_eq!(count(&server, "users", "1 = 1").await, 2);
    delete(json!({ "userIds": ["ADA", "bob"], "options": { "userIdType": "username" } })).await.ok();
    assert_eq!(count(&server, "users", "1 = 1").await, 0);
    let trail = count(&server, "audit_logs", "action = 'user.delete' AND result = 'success'").await;
    assert_eq!(trail, 1);
}

#[tokio::test]
async fn a_deleted_users_token_is_dead_at_once() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "password": "correct horse battery" })).await;
    let user = signed_in(&server, "ada").await;
    user.get("/api/v3/list-enrolled-factors").await.ok();
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [id(&made)] })).await.ok();
    user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
}

#[tokio::test]
async fn kicking_ends_the_sessions_of_the_named_applications_only() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "password": "correct horse battery" })).await;
    create(&admin, json!({ "username": "bob", "password": "correct horse battery" })).await;
    let (ada, bob) = (signed_in(&server, "ada").await, signed_in(&server, "bob").await);
    assert_eq!(count(&server, "refresh_tokens", "1 = 1").await, 2);
    let kick = |user: &str, apps: serde_json::Value| {
        admin.post(
            "/api/v3/kick-users",
            json!({ "userId": user, "appIds": apps, "options": { "userIdType": "username" } }),
        )
    };
    let body = kick("ada", json!([server.pool.app_id, "0123456789abcdef01234567"])).await.refused_with(404, 2011);
    assert!(body["message"].as_str().unwrap().starts_with("appIds[1]:"), "{body}");
    kick("eve", json!([server.pool.app_id])).await.refused_with(404, 2004);
    kick("ada", json!([])).await.refused_at("appIds");
    let other = server.new_pool("Other").await;
    kick("ada", json!([other.app_id])).await.refused_with(404, 2011);
    ada.get("/api/v3/list-enrolled-factors").await.ok();

    assert_eq!(kick("ada", json!([server.pool.app_id])).await.ok(), json!({ "success": true }));
    ada.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    bob.get("/api/v3/list-enrolled-factors").await.ok();
    assert_eq!(count(&server, "refresh_tokens", &format!("user_id = '{}'", id(&made))).await, 0);
    assert_eq!(count(&server, "refresh_tokens", "1 = 1").await, 1);
    assert!(stored(&server, id(&made)).await.is_some());
    signed_in(&server, "ada").await;
}
