//! The master key is changed under a server that runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use watchword_testkit::database::scratch;
use watchword_testkit::{PASSWORD, SECRET};

use super::{Node, command, init};

const CLIENTS: usize = 6;
const ROTATIONS: usize = 3;

/// Waits until so many more have been counted.
async fn more(counter: &AtomicUsize, n: usize) {
    let due = counter.load(Ordering::SeqCst) + n;
    for _ in 0..15_000 {
        if counter.load(Ordering::SeqCst) >= due {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("nobody signs in any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_master_key_is_rotated_nobody_who_signs_in_notices() {
    let data = scratch("rotation");
    let keys = init(&data);
    let node = Node::start(&data).await;
    let admin = node.admin(&keys).await;
    let keeper = admin.post("/api/v3/create-user", json!({ "username": "keeper" })).await.ok()["userId"].clone();
    let otp = json!({ "list": [{ "userId": keeper, "otp": { "secret": SECRET } }] });
    admin.post("/api/v3/import-otp", otp).await.done();
    let (signed_in, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let user = json!({ "username": format!("user{n}"), "password": PASSWORD });
        admin.post("/api/v3/create-user", user.clone()).await.ok();
        let (app, signed_in, over) = (node.app(&keys), signed_in.clone(), over.clone());
        clients.push(tokio::spawn(async move {
            let body = json!({ "connection": "PASSWORD", "passwordPayload": user });
            while !over.load(Ordering::SeqCst) {
                let tokens = app.post("/api/v3/signin", body.clone()).await.ok();
                let user = app.clone().bearer(tokens["access_token"].as_str().expect("a token"));
                user.get("/api/v3/get-profile").await.ok();
                signed_in.fetch_add(1, Ordering::SeqCst);
            }
        }));
    }
    let mut known = vec![std::fs::read_to_string(data.join("master.key")).expect("the key")];
    for _ in 0..ROTATIONS {
        more(&signed_in, 2 * CLIENTS).await;
        let mut rotate = command(&data);
        rotate.args(["master-key", "rotate", "--yes", "--data"]).arg(&data);
        let done = tokio::task::spawn_blocking(move || rotate.output().expect("it runs")).await.expect("it ends");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let key = std::fs::read_to_string(data.join("master.key")).expect("the key");
        assert!(!known.contains(&key));
        known.push(key);
    }
    more(&signed_in, 2 * CLIENTS).await;
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("no sign-in failed");
    }
    drop(node);
    let node = Node::start(&data).await;
    let payload = json!({ "username": "user0", "password": PASSWORD });
    let body = json!({ "connection": "PASSWORD", "passwordPayload": payload });
    node.app(&keys).post("/api/v3/signin", body).await.ok();
    // Sealed before the first rotation.
    let secret = format!("/api/v3/get-otp-secret-by-user?userId={}", keeper.as_str().expect("an id"));
    assert_eq!(node.admin(&keys).await.get(&secret).await.ok()["secret"], SECRET);
}
