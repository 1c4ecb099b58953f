//! Roles are given and taken.

use serde_json::{Value, json};
use watchword_testkit::seconds;

use super::{count, department, give, group, holders, role, roles_of, start, target, user};

const ASSIGN: &str = "/api/v3/assign-role";
const REVOKE: &str = "/api/v3/revoke-role";

fn at(reply: &Value, field: &str) -> bool {
    reply["message"].as_str().unwrap().starts_with(&format!("{field}:"))
}

#[tokio::test]
async fn a_role_is_given_and_taken_and_doing_it_twice_changes_nothing() {
    let (server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    role(&admin, "dev").await;
    let body = json!({ "code": "dev", "targets": [target("USER", &ada), target("USER", &ada)] });
    for _ in 0..2 {
        assert_eq!(admin.post(ASSIGN, body.clone()).await.ok(), json!({ "success": true }));
    }
    assert_eq!(count(&server, "role_assignments").await, 1);
    assert_eq!(holders(&admin, "dev").await, ["ada"]);
    for _ in 0..2 {
        assert_eq!(admin.post(REVOKE, body.clone()).await.ok(), json!({ "success": true }));
    }
    assert_eq!(holders(&admin, "dev").await, [""; 0]);
}

#[tokio::test]
async fn one_unknown_target_stops_the_whole_assignment() {
    let (server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    role(&admin, "dev").await;
    department(&server, "d1", &[]).await;
    let nobody = "0".repeat(24);
    for path in [ASSIGN, REVOKE] {
        for (kind, id) in [("USER", nobody.as_str()), ("GROUP", "none"), ("ROLE", "none"), ("DEPARTMENT", "none")] {
            let body = json!({ "code": "dev", "targets": [target("USER", &ada), target(kind, id)] });
            let refused = admin.post(path, body).await.refused(404);
            assert!(at(&refused, "targets[1].targetIdentifier"), "{refused}");
            assert_eq!(refused.get("apiCode"), (kind == "USER").then(|| json!(2004)).as_ref());
        }
        let body = |code: &str, targets: Value| json!({ "code": code, "targets": targets });
        admin.post(path, body("dev", json!([]))).await.refused_at("targets");
        admin.post(path, body("dev", json!(vec![target("USER", &ada); 51]))).await.refused_at("targets");
        admin.post(path, body("dev", json!([target("PET", "x")]))).await.refused_at("targets[0].targetType");
        assert!(at(&admin.post(path, body("x", json!([target("USER", &ada)]))).await.refused(404), "code"));
    }
    assert_eq!(count(&server, "role_assignments").await, 0);
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    role(&stranger, "dev").await;
    for (kind, id) in [("USER", ada.as_str()), ("DEPARTMENT", "d1")] {
        stranger.post(ASSIGN, json!({ "code": "dev", "targets": [target(kind, id)] })).await.refused(404);
    }
}

#[tokio::test]
async fn several_roles_are_given_to_several_targets_together() {
    let (server, admin) = start().await;
    let (ada, bob) = (user(&admin, "ada").await, user(&admin, "bob").await);
    role(&admin, "dev").await;
    admin.post("/api/v3/create-role", json!({ "code": "ops", "namespace": "system" })).await.ok();
    let roles = json!([{ "code": "dev" }, { "code": "ops", "namespace": "system" }]);
    let targets = json!([target("USER", &ada), target("USER", &bob)]);
    let body = json!({ "roles": roles, "targets": targets });
    let batch = "/api/v3/assign-role-batch";
    admin.post(batch, body.clone()).await.ok();
    assert_eq!(count(&server, "role_assignments").await, 4);
    assert_eq!(holders(&admin, "dev").await, ["ada", "bob"]);
    assert_eq!(holders(&admin, "ops&namespace=system").await, ["ada", "bob"]);
    let unknown = json!({ "roles": [{ "code": "dev" }, { "code": "ops" }], "targets": targets });
    assert!(at(&admin.post(batch, unknown).await.refused(404), "roles[1].code"));
    let many = json!({ "roles": vec![json!({ "code": "dev" }); 11], "targets": targets });
    admin.post(batch, many).await.refused_at("roles");
    let many = json!({ "roles": roles, "targets": vec![target("USER", &ada); 11] });
    admin.post(batch, many.clone()).await.refused_at("targets");
    let back = "/api/v3/revoke-role-batch";
    admin.post(back, many).await.ok();
    assert_eq!(holders(&admin, "dev").await, ["bob"]);
    admin.post(back, json!({ "roles": [], "targets": targets })).await.refused_at("roles");
    admin.post(back, body).await.ok();
    assert_eq!(count(&server, "role_assignments").await, 0);
}

#[tokio::test]
async fn an_assignment_counts_from_its_beginning_to_before_its_end() {
    let (server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    role(&admin, "dev").await;
    let now = server.clock.now().0;
    let body = |from: Value, until: Value| json!({ "code": "dev", "enableTime": from, "endTime": until, "targets": [target("USER", &ada)] });
    admin.post(ASSIGN, body(json!(now + 10_000), json!(now + 20_000))).await.ok();
    let status = async || {
        let page = admin.get("/api/v3/list-role-assignments?roleCode=dev").await.ok();
        page["data"][0]["status"].as_str().unwrap().to_owned()
    };
    for (held, word) in [(false, "DISABLE"), (true, "ENABLE"), (false, "DISABLE")] {
        assert_eq!(roles_of(&admin, &ada).await.len(), usize::from(held));
        assert_eq!(holders(&admin, "dev").await.len(), usize::from(held));
        assert_eq!(super::has(&admin, &ada, json!([{ "code": "dev" }])).await, held);
        assert_eq!(status().await, word);
        server.advance(seconds(10));
    }
    admin.post(ASSIGN, body(Value::Null, Value::Null)).await.ok();
    assert_eq!(holders(&admin, "dev").await, ["ada"]);
    let now = server.clock.now().0;
    admin.post(ASSIGN, body(Value::Null, json!(now))).await.refused_at("endTime");
    admin.post(ASSIGN, body(json!(now + 20), json!(now + 20))).await.refused_at("endTime");
    admin.post(ASSIGN, body(json!(-1), Value::Null)).await.refused_at("enableTime");
    admin.post(ASSIGN, body(Value::Null, json!(i64::MAX))).await.refused_at("endTime");
}

#[tokio::test]
async fn assignments_are_listed_with_their_targets_and_times() {
    let (server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    let dev = role(&admin, "dev").await;
    role(&admin, "ops").await;
    group(&admin, "team", &[]).await;
    department(&server, "d1", &[]).await;
    let later = server.clock.now().0 + 10_000;
    let body = json!({ "code": "dev", "endTime": later, "targets": [target("USER", &ada)] });
    admin.post(ASSIGN, body).await.ok();
    for (kind, id) in [("GROUP", "team"), ("ROLE", "ops"), ("DEPARTMENT", "d1")] {
        give(&admin, "dev", kind, id).await;
    }
    give(&admin, "ops", "USER", &ada).await;
    let list = async |query: &str| admin.get(&format!("/api/v3/list-role-assignments?{query}")).await.ok();
    let all = list("roleCode=dev").await;
    assert_eq!(all["totalCount"], 4);
    let named: Vec<(&str, &str)> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["targetType"].as_str().unwrap(), a["targetIdentifier"].as_str().unwrap()))
        .collect();
    assert_eq!(named, [("DEPARTMENT", "d1"), ("GROUP", "team"), ("ROLE", "ops"), ("USER", ada.as_str())]);
    let one = &all["data"][3];
    for (name, value) in [
        ("roleId", dev["id"].clone()),
        ("roleCode", json!("dev")),
        ("roleName", json!("dev")),
        ("status", json!("ENABLE")),
        ("enableTime", Value::Null),
        ("endTime", json!(later)),
        ("userPoolId", json!(server.pool.id)),
        ("createdAt", json!("2026-01-01T00:00:00.000Z")),
    ] {
        assert_eq!(one[name], value, "{name}");
    }
    assert_eq!(list("roleCode=dev&targetType=USER").await["totalCount"], 1);
    assert_eq!(list("roleCode=dev&targetType[]=USER&targetType[]=ORG").await["totalCount"], 2);
    assert_eq!(list("roleCode=dev&query=DE").await["totalCount"], 4);
    assert_eq!(list("roleCode=dev&query=ops").await["totalCount"], 0);
    assert_eq!(list("").await["totalCount"], 5);
    assert_eq!(list("query=op").await["totalCount"], 1);
    assert_eq!(list("roleCode=dev&limit=3&page=2").await["data"].as_array().unwrap().len(), 1);
    assert_eq!(list("namespaceCode=system").await, json!({ "totalCount": 0, "data": [] }));
    let path = "/api/v3/list-role-assignments";
    assert!(at(&admin.get(&format!("{path}?roleCode=x")).await.refused(404), "roleCode"));
    let nowhere = admin.get(&format!("{path}?roleCode=dev&namespaceCode=nowhere")).await.refused(404);
    assert!(at(&nowhere, "namespaceCode"), "{nowhere}");
    admin.get(&format!("{path}?roleCode=dev&targetType=PET")).await.refused_at("targetType[0]");
    let off = json!({ "code": "dev", "newCode": "dev", "name": "dev", "status": "DISABLE" });
    admin.post("/api/v3/update-role", off).await.ok();
    let all = list("roleCode=dev").await;
    assert!(all["data"].as_array().unwrap().iter().all(|a| a["status"] == "DISABLE"), "{all}");
}

#[tokio::test]
async fn no_role_is_given_to_itself_not_even_through_others() {
    let (server, admin) = start().await;
    for code in ["a", "b", "c"] {
        role(&admin, code).await;
    }
    give(&admin, "a", "ROLE", "b").await;
    give(&admin, "b", "ROLE", "c").await;
    let circle = |code: &str, to: &str| json!({ "code": code, "targets": [target("ROLE", to)] });
    admin.post(ASSIGN, circle("a", "a")).await.refused_at("targets[0].targetIdentifier");
    admin.post(ASSIGN, circle("c", "a")).await.refused_at("targets");
    admin.post(ASSIGN, circle("b", "a")).await.refused_at("targets");
    assert_eq!(count(&server, "role_assignments").await, 2);
    give(&admin, "a", "ROLE", "c").await;
    let batch = json!({ "roles": [{ "code": "c" }], "targets": [target("ROLE", "b")] });
    admin.post("/api/v3/assign-role-batch", batch).await.refused_at("targets");
}

#[tokio::test]
async fn a_role_of_another_space_is_no_target() {
    let (_server, admin) = start().await;
    role(&admin, "dev").await;
    admin.post("/api/v3/create-role", json!({ "code": "root", "namespace": "system" })).await.ok();
    admin.post(ASSIGN, json!({ "code": "dev", "targets": [target("ROLE", "root")] })).await.refused(404);
}

#[tokio::test]
async fn who_is_deleted_is_assigned_nothing() {
    let (server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    role(&admin, "dev").await;
    give(&admin, "dev", "USER", &ada).await;
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [ada] })).await.ok();
    assert_eq!(count(&server, "role_assignments").await, 0);
}
