//! What is the user's own.

use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, Server, minutes};

async fn ada() -> (Server, String, Client) {
    let s = Server::start().await;
    let id = s.user("ada").await;
    let client = s.signed_in("ada").await;
    (s, id, client)
}

#[tokio::test]
async fn sign_ins_are_listed_with_those_that_failed_and_only_ones_own() {
    let (s, id, client) = ada().await;
    s.advance(minutes(1));
    s.sign_in_with("ada", json!({ "username": "ada", "password": "wrong" }), "openid").await.refused(403);
    s.signed_in_as("eve").await;
    let all = client.get("/api/v3/get-my-login-history").await.ok();
    assert_eq!(all["totalCount"], 2);
    let (failed, done) = (&all["list"][0], &all["list"][1]);
    assert_eq!((failed["success"].clone(), failed["loginMethod"].clone()), (json!(false), json!("pwd")));
    assert_eq!(failed["errorMessage"], "wrong account or password");
    assert_eq!((done["userId"].clone(), done["appId"].clone()), (json!(id), json!(s.pool.app_id)));
    assert!(done.get("errorMessage").is_none() && done["parsedUserAgent"]["os"] == "", "{done}");
    let counted = async |query: &str| {
        client.get(&format!("/api/v3/get-my-login-history?{query}")).await.ok()["totalCount"].clone()
    };
    assert_eq!((counted("success=true").await, counted("success=False").await), (json!(1), json!(1)));
    assert_eq!((counted("clientIp=192.0.2.1").await, counted("appId=none").await), (json!(0), json!(0)));
    let start = s.clock.now().0;
    assert_eq!(
        (counted(&format!("start={start}")).await, counted(&format!("end={}", start - 1)).await),
        (json!(1), json!(1))
    );
    client.get("/api/v3/get-my-login-history?limit=0").await.refused_at("limit");
}

#[tokio::test]
async fn applications_say_whether_one_is_signed_in_there() {
    let (s, _, client) = ada().await;
    let other = s.admin().await.post("/api/v3/create-application", json!({ "appName": "Other" })).await.ok();
    let other = other["appId"].as_str().expect("an id").to_owned();
    let named = |list: Value| -> Vec<(String, bool)> {
        let each = list.as_array().expect("a list").iter();
        each.map(|a| (a["appId"].as_str().expect("an id").into(), a["active"] == true)).collect()
    };
    let entered = named(client.get("/api/v3/get-my-logged-in-apps").await.ok());
    assert_eq!(entered, [(s.pool.app_id.clone(), true)]);
    let open = named(client.get("/api/v3/get-my-accessible-apps").await.ok());
    assert!(open.contains(&(s.pool.app_id.clone(), true)) && open.contains(&(other.clone(), false)), "{open:?}");
    let app = s.anonymous().header("x-authing-app-id", &other);
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": PASSWORD } });
    app.post("/api/v3/signin", body).await.ok();
    let kick = json!({ "userId": client.get("/api/v3/get-profile").await.ok()["userId"], "appIds": [other] });
    assert_eq!(named(client.get("/api/v3/get-my-logged-in-apps").await.ok()).iter().filter(|a| a.1).count(), 2);
    s.admin().await.post("/api/v3/kick-users", kick).await.ok();
    assert_eq!(named(client.get("/api/v3/get-my-logged-in-apps").await.ok()).iter().filter(|a| a.1).count(), 1);
}

#[tokio::test]
async fn roles_groups_and_departments_are_ones_own_and_name_nobody_else() {
    let (s, id, client) = ada().await;
    let admin = s.admin().await;
    let eve = s.user("eve").await;
    for code in ["reader", "writer"] {
        admin.post("/api/v3/create-role", json!({ "code": code, "name": code })).await.ok();
    }
    let target = json!([{ "targetType": "USER", "targetIdentifier": id }]);
    admin.post("/api/v3/assign-role", json!({ "code": "reader", "targets": target })).await.ok();
    let roles = client.get("/api/v3/get-my-role-list").await.ok();
    assert_eq!((roles[0]["code"].clone(), roles[1].clone()), (json!("reader"), Value::Null));
    assert_eq!(client.get("/api/v3/get-my-role-list?namespace=system").await.ok(), json!([]));
    client.get("/api/v3/get-my-role-list?namespace=none").await.refused(404);

    let group = json!({ "code": "team", "name": "Team", "description": "", "type": "static" });
    admin.post("/api/v3/create-group", group).await.ok();
    admin.post("/api/v3/add-group-members", json!({ "code": "team", "userIds": [id, eve] })).await.ok();
    let groups = client.get("/api/v3/get-my-group-list").await;
    assert_eq!(groups.ok()[0]["code"], "team");
    assert!(!groups.text.contains(&eve), "{}", groups.text);

    let organization = json!({ "organizationName": "Acme", "organizationCode": "acme" });
    let root = admin.post("/api/v3/create-organization", organization).await.ok();
    let body = json!({ "organizationCode": "acme", "departmentId": root["departmentId"], "userIds": [id] });
    admin.post("/api/v3/add-department-members", body).await.ok();
    let page = client.get("/api/v3/get-my-department-list?sortBy=DepartmentName&orderBy=Asc").await.ok();
    assert_eq!((page["totalCount"].clone(), page["list"][0]["organizationCode"].clone()), (json!(1), json!("acme")));
}

#[tokio::test]
async fn there_are_no_tenants_and_no_resources() {
    let (_s, _, client) = ada().await;
    assert_eq!(client.get("/api/v3/get-my-tenant-list").await.ok(), json!([]));
    let resources = client.get("/api/v3/get-my-authorized-resources?namespace=default&resourceType=API").await.ok();
    assert_eq!(resources, json!({ "totalCount": 0, "list": [] }));
}
