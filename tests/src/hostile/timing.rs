//! Who is refused takes as long as anybody else who is. No clock: what costs time is counted.

use std::future::Future;

use serde_json::{Value, json};
use watchword_testkit::{Browser, PASSWORD, Server, minutes};

/// Users of every kind that is refused, and one whose hash came from elsewhere and is cheap to compare.
async fn people(s: &Server) {
    let admin = s.admin().await;
    for user in [
        json!({ "username": "ada", "password": PASSWORD, "email": "ada@example.com" }),
        json!({ "username": "bob", "password": PASSWORD, "status": "Suspended" }),
        json!({ "username": "cyd" }),
        json!({ "username": "dan", "passwordHash": format!("sha256$salt${}", "0".repeat(64)) }),
    ] {
        admin.post("/api/v3/create-user", user).await.ok();
    }
}

const NAMES: [&str; 5] = ["ada", "bob", "cyd", "dan", "nobody"];

/// How many hashes were computed meanwhile.
async fn cost(s: &Server, what: impl Future<Output = Value>) -> (usize, Value) {
    let before = s.services.passwords.evaluated();
    let refusal = what.await;
    (s.services.passwords.evaluated() - before, refusal)
}

fn without_id(mut body: Value) -> Value {
    body["requestId"] = "".into();
    body
}

#[tokio::test]
async fn a_refused_password_costs_one_hash_whoever_it_is_for() {
    let s = Server::start().await;
    people(&s).await;
    let mut seen = Vec::new();
    for name in NAMES {
        let wrong = json!({ "connection": "PASSWORD", "passwordPayload": { "username": name, "password": "wrong" } });
        // What cannot be decrypted is a wrong password like any other.
        let broken = json!({ "connection": "PASSWORD", "passwordPayload": { "username": name, "password": "AAAA" },
            "options": { "passwordEncryptType": "rsa" } });
        for body in [wrong, broken] {
            seen.push(cost(&s, async { without_id(s.app().post("/api/v3/signin", body).await.refused(403)) }).await);
        }
    }
    assert_eq!(seen[0].0, 1);
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
}

#[tokio::test]
async fn a_refused_password_on_the_page_costs_one_hash_whoever_it_is_for() {
    let s = Server::start().await;
    people(&s).await;
    let app = crate::authorize::plain(&s).await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&crate::authorize::request(&app, &[])).await;
    let mut seen = Vec::new();
    for name in NAMES {
        let form = [("account", name), ("password", "wrong")];
        seen.push(cost(&s, async { json!(browser.submit(&page, "login", &form).await.http) }).await);
        s.clock.advance(minutes(1));
    }
    assert!(seen.iter().all(|one| *one == (1, json!(403))), "{seen:#?}");
}

#[tokio::test]
async fn asking_for_a_code_costs_no_hash_and_tells_nothing_whoever_it_is_for() {
    let s = Server::with(|settings| settings.demo = true).await;
    people(&s).await;
    let mut seen = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let body = json!({ "email": email, "channel": "CHANNEL_RESET_PASSWORD" });
        seen.push(cost(&s, async { without_id(s.app().post("/api/v3/send-email", body).await.body) }).await);
    }
    assert_eq!(seen[0].0, 0);
    assert_eq!(seen[0], seen[1]);
}
