//! The built-in fields of users.

use serde_json::{Value, json};
use watchword_domain::Ctx;
use watchword_domain::ctx::{Actor, Request};
use watchword_domain::custom_field::base;
use watchword_kit::{PoolId, Result};

use super::*;

fn field<'a>(list: &'a Value, key: &str) -> &'a Value {
    list.as_array().expect("a list").iter().find(|f| f["key"] == key).expect("the field")
}

#[tokio::test]
async fn every_member_of_a_user_is_a_field_with_a_name_in_both_languages() {
    let (s, admin) = start().await;
    let ada = s.user("ada").await;
    let user = admin.get(&format!("/api/v3/get-user?userId={ada}")).await.ok();
    let list = admin.get("/api/v3/get-user-base-fields").await.ok();
    for key in user.as_object().expect("an object").keys() {
        let field = field(&list, key);
        let label = &field["i18n"]["label"];
        assert_eq!((&field["targetType"], &field["label"]), (&json!("USER"), &label["en-US"]["value"]), "{key}");
        assert!(!label["zh-CN"]["value"].as_str().unwrap_or_default().is_empty(), "{key}");
        assert_eq!(field["createdAt"], Value::Null);
    }
    let chinese = admin.clone().header("x-authing-lang", "zh-CN").get("/api/v3/get-user-base-fields").await.ok();
    assert_eq!(field(&chinese, "gender")["label"], "性别");
    let gender = field(&list, "gender");
    assert_eq!((&gender["dataType"], &gender["options"][0]["value"]), (&json!("ENUM"), &json!("M")));
    assert_eq!((&field(&list, "email")["isUnique"], &field(&list, "name")["isUnique"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn what_a_pool_says_of_a_field_is_shown_and_is_its_own() {
    let (s, admin) = start().await;
    let list = json!([
        { "key": "nickname", "label": "Handle", "description": "d", "userEditable": false, "visibleInUserCenter": false },
        { "key": "company", "visibleInAdminConsole": false },
    ]);
    let set = admin.post("/api/v3/set-user-base-fields", json!({ "list": list })).await.ok();
    assert_eq!((&set[0]["label"], &set[1]["visibleInAdminConsole"]), (&json!("Handle"), &json!(false)));
    let more = json!([{ "key": "nickname", "description": null }]);
    admin.post("/api/v3/set-user-base-fields", json!({ "list": more })).await.ok();
    let shown = admin.get("/api/v3/get-user-base-fields").await.ok();
    let nickname = field(&shown, "nickname");
    assert_eq!((&nickname["label"], &nickname["description"]), (&json!("Handle"), &Value::Null));
    assert_eq!((&nickname["userEditable"], &nickname["visibleInUserCenter"]), (&json!(false), &json!(false)));
    let query = "/api/v3/list-user-base-fields?targetType=USER&dataType=STRING";
    let found = admin.get(&format!("{query}&keyword=handle")).await.ok();
    assert_eq!((&found["list"][0]["key"], &found["count"]["all"]), (&json!("nickname"), &json!(1)));
    assert_eq!(admin.get(&format!("{query}&adminVisible=false")).await.ok()["list"][0]["key"], "company");
    let none = admin.get("/api/v3/list-user-base-fields?targetType=ROLE&dataType=STRING").await.ok();
    assert_eq!(none, json!({ "count": { "all": 0, "userVisible": 0, "adminVisible": 0 }, "list": [] }));
    let label = json!([{ "key": "nickname", "label": null }]);
    let back = admin.post("/api/v3/set-user-base-fields", json!({ "list": label })).await.ok();
    assert_eq!(back[0]["label"], "Nickname");
    let other = s.new_pool("Other").await;
    let theirs = s.admin_of(&other).await.get("/api/v3/get-user-base-fields").await.ok();
    assert_eq!(field(&theirs, "nickname")["userEditable"], true);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_at_its_place() {
    let (_s, admin) = start().await;
    let send = async |list: Value| admin.post("/api/v3/set-user-base-fields", json!({ "list": list })).await;
    let good = json!({ "key": "company", "label": "Firm" });
    send(json!([good, { "key": "none" }])).await.refused_at("list[1].key");
    send(json!([good, good])).await.refused_at("list[1].key");
    send(json!([good, { "key": "createdAt", "userEditable": true }])).await.refused_at("list[1].userEditable");
    send(json!([{ "key": "company", "label": "l".repeat(129) }])).await.refused_at("list[0].label");
    send(json!([])).await.refused_at("list");
    let shown = admin.get("/api/v3/get-user-base-fields").await.ok();
    assert_eq!(field(&shown, "company")["label"], "Company");
}

/// What a user's own change will ask.
async fn own_change(s: &Server, keys: &[&str], custom: &[&str]) -> Result<()> {
    let ctx = Ctx::new(s.services.clone(), PoolId::new(&s.pool.id), Actor::Anonymous, Request::default(), None);
    let mut tx = ctx.read().await?;
    base::own_change(&mut tx, &ctx, keys, custom, None).await
}

#[tokio::test]
async fn users_change_of_their_own_what_the_pool_lets_them() {
    let (s, admin) = start().await;
    let fields = json!([
        { "key": "hobby", "dataType": "STRING", "userEditable": true },
        { "key": "badge", "dataType": "STRING" },
    ]);
    define(&admin, fields).await.ok();
    assert!(own_change(&s, &["nickname", "photo"], &["hobby"]).await.is_ok());
    for (keys, custom, refused) in [
        (vec!["nickname", "email"], vec![], "email"),
        (vec!["status"], vec![], "status"),
        (vec!["nothing"], vec![], "nothing"),
        (vec![], vec!["hobby", "badge"], "customData.badge"),
        (vec![], vec!["undefined"], "customData.undefined"),
    ] {
        let told = own_change(&s, &keys, &custom).await.expect_err("a refusal");
        assert_eq!((told.field(), told.code().status), (Some(refused), 403));
    }
    let list = json!([{ "key": "nickname", "userEditable": false }, { "key": "username", "userEditable": true }]);
    admin.post("/api/v3/set-user-base-fields", json!({ "list": list })).await.ok();
    assert!(own_change(&s, &["nickname"], &[]).await.is_err());
    assert!(own_change(&s, &["username"], &[]).await.is_ok());
}
