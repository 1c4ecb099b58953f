//! Users: created, found, changed, searched, deleted.

mod create;
mod history;
mod identity;
mod life;
mod password;
mod read;
mod remove;
mod reset_link;
mod resign;
mod search;
mod unique;
mod update;

use serde_json::{Value, json};
use watchword_kit::PoolId;
use watchword_store::user::{TABLE, User};
use watchword_testkit::{Client, Reply, Server};

/// A server and its management client.
async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let admin = server.admin().await;
    (server, admin)
}

async fn create(admin: &Client, user: Value) -> Value {
    admin.post("/api/v3/create-user", user).await.ok()
}

fn id(user: &Value) -> &str {
    user["userId"].as_str().expect("a user id")
}

async fn get(admin: &Client, id: &str, query: &str) -> Reply {
    admin.get(&format!("/api/v3/get-user?userId={id}{query}")).await
}

/// The user as it is stored.
async fn stored(server: &Server, id: &str) -> Option<User> {
    let mut tx = server.services.db.read().await.expect("a transaction");
    TABLE.get(&mut tx, &PoolId::new(&server.pool.id), id).await.expect("an answer")
}

/// How many rows of a table the pool has that match a condition of ours.
async fn count(server: &Server, table: &str, condition: &str) -> i64 {
    let mut tx = server.services.db.read().await.expect("a transaction");
    let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE pool_id = $1 AND {condition}");
    let vals = [watchword_store::Val::from(server.pool.id.clone())];
    tx.one::<(i64,)>(&sql, &vals).await.expect("a count").0
}

fn usernames(page: &Value) -> Vec<&str> {
    let list = page["list"].as_array().or_else(|| page.as_array()).expect("a list");
    list.iter().map(|u| u["username"].as_str().unwrap_or_default()).collect()
}

fn batch(names: &[&str]) -> Value {
    json!({ "list": names.iter().map(|n| json!({ "username": n })).collect::<Vec<_>>() })
}

/// Target and text of every message, once the worker has taken all of them out of the outbox.
async fn letters(server: &Server) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    server.messages().await.iter().map(|letter| (text(&letter["to"]), text(&letter["text"]))).collect()
}

/// One statement of a test's own, for what no operation writes yet.
async fn exec(server: &Server, sql: &str) {
    let mut tx = server.services.db.write().await.expect("a transaction");
    tx.run(&sql.replace("POOL", &server.pool.id), &[]).await.expect("the statement runs");
    tx.commit().await.expect("a commit");
}
