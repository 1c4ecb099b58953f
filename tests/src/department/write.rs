//! Making, changing and deleting departments.

use serde_json::{Value, json};
use watchword_store::Val;
use watchword_testkit::{Server, minutes};

use super::{TREE, add, assert_tree_is_true, below, count, create, get, id, members, organization, start, update};

/// A post, as the module of posts would write it.
async fn post(server: &Server, id: &str) {
    let mut tx = server.services.db.write().await.expect("a unit");
    let sql = String::from(
        "INSERT INTO posts (pool_id, id, code, name, name_key, description, custom_data, created_at, updated_at)
         VALUES ($1, $2, $2, $2, $2, NULL, '{}', 1, 1)",
    );
    tx.run(&sql, &[Val::from(server.pool.id.clone()), id.into()]).await.expect("a row");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_its_member() {
    let (_server, admin, _) = start().await;
    create(&admin, "root", "Dev", json!({ "code": "dev", "openDepartmentId": "o1" })).await.ok();
    create(&admin, "root", " ", json!({})).await.refused_at("name");
    create(&admin, "root", &"x".repeat(257), json!({})).await.refused_at("name");
    create(&admin, "root", "X", json!({ "code": "" })).await.refused_at("code");
    create(&admin, "root", "X", json!({ "code": "root" })).await.refused_at("code");
    create(&admin, "root", "X", json!({ "openDepartmentId": "root" })).await.refused_at("openDepartmentId");
    create(&admin, "root", "X", json!({ "description": "x".repeat(1025) })).await.refused_at("description");
    create(&admin, "root", "X", json!({ "customData": { "": 1 } })).await.refused_at("customData");
    create(&admin, "root", "X", json!({ "metadata": { "a": 1 } })).await.refused(501);
    for (more, at) in [(json!({ "code": "dev" }), "code:"), (json!({ "openDepartmentId": "o1" }), "openDepartmentId:")]
    {
        let taken = create(&admin, "root", "X", more).await.refused(409);
        assert!(taken["message"].as_str().is_some_and(|m| m.starts_with(at)), "{taken}");
    }
    let unknown = create(&admin, "nowhere", "X", json!({})).await.refused(404);
    assert!(unknown["message"].as_str().is_some_and(|m| m.starts_with("parentDepartmentId:")), "{unknown}");
    let all = admin.get("/api/v3/get-all-departments?organizationCode=hq").await.ok();
    assert_eq!(all["totalCount"], 2, "nothing of what was refused is there");
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_null_clears() {
    let (server, admin, _) = start().await;
    let more = json!({ "code": "dev", "description": "d", "customData": { "a": 1, "b": 2 },
        "i18n": { "name": { "en-US": { "enabled": true, "value": "Dev" } } } });
    let dev = id(&create(&admin, "root", "Dev", more).await.ok());
    server.advance(minutes(1));
    let change = json!({ "name": "Development", "customData": { "b": null, "c": "x" }, "status": false,
        "i18n": { "name": { "ja-JP": { "enabled": true, "value": "開発" } } } });
    let changed = update(&admin, &dev, change).await.ok();
    assert_eq!(
        (&changed["name"], &changed["code"], &changed["description"]),
        (&json!("Development"), &json!("dev"), &json!("d"))
    );
    assert_eq!((&changed["customData"], &changed["status"]), (&json!({ "a": 1, "c": "x" }), &json!(false)));
    assert_eq!(changed["i18n"]["name"]["en-US"]["value"], "Dev");
    assert_eq!(changed["i18n"]["name"]["ja-JP"]["value"], "開発");
    assert_eq!(changed["updatedAt"], server.clock.now().iso());
    let read = admin.get(&format!("/api/v3/get-department-by-id?departmentId={dev}&withCustomData=true")).await.ok();
    assert_eq!(read, changed);
    let by_value = "/api/v3/get-department?organizationCode=hq&departmentIdType=custom_field&departmentId=";
    assert_eq!(admin.get(&format!("{by_value}c:X")).await.ok()["departmentId"], dev);
    admin.get(&format!("{by_value}b:2")).await.refused(404);
    let cleared = json!({ "code": null, "description": null, "i18n": null, "customData": null });
    let cleared = update(&admin, &dev, cleared).await.ok();
    assert_eq!((&cleared["code"], &cleared["i18n"], &cleared["customData"]), (&Value::Null, &Value::Null, &json!({})));
    admin.get(&format!("{by_value}c:x")).await.refused(404);
    let on = json!({ "departmentId": dev, "status": true });
    assert_eq!(admin.post("/api/v3/update-department-status", on).await.ok()["status"], true);
    assert_eq!(get(&admin, &dev).await["status"], true);
    admin.post("/api/v3/update-department-status", json!({ "departmentId": "x", "status": true })).await.refused(404);
}

#[tokio::test]
async fn leaders_are_members_and_exactly_those_who_were_named() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    add(&admin, &dev, &[&ada, &bob]).await.ok();
    let led = async |leaders: Value| update(&admin, &dev, json!({ "leaderUserIds": leaders })).await;
    assert_eq!(led(json!([ada])).await.ok()["leaderUserIds"], json!([ada]));
    let two = led(json!([eve, bob])).await.ok();
    let two: std::collections::BTreeSet<&str> =
        two["leaderUserIds"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(two, [bob.as_str(), eve.as_str()].into());
    assert_eq!(members(&admin, "root", TREE).await.len(), 3, "eve has joined");
    assert_eq!(led(json!([])).await.ok()["leaderUserIds"], json!([]));
    let refused = led(json!([ada, "nobody"])).await.refused_with(404, 2004);
    assert!(refused["message"].as_str().is_some_and(|m| m.starts_with("leaderUserIds[1]:")), "{refused}");
    assert_tree_is_true(&server).await;
}

#[tokio::test]
async fn posts_of_a_department_are_those_that_were_named_last() {
    let (server, admin, _) = start().await;
    for name in ["p1", "p2", "p3"] {
        post(&server, name).await;
    }
    let dev = id(&create(&admin, "root", "Dev", json!({ "postIdList": ["p1", "p2"] })).await.ok());
    assert_eq!(get(&admin, &dev).await["postIdList"], json!(["p1", "p2"]));
    let changed = update(&admin, &dev, json!({ "postIdList": ["p3", "p2"] })).await.ok();
    assert_eq!((&changed["postIdList"], &changed["posts"]), (&json!(["p2", "p3"]), &json!(["p2", "p3"])));
    let none = update(&admin, &dev, json!({ "postIdList": ["p1", "p9"] })).await.refused(404);
    assert!(none["message"].as_str().is_some_and(|m| m.starts_with("postIdList[1]:")), "{none}");
    assert_eq!(get(&admin, &dev).await["postIdList"], json!(["p2", "p3"]));
    let body = json!({ "organizationCode": "hq", "postIdList": ["p1"] });
    assert_eq!(admin.post("/api/v3/update-organization", body).await.ok()["postIdList"], json!(["p1"]));
    admin.post("/api/v3/delete-department", json!({ "organizationCode": "hq", "departmentId": dev })).await.ok();
    assert_eq!(count(&server, "post_departments", "TRUE").await, 1);
}

#[tokio::test]
async fn a_department_with_others_below_it_stays_and_a_leaf_goes_with_everything_that_was_its() {
    let (server, admin, root) = start().await;
    let dev = id(&create(&admin, "root", "Dev", json!({ "customData": { "a": 1 } })).await.ok());
    let ops = below(&admin, &dev, "Ops").await;
    let ada = server.user("ada").await;
    add(&admin, &dev, &[&ada]).await.ok();
    let mut tx = server.services.db.write().await.expect("a unit");
    for sql in [
        "INSERT INTO role_assignments (pool_id, role_id, target_type, target_id, created_at, updated_at)
         VALUES ($1, 'r', 'DEPARTMENT', $2, 1, 1)",
        "INSERT INTO custom_unique_values (pool_id, target_type, key, value_key, target_id)
         VALUES ($1, 'DEPARTMENT', 'k', 'v', $2)",
        "INSERT INTO department_sync_relations (pool_id, provider, id_in_idp, department_id, info_in_idp, created_at)
         VALUES ($1, 'lark', '1', $2, '{}', 1)",
    ] {
        tx.run(&sql.to_owned(), &[Val::from(server.pool.id.clone()), dev.as_str().into()]).await.expect("a row");
    }
    tx.commit().await.expect("a commit");
    let delete = async |id: &str| {
        admin.post("/api/v3/delete-department", json!({ "organizationCode": "hq", "departmentId": id })).await
    };
    delete(&dev).await.refused(422);
    delete(&root).await.refused(422);
    delete("root").await.refused(422);
    delete(&ops).await.ok();
    delete(&dev).await.ok();
    delete(&dev).await.refused(404);
    for table in [
        "department_members",
        "department_tree_members",
        "department_custom_values",
        "role_assignments",
        "custom_unique_values",
        "department_sync_relations",
    ] {
        assert_eq!(count(&server, table, "TRUE").await, 0, "{table}");
    }
    assert_eq!(count(&server, "department_ancestors", "TRUE").await, 1);
    let user = admin.get(&format!("/api/v3/get-user?userId={ada}&withDepartmentIds=true")).await.ok();
    assert_eq!((&user["departmentIds"], &user["mainDepartmentId"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn who_is_elsewhere_in_the_tree_stays_in_it_when_a_department_goes() {
    let (server, admin, _) = start().await;
    let (dev, ops) = (below(&admin, "root", "Dev").await, below(&admin, "root", "Ops").await);
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    add(&admin, &dev, &[&ada, &bob]).await.ok();
    server.advance(minutes(1));
    add(&admin, &ops, &[&ada]).await.ok();
    admin.post("/api/v3/delete-department", json!({ "organizationCode": "hq", "departmentId": dev })).await.ok();
    assert_eq!(members(&admin, "root", TREE).await, ["ada"]);
    assert_tree_is_true(&server).await;
}

#[tokio::test]
async fn a_tree_is_at_most_64_levels_deep() {
    let (_server, admin, _) = start().await;
    let mut deepest = "root".to_owned();
    for n in 1..=64 {
        deepest = below(&admin, &deepest, &format!("level {n}")).await;
    }
    create(&admin, &deepest, "one more", json!({})).await.refused_at("parentDepartmentId");
    let high = below(&admin, "root", "high").await;
    below(&admin, &high, "below").await;
    let path = format!("/api/v3/get-parent-department?organizationCode=hq&departmentId={deepest}");
    let parent = id(&admin.get(&path).await.ok());
    update(&admin, &high, json!({ "parentDepartmentId": parent })).await.refused_at("parentDepartmentId");
}

#[tokio::test]
async fn two_trees_do_not_mix() {
    let (_server, admin, _) = start().await;
    let lab = organization(&admin, "lab").await;
    let dev = below(&admin, "root", "Dev").await;
    create(&admin, &lab, "X", json!({})).await.refused_at("parentDepartmentId");
    update(&admin, &dev, json!({ "parentDepartmentId": lab })).await.refused_at("parentDepartmentId");
    let foreign = json!({ "organizationCode": "lab", "departmentId": dev, "metadata": {} });
    admin.post("/api/v3/update-department", foreign.clone()).await.refused(404);
    admin.post("/api/v3/delete-department", foreign).await.refused(404);
}

#[tokio::test]
async fn custom_fields_of_departments_are_judged_owned_and_found_whoever_writes_them() {
    let (server, admin, _) = start().await;
    let fields = json!({ "list": [
        { "targetType": "DEPARTMENT", "key": "cost", "dataType": "STRING", "isUnique": true },
        { "targetType": "DEPARTMENT", "key": "floor", "dataType": "NUMBER" },
        { "targetType": "DEPARTMENT", "key": "pin", "dataType": "STRING", "encrypted": true },
    ] });
    admin.post("/api/v3/set-custom-fields", fields).await.ok();
    let first = json!({ "customData": { "cost": "C-1", "floor": 1, "pin": "1234" } });
    let first = create(&admin, "root", "First", first).await.ok();
    assert_eq!(first["customData"], json!({ "cost": "C-1", "floor": 1, "pin": "1234" }));
    let first = id(&first);
    assert_eq!(count(&server, "departments", "custom_data LIKE '%1234%'").await, 0, "it is encrypted");
    create(&admin, "root", "X", json!({ "customData": { "floor": "high" } })).await.refused_at("customData.floor");
    let taken = create(&admin, "root", "X", json!({ "customData": { "cost": "c-1" } })).await.refused(409);
    assert!(taken["message"].as_str().is_some_and(|m| m.starts_with("customData.cost:")), "{taken}");
    let second = below(&admin, "root", "Second").await;
    update(&admin, &second, json!({ "customData": { "cost": "C-1" } })).await.refused(409);

    let by_value = async |value: &str| {
        let path = "/api/v3/get-department?organizationCode=hq&departmentIdType=custom_field&departmentId=";
        admin.get(&format!("{path}{value}&withCustomData=true")).await
    };
    let data =
        json!({ "targetType": "DEPARTMENT", "targetIdentifier": second, "list": [{ "key": "floor", "value": 7 }] });
    admin.post("/api/v3/set-custom-data", data).await.ok();
    assert_eq!(by_value("floor:7").await.ok()["departmentId"], second);
    admin.post("/api/v3/delete-department", json!({ "organizationCode": "hq", "departmentId": first })).await.ok();
    update(&admin, &second, json!({ "customData": { "cost": "C-1" } })).await.ok();
    assert_eq!(by_value("cost:c-1").await.ok()["customData"], json!({ "cost": "C-1", "floor": 7 }));
    let gone = json!({ "list": [{ "targetType": "DEPARTMENT", "key": "floor" }], "tenantId": "" });
    admin.post("/api/v3/delete-custom-fields", gone).await.ok();
    by_value("floor:7").await.refused(404);
    update(&admin, &second, json!({ "customData": null })).await.ok();
    assert_eq!(count(&server, "custom_unique_values", "TRUE").await, 0);
}
