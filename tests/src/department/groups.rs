//! Roles given to departments, and groups whose rule names departments, follow the tree.

use serde_json::{Value, json};
use watchword_testkit::Client;

use super::{add, below, remove, start, update};

async fn roles(admin: &Client, user: &str) -> Vec<String> {
    let page = admin.get(&format!("/api/v3/get-user-roles?userId={user}")).await.ok();
    let list = page["list"].as_array().or_else(|| page.as_array()).expect("a list");
    list.iter().map(|r| r["code"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_role_of_a_department_is_held_by_whoever_is_below_it_at_the_moment() {
    let (server, admin, _) = start().await;
    let (a, b) = (below(&admin, "root", "A").await, below(&admin, "root", "B").await);
    let a1 = below(&admin, &a, "A1").await;
    let ada = server.user("ada").await;
    add(&admin, &a1, &[&ada]).await.ok();
    admin.post("/api/v3/create-role", json!({ "code": "builder", "name": "Builder" })).await.ok();
    let target = json!({ "targetType": "DEPARTMENT", "targetIdentifier": b });
    admin.post("/api/v3/assign-role", json!({ "code": "builder", "targets": [target] })).await.ok();
    assert_eq!(roles(&admin, &ada).await, Vec::<String>::new());
    update(&admin, &a1, json!({ "parentDepartmentId": b })).await.ok();
    assert_eq!(roles(&admin, &ada).await, ["builder"]);
    remove(&admin, &a1, &[&ada]).await.ok();
    assert_eq!(roles(&admin, &ada).await, Vec::<String>::new());
    add(&admin, &b, &[&ada]).await.ok();
    assert_eq!(roles(&admin, &ada).await, ["builder"]);
    update(&admin, &a1, json!({ "parentDepartmentId": a })).await.ok();
    let gone = admin.post("/api/v3/delete-department", json!({ "organizationCode": "hq", "departmentId": b })).await;
    assert_eq!(gone.ok(), json!({ "success": true }));
    assert_eq!(roles(&admin, &ada).await, Vec::<String>::new());
    let left = admin.get("/api/v3/list-role-departments?code=builder").await.ok();
    assert_eq!(left["list"], Value::Array(Vec::new()));
}
