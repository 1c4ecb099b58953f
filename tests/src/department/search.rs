//! Lists and searches of departments.

use serde_json::{Value, json};
use watchword_kit::Millis;
use watchword_testkit::{Client, minutes};

use super::{below, create, id, organization, start, update};

fn names(list: &Value) -> Vec<&str> {
    let list = list.get("list").unwrap_or(list).as_array().expect("a list");
    list.iter().map(|d| d["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn children_are_those_directly_below_by_age_and_narrowed_by_what_they_are() {
    let (server, admin, _) = start().await;
    let mut ids = Vec::new();
    for (name, is_virtual) in [("C", false), ("A", true), ("B", false)] {
        ids.push(id(&create(&admin, "root", name, json!({ "isVirtualNode": is_virtual })).await.ok()));
        server.clock.advance(Millis(1));
    }
    below(&admin, &ids[0], "Deeper").await;
    update(&admin, &ids[2], json!({ "status": false })).await.ok();
    let list = async |more: &str| {
        admin.get(&format!("/api/v3/list-children-departments?organizationCode=hq&departmentId=root{more}")).await
    };
    let all = list("&withCustomData=true").await.ok();
    assert_eq!((names(&all), &all["totalCount"]), (vec!["C", "A", "B"], &json!(3)));
    assert_eq!(all["list"][0]["customData"], json!({}));
    assert_eq!(names(&list("&excludeVirtualNode=true").await.ok()), ["C", "B"]);
    assert_eq!(names(&list("&onlyVirtualNode=true").await.ok()), ["A"]);
    assert_eq!(names(&list("&status=false").await.ok()), ["B"]);
    assert_eq!(names(&list("&status=true&excludeVirtualNode=true").await.ok()), ["C"]);
    list("&excludeVirtualNode=true&onlyVirtualNode=true").await.refused_at("onlyVirtualNode");
}

#[tokio::test]
async fn all_departments_come_after_their_parents() {
    let (server, admin, _) = start().await;
    let a = id(&create(&admin, "root", "A", json!({ "openDepartmentId": "oa" })).await.ok());
    server.clock.advance(Millis(1));
    let b = below(&admin, "root", "B").await;
    let a1 = below(&admin, &a, "A1").await;
    below(&admin, &a1, "A11").await;
    update(&admin, &a1, json!({ "parentDepartmentId": b })).await.ok();
    organization(&admin, "lab").await;
    let all =
        async |more: &str| admin.get(&format!("/api/v3/get-all-departments?organizationCode=hq{more}")).await.ok();
    let whole = all("").await;
    assert_eq!((names(&whole), &whole["totalCount"]), (vec!["Company hq", "A", "B", "A1", "A11"], &json!(5)));
    assert_eq!(names(&all(&format!("&departmentId={b}")).await), ["B", "A1", "A11"]);
    assert_eq!(names(&all("&departmentId=oa&departmentIdType=open_department_id").await), ["A"]);
}

#[tokio::test]
async fn a_search_finds_name_and_code_in_one_organisation() {
    let (_server, admin, _) = start().await;
    for (name, code) in [("Ｓales", "s-1"), ("After sales", "x_9"), ("Dev", "dev")] {
        create(&admin, "root", name, json!({ "code": code })).await.ok();
    }
    organization(&admin, "lab").await;
    let search = async |words: &str| {
        admin.post("/api/v3/search-departments", json!({ "organizationCode": "hq", "keywords": words })).await
    };
    assert_eq!(names(&search("SALES").await.ok()), ["After sales", "Ｓales"], "by name");
    assert_eq!(names(&search("company").await.ok()), ["Company hq"]);
    assert_eq!(names(&search("S-1").await.ok()), ["Ｓales"]);
    assert_eq!(names(&search("x_").await.ok()), ["After sales"]);
    search("").await.refused_at("keywords");
    let elsewhere = json!({ "organizationCode": "none", "keywords": "x" });
    admin.post("/api/v3/search-departments", elsewhere).await.refused(404);
}

async fn filtered(admin: &Client, filter: Value) -> Vec<String> {
    let body = json!({ "organizationCode": "hq", "limit": 50, "advancedFilter": filter,
        "sort": [{ "field": "name", "direction": "asc" }] });
    let found = admin.post("/api/v3/search-departments-list", body).await.ok();
    names(&found).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn conditions_narrow_a_list_and_sort_keys_order_it() {
    let (server, admin, _) = start().await;
    let mut times = Vec::new();
    for name in ["Alpha", "beta", "Gamma", "alphabet"] {
        server.advance(minutes(1));
        times.push(server.clock.now());
        below(&admin, "root", name).await;
    }
    let one =
        |field: &str, operator: &str, value: Value| json!([{ "field": field, "operator": operator, "value": value }]);
    assert_eq!(filtered(&admin, one("name", "EQUAL", json!("ALPHA"))).await, ["Alpha"]);
    assert_eq!(filtered(&admin, one("name", "CONTAINS", json!("alph"))).await, ["Alpha", "alphabet"]);
    assert_eq!(filtered(&admin, one("name", "IN", json!(["BETA", "gamma", "x"]))).await, ["beta", "Gamma"]);
    assert_eq!(filtered(&admin, one("createdAt", "GREATER", json!(times[2].0))).await, ["alphabet", "Gamma"]);
    assert_eq!(filtered(&admin, one("createdAt", "LESSER", json!(times[0].iso()))).await, ["Alpha", "Company hq"]);
    assert_eq!(filtered(&admin, one("updatedAt", "EQUAL", json!(times[1].0))).await, ["beta"]);
    assert_eq!(filtered(&admin, one("updatedAt", "IN", json!([times[1].0, times[3].0]))).await, ["alphabet", "beta"]);
    let between = json!([{ "field": "createdAt", "operator": "BETWEEN", "value": [times[0].0, times[1].0] },
        { "field": "name", "operator": "CONTAINS", "value": "a" }]);
    assert_eq!(filtered(&admin, between).await, ["Alpha", "beta"]);
    let list = async |more: Value| {
        let mut body = json!({ "organizationCode": "hq" });
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        admin.post("/api/v3/search-departments-list", body).await
    };
    assert_eq!(names(&list(json!({ "limit": 2 })).await.ok()), ["alphabet", "Gamma"], "latest change first");
    assert_eq!(names(&list(json!({ "limit": 2, "page": 2 })).await.ok()), ["beta", "Alpha"]);
    let asc = json!({ "sortBy": "createdAt", "orderBy": "ASC", "limit": 1, "withPost": true, "withCustomData": true });
    let first = list(asc).await.ok();
    assert_eq!(
        (names(&first), &first[0]["postIdList"], &first[0]["customData"]),
        (vec!["Company hq"], &json!([]), &json!({}))
    );
    for (wrong, at) in [
        (one("code", "EQUAL", json!("x")), "advancedFilter[0].field"),
        (one("name", "GREATER", json!("x")), "advancedFilter[0].operator"),
        (one("createdAt", "CONTAINS", json!(1)), "advancedFilter[0].operator"),
        (one("createdAt", "EQUAL", json!("soon")), "advancedFilter[0].value"),
        (one("createdAt", "BETWEEN", json!([1])), "advancedFilter[0].value"),
        (one("name", "IN", json!("x")), "advancedFilter[0].value"),
        (one("name", "NOT_EQUAL", json!("x")), "advancedFilter[0].operator"),
    ] {
        list(json!({ "advancedFilter": wrong })).await.refused_at(at);
    }
    list(json!({ "limit": 51 })).await.refused_at("limit");
}
