//! Who holds what: directly, and through groups, departments and other roles.

use serde_json::{Value, json};

use super::{department, give, group, has, holders, join, role, roles_of, start, target, user};

#[tokio::test]
async fn a_role_is_inherited_through_groups_departments_and_roles_and_said_to_be() {
    let (server, admin) = start().await;
    let mut ids = Vec::new();
    for name in ["ada", "bob", "cy", "dan", "eve"] {
        ids.push(user(&admin, name).await);
    }
    let [ada, bob, cy, dan, eve] = ids.as_slice() else { panic!("five users") };
    role(&admin, "reader").await;
    role(&admin, "writer").await;
    group(&admin, "team", &[bob, ada]).await;
    department(&server, "d1", &[]).await;
    department(&server, "d2", &["d1"]).await;
    join(&server, cy, &["d2", "d1"]).await;
    give(&admin, "reader", "USER", ada).await;
    give(&admin, "reader", "GROUP", "team").await;
    give(&admin, "reader", "DEPARTMENT", "d1").await;
    give(&admin, "reader", "ROLE", "writer").await;
    give(&admin, "writer", "USER", dan).await;
    assert_eq!(holders(&admin, "reader").await, ["ada", "bob*", "cy*", "dan*"]);
    assert_eq!(holders(&admin, "writer").await, ["dan"]);
    for (user, held) in
        [(ada, vec!["reader"]), (bob, vec!["reader*"]), (cy, vec!["reader*"]), (dan, vec!["reader*", "writer"])]
    {
        assert_eq!(roles_of(&admin, user).await, held);
        assert!(has(&admin, user, json!([{ "code": "none" }, { "code": "reader", "namespace": "default" }])).await);
    }
    assert_eq!(roles_of(&admin, eve).await, [""; 0]);
    assert!(!has(&admin, eve, json!([{ "code": "reader" }, { "code": "writer" }])).await);
    assert!(!has(&admin, ada, json!([{ "code": "writer" }])).await);
    admin.post("/api/v3/remove-group-members", json!({ "code": "team", "userIds": [ada, bob] })).await.ok();
    assert_eq!(holders(&admin, "reader").await, ["ada", "cy*", "dan*"]);
}

#[tokio::test]
async fn a_disabled_role_gives_nobody_anything_also_not_what_is_given_to_it() {
    let (_server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    role(&admin, "reader").await;
    role(&admin, "writer").await;
    give(&admin, "reader", "ROLE", "writer").await;
    give(&admin, "writer", "USER", &ada).await;
    assert_eq!(roles_of(&admin, &ada).await, ["reader*", "writer"]);
    let switch = async |code: &str, status: &str| {
        let body = json!({ "code": code, "newCode": code, "name": code, "status": status });
        admin.post("/api/v3/update-role", body).await.ok();
    };
    switch("writer", "DISABLE").await;
    assert_eq!(roles_of(&admin, &ada).await, [""; 0]);
    assert_eq!(holders(&admin, "reader").await, [""; 0]);
    switch("writer", "ENABLE").await;
    switch("reader", "DISABLE").await;
    assert_eq!(roles_of(&admin, &ada).await, ["writer"]);
    assert_eq!(holders(&admin, "reader").await, [""; 0]);
}

#[tokio::test]
async fn roles_of_a_user_are_those_of_one_space() {
    let (server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    let app = server.pool.app_id.clone();
    for space in ["default", &app] {
        admin.post("/api/v3/create-role", json!({ "code": "clerk", "namespace": space })).await.ok();
    }
    let body = json!({ "code": "clerk", "namespace": app, "targets": [target("USER", &ada)] });
    admin.post("/api/v3/assign-role", body).await.ok();
    assert_eq!(roles_of(&admin, &ada).await, [""; 0]);
    assert_eq!(roles_of(&admin, &format!("{ada}&namespace={app}")).await, ["clerk"]);
    assert_eq!(roles_of(&admin, &format!("ada&userIdType=username&namespace={app}")).await, ["clerk"]);
    assert!(!has(&admin, &ada, json!([{ "code": "clerk" }])).await);
    assert!(has(&admin, &ada, json!([{ "code": "clerk", "namespace": app }])).await);
    let by_name = json!({ "userId": "ada", "roles": [{ "code": "clerk", "namespace": app }],
        "options": { "userIdType": "username" } });
    assert_eq!(admin.post("/api/v3/has-any-role", by_name).await.ok(), json!({ "hasAnyRole": true }));
    admin.get("/api/v3/get-user-roles?userId=nobody").await.refused_with(404, 2004);
    admin.get(&format!("/api/v3/get-user-roles?userId={ada}&namespace=nowhere")).await.refused(404);
    let any = |user: &str, roles: Value| json!({ "userId": user, "roles": roles });
    let path = "/api/v3/has-any-role";
    admin.post(path, any("nobody", json!([{ "code": "a" }]))).await.refused_with(404, 2004);
    admin.post(path, any(&ada, json!([]))).await.refused_at("roles");
    admin.post(path, any(&ada, json!([{ "code": "a", "namespace": "nowhere" }]))).await.refused(404);
}

#[tokio::test]
async fn holders_are_paged_without_repeating_anyone_who_comes_twice() {
    let (_server, admin) = start().await;
    let mut ids = Vec::new();
    for n in 0..9 {
        ids.push(user(&admin, &format!("u{n}")).await);
    }
    role(&admin, "reader").await;
    group(&admin, "one", &ids[..6].iter().collect::<Vec<_>>()).await;
    group(&admin, "two", &ids[3..].iter().collect::<Vec<_>>()).await;
    give(&admin, "reader", "GROUP", "one").await;
    give(&admin, "reader", "GROUP", "two").await;
    give(&admin, "reader", "USER", &ids[4]).await;
    let mut seen = Vec::new();
    for page in 1..=3 {
        let query = format!("code=reader&limit=4&page={page}&withCustomData=true&withIdentities=true");
        let reply = admin.get(&format!("/api/v3/list-role-members?{query}&withDepartmentIds=true")).await.ok();
        assert_eq!(reply["totalCount"], 9);
        for user in reply["list"].as_array().unwrap() {
            assert!(
                user["customData"].is_object() && user["identities"].is_array() && user["departmentIds"].is_array()
            );
            seen.push(user["userId"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(seen, ids);
    admin.get("/api/v3/list-role-members?code=reader&limit=51").await.refused_at("limit");
    admin.get("/api/v3/list-role-members?code=nobody").await.refused(404);
}

#[tokio::test]
async fn many_groups_are_one_list_of_holders() {
    let (_server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    role(&admin, "reader").await;
    let codes: Vec<String> = (0..60).map(|n| format!("g{n}")).collect();
    for part in codes.chunks(30) {
        let one = |c: &String| json!({ "code": c, "name": c, "description": "", "type": "static" });
        let list: Vec<Value> = part.iter().map(one).collect();
        admin.post("/api/v3/create-groups-batch", json!({ "list": list })).await.ok();
        let targets: Vec<Value> = part.iter().map(|c| target("GROUP", c)).collect();
        admin.post("/api/v3/assign-role", json!({ "code": "reader", "targets": targets })).await.ok();
    }
    for code in [&codes[0], &codes[59]] {
        admin.post("/api/v3/add-group-members", json!({ "code": code, "userIds": [ada] })).await.ok();
    }
    assert_eq!(holders(&admin, "reader").await, ["ada*"]);
}

#[tokio::test]
async fn the_departments_of_a_role_are_listed() {
    let (server, admin) = start().await;
    role(&admin, "reader").await;
    for id in ["d1", "d2", "d3"] {
        department(&server, id, &[]).await;
        give(&admin, "reader", "DEPARTMENT", id).await;
    }
    let list = async |query: &str| admin.get(&format!("/api/v3/list-role-departments?code=reader{query}")).await.ok();
    let all = list("").await;
    assert_eq!(all["totalCount"], 3);
    assert_eq!(all["list"][0], json!({ "id": "d1", "code": "", "name": "Department d1", "description": "" }));
    assert_eq!(list("&limit=2&page=2").await["list"][0]["id"], "d3");
    admin.get("/api/v3/list-role-departments?code=nobody").await.refused(404);
    let later = server.clock.now().0 + 10_000;
    let body = json!({ "code": "reader", "enableTime": later, "targets": [target("DEPARTMENT", "d1")] });
    admin.post("/api/v3/assign-role", body).await.ok();
    assert_eq!(list("").await["totalCount"], 2);
}
