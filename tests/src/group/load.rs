//! How long people take to be written where 30 groups follow rules. Run by hand:
//! `cargo test -p watchword-tests -- --ignored --nocapture thirty_rules`.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use watchword_testkit::Client;

use super::{rule, start};

const BATCHES: usize = 40;
const BATCH: usize = 50;

/// Thirty rules of all kinds, a third of which name departments.
async fn rules(admin: &Client, departments: &[String]) {
    for n in 0..30 {
        let condition = match n % 6 {
            0 => json!({ "field": "company", "operator": "CONTAINS", "value": format!("me {n}") }),
            1 => json!({ "field": "status", "operator": "IN", "value": ["Activated", "Suspended"] }),
            2 => json!({ "field": "level", "operator": "GREATER", "value": n }),
            3 => json!({ "field": "gender", "operator": "EQUAL", "value": "F" }),
            _ => json!({ "field": "department", "operator": if n % 6 == 4 { "EQUAL" } else { "NOT_EQUAL" },
                "value": { "organizationCode": "hq", "departmentId": departments[n % departments.len()],
                    "includeChildrenDepartments": n % 2 == 0 } }),
        };
        let other = json!({ "field": "username", "operator": "NOT_NULL" });
        rule(admin, &format!("g{n}"), json!([condition, other])).await;
    }
}

fn people(batch: usize, departments: &[String]) -> Value {
    let person = |n: usize| {
        let gender = if n.is_multiple_of(2) { "M" } else { "F" };
        json!({ "username": format!("u{batch}x{n}"), "email": format!("u{batch}x{n}@example.com"),
            "name": format!("User {n}"), "company": format!("Acme {}", n % 40), "gender": gender,
            "customData": { "level": n }, "departmentIds": [departments[(batch + n) % departments.len()]] })
    };
    json!({ "list": (0..BATCH).map(person).collect::<Vec<_>>() })
}

fn tell(what: &str, mut times: Vec<Duration>, all: Duration) {
    times.sort();
    let ms = |at: usize| times[at * (times.len() - 1) / 100].as_secs_f64() * 1e3;
    println!("{what} | {:.1} | {:.1} | {:.1} in a second", ms(50), ms(100), times.len() as f64 / all.as_secs_f64());
}

/// One request after the other by each of so many clients.
async fn sent(admins: &[Client], path: &str, bodies: Vec<Value>) -> Vec<Value> {
    let (mut lists, begun) = (vec![Vec::new(); admins.len()], Instant::now());
    for (n, body) in bodies.into_iter().enumerate() {
        lists[n % admins.len()].push(body);
    }
    let each = admins.iter().zip(lists).map(async |(admin, list)| {
        let (mut times, mut replies) = (Vec::new(), Vec::new());
        for body in list {
            let begun = Instant::now();
            replies.push(admin.post(path, body).await.ok());
            times.push(begun.elapsed());
        }
        (times, replies)
    });
    let (times, replies): (Vec<_>, Vec<_>) = join_all(each).await.into_iter().unzip();
    tell(&format!("{path}, {} at once", admins.len()), times.concat(), begun.elapsed());
    replies.concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "writes 4,000 people to see how long that takes"]
async fn people_are_written_quickly_where_thirty_rules_are_followed() {
    let (server, admin) = start().await;
    let body = json!({ "organizationCode": "hq", "organizationName": "HQ", "metadata": {} });
    let root = admin.post("/api/v3/create-organization", body).await.ok();
    let mut departments = vec![root["departmentId"].as_str().unwrap().to_owned()];
    for n in 0..20 {
        let body = json!({ "organizationCode": "hq", "parentDepartmentId": departments[n / 3], "name": format!("D{n}"),
            "metadata": {} });
        let made = admin.post("/api/v3/create-department", body).await.ok();
        departments.push(made["departmentId"].as_str().unwrap().to_owned());
    }
    rules(&admin, &departments).await;
    let four = [server.admin().await, server.admin().await, server.admin().await, admin];
    let bodies = |from: usize| (from..from + BATCHES).map(|n| people(n, &departments)).collect::<Vec<_>>();
    let made = sent(&four[..1], "/api/v3/create-users-batch", bodies(0)).await;
    sent(&four, "/api/v3/create-users-batch", bodies(BATCHES)).await;
    let update = |list: &Value| {
        let list: Vec<Value> =
            list.as_array().unwrap().iter().map(|u| json!({ "userId": u["userId"], "gender": "F" })).collect();
        json!({ "list": list })
    };
    sent(&four[..1], "/api/v3/update-user-batch", made.iter().map(update).collect()).await;
    sent(&four, "/api/v3/update-user-batch", made.iter().map(update).collect()).await;
}
