//! Who is in a group.

use serde_json::{Value, json};
use watchword_testkit::seconds;

use super::{codes, make, members, names, people, rule, start};

const ADD: &str = "/api/v3/add-group-members";
const REMOVE: &str = "/api/v3/remove-group-members";

#[tokio::test]
async fn members_come_and_go_and_doing_it_twice_changes_nothing() {
    let (_server, admin) = start().await;
    let ids = people(&admin, &["ada", "bob", "cy"]).await;
    make(&admin, "dev").await;
    let some = |n: usize| json!({ "code": "dev", "userIds": ids[..n] });
    admin.post(ADD, some(2)).await.ok();
    admin.post(ADD, some(3)).await.ok();
    assert_eq!(members(&admin, "dev").await, ["ada", "bob", "cy"]);
    let shown = admin.get("/api/v3/get-group?code=dev").await.ok();
    assert_eq!(names(&shown["members"]), ["ada", "bob", "cy"]);
    admin.post(REMOVE, some(1)).await.ok();
    admin.post(REMOVE, some(1)).await.ok();
    assert_eq!(members(&admin, "dev").await, ["bob", "cy"]);
}

#[tokio::test]
async fn one_unknown_user_stops_the_whole_change() {
    let (server, admin) = start().await;
    let ids = people(&admin, &["ada", "bob"]).await;
    make(&admin, "dev").await;
    let nobody = "0".repeat(24);
    for path in [ADD, REMOVE] {
        let body = json!({ "code": "dev", "userIds": [ids[0], nobody] });
        let refused = admin.post(path, body).await.refused_with(404, 2004);
        assert!(refused["message"].as_str().unwrap().starts_with("userIds[1]:"), "{refused}");
        admin.post(path, json!({ "code": "dev", "userIds": [] })).await.refused_at("userIds");
        admin.post(path, json!({ "code": "dev", "userIds": vec![&ids[0]; 51] })).await.refused_at("userIds");
        admin.post(path, json!({ "code": "ops", "userIds": [ids[0]] })).await.refused(404);
    }
    assert_eq!(members(&admin, "dev").await, [""; 0]);
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    make(&stranger, "dev").await;
    stranger.post(ADD, json!({ "code": "dev", "userIds": [ids[0]] })).await.refused_with(404, 2004);
}

#[tokio::test]
async fn members_are_listed_as_they_came_page_by_page() {
    let (server, admin) = start().await;
    let all: Vec<String> = (0..7).map(|n| format!("u{n}")).collect();
    let ids = people(&admin, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    make(&admin, "dev").await;
    for id in ids.iter().rev() {
        admin.post(ADD, json!({ "code": "dev", "userIds": [id] })).await.ok();
        server.clock.advance(seconds(1));
    }
    let mut seen = Vec::new();
    for page in 1..=3 {
        let path = format!("/api/v3/list-group-members?code=dev&limit=3&page={page}&withCustomData=true");
        let reply = admin.get(&path).await.ok();
        assert_eq!(reply["totalCount"], 7);
        assert!(reply["list"].as_array().unwrap().iter().all(|u| u["customData"].is_object()));
        seen.extend(names(&reply["list"]));
    }
    assert_eq!(seen, ["u6", "u5", "u4", "u3", "u2", "u1", "u0"]);
    let full = "withIdentities=true&withDepartmentIds=true&limit=1";
    let one = admin.get(&format!("/api/v3/list-group-members?code=dev&{full}")).await.ok();
    assert_eq!((&one["list"][0]["identities"], &one["list"][0]["departmentIds"]), (&json!([]), &json!([])));
    admin.get("/api/v3/list-group-members?code=dev&page=0").await.refused_at("page");
    admin.get("/api/v3/list-group-members?code=ops").await.refused(404);
}

#[tokio::test]
async fn every_view_tells_the_same_members() {
    let (_server, admin) = start().await;
    let ids = people(&admin, &["ada", "bob"]).await;
    make(&admin, "dev").await;
    make(&admin, "ops").await;
    admin.post(ADD, json!({ "code": "dev", "userIds": ids })).await.ok();
    admin.post(ADD, json!({ "code": "ops", "userIds": [ids[1]] })).await.ok();
    let of = async |query: String| {
        let page = admin.get(&format!("/api/v3/get-user-groups?{query}")).await.ok();
        assert_eq!(page["totalCount"], page["list"].as_array().unwrap().len());
        let mut found = codes(&page["list"]);
        found.sort();
        found
    };
    assert_eq!(of(format!("userId={}", ids[0])).await, ["dev"]);
    assert_eq!(of("userId=bob&userIdType=username".into()).await, ["dev", "ops"]);
    admin.get("/api/v3/get-user-groups?userId=nobody").await.refused_with(404, 2004);
    let all = admin.get("/api/v3/get-all-groups?fetchMembers=true").await.ok();
    let shown = |code: &str| all.as_array().unwrap().iter().find(|g| g["code"] == code).unwrap()["members"].clone();
    assert_eq!(names(&shown("dev")), ["ada", "bob"]);
    assert_eq!(names(&shown("ops")), ["bob"]);
    let plain = admin.get("/api/v3/get-all-groups").await.ok();
    assert_eq!(plain[0].get("members"), None);
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [ids[1]] })).await.ok();
    assert_eq!(members(&admin, "dev").await, ["ada"]);
    assert_eq!(members(&admin, "ops").await, [""; 0]);
}

#[tokio::test]
async fn nobody_is_added_to_a_dynamic_group_by_hand() {
    let (_server, admin) = start().await;
    let ids = people(&admin, &["ada"]).await;
    let body = json!([{ "field": "username", "operator": "EQUAL", "value": "bob" }]);
    rule(&admin, "bobs", body).await;
    for path in [ADD, REMOVE] {
        admin.post(path, json!({ "code": "bobs", "userIds": ids })).await.refused_at("code");
    }
    assert_eq!(members(&admin, "bobs").await, [""; 0]);
    let audit: Value = json!(_server.audited("group.member_add").await);
    assert_eq!(audit, 1, "the refusal is in the trail");
}
