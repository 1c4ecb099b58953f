//! Roles that nobody may hold together.

use serde_json::{Value, json};
use watchword_testkit::Client;

use super::{count, department, give, group, holders, join, role, start, target, user};

const ASSIGN: &str = "/api/v3/assign-role";
const UPDATE: &str = "/api/v3/update-role";

async fn exclude(admin: &Client, code: &str, others: &[&str]) -> Value {
    let others: Vec<Value> = others.iter().map(|c| json!({ "code": c })).collect();
    let body = json!({ "code": code, "newCode": code, "name": code, "excludes": others });
    admin.post(UPDATE, body).await.body
}

async fn exclusive(admin: &Client, codes: &[&str]) -> bool {
    let roles: Vec<Value> = codes.iter().map(|c| json!({ "code": c })).collect();
    let said = admin.post("/api/v3/check-role-mutual-exclusion", json!({ "roles": roles })).await.ok();
    said["existMutuallyExclusive"].as_bool().unwrap()
}

#[tokio::test]
async fn whether_roles_exclude_each_other_is_told_both_ways() {
    let (_server, admin) = start().await;
    for code in ["payer", "auditor", "clerk"] {
        role(&admin, code).await;
    }
    assert!(!exclusive(&admin, &["payer", "auditor", "clerk"]).await);
    assert_eq!(exclude(&admin, "payer", &["auditor"]).await["statusCode"], 200);
    assert!(exclusive(&admin, &["payer", "auditor"]).await);
    assert!(exclusive(&admin, &["auditor", "clerk", "payer"]).await);
    assert!(!exclusive(&admin, &["payer", "clerk"]).await);
    assert!(!exclusive(&admin, &["payer"]).await);
    let shown = admin.get("/api/v3/get-role?code=auditor").await.ok();
    assert_eq!(shown["excludes"], json!([{ "code": "payer", "namespace": "default" }]));
    assert_eq!(exclude(&admin, "payer", &["clerk"]).await["statusCode"], 200);
    assert!(!exclusive(&admin, &["payer", "auditor"]).await && exclusive(&admin, &["clerk", "payer"]).await);
    assert_eq!(admin.get("/api/v3/get-role?code=auditor").await.ok().get("excludes"), None);
    assert_eq!(exclude(&admin, "payer", &[]).await["statusCode"], 200);
    assert!(!exclusive(&admin, &["payer", "clerk"]).await);
    let path = "/api/v3/check-role-mutual-exclusion";
    admin.post(path, json!({ "roles": [] })).await.refused_at("roles");
    admin.post(path, json!({ "roles": [{ "code": "payer" }, { "code": "none" }] })).await.refused(404);
    let itself = exclude(&admin, "payer", &["payer"]).await;
    assert!(itself["message"].as_str().unwrap().starts_with("excludes[0]:"), "{itself}");
    assert_eq!(exclude(&admin, "payer", &["none"]).await["statusCode"], 404);
}

#[tokio::test]
async fn nobody_is_given_two_roles_that_exclude_each_other_by_whatever_way() {
    let (server, admin) = start().await;
    let (ada, bob) = (user(&admin, "ada").await, user(&admin, "bob").await);
    role(&admin, "payer").await;
    role(&admin, "chief").await;
    let body = json!({ "code": "auditor", "excludes": [{ "code": "payer" }] });
    admin.post("/api/v3/create-role", body).await.ok();
    group(&admin, "team", &[&ada]).await;
    department(&server, "d1", &[]).await;
    join(&server, &ada, &["d1"]).await;
    give(&admin, "payer", "USER", &ada).await;
    give(&admin, "chief", "USER", &ada).await;
    for (kind, id) in [("USER", ada.as_str()), ("GROUP", "team"), ("DEPARTMENT", "d1"), ("ROLE", "chief")] {
        let body = json!({ "code": "auditor", "targets": [target("USER", &bob), target(kind, id)] });
        let refused = admin.post(ASSIGN, body).await.refused(409);
        assert!(refused["message"].as_str().unwrap().starts_with("targets:"), "{refused}");
        assert_eq!(holders(&admin, "auditor").await, [""; 0], "{kind}");
    }
    let both = json!({ "roles": [{ "code": "payer" }, { "code": "auditor" }], "targets": [target("USER", &bob)] });
    admin.post("/api/v3/assign-role-batch", both).await.refused(409);
    // What gives the chief's role gives what is given to chiefs.
    let above = json!({ "code": "payer", "targets": [target("ROLE", "chief")] });
    admin.post(ASSIGN, above).await.ok();
    give(&admin, "auditor", "USER", &bob).await;
    admin.post(ASSIGN, json!({ "code": "chief", "targets": [target("USER", &bob)] })).await.refused(409);
    assert_eq!(holders(&admin, "auditor").await, ["bob"]);
}

#[tokio::test]
async fn a_group_takes_in_nobody_who_would_hold_both() {
    let (server, admin) = start().await;
    let (ada, bob) = (user(&admin, "ada").await, user(&admin, "bob").await);
    role(&admin, "payer").await;
    role(&admin, "auditor").await;
    exclude(&admin, "payer", &["auditor"]).await;
    group(&admin, "team", &[&bob]).await;
    give(&admin, "auditor", "GROUP", "team").await;
    give(&admin, "payer", "USER", &ada).await;
    let body = json!({ "code": "team", "userIds": [ada] });
    admin.post("/api/v3/add-group-members", body).await.refused(409);
    assert_eq!(count(&server, "group_members").await, 1);
}

#[tokio::test]
async fn roles_that_somebody_holds_together_cannot_exclude_each_other() {
    let (server, admin) = start().await;
    let ada = user(&admin, "ada").await;
    role(&admin, "payer").await;
    role(&admin, "auditor").await;
    group(&admin, "team", &[&ada]).await;
    give(&admin, "auditor", "GROUP", "team").await;
    give(&admin, "payer", "USER", &ada).await;
    let refused = exclude(&admin, "payer", &["auditor"]).await;
    assert_eq!(refused["statusCode"], 409);
    assert!(refused["message"].as_str().unwrap().starts_with("excludes:"), "{refused}");
    assert!(!exclusive(&admin, &["payer", "auditor"]).await);
    let away = json!({ "code": "payer", "targets": [target("USER", &ada)] });
    admin.post("/api/v3/revoke-role", away).await.ok();
    assert_eq!(exclude(&admin, "payer", &["auditor"]).await["statusCode"], 200);
    assert_eq!(count(&server, "role_exclusions").await, 2);
    admin.post("/api/v3/delete-roles-batch", json!({ "codeList": ["auditor"] })).await.ok();
    assert_eq!(count(&server, "role_exclusions").await, 0);
}
