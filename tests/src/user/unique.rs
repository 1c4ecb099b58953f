//! One name has one owner in a pool, however it is written and whoever asks at the same moment.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{count, start};

/// A member, and ways to write one and the same value of it.
const NAMES: [(&str, &str, [&str; 4]); 4] = [
    ("username", "username_key", ["Ada Ⅳ", "ADA IV", "ａｄａ iv", "ada IV"]),
    ("email", "email_key", ["Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM", "ada@Example.COM"]),
    ("phone", "phone_key", ["13800138000", "+8613800138000", "138 0013 8000", "138-0013-8000"]),
    ("externalId", "external_id_key", ["No-Ⅳ", "no-iv", "NO-IV", "ｎｏ-ⅳ"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_take_one_name_at_two_nodes_one_gets_it() {
    let (one, admin) = start().await;
    let two = one.second_node().await;
    let other = two.admin().await;
    for (member, column, spellings) in NAMES {
        let mut rivals = Vec::new();
        for n in 0..8 {
            rivals.push(one.user(&format!("{column}{n}")).await);
        }
        let calls = (0..32).map(|n| {
            let client = if n % 2 == 0 { &admin } else { &other };
            let name = spellings[n % 4];
            client.post("/api/v3/create-user", json!({ member: name }))
        });
        let renames = rivals.iter().enumerate().map(|(n, user)| {
            let client = if n % 2 == 0 { &admin } else { &other };
            client.post("/api/v3/update-user", json!({ "userId": user, member: spellings[n % 4] }))
        });
        let (made, renamed) = tokio::join!(join_all(calls), join_all(renames));
        let (mut won, mut refused) = (0, 0);
        for reply in made.iter().chain(&renamed) {
            match reply.body["statusCode"].as_u64() {
                Some(200) => won += 1,
                Some(409) => {
                    refused += 1;
                    assert_eq!(reply.body["apiCode"], 2026);
                    let said = reply.body["message"].as_str().unwrap_or_default();
                    assert!(said.starts_with(&format!("{member}:")), "{}", reply.text);
                }
                _ => panic!("{member}: {}", reply.text),
            }
        }
        assert_eq!((won, refused), (1, 39), "{member}");
        if member != "username" {
            assert_eq!(count(&one, "users", &format!("{column} IS NOT NULL")).await, 1, "{member}");
        }
    }
}

#[tokio::test]
async fn a_name_is_taken_in_every_spelling_and_free_again_when_it_is_given_up() {
    let (server, admin) = start().await;
    let other = server.admin_of(&server.new_pool("Another pool").await).await;
    for (member, _, spellings) in NAMES {
        let made = admin.post("/api/v3/create-user", json!({ member: spellings[0], "name": "first" })).await.ok();
        for name in spellings {
            let reply = admin.post("/api/v3/create-user", json!({ member: name })).await;
            reply.refused_with(409, 2026);
            let exists = admin.post("/api/v3/is-user-exists", json!({ member: name })).await.ok();
            assert_eq!(exists["exists"], true, "{name}");
        }
        other.post("/api/v3/create-user", json!({ member: spellings[1] })).await.ok();
        admin.post("/api/v3/delete-users-batch", json!({ "userIds": [made["userId"]] })).await.ok();
        let again: Value = admin.post("/api/v3/create-user", json!({ member: spellings[2] })).await.ok();
        assert_ne!(again["userId"], made["userId"]);
    }
}
