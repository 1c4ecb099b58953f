//! Accounts elsewhere: one owner each, shown by every operation that shows them.

use futures_util::future::join_all;
use serde_json::{Value, json};
use watchword_testkit::{Client, Reply};

use super::{count, create, exec, get, id, start};

const SOURCE: &str = "62f20932716fbcc10d966ee5";

async fn link(admin: &Client, user: &str, id_there: &str, kind: Option<&str>) -> Reply {
    let mut body = json!({ "extIdpId": SOURCE, "userId": user, "userIdInIdp": id_there, "isSocial": true });
    if let Some(kind) = kind {
        body["type"] = kind.into();
    }
    admin.post("/api/v3/link-identity", body).await
}

async fn identities(admin: &Client, user: &str) -> Value {
    let list = admin.get(&format!("/api/v3/get-user-identities?userId={user}")).await.ok();
    let shown = get(admin, user, "&withIdentities=true").await.ok();
    assert_eq!(shown["identities"], list, "both operations show the same");
    let found = admin.get(&format!("/api/v3/get-user-batch?userIds={user}&withIdentities=true")).await.ok();
    assert_eq!(found[0]["identities"], list);
    list
}

/// Ada, who has brought an identity of the source with her.
async fn ada(admin: &Client) -> String {
    let user = json!({ "username": "ada", "identities": [{
        "extIdpId": SOURCE, "provider": "lark", "type": "openid", "userIdInIdp": "ou_ada",
        "userInfoInIdp": { "name": "Ada" }, "accessToken": "at-1", "originConnIds": ["c1"],
    }] });
    id(&create(admin, user).await).to_owned()
}

#[tokio::test]
async fn a_linked_identity_names_its_user_until_it_is_unlinked() {
    let (server, admin) = start().await;
    let ada = ada(&admin).await;
    let bob = server.user("bob").await;
    assert_eq!(link(&admin, &bob, "ou_bob", Some("openid")).await.ok(), json!({ "success": true }));
    link(&admin, &bob, "on_bob", None).await.ok();
    let list = identities(&admin, &bob).await;
    let brief: Vec<Value> = list.as_array().unwrap().iter().map(|i| json!([i["userIdInIdp"], i["type"]])).collect();
    assert_eq!(brief, [json!(["ou_bob", "openid"]), json!(["on_bob", "generic"])]);
    assert_eq!((&list[0]["provider"], &list[0]["extIdpId"]), (&json!("lark"), &json!(SOURCE)));
    assert_eq!((&list[0]["userInfoInIdp"], &list[0]["originConnIds"]), (&json!({}), &json!([])));
    let by_identity = format!("/api/v3/get-user?userIdType=identity&userId={SOURCE}:ou_bob");
    assert_eq!(admin.get(&by_identity).await.ok()["userId"], json!(bob));

    let unlink = |kind: Value| {
        let mut body = json!({ "extIdpId": SOURCE, "userId": bob });
        if kind.is_string() {
            body["type"] = kind;
        }
        admin.post("/api/v3/unlink-identity", body)
    };
    unlink(json!("unionid")).await.refused(404);
    unlink(json!("openid")).await.ok();
    admin.get(&by_identity).await.refused_with(404, 2004);
    assert_eq!(identities(&admin, &bob).await.as_array().unwrap().len(), 1);
    link(&admin, &bob, "ou_bob", Some("openid")).await.ok();
    unlink(Value::Null).await.ok();
    assert_eq!(identities(&admin, &bob).await, json!([]));
    unlink(Value::Null).await.refused(404);
    assert_eq!(identities(&admin, &ada).await.as_array().unwrap().len(), 1, "Ada's stays");
}

#[tokio::test]
async fn an_identity_has_one_owner_and_linking_it_again_changes_nothing() {
    let (server, admin) = start().await;
    let ada = ada(&admin).await;
    let bob = server.user("bob").await;
    let refused = link(&admin, &bob, "ou_ada", Some("openid")).await.refused_with(409, 2026);
    assert!(refused["message"].as_str().unwrap().starts_with("userIdInIdp:"), "{refused}");
    let before = identities(&admin, &ada).await;
    link(&admin, &ada, "ou_ada", Some("openid")).await.ok();
    assert_eq!(identities(&admin, &ada).await, before);
    let mallory = server.new_pool("Another pool").await;
    let theirs = server.admin_of(&mallory).await;
    link(&theirs, &ada, "ou_x", None).await.refused_with(404, 2004);
    theirs.post("/api/v3/unlink-identity", json!({ "extIdpId": SOURCE, "userId": ada })).await.refused_with(404, 2004);
}

#[tokio::test]
async fn what_cannot_name_an_identity_is_refused() {
    let (server, admin) = start().await;
    ada(&admin).await;
    let bob = server.user("bob").await;
    let body = json!({ "extIdpId": SOURCE, "userId": bob, "userIdInIdp": "ou_bob" });
    for (field, value) in [
        ("extIdpId", json!("")),
        ("extIdpId", json!("a:b")),
        ("userIdInIdp", json!("")),
        ("userIdInIdp", json!("x".repeat(257))),
        ("type", json!("a\u{202e}b")),
        // The source is known as lark.
        ("provider", json!("wechat")),
    ] {
        let mut body = body.clone();
        body[field] = value;
        admin.post("/api/v3/link-identity", body).await.refused_at(field);
    }
    let mut unknown = body.clone();
    unknown["extIdpId"] = "0123456789abcdef01234567".into();
    admin.post("/api/v3/link-identity", unknown.clone()).await.refused_at("provider");
    unknown["provider"] = "github".into();
    admin.post("/api/v3/link-identity", unknown).await.ok();
    for n in 0..19 {
        link(&admin, &bob, &format!("ou_{n}"), None).await.ok();
    }
    link(&admin, &bob, "ou_19", None).await.refused(422);
    assert_eq!(count(&server, "user_identities", &format!("user_id = '{bob}'")).await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_link_one_identity_at_two_nodes_one_gets_it() {
    let (one, admin) = start().await;
    let two = one.second_node().await;
    let other = two.admin().await;
    ada(&admin).await;
    let mut users = Vec::new();
    for n in 0..16 {
        users.push(one.user(&format!("user{n}")).await);
    }
    for round in 0..4 {
        let there = format!("ou_{round}");
        let calls = users.iter().enumerate().map(|(n, user)| {
            let client = if n % 2 == 0 { &admin } else { &other };
            link(client, user, &there, None)
        });
        let replies = join_all(calls).await;
        let won = replies.iter().filter(|r| r.body["statusCode"] == 200).count();
        let lost = replies.iter().filter(|r| r.body["statusCode"] == 409).count();
        assert_eq!((won, lost), (1, 15), "round {round}");
        assert_eq!(count(&one, "user_identities", &format!("user_id_in_idp = '{there}'")).await, 1);
    }
}

#[tokio::test]
async fn where_a_user_comes_from_is_shown_and_forgotten_by_provider() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    for (n, provider) in ["lark", "dingtalk", "lark"].iter().enumerate() {
        let info = r#"{"name":"Ada"}"#;
        let row = format!("INSERT INTO sync_relations VALUES ('POOL', '{provider}', 'ou_{n}', '{ada}', '{info}', {n})");
        exec(&server, &row).await;
    }
    let path = "/api/v3/get-user-sync-relations?userId=ada&userIdType=username";
    let list = admin.get(path).await.ok();
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(list[0], json!({ "provider": "lark", "userIdInIdp": "ou_0", "userInfoInIdp": { "name": "Ada" } }));
    let drop = |provider: &str| {
        let body = json!({ "userId": "ada", "userIdType": "username", "provider": provider });
        admin.post("/api/v3/delete-user-sync-relations", body)
    };
    for _ in 0..2 {
        assert_eq!(drop("lark").await.ok(), json!({ "success": true }));
        let left = admin.get(path).await.ok();
        assert_eq!((left.as_array().unwrap().len(), &left[0]["provider"]), (1, &json!("dingtalk")));
    }
    drop("").await.refused_at("provider");
    let nobody = json!({ "userId": "0123456789abcdef01234567", "provider": "lark" });
    admin.post("/api/v3/delete-user-sync-relations", nobody).await.refused_with(404, 2004);
}

#[tokio::test]
async fn nobody_has_signed_in_by_an_identity_source_yet() {
    let (server, admin) = start().await;
    let ada = ada(&admin).await;
    let path = "/api/v3/get-user-logged-in-identities?userId=";
    assert_eq!(admin.get(&format!("{path}{ada}")).await.ok(), json!([]));
    admin.get(&format!("{path}0123456789abcdef01234567")).await.refused_with(404, 2004);
    assert_eq!(count(&server, "user_identities", "1 = 1").await, 1);
}
