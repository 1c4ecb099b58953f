//! Two nodes on one database: what no single change would do, two at the same moment do not do either.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use watchword_testkit::{Client, Reply, Server};

use super::{count, give, group, holders, role, start, target, user};

const ROUNDS: usize = 12;

async fn nodes() -> (Server, Client, Server, Client) {
    let (one, admin) = start().await;
    let two = one.second_node().await;
    let second = two.admin().await;
    (one, admin, two, second)
}

fn won(replies: &[&Reply]) -> usize {
    replies.iter().filter(|r| r.body["statusCode"] == 200).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_assignments_do_not_close_a_circle() {
    let (_one, admin, _two, second) = nodes().await;
    for n in 0..ROUNDS {
        let (a, b) = (format!("a{n}"), format!("b{n}"));
        role(&admin, &a).await;
        role(&admin, &b).await;
        let there = json!({ "code": a, "targets": [target("ROLE", &b)] });
        let back = json!({ "code": b, "targets": [target("ROLE", &a)] });
        let path = "/api/v3/assign-role";
        let (x, y) = join(admin.post(path, there), second.post(path, back)).await;
        assert_eq!(won(&[&x, &y]), 1, "{} {}", x.text, y.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_assignments_do_not_give_somebody_roles_that_exclude_each_other() {
    let (_one, admin, _two, second) = nodes().await;
    role(&admin, "payer").await;
    admin.post("/api/v3/create-role", json!({ "code": "auditor", "excludes": [{ "code": "payer" }] })).await.ok();
    for n in 0..ROUNDS {
        let id = user(&admin, &format!("u{n}")).await;
        let team = format!("g{n}");
        group(&admin, &team, &[]).await;
        give(&admin, "auditor", "GROUP", &team).await;
        let direct = json!({ "code": "payer", "targets": [target("USER", &id)] });
        let joining = json!({ "code": team, "userIds": [id] });
        let (x, y) =
            join(admin.post("/api/v3/assign-role", direct), second.post("/api/v3/add-group-members", joining)).await;
        assert_eq!(won(&[&x, &y]), 1, "{} {}", x.text, y.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_who_is_deleted_meanwhile_is_assigned_or_added() {
    let (one, admin, _two, second) = nodes().await;
    role(&admin, "dev").await;
    group(&admin, "team", &[]).await;
    for n in 0..ROUNDS {
        let id = user(&admin, &format!("u{n}")).await;
        let away = json!({ "userIds": [id] });
        let (path, body) = if n % 2 == 0 {
            ("/api/v3/assign-role", json!({ "code": "dev", "targets": [target("USER", &id)] }))
        } else {
            ("/api/v3/add-group-members", json!({ "code": "team", "userIds": [id] }))
        };
        let (gone, _) = join(admin.post("/api/v3/delete-users-batch", away), second.post(path, body)).await;
        gone.ok();
    }
    assert_eq!((count(&one, "role_assignments").await, count(&one, "group_members").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_code_is_created_once() {
    let (_one, admin, _two, second) = nodes().await;
    let callers: Vec<&Client> = (0..8).map(|n| if n % 2 == 0 { &admin } else { &second }).collect();
    let body: Value = json!({ "code": "dev" });
    let replies = join_all(callers.iter().map(|c| c.post("/api/v3/create-role", body.clone()))).await;
    assert_eq!(won(&replies.iter().collect::<Vec<_>>()), 1);
    assert!(replies.iter().all(|r| r.body["statusCode"] == 200 || r.body["statusCode"] == 409));
    let body = json!({ "code": "team", "name": "Team", "description": "", "type": "static" });
    let path = "/api/v3/create-or-update-group";
    let replies = join_all(callers.iter().map(|c| c.post(path, body.clone()))).await;
    assert!(replies.iter().all(|r| r.body["statusCode"] == 200), "{}", replies[0].text);
    assert_eq!(replies.iter().filter(|r| r.body["data"]["created"] == true).count(), 1);
    assert_eq!(holders(&admin, "dev").await, [""; 0]);
}
