//! Roles come, change and go, each in its permission space.

use serde_json::{Value, json};
use watchword_testkit::{Client, seconds};

use super::{count, give, role, start, user};

const CREATE: &str = "/api/v3/create-role";
const UPDATE: &str = "/api/v3/update-role";
const DELETE: &str = "/api/v3/delete-roles-batch";

async fn get(admin: &Client, code: &str) -> Value {
    admin.get(&format!("/api/v3/get-role?code={code}")).await.ok()
}

async fn listed(admin: &Client, query: &str) -> Vec<String> {
    let page = admin.get(&format!("/api/v3/list-roles?{query}")).await.ok();
    page["list"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap().to_owned()).collect()
}

fn at(reply: &Value, field: &str) -> bool {
    reply["message"].as_str().unwrap().starts_with(&format!("{field}:"))
}

#[tokio::test]
async fn a_role_is_read_as_it_was_made() {
    let (server, admin) = start().await;
    let later = server.clock.now().0 + 60_000;
    let body = json!({ "code": "manager", "name": "经理", "description": "leads", "disableTime": later.to_string() });
    let made = admin.post(CREATE, body).await.ok();
    let expected = json!({ "id": made["id"], "code": "manager", "name": "经理", "description": "leads",
        "namespace": "default", "namespaceName": "Default permission space", "status": "ENABLE",
        "disableTime": later });
    assert_eq!(made, expected);
    assert_eq!(get(&admin, "manager").await, expected);
    assert_eq!(role(&admin, "plain").await["name"], "plain");
    assert_eq!(get(&admin, "plain").await["disableTime"], Value::Null);
    admin.get("/api/v3/get-role?code=nobody").await.refused(404);
    let chinese = admin.clone().header("x-authing-lang", "zh-CN").get("/api/v3/get-role?code=plain").await.ok();
    assert_eq!(chinese["namespaceName"], "默认权限空间");
}

#[tokio::test]
async fn a_code_is_unique_in_its_space_and_every_application_is_one() {
    let (server, admin) = start().await;
    let app = server.pool.app_id.clone();
    for space in ["default", "system", &app] {
        let made = admin.post(CREATE, json!({ "code": "admin", "namespace": space })).await.ok();
        assert_eq!(made["namespace"], space);
        assert_eq!(listed(&admin, &format!("namespace={space}")).await, ["admin"]);
    }
    let shown = admin.get(&format!("/api/v3/get-role?code=admin&namespace={app}")).await.ok();
    let name = admin.get(&format!("/api/v3/get-application?appId={app}")).await.ok()["appName"].clone();
    assert_eq!(shown["namespaceName"], name);
    let twice = admin.post(CREATE, json!({ "code": "admin" })).await.refused(409);
    assert!(at(&twice, "code"), "{twice}");
    let name = admin.post(CREATE, json!({ "code": "boss", "name": "ADMIN" })).await.refused(409);
    assert!(at(&name, "name"), "{name}");
    for space in ["nowhere", "0".repeat(24).as_str()] {
        let unknown = admin.post(CREATE, json!({ "code": "admin", "namespace": space })).await.refused(404);
        assert!(at(&unknown, "namespace"), "{unknown}");
        admin.get(&format!("/api/v3/list-roles?namespace={space}")).await.refused(404);
    }
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    stranger.post(CREATE, json!({ "code": "admin", "namespace": app })).await.refused(404);
    stranger.get("/api/v3/get-role?code=admin").await.refused(404);
}

#[tokio::test]
async fn a_space_with_a_row_of_its_own_is_one_of_its_pool() {
    let (server, admin) = start().await;
    let sql = "INSERT INTO namespaces (pool_id, code, name, description, created_at, updated_at)
               VALUES ($1, 'shop', 'The shop', NULL, 0, 0)";
    super::exec(&server, sql, &[server.pool.id.as_str().into()]).await;
    let made = admin.post(CREATE, json!({ "code": "clerk", "namespace": "shop" })).await.ok();
    assert_eq!((&made["namespace"], &made["namespaceName"]), (&json!("shop"), &json!("The shop")));
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    stranger.post(CREATE, json!({ "code": "clerk", "namespace": "shop" })).await.refused(404);
}

#[tokio::test]
async fn codes_names_descriptions_and_times_have_their_bounds() {
    let (server, admin) = start().await;
    for code in ["", "a b", "角色", &"x".repeat(51), "a.b"] {
        admin.post(CREATE, json!({ "code": code })).await.refused_at("code");
    }
    for (member, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(51))),
        ("description", json!("x".repeat(201))),
        ("disableTime", json!("tomorrow")),
        ("disableTime", json!("-1")),
        ("disableTime", json!("9999999999999999")),
        ("disableTime", json!(server.clock.now().0)),
    ] {
        let mut body = json!({ "code": "dev" });
        body[member] = value;
        admin.post(CREATE, body).await.refused_at(member);
    }
    let most = json!({ "code": "x".repeat(50), "name": "字".repeat(50), "description": "x".repeat(200) });
    admin.post(CREATE, most).await.ok();
}

#[tokio::test]
async fn a_batch_makes_all_roles_or_none() {
    let (server, admin) = start().await;
    role(&admin, "there").await;
    let path = "/api/v3/create-roles-batch";
    let list = |items: Value| json!({ "list": items });
    let taken = admin.post(path, list(json!([{ "code": "a" }, { "code": "there" }]))).await.refused(409);
    assert!(at(&taken, "list[1].code"), "{taken}");
    admin.post(path, list(json!([{ "code": "a" }, { "code": "a" }]))).await.refused_at("list[1].code");
    let twice = list(json!([{ "code": "a", "name": "N" }, { "code": "b", "name": "n" }]));
    admin.post(path, twice).await.refused_at("list[1].name");
    let nowhere = admin.post(path, list(json!([{ "code": "a", "namespace": "nowhere" }]))).await.refused(404);
    assert!(at(&nowhere, "list[0].namespace"), "{nowhere}");
    admin.post(path, list(json!([]))).await.refused_at("list");
    admin.post(path, list(json!(vec![json!({ "code": "x" }); 51]))).await.refused_at("list");
    assert_eq!(count(&server, "roles").await, 1);
    let both = list(json!([{ "code": "a", "description": "d" }, { "code": "a", "namespace": "system" }]));
    assert_eq!(admin.post(path, both).await.ok(), json!({ "success": true }));
    assert_eq!(get(&admin, "a").await["description"], "d");
    assert_eq!(listed(&admin, "namespace=system").await, ["a"]);
}

#[tokio::test]
async fn roles_are_listed_newest_first_and_found_by_code_and_name() {
    let (server, admin) = start().await;
    for (code, name) in [("a_1", "Alpha"), ("b1", "北京"), ("C1", "100%")] {
        admin.post(CREATE, json!({ "code": code, "name": name })).await.ok();
        server.clock.advance(seconds(1));
    }
    assert_eq!(listed(&admin, "").await, ["C1", "b1", "a_1"]);
    assert_eq!(listed(&admin, "keywords=ALPHA").await, ["a_1"]);
    assert_eq!(listed(&admin, "keywords=c1&namespace=default").await, ["C1"]);
    assert_eq!(listed(&admin, "keywords=%E5%8C%97").await, ["b1"]);
    assert_eq!(listed(&admin, "keywords=_").await, ["a_1"]);
    assert_eq!(listed(&admin, "page=2&limit=2").await, ["a_1"]);
    assert_eq!(listed(&admin, "namespace=system").await, [""; 0]);
    assert_eq!(admin.get("/api/v3/list-roles?limit=1").await.ok()["totalCount"], 3);
    admin.get("/api/v3/list-roles?limit=51").await.refused_at("limit");
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_null_ends_a_time() {
    let (server, admin) = start().await;
    let later = server.clock.now().0 + 60_000;
    let body = json!({ "code": "dev", "name": "Dev", "description": "d", "disableTime": later });
    let made = admin.post(CREATE, body).await.ok();
    role(&admin, "taken").await;
    let change = json!({ "code": "dev", "newCode": "ops", "name": "Ops" });
    assert_eq!(admin.post(UPDATE, change).await.ok(), json!({ "success": true }));
    let shown = get(&admin, "ops").await;
    assert_eq!((&shown["id"], &shown["name"], &shown["description"]), (&made["id"], &json!("Ops"), &json!("d")));
    assert_eq!(shown["disableTime"], later);
    let body = |more: Value| {
        let mut body = json!({ "code": "ops", "newCode": "ops", "name": "Ops" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    admin.post(UPDATE, body(json!({ "disableTime": null, "description": "new" }))).await.ok();
    let shown = get(&admin, "ops").await;
    assert_eq!((&shown["disableTime"], &shown["description"]), (&Value::Null, &json!("new")));
    let taken = admin.post(UPDATE, body(json!({ "newCode": "taken" }))).await.refused(409);
    assert!(at(&taken, "newCode"), "{taken}");
    let taken = admin.post(UPDATE, body(json!({ "name": "Taken" }))).await.refused(409);
    assert!(at(&taken, "name"), "{taken}");
    admin.post(UPDATE, body(json!({ "status": "OFF" }))).await.refused_at("status");
    admin.post(UPDATE, body(json!({ "code": "dev" }))).await.refused(404);
    admin.post(UPDATE, body(json!({ "status": "disable" }))).await.ok();
    assert_eq!(get(&admin, "ops").await["status"], "DISABLE");
    admin.post(UPDATE, body(json!({ "status": "ENABLE" }))).await.ok();
    assert_eq!(get(&admin, "ops").await["status"], "ENABLE");
}

#[tokio::test]
async fn a_role_goes_out_of_force_when_its_time_has_come() {
    let (server, admin) = start().await;
    let later = server.clock.now().0 + 60_000;
    admin.post(CREATE, json!({ "code": "dev", "disableTime": later })).await.ok();
    server.advance(seconds(59));
    assert_eq!(get(&admin, "dev").await["status"], "ENABLE");
    server.advance(seconds(1));
    assert_eq!(get(&admin, "dev").await["status"], "DISABLE");
    let enable = json!({ "code": "dev", "newCode": "dev", "name": "dev", "status": "ENABLE" });
    admin.post(UPDATE, enable.clone()).await.refused_at("status");
    let mut for_ever = enable;
    for_ever["disableTime"] = Value::Null;
    admin.post(UPDATE, for_ever).await.ok();
    assert_eq!(get(&admin, "dev").await["status"], "ENABLE");
}

#[tokio::test]
async fn deleting_roles_takes_their_assignments_with_them_all_or_none() {
    let (server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    for code in ["a", "b", "c"] {
        role(&admin, code).await;
        give(&admin, code, "USER", &ada).await;
    }
    give(&admin, "c", "ROLE", "a").await;
    let a = get(&admin, "a").await["id"].as_str().unwrap().to_owned();
    let sql = "INSERT INTO custom_unique_values (pool_id, target_type, key, value_key, target_id)
               VALUES ($1, 'ROLE', 'k', 'v', $2)";
    super::exec(&server, sql, &[server.pool.id.as_str().into(), a.into()]).await;
    let unknown = admin.post(DELETE, json!({ "codeList": ["a", "x"] })).await.refused(404);
    assert!(at(&unknown, "codeList[1]"), "{unknown}");
    admin.post(DELETE, json!({ "codeList": ["a", "a"] })).await.refused_at("codeList[1]");
    admin.post(DELETE, json!({ "codeList": [] })).await.refused_at("codeList");
    admin.post(DELETE, json!({ "codeList": ["a"], "namespace": "system" })).await.refused(404);
    assert_eq!(count(&server, "role_assignments").await, 4);
    admin.post(DELETE, json!({ "codeList": ["a", "b"] })).await.ok();
    assert_eq!(listed(&admin, "").await, ["c"]);
    assert_eq!(count(&server, "role_assignments").await, 1);
    assert_eq!(count(&server, "custom_unique_values").await, 0);
    assert_eq!(super::roles_of(&admin, &ada).await, ["c"]);
}

#[tokio::test]
async fn roles_of_several_spaces_are_deleted_together() {
    let (_server, admin) = start().await;
    let path = "/api/v3/multiple-namespace-delete-roles-batch";
    for space in ["default", "system"] {
        for code in ["a", "b"] {
            admin.post(CREATE, json!({ "code": code, "namespace": space })).await.ok();
        }
    }
    let list = |items: Value| json!({ "roleList": items });
    let unknown = list(json!([{ "code": "a", "namespace": "default" }, { "code": "x" }]));
    let unknown = admin.post(path, unknown).await.refused(404);
    assert!(at(&unknown, "roleList[1].code"), "{unknown}");
    let twice = list(json!([{ "code": "a" }, { "code": "a", "namespace": "system" }]));
    admin.post(path, twice).await.refused_at("roleList[1].code");
    admin.post(path, list(json!([{ "code": "a", "namespace": "default" }, { "code": "b" }]))).await.ok();
    assert_eq!(listed(&admin, "").await, ["b"]);
    assert_eq!(listed(&admin, "namespace=system").await, ["a"]);
}

#[tokio::test]
async fn roles_of_administrators_are_a_kind_of_their_own_in_the_space_system() {
    let (_server, admin) = start().await;
    let path = "/api/v3/create-admin-role";
    let made = admin.post(path, json!({ "code": "auditor", "name": "Auditor", "description": "reads" })).await.ok();
    assert_eq!(made, json!({ "isValid": true }));
    admin.post(path, json!({ "code": "auditor", "name": "Other" })).await.refused(409);
    admin.post(path, json!({ "code": "auditor 2", "name": "Other" })).await.refused_at("code");
    let shown = admin.get("/api/v3/get-role?code=auditor&namespace=system").await.ok();
    assert_eq!((&shown["name"], &shown["description"]), (&json!("Auditor"), &json!("reads")));
    admin.post(CREATE, json!({ "code": "plain", "namespace": "system" })).await.ok();
    let away = "/api/v3/delete-admin-roles";
    let plain = admin.post(away, json!({ "codeList": ["auditor", "plain"] })).await.refused(404);
    assert!(at(&plain, "codeList[1]"), "{plain}");
    admin.post(away, json!({ "codeList": ["auditor"] })).await.ok();
    assert_eq!(listed(&admin, "namespace=system").await, ["plain"]);
}

#[tokio::test]
async fn whether_a_role_could_be_made_is_told_with_the_reason() {
    let (_server, admin) = start().await;
    admin.post(CREATE, json!({ "code": "dev", "name": "Developers" })).await.ok();
    let check = async |body: Value| admin.post("/api/v3/check-role-params", body).await.ok();
    assert_eq!(
        check(json!({ "namespace": "default", "code": "ops", "name": "Ops" })).await,
        json!({ "isValid": true })
    );
    assert_eq!(check(json!({ "namespace": "system", "code": "dev" })).await, json!({ "isValid": true }));
    for (body, field) in [
        (json!({ "namespace": "default", "code": "dev" }), "code:"),
        (json!({ "namespace": "default", "code": "ops", "name": "developers" }), "name:"),
        (json!({ "namespace": "default", "code": "o p s" }), "code:"),
    ] {
        let said = check(body).await;
        assert_eq!((&said["isValid"], &said["message"]), (&json!(false), &json!(true)));
        assert!(said["reason"].as_str().unwrap().starts_with(field), "{said}");
    }
    admin.post("/api/v3/check-role-params", json!({ "namespace": "nowhere", "code": "a" })).await.refused(404);
}

#[tokio::test]
async fn with_an_application_its_roles_go() {
    let (server, admin) = start().await;
    let app = admin.post("/api/v3/create-application", json!({ "appName": "Shop" })).await.ok()["appId"].clone();
    let ada = user(&admin, "ada").await;
    admin.post(CREATE, json!({ "code": "clerk", "namespace": app })).await.ok();
    let target = json!([{ "targetType": "USER", "targetIdentifier": ada }]);
    let give = json!({ "code": "clerk", "namespace": app, "targets": target });
    admin.post("/api/v3/assign-role", give).await.ok();
    role(&admin, "stays").await;
    admin.post("/api/v3/delete-application", json!({ "appId": app })).await.ok();
    assert_eq!((count(&server, "roles").await, count(&server, "role_assignments").await), (1, 0));
}

#[tokio::test]
async fn a_role_is_allowed_nothing_as_long_as_there_are_no_resources() {
    let (_server, admin) = start().await;
    role(&admin, "dev").await;
    let path = "/api/v3/get-role-authorized-resources";
    let none = json!({ "totalCount": 0, "list": [] });
    assert_eq!(admin.get(&format!("{path}?code=dev&resourceType=DATA")).await.ok(), none);
    admin.get(&format!("{path}?code=ops")).await.refused(404);
    admin.get(&format!("{path}?code=dev&namespace=system")).await.refused(404);
    admin.get(&format!("{path}?code=dev&resourceType=TEA")).await.refused_at("resourceType");
}
