//! Which department an id means, and what is shown of it.

use serde_json::{Value, json};
use watchword_store::Val;
use watchword_testkit::{Client, Server};

use super::{add, below, create, get, id, organization, start};

async fn by(admin: &Client, query: &str) -> watchword_testkit::Reply {
    admin.get(&format!("/api/v3/get-department?{query}")).await
}

/// What synchronisation would write.
async fn synchronised(server: &Server, department: &str, provider: &str, their_id: &str) {
    let mut tx = server.services.db.write().await.expect("a unit");
    let sql = String::from(
        "INSERT INTO department_sync_relations (pool_id, provider, id_in_idp, department_id, info_in_idp, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let info = r#"{"name":"Entwicklung"}"#;
    let vals: [Val; 6] =
        [server.pool.id.clone().into(), provider.into(), their_id.into(), department.into(), info.into(), 1.into()];
    tx.run(&sql, &vals).await.expect("a row");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn a_department_is_found_by_each_kind_of_id() {
    let (server, admin, root) = start().await;
    let more = json!({ "code": "dev", "openDepartmentId": "ou_1", "customData": { "cost": "C-7", "floor": 3 } });
    let dev = id(&create(&admin, "root", "Dev", more).await.ok());
    synchronised(&server, &dev, "lark", "od:1").await;
    for query in [
        format!("organizationCode=hq&departmentId={dev}"),
        format!("departmentId={dev}"),
        "organizationCode=hq&departmentCode=dev".into(),
        "departmentCode=dev".into(),
        format!("organizationCode=hq&departmentId={dev}&departmentCode=dev"),
        "organizationCode=hq&departmentId=dev&departmentIdType=code".into(),
        "organizationCode=hq&departmentId=ou_1&departmentIdType=open_department_id".into(),
        "organizationCode=hq&departmentId=lark:od:1&departmentIdType=sync_relation".into(),
        "organizationCode=hq&departmentId=cost:c-7&departmentIdType=custom_field".into(),
        "organizationCode=hq&departmentId=floor:3&departmentIdType=custom_field".into(),
    ] {
        assert_eq!(by(&admin, &query).await.ok()["departmentId"], dev, "{query}");
    }
    for query in [
        format!("organizationCode=hq&departmentId={dev}&departmentIdType=code"),
        format!("organizationCode=none&departmentId={dev}"),
        format!("organizationCode=hq&departmentId={root}&departmentCode=dev"),
        "organizationCode=hq&departmentId=ou_1".into(),
        "organizationCode=hq&departmentId=dingtalk:od:1&departmentIdType=sync_relation".into(),
        "organizationCode=hq&departmentId=cost:c-8&departmentIdType=custom_field".into(),
        "organizationCode=hq&departmentId=cost&departmentIdType=custom_field".into(),
    ] {
        by(&admin, &query).await.refused(404);
    }
    by(&admin, "organizationCode=hq").await.refused_at("departmentId");
    by(&admin, "departmentId=root").await.refused_at("organizationCode");
    let one = admin.get(&format!("/api/v3/get-department-by-id?departmentId={dev}&withCustomData=true")).await.ok();
    assert_eq!(one["customData"], json!({ "cost": "C-7", "floor": 3 }));
    admin.get("/api/v3/get-department-by-id?departmentId=root").await.refused(404);
}

#[tokio::test]
async fn the_root_is_root_and_other_trees_have_their_own_codes() {
    let (_server, admin, root) = start().await;
    let other = organization(&admin, "lab").await;
    assert_eq!(by(&admin, "organizationCode=hq&departmentId=root").await.ok()["departmentId"], root);
    assert_eq!(
        by(&admin, "organizationCode=lab&departmentId=root&departmentIdType=code").await.ok()["departmentId"],
        other
    );
    by(&admin, &format!("organizationCode=lab&departmentId={root}")).await.refused(404);
    create(&admin, "root", "Dev", json!({ "code": "dev" })).await.ok();
    let body = json!({ "organizationCode": "lab", "parentDepartmentId": "root", "name": "Dev", "code": "dev" });
    admin.post("/api/v3/create-department", body).await.ok();
    by(&admin, "departmentCode=dev").await.refused(409);
    assert_eq!(by(&admin, "organizationCode=lab&departmentCode=dev").await.ok()["organizationCode"], "lab");
}

#[tokio::test]
async fn a_department_shows_its_place_its_people_and_no_more_than_was_asked_for() {
    let (server, admin, root) = start().await;
    let more = json!({ "code": "dev", "description": "We build", "isVirtualNode": true,
        "customData": { "cost": "C-7", "name": "shadow" },
        "i18n": { "name": { "en-US": { "enabled": true, "value": "Development" } } } });
    let dev = id(&create(&admin, "root", "开发部", more).await.ok());
    let ops = below(&admin, &dev, "Ops").await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    add(&admin, &dev, &[&ada]).await.ok();
    add(&admin, &ops, &[&bob]).await.ok();
    super::update(&admin, &dev, json!({ "leaderUserIds": [ada] })).await.ok();
    let shown = get(&admin, &dev).await;
    assert_eq!(shown["membersCount"], 1, "only its own members");
    assert_eq!(shown["leaderUserIds"], json!([ada]));
    assert_eq!(
        (&shown["hasChildren"], &shown["isVirtualNode"], &shown["status"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!((&shown["parentDepartmentId"], &shown["parentDepartmentCode"]), (&json!(root), &Value::Null));
    assert_eq!((&shown["name"], &shown["description"]), (&json!("开发部"), &json!("We build")));
    assert_eq!(shown["i18n"]["name"]["en-US"]["value"], "Development");
    assert!(shown.get("customData").is_none() && shown.get("cost").is_none(), "{shown}");
    let below_it = get(&admin, &ops).await;
    assert_eq!((&below_it["parentDepartmentCode"], &below_it["hasChildren"]), (&json!("dev"), &json!(false)));
    let flat =
        by(&admin, &format!("organizationCode=hq&departmentId={dev}&flatCustomData=true&withCustomData=true")).await;
    assert_eq!((&flat.ok()["cost"], &flat.ok()["name"]), (&json!("C-7"), &json!("开发部")));
    assert_eq!(flat.ok()["customData"]["name"], "shadow");
    let parent = format!("/api/v3/get-parent-department?organizationCode=hq&departmentId={ops}");
    assert_eq!(admin.get(&parent).await.ok()["departmentId"], dev);
    admin.get("/api/v3/get-parent-department?organizationCode=hq&departmentId=root").await.refused(404);
}

#[tokio::test]
async fn an_organisation_counts_everybody_once() {
    let (server, admin, _) = start().await;
    let (dev, ops) = (below(&admin, "root", "Dev").await, below(&admin, "root", "Ops").await);
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    add(&admin, &dev, &[&ada, &bob]).await.ok();
    add(&admin, &ops, &[&ada]).await.ok();
    let shown = admin.get("/api/v3/get-organization?organizationCode=hq").await.ok();
    assert_eq!((&shown["membersCount"], &shown["hasChildren"]), (&json!(2), &json!(true)));
    assert_eq!(get(&admin, "root").await["membersCount"], 0);
}

#[tokio::test]
async fn sync_relations_are_shown_and_forgotten_by_provider() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    synchronised(&server, &dev, "lark", "od-1").await;
    synchronised(&server, &dev, "ldap", "ou=dev").await;
    let path = format!("/api/v3/get-department-sync-relations?organizationCode=hq&departmentId={dev}");
    let listed = admin.get(&path).await.ok();
    let lark = json!({ "provider": "lark", "userIdInIdp": "od-1", "userInfoInIdp": { "name": "Entwicklung" } });
    assert_eq!((&listed[0], listed.as_array().map(Vec::len)), (&lark, Some(2)));
    assert_eq!(admin.get("/api/v3/get-department-sync-relations?organizationCode=hq").await.ok(), json!([]));
    let forget = json!({ "organizationCode": "hq", "departmentId": dev, "provider": "lark" });
    for _ in 0..2 {
        admin.post("/api/v3/delete-department-sync-relations", forget.clone()).await.ok();
    }
    let left = admin.get(&path).await.ok();
    assert_eq!((&left[0]["provider"], left.as_array().map(Vec::len)), (&json!("ldap"), Some(1)));
    admin
        .get("/api/v3/get-department?organizationCode=hq&departmentId=lark:od-1&departmentIdType=sync_relation")
        .await
        .refused(404);
}

#[tokio::test]
async fn tenants_are_refused_wherever_they_are_named() {
    let (_server, admin, root) = start().await;
    for path in ["get-department", "list-children-departments", "list-department-members", "get-parent-department"] {
        let reply = admin.get(&format!("/api/v3/{path}?organizationCode=hq&departmentId={root}&tenantId=t")).await;
        let refused = reply.refused(501);
        assert!(refused["message"].as_str().is_some_and(|m| m.starts_with("tenantId:")), "{path}: {refused}");
    }
    create(&admin, "root", "Dev", json!({ "tenantId": "t" })).await.refused(501);
    create(&admin, "root", "Dev", json!({ "tenantId": "" })).await.ok();
}
