//! In which departments a user is: set, shown, and given with a new user.

use serde_json::{Value, json};
use watchword_domain::permission::{Grants, Permission};
use watchword_domain::{Audit, Ctx, access_key, token};
use watchword_kit::{Millis, PoolId};
use watchword_store::access_key::TABLE;
use watchword_testkit::{Client, minutes};

use super::{add, assert_tree_is_true, below, create, id, members, organization, remove, start};

async fn set(admin: &Client, user: &str, departments: Value) -> watchword_testkit::Reply {
    admin.post("/api/v3/set-user-departments", json!({ "userId": user, "departments": departments })).await
}

/// Names of the user's departments, with `*` for the main one and `!` for one that the user leads.
async fn of(admin: &Client, user: &str, more: &str) -> Vec<String> {
    let page = admin.get(&format!("/api/v3/get-user-departments?userId={user}{more}")).await.ok();
    let mark = |d: &Value, member: &str, mark| if d[member] == true { mark } else { "" };
    let list = page["list"].as_array().expect("a list");
    list.iter()
        .map(|d| {
            let name = d["name"].as_str().expect("a name");
            format!("{name}{}{}", mark(d, "isMainDepartment", "*"), mark(d, "isLeader", "!"))
        })
        .collect()
}

async fn user(admin: &Client, id: &str) -> Value {
    admin.get(&format!("/api/v3/get-user?userId={id}&withDepartmentIds=true")).await.ok()
}

#[tokio::test]
async fn a_user_is_in_the_departments_that_were_set_and_in_no_others() {
    let (server, admin, _) = start().await;
    let lab = organization(&admin, "lab").await;
    let (a, b) = (below(&admin, "root", "A").await, below(&admin, "root", "B").await);
    let ada = server.user("ada").await;
    add(&admin, &a, &[&ada]).await.ok();
    server.advance(minutes(1));
    let wish = json!([{ "departmentId": b, "isLeader": true }, { "departmentId": lab, "isMainDepartment": true }]);
    assert_eq!(set(&admin, &ada, wish).await.ok(), json!({ "success": true }));
    assert_tree_is_true(&server).await;
    assert_eq!(of(&admin, &ada, "&sortBy=DepartmentName&orderBy=Asc").await, ["B!", "Company lab*"]);
    let shown = user(&admin, &ada).await;
    assert_eq!(shown["mainDepartmentId"], lab);
    assert_eq!(shown["departmentIds"].as_array().map(Vec::len), Some(2));
    server.advance(minutes(1));
    set(&admin, &ada, json!([{ "departmentId": b }, { "departmentId": lab }, { "departmentId": a }])).await.ok();
    assert_eq!(of(&admin, &ada, "&orderBy=Desc").await[0], "A", "who stays keeps the time of joining");
    assert_eq!(of(&admin, &ada, "&sortBy=DepartmentName&orderBy=Asc").await, ["A", "B!", "Company lab*"]);
    assert_tree_is_true(&server).await;
}

#[tokio::test]
async fn there_is_one_main_department_or_none() {
    let (server, admin, _) = start().await;
    let (a, b) = (below(&admin, "root", "A").await, below(&admin, "root", "B").await);
    let ada = server.user("ada").await;
    let main = async || user(&admin, &ada).await["mainDepartmentId"].clone();
    assert_eq!(main().await, Value::Null);
    add(&admin, &a, &[&ada]).await.ok();
    assert_eq!(main().await, a, "the first");
    add(&admin, &b, &[&ada]).await.ok();
    assert_eq!(main().await, a, "stays");
    set(&admin, &ada, json!([{ "departmentId": a }, { "departmentId": b, "isMainDepartment": true }])).await.ok();
    assert_eq!(main().await, b, "was said");
    set(&admin, &ada, json!([{ "departmentId": a }, { "departmentId": b, "isMainDepartment": false }])).await.ok();
    assert_eq!(main().await, Value::Null, "was unsaid");
    set(&admin, &ada, json!([{ "departmentId": b, "isMainDepartment": true }])).await.ok();
    remove(&admin, &b, &[&ada]).await.ok();
    assert_eq!(main().await, Value::Null, "was left");
    set(&admin, &ada, json!([{ "departmentId": a, "isMainDepartment": false }, { "departmentId": b }])).await.ok();
    assert_eq!(main().await, b, "the first that was joined and may be it");
    let two = json!([{ "departmentId": a, "isMainDepartment": true }, { "departmentId": b, "isMainDepartment": true }]);
    set(&admin, &ada, two).await.refused_at("departments[1].isMainDepartment");
    assert_tree_is_true(&server).await;
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_and_changes_nothing() {
    let (server, admin, root) = start().await;
    let ada = server.user("ada").await;
    add(&admin, "root", &[&ada]).await.ok();
    set(&admin, &ada, json!([])).await.refused_at("departments");
    set(&admin, &ada, json!([{ "departmentId": root }, { "departmentId": root }]))
        .await
        .refused_at("departments[1].departmentId");
    let many: Vec<Value> = (0..51).map(|n| json!({ "departmentId": n.to_string() })).collect();
    set(&admin, &ada, json!(many)).await.refused_at("departments");
    let unknown = set(&admin, &ada, json!([{ "departmentId": root }, { "departmentId": "x" }])).await.refused(404);
    assert!(unknown["message"].as_str().is_some_and(|m| m.starts_with("departments[1].departmentId:")), "{unknown}");
    set(&admin, "nobody", json!([{ "departmentId": root }])).await.refused_with(404, 2004);
    let by_name =
        json!({ "userId": "ADA", "departments": [{ "departmentId": root }], "options": { "userIdType": "username" } });
    admin.post("/api/v3/set-user-departments", by_name).await.ok();
    assert_eq!(members(&admin, "root", "").await, ["ada"]);
}

#[tokio::test]
async fn a_users_departments_are_paged_and_sorted_and_show_their_paths() {
    let (server, admin, root) = start().await;
    let ada = server.user("ada").await;
    let mut ids = Vec::new();
    for (name, code) in [("Gamma", "c1"), ("alpha", "c3"), ("Beta", "c2")] {
        let more = json!({ "code": code, "customData": { "n": name } });
        ids.push(id(&create(&admin, "root", name, more).await.ok()));
        server.clock.advance(Millis(1));
    }
    for n in [1, 2, 0] {
        add(&admin, &ids[n], &[&ada]).await.ok();
        server.clock.advance(Millis(1));
    }
    for (sort, expected) in [
        ("", ["Gamma", "Beta", "alpha*"]),
        ("&orderBy=Asc", ["alpha*", "Beta", "Gamma"]),
        ("&sortBy=DepartmentCreatedAt&orderBy=Asc", ["Gamma", "alpha*", "Beta"]),
        ("&sortBy=DepartmentName&orderBy=Asc", ["alpha*", "Beta", "Gamma"]),
        ("&sortBy=DepartmemtCode&orderBy=Asc", ["Gamma", "Beta", "alpha*"]),
    ] {
        assert_eq!(of(&admin, &ada, sort).await, expected, "{sort}");
    }
    assert_eq!(of(&admin, &ada, "&page=2&limit=2").await, ["alpha*"]);
    let path = "/api/v3/get-user-departments?userId=ada&userIdType=username&orderBy=Asc&limit=1";
    let plain = admin.get(path).await.ok();
    assert!(plain["list"][0].get("departmentIdPath").is_none() && plain["list"][0].get("customData").is_none());
    let full = admin.get(&format!("{path}&withDepartmentPaths=true&withCustomData=true")).await.ok();
    assert_eq!(full["totalCount"], 3);
    let first = &full["list"][0];
    assert_eq!(first["departmentIdPath"], json!([root, ids[1]]));
    assert_eq!(first["departmentCodePath"], json!(["", "c3"]));
    assert_eq!(first["departmentNamePath"], json!(["Company hq", "alpha"]));
    assert_eq!((&first["customData"], &first["isRoot"]), (&json!({ "n": "alpha" }), &json!(false)));
    admin.get("/api/v3/get-user-departments?userId=nobody").await.refused_with(404, 2004);
}

#[tokio::test]
async fn new_users_join_the_departments_that_are_named_by_any_kind_of_id() {
    let (server, admin, _) = start().await;
    let a = id(&create(&admin, "root", "A", json!({ "code": "a", "openDepartmentId": "oa" })).await.ok());
    let b = id(&create(&admin, "root", "B", json!({ "code": "b" })).await.ok());
    let made = admin.post("/api/v3/create-user", json!({ "username": "ada", "departmentIds": [b, a] })).await.ok();
    assert_eq!(made["mainDepartmentId"], b);
    let ada = user(&admin, made["userId"].as_str().expect("an id")).await;
    let mut both = [a.clone(), b.clone()];
    both.sort();
    assert_eq!((&ada["departmentIds"], &ada["mainDepartmentId"]), (&json!(both), &json!(b)));
    let list = json!([{ "username": "bob", "departmentIds": ["a", "b"] }, { "username": "kim" },
        { "username": "eve", "departmentIds": ["b"] }]);
    let batch = json!({ "list": list, "options": { "departmentIdType": "code" } });
    let made = admin.post("/api/v3/create-users-batch", batch).await.ok();
    let mains: Vec<&Value> = made.as_array().expect("a list").iter().map(|u| &u["mainDepartmentId"]).collect();
    assert_eq!(mains, [&json!(a), &Value::Null, &json!(b)]);
    assert_tree_is_true(&server).await;
    let listed = admin.get("/api/v3/list-users?withDepartmentIds=true").await.ok();
    let bob = listed["list"].as_array().expect("a list").iter().find(|u| u["username"] == "bob").expect("bob");
    assert_eq!((&bob["departmentIds"], &bob["mainDepartmentId"]), (&json!(both), &json!(a)));
    let batch =
        format!("/api/v3/get-user-batch?userIds={}&withDepartmentIds=true", bob["userId"].as_str().expect("id"));
    assert_eq!(admin.get(&batch).await.ok()[0]["departmentIds"], json!(both));
    let changed = json!({ "userId": bob["userId"], "nickname": "Bobby" });
    assert_eq!(admin.post("/api/v3/update-user", changed).await.ok()["mainDepartmentId"], a);
}

#[tokio::test]
async fn a_department_that_a_new_user_cannot_join_leaves_no_user() {
    let (server, admin, root) = start().await;
    let post = async |body: Value| admin.post("/api/v3/create-user", body).await;
    let none = post(json!({ "username": "ada", "departmentIds": [root, "x"] })).await.refused(404);
    assert!(none["message"].as_str().is_some_and(|m| m.starts_with("departmentIds[1]:")), "{none}");
    post(json!({ "username": "ada", "departmentIds": [root, root] })).await.refused_at("departmentIds[1]");
    let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    post(json!({ "username": "ada", "departmentIds": many })).await.refused_at("departmentIds");
    let list = json!({ "list": [{ "username": "ada" }, { "username": "bob", "departmentIds": ["x"] }] });
    let none = admin.post("/api/v3/create-users-batch", list).await.refused(404);
    assert!(none["message"].as_str().is_some_and(|m| m.starts_with("list[1].departmentIds[0]:")), "{none}");
    assert_eq!(admin.get("/api/v3/list-users").await.ok()["totalCount"], 0);

    let ctx = Ctx::system(server.services.clone(), PoolId::new(&server.pool.id), Audit::AccessKeyCreate);
    let grants = Grants::parse(&[Permission::UserWrite.as_str().to_owned()]).expect("rights");
    let (key, _) = access_key::fresh(&ctx, "0123456789abcdef01234567", "sweep", "", &grants).expect("a key");
    let mut tx = server.services.db.write().await.expect("a unit");
    TABLE.insert(&mut tx, &key).await.expect("a row");
    tx.commit().await.expect("a commit");
    let clerk = server.anonymous().bearer(&token::issue_management(&server.services, &key, server.clock.now()));
    clerk.post("/api/v3/create-user", json!({ "username": "ada", "departmentIds": [root] })).await.refused(403);
    clerk.post("/api/v3/create-user", json!({ "username": "ada", "departmentIds": [] })).await.ok();
}
