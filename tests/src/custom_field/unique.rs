//! Unique fields: one owner per value, whatever happens at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::*;

async fn badge(admin: &Client) {
    define(admin, json!([{ "key": "badge", "dataType": "STRING", "isUnique": true }])).await.ok();
}

#[track_caller]
fn taken(reply: &Reply, field: &str) {
    let said = reply.refused(409);
    assert!(said["message"].as_str().unwrap_or_default().starts_with(&format!("{field}:")), "{}", reply.text);
}

#[tokio::test]
async fn a_value_has_one_owner_whatever_its_case_and_width() {
    let (s, admin) = start().await;
    badge(&admin).await;
    define(&admin, json!([{ "key": "n", "dataType": "NUMBER", "validateRules": [{ "type": "UNIQUE" }] }])).await.ok();
    let ada = made(&admin, "ada", json!({ "badge": "Ab1", "n": 1 })).await;
    taken(&create(&admin, "bob", json!({ "badge": "ａｂ１" })).await, "customData.badge");
    taken(&create(&admin, "bob", json!({ "n": 1.0 })).await, "customData.n");
    let bob = made(&admin, "bob", json!({ "badge": "ab2", "n": 2 })).await;
    taken(&update(&admin, &bob, json!({ "badge": "AB1" })).await, "customData.badge");
    let users = json!([{ "username": "c", "customData": { "badge": "x" } }, { "username": "d", "customData": { "badge": "X" } }]);
    let batch = admin.post("/api/v3/create-users-batch", json!({ "list": users })).await;
    taken(&batch, "list[1].customData.badge");
    let list =
        json!([{ "userId": ada, "customData": { "badge": "q" } }, { "userId": bob, "customData": { "badge": "Q" } }]);
    taken(&admin.post("/api/v3/update-user-batch", json!({ "list": list })).await, "list[1].customData.badge");
    update(&admin, &ada, json!({ "badge": "ab1", "other": 1 })).await.ok();
    // Free again by a change, by null, and by the user's end.
    update(&admin, &ada, json!({ "badge": "new" })).await.ok();
    update(&admin, &bob, json!({ "badge": "AB1" })).await.ok();
    admin.post("/api/v3/update-user", json!({ "userId": bob, "customData": null })).await.ok();
    update(&admin, &ada, json!({ "badge": "ab1", "n": 2 })).await.ok();
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [ada] })).await.ok();
    update(&admin, &bob, json!({ "badge": "ab1" })).await.ok();
    let other = s.new_pool("Other").await;
    let other = s.admin_of(&other).await;
    badge(&other).await;
    made(&other, "ada", json!({ "badge": "ab1" })).await;
}

#[tokio::test]
async fn two_may_trade_their_values_in_one_batch() {
    let (_s, admin) = start().await;
    badge(&admin).await;
    let (ada, bob) =
        (made(&admin, "ada", json!({ "badge": "1" })).await, made(&admin, "bob", json!({ "badge": "2" })).await);
    let list =
        json!([{ "userId": ada, "customData": { "badge": "2" } }, { "userId": bob, "customData": { "badge": "1" } }]);
    admin.post("/api/v3/update-user-batch", json!({ "list": list })).await.ok();
    assert_eq!(
        (&data_of(&admin, &ada).await["badge"], &data_of(&admin, &bob).await["badge"]),
        (&json!("2"), &json!("1"))
    );
}

#[tokio::test]
async fn of_many_who_take_a_value_at_once_exactly_one_gets_it() {
    let (s, admin) = start().await;
    let two = s.second_node().await;
    let clients = [admin.clone(), two.admin().await];
    badge(&admin).await;
    let name = |n: usize| format!("u{n}");
    let replies = join_all((0..16).map(|n| {
        let client = &clients[n % 2];
        async move { create(client, &name(n), json!({ "badge": "B" })).await }
    }))
    .await;
    assert_eq!(replies.iter().filter(|r| r.body["statusCode"] == 200).count(), 1);
    replies.iter().filter(|r| r.body["statusCode"] != 200).for_each(|r| taken(r, "customData.badge"));
    let data = rows(&s, "SELECT custom_data FROM users WHERE pool_id = $1 AND custom_data <> '{}'").await;
    assert_eq!(data, [r#"{"badge":"B"}"#]);
    let mut ids = Vec::new();
    for n in 0..16 {
        ids.push(made(&admin, &format!("v{n}"), json!({ "badge": format!("v{n}") })).await);
    }
    let replies = join_all(ids.iter().enumerate().map(|(n, id)| {
        let client = &clients[n % 2];
        async move { update(client, id, json!({ "badge": "wanted" })).await }
    }))
    .await;
    assert_eq!(replies.iter().filter(|r| r.body["statusCode"] == 200).count(), 1);
    let owners = "SELECT target_id FROM custom_unique_values WHERE pool_id = $1 AND value_key = 'wanted'";
    assert_eq!(rows(&s, owners).await.len(), 1);
}

#[tokio::test]
async fn batches_with_the_same_values_in_another_order_do_not_wait_for_each_other() {
    let (s, admin) = start().await;
    let two = s.second_node().await;
    let clients = [admin.clone(), two.admin().await];
    badge(&admin).await;
    define(&admin, json!([{ "key": "desk", "dataType": "STRING", "isUnique": true }])).await.ok();
    for round in 0..6 {
        let users = |n: usize| -> Vec<Value> {
            let one = |i: usize| {
                let i = if n == 0 { i } else { 9 - i };
                json!({ "username": format!("r{round}-{n}-{i}"),
                    "customData": { "badge": format!("{round}-{i}"), "desk": format!("{round}-{}", 9 - i) } })
            };
            (0..10).map(one).collect()
        };
        let send = |n: usize| clients[n].post("/api/v3/create-users-batch", json!({ "list": users(n) }));
        let (one, other) = tokio::join!(send(0), send(1));
        let mut outcomes = [&one, &other].map(|r| r.body["statusCode"].as_i64().unwrap_or_default());
        outcomes.sort_unstable();
        assert_eq!(outcomes, [200, 409], "{} {}", one.text, other.text);
    }
}

#[tokio::test]
async fn a_field_becomes_unique_only_where_all_values_differ() {
    let (s, admin) = start().await;
    others(&s).await;
    let set = async |unique: bool| {
        define(&admin, json!([{ "key": "badge", "dataType": "STRING", "isUnique": unique }])).await
    };
    let ada = made(&admin, "ada", json!({ "badge": "A" })).await;
    let bob = made(&admin, "bob", json!({ "badge": "a" })).await;
    set(true).await.refused(409);
    assert_eq!(fields(&admin, "USER").await, json!([]));
    set(false).await.ok();
    set(true).await.refused(409);
    update(&admin, &bob, json!({ "badge": "b" })).await.ok();
    set(true).await.ok();
    taken(&create(&admin, "cyd", json!({ "badge": "A" })).await, "customData.badge");
    taken(&update(&admin, &ada, json!({ "badge": "B" })).await, "customData.badge");
    set(false).await.ok();
    create(&admin, "cyd", json!({ "badge": "A" })).await.ok();
    assert_eq!(rows(&s, "SELECT key FROM custom_unique_values WHERE pool_id = $1").await, [""; 0]);
    let of_departments = async |unique: bool| {
        let field = json!({ "targetType": "DEPARTMENT", "key": "floor", "dataType": "STRING", "isUnique": unique });
        define(&admin, json!([field])).await
    };
    of_departments(false).await.ok();
    let fill = async |id: &str, value: &str| {
        let list = json!([{ "key": "floor", "value": value }]);
        let body = json!({ "targetType": "DEPARTMENT", "targetIdentifier": id, "list": list });
        admin.post("/api/v3/set-custom-data", body).await
    };
    fill("d1", "One").await.ok();
    fill("d2", "one").await.ok();
    of_departments(true).await.refused(409);
    fill("d2", "two").await.ok();
    of_departments(true).await.ok();
    taken(&fill("d2", "ONE").await, "list[0].value");
}
