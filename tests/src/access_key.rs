//! Keys for the management API.

use serde_json::{Value, json};
use watchword_testkit::Server;

use crate::token::{limited, new_key, signed_in};

const TOKEN: &str = "/api/v3/get-management-token";
const LIST: &str = "/api/v3/list-access-key";
const CREATE: &str = "/api/v3/create-access-key";
const UPDATE: &str = "/api/v3/update-access-key";
const DELETE: &str = "/api/v3/delete-access-key";

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|k| k["accessKeyId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_new_key_shows_its_secret_once_and_may_do_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let made = admin.post(CREATE, json!({ "type": "userpool" })).await.ok();
    let key = &made[0];
    let (id, secret) = (key["accessKeyId"].as_str().unwrap(), key["accessKeySecret"].as_str().unwrap());
    assert_eq!(made.as_array().unwrap().len(), 1);
    assert_eq!((secret.len(), &key["permissions"], &key["status"]), (32, &json!([]), &json!("activated")));
    assert_eq!(
        (&key["userPoolId"], &key["enable"], &key["userId"]),
        (&json!(server.pool.id), &json!(true), &Value::Null)
    );
    server.anonymous().post(TOKEN, json!({ "accessKeyId": id, "accessKeySecret": secret })).await.ok();
    let masked = json!(format!("{}****", &secret[..4]));
    let got = admin.get(&format!("/api/v3/get-access-key?userId={}&accessKeyId={id}", server.pool.id)).await;
    assert_eq!(got.ok()[0]["accessKeySecret"], masked);
    let listed = admin.get(LIST).await;
    assert_eq!(ids(&listed.ok()), [server.pool.key_id.as_str(), id]);
    for reply in [got.text, listed.text] {
        assert!(!reply.contains(secret) && !reply.contains(&server.pool.key_secret));
    }
}

#[tokio::test]
async fn a_key_of_a_user_is_found_by_that_user_only() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (user, _) = signed_in(&server, &server.pool.app_id).await;
    let (other, _) = signed_in(&server, &server.pool.app_id).await;
    let made = admin.post(CREATE, json!({ "type": "userpool", "userId": user })).await.ok();
    let id = made[0]["accessKeyId"].as_str().unwrap();
    let path = |user: &str, key: &str| format!("/api/v3/get-access-key?userId={user}&accessKeyId={key}");
    assert_eq!(admin.get(&path(&user, id)).await.ok()[0]["userId"], json!(user));
    admin.get(&path(&other, id)).await.refused(404);
    admin.get(&path(&user, &server.pool.key_id)).await.refused(404);
    assert_eq!(ids(&admin.get(&format!("{LIST}?userId={user}")).await.ok()), [id]);
    assert_eq!(admin.get(&format!("{LIST}?userId={other}")).await.ok(), json!([]));
    admin
        .post(CREATE, json!({ "type": "userpool", "userId": "0123456789abcdef01234567" }))
        .await
        .refused_with(404, 2004);
}

#[tokio::test]
async fn a_key_whose_user_is_suspended_is_worth_nothing_until_the_user_is_back() {
    let server = Server::start().await;
    let (user, _) = signed_in(&server, &server.pool.app_id).await;
    let body = json!({ "type": "userpool", "userId": user, "permissions": ["access-key:read"] });
    let made = server.admin().await.post(CREATE, body).await.ok();
    let credentials = json!({ "accessKeyId": made[0]["accessKeyId"], "accessKeySecret": made[0]["accessKeySecret"] });
    let token = server.anonymous().post(TOKEN, credentials.clone()).await.ok();
    let client = server.anonymous().bearer(token["access_token"].as_str().unwrap());
    client.get(LIST).await.ok();
    set_user_status(&server, &user, "Suspended").await;
    client.get(LIST).await.refused(401);
    server.anonymous().post(TOKEN, credentials).await.refused(401);
    set_user_status(&server, &user, "Activated").await;
    client.get(LIST).await.ok();
}

async fn set_user_status(server: &Server, user: &str, status: &str) {
    server.admin().await.post("/api/v3/update-user", json!({ "userId": user, "status": status })).await.ok();
}

#[tokio::test]
async fn a_key_whose_user_is_deleted_is_worth_nothing() {
    let server = Server::start().await;
    let (user, _) = signed_in(&server, &server.pool.app_id).await;
    let admin = server.admin().await;
    let made = admin.post(CREATE, json!({ "type": "userpool", "userId": user })).await.ok();
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [user] })).await.ok();
    let credentials = json!({ "accessKeyId": made[0]["accessKeyId"], "accessKeySecret": made[0]["accessKeySecret"] });
    server.anonymous().post(TOKEN, credentials).await.refused(401);
}

#[tokio::test]
async fn lists_are_filtered_by_type_tenant_and_state() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (on, _) = new_key(&server, &[]).await;
    let (off, _) = new_key(&server, &[]).await;
    admin.post(UPDATE, json!({ "accessKeyId": off, "enable": false })).await.ok();
    let own = server.pool.key_id.as_str();
    let list = async |query: &str| admin.get(&format!("{LIST}?{query}")).await.ok();
    assert_eq!(ids(&list("type=userpool").await), [own, &on, &off]);
    assert_eq!(ids(&list("status=activated").await), [own, &on]);
    assert_eq!(ids(&list("status[]=revoked&status[]=staging").await), [off.as_str()]);
    assert_eq!(ids(&list("status=activated,revoked").await), [own, &on, &off]);
    assert_eq!(list("status=staging").await, json!([]));
    assert_eq!(list("type=tenant").await, json!([]));
    assert_eq!(list("tenantId=0123456789abcdef01234567").await, json!([]));
    assert_eq!(list("status=revoked").await[0]["status"], "revoked");
    admin.get(&format!("{LIST}?status=activated&status=gone")).await.refused_at("status[1]");
}

#[tokio::test]
async fn a_disabled_or_deleted_key_takes_its_tokens_along_at_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (id, secret) = new_key(&server, &["access-key:read"]).await;
    let credentials = json!({ "accessKeyId": id, "accessKeySecret": secret });
    let token = server.anonymous().post(TOKEN, credentials.clone()).await.ok();
    let client = server.anonymous().bearer(token["access_token"].as_str().unwrap());
    client.get(LIST).await.ok();
    admin.post(UPDATE, json!({ "accessKeyId": id, "enable": false })).await.ok();
    client.get(LIST).await.refused(401);
    server.anonymous().post(TOKEN, credentials.clone()).await.refused(401);
    admin.post(UPDATE, json!({ "accessKeyId": id, "enable": true })).await.ok();
    client.get(LIST).await.ok();
    admin.post(DELETE, json!({ "accessKeyId": id })).await.done();
    client.get(LIST).await.refused(401);
    server.anonymous().post(TOKEN, credentials).await.refused(401);
    admin.post(DELETE, json!({ "accessKeyId": id })).await.refused(404);
}

#[tokio::test]
async fn the_pools_own_key_stays() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let own = &server.pool.key_id;
    admin.post(DELETE, json!({ "accessKeyId": own })).await.refused(422);
    admin.post(UPDATE, json!({ "accessKeyId": own, "enable": false })).await.refused(422);
    let body = json!({ "accessKeyId": own, "enable": true, "permissions": [] });
    admin.post(UPDATE, body).await.refused(422);
    admin.get(LIST).await.ok();
}

#[tokio::test]
async fn nobody_hands_out_changes_or_deletes_more_than_they_have() {
    let server = Server::start().await;
    let writer = limited(&server, &["access-key:write", "user:read"]).await;
    let create =
        async |permissions: Value| writer.post(CREATE, json!({ "type": "userpool", "permissions": permissions })).await;
    assert_eq!(create(json!(["user:read"])).await.ok()[0]["permissions"], json!(["user:read"]));
    create(json!(["user:read", "user:write"])).await.refused(403);
    create(json!(["user:read", "root"])).await.refused_at("permissions[1]");
    create(json!(["*"])).await.refused_at("permissions[0]");
    let (small, _) = new_key(&server, &["user:read"]).await;
    let (big, _) = new_key(&server, &["user:read", "user:delete"]).await;
    let update = async |id: &str, permissions: Value| {
        writer.post(UPDATE, json!({ "accessKeyId": id, "enable": true, "permissions": permissions })).await
    };
    update(&small, json!(["user:write"])).await.refused(403);
    update(&big, json!(["user:read"])).await.refused(403);
    writer.post(UPDATE, json!({ "accessKeyId": big, "enable": false })).await.refused(403);
    writer.post(DELETE, json!({ "accessKeyId": big })).await.refused(403);
    writer.post(DELETE, json!({ "accessKeyId": server.pool.key_id })).await.refused(422);
    update(&small, json!([])).await.ok();
    writer.post(DELETE, json!({ "accessKeyId": small })).await.done();
}

#[tokio::test]
async fn changed_permissions_hold_for_tokens_already_issued() {
    let server = Server::start().await;
    let (id, secret) = new_key(&server, &["access-key:read"]).await;
    let token = server.anonymous().post(TOKEN, json!({ "accessKeyId": id, "accessKeySecret": secret })).await.ok();
    let client = server.anonymous().bearer(token["access_token"].as_str().unwrap());
    client.get(LIST).await.ok();
    let admin = server.admin().await;
    admin.post(UPDATE, json!({ "accessKeyId": id, "enable": true, "permissions": [] })).await.ok();
    client.get(LIST).await.refused(403);
    // Without the member the permissions stay.
    admin.post(UPDATE, json!({ "accessKeyId": id, "enable": true, "permissions": ["access-key:read"] })).await.ok();
    admin.post(UPDATE, json!({ "accessKeyId": id, "enable": true })).await.ok();
    client.get(LIST).await.ok();
}

#[tokio::test]
async fn what_cannot_be_made_is_refused() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.post(CREATE, json!({})).await.refused_at("type");
    admin.post(CREATE, json!({ "type": "robot" })).await.refused_at("type");
    admin.post(CREATE, json!({ "type": "tenant" })).await.refused(501);
    admin.post(CREATE, json!({ "type": "userpool", "tenantId": "t1" })).await.refused(501);
    admin.post(UPDATE, json!({ "accessKeyId": "x" })).await.refused_at("enable");
    assert_eq!(ids(&admin.get(LIST).await.ok()), [server.pool.key_id.as_str()]);
}

#[tokio::test]
async fn keys_of_another_pool_do_not_exist() {
    let server = Server::start().await;
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    let (id, _) = new_key(&server, &[]).await;
    stranger.post(DELETE, json!({ "accessKeyId": id })).await.refused(404);
    stranger.post(UPDATE, json!({ "accessKeyId": id, "enable": false })).await.refused(404);
    stranger.get(&format!("/api/v3/get-access-key?userId={}&accessKeyId={id}", server.pool.id)).await.refused(404);
    assert_eq!(ids(&stranger.get(LIST).await.ok()), [other.key_id.as_str()]);
    let (user, _) = signed_in(&server, &server.pool.app_id).await;
    stranger.post(CREATE, json!({ "type": "userpool", "userId": user })).await.refused_with(404, 2004);
}

#[tokio::test]
async fn a_pool_has_a_thousand_keys_beside_its_own_and_no_more() {
    let server = Server::start().await;
    let mut rows = Vec::new();
    for n in 0..999 {
        rows.push(watchword_store::access_key::AccessKey {
            pool_id: server.pool.id.clone(),
            id: format!("key-{n}"),
            user_id: String::new(),
            ..watchword_store::Record::sample()
        });
    }
    let mut tx = server.services.db.write().await.unwrap();
    watchword_store::access_key::TABLE.insert_many(&mut tx, &rows).await.unwrap();
    tx.commit().await.unwrap();
    let admin = server.admin().await;
    admin.post(CREATE, json!({ "type": "userpool" })).await.ok();
    admin.post(CREATE, json!({ "type": "userpool" })).await.refused(422);
}

#[tokio::test]
async fn the_last_use_is_shown() {
    let server = Server::start().await;
    let (id, secret) = new_key(&server, &[]).await;
    let admin = server.admin().await;
    let last = async || admin.get(LIST).await.ok()[1]["lastDate"].clone();
    assert_eq!(last().await, Value::Null);
    server.anonymous().post(TOKEN, json!({ "accessKeyId": id, "accessKeySecret": secret })).await.ok();
    assert_eq!(last().await, "2026-01-01T00:00:00.000Z");
}
