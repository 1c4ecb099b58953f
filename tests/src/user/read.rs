//! Reading users, and asking whether they exist.

use serde_json::{Value, json};

use super::{create, get, id, start, usernames};

#[tokio::test]
async fn what_is_not_asked_for_is_not_returned() {
    let (_server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada", "customData": { "badge": 1, "username": "shadow" } })).await;
    let plain = get(&admin, id(&made), "").await.ok();
    for member in ["customData", "identities", "departmentIds", "postIdList", "badge"] {
        assert!(plain.get(member).is_none(), "{member}");
    }
    let all = "&withCustomData=true&withIdentities=true&withDepartmentIds=True&withPost=true";
    let full = get(&admin, id(&made), all).await.ok();
    assert_eq!(full["customData"], json!({ "badge": 1, "username": "shadow" }));
    assert_eq!(
        (&full["identities"], &full["departmentIds"], &full["postIdList"]),
        (&json!([]), &json!([]), &json!([]))
    );
    let flat = get(&admin, id(&made), "&flatCustomData=true").await;
    assert_eq!((&flat.ok()["badge"], &flat.ok()["username"]), (&json!(1), &json!("ada")));
    assert_eq!(flat.text.matches("\"username\"").count(), 1, "{}", flat.text);
}

#[tokio::test]
async fn a_batch_answers_in_the_order_asked_and_leaves_strangers_out() {
    let (_server, admin) = start().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(
            id(&create(&admin, json!({ "username": name, "email": format!("{name}@example.com") })).await).to_owned(),
        );
    }
    let query = format!("/api/v3/get-user-batch?userIds={}&userIds=nobody&userIds={}", ids[2], ids[0]);
    assert_eq!(usernames(&admin.get(&query).await.ok()), ["c", "a"]);
    let by_email = "/api/v3/get-user-batch?userIds=B@example.com,a@example.com,b@EXAMPLE.com&userIdType=email";
    assert_eq!(usernames(&admin.get(by_email).await.ok()), ["b", "a"]);
    admin.get("/api/v3/get-user-batch").await.refused_at("userIds");
    let many: Vec<String> = (0..51).map(|n| format!("u{n}")).collect();
    admin.get(&format!("/api/v3/get-user-batch?userIds={}", many.join(","))).await.refused_at("userIds");
}

#[tokio::test]
async fn a_custom_value_that_two_users_share_names_nobody() {
    let (_server, admin) = start().await;
    create(&admin, json!({ "username": "a", "customData": { "team": "red" } })).await;
    create(&admin, json!({ "username": "b", "customData": { "team": "RED" } })).await;
    get(&admin, "team:red", "&userIdType=custom_field").await.refused(409);
}

#[tokio::test]
async fn a_user_exists_only_with_everything_asked_for() {
    let (_server, admin) = start().await;
    create(
        &admin,
        json!({ "username": "ada", "email": "ada@example.com", "phone": "4155550123", "phoneCountryCode": "+1" }),
    )
    .await;
    create(&admin, json!({ "username": "bob", "externalId": "B-1" })).await;
    for (asked, exists) in [
        (json!({ "username": "ADA" }), true),
        (json!({ "username": "ada", "email": "Ada@example.com" }), true),
        (json!({ "phone": "+1 415 555 0123" }), true),
        (json!({ "phone": "4155550123" }), false),
        (json!({ "phone": "no phone" }), false),
        (json!({ "externalId": "b-1" }), true),
        (json!({ "username": "ada", "externalId": "B-1" }), false),
        (json!({ "username": "ada", "email": "eve@example.com" }), false),
        (json!({ "username": "" }), false),
    ] {
        let answer = admin.post("/api/v3/is-user-exists", asked.clone()).await.ok();
        assert_eq!(answer, json!({ "exists": exists }), "{asked}");
    }
    admin.post("/api/v3/is-user-exists", json!({})).await.refused(400);
    admin.post("/api/v3/is-user-exists", json!({ "username": Value::Null })).await.refused(400);
}
