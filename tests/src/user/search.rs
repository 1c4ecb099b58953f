//! Lists of users: filters, keywords, conditions, order, pages.

mod model;

use serde_json::{Value, json};
use watchword_store::{Val, vals};
use watchword_testkit::{Client, Server, seconds};

use super::{create, id, start, usernames};

/// Users a to d, made one second after the other.
async fn four() -> (Server, Client) {
    let (server, admin) = start().await;
    for user in [
        json!({ "username": "a", "email": "Anna@Example.com", "name": "Anna 北京", "gender": "F", "company": "100% Foo_Bar",
                "address": "北京", "customData": { "age": 9, "school": "北京大学", "since": "2020-01-01", "on": true } }),
        json!({ "username": "b", "email": "bert@example.org", "phone": "13800138000", "name": "BERT", "status": "Suspended",
                "company": "1000 FooxBar", "customData": { "age": 22, "school": "Tsinghua" } }),
        json!({ "username": "c", "externalId": "Ext-C", "nickname": "Ｃａｒｏｌ", "birthdate": "1990-05-01",
                "customData": { "age": -3.5, "since": "2023-06-01" },
                "identities": [{ "extIdpId": "idp1", "provider": "lark", "type": "openid", "userIdInIdp": "ou_c",
                    "userInfoInIdp": {}, "originConnIds": [] }] }),
        json!({ "username": "d", "phone": "4155550123", "phoneCountryCode": "+1", "identityNumber": "11010519491231002X",
                "birthdate": "2001-01-01", "emailVerified": false }),
    ] {
        create(&admin, user).await;
        server.clock.advance(seconds(1));
    }
    (server, admin)
}

/// A statement of ours on the pool's rows; `$1` is the pool.
async fn run(server: &Server, sql: &str, vals: &[Val]) {
    let mut all = vals![&server.pool.id].to_vec();
    all.extend_from_slice(vals);
    let mut tx = server.services.db.write().await.expect("a transaction");
    tx.run(&sql.to_owned(), &all).await.expect("the statement runs");
    tx.commit().await.expect("a commit");
}

/// Takes every user into the search index, as the worker does with whole segments.
async fn index(server: &Server) {
    watchword::worker::index(&server.services, 1).await;
}

async fn found(admin: &Client, body: Value) -> String {
    let page = admin.post("/api/v3/list-users", body.clone()).await.ok();
    let mut names = usernames(&page);
    assert_eq!(page["totalCount"], names.len(), "{body}");
    names.sort_unstable();
    names.concat()
}

#[tokio::test]
async fn a_list_begins_with_the_newest_and_pages_neither_repeat_nor_skip() {
    let (server, admin) = start().await;
    // All within one moment: only the id decides.
    let names: Vec<String> = (0..23).map(|n| format!("u{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    admin.post("/api/v3/create-users-batch", super::batch(&names)).await.ok();
    server.clock.advance(seconds(1));
    create(&admin, json!({ "username": "newest" })).await;
    let mut seen = Vec::new();
    for page in 1..=4 {
        let reply = admin.get(&format!("/api/v3/list-users?page={page}&limit=7")).await.ok();
        assert_eq!(reply["totalCount"], 24);
        seen.extend(usernames(&reply).iter().map(|s| (*s).to_owned()));
    }
    assert_eq!(seen[0], "newest");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 24);
    assert_eq!(admin.get("/api/v3/list-users").await.ok()["list"].as_array().unwrap().len(), 10);
    assert_eq!(admin.get("/api/v3/list-users?page=99").await.ok()["list"], json!([]));
    for (field, query) in [("page", "page=0"), ("limit", "limit=0"), ("limit", "limit=51"), ("page", "page=-1")] {
        admin.get(&format!("/api/v3/list-users?{query}")).await.refused_at(field);
    }
    for (field, pagination) in [("page", json!({ "page": 0 })), ("limit", json!({ "limit": 51 }))] {
        let body = json!({ "options": { "pagination": pagination } });
        admin.post("/api/v3/list-users", body).await.refused_at(&format!("options.pagination.{field}"));
    }
    assert_eq!(admin.get("/api/v3/list-users?page=9223372036854775807").await.body["statusCode"], 400);
}

#[tokio::test]
async fn the_plain_list_filters_by_state_and_time_of_change() {
    let (_server, admin) = four().await;
    let list = async |query: &str| {
        let page = admin.get(&format!("/api/v3/list-users?{query}")).await.ok();
        usernames(&page).concat()
    };
    assert_eq!(list("status=Suspended").await, "b");
    assert_eq!(list("status=Activated").await, "dca");
    // Users were made at 1767225600 and in the three seconds after it.
    assert_eq!(list("updatedAtStart=1767225602").await, "dc");
    assert_eq!(list("updatedAtEnd=1767225601").await, "ba");
    assert_eq!(list("updatedAtStart=1767225601000&updatedAtEnd=1767225602000").await, "cb");
    let full = admin
        .get("/api/v3/list-users?withCustomData=true&withIdentities=true&withDepartmentIds=true&limit=4")
        .await
        .ok();
    let carol = &full["list"][1];
    assert_eq!(carol["customData"]["age"], -3.5);
    assert_eq!(carol["identities"][0]["userIdInIdp"], "ou_c");
    assert_eq!(carol["departmentIds"], json!([]));
    admin.get("/api/v3/list-users?status=Alive").await.refused_at("status");
}

#[tokio::test]
async fn keywords_are_taken_literally_and_case_does_not_count() {
    let (_server, admin) = four().await;
    for (words, want) in [
        ("ANNA", "a"),
        ("bert", "b"),
        ("example", "ab"),
        ("carol", "c"),
        ("0138", "b"),
        ("555", "d"),
        ("231002x", "d"),
        ("北京", "a"),
        ("%", ""),
        ("_", ""),
        ("' OR 1=1 --", ""),
        ("  ", "abcd"),
        ("foo", ""),
    ] {
        assert_eq!(found(&admin, json!({ "keywords": words })).await, want, "{words}");
    }
    let on = |words: &str, fields: Value| json!({ "keywords": words, "options": { "fuzzySearchOn": fields } });
    assert_eq!(found(&admin, on("100% foo_bar", json!(["company"]))).await, "a");
    assert_eq!(found(&admin, on("foo", json!(["company"]))).await, "ab");
    assert_eq!(found(&admin, on("北京", json!(["address", "givenName"]))).await, "a");
    assert_eq!(found(&admin, on("ext-", json!(["externalId"]))).await, "c");
    admin.post("/api/v3/list-users", on("x", json!([]))).await.refused_at("options.fuzzySearchOn");
    admin.post("/api/v3/list-users", on("x", json!(["password"]))).await.refused_at("options.fuzzySearchOn[0]");
    let long = "x".repeat(257);
    admin.post("/api/v3/list-users", json!({ "keywords": long })).await.refused_at("keywords");
    admin.post("/api/v3/list-users", json!({ "searchQuery": { "match_all": {} } })).await.refused(501);
}

#[tokio::test]
async fn every_operator_selects_what_it_says() {
    let (_server, admin) = four().await;
    for (field, operator, value, want) in [
        ("username", "EQUAL", json!("A"), "a"),
        ("email", "EQUAL", json!("anna@example.COM"), "a"),
        ("email", "NOT_EQUAL", json!("anna@example.com"), "bcd"),
        ("email", "CONTAINS", json!("@example.com"), "a"),
        ("email", "NOT_CONTAINS", json!("@example.com"), "bcd"),
        ("email", "IS_NULL", Value::Null, "cd"),
        ("email", "NOT_NULL", Value::Null, "ab"),
        ("status", "EQUAL", json!("Suspended"), "b"),
        ("status", "IN", json!(["Suspended", "Activated"]), "abcd"),
        ("status", "IN", json!([]), ""),
        ("gender", "EQUAL", json!("F"), "a"),
        ("company", "CONTAINS", json!("FOO_"), "a"),
        ("externalId", "EQUAL", json!("ext-c"), "c"),
        ("nickname", "EQUAL", json!("carol"), "c"),
        ("phone", "EQUAL", json!("13800138000"), "b"),
        ("phone", "IN", json!(["13800138000", "4155550123"]), "bd"),
        ("phoneCountryCode", "EQUAL", json!("+1"), "d"),
        ("birthdate", "BETWEEN", json!(["1990-01-01", "1999-12-31"]), "c"),
        ("emailVerified", "EQUAL", json!(true), ""),
        ("loginsCount", "EQUAL", json!(0), "abcd"),
        ("loginsCount", "GREATER", json!(1), ""),
        ("loginsCount", "LESSER", json!(0), "abcd"),
        ("loginsCount", "BETWEEN", json!([0, 100]), "abcd"),
        ("loginsCount", "IN", json!([0, 7]), "abcd"),
        ("lastLogin", "IS_NULL", Value::Null, "abcd"),
        ("lastLoginTime", "GREATER", json!("2020-01-01T00:00:00Z"), ""),
        ("signedUp", "GREATER", json!("2026-01-01T00:00:02.000Z"), "cd"),
        ("createdAt", "LESSER", json!(1_767_225_601_000_i64), "ab"),
        ("createdAt", "BETWEEN", json!([1_767_225_601, 1_767_225_602]), "bc"),
        ("age", "EQUAL", json!(22), "b"),
        ("age", "NOT_EQUAL", json!(22), "acd"),
        ("age", "GREATER", json!(9), "ab"),
        ("age", "LESSER", json!(9), "ac"),
        ("age", "BETWEEN", json!([-10, 10]), "ac"),
        ("age", "IN", json!([9, 22]), "ab"),
        ("age", "IS_NULL", Value::Null, "d"),
        ("age", "NOT_NULL", Value::Null, "abc"),
        ("school", "CONTAINS", json!("北京"), "a"),
        ("school", "NOT_CONTAINS", json!("北京"), "bcd"),
        ("school", "EQUAL", json!("TSINGHUA"), "b"),
        ("since", "GREATER", json!("2021-01-01"), "c"),
        ("on", "EQUAL", json!(true), "a"),
        ("no-such-field", "EQUAL", json!("x"), ""),
        ("no-such-field", "IS_NULL", Value::Null, "abcd"),
        ("identity", "NOT_NULL", Value::Null, "c"),
        ("identity", "IS_NULL", Value::Null, "abd"),
        ("identity", "EQUAL", json!({ "provider": "lark" }), "c"),
        ("identity", "EQUAL", json!({ "provider": "lark", "userIdInIdp": "ou_d" }), ""),
        ("identity", "IN", json!([{ "extIdpId": "idp1", "userIdInIdp": "ou_c" }, { "provider": "qq" }]), "c"),
        ("userSource", "IN", json!(["adminCreated", "excel"]), "abcd"),
        ("userSource", "EQUAL", json!({ "userSourceType": "excel" }), ""),
        ("loggedInApps", "IN", json!(["app"]), ""),
    ] {
        let condition = json!({ "field": field, "operator": operator, "value": value });
        assert_eq!(found(&admin, json!({ "advancedFilter": [condition] })).await, want, "{field} {operator} {value}");
    }
    let both = json!([
        { "field": "email", "operator": "NOT_NULL" },
        { "field": "age", "operator": "GREATER", "value": 10 },
    ]);
    assert_eq!(found(&admin, json!({ "keywords": "example", "advancedFilter": both })).await, "b");
}

#[tokio::test]
async fn users_are_found_by_the_applications_they_signed_in_to() {
    let (server, admin) = start().await;
    for name in ["a", "b"] {
        create(&admin, json!({ "username": name, "password": "correct horse battery" })).await;
    }
    super::update::signed_in(&server, "b").await;
    for value in [json!([server.pool.app_id]), json!(["x", server.pool.app_id])] {
        let filter = json!([{ "field": "loggedInApps", "operator": "IN", "value": value }]);
        assert_eq!(found(&admin, json!({ "advancedFilter": filter })).await, "b");
    }
    let filter = json!([{ "field": "loginsCount", "operator": "GREATER", "value": 1 }]);
    assert_eq!(found(&admin, json!({ "advancedFilter": filter })).await, "b");
}

#[tokio::test]
async fn a_condition_that_makes_no_sense_is_refused_at_its_place() {
    let (_server, admin) = start().await;
    for (field, condition) in [
        ("operator", json!({ "field": "status", "operator": "GREATER", "value": "x" })),
        ("operator", json!({ "field": "loginsCount", "operator": "CONTAINS", "value": "1" })),
        ("operator", json!({ "field": "emailVerified", "operator": "IN", "value": [true] })),
        ("operator", json!({ "field": "userSource", "operator": "CONTAINS", "value": "x" })),
        ("operator", json!({ "field": "status", "operator": "LIKE", "value": "x" })),
        ("value", json!({ "field": "status", "operator": "EQUAL" })),
        ("value", json!({ "field": "status", "operator": "IN", "value": "Suspended" })),
        ("value", json!({ "field": "loginsCount", "operator": "EQUAL", "value": "many" })),
        ("value", json!({ "field": "loginsCount", "operator": "BETWEEN", "value": [1] })),
        ("value", json!({ "field": "lastLogin", "operator": "GREATER", "value": "last week" })),
        ("value", json!({ "field": "emailVerified", "operator": "EQUAL", "value": "yes" })),
        ("value", json!({ "field": "age", "operator": "GREATER", "value": "old" })),
        ("value", json!({ "field": "age", "operator": "EQUAL", "value": { "a": 1 } })),
        ("value", json!({ "field": "identity", "operator": "EQUAL", "value": { "password": "x" } })),
        ("value", json!({ "field": "name", "operator": "EQUAL", "value": "x".repeat(257) })),
        ("operator", json!({ "field": "department", "operator": "CONTAINS", "value": "d" })),
        ("value", json!({ "field": "department", "operator": "IN", "value": {} })),
        ("value", json!({ "field": "department", "operator": "EQUAL", "value": { "departmentId": "d" } })),
        (
            "value",
            json!({ "field": "department", "operator": "EQUAL",
            "value": { "organizationCode": "o", "departmentId": "d", "departmentIdType": "code" } }),
        ),
        ("field", json!({ "field": "x".repeat(257), "operator": "IS_NULL" })),
    ] {
        let good = json!({ "field": "username", "operator": "NOT_NULL" });
        let body = json!({ "advancedFilter": [good, condition] });
        admin.post("/api/v3/list-users", body).await.refused_at(&format!("advancedFilter[1].{field}"));
    }
    let many: Vec<Value> = (0..21).map(|_| json!({ "field": "username", "operator": "NOT_NULL" })).collect();
    admin.post("/api/v3/list-users", json!({ "advancedFilter": many })).await.refused_at("advancedFilter");
}

#[tokio::test]
async fn lists_are_sorted_by_every_field_and_users_without_a_value_come_last() {
    let (_server, admin) = four().await;
    let sorted = async |sort: Value| {
        let page = admin.post("/api/v3/list-users", json!({ "options": { "sort": sort } })).await.ok();
        usernames(&page).concat()
    };
    assert_eq!(sorted(json!([{ "field": "username", "order": "asc" }])).await, "abcd");
    assert_eq!(sorted(json!([{ "field": "username", "order": "desc" }])).await, "dcba");
    assert_eq!(sorted(json!([{ "field": "createdAt", "order": "asc" }])).await, "abcd");
    assert_eq!(
        sorted(json!([{ "field": "email", "order": "desc" }, { "field": "createdAt", "order": "asc" }])).await,
        "bacd"
    );
    assert_eq!(
        sorted(json!([{ "field": "email", "order": "asc" }, { "field": "createdAt", "order": "desc" }])).await,
        "abdc"
    );
    assert_eq!(
        sorted(json!([{ "field": "status", "order": "desc" }, { "field": "username", "order": "asc" }])).await,
        "bacd"
    );
    for field in [
        "updatedAt",
        "externalId",
        "phone",
        "statusChangedAt",
        "passwordLastSetAt",
        "loginsCount",
        "gender",
        "lastLogin",
        "userSourceType",
        "lastMfaTime",
        "passwordSecurityLevel",
        "phoneCountryCode",
        "lastIp",
    ] {
        for order in ["asc", "desc"] {
            assert_eq!(sorted(json!([{ "field": field, "order": order }])).await.len(), 4, "{field} {order}");
        }
    }
    let bad = json!({ "options": { "sort": [{ "field": "password_hash", "order": "asc" }] } });
    admin.post("/api/v3/list-users", bad).await.refused_at("options.sort[0].field");
}

#[tokio::test]
async fn another_pools_users_are_in_no_list() {
    let (server, admin) = four().await;
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    assert_eq!(found(&stranger, json!({})).await, "");
    let theirs = create(&stranger, json!({ "username": "z", "customData": { "age": 22 } })).await;
    assert_eq!(found(&admin, json!({})).await, "abcd");
    let filter = json!([{ "field": "age", "operator": "EQUAL", "value": 22 }]);
    assert_eq!(found(&admin, json!({ "advancedFilter": filter })).await, "b");
    assert_eq!(found(&stranger, json!({ "advancedFilter": filter })).await, "z");
    assert_eq!(found(&admin, json!({ "keywords": id(&theirs), "options": { "fuzzySearchOn": ["id"] } })).await, "");
}

#[tokio::test]
async fn indexed_users_are_found_by_what_they_are_called_now() {
    let (server, admin) = four().await;
    let words = async |words: &str| found(&admin, json!({ "keywords": words })).await;
    index(&server).await;
    assert_eq!(super::count(&server, "user_texts_recent", "TRUE").await, 0);
    for (word, want) in
        [("example", "ab"), ("北京", "a"), ("京", "a"), ("0138", "b"), ("x", "abd"), ("zz", ""), ("t@e", "b")]
    {
        assert_eq!(words(word).await, want, "{word}");
    }
    let all = admin.get("/api/v3/list-users").await.ok();
    let (bert, anna) = (id(&all["list"][2]), id(&all["list"][3]));
    admin.post("/api/v3/update-user", json!({ "userId": bert, "email": "robert@other.org", "name": null })).await.ok();
    assert_eq!(
        (words("example").await, words("robert").await, words("ober").await),
        ("a".into(), "b".into(), "b".into())
    );
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [anna] })).await.ok();
    assert_eq!((words("example").await, words("北京").await), (String::new(), String::new()));
    // The segment has two users left of four; a third one leaves, and it is dissolved.
    index(&server).await;
    let carol = id(&all["list"][1]);
    admin.post("/api/v3/update-user", json!({ "userId": carol, "nickname": "karla" })).await.ok();
    index(&server).await;
    assert_eq!(
        (words("karla").await, words("carol").await, words("robert").await, words("555").await),
        ("c".into(), String::new(), "b".into(), "d".into())
    );
    assert_eq!(super::count(&server, "user_grams", "gram LIKE '0anna%'").await, 0);
}

#[tokio::test]
async fn users_are_found_by_keywords_alone() {
    let (_server, admin) = four().await;
    let list = "/api/v3/list-users-by-keywords";
    let names = |page: &Value| usernames(page).concat();
    let page = admin.post(list, json!({ "keywords": "EXAMPLE" })).await.ok();
    assert_eq!((names(&page), &page["totalCount"]), ("ba".into(), &json!(2)));
    let options = json!({ "sort": [{ "field": "username", "order": "asc" }], "pagination": { "limit": 1, "page": 2 } });
    let page = admin.post(list, json!({ "keywords": "example", "options": options })).await.ok();
    assert_eq!((names(&page), &page["totalCount"]), ("b".into(), &json!(2)));
    let page = admin.post(list, json!({ "keywords": "foo", "options": { "fuzzySearchOn": ["company"] } })).await.ok();
    assert_eq!(names(&page), "ba");
    assert_eq!(admin.post(list, json!({ "keywords": "" })).await.ok()["totalCount"], 4);
    admin.post(list, json!({})).await.refused_at("keywords");
    admin.post(list, json!({ "keywords": "x".repeat(257) })).await.refused_at("keywords");
}

#[tokio::test]
async fn lists_show_departments_and_posts_when_asked() {
    let (server, admin) = four().await;
    let all = admin.get("/api/v3/list-users").await.ok();
    let user = id(&all["list"][3]).to_owned();
    for (department, main) in [("d1", false), ("d2", true)] {
        let sql = "INSERT INTO department_members (pool_id, department_id, user_id, is_leader, is_main, joined_at)
                   VALUES ($1, $2, $3, FALSE, $4, 0)";
        run(&server, sql, vals![department, &user, main]).await;
    }
    run(
        &server,
        "INSERT INTO post_users (pool_id, post_id, user_id, created_at) VALUES ($1, 'p1', $2, 0)",
        vals![&user],
    )
    .await;
    let page = admin.get("/api/v3/list-users?withDepartmentIds=true&withPost=true").await.ok();
    let (dora, anna) = (&page["list"][0], &page["list"][3]);
    assert_eq!((&dora["departmentIds"], &dora["postIdList"]), (&json!([]), &json!([])));
    assert_eq!((&anna["departmentIds"], &anna["postIdList"]), (&json!(["d1", "d2"]), &json!(["p1"])));
    assert_eq!(anna["mainDepartmentId"], "d2");
    let options = json!({ "withDepartmentIds": true });
    let page = admin.post("/api/v3/list-users", json!({ "keywords": "anna", "options": options })).await.ok();
    assert_eq!((&page["list"][0]["departmentIds"], page["list"][0].get("postIdList")), (&json!(["d1", "d2"]), None));
}
