//! A department moves, and everything below it and everybody in it with it.

use serde_json::{Value, json};
use watchword_testkit::minutes;

use super::{TREE, add, assert_tree_is_true, below, get, members, start, update};

#[tokio::test]
async fn a_move_takes_the_subtree_and_its_people_along() {
    let (server, admin, root) = start().await;
    let (a, b) = (below(&admin, "root", "A").await, below(&admin, "root", "B").await);
    let a1 = below(&admin, &a, "A1").await;
    let a2 = below(&admin, &a1, "A2").await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    add(&admin, &a2, &[&ada, &bob]).await.ok();
    server.advance(minutes(1));
    // Ada is in A by another way, too; Eve is already in B.
    add(&admin, &a, &[&ada]).await.ok();
    add(&admin, &b, &[&eve, &bob]).await.ok();
    let moved = update(&admin, &a1, json!({ "parentDepartmentId": b, "name": "A1 moved" })).await.ok();
    assert_eq!((&moved["parentDepartmentId"], &moved["name"]), (&json!(b), &json!("A1 moved")));
    assert_tree_is_true(&server).await;
    assert_eq!(members(&admin, &a, TREE).await, ["ada"]);
    assert_eq!(members(&admin, &b, TREE).await.len(), 3);
    assert_eq!(members(&admin, "root", TREE).await.len(), 3);
    assert_eq!(get(&admin, &a).await["hasChildren"], false);
    let path = format!("/api/v3/get-user-departments?userId={bob}&withDepartmentPaths=true&orderBy=Asc");
    let paths = admin.get(&path).await.ok();
    assert_eq!(paths["list"][0]["departmentIdPath"], json!([root, b, a1, a2]));
    assert_eq!(paths["list"][0]["departmentNamePath"], json!(["Company hq", "B", "A1 moved", "A2"]));
    let all = admin.get(&format!("/api/v3/get-all-departments?organizationCode=hq&departmentId={b}")).await.ok();
    assert_eq!(all["totalCount"], 3);
}

#[tokio::test]
async fn nothing_moves_below_itself_and_the_root_does_not_move() {
    let (server, admin, root) = start().await;
    let a = below(&admin, "root", "A").await;
    let a1 = below(&admin, &a, "A1").await;
    for (from, to) in [(&a, &a1), (&a, &a), (&root, &a1)] {
        update(&admin, from, json!({ "parentDepartmentId": to })).await.refused_at("parentDepartmentId");
    }
    update(&admin, &a1, json!({ "parentDepartmentId": "nowhere" })).await.refused(404);
    assert_eq!(update(&admin, &a1, json!({ "parentDepartmentId": a })).await.ok()["parentDepartmentId"], a);
    assert_eq!(update(&admin, &a1, json!({ "parentDepartmentId": "root" })).await.ok()["parentDepartmentId"], root);
    assert_eq!(get(&admin, "root").await["parentDepartmentId"], Value::Null);
    assert_tree_is_true(&server).await;
}

#[tokio::test]
async fn both_ends_of_a_move_are_named_by_the_same_kind_of_id() {
    let (_server, admin, _) = start().await;
    for code in ["a", "b"] {
        super::create(&admin, "root", code, json!({ "code": code })).await.ok();
    }
    let change = json!({ "departmentIdType": "code", "parentDepartmentId": "b" });
    assert_eq!(update(&admin, "a", change).await.ok()["parentDepartmentCode"], "b");
}
