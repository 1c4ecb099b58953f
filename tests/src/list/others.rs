//! Lists of what has no code of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use watchword_testkit::{Server, seconds};

use super::{Shown, judge, query};
use crate::chance::Chance;

#[tokio::test]
async fn lists_of_role_assignments_are_those_of_a_plain_model() {
    let s = Server::start().await;
    let (admin, mut chance) = (s.admin().await, Chance(5));
    let mut users = Vec::new();
    for n in 0..12 {
        users.push(s.user(&format!("user{n}")).await);
    }
    let company = json!({ "organizationCode": "hq", "organizationName": "Company" });
    let root = admin.post("/api/v3/create-organization", company).await.ok()["departmentId"].clone();
    let root = root.as_str().expect("an id").to_owned();
    let roles = ["reader", "writer", "Re_ader2"];
    for code in roles {
        admin.post("/api/v3/create-role", json!({ "code": code, "name": format!("Name of {code}") })).await.ok();
    }
    // Role, kind and target: who has which.
    let mut held: BTreeSet<(&str, &str, String)> = BTreeSet::new();
    for step in 0..60 {
        let (kind, shown, id) = match chance.below(6) {
            0 => ("DEPARTMENT", "ORG", root.clone()),
            _ => ("USER", "USER", chance.pick(&users).clone()),
        };
        let role = *chance.pick(&roles);
        let body = json!({ "code": role, "targets": [{ "targetType": kind, "targetIdentifier": id }] });
        let key = (role, shown, id);
        if held.contains(&key) && chance.one_in(2) {
            admin.post("/api/v3/revoke-role", body).await.ok();
            held.remove(&key);
        } else {
            admin.post("/api/v3/assign-role", body).await.ok();
            held.insert(key);
        }
        if step % 4 > 0 {
            continue;
        }
        let words = ["", "READER", "name of", "_", "nobody"][chance.below(5)];
        let of = chance.one_in(2).then(|| *chance.pick(&roles));
        let kinds: &[&str] = match chance.below(4) {
            0 => &["USER"],
            1 => &["ORG"],
            2 => &["USER", "ORG"],
            _ => &[],
        };
        let admits = |(role, kind, _): &(&str, &str, String)| {
            let named = role.to_lowercase().contains(&words.to_lowercase())
                || format!("name of {role}").to_lowercase().contains(&words.to_lowercase());
            named && of.is_none_or(|of| of == *role) && (kinds.is_empty() || kinds.contains(kind))
        };
        // The order is that of ids nobody knows here, so only that it stays is judged.
        let expected: Vec<(i64, String)> =
            held.iter().filter(|k| admits(k)).map(|(role, _, id)| (0, format!("{role} {id}"))).collect();
        let mut members = vec![("query", words.to_owned())];
        members.extend(of.map(|of| ("roleCode", of.to_owned())));
        members.extend(kinds.iter().map(|kind| ("targetType[]", (*kind).to_owned())));
        let ask = async |page: usize, limit: usize| {
            let pages = [("page", page.to_string()), ("limit", limit.to_string())];
            let path = query("/api/v3/list-role-assignments", &[&members[..], &pages].concat());
            let reply = admin.get(&path).await.ok();
            let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
            let row = |row: &Value| format!("{} {}", text(row, "roleCode"), text(row, "targetIdentifier"));
            let keys = reply["data"].as_array().expect("a list").iter().map(row).collect();
            Shown { total: reply["totalCount"].as_i64().expect("a count"), keys }
        };
        judge(&format!("{members:?}"), &expected, &mut chance, ask).await;
    }
}

#[tokio::test]
async fn whitelists_are_those_of_a_plain_model() {
    let s = Server::start().await;
    let (admin, mut chance) = (s.admin().await, Chance(6));
    let kinds = [
        ("USERNAME", (0..9).map(|n| format!("Name{n}")).collect::<Vec<_>>()),
        ("EMAIL", (0..9).map(|n| format!("a{n}@example.com")).collect()),
        ("PHONE", (0..9).map(|n| format!("1380013800{n}")).collect()),
    ];
    let places = [("", json!({})), ("-of-app", json!({ "appId": s.pool.app_id }))];
    // By place and kind: when each was added.
    let mut listed: BTreeMap<(&str, &str), BTreeMap<String, i64>> = BTreeMap::new();
    for _ in 0..80 {
        let (place, own) = chance.pick(&places).clone();
        let (kind, values) = chance.pick(&kinds).clone();
        let some: Vec<String> = (0..=chance.below(3)).map(|_| chance.pick(&values).clone()).collect();
        let add = !chance.one_in(3);
        let mut body = json!({ "type": kind, "list": some });
        body.as_object_mut().expect("an object").extend(own.as_object().cloned().expect("an object"));
        let verb = if add { "add" } else { "delete" };
        admin.post(&format!("/api/v3/{verb}-whitelist{place}"), body).await.ok();
        let entries = listed.entry((place, kind)).or_default();
        for value in some {
            if add {
                entries.entry(value).or_insert(s.clock.now().0);
            } else {
                entries.remove(&value);
            }
        }
        s.clock.advance(seconds(chance.below(2) as i64));
        for (place, own) in &places {
            for (kind, _) in &kinds {
                let mut members = vec![("type", (*kind).to_owned())];
                members.extend(own["appId"].as_str().map(|id| ("appId", id.to_owned())));
                let reply = admin.get(&query(&format!("/api/v3/list-whitelist{place}"), &members)).await.ok();
                let rows = reply["list"].as_array().expect("a list").iter();
                let found: Vec<&str> = rows.map(|row| row["value"].as_str().expect("a text")).collect();
                let entries = listed.entry((*place, *kind)).or_default();
                // The newest first; of one moment, by how they are compared, which here is how they are written.
                let mut due: Vec<(i64, &str)> = entries.iter().map(|(value, at)| (-at, value.as_str())).collect();
                due.sort_unstable();
                assert_eq!(found, due.iter().map(|(_, value)| *value).collect::<Vec<_>>(), "{place} {kind}");
                assert_eq!(reply["value"], *found.first().unwrap_or(&""), "{place} {kind}: the newest");
            }
        }
    }
}

#[tokio::test]
async fn lists_of_archived_users_are_those_of_a_plain_model() {
    let s = Server::start().await;
    let (admin, mut chance) = (s.admin().await, Chance(7));
    // Since when each is archived.
    let mut users: Vec<(String, Option<i64>)> = Vec::new();
    for n in 0..15 {
        users.push((s.user(&format!("user{n}")).await, None));
    }
    for step in 0..60 {
        let at = chance.below(users.len());
        let (id, archived) = &mut users[at];
        let now = s.clock.now().0;
        let (status, since) = match archived {
            Some(_) => ("Activated", None),
            None if chance.one_in(4) => ("Suspended", None),
            None => ("Archived", Some(now)),
        };
        admin.post("/api/v3/update-user", json!({ "userId": id, "status": status })).await.ok();
        *archived = since;
        s.clock.advance(seconds(chance.below(2) as i64));
        if step % 3 > 0 {
            continue;
        }
        let start = chance.one_in(2).then(|| (now - 1000 * chance.below(20) as i64) / 1000);
        let expected: Vec<(i64, String)> = users
            .iter()
            .filter_map(|(id, since)| Some(((*since)?, id.clone())))
            .filter(|(since, _)| start.is_none_or(|start| *since >= start * 1000))
            .collect();
        let ask = async |page: usize, limit: usize| {
            let mut members = vec![("page", page.to_string()), ("limit", limit.to_string())];
            members.extend(start.map(|start| ("startAt", start.to_string())));
            let reply = admin.get(&query("/api/v3/list-archived-users", &members)).await.ok();
            Shown::read(&reply, "list", "userId")
        };
        judge(&format!("since {start:?}"), &expected, &mut chance, ask).await;
    }
}
