//! Values: what fits a field, wherever users are written.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn every_type_takes_what_fits_and_nothing_else() {
    let (_s, admin) = start().await;
    define(
        &admin,
        json!([
            { "key": "text", "dataType": "STRING" },
            { "key": "number", "dataType": "NUMBER" },
            { "key": "time", "dataType": "DATETIME" },
            { "key": "flag", "dataType": "BOOLEAN" },
            { "key": "choice", "dataType": "ENUM", "options": [{ "value": "a", "label": "A" }] },
        ]),
    )
    .await
    .ok();
    let ada = made(&admin, "ada", json!({})).await;
    let all = [
        json!(""),
        json!("a"),
        json!("18"),
        json!("2026-01-31"),
        json!("2026-01-31T09:00:00+08:00"),
        json!(18),
        json!(-1.5),
        json!(1_767_225_600_000_i64),
        json!(1e300),
        json!(true),
        json!([]),
        json!(["a"]),
        json!({}),
        json!({ "a": 1 }),
    ];
    for value in &all {
        let is_time = |s: &str| s.starts_with("2026");
        for (key, fits) in [
            ("text", value.is_string()),
            ("number", value.is_number()),
            ("time", value.as_str().is_some_and(is_time) || value.is_i64()),
            ("flag", value.is_boolean()),
            ("choice", value == "a"),
        ] {
            let reply = update(&admin, &ada, json!({ key: value })).await;
            if fits {
                assert_eq!(reply.ok()["customData"][key], *value, "{key}");
                assert_eq!(data_of(&admin, &ada).await[key], *value, "{key}");
            } else {
                reply.refused_at(&format!("customData.{key}"));
            }
        }
    }
    update(&admin, &ada, json!({ "text": null, "number": null, "undefined": [1] })).await.ok();
    let left = data_of(&admin, &ada).await;
    assert_eq!((left.get("text"), left.get("number"), &left["undefined"]), (None, None, &json!([1])));
}

#[tokio::test]
async fn every_write_of_users_judges_and_names_the_member() {
    let (_s, admin) = start().await;
    define(&admin, json!([{ "key": "age", "dataType": "NUMBER" }])).await.ok();
    create(&admin, "ada", json!({ "age": "18" })).await.refused_at("customData.age");
    let users = json!([{ "username": "a" }, { "username": "b", "customData": { "age": true } }]);
    admin.post("/api/v3/create-users-batch", json!({ "list": users })).await.refused_at("list[1].customData.age");
    let (ada, bob) = (made(&admin, "ada", json!({ "age": 1 })).await, made(&admin, "bob", json!({})).await);
    update(&admin, &ada, json!({ "age": [] })).await.refused_at("customData.age");
    let list = json!([{ "userId": ada, "customData": { "age": 2 } }, { "userId": bob, "customData": { "age": {} } }]);
    admin.post("/api/v3/update-user-batch", json!({ "list": list })).await.refused_at("list[1].customData.age");
    assert_eq!(data_of(&admin, &ada).await, json!({ "age": 1 }), "all or none");
    let cleared = admin.post("/api/v3/update-user", json!({ "userId": ada, "customData": null })).await.ok();
    assert_eq!(cleared["customData"], json!({}));
}

#[tokio::test]
async fn rules_hold_for_the_whole_value_and_say_their_own_words() {
    let (_s, admin) = start().await;
    let rules = |kind: &str, content: &str| json!([{ "type": kind, "content": content, "error": "" }]);
    define(
        &admin,
        json!([
            { "key": "plate", "dataType": "STRING",
              "validateRules": [{ "type": "REGEXP", "content": "[A-Z]{2}|x", "error": "two capitals" }] },
            { "key": "mail", "dataType": "STRING", "validateRules": rules("email", "") },
            { "key": "tel", "dataType": "STRING", "validateRules": rules("PHONE", "") },
            { "key": "digits", "dataType": "STRING", "validateRules": rules("isNumber", "") },
            { "key": "small", "dataType": "NUMBER", "validateRules": rules("REGEXP", r"\d") },
            { "key": "free", "dataType": "STRING", "validateRules": {} },
        ]),
    )
    .await
    .ok();
    let ada = made(&admin, "ada", json!({})).await;
    for (key, good, bad) in [
        ("plate", vec![json!("AB"), json!("x")], vec![json!("ABC"), json!("aAB"), json!("ab"), json!("AB\n")]),
        ("mail", vec![json!("ada@example.com")], vec![json!("ada"), json!("")]),
        ("tel", vec![json!("13800138000"), json!("+14155550123")], vec![json!("12"), json!("abc")]),
        ("digits", vec![json!("12"), json!("1.5")], vec![json!("x"), json!("NaN"), json!("")]),
        ("small", vec![json!(7)], vec![json!(17), json!(-1)]),
        ("free", vec![json!("")], vec![]),
    ] {
        for value in good {
            update(&admin, &ada, json!({ key: value })).await.ok();
        }
        for value in bad {
            update(&admin, &ada, json!({ key: value })).await.refused_at(&format!("customData.{key}"));
        }
    }
    let said = update(&admin, &ada, json!({ "plate": "abc" })).await.refused(400);
    assert_eq!(said["message"], "customData.plate: two capitals");
}

#[tokio::test]
async fn what_was_written_before_a_field_was_defined_stays_until_it_changes() {
    let (_s, admin) = start().await;
    let ada = made(&admin, "ada", json!({ "age": "old", "n": 1 })).await;
    define(&admin, json!([{ "key": "age", "dataType": "NUMBER" }])).await.ok();
    update(&admin, &ada, json!({ "n": 2 })).await.ok();
    assert_eq!(data_of(&admin, &ada).await, json!({ "age": "old", "n": 2 }));
    update(&admin, &ada, json!({ "age": "older" })).await.refused_at("customData.age");
    update(&admin, &ada, json!({ "age": 3 })).await.ok();
}

#[tokio::test]
async fn users_are_found_by_what_their_fields_hold() {
    let (_s, admin) = start().await;
    define(&admin, json!([{ "key": "age", "dataType": "NUMBER" }])).await.ok();
    let ada = made(&admin, "ada", json!({ "age": 18.0 })).await;
    let found: Value = admin.get("/api/v3/get-user?userId=age:18&userIdType=custom_field").await.ok();
    assert_eq!(found["userId"], json!(ada));
}
