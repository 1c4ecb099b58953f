//! Groups: chosen one by one, and by a rule that is followed.

mod dynamic;
mod manage;
mod member;
mod model;

use serde_json::{Value, json};
use watchword_testkit::{Client, Server};

async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let admin = server.admin().await;
    (server, admin)
}

/// Makes users with these names; answers their ids.
async fn people(admin: &Client, names: &[&str]) -> Vec<String> {
    let list: Vec<Value> = names.iter().map(|n| json!({ "username": n })).collect();
    let made = admin.post("/api/v3/create-users-batch", json!({ "list": list })).await.ok();
    made.as_array().unwrap().iter().map(|u| u["userId"].as_str().unwrap().to_owned()).collect()
}

async fn make(admin: &Client, code: &str) -> Value {
    let body = json!({ "code": code, "name": code, "description": "", "type": "static" });
    admin.post("/api/v3/create-group", body).await.ok()
}

/// A dynamic group with these conditions.
async fn rule(admin: &Client, code: &str, rule: Value) -> Value {
    let body = json!({ "code": code, "name": code, "description": "", "type": "dynamic", "rule": rule });
    admin.post("/api/v3/create-group", body).await.ok()
}

/// User names of the members, in alphabetical order.
async fn members(admin: &Client, code: &str) -> Vec<String> {
    let page = admin.get(&format!("/api/v3/list-group-members?code={code}&limit=50")).await.ok();
    let mut names = names(&page["list"]);
    assert_eq!(page["totalCount"], names.len());
    names.sort();
    names
}

fn names(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|u| u["username"].as_str().unwrap_or_default().to_owned()).collect()
}

fn codes(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|g| g["code"].as_str().unwrap_or_default().to_owned()).collect()
}
