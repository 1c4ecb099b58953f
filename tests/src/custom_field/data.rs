//! Custom data by itself, of everything that can have it.

use serde_json::{Value, json};
use watchword_testkit::encode;

use super::*;

fn set(target: &str, id: &str, list: Value) -> Value {
    json!({ "targetType": target, "targetIdentifier": id, "list": list })
}

async fn get(admin: &Client, target: &str, id: &str, more: &str) -> Reply {
    let path = format!("/api/v3/get-custom-data?targetType={target}&targetIdentifier={}{more}", encode(id));
    admin.get(&path).await
}

#[tokio::test]
async fn values_of_users_roles_groups_and_departments_are_written_and_read() {
    let (s, admin) = start().await;
    others(&s).await;
    let ada = s.user("ada").await;
    for (target, id) in [("USER", ada.as_str()), ("ROLE", "admin"), ("GROUP", "dev"), ("DEPARTMENT", "d1")] {
        let list = json!([{ "targetType": target, "key": "age", "dataType": "NUMBER" },
            { "targetType": target, "key": "note", "dataType": "STRING" }]);
        define(&admin, list).await.ok();
        let body = set(target, id, json!([{ "key": "age", "value": 18 }, { "key": "note", "value": target }]));
        assert_eq!(admin.post("/api/v3/set-custom-data", body).await.ok(), json!({ "success": true }));
        admin.post("/api/v3/set-custom-data", set(target, id, json!([{ "key": "age", "value": 19 }]))).await.ok();
        assert_eq!(get(&admin, target, id, "").await.ok(), json!({ "age": 19, "note": target }));
        admin.post("/api/v3/set-custom-data", set(target, id, json!([{ "key": "note", "value": null }]))).await.ok();
        assert_eq!(get(&admin, target, id, "&tenantId=").await.ok(), json!({ "age": 19 }));
        get(&admin, target, "nobody", "").await.refused(404);
        get(&admin, target, id, "&tenantId=t").await.refused(501);
        let nobody = set(target, "nobody", json!([{ "key": "age", "value": 1 }]));
        admin.post("/api/v3/set-custom-data", nobody).await.refused(404);
    }
    assert_eq!(data_of(&admin, &ada).await, json!({ "age": 19 }), "the same that the user shows");
    let found = admin.get("/api/v3/get-user?userId=age:19&userIdType=custom_field").await.ok();
    assert_eq!(found["userId"], json!(ada), "and is found by");
    let mut body = set("ROLE", "admin", json!([{ "key": "age", "value": 40 }]));
    body["namespace"] = json!("shop");
    admin.post("/api/v3/set-custom-data", body).await.ok();
    assert_eq!(get(&admin, "ROLE", "admin", "&namespace=shop").await.ok(), json!({ "age": 40 }));
    assert_eq!(get(&admin, "ROLE", "admin", "").await.ok(), json!({ "age": 19 }));
    let other = s.new_pool("Other").await;
    get(&s.admin_of(&other).await, "USER", &ada, "").await.refused_with(404, 2004);
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused_at_their_place_and_texts_are_read_for_clients_that_have_nothing_else() {
    let (s, admin) = start().await;
    let ada = s.user("ada").await;
    define(
        &admin,
        json!([{ "key": "age", "dataType": "NUMBER" }, { "key": "flag", "dataType": "BOOLEAN" },
            { "key": "text", "dataType": "STRING" }]),
    )
    .await
    .ok();
    let send = async |list: Value| admin.post("/api/v3/set-custom-data", set("USER", &ada, list)).await;
    let good = json!({ "key": "text", "value": "x" });
    send(json!([good, { "key": "age", "value": "eighteen" }])).await.refused_at("list[1].value");
    send(json!([good, { "key": "flag", "value": "yes" }])).await.refused_at("list[1].value");
    send(json!([good, { "key": "none", "value": 1 }])).await.refused_at("list[1].key");
    send(json!([good, good])).await.refused_at("list[1].key");
    send(json!([{ "key": "text" }])).await.refused_at("list[0].value");
    send(json!([{ "key": "text", "value": 1, "tenantId": "t" }])).await.refused(501);
    send(json!([])).await.refused_at("list");
    assert_eq!(data_of(&admin, &ada).await, json!({}));
    send(json!([{ "key": "age", "value": "18" }, { "key": "flag", "value": "true" }])).await.ok();
    assert_eq!(data_of(&admin, &ada).await, json!({ "age": 18, "flag": true }));
}

#[tokio::test]
async fn only_who_may_reads_and_writes_values() {
    let (s, admin) = start().await;
    let ada = s.user("ada").await;
    define(&admin, json!([{ "key": "age", "dataType": "NUMBER" }])).await.ok();
    let reader = with_grants(&s, &["custom-data:read"]).await;
    get(&reader, "USER", &ada, "").await.ok();
    let body = set("USER", &ada, json!([{ "key": "age", "value": 1 }]));
    reader.post("/api/v3/set-custom-data", body.clone()).await.refused(403);
    with_grants(&s, &["custom-data:write"]).await.post("/api/v3/set-custom-data", body).await.ok();
}
