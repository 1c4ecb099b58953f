//! Departments in rows: who joins what, what cannot be, and that an export is read back.

use serde_json::{Value, json};
use watchword_testkit::{Client, Pool, Server, minutes};

use super::{ended, problems};
use crate::department::assert_tree_is_true;

/// A pool with an organisation of this code and two departments below its root; their ids.
async fn company(client: &Client, code: &str) -> [String; 2] {
    let organization = json!({ "organizationCode": code, "organizationName": code, "metadata": {} });
    client.post("/api/v3/create-organization", organization).await.ok();
    let make = async |name: &str| {
        let body = json!({ "organizationCode": code, "parentDepartmentId": "root", "name": name,
            "code": name, "openDepartmentId": format!("open-{code}-{name}") });
        let made = client.post("/api/v3/create-department", body).await.ok();
        made["departmentId"].as_str().expect("an id").to_owned()
    };
    [make("dev").await, make("ops").await]
}

async fn import(s: &Server, client: &Client, body: Value) -> Value {
    let begun = client.post("/api/v3/import-users", body).await.ok();
    ended(s, client, begun["jobId"].as_str().expect("a job")).await
}

async fn start() -> (Server, Client, [String; 2]) {
    let s = Server::start().await;
    let admin = s.admin().await;
    let departments = company(&admin, "hq").await;
    (s, admin, departments)
}

/// The main department of a user and all that he is in.
async fn places(client: &Client, username: &str) -> (Option<String>, Vec<String>) {
    let path = format!("/api/v3/get-user?userId={username}&userIdType=username&withDepartmentIds=true");
    let user = client.get(&path).await.ok();
    let mut all: Vec<String> = serde_json::from_value(user["departmentIds"].clone()).expect("a list");
    all.sort();
    (user["mainDepartmentId"].as_str().map(str::to_owned), all)
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort();
    ids
}

async fn members(client: &Client, id: &str) -> Vec<String> {
    let path = format!("/api/v3/list-department-members?organizationCode=hq&departmentId={id}&limit=50");
    let list = client.get(&path).await.ok()["list"].as_array().expect("a list").clone();
    let mut names: Vec<String> = list.iter().map(|u| u["username"].as_str().unwrap_or_default().to_owned()).collect();
    names.sort();
    names
}

/// Everything that export-users answers.
async fn export(client: &Client, kind: &str) -> Vec<Value> {
    let page = client.post("/api/v3/export-users", json!({ "departmentIdType": kind })).await.ok();
    page["list"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn new_and_old_users_join_the_departments_of_their_rows_and_leave_none() {
    let (s, admin, [dev, ops]) = start().await;
    s.user("ada").await;
    import(&s, &admin, json!({ "rows": [{ "username": "ada", "departmentIds": [dev] }] })).await;
    s.advance(minutes(1));
    let rows = json!([
        { "username": "ada", "departmentIds": [ops], "mainDepartmentId": ops },
        { "username": "bob", "departmentIds": [dev, ops], "mainDepartmentId": ops },
        { "username": "carl", "departmentIds": format!("{ops}; {dev}") },
        { "username": "dora", "departmentIds": [], "departmentIdsOfOld": null },
    ]);
    let body = json!({ "rows": rows, "unknown": "skip" });
    let dry = admin.post("/api/v3/import-users", json!({ "rows": rows, "unknown": "skip", "dryRun": true })).await.ok();
    let report = import(&s, &admin, body.clone()).await;
    assert_eq!(
        (&report["updated"], &report["created"], &report["failed"]),
        (&json!(1), &json!(3), &json!(0)),
        "{report}"
    );
    assert_eq!((&dry["updated"], &dry["created"], &dry["failed"]), (&json!(1), &json!(3), &json!(0)));
    let both = sorted(&[&dev, &ops]);
    assert_eq!(places(&admin, "ada").await, (Some(dev.clone()), both.clone()), "who has a main department keeps it");
    assert_eq!(places(&admin, "bob").await, (Some(ops.clone()), both.clone()));
    assert_eq!(places(&admin, "carl").await, (Some(ops.clone()), both), "the first, where the row names no main one");
    assert_eq!(places(&admin, "dora").await, (None, vec![]));
    assert_eq!(members(&admin, &ops).await, ["ada", "bob", "carl"]);
    assert_tree_is_true(&s).await;
    assert_eq!(import(&s, &admin, body).await["unchanged"], 4);
    // A row that names fewer takes nothing away.
    let fewer = json!([{ "username": "bob", "departmentIds": [dev] }, { "username": "carl", "departmentIds": [] }]);
    assert_eq!(import(&s, &admin, json!({ "rows": fewer })).await["unchanged"], 2);
    assert_eq!(members(&admin, &ops).await, ["ada", "bob", "carl"]);
    let kept = json!([{ "username": "dora", "departmentIds": [dev] }]);
    assert_eq!(import(&s, &admin, json!({ "rows": kept, "existing": "keep" })).await["kept"], 1);
    assert_eq!(places(&admin, "dora").await, (None, vec![]));
}

#[tokio::test]
async fn groups_with_rules_on_departments_follow_an_import() {
    let (s, admin, [dev, ops]) = start().await;
    let value = json!({ "organizationCode": "hq", "departmentId": dev });
    let body = json!({ "code": "devs", "name": "Devs", "description": "", "type": "dynamic",
        "rule": [{ "field": "department", "operator": "EQUAL", "value": value }] });
    admin.post("/api/v3/create-group", body).await.ok();
    s.user("ada").await;
    let rows = json!([{ "username": "ada", "departmentIds": [dev] }, { "username": "bob", "departmentIds": [dev] },
        { "username": "carl", "departmentIds": [ops] }]);
    import(&s, &admin, json!({ "rows": rows })).await;
    let page = admin.get("/api/v3/list-group-members?code=devs&limit=50").await.ok();
    assert_eq!(page["totalCount"], 2, "who was there and who is new: {page}");
}

#[tokio::test]
async fn departments_that_cannot_be_are_told_at_their_place_and_the_other_rows_are_done() {
    let (s, admin, [dev, ops]) = start().await;
    company(&admin, "lab").await;
    let foreign = company(&s.admin_of(&s.new_pool("Other").await).await, "hq").await;
    let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    let rows = json!([
        { "username": "u1", "departmentIds": [dev, "nowhere"] },
        { "username": "u2", "departmentIds": [foreign[0]] },
        { "username": "u3", "departmentIds": [dev, ops, dev] },
        { "username": "u4", "departmentIds": many },
        { "username": "u5", "departmentIds": [7] },
        { "username": "u6", "departmentIds": 7 },
        { "username": "u7", "departmentIds": [dev], "mainDepartmentId": ops },
        { "username": "u8", "mainDepartmentId": ops },
        { "username": "u9", "departmentIds": [dev] },
    ]);
    let dry = admin.post("/api/v3/import-users", json!({ "rows": rows, "dryRun": true })).await.ok();
    let report = import(&s, &admin, json!({ "rows": rows })).await;
    let expected = [
        (1, "departmentIds[1]"),
        (2, "departmentIds[0]"),
        (3, "departmentIds[2]"),
        (4, "departmentIds"),
        (5, "departmentIds[0]"),
        (6, "departmentIds"),
        (7, "mainDepartmentId"),
        (8, "mainDepartmentId"),
    ];
    assert_eq!(problems(&report), expected.map(|(n, f)| (n, f.to_owned())));
    assert_eq!((&dry["problems"], &dry["created"]), (&report["problems"], &report["created"]));
    assert_eq!(members(&admin, &dev).await, ["u9"]);
    // Two organisations have a department of this code; it names both.
    let rows = json!([{ "username": "v1", "departmentIds": ["dev"] }, { "username": "v2", "departmentIds": [] }]);
    let report = import(&s, &admin, json!({ "rows": rows, "departmentIdType": "code" })).await;
    assert_eq!((problems(&report), &report["created"]), (vec![(1, "departmentIds[0]".to_owned())], &json!(1)));
    let twice = json!([{ "username": "w1", "departmentIds": [dev] }]);
    let nothing = import(&s, &admin, json!({ "rows": twice, "departmentIdType": "open_department_id" })).await;
    assert_eq!(problems(&nothing), [(1, "departmentIds[0]".to_owned())], "an id of another type");
    admin
        .post("/api/v3/import-users", json!({ "rows": [{}], "departmentIdType": "x" }))
        .await
        .refused_at("departmentIdType");
}

#[tokio::test]
async fn whoever_may_not_write_members_imports_nobody_into_departments() {
    let (s, admin, [dev, _]) = start().await;
    let key = json!({ "type": "userpool", "permissions": ["user:import"] });
    let made = admin.post("/api/v3/create-access-key", key).await.ok();
    let body = json!({ "accessKeyId": made[0]["accessKeyId"], "accessKeySecret": made[0]["accessKeySecret"] });
    let token = s.anonymous().post("/api/v3/get-management-token", body).await.ok();
    let clerk = s.anonymous().bearer(token["access_token"].as_str().expect("a token"));
    let rows = |name: &str| json!([{ "username": "ada" }, { "username": "bob", name: [dev] }]);
    let bodies = [
        json!({ "rows": rows("departmentIds") }),
        json!({ "rows": rows("departmentIds"), "dryRun": true }),
        json!({ "rows": rows("Departments") }),
        json!({ "rows": rows("team"), "mapping": { "team": "departmentIds" } }),
    ];
    for body in bodies {
        let refused = clerk.post("/api/v3/import-users", body).await.refused(403);
        assert!(refused["message"].as_str().is_some_and(|m| m.starts_with("rows[1].departmentIds:")), "{refused}");
    }
    let body = json!({ "rows": [{ "username": "ada", "departmentIds": [] }, { "username": "bob", "team": [dev] }],
        "mapping": { "team": "-" } });
    let begun = clerk.post("/api/v3/import-users", body).await.ok();
    assert_eq!(ended(&s, &admin, begun["jobId"].as_str().expect("a job")).await["created"], 2);
    assert_eq!(places(&admin, "bob").await, (None, vec![]));
}

#[tokio::test]
async fn an_export_of_a_company_is_read_back_here_and_in_a_pool_with_the_same_departments() {
    let (s, admin, [dev, ops]) = start().await;
    s.user("carl").await;
    let made = admin.post("/api/v3/create-user", json!({ "username": "ada", "departmentIds": [dev, ops] })).await.ok();
    let main = json!([{ "departmentId": dev, "isMainDepartment": false },
        { "departmentId": ops, "isMainDepartment": true }]);
    let ada = &made["userId"];
    admin.post("/api/v3/set-user-departments", json!({ "userId": ada, "departments": main })).await.ok();
    admin.post("/api/v3/create-user", json!({ "username": "bob", "departmentIds": [dev] })).await.ok();

    let here = export(&admin, "department_id").await;
    assert_eq!(import(&s, &admin, json!({ "rows": here })).await["unchanged"], 3);
    let out = json!({ "organizationCode": "hq", "departmentId": dev, "userIds": [ada] });
    admin.post("/api/v3/remove-department-members", out).await.ok();
    let report = import(&s, &admin, json!({ "rows": here })).await;
    assert_eq!((&report["updated"], &report["unchanged"]), (&json!(1), &json!(2)));
    assert_eq!(places(&admin, "ada").await, (Some(ops.clone()), sorted(&[&dev, &ops])));

    for kind in ["open_department_id", "code"] {
        let pool: Pool = s.new_pool(kind).await;
        let there = s.admin_of(&pool).await;
        let [dev, ops] = company(&there, "hq").await;
        let rows = export(&admin, kind).await;
        let report = import(&s, &there, json!({ "rows": rows, "departmentIdType": kind, "keepUserIds": true })).await;
        assert_eq!((&report["created"], &report["failed"]), (&json!(3), &json!(0)), "{report}");
        assert_eq!(places(&there, "ada").await, (Some(ops.clone()), sorted(&[&dev, &ops])), "{kind}");
        assert_eq!(places(&there, "bob").await, (Some(dev.clone()), vec![dev.clone()]));
        assert_eq!(
            (members(&there, &dev).await, members(&there, &ops).await),
            (vec!["ada".into(), "bob".into()], vec!["ada".into()])
        );
        let again = import(&s, &there, json!({ "rows": rows, "departmentIdType": kind })).await;
        assert_eq!(again["unchanged"], 3);
    }
    admin
        .post("/api/v3/export-users", json!({ "departmentIdType": "custom_field" }))
        .await
        .refused_at("departmentIdType");
    let bare = json!({ "organizationCode": "hq", "parentDepartmentId": "root", "name": "Bare" });
    let bare = admin.post("/api/v3/create-department", bare).await.ok();
    let join = json!({ "organizationCode": "hq", "departmentId": bare["departmentId"], "userIds": [ada] });
    admin.post("/api/v3/add-department-members", join).await.ok();
    let refused = admin.post("/api/v3/export-users", json!({ "departmentIdType": "code" })).await.refused(422);
    assert!(refused["message"].to_string().contains(bare["departmentId"].as_str().expect("an id")), "{refused}");
}

#[tokio::test]
async fn whom_a_row_lets_resign_is_in_its_departments_only_and_a_second_run_changes_nothing() {
    let (s, admin, [dev, ops]) = start().await;
    admin.post("/api/v3/create-user", json!({ "username": "ada", "departmentIds": [dev, ops] })).await.ok();
    admin.post("/api/v3/create-user", json!({ "username": "bob", "departmentIds": [dev, ops] })).await.ok();
    let rows = json!([{ "username": "ada", "status": "Resigned", "departmentIds": [ops] },
        { "username": "bob", "status": "Resigned" }]);
    assert_eq!(import(&s, &admin, json!({ "rows": rows })).await["updated"], 2);
    assert_eq!(places(&admin, "ada").await, (Some(ops.clone()), vec![ops.clone()]));
    assert_eq!(places(&admin, "bob").await, (None, vec![]));
    assert_tree_is_true(&s).await;
    assert_eq!(import(&s, &admin, json!({ "rows": rows })).await["unchanged"], 2);
}
