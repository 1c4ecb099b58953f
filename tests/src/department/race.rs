//! Two nodes change one tree at the same moment: afterwards it is what its parts say.

use futures_util::future::join_all;
use serde_json::json;
use watchword_testkit::{Client, Server};

use super::{add, assert_tree_is_true, below, get, organization, remove, update};

struct Nodes {
    one: Server,
    _two: Server,
    clients: [Client; 2],
}

async fn nodes() -> Nodes {
    let one = Server::start().await;
    let two = one.second_node().await;
    let clients = [one.admin().await, two.admin().await];
    organization(&clients[0], "hq").await;
    Nodes { one, _two: two, clients }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_moves_never_make_a_circle() {
    let nodes = nodes().await;
    let admin = &nodes.clients[0];
    for round in 0..10 {
        let (a, b) =
            (below(admin, "root", &format!("A{round}")).await, below(admin, "root", &format!("B{round}")).await);
        let replies = join_all(
            [(&a, &b), (&b, &a)]
                .into_iter()
                .zip(&nodes.clients)
                .map(|((from, to), client)| update(client, from, json!({ "parentDepartmentId": to }))),
        )
        .await;
        let won = replies.iter().filter(|r| r.body["statusCode"] == 200).count();
        assert_eq!(won, 1, "round {round}: {} {}", replies[0].text, replies[1].text);
        assert_tree_is_true(&nodes.one).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn joining_leaving_moving_setting_and_deleting_at_once_leave_the_tree_true() {
    let nodes = nodes().await;
    let admin = &nodes.clients[0];
    let lab = organization(admin, "lab").await;
    for round in 0..6 {
        let mut departments = Vec::new();
        for n in 0..4 {
            let parent = departments.last().map_or("root", String::as_str);
            departments.push(below(admin, parent, &format!("D{round}{n}")).await);
        }
        let side = below(admin, "root", &format!("Side{round}")).await;
        let mut users = Vec::new();
        for n in 0..6 {
            users.push(nodes.one.user(&format!("u{round}{n}")).await);
        }
        let all: Vec<&str> = users.iter().map(String::as_str).collect();
        add(admin, &departments[3], &all[..3]).await.ok();
        let mut tasks: Vec<std::pin::Pin<Box<dyn Future<Output = watchword_testkit::Reply> + Send>>> = Vec::new();
        for (n, user) in all.iter().enumerate() {
            let (one, two) = (&nodes.clients[n % 2], &nodes.clients[(n + 1) % 2]);
            tasks.push(Box::pin(add(one, &departments[n % 4], std::slice::from_ref(user))));
            tasks.push(Box::pin(remove(two, &departments[3], std::slice::from_ref(user))));
            let wish = json!({ "userId": user, "departments": [{ "departmentId": lab },
                { "departmentId": departments[(n + 1) % 4], "isMainDepartment": true }] });
            tasks.push(Box::pin(two.post("/api/v3/set-user-departments", wish)));
        }
        tasks.push(Box::pin(add(&nodes.clients[0], &side, &all)));
        tasks.push(Box::pin(update(&nodes.clients[1], &departments[2], json!({ "parentDepartmentId": side }))));
        tasks.push(Box::pin(update(&nodes.clients[0], &side, json!({ "parentDepartmentId": departments[0] }))));
        tasks.push(Box::pin(update(&nodes.clients[1], &departments[1], json!({ "leaderUserIds": [users[5]] }))));
        let delete = json!({ "userIds": [users[4], users[0]] });
        tasks.push(Box::pin(nodes.clients[0].post("/api/v3/delete-users-batch", delete)));
        tasks.push(Box::pin(nodes.clients[1].post("/api/v3/resign-user", json!({ "userId": users[1] }))));
        let gone = json!({ "organizationCode": "hq", "departmentId": departments[3] });
        tasks.push(Box::pin(nodes.clients[1].post("/api/v3/delete-department", gone)));
        for reply in join_all(tasks).await {
            let status = reply.body["statusCode"].as_u64().unwrap_or_default();
            assert!(status < 500, "round {round}: {}", reply.text);
        }
        assert_tree_is_true(&nodes.one).await;
        get(admin, "root").await;
    }
    admin.post("/api/v3/delete-organization", json!({ "organizationCode": "lab" })).await.ok();
    assert_tree_is_true(&nodes.one).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_department_and_its_organisation_go_while_people_join() {
    let nodes = nodes().await;
    let admin = &nodes.clients[0];
    for round in 0..6 {
        let code = format!("org{round}");
        let root = organization(admin, &code).await;
        let mut users = Vec::new();
        for n in 0..4 {
            users.push(nodes.one.user(&format!("w{round}{n}")).await);
        }
        let join = |n: usize, user: &String| {
            let body = json!({ "organizationCode": code, "departmentId": root, "userIds": [user] });
            nodes.clients[n % 2].post("/api/v3/add-department-members", body)
        };
        let joins = join_all(users.iter().enumerate().map(|(n, user)| join(n, user)));
        let gone = nodes.clients[1].post("/api/v3/delete-organization", json!({ "organizationCode": code }));
        let made = nodes.clients[0]
            .post("/api/v3/create-user", json!({ "username": format!("n{round}"), "departmentIds": [root] }));
        let (joined, gone, made) = tokio::join!(joins, gone, made);
        gone.ok();
        for reply in joined.iter().chain([&made]) {
            let status = reply.body["statusCode"].as_u64().unwrap_or_default();
            assert!([200, 404, 409].contains(&status), "round {round}: {}", reply.text);
        }
        assert_tree_is_true(&nodes.one).await;
    }
}

/// Who is in a group by a rule on both: neither change may miss the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rule_sees_a_department_that_moves_while_one_of_its_people_changes() {
    let nodes = nodes().await;
    let admin = &nodes.clients[0];
    let (a, b) = (below(admin, "root", "A").await, below(admin, "root", "B").await);
    let team = below(admin, &a, "Team").await;
    let user = nodes.one.user("ada").await;
    add(admin, &team, &[&user]).await.ok();
    let value = json!({ "organizationCode": "hq", "departmentId": b, "includeChildrenDepartments": true });
    let rule = json!([{ "field": "department", "operator": "EQUAL", "value": value },
        { "field": "company", "operator": "EQUAL", "value": "Acme" }]);
    let group = json!({ "code": "g", "name": "g", "description": "", "type": "dynamic", "rule": rule });
    admin.post("/api/v3/create-group", group).await.ok();
    for round in 0..12 {
        let comes = round % 2 == 0;
        let (parent, company) = if comes { (&b, "Acme") } else { (&a, "Zeta") };
        let moved = update(admin, &team, json!({ "parentDepartmentId": parent }));
        let change = json!({ "userId": user, "company": company });
        let changed = nodes.clients[1].post("/api/v3/update-user", change);
        let (moved, changed) = tokio::join!(moved, changed);
        moved.ok();
        changed.ok();
        let members = admin.get("/api/v3/list-group-members?code=g").await.ok();
        assert_eq!(members["totalCount"], i64::from(comes), "round {round}");
    }
}
