//! Rules are followed with every change of a user.

use serde_json::{Value, json};
use watchword_testkit::PASSWORD;

use super::{codes, members, names, people, rule, start};

fn is(field: &str, operator: &str, value: Value) -> Value {
    json!([{ "field": field, "operator": operator, "value": value }])
}

#[tokio::test]
async fn a_new_rule_finds_those_who_are_there_and_a_changed_one_others() {
    let (_server, admin) = start().await;
    let list: Vec<Value> = [("ada", "Acme"), ("bob", "Acme"), ("cy", "Zeta")]
        .map(|(n, c)| json!({ "username": n, "company": c }))
        .to_vec();
    admin.post("/api/v3/create-users-batch", json!({ "list": list })).await.ok();
    let made = rule(&admin, "acme", is("company", "EQUAL", json!("Acme"))).await;
    assert_eq!(names(&made["members"]).len(), 2);
    assert_eq!(members(&admin, "acme").await, ["ada", "bob"]);
    let change = json!({ "code": "acme", "rule": is("company", "CONTAINS", json!("ET")) });
    admin.post("/api/v3/update-group", change).await.ok();
    assert_eq!(members(&admin, "acme").await, ["cy"]);
    admin.post("/api/v3/update-group", json!({ "code": "acme", "name": "Zeta" })).await.ok();
    assert_eq!(members(&admin, "acme").await, ["cy"]);
    let body = json!({ "code": "acme", "name": "All", "description": "", "type": "dynamic",
        "rule": is("username", "NOT_NULL", Value::Null) });
    admin.post("/api/v3/create-or-update-group", body).await.ok();
    assert_eq!(members(&admin, "acme").await, ["ada", "bob", "cy"]);
}

#[tokio::test]
async fn members_follow_creation_change_status_and_deletion() {
    let (_server, admin) = start().await;
    rule(&admin, "active", is("status", "EQUAL", json!("Activated"))).await;
    rule(&admin, "tall", is("height", "GREATER", json!(180))).await;
    rule(&admin, "proven", is("emailVerified", "EQUAL", json!(true))).await;
    let body = json!({ "username": "ada", "customData": { "height": 190 } });
    let ada = admin.post("/api/v3/create-user", body).await.ok()["userId"].as_str().unwrap().to_owned();
    people(&admin, &["bob", "cy"]).await;
    assert_eq!(members(&admin, "active").await, ["ada", "bob", "cy"]);
    assert_eq!(members(&admin, "tall").await, ["ada"]);
    let change = json!({ "userId": ada, "status": "Suspended", "customData": { "height": 170 },
        "email": "ada@example.com", "emailVerified": true });
    admin.post("/api/v3/update-user", change).await.ok();
    assert_eq!(members(&admin, "active").await, ["bob", "cy"]);
    assert_eq!(members(&admin, "tall").await, [""; 0]);
    assert_eq!(members(&admin, "proven").await, ["ada"]);
    let list = json!([{ "userId": ada, "status": "Activated", "emailVerified": false }]);
    admin.post("/api/v3/update-user-batch", json!({ "list": list })).await.ok();
    assert_eq!(members(&admin, "active").await, ["ada", "bob", "cy"]);
    assert_eq!(members(&admin, "proven").await, [""; 0]);
    let groups = admin.get(&format!("/api/v3/get-user-groups?userId={ada}")).await.ok();
    assert_eq!(codes(&groups["list"]), ["active"]);
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [ada] })).await.ok();
    assert_eq!(members(&admin, "active").await, ["bob", "cy"]);
}

#[tokio::test]
async fn who_leaves_stays_only_where_a_rule_still_holds() {
    let (_server, admin) = start().await;
    rule(&admin, "active", is("status", "EQUAL", json!("Activated"))).await;
    rule(&admin, "resigned", is("status", "EQUAL", json!("Resigned"))).await;
    rule(&admin, "named", is("username", "NOT_NULL", Value::Null)).await;
    let ids = people(&admin, &["ada", "bob"]).await;
    admin.post("/api/v3/resign-user", json!({ "userId": ids[0] })).await.ok();
    admin.post("/api/v3/update-user", json!({ "userId": ids[1], "status": "Resigned" })).await.ok();
    assert_eq!(members(&admin, "active").await, [""; 0]);
    assert_eq!(members(&admin, "resigned").await, ["ada", "bob"]);
    assert_eq!(members(&admin, "named").await, ["ada", "bob"]);
}

#[tokio::test]
async fn a_rule_may_name_identities_and_follows_links() {
    let (_server, admin) = start().await;
    rule(&admin, "lark", is("identity", "EQUAL", json!({ "extIdpId": "idp" }))).await;
    let ids = people(&admin, &["ada"]).await;
    let link = json!({ "extIdpId": "idp", "userIdInIdp": "ou_a", "userId": ids[0], "type": "openid",
        "provider": "lark" });
    admin.post("/api/v3/link-identity", link).await.ok();
    assert_eq!(members(&admin, "lark").await, ["ada"]);
    admin.post("/api/v3/unlink-identity", json!({ "extIdpId": "idp", "userId": ids[0] })).await.ok();
    assert_eq!(members(&admin, "lark").await, [""; 0]);
}

#[tokio::test]
async fn a_refused_change_moves_nobody() {
    let (_server, admin) = start().await;
    rule(&admin, "acme", is("company", "EQUAL", json!("Acme"))).await;
    let ids = people(&admin, &["ada", "bob"]).await;
    let list = json!([{ "userId": ids[0], "company": "Acme" }, { "userId": ids[1], "birthdate": "never" }]);
    admin.post("/api/v3/update-user-batch", json!({ "list": list })).await.refused(400);
    assert_eq!(members(&admin, "acme").await, [""; 0]);
}

#[tokio::test]
async fn a_rule_may_name_what_a_sign_in_changes() {
    let (server, admin) = start().await;
    rule(&admin, "seen", is("loginsCount", "GREATER", json!(1))).await;
    rule(&admin, "never", is("lastLogin", "IS_NULL", Value::Null)).await;
    server.user("ada").await;
    server.user("bob").await;
    assert_eq!(members(&admin, "never").await, ["ada", "bob"]);
    server.sign_in("ada").await.ok();
    assert_eq!(members(&admin, "seen").await, ["ada"]);
    assert_eq!(members(&admin, "never").await, ["bob"]);
    let wrong = json!({ "username": "bob", "password": format!("{PASSWORD}!") });
    server.sign_in_with("bob", wrong, "openid").await.refused(403);
    assert_eq!(members(&admin, "seen").await, ["ada"]);
}

#[tokio::test]
async fn a_rule_that_cannot_be_followed_is_refused_at_its_place() {
    let (_server, admin) = start().await;
    let good = json!({ "field": "username", "operator": "NOT_NULL" });
    let body =
        |bad: Value| json!({ "code": "dev", "name": "dev", "description": "", "type": "dynamic", "rule": [good, bad] });
    for (field, bad) in [
        ("field", json!({ "field": "updatedAt", "operator": "GREATER", "value": "2020-01-01" })),
        ("field", json!({ "field": "loggedInApps", "operator": "IN", "value": ["x"] })),
        ("field", json!({ "field": "group", "operator": "IN", "value": ["x"] })),
        ("operator", json!({ "field": "status", "operator": "GREATER", "value": "x" })),
        ("value", json!({ "field": "loginsCount", "operator": "EQUAL", "value": "many" })),
    ] {
        admin.post("/api/v3/create-group", body(bad.clone())).await.refused_at(&format!("rule[1].{field}"));
        let list = json!({ "list": [body(bad)] });
        admin.post("/api/v3/create-groups-batch", list).await.refused_at(&format!("list[0].rule[1].{field}"));
    }
    let many: Vec<Value> = (0..21).map(|_| good.clone()).collect();
    let many = json!({ "code": "dev", "name": "dev", "description": "", "type": "dynamic", "rule": many });
    admin.post("/api/v3/create-group", many).await.refused_at("rule");
    assert_eq!(admin.get("/api/v3/get-all-groups").await.ok(), json!([]));
}

#[tokio::test]
async fn one_pools_rule_takes_in_nobody_of_another() {
    let (server, admin) = start().await;
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    rule(&admin, "all", is("username", "NOT_NULL", Value::Null)).await;
    people(&stranger, &["eve"]).await;
    people(&admin, &["ada"]).await;
    assert_eq!(members(&admin, "all").await, ["ada"]);
    rule(&stranger, "all", is("username", "NOT_NULL", Value::Null)).await;
    assert_eq!(members(&stranger, "all").await, ["eve"]);
}

/// A rule that comes while users come: whichever is first, the other sees it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rule_and_users_that_come_at_the_same_moment_find_each_other() {
    let (server, admin) = start().await;
    let node = server.second_node().await;
    let second = node.admin().await;
    let users = async {
        for n in 0..20 {
            admin.post("/api/v3/create-user", json!({ "username": format!("u{n:02}") })).await.ok();
        }
    };
    let groups = async {
        for n in 0..5 {
            rule(&second, &format!("g{n}"), is("username", "NOT_NULL", Value::Null)).await;
        }
    };
    futures_util::future::join(users, groups).await;
    for n in 0..5 {
        assert_eq!(members(&admin, &format!("g{n}")).await.len(), 20, "g{n}");
    }
}
