//! Random changes to trees against a plain model in memory: afterwards every view agrees.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use watchword_kit::Millis;
use watchword_testkit::{Client, Server};

use crate::chance::Chance;

use super::{TREE, add, assert_tree_is_true, below, organization, remove, update};

#[derive(Default)]
struct Model {
    /// Department to parent; the root's is `None`.
    parents: BTreeMap<String, Option<String>>,
    /// Department and user to the time of joining.
    members: BTreeMap<(String, String), i64>,
    users: BTreeSet<String>,
    main: BTreeMap<String, String>,
}

impl Model {
    fn path(&self, id: &str) -> Vec<String> {
        let mut path = vec![id.to_owned()];
        while let Some(Some(up)) = self.parents.get(path.last().expect("a node")) {
            path.push(up.clone());
        }
        path
    }

    fn subtree(&self, id: &str) -> BTreeSet<String> {
        self.parents.keys().filter(|d| self.path(d).iter().any(|p| p == id)).cloned().collect()
    }

    /// Who is in the department, or in its subtree, by the time of joining and the id.
    fn in_order(&self, id: &str, tree: bool) -> Vec<String> {
        let departments = if tree { self.subtree(id) } else { [id.to_owned()].into() };
        let mut since: BTreeMap<&String, i64> = BTreeMap::new();
        for ((department, user), at) in &self.members {
            if departments.contains(department) {
                let first = since.entry(user).or_insert(*at);
                *first = (*first).min(*at);
            }
        }
        let mut order: Vec<(i64, String)> = since.into_iter().map(|(user, at)| (at, user.clone())).collect();
        order.sort();
        order.into_iter().map(|(_, user)| user).collect()
    }

    fn join(&mut self, department: &str, user: &str, now: i64) {
        self.members.entry((department.to_owned(), user.to_owned())).or_insert(now);
        self.main.entry(user.to_owned()).or_insert_with(|| department.to_owned());
    }

    fn leave(&mut self, department: &str, user: &str) {
        self.members.remove(&(department.to_owned(), user.to_owned()));
        self.main.retain(|u, d| u != user || d != department);
    }
}

async fn step(server: &Server, admin: &Client, model: &mut Model, chance: &mut Chance, n: usize) {
    server.clock.advance(Millis(1));
    let now = server.clock.now().0;
    let departments: Vec<String> = model.parents.keys().cloned().collect();
    let users: Vec<String> = model.users.iter().cloned().collect();
    let department = chance.pick(&departments).clone();
    match chance.below(20) {
        0..=3 => {
            let id = below(admin, &department, &format!("D{n}")).await;
            model.parents.insert(id, Some(department));
        }
        4..=7 => {
            let to = chance.pick(&departments).clone();
            let reply = update(admin, &department, json!({ "parentDepartmentId": to })).await;
            let same = model.parents[&department].as_ref() == Some(&to);
            let possible = same || (model.parents[&department].is_some() && !model.path(&to).contains(&department));
            assert_eq!(reply.body["statusCode"] == 200, possible, "{}", reply.text);
            if possible {
                model.parents.insert(department, Some(to));
            }
        }
        8 => {
            let body = json!({ "organizationCode": "hq", "departmentId": department });
            let reply = admin.post("/api/v3/delete-department", body).await;
            let possible = model.parents[&department].is_some() && model.subtree(&department).len() == 1;
            assert_eq!(reply.body["statusCode"] == 200, possible, "{}", reply.text);
            if possible {
                model.parents.remove(&department);
                model.members.retain(|(d, _), _| *d != department);
                model.main.retain(|_, d| *d != department);
            }
        }
        9 if users.len() > 3 => {
            let user = chance.pick(&users).clone();
            admin.post("/api/v3/delete-users-batch", json!({ "userIds": [user] })).await.ok();
            model.users.remove(&user);
            model.members.retain(|(_, u), _| *u != user);
            model.main.remove(&user);
        }
        9 => {
            model.users.insert(server.user(&format!("late{n}")).await);
        }
        10..=14 => {
            let some: BTreeSet<&String> = (0..3).map(|_| chance.pick(&users)).collect();
            let some: Vec<&str> = some.into_iter().map(String::as_str).collect();
            add(admin, &department, &some).await.ok();
            some.iter().for_each(|user| model.join(&department, user, now));
        }
        15..=17 => {
            let some: BTreeSet<&String> = (0..3).map(|_| chance.pick(&users)).collect();
            let some: Vec<&str> = some.into_iter().map(String::as_str).collect();
            remove(admin, &department, &some).await.ok();
            some.iter().for_each(|user| model.leave(&department, user));
        }
        _ => {
            let user = chance.pick(&users).clone();
            let other = chance.pick(&departments).clone();
            let wanted: BTreeSet<&String> = [&department, &other].into();
            let list: Vec<Value> =
                wanted.iter().map(|d| json!({ "departmentId": d, "isMainDepartment": **d == department })).collect();
            let body = json!({ "userId": user, "departments": list });
            admin.post("/api/v3/set-user-departments", body).await.ok();
            model.members.retain(|(d, u), _| *u != user || wanted.contains(d));
            wanted.iter().for_each(|d| model.join(d, &user, now));
            model.main.insert(user, department.clone());
        }
    }
}

async fn agree(server: &Server, admin: &Client, model: &Model, root: &str) {
    assert_tree_is_true(server).await;
    let all = admin.get("/api/v3/get-all-departments?organizationCode=hq").await.ok();
    let shown: BTreeMap<String, &Value> = all["list"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|d| (d["departmentId"].as_str().expect("an id").to_owned(), d))
        .collect();
    assert_eq!(shown.keys().collect::<Vec<_>>(), model.parents.keys().collect::<Vec<_>>());
    for (id, parent) in &model.parents {
        let one = shown[id];
        assert_eq!(one["parentDepartmentId"], json!(parent));
        assert_eq!(one["membersCount"], model.in_order(id, false).len());
        assert_eq!(one["hasChildren"], model.parents.values().any(|p| p.as_ref() == Some(id)));
        let query = format!("?organizationCode=hq&departmentId={id}");
        let ids = admin.get(&format!("/api/v3/list-department-member-ids{query}")).await.ok();
        assert_eq!(ids, json!(model.in_order(id, false)));
        for (more, tree) in [("", false), (TREE, true)] {
            let page = admin.get(&format!("/api/v3/list-department-members{query}&orderBy=Asc&limit=50{more}")).await;
            let page = page.ok();
            let due = model.in_order(id, tree);
            let listed: Vec<&str> =
                page["list"].as_array().expect("a list").iter().filter_map(|u| u["userId"].as_str()).collect();
            assert_eq!((listed, &page["totalCount"]), (due.iter().map(String::as_str).collect(), &json!(due.len())));
        }
    }
    let whole = admin.get("/api/v3/get-organization?organizationCode=hq").await.ok();
    assert_eq!(whole["membersCount"], model.in_order(root, true).len());
    for user in &model.users {
        let shown = admin.get(&format!("/api/v3/get-user?userId={user}&withDepartmentIds=true")).await.ok();
        let mut due: Vec<(i64, &String)> =
            model.members.iter().filter(|((_, u), _)| u == user).map(|((d, _), at)| (*at, d)).collect();
        due.sort();
        let due: Vec<&String> = due.into_iter().map(|(_, d)| d).collect();
        assert_eq!((&shown["departmentIds"], &shown["mainDepartmentId"]), (&json!(due), &json!(model.main.get(user))));
        let path = format!("/api/v3/get-user-departments?userId={user}&limit=50&withDepartmentPaths=true&orderBy=Asc");
        let listed = admin.get(&path).await.ok();
        for (one, id) in listed["list"].as_array().expect("a list").iter().zip(&due) {
            let mut path = model.path(id);
            path.reverse();
            assert_eq!(one["departmentIdPath"], json!(path));
        }
        assert_eq!(listed["totalCount"], due.len());
        for department in model.parents.keys().take(6) {
            let query = format!("?organizationCode=hq&departmentId={department}&userId={user}{TREE}");
            let answer = admin.get(&format!("/api/v3/is-user-in-department{query}")).await.ok();
            assert_eq!(answer["inDepartment"], model.in_order(department, true).contains(user));
        }
    }
}

#[tokio::test]
async fn after_any_changes_every_view_agrees_with_a_plain_model() {
    for seed in [1, 2, 3] {
        let server = Server::start().await;
        let admin = server.admin().await;
        let root = organization(&admin, "hq").await;
        let mut model = Model::default();
        model.parents.insert(root.clone(), None);
        for n in 0..6 {
            model.users.insert(server.user(&format!("user{n}")).await);
        }
        let mut chance = Chance(seed);
        for n in 0..60 {
            step(&server, &admin, &mut model, &mut chance, n).await;
            if n % 20 == 19 {
                agree(&server, &admin, &model, &root).await;
            }
        }
    }
}
