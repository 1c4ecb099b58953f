//! Roles: in permission spaces, given and taken, held directly and by inheritance.

mod assign;
mod exclusion;
mod held;
mod manage;
mod model;
mod race;

use serde_json::{Value, json};
use watchword_store::Val;
use watchword_testkit::{Client, Server};

async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let admin = server.admin().await;
    (server, admin)
}

async fn user(admin: &Client, name: &str) -> String {
    let made = admin.post("/api/v3/create-user", json!({ "username": name })).await.ok();
    made["userId"].as_str().unwrap().to_owned()
}

async fn role(admin: &Client, code: &str) -> Value {
    admin.post("/api/v3/create-role", json!({ "code": code })).await.ok()
}

async fn group(admin: &Client, code: &str, users: &[&String]) {
    let body = json!({ "code": code, "name": code, "description": "", "type": "static" });
    admin.post("/api/v3/create-group", body).await.ok();
    if !users.is_empty() {
        admin.post("/api/v3/add-group-members", json!({ "code": code, "userIds": users })).await.ok();
    }
}

fn target(kind: &str, id: &str) -> Value {
    json!({ "targetType": kind, "targetIdentifier": id })
}

async fn give(admin: &Client, code: &str, kind: &str, id: &str) {
    admin.post("/api/v3/assign-role", json!({ "code": code, "targets": [target(kind, id)] })).await.ok();
}

/// User names of those who hold a role, `*` behind those who only inherit it, in alphabetical order.
async fn holders(admin: &Client, code: &str) -> Vec<String> {
    let page = admin.get(&format!("/api/v3/list-role-members?code={code}&limit=50")).await.ok();
    let list = page["list"].as_array().unwrap();
    assert_eq!(page["totalCount"], list.len());
    let mut names: Vec<String> = list.iter().map(|u| marked(u, "username")).collect();
    names.sort();
    names
}

/// Codes of the roles a user holds, `*` behind inherited ones.
async fn roles_of(admin: &Client, user: &str) -> Vec<String> {
    let page = admin.get(&format!("/api/v3/get-user-roles?userId={user}")).await.ok();
    let list = page["list"].as_array().unwrap();
    assert_eq!(page["totalCount"], list.len());
    list.iter().map(|r| marked(r, "code")).collect()
}

fn marked(item: &Value, name: &str) -> String {
    let star = if item["inherited"].as_bool().expect("inherited") { "*" } else { "" };
    format!("{}{star}", item[name].as_str().unwrap())
}

async fn has(admin: &Client, user: &str, roles: Value) -> bool {
    let body = json!({ "userId": user, "roles": roles });
    admin.post("/api/v3/has-any-role", body).await.ok()["hasAnyRole"].as_bool().unwrap()
}

/// How many rows a table has.
async fn count(server: &Server, table: &str) -> i64 {
    let mut tx = server.services.db.read().await.unwrap();
    tx.one::<(i64,)>(&format!("SELECT COUNT(*) AS n FROM {table}"), &[]).await.unwrap().0
}

async fn exec(server: &Server, sql: &str, vals: &[Val]) {
    let mut tx = server.services.db.write().await.unwrap();
    tx.run(&sql.to_owned(), vals).await.unwrap();
    tx.commit().await.unwrap();
}

/// A department below another, straight into the tables: what roles need of it.
async fn department(server: &Server, id: &str, above: &[&str]) {
    let pool = server.pool.id.as_str();
    let root = above.last().copied().unwrap_or(id);
    let sql = "INSERT INTO departments (pool_id, id, organization_id, parent_id, name, name_key, description, code,
                   open_department_id, is_virtual, enabled, i18n, custom_data, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $5, NULL, NULL, NULL, FALSE, TRUE, NULL, '{}', 0, 0)";
    let parent = above.first().map(|p| (*p).to_owned());
    exec(server, sql, &[pool.into(), id.into(), root.into(), parent.into(), format!("Department {id}").into()]).await;
    for (depth, ancestor) in std::iter::once(&id).chain(above).enumerate() {
        let sql = "INSERT INTO department_ancestors (pool_id, department_id, ancestor_id, depth)
                   VALUES ($1, $2, $3, $4)";
        exec(server, sql, &[pool.into(), id.into(), (*ancestor).into(), (depth as i64).into()]).await;
    }
}

/// Puts a user into a department and the trees above it.
async fn join(server: &Server, user: &str, department_and_above: &[&str]) {
    let pool = server.pool.id.as_str();
    for department in department_and_above {
        let sql = "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at)
                   VALUES ($1, $2, $3, 0) ON CONFLICT (pool_id, department_id, user_id) DO NOTHING";
        exec(server, sql, &[pool.into(), (*department).into(), user.into()]).await;
    }
}
