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

async fn group(admin: &Client, code: &str, condition: Value) {
    let body = json!({ "code": code, "name": code, "description": "", "type": "dynamic", "rule": [condition] });
    admin.post("/api/v3/create-group", body).await.ok();
}

/// The user names of each of these groups, one after the other.
async fn groups(admin: &Client, codes: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for code in codes {
        let page = admin.get(&format!("/api/v3/list-group-members?code={code}&limit=50")).await.ok();
        let list = page["list"].as_array().expect("a list").iter();
        let mut names: Vec<String> = list.map(|u| u["username"].as_str().unwrap_or_default().to_owned()).collect();
        names.sort();
        all.push(names.join(" "));
    }
    all
}

fn department(operator: &str, organization: &str, id: &str, tree: bool) -> Value {
    let value = json!({ "organizationCode": organization, "departmentId": id, "includeChildrenDepartments": tree });
    json!({ "field": "department", "operator": operator, "value": value })
}

#[tokio::test]
async fn groups_whose_rule_names_a_department_follow_what_moves_and_goes() {
    let (server, admin, _) = start().await;
    let (a, b) = (below(&admin, "root", "A").await, below(&admin, "root", "B").await);
    let a1 = below(&admin, &a, "A1").await;
    let a2 = below(&admin, &a1, "A2").await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    add(&admin, &a2, &[&ada]).await.ok();
    add(&admin, &b, &[&bob]).await.ok();
    let codes = ["below-a", "below-b", "not-below-b", "in-a2", "everybody", "placed", "nowhere"];
    group(&admin, codes[0], department("EQUAL", "hq", &a, true)).await;
    group(&admin, codes[1], department("EQUAL", "hq", &b, true)).await;
    group(&admin, codes[2], department("NOT_EQUAL", "hq", &b, true)).await;
    group(&admin, codes[3], department("EQUAL", "hq", &a2, false)).await;
    group(&admin, codes[4], department("EQUAL", "hq", "root", true)).await;
    group(&admin, codes[5], json!({ "field": "department", "operator": "NOT_NULL" })).await;
    group(&admin, codes[6], json!({ "field": "department", "operator": "IS_NULL" })).await;
    let [none, one, two, both] = ["", "ada", "bob", "ada bob"];
    assert_eq!(groups(&admin, &codes).await, [one, two, one, one, both, both, none]);

    update(&admin, &a1, json!({ "parentDepartmentId": b })).await.ok();
    assert_eq!(groups(&admin, &codes).await, [none, both, none, one, both, both, none]);

    let delete = json!({ "organizationCode": "hq", "departmentId": a2 });
    admin.post("/api/v3/delete-department", delete).await.ok();
    assert_eq!(groups(&admin, &codes).await, [none, two, one, none, two, two, one]);

    admin.post("/api/v3/delete-organization", json!({ "organizationCode": "hq" })).await.ok();
    assert_eq!(groups(&admin, &codes).await, [none, none, both, none, none, none, both]);
}

#[tokio::test]
async fn a_rule_means_who_is_called_so_now() {
    let (server, admin, root) = start().await;
    let ada = server.user("ada").await;
    add(&admin, &root, &[&ada]).await.ok();
    let codes = ["hq", "lab", "open"];
    group(&admin, "hq", department("EQUAL", "hq", "root", false)).await;
    group(&admin, "lab", department("EQUAL", "lab", "root", true)).await;
    let mut open = department("EQUAL", "lab", "od-1", false);
    open["value"]["departmentIdType"] = json!("open_department_id");
    group(&admin, "open", open).await;
    let [none, one] = ["", "ada"];
    assert_eq!(groups(&admin, &codes).await, [one, none, none]);
    let change = |changes: Value| {
        let mut body = json!({ "organizationCode": "hq", "metadata": {} });
        body.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        body
    };
    let path = "/api/v3/update-organization";
    admin.post(path, change(json!({ "organizationNewCode": "lab" }))).await.ok();
    assert_eq!(groups(&admin, &codes).await, [none, one, none]);
    let named = json!({ "organizationCode": "lab", "openDepartmentId": "od-1" });
    admin.post(path, change(named)).await.ok();
    assert_eq!(groups(&admin, &codes).await, [none, one, one]);
    let named = json!({ "organizationCode": "lab", "openDepartmentId": "od-2" });
    admin.post(path, change(named)).await.ok();
    assert_eq!(groups(&admin, &codes).await, [none, one, none]);
}
