//! Custom fields: defined, filled, compared, hidden, deleted.

mod base;
mod data;
mod define;
mod model;
mod seal;
mod unique;
mod value;

use serde_json::{Value, json};
use watchword_store::Val;
use watchword_testkit::{Client, Reply, Server};

async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let admin = server.admin().await;
    (server, admin)
}

/// Defines fields of users; `targetType` is added.
async fn define(admin: &Client, fields: Value) -> Reply {
    let mut fields = fields;
    for field in fields.as_array_mut().expect("a list") {
        if field.get("targetType").is_none() {
            field["targetType"] = json!("USER");
        }
    }
    admin.post("/api/v3/set-custom-fields", json!({ "list": fields })).await
}

async fn create(admin: &Client, username: &str, data: Value) -> Reply {
    admin.post("/api/v3/create-user", json!({ "username": username, "customData": data })).await
}

async fn update(admin: &Client, id: &str, data: Value) -> Reply {
    admin.post("/api/v3/update-user", json!({ "userId": id, "customData": data })).await
}

async fn made(admin: &Client, username: &str, data: Value) -> String {
    create(admin, username, data).await.ok()["userId"].as_str().expect("an id").to_owned()
}

async fn data_of(admin: &Client, id: &str) -> Value {
    admin.get(&format!("/api/v3/get-user?userId={id}&withCustomData=true")).await.ok()["customData"].clone()
}

async fn fields(admin: &Client, target: &str) -> Value {
    admin.get(&format!("/api/v3/get-custom-fields?targetType={target}")).await.ok()
}

/// A statement of the test's own, with `$1` the pool.
async fn run(s: &Server, sql: &str) {
    let mut tx = s.services.db.write().await.expect("a transaction");
    tx.run(&sql.to_owned(), &[Val::from(s.pool.id.as_str())]).await.expect("it runs");
    tx.commit().await.expect("a commit");
}

async fn rows(s: &Server, sql: &str) -> Vec<String> {
    let mut tx = s.services.db.read().await.expect("a transaction");
    let rows: Vec<(String,)> = tx.all(&sql.to_owned(), &[Val::from(s.pool.id.as_str())]).await.expect("rows");
    rows.into_iter().map(|(row,)| row).collect()
}

/// A role «admin» of two permission spaces, a group «dev» and a department «d1», as their operations store them.
async fn others(s: &Server) {
    for (id, namespace) in [("r1", "default"), ("r2", "shop")] {
        let sql = format!(
            "INSERT INTO roles (pool_id, id, namespace, code, name, name_key, description, status, is_admin,
                 custom_data, created_at, updated_at)
             VALUES ($1, '{id}', '{namespace}', 'admin', 'a', 'a', '', 'ENABLE', FALSE, '{{}}', 0, 0)"
        );
        run(s, &sql).await;
    }
    run(
        s,
        "INSERT INTO groups (pool_id, id, code, name, name_key, description, kind, custom_data, created_at, updated_at)
         VALUES ($1, 'g1', 'dev', 'a', 'a', '', 'static', '{}', 0, 0)",
    )
    .await;
    for id in ["d1", "d2"] {
        let sql = format!(
            "INSERT INTO departments (pool_id, id, organization_id, name, name_key, is_virtual, enabled, custom_data,
                 created_at, updated_at) VALUES ($1, '{id}', 'o', 'a', 'a', FALSE, TRUE, '{{}}', 0, 0)"
        );
        run(s, &sql).await;
    }
}

/// A management client whose key has these permissions only.
async fn with_grants(s: &Server, permissions: &[&str]) -> Client {
    let body = json!({ "type": "userpool", "permissions": permissions });
    let made = s.admin().await.post("/api/v3/create-access-key", body).await.ok();
    let body = json!({ "accessKeyId": made[0]["accessKeyId"], "accessKeySecret": made[0]["accessKeySecret"] });
    let token = s.anonymous().post("/api/v3/get-management-token", body).await.ok();
    s.anonymous().bearer(token["access_token"].as_str().expect("a token"))
}
