//! Organisations: made, found, changed, deleted.

use serde_json::{Value, json};
use watchword_kit::Millis;
use watchword_testkit::{Client, Server, minutes};

async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let admin = server.admin().await;
    (server, admin)
}

async fn create(admin: &Client, code: &str, name: &str) -> Value {
    let body = json!({ "organizationCode": code, "organizationName": name, "metadata": {} });
    admin.post("/api/v3/create-organization", body).await.ok()
}

async fn get(admin: &Client, code: &str) -> Value {
    admin.get(&format!("/api/v3/get-organization?organizationCode={code}&withCustomData=true&withPost=true")).await.ok()
}

fn codes(list: &Value) -> Vec<&str> {
    let list = list.get("list").unwrap_or(list).as_array().expect("a list");
    list.iter().map(|o| o["organizationCode"].as_str().expect("a code")).collect()
}

#[tokio::test]
async fn a_new_organisation_is_one_department_with_everything_that_was_said() {
    let (server, admin) = start().await;
    let body = json!({
        "organizationCode": " steamory ", "organizationName": "蒸汽记忆", "description": "two\nlines",
        "openDepartmentId": "ou_7", "metadata": {},
        "i18n": { "organizationName": { "en-US": { "enabled": true, "value": "Steamory" } } },
    });
    let made = admin.post("/api/v3/create-organization", body).await.ok();
    let now = server.clock.now().iso();
    let nothing = json!({ "enabled": false, "value": "" });
    let names = json!({ "zh-CN": nothing, "en-US": { "enabled": true, "value": "Steamory" }, "zh-TW": nothing,
        "ja-JP": nothing });
    assert_eq!(
        made,
        json!({
            "organizationCode": "steamory", "organizationName": "蒸汽记忆", "description": "two\nlines",
            "createdAt": now, "updatedAt": now, "departmentId": made["departmentId"], "openDepartmentId": "ou_7",
            "hasChildren": false, "leaderUserIds": [], "membersCount": 0, "isVirtualNode": false,
            "i18n": { "organizationName": names }, "tenantId": null, "postIdList": [], "status": "true", "allow": null,
        })
    );
    let read = get(&admin, "steamory").await;
    assert_eq!((&read["customData"], &read["i18n"]), (&json!({}), &made["i18n"]));
    let plain = admin.get("/api/v3/get-organization?organizationCode=steamory").await.ok();
    assert!(plain.get("customData").is_none() && plain.get("postIdList").is_none(), "{plain}");
    let root = admin.get("/api/v3/get-department?organizationCode=steamory&departmentId=root").await.ok();
    assert_eq!((&root["departmentId"], &root["name"]), (&made["departmentId"], &json!("蒸汽记忆")));
    assert_eq!(root["parentDepartmentId"], Value::Null);
}

#[tokio::test]
async fn a_code_is_given_once_in_a_pool_and_what_cannot_be_is_refused_at_its_member() {
    let (server, admin) = start().await;
    create(&admin, "hq", "Company").await;
    let post = async |body: Value| admin.post("/api/v3/create-organization", body).await;
    let taken = post(json!({ "organizationCode": "hq", "organizationName": "Other" })).await.refused(409);
    assert!(taken["message"].as_str().is_some_and(|m| m.starts_with("organizationCode:")), "{taken}");
    post(json!({ "organizationCode": " ", "organizationName": "X" })).await.refused_at("organizationCode");
    post(json!({ "organizationCode": "root", "organizationName": "X" })).await.refused_at("organizationCode");
    post(json!({ "organizationCode": "a\u{202e}b", "organizationName": "X" })).await.refused_at("organizationCode");
    post(json!({ "organizationCode": "x".repeat(129), "organizationName": "X" })).await.refused_at("organizationCode");
    post(json!({ "organizationCode": "x", "organizationName": "" })).await.refused_at("organizationName");
    post(json!({ "organizationCode": "x" })).await.refused_at("organizationName");
    let long = json!({ "organizationName": { "ja-JP": { "enabled": true, "value": "x".repeat(300) } } });
    post(json!({ "organizationCode": "x", "organizationName": "X", "i18n": long }))
        .await
        .refused_at("i18n.organizationName.ja-JP.value");
    post(json!({ "organizationCode": "x", "organizationName": "X", "tenantId": "t" })).await.refused(501);
    post(json!({ "organizationCode": "x", "organizationName": "X", "metadata": { "a": 1 } })).await.refused(501);
    let none = post(json!({ "organizationCode": "x", "organizationName": "X", "postIdList": ["nobody"] })).await;
    assert!(none.refused(404)["message"].as_str().is_some_and(|m| m.starts_with("postIdList[0]:")), "{}", none.text);
    admin.get("/api/v3/get-organization?organizationCode=x").await.refused(404);
    let other = server.new_pool("Another").await;
    create(&server.admin_of(&other).await, "hq", "Company").await;
}

#[tokio::test]
async fn lists_are_in_the_order_of_age_and_paged_and_narrowed_by_status() {
    let (server, admin) = start().await;
    let mut roots = Vec::new();
    for n in 0..12 {
        roots.push(create(&admin, &format!("o{n}"), &format!("Company {n}")).await["departmentId"].clone());
        server.clock.advance(Millis(1));
    }
    let list = async |query: &str| admin.get(&format!("/api/v3/list-organizations{query}")).await;
    let first = list("").await.ok();
    assert_eq!((&first["totalCount"], codes(&first).len(), codes(&first)[0]), (&json!(12), 10, "o0"));
    assert_eq!(codes(&list("?page=2").await.ok()), ["o10", "o11"]);
    assert_eq!(codes(&list("?limit=1&fetchAll=true").await.ok()).len(), 12);
    list("?limit=51").await.refused_at("limit");
    let off = json!({ "rootNodeId": roots[3], "status": "false" });
    admin.post("/api/v3/update-organization-status", off).await.ok();
    assert_eq!(codes(&list("?status=false").await.ok()), ["o3"]);
    assert_eq!(list("?status=true").await.ok()["totalCount"], 11);
    assert_eq!(get(&admin, "o3").await["status"], "false");
    let batch = "/api/v3/get-organization-batch?organizationCodeList=o5&organizationCodeList=none,o1";
    assert_eq!(codes(&admin.get(batch).await.ok()), ["o5", "o1"]);
    admin.get("/api/v3/get-organization-batch").await.refused_at("organizationCodeList");
}

#[tokio::test]
async fn a_status_is_true_or_false_and_nothing_else() {
    let (_server, admin) = start().await;
    let root = create(&admin, "hq", "Company").await["departmentId"].clone();
    let set = async |body: Value| admin.post("/api/v3/update-organization-status", body).await;
    set(json!({ "rootNodeId": root, "status": "maybe" })).await.refused_at("status");
    set(json!({ "rootNodeId": root })).await.refused_at("status");
    set(json!({ "rootNodeId": "nobody", "status": "true" })).await.refused(404);
    assert_eq!(set(json!({ "rootNodeId": root, "status": "false" })).await.ok(), json!({ "success": true }));
    let department = admin.get("/api/v3/get-department?organizationCode=hq&departmentId=root").await.ok();
    assert_eq!(department["status"], false);
    set(json!({ "rootNodeId": root, "status": true })).await.ok();
    assert_eq!(get(&admin, "hq").await["status"], "true");
}

#[tokio::test]
async fn a_search_finds_name_and_code_whatever_the_case_and_takes_wildcards_literally() {
    let (_server, admin) = start().await;
    for (code, name) in [("north", "Ａcme North"), ("SOUTH", "Beta"), ("x", "100% Wool"), ("y", "100 Wool")] {
        create(&admin, code, name).await;
    }
    let search = async |words: &str| {
        let words = watchword_testkit::encode(words);
        admin.get(&format!("/api/v3/search-organizations?keywords={words}")).await
    };
    assert_eq!(codes(&search("acme").await.ok()), ["north"]);
    assert_eq!(codes(&search("south").await.ok()), ["SOUTH"]);
    assert_eq!(codes(&search("OR").await.ok()), ["north"]);
    assert_eq!(codes(&search("100%").await.ok()), ["x"]);
    search(" ").await.refused(400);
}

#[tokio::test]
async fn a_new_code_keeps_everything_and_the_old_one_is_free() {
    let (server, admin) = start().await;
    let root = create(&admin, "hq", "Company").await["departmentId"].clone();
    let below = json!({ "organizationCode": "hq", "parentDepartmentId": "root", "name": "Dev", "code": "dev" });
    let dev = admin.post("/api/v3/create-department", below).await.ok();
    let ada = server.user("ada").await;
    let member =
        json!({ "organizationCode": "hq", "departmentId": "dev", "departmentIdType": "code", "userIds": [ada] });
    admin.post("/api/v3/add-department-members", member).await.ok();
    server.advance(minutes(1));
    let change = json!({ "organizationCode": "hq", "organizationNewCode": "main", "organizationName": "Holding",
        "leaderUserIds": [ada], "description": "d" });
    let changed = admin.post("/api/v3/update-organization", change).await.ok();
    assert_eq!(changed["leaderUserIds"], json!([ada]));
    assert_eq!((&changed["organizationCode"], &changed["departmentId"]), (&json!("main"), &root));
    assert_eq!((&changed["organizationName"], &changed["description"]), (&json!("Holding"), &json!("d")));
    assert_eq!((&changed["membersCount"], &changed["hasChildren"]), (&json!(1), &json!(true)));
    assert_ne!(changed["createdAt"], changed["updatedAt"]);
    admin.get("/api/v3/get-organization?organizationCode=hq").await.refused(404);
    let found = admin.get("/api/v3/get-department?organizationCode=main&departmentCode=dev").await.ok();
    assert_eq!((&found["departmentId"], &found["organizationCode"]), (&dev["departmentId"], &json!("main")));
    let departments = admin.get(&format!("/api/v3/get-user-departments?userId={ada}")).await.ok();
    assert!(departments["list"].as_array().expect("a list").iter().all(|d| d["organizationCode"] == "main"));
    create(&admin, "hq", "Another").await;
    let back = json!({ "organizationCode": "main", "organizationNewCode": "hq" });
    let taken = admin.post("/api/v3/update-organization", back).await.refused(409);
    assert!(taken["message"].as_str().is_some_and(|m| m.starts_with("organizationNewCode:")), "{taken}");
    let cleared = json!({ "organizationCode": "main", "description": null, "i18n": null, "openDepartmentId": null });
    assert_eq!(admin.post("/api/v3/update-organization", cleared).await.ok()["description"], Value::Null);
}

#[tokio::test]
async fn a_deleted_organisation_takes_its_tree_along_and_leaves_the_people_and_the_other_trees() {
    let (server, admin) = start().await;
    create(&admin, "hq", "Company").await;
    create(&admin, "lab", "Lab").await;
    let ada = server.user("ada").await;
    for code in ["hq", "lab"] {
        let body = json!({ "organizationCode": code, "parentDepartmentId": "root", "name": "Dev", "code": "dev",
            "customData": { "floor": 3 } });
        admin.post("/api/v3/create-department", body).await.ok();
        let body = json!({ "organizationCode": code, "departmentId": "dev", "departmentIdType": "code",
            "userIds": [ada] });
        admin.post("/api/v3/add-department-members", body).await.ok();
    }
    admin.post("/api/v3/delete-organization", json!({ "organizationCode": "hq" })).await.ok();
    admin.post("/api/v3/delete-organization", json!({ "organizationCode": "hq" })).await.refused(404);
    let left = admin.get(&format!("/api/v3/get-user-departments?userId={ada}")).await.ok();
    assert_eq!((&left["totalCount"], codes(&left)), (&json!(1), vec!["lab"]));
    let mut tx = server.services.db.read().await.expect("a transaction");
    for (table, rows) in [
        ("organizations", 1),
        ("departments", 2),
        ("department_ancestors", 3),
        ("department_members", 1),
        ("department_tree_members", 2),
        ("department_custom_values", 1),
    ] {
        let sql = format!("SELECT COUNT(*) AS n FROM {table}");
        assert_eq!(tx.one::<(i64,)>(&sql, &[]).await.expect("a count").0, rows, "{table}");
    }
}
