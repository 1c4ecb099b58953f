//! Leaving: what goes, what stays, all or none.

use serde_json::{Value, json};
use watchword_testkit::{Client, Server};

use super::{count, exec, get, start};

const TIES: [&str; 5] =
    ["department_members", "department_tree_members", "group_members", "post_users", "role_assignments"];

/// Ties a user to a department, a group, a post and a role; the role also to a group, which is not the user's.
async fn tie(server: &Server, user: &str) {
    for sql in [
        format!("INSERT INTO department_members VALUES ('POOL', 'd1', '{user}', FALSE, TRUE, 1)"),
        format!("INSERT INTO department_tree_members VALUES ('POOL', 'd1', '{user}', 1)"),
        format!("INSERT INTO group_members VALUES ('POOL', 'g1', '{user}', 1)"),
        format!("INSERT INTO post_users VALUES ('POOL', 'p1', '{user}', 1)"),
        format!("INSERT INTO role_assignments VALUES ('POOL', 'r1', 'USER', '{user}', NULL, NULL, 1, 1)"),
        format!("INSERT INTO role_assignments VALUES ('POOL', 'r1', 'GROUP', 'g-{user}', NULL, NULL, 1, 1)"),
    ] {
        exec(server, &sql).await;
    }
}

async fn ties(server: &Server, user: &str) -> i64 {
    let mut n = 0;
    for table in TIES {
        let column = if table == "role_assignments" { "target_id" } else { "user_id" };
        n += count(server, table, &format!("{column} = '{user}'")).await;
    }
    n
}

async fn status(admin: &Client, user: &str) -> Value {
    let shown = get(admin, user, "").await.ok();
    json!([shown["status"], shown["workStatus"]])
}

#[tokio::test]
async fn whoever_resigns_loses_every_tie_and_session_and_stays_on_file() {
    let (server, admin) = start().await;
    let (session, _) = server.signed_in_as("ada").await;
    let bob = server.user("bob").await;
    let ada = admin.post("/api/v3/list-users", json!({ "keywords": "ada" })).await.ok()["list"][0]["userId"].clone();
    let ada = ada.as_str().unwrap().to_owned();
    server.import(&ada, watchword_testkit::SECRET).await;
    tie(&server, &ada).await;
    tie(&server, &bob).await;
    let body = json!({ "userId": "ada", "userIdType": "username" });
    assert_eq!(admin.post("/api/v3/resign-user", body.clone()).await.ok(), json!({ "success": true }));
    assert_eq!(status(&admin, &ada).await, json!(["Resigned", "Closed"]));
    assert_eq!((ties(&server, &ada).await, ties(&server, &bob).await), (0, 5));
    assert_eq!(count(&server, "role_assignments", "target_type = 'GROUP'").await, 2);
    session.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    server.sign_in("ada").await.refused_with(403, 2_120_008);
    assert_eq!(count(&server, "mfa_factors", &format!("user_id = '{ada}'")).await, 1, "the account itself stays");
    // What was given to somebody who has left goes by leaving again.
    tie(&server, &format!("{ada}x")).await;
    exec(&server, &format!("UPDATE post_users SET user_id = '{ada}' WHERE user_id = '{ada}x'")).await;
    let since = get(&admin, &ada, "").await.ok()["statusChangedAt"].clone();
    server.advance(watchword_testkit::minutes(1));
    admin.post("/api/v3/resign-user", body).await.ok();
    assert_eq!(ties(&server, &ada).await, 0);
    assert_eq!(get(&admin, &ada, "").await.ok()["statusChangedAt"], since, "since the first time");
    assert_eq!(server.audited("user.resign").await, 2);
}

#[tokio::test]
async fn the_state_resigned_takes_as_much_away_when_it_is_set_like_any_other() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    for status in ["Suspended", "Archived", "Deactivated", "Activated"] {
        tie(&server, &format!("{ada}{status}")).await;
    }
    tie(&server, &ada).await;
    let set = |status: &str| admin.post("/api/v3/update-user", json!({ "userId": ada, "status": status }));
    for status in ["Suspended", "Archived", "Deactivated", "Activated"] {
        set(status).await.ok();
        assert_eq!(ties(&server, &ada).await, 5, "{status} keeps them");
    }
    set("Resigned").await.ok();
    assert_eq!(ties(&server, &ada).await, 0);
    set("Activated").await.ok();
    assert_eq!(ties(&server, &ada).await, 0, "nothing comes back by itself");
    server.sign_in("ada").await.ok();
}

#[tokio::test]
async fn a_batch_resigns_all_or_none() {
    let (server, admin) = start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let resign = |ids: Value| admin.post("/api/v3/resign-user-batch", json!({ "userIds": ids }));
    let unknown = "0123456789abcdef01234567";
    let refused = resign(json!([ada, unknown])).await.refused_with(404, 2004);
    assert!(refused["message"].as_str().unwrap().starts_with("userIds[1]:"), "{refused}");
    resign(json!([ada, bob, ada])).await.refused_at("userIds[2]");
    resign(json!([])).await.refused_at("userIds");
    resign(json!(vec![ada.as_str(); 51])).await.refused_at("userIds");
    for user in [&ada, &bob] {
        assert_eq!(status(&admin, user).await, json!(["Activated", "Active"]));
    }
    tie(&server, &ada).await;
    tie(&server, &bob).await;
    let by_name = json!({ "userIds": ["bob", "ada"], "userIdType": "username" });
    assert_eq!(admin.post("/api/v3/resign-user-batch", by_name).await.ok()["success"], true);
    for user in [&ada, &bob] {
        assert_eq!(status(&admin, user).await, json!(["Resigned", "Closed"]));
        assert_eq!(ties(&server, user).await, 0);
    }
    admin.post("/api/v3/resign-user", json!({ "userId": unknown })).await.refused_with(404, 2004);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_in_opposite_order_at_two_nodes_do_not_wait_for_each_other() {
    let (one, admin) = start().await;
    let two = one.second_node().await;
    let other = two.admin().await;
    let mut ids = Vec::new();
    for n in 0..10 {
        ids.push(one.user(&format!("user{n}")).await);
    }
    let back: Vec<&String> = ids.iter().rev().collect();
    for _ in 0..5 {
        let (first, second) = tokio::join!(
            admin.post("/api/v3/resign-user-batch", json!({ "userIds": ids })),
            other.post("/api/v3/resign-user-batch", json!({ "userIds": back })),
        );
        first.ok();
        second.ok();
    }
}
