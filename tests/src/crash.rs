//! The server is killed in the middle of its work, again and again: what it acknowledged is there, and nothing is there
//! by half.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use watchword_store::{Db, Options};
use watchword_testkit::{Client, database::scratch};

use crate::node::{Node, init};

/// Users in one import.
const ITEMS: usize = 10_000;

/// How often the server is killed; `WATCHWORD_CRASH_TRIALS` says otherwise.
#[expect(clippy::disallowed_methods, reason = "the test runner says how long to try")]
fn trials() -> u64 {
    std::env::var("WATCHWORD_CRASH_TRIALS").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

async fn make_users(admin: &Client) -> Vec<String> {
    let mut ids = Vec::new();
    for batch in 0..ITEMS / 50 {
        let list: Vec<Value> = (0..50).map(|n| json!({ "username": format!("user{}", batch * 50 + n) })).collect();
        let made = admin.post("/api/v3/create-users-batch", json!({ "list": list })).await.ok();
        ids.extend(made.as_array().expect("users").iter().map(|u| u["userId"].as_str().expect("an id").to_owned()));
    }
    ids
}

/// 160 bits that tell the trial and the user.
fn secret(trial: u64, user: usize) -> String {
    let mut raw = [0x5a; 20];
    raw[..8].copy_from_slice(&trial.to_be_bytes());
    raw[8..16].copy_from_slice(&(user as u64).to_be_bytes());
    data_encoding::BASE32_NOPAD.encode(&raw)
}

fn import(trial: u64, ids: &[String]) -> Value {
    let item = |(n, id): (usize, &String)| json!({ "userId": id, "otp": { "secret": secret(trial, n) } });
    json!({ "list": ids.iter().enumerate().map(item).collect::<Vec<_>>() })
}

/// The trial whose secret the user has; 0: none.
async fn trial_of(admin: &Client, user: usize, id: &str, latest: u64) -> u64 {
    let reply = admin.get(&format!("/api/v3/get-otp-secret-by-user?userId={id}")).await;
    let Some(found) = reply.body["data"]["secret"].as_str() else {
        assert_eq!(reply.body["statusCode"], 422, "{}", reply.text);
        return 0;
    };
    (1..=latest).find(|trial| secret(*trial, user) == found).expect("a secret of one of the trials")
}

/// How many factors there are, and how many moments they were written at: one import has one.
async fn imported(data: &Path) -> (i64, i64) {
    let file = std::fs::read_dir(data).expect("the data").flatten().map(|e| e.path());
    let file = file.into_iter().find(|p| p.extension().is_some_and(|e| e == "db")).expect("a database");
    let db = Db::connect(&Options::sqlite(file)).await.expect("the database opens");
    let sql = String::from("SELECT COUNT(*) AS total, COUNT(DISTINCT updated_at) AS moments FROM mfa_factors");
    let mut tx = db.read().await.expect("a reader");
    tx.one::<(i64, i64)>(&sql, &[]).await.expect("the counts")
}

/// The same steps in every run: the moments are a fixed sequence between 0 and a bit more than an import takes.
fn moment(trial: u64, whole: Duration) -> Duration {
    let mut z = trial.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    whole.mul_f64(((z >> 11) as f64 / (1u64 << 53) as f64) * 1.15)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_is_there_as_a_whole_or_not_at_all() {
    let data = scratch("crash");
    let keys = init(&data);
    let mut node = Node::start(&data).await;
    let mut admin = node.admin(&keys).await;
    let ids = make_users(&admin).await;
    let began = std::time::Instant::now();
    admin.post("/api/v3/import-otp", import(1, &ids)).await.done();
    let whole = began.elapsed();
    let (mut present, mut acknowledged, mut lost) = (1, 0, 0);
    for trial in 2..2 + trials() {
        let body = import(trial, &ids);
        let client = admin.clone();
        let request = tokio::spawn(async move { client.try_post("/api/v3/import-otp", &body).await });
        tokio::time::sleep(moment(trial, whole)).await;
        // SIGKILL: nothing is flushed, nothing is closed.
        node.kill();
        let told = request.await.expect("the request ends").is_some_and(|reply| reply.body["statusCode"] == 200);
        node = Node::start(&data).await;
        admin = node.admin(&keys).await;

        let found = trial_of(&admin, 0, &ids[0], trial).await;
        assert!(found == present || found == trial, "trial {trial} found {found} where {present} was");
        if told {
            assert_eq!(found, trial, "acknowledged, but not there");
            acknowledged += 1;
        }
        lost += u64::from(found != trial);
        present = found;
        let rows = imported(&data).await;
        assert_eq!(
            (rows.0, rows.1),
            (ITEMS as i64, 1),
            "factors, and imports that they come from, after trial {trial}"
        );
        let last = trial_of(&admin, ITEMS - 1, &ids[ITEMS - 1], trial).await;
        assert_eq!(last, present, "the last user after trial {trial}");
    }
    assert!(lost > 0, "no kill came in the middle of an import");
    println!("{} trials: {acknowledged} acknowledged, {lost} left no trace", trials());
    let binding = std::fs::remove_dir_all(&data);
    drop((node, binding));
}

/// Killed among many small writes: every acknowledged one is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_the_kill_is_there_after_it() {
    let data = scratch("crash-small");
    let keys = init(&data);
    let mut node = Node::start(&data).await;
    let mut checked = 0;
    for trial in 0..trials().min(10) {
        let admin = node.admin(&keys).await;
        let writers: Vec<_> = (0..16)
            .map(|writer| {
                let admin = admin.clone();
                tokio::spawn(async move {
                    let mut made = Vec::new();
                    for n in 0.. {
                        let name = format!("t{trial}-w{writer}-{n}");
                        let Some(reply) = admin.try_post("/api/v3/create-user", &json!({ "username": name })).await
                        else {
                            break;
                        };
                        reply.ok();
                        made.push(name);
                    }
                    made
                })
            })
            .collect();
        tokio::time::sleep(moment(trial + 1, Duration::from_millis(400))).await;
        node.kill();
        node = Node::start(&data).await;
        let admin = node.admin(&keys).await;
        for writer in writers {
            for name in writer.await.expect("a writer") {
                let found = admin.post("/api/v3/is-user-exists", json!({ "username": name })).await.ok();
                assert_eq!(found["exists"], true, "{name} was acknowledged, but is not there");
                checked += 1;
            }
        }
    }
    assert!(checked > 0, "nothing was acknowledged before a kill");
    drop(node);
    let _ = std::fs::remove_dir_all(&data);
}
