//! Definitions: what can be defined and changed, and what goes with a definition.

use serde_json::{Value, json};
use watchword_testkit::seconds;

use super::*;

#[tokio::test]
async fn a_field_is_shown_as_it_was_defined_and_keeps_what_a_change_leaves_out() {
    let (s, admin) = start().await;
    let text = |value: &str| json!({ "enabled": true, "value": value });
    let body = json!([{
        "key": "school", "dataType": "ENUM", "label": "School", "description": "Where", "userEditable": true,
        "visibleInUserCenter": false, "appIds": [s.pool.app_id], "desensitization": true,
        "options": [{ "value": "pku", "label": "PKU" }], "i18n": { "label": { "zh-CN": text("学校") } }
    }]);
    let made = define(&admin, body).await.ok();
    let off = json!({ "enabled": false, "value": "" });
    let label = json!({ "zh-CN": text("学校"), "en-US": off, "zh-TW": off, "ja-JP": off });
    let expected = json!({
        "targetType": "USER", "createdAt": s.clock.now().iso(), "dataType": "ENUM", "key": "school", "label": "School",
        "description": "Where", "encrypted": false, "isUnique": false, "userEditable": true,
        "visibleInAdminConsole": true, "visibleInUserCenter": false, "i18n": { "label": label },
        "options": [{ "value": "pku", "label": "PKU" }], "validateRules": [], "appIds": [s.pool.app_id],
        "desensitization": true
    });
    assert_eq!(made, json!([expected]));
    s.advance(seconds(1));
    define(&admin, json!([{ "key": "age", "dataType": "NUMBER" }])).await.ok();
    let change = json!([{ "key": "school", "label": "Uni", "description": null, "i18n": null, "dataType": "ENUM" }]);
    define(&admin, change).await.ok();
    let listed = fields(&admin, "USER").await;
    let mut changed = expected;
    changed["label"] = json!("Uni");
    changed["description"] = Value::Null;
    changed["i18n"] = Value::Null;
    assert_eq!((&listed[0], &listed[1]["key"], &listed[1]["label"]), (&changed, &json!("age"), &json!("age")));
    assert_eq!(fields(&admin, "GROUP").await, json!([]));
    let other = s.new_pool("Other").await;
    assert_eq!(fields(&s.admin_of(&other).await, "USER").await, json!([]));
    admin.post("/api/v3/delete-application", json!({ "appId": s.pool.app_id })).await.ok();
    assert_eq!(fields(&admin, "USER").await[0]["appIds"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_defined_is_refused_at_its_place_and_nothing_is() {
    let (_s, admin) = start().await;
    let field = |more: Value| {
        let mut field = json!({ "key": "f", "dataType": "STRING" });
        field.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        field
    };
    let rule = |kind: &str, content: &str| json!({ "validateRules": [{ "type": kind, "content": content }] });
    for (more, place) in [
        (json!({ "key": "" }), "key"),
        (json!({ "key": "a\u{200b}b" }), "key"),
        (json!({ "key": "k".repeat(129) }), "key"),
        (json!({ "key": "username" }), "key"),
        (json!({ "key": "customData" }), "key"),
        (json!({ "targetType": "GROUP", "key": "code" }), "key"),
        (json!({ "dataType": null }), "dataType"),
        (json!({ "dataType": "OBJECT" }), "dataType"),
        (json!({ "label": "l".repeat(129) }), "label"),
        (json!({ "label": "a\u{202e}b" }), "label"),
        (json!({ "dataType": "ENUM" }), "options"),
        (json!({ "dataType": "ENUM", "options": [] }), "options"),
        (json!({ "options": [{ "value": "a", "label": "A" }] }), "options"),
        (json!({ "dataType": "ENUM", "options": [{ "value": "", "label": "A" }] }), "options[0].value"),
        (
            json!({ "dataType": "ENUM", "options": [{ "value": "a", "label": "A" }, { "value": "a", "label": "B" }] }),
            "options[1].value",
        ),
        (json!({ "dataType": "BOOLEAN", "isUnique": true }), "isUnique"),
        (json!({ "validateRules": "x" }), "validateRules[0]"),
        (rule("MAGIC", ""), "validateRules[0].type"),
        (rule("REGEXP", "("), "validateRules[0].content"),
        (rule("REGEXP", "a)(b"), "validateRules[0].content"),
        (rule("regExp", "(?=a)"), "validateRules[0].content"),
        (rule("REGEXP", "(((a{100}){100}){100})"), "validateRules[0].content"),
        (json!({ "isUnique": false, "validateRules": { "type": "UNIQUE" } }), "isUnique"),
        (json!({ "i18n": { "label": { "en-US": { "enabled": true, "value": "a\u{7}" } } } }), "i18n.label.en-US.value"),
    ] {
        let list = json!([{ "key": "first", "dataType": "STRING" }, field(more)]);
        define(&admin, list).await.refused_at(&format!("list[1].{place}"));
    }
    let apps = define(&admin, json!([field(json!({ "appIds": ["none"] }))])).await;
    assert!(apps.refused_with(404, 2011)["message"].as_str().unwrap_or_default().starts_with("list[0].appIds[0]:"));
    define(&admin, json!([field(json!({})), field(json!({}))])).await.refused_at("list[1].key");
    define(&admin, json!([])).await.refused_at("list");
    let many: Vec<Value> = (0..51).map(|n| json!({ "key": format!("f{n}"), "dataType": "STRING" })).collect();
    define(&admin, json!(many)).await.refused_at("list");
    let tenant = json!({ "list": [field(json!({ "targetType": "USER" }))], "tenantId": "t" });
    admin.post("/api/v3/set-custom-fields", tenant).await.refused(501);
    admin.get("/api/v3/get-custom-fields?targetType=USER&tenantId=t").await.refused(501);
    assert_eq!(fields(&admin, "USER").await, json!([]));
}

#[tokio::test]
async fn type_and_encryption_stay_and_options_and_rules_may_change_over_values() {
    let (_s, admin) = start().await;
    let options = |values: &[&str]| {
        let list: Vec<Value> = values.iter().map(|v| json!({ "value": v, "label": v })).collect();
        json!({ "key": "school", "dataType": "ENUM", "options": list })
    };
    let secret = json!({ "key": "secret", "dataType": "STRING", "encrypted": true });
    define(&admin, json!([options(&["a", "b"]), secret])).await.ok();
    let ada = made(&admin, "ada", json!({ "school": "a", "other": 1 })).await;
    let change = async |field: Value, place: &str| define(&admin, json!([field])).await.refused_at(place);
    change(json!({ "key": "school", "dataType": "STRING" }), "list[0].dataType").await;
    change(json!({ "key": "school", "encrypted": true }), "list[0].encrypted").await;
    change(json!({ "key": "secret", "encrypted": false }), "list[0].encrypted").await;
    change(json!({ "key": "school", "isUnique": true }), "list[0].isUnique").await;
    define(&admin, json!([options(&["b", "c"])])).await.ok();
    assert_eq!(data_of(&admin, &ada).await["school"], "a", "what is stored stays");
    update(&admin, &ada, json!({ "other": 2 })).await.ok();
    update(&admin, &ada, json!({ "school": "a" })).await.refused_at("customData.school");
    update(&admin, &ada, json!({ "school": "c" })).await.ok();
    // What is there already would not be encrypted.
    let over = json!([{ "key": "other", "dataType": "NUMBER", "encrypted": true }]);
    define(&admin, over).await.refused(409);
    update(&admin, &ada, json!({ "other": null })).await.ok();
    let over = json!([{ "key": "other", "dataType": "NUMBER", "encrypted": true }]);
    define(&admin, over).await.ok();
}

#[tokio::test]
async fn a_deleted_field_takes_its_values_along_and_no_others() {
    let (s, admin) = start().await;
    others(&s).await;
    let unique = json!({ "key": "badge", "dataType": "STRING", "isUnique": true });
    let secret = json!({ "key": "secret", "dataType": "STRING", "encrypted": true, "isUnique": true });
    define(&admin, json!([unique, secret])).await.ok();
    define(&admin, json!([{ "targetType": "GROUP", "key": "badge", "dataType": "STRING", "isUnique": true }]))
        .await
        .ok();
    let data = json!({ "badge": "7", "secret": "s", "kept": { "badge": 1 } });
    let ada = made(&admin, "ada", data).await;
    let bob = made(&admin, "bob", json!({ "kept": "badge", "badge2": 1 })).await;
    for target in [json!({ "targetType": "GROUP", "targetIdentifier": "dev" })] {
        let mut body = target;
        body["list"] = json!([{ "key": "badge", "value": "7" }]);
        admin.post("/api/v3/set-custom-data", body).await.ok();
    }
    let delete =
        async |list: Value| admin.post("/api/v3/delete-custom-fields", json!({ "list": list, "tenantId": "" })).await;
    let [badge, secret] = ["badge", "secret"].map(|key| json!({ "targetType": "USER", "key": key }));
    delete(json!([badge, { "targetType": "USER", "key": "none" }])).await.refused(404);
    assert_eq!(data_of(&admin, &ada).await["badge"], "7", "all or none");
    delete(json!([badge, secret])).await.ok();
    assert_eq!(data_of(&admin, &ada).await, json!({ "kept": { "badge": 1 } }));
    assert_eq!(data_of(&admin, &bob).await, json!({ "kept": "badge", "badge2": 1 }));
    let index = "SELECT name FROM user_custom_values WHERE pool_id = $1 ORDER BY name";
    assert_eq!(rows(&s, index).await, ["badge2", "kept", "kept"]);
    let owned = "SELECT target_type FROM custom_unique_values WHERE pool_id = $1";
    assert_eq!(rows(&s, owned).await, ["GROUP"]);
    let group = json!({ "targetType": "GROUP", "key": "badge" });
    delete(json!([group])).await.ok();
    assert_eq!(rows(&s, "SELECT custom_data FROM groups WHERE pool_id = $1").await, ["{}"]);
    assert_eq!(rows(&s, owned).await, [""; 0]);
    assert_eq!(fields(&admin, "USER").await, json!([]));
    // The key is free for another type.
    define(&admin, json!([{ "key": "badge", "dataType": "NUMBER" }])).await.ok();
}

#[tokio::test]
async fn the_values_of_many_users_go_with_a_field() {
    let (s, admin) = start().await;
    define(&admin, json!([{ "key": "n", "dataType": "NUMBER" }])).await.ok();
    for batch in 0..12 {
        let users: Vec<Value> =
            (0..50).map(|n| json!({ "username": format!("u{batch}-{n}"), "customData": { "n": n, "m": 1 } })).collect();
        admin.post("/api/v3/create-users-batch", json!({ "list": users })).await.ok();
    }
    let body = json!({ "list": [{ "targetType": "USER", "key": "n" }] });
    admin.post("/api/v3/delete-custom-fields", body).await.ok();
    let left = rows(&s, "SELECT DISTINCT custom_data FROM users WHERE pool_id = $1").await;
    assert_eq!(left, [r#"{"m":1}"#]);
}
