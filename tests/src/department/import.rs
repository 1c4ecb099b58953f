//! A tree of departments with its people in one call.

use serde_json::{Value, json};
use watchword_testkit::{Client, Reply, minutes};

use super::{TREE, add, assert_tree_is_true, below, members, organization, start};

async fn import(admin: &Client, tree: Value) -> Reply {
    admin.post("/api/v3/create-department-tree", tree).await
}

fn counts(add_user: u64, update_user: u64, add_department: u64, update_department: u64) -> Value {
    json!({ "addUser": add_user, "updateUser": update_user, "addDepartment": add_department,
        "updateDepartment": update_department })
}

#[tokio::test]
async fn a_tree_with_its_people_is_made_in_one_call_and_a_second_one_changes_nothing() {
    let (server, admin, _) = start().await;
    let tree = json!({
        "name": "研发",
        "members": { "username": "cto", "name": "Kim", "gender": "F", "city": "BJ" },
        "children": [
            "Backend",
            { "name": "Frontend", "children": ["Web", { "name": "Mobile", "members": [
                { "email": "Ada@example.com", "name": "Ada" }, { "phone": "13800138000", "name": "Bob" },
            ] }], "members": [{ "email": "ada@EXAMPLE.com" }] },
        ],
    });
    assert_eq!(import(&admin, tree.clone()).await.ok(), counts(3, 0, 5, 0));
    assert_tree_is_true(&server).await;
    let found = admin.get("/api/v3/search-organizations?keywords=研发").await.ok();
    assert_eq!((&found["totalCount"], &found["list"][0]["membersCount"]), (&json!(1), &json!(3)));
    let code = found["list"][0]["organizationCode"].as_str().expect("a code");
    let all = admin.get(&format!("/api/v3/get-all-departments?organizationCode={code}")).await.ok();
    let names: Vec<&str> = all["list"].as_array().expect("a list").iter().filter_map(|d| d["name"].as_str()).collect();
    assert_eq!(names, ["研发", "Backend", "Frontend", "Web", "Mobile"]);
    let ada = admin.get("/api/v3/get-user?userId=ada@example.com&userIdType=email&withDepartmentIds=true").await.ok();
    assert_eq!((&ada["name"], ada["departmentIds"].as_array().map(Vec::len)), (&json!("Ada"), Some(2)));
    assert_eq!(import(&admin, tree).await.ok(), counts(0, 0, 0, 0));
}

#[tokio::test]
async fn what_is_there_is_taken_and_only_what_changed_is_counted() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    add(&admin, &dev, &[&ada]).await.ok();
    server.advance(minutes(1));
    let tree = json!({ "name": "company HQ", "children": [
        { "name": "DEV", "members": [{ "username": "ADA", "city": "Paris" }, { "username": "bob" }, { "username": "eve" }],
          "children": ["Tools"] },
        { "name": "Sales", "members": { "username": "ada" } },
    ] });
    // Dev has new members and a department below it; the root has Sales.
    assert_eq!(import(&admin, tree).await.ok(), counts(1, 1, 2, 2));
    assert_tree_is_true(&server).await;
    assert_eq!(members(&admin, &dev, "&sortBy=Default&orderBy=Asc").await, ["ada", "bob", "eve"]);
    assert_eq!(members(&admin, "root", TREE).await.len(), 3);
    let changed = admin.get(&format!("/api/v3/get-user?userId={ada}")).await.ok();
    assert_eq!((&changed["city"], &changed["username"]), (&json!("Paris"), &json!("ada")));
    let untouched = admin.get(&format!("/api/v3/get-user?userId={bob}")).await.ok();
    assert_eq!(untouched["createdAt"], untouched["updatedAt"]);
}

#[tokio::test]
async fn a_user_name_goes_before_an_address_and_two_users_are_not_one_person() {
    let (_server, admin, _) = start().await;
    let user = json!({ "username": "ada", "email": "ada@example.com" });
    admin.post("/api/v3/create-user", user).await.ok();
    admin.post("/api/v3/create-user", json!({ "username": "bob", "email": "bob@example.com" })).await.ok();
    let person = |person: Value| json!({ "name": "Company hq", "members": [person] });
    let taken = import(&admin, person(json!({ "username": "ada", "email": "bob@example.com" }))).await;
    let taken = taken.refused_with(409, 2026);
    assert!(taken["message"].as_str().is_some_and(|m| m.starts_with("members[0]")), "{taken}");
    import(&admin, person(json!({ "username": "ada", "email": "new@example.com" }))).await.ok();
    let ada = admin.get("/api/v3/get-user?userId=ada&userIdType=username").await.ok();
    assert_eq!(ada["email"], "new@example.com");
}

#[tokio::test]
async fn a_tree_that_cannot_be_leaves_nothing() {
    let (_server, admin, _) = start().await;
    organization(&admin, "lab").await;
    let wrong = [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "X", "children": ["A", ""] }), "children[1]"),
        (json!({ "name": "X", "children": [{ "name": " " }] }), "children[0].name"),
        (
            json!({ "name": "X", "children": [{ "name": "A", "members": [{ "name": "Nobody" }] }] }),
            "children[0].members[0].username",
        ),
        (json!({ "name": "X", "members": { "email": "nonsense" } }), "members.email"),
    ];
    for (tree, at) in wrong {
        import(&admin, tree).await.refused_at(at);
    }
    let mut deep = json!("bottom");
    for n in 0..31 {
        deep = json!({ "name": n.to_string(), "children": [deep] });
    }
    import(&admin, deep).await.refused(400);
    import(&admin, json!({ "name": "X", "tenantId": "t" })).await.refused(501);
    assert_eq!(admin.get("/api/v3/list-organizations").await.ok()["totalCount"], 2);
    assert_eq!(admin.get("/api/v3/list-users").await.ok()["totalCount"], 0);
    let renamed = json!({ "organizationCode": "lab", "organizationName": "Company HQ" });
    admin.post("/api/v3/update-organization", renamed).await.ok();
    import(&admin, json!({ "name": "Company hq" })).await.refused(409);
}
