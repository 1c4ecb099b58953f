//! Departments: the tree, who is in it, and that every view of it agrees.

mod groups;
mod import;
mod member;
mod model;
mod of_user;
mod race;
mod read;
mod relocate;
mod search;
mod write;

use serde_json::{Value, json};
use watchword_testkit::{Client, Reply, Server};

/// A server, its management client, and the root of an organisation `hq`.
async fn start() -> (Server, Client, String) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let root = organization(&admin, "hq").await;
    (server, admin, root)
}

/// Makes an organisation; its root.
async fn organization(admin: &Client, code: &str) -> String {
    let body = json!({ "organizationCode": code, "organizationName": format!("Company {code}"), "metadata": {} });
    let made = admin.post("/api/v3/create-organization", body).await.ok();
    made["departmentId"].as_str().expect("an id").to_owned()
}

/// Makes a department of `hq`, with more members if need be.
async fn create(admin: &Client, parent: &str, name: &str, more: Value) -> Reply {
    let mut body = json!({ "organizationCode": "hq", "parentDepartmentId": parent, "name": name, "metadata": {} });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    admin.post("/api/v3/create-department", body).await
}

/// Makes a department of `hq`; its id.
async fn below(admin: &Client, parent: &str, name: &str) -> String {
    id(&create(admin, parent, name, json!({})).await.ok())
}

fn id(department: &Value) -> String {
    department["departmentId"].as_str().expect("a department id").to_owned()
}

async fn update(admin: &Client, department: &str, changes: Value) -> Reply {
    let mut body = json!({ "organizationCode": "hq", "departmentId": department, "metadata": {} });
    for (key, value) in changes.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    admin.post("/api/v3/update-department", body).await
}

async fn add(admin: &Client, department: &str, users: &[&str]) -> Reply {
    let body = json!({ "organizationCode": "hq", "departmentId": department, "userIds": users });
    admin.post("/api/v3/add-department-members", body).await
}

async fn remove(admin: &Client, department: &str, users: &[&str]) -> Reply {
    let body = json!({ "organizationCode": "hq", "departmentId": department, "userIds": users });
    admin.post("/api/v3/remove-department-members", body).await
}

async fn get(admin: &Client, department: &str) -> Value {
    admin.get(&format!("/api/v3/get-department?organizationCode=hq&departmentId={department}")).await.ok()
}

/// The user names of a list of members.
async fn members(admin: &Client, department: &str, more: &str) -> Vec<String> {
    let path = "/api/v3/list-department-members";
    let page = admin.get(&format!("{path}?organizationCode=hq&departmentId={department}&limit=50{more}")).await.ok();
    let list = page["list"].as_array().expect("a list");
    assert!(page["totalCount"].as_u64().is_some_and(|n| n as usize >= list.len()), "{page}");
    list.iter().map(|u| u["username"].as_str().unwrap_or_default().to_owned()).collect()
}

const TREE: &str = "&includeChildrenDepartments=true";

/// How many rows of a table the pool has that match a condition of ours.
async fn count(server: &Server, table: &str, condition: &str) -> i64 {
    let mut tx = server.services.db.read().await.expect("a transaction");
    let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE pool_id = $1 AND {condition}");
    let vals = [watchword_store::Val::from(server.pool.id.clone())];
    tx.one::<(i64,)>(&sql, &vals).await.expect("a count").0
}

/// What `department_tree_members` must be, from the memberships and the parents alone; and what it is.
pub async fn assert_tree_is_true(server: &Server) {
    use std::collections::{BTreeMap, BTreeSet};
    let mut tx = server.services.db.read().await.expect("a transaction");
    let vals = [watchword_store::Val::from(server.pool.id.clone())];
    let sql = String::from("SELECT id, parent_id, organization_id FROM departments WHERE pool_id = $1");
    let nodes: Vec<(String, Option<String>, String)> = tx.all(&sql, &vals).await.expect("departments");
    let parents: BTreeMap<String, Option<String>> = nodes.into_iter().map(|(id, up, _)| (id, up)).collect();
    let path = |id: &str| {
        let mut path = vec![id.to_owned()];
        while let Some(Some(up)) = parents.get(path.last().expect("a node")) {
            assert!(!path.contains(up), "a cycle at {up}");
            path.push(up.clone());
        }
        path
    };
    let sql = String::from("SELECT department_id, ancestor_id, depth FROM department_ancestors WHERE pool_id = $1");
    let stored: Vec<(String, String, i64)> = tx.all(&sql, &vals).await.expect("ancestors");
    let due: BTreeSet<(String, String, i64)> = parents
        .keys()
        .flat_map(|id| path(id).into_iter().zip(0..).map(|(up, depth)| (id.clone(), up, depth)).collect::<Vec<_>>())
        .collect();
    assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), due, "ancestors");

    let sql = String::from("SELECT department_id, user_id, joined_at FROM department_members WHERE pool_id = $1");
    let members: Vec<(String, String, i64)> = tx.all(&sql, &vals).await.expect("members");
    let sql = String::from("SELECT id FROM users WHERE pool_id = $1");
    let users: Vec<(String,)> = tx.all(&sql, &vals).await.expect("users");
    let users: BTreeSet<String> = users.into_iter().map(|u| u.0).collect();
    let mut due: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut counts: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (department, user, joined) in members {
        counts.entry(department.clone()).or_default().0 += 1;
        assert!(users.contains(&user), "a membership of nobody");
        assert!(parents.contains_key(&department), "a membership in no department");
        for up in path(&department) {
            let at = due.entry((up, user.clone())).or_insert(joined);
            *at = joined.min(*at);
        }
    }
    let sql = String::from("SELECT department_id, user_id, joined_at FROM department_tree_members WHERE pool_id = $1");
    let stored: Vec<(String, String, i64)> = tx.all(&sql, &vals).await.expect("tree members");
    let stored: BTreeMap<(String, String), i64> = stored.into_iter().map(|(d, u, at)| ((d, u), at)).collect();
    assert_eq!(stored, due, "tree members");
    due.into_keys().for_each(|(department, _)| counts.entry(department).or_default().1 += 1);
    let sql = String::from("SELECT department_id, members, tree_members FROM department_counts WHERE pool_id = $1");
    let stored: Vec<(String, i64, i64)> = tx.all(&sql, &vals).await.expect("counts");
    assert!(stored.iter().all(|(id, ..)| parents.contains_key(id)), "counts of no department: {stored:?}");
    let stored = stored.into_iter().map(|(id, members, below)| (id, (members, below)));
    let stored: BTreeMap<String, (i64, i64)> = stored.filter(|(_, n)| *n != (0, 0)).collect();
    assert_eq!(stored, counts, "counts");
    let sql = String::from(
        "SELECT user_id, CAST(SUM(CASE WHEN is_main THEN 1 ELSE 0 END) AS BIGINT) AS n FROM department_members
         WHERE pool_id = $1 GROUP BY user_id",
    );
    let mains: Vec<(String, i64)> = tx.all(&sql, &vals).await.expect("main departments");
    assert!(mains.iter().all(|(_, n)| *n <= 1), "a user with two main departments: {mains:?}");
}
