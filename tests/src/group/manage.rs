//! Groups come, change and go.

use serde_json::{Value, json};
use watchword_testkit::{Client, seconds};

use super::{codes, make, members, people, rule, start};

const CREATE: &str = "/api/v3/create-group";
const UPDATE: &str = "/api/v3/update-group";

async fn get(admin: &Client, code: &str) -> Value {
    admin.get(&format!("/api/v3/get-group?code={code}&withCustomData=true")).await.ok()
}

#[tokio::test]
async fn a_group_is_read_as_it_was_made() {
    let (_server, admin) = start().await;
    let body = json!({ "code": "dev_1", "name": " 开发者 ", "description": "who writes", "type": "static",
        "customData": { "floor": 3 } });
    let made = admin.post(CREATE, body).await.ok();
    let expected = json!({ "id": made["id"], "code": "dev_1", "name": "开发者", "description": "who writes",
        "type": "static", "metadataSource": [], "members": [], "customData": { "floor": 3 } });
    assert_eq!(made, expected);
    assert_eq!(get(&admin, "dev_1").await, expected);
    let flat = admin.get("/api/v3/list-groups?flatCustomData=true").await.ok();
    assert_eq!((&flat["list"][0]["floor"], &flat["list"][0]["customData"]), (&json!(3), &Value::Null));
    assert_eq!(admin.get("/api/v3/get-group?code=dev_1").await.ok().get("customData"), None);
    admin.get("/api/v3/get-group?code=nobody").await.refused(404);
}

#[tokio::test]
async fn codes_names_and_descriptions_have_their_bounds_and_one_owner() {
    let (_server, admin) = start().await;
    let group = |code: &str| json!({ "code": code, "name": "n", "description": "", "type": "static" });
    for code in ["", "a b", "组", &"x".repeat(51), "a/b"] {
        admin.post(CREATE, group(code)).await.refused_at("code");
    }
    let with = |member: &str, value: Value| {
        let mut body = group("dev");
        body[member] = value;
        body
    };
    admin.post(CREATE, with("name", json!(" "))).await.refused_at("name");
    admin.post(CREATE, with("name", json!("x".repeat(51)))).await.refused_at("name");
    admin.post(CREATE, with("description", json!("x".repeat(201)))).await.refused_at("description");
    admin.post(CREATE, with("type", json!("smart"))).await.refused_at("type");
    admin.post(CREATE, with("customData", json!({ "": 1 }))).await.refused_at("customData");
    make(&admin, "dev").await;
    let twice = admin.post(CREATE, group("dev")).await.refused(409);
    assert!(twice["message"].as_str().unwrap().starts_with("code:"), "{twice}");
    make(&admin, "Dev").await;
}

#[tokio::test]
async fn a_batch_makes_all_groups_or_none() {
    let (_server, admin) = start().await;
    make(&admin, "there").await;
    let list = |codes: &[&str]| {
        let one = |c: &&str| json!({ "code": c, "name": c, "description": "", "type": "static" });
        json!({ "list": codes.iter().map(one).collect::<Vec<_>>() })
    };
    let path = "/api/v3/create-groups-batch";
    let taken = admin.post(path, list(&["a", "there"])).await.refused(409);
    assert!(taken["message"].as_str().unwrap().starts_with("list[1].code:"), "{taken}");
    admin.post(path, list(&["a", "a"])).await.refused_at("list[1].code");
    admin.post(path, list(&["a", "b c"])).await.refused_at("list[1].code");
    admin.post(path, list(&[])).await.refused_at("list");
    admin.post(path, list(&["x"; 51])).await.refused_at("list");
    assert_eq!(codes(&admin.get("/api/v3/get-all-groups").await.ok()), ["there"]);
    let made = admin.post(path, list(&["a", "b"])).await.ok();
    assert_eq!(codes(&made), ["a", "b"]);
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let (_server, admin) = start().await;
    let body = json!({ "code": "dev", "name": "Dev", "description": "d", "type": "static",
        "customData": { "a": 1, "b": 2 } });
    let made = admin.post(CREATE, body).await.ok();
    make(&admin, "taken").await;
    let change = json!({ "code": "dev", "description": "new", "newCode": "ops", "customData": { "b": null, "c": 3 } });
    let changed = admin.post(UPDATE, change).await.ok();
    assert_eq!(changed["id"], made["id"]);
    let shown = get(&admin, "ops").await;
    assert_eq!(shown, changed);
    assert_eq!((&shown["name"], &shown["description"]), (&json!("Dev"), &json!("new")));
    assert_eq!(shown["customData"], json!({ "a": 1, "c": 3 }));
    admin.get("/api/v3/get-group?code=dev").await.refused(404);
    admin.post(UPDATE, json!({ "code": "dev", "description": "" })).await.refused(404);
    let taken = admin.post(UPDATE, json!({ "code": "ops", "newCode": "taken" })).await.refused(409);
    assert!(taken["message"].as_str().unwrap().starts_with("newCode:"), "{taken}");
    admin.post(UPDATE, json!({ "code": "ops", "name": "" })).await.refused_at("name");
    admin.post(UPDATE, json!({ "code": "ops", "newCode": "ops", "name": "Ops" })).await.ok();
    assert_eq!(get(&admin, "ops").await["name"], "Ops");
}

#[tokio::test]
async fn create_or_update_says_which_it_did() {
    let (_server, admin) = start().await;
    let path = "/api/v3/create-or-update-group";
    let body = |name: &str, kind: &str| json!({ "code": "dev", "name": name, "description": "d", "type": kind });
    let first = admin.post(path, body("One", "static")).await.ok();
    assert_eq!((&first["created"], &first["data"]["name"]), (&json!(true), &json!("One")));
    let second = admin.post(path, body("Two", "static")).await.ok();
    assert_eq!((&second["created"], &second["data"]["name"]), (&json!(false), &json!("Two")));
    assert_eq!(second["data"]["id"], first["data"]["id"]);
    admin.post(path, body("Three", "dynamic")).await.refused_at("type");
    assert_eq!(get(&admin, "dev").await["name"], "Two");
}

#[tokio::test]
async fn groups_are_listed_newest_first_and_found_by_code_and_name() {
    let (server, admin) = start().await;
    for (code, name) in [("a_1", "Alpha"), ("b1", "北京"), ("C1", "100%")] {
        let body = json!({ "code": code, "name": name, "description": "", "type": "static" });
        admin.post(CREATE, body).await.ok();
        server.clock.advance(seconds(1));
    }
    let found = async |query: &str| codes(&admin.get(&format!("/api/v3/list-groups?{query}")).await.ok()["list"]);
    assert_eq!(found("").await, ["C1", "b1", "a_1"]);
    assert_eq!(found("keywords=ALPHA").await, ["a_1"]);
    assert_eq!(found("keywords=c1").await, ["C1"]);
    assert_eq!(found("keywords=%E5%8C%97").await, ["b1"]);
    assert_eq!(found("keywords=_").await, ["a_1"]);
    assert_eq!(found("keywords=%25").await, ["C1"]);
    assert_eq!(found("page=2&limit=2&withMetadata=true").await, ["a_1"]);
    assert_eq!(admin.get("/api/v3/list-groups?limit=1").await.ok()["totalCount"], 3);
    admin.get("/api/v3/list-groups?limit=51").await.refused_at("limit");
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    assert_eq!(stranger.get("/api/v3/get-all-groups").await.ok(), json!([]));
    stranger.get("/api/v3/get-group?code=b1").await.refused(404);
}

#[tokio::test]
async fn a_deleted_group_leaves_its_people_and_nothing_else() {
    let (server, admin) = start().await;
    let ids = people(&admin, &["ada", "bob"]).await;
    for code in ["one", "two", "three"] {
        make(&admin, code).await;
        let body = json!({ "code": code, "userIds": ids });
        admin.post("/api/v3/add-group-members", body).await.ok();
    }
    admin.post("/api/v3/create-role", json!({ "code": "reader" })).await.ok();
    let target = json!([{ "targetType": "GROUP", "targetIdentifier": "one" }]);
    admin.post("/api/v3/assign-role", json!({ "code": "reader", "targets": target })).await.ok();
    let path = "/api/v3/delete-groups-batch";
    let unknown = admin.post(path, json!({ "codeList": ["one", "four"] })).await.refused(404);
    assert!(unknown["message"].as_str().unwrap().starts_with("codeList[1]:"), "{unknown}");
    admin.post(path, json!({ "codeList": ["one", "one"] })).await.refused_at("codeList[1]");
    admin.post(path, json!({ "codeList": [] })).await.refused_at("codeList");
    assert_eq!(members(&admin, "one").await, ["ada", "bob"]);
    admin.post(path, json!({ "codeList": ["one", "two"] })).await.ok();
    assert_eq!(codes(&admin.get("/api/v3/get-all-groups").await.ok()), ["three"]);
    for (table, left) in [("group_members", 2), ("role_assignments", 0), ("users", 2)] {
        let sql = format!("SELECT COUNT(*) AS n FROM {table}");
        let mut tx = server.services.db.read().await.unwrap();
        assert_eq!(tx.one::<(i64,)>(&sql, &[]).await.unwrap().0, left, "{table}");
    }
    assert_eq!(admin.get("/api/v3/list-role-members?code=reader").await.ok()["totalCount"], 0);
}

#[tokio::test]
async fn a_group_is_allowed_nothing_as_long_as_there_are_no_resources() {
    let (server, admin) = start().await;
    make(&admin, "dev").await;
    let path = "/api/v3/get-group-authorized-resources";
    assert_eq!(admin.get(&format!("{path}?code=dev")).await.ok(), json!([]));
    let own = &server.pool.app_id;
    assert_eq!(admin.get(&format!("{path}?code=dev&namespace={own}&resourceType=API")).await.ok(), json!([]));
    admin.get(&format!("{path}?code=ops")).await.refused(404);
    admin.get(&format!("{path}?code=dev&namespace=nowhere")).await.refused(404);
    admin.get(&format!("{path}?code=dev&resourceType=TEA")).await.refused_at("resourceType");
}

#[tokio::test]
async fn the_type_decides_whether_there_is_a_rule() {
    let (_server, admin) = start().await;
    let conditions = json!([{ "field": "status", "operator": "EQUAL", "value": "Activated" }]);
    let body = |kind: &str, rule: Value| json!({ "code": "dev", "name": "dev", "description": "", "type": kind, "rule": rule });
    admin.post(CREATE, body("static", conditions.clone())).await.refused_at("rule");
    admin.post(CREATE, body("dynamic", Value::Null)).await.refused_at("rule");
    admin.post(CREATE, body("dynamic", json!([]))).await.refused_at("rule");
    make(&admin, "static").await;
    admin.post(UPDATE, json!({ "code": "static", "rule": conditions })).await.refused_at("rule");
    let made = rule(&admin, "dynamic", conditions.clone()).await;
    assert_eq!(made["rule"][0]["field"], "status");
    assert_eq!(get(&admin, "dynamic").await["rule"], made["rule"]);
    assert_eq!(get(&admin, "static").await.get("rule"), None);
}
