//! Searches against a plain model: whatever is asked of whatever users, the answer is what reading all of them gives.

use std::cmp::Ordering;

use serde_json::{Value, json};
use watchword_kit::Millis;
use watchword_store::vals;
use watchword_testkit::{Client, Server};

use super::super::{create, id};
use super::{index, run, start};

/// The same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

const NAMES: [&str; 8] = ["张三", "张三丰", "王小明", "Ada Lovelace", "ada byron", "李", "50% off_", "三丰"];
const COMPANIES: [&str; 4] = ["Acme", "ACME North", "北京大学", "a_b%c"];
const DEPARTMENTS: [&str; 3] = ["top", "left", "leaf"];

fn new_user(dice: &mut Dice, n: usize) -> Value {
    let mut user = json!({ "username": format!("{}{n}", dice.of(&["Ada", "bob-", "user_", "x.y."])) });
    let maybe: [(&str, Value); 9] = [
        (
            "email",
            json!(format!(
                "{}{n}@{}",
                dice.of(&["a", "Info.", "张"]).replace('张', "z"),
                dice.of(&["example.com", "Corp.cn"])
            )),
        ),
        ("phone", json!(format!("138{:08}", dice.below(50) * 1_000_003 + n))),
        ("externalId", json!(format!("EXT-{:03}", (n * 37) % 1000))),
        ("name", json!(dice.of(&NAMES))),
        ("nickname", json!(dice.of(&["nick", "老张", "Ａda"]))),
        ("company", json!(dice.of(&COMPANIES))),
        ("birthdate", json!(format!("19{:02}-01-01", 60 + dice.below(39)))),
        ("gender", json!(dice.of(&["M", "F"]))),
        ("status", json!(dice.of(&["Activated", "Suspended"]))),
    ];
    for (field, value) in maybe {
        if !dice.one_in(3) {
            user[field] = value;
        }
    }
    let mut data = json!({});
    if !dice.one_in(3) {
        data["age"] = json!(dice.below(40) as f64 / 2.0 - 5.0);
    }
    if !dice.one_in(3) {
        data["school"] = json!(dice.of(&["Tsinghua", "北京大学", "MIT"]));
    }
    user["customData"] = data;
    user
}

/// What the model knows of a user: the reply, and `departments` with all above.
fn value<'a>(user: &'a Value, field: &str) -> &'a Value {
    match field {
        "age" | "school" => &user["customData"][field],
        "id" => &user["userId"],
        field => &user[field],
    }
}

fn folded(value: &Value, field: &str) -> Value {
    const FOLDED: [&str; 6] = ["username", "email", "externalId", "name", "nickname", "school"];
    match value {
        Value::String(s) if FOLDED.contains(&field) => json!(watchword_kit::unicode::fold(s)),
        other => other.clone(),
    }
}

fn contains(value: &Value, text: &str) -> bool {
    value.as_str().is_some_and(|v| watchword_kit::unicode::fold(v).contains(&watchword_kit::unicode::fold(text)))
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64(), a.as_str(), b.as_str()) {
        (Some(a), Some(b), _, _) => a.total_cmp(&b),
        (_, _, Some(a), Some(b)) => a.cmp(b),
        _ => panic!("{a} and {b} are not compared"),
    }
}

fn holds(user: &Value, field: &str, operator: &str, wanted: &Value) -> bool {
    if field == "department" {
        let inside = |d: &Value| {
            let of = if d["includeChildrenDepartments"] == true { "tree" } else { "departmentIds" };
            let wanted = if d["departmentId"] == "root" { &json!("top") } else { &d["departmentId"] };
            user[of].as_array().is_some_and(|list| list.contains(wanted))
        };
        return match operator {
            "IN" => wanted.as_array().unwrap().iter().any(inside),
            "EQUAL" => inside(wanted),
            "NOT_EQUAL" => !inside(wanted),
            "IS_NULL" => user["departmentIds"] == json!([]),
            _ => user["departmentIds"] != json!([]),
        };
    }
    let found = value(user, field);
    let same = |wanted: &Value| {
        let (a, b) = (folded(found, field), folded(wanted, field));
        if a.is_number() { b.is_number() && compare(&a, &b).is_eq() } else { a == b }
    };
    match operator {
        "IS_NULL" => found.is_null(),
        "NOT_NULL" => !found.is_null(),
        "EQUAL" => same(wanted),
        "NOT_EQUAL" => !same(wanted),
        "IN" => wanted.as_array().unwrap().iter().any(same),
        "CONTAINS" => contains(found, wanted.as_str().unwrap()),
        "NOT_CONTAINS" => !contains(found, wanted.as_str().unwrap()),
        "GREATER" => !found.is_null() && compare(found, wanted).is_ge(),
        "LESSER" => !found.is_null() && compare(found, wanted).is_le(),
        _ => !found.is_null() && compare(found, &wanted[0]).is_ge() && compare(found, &wanted[1]).is_le(),
    }
}

/// A part of a text, in some case.
fn part(dice: &mut Dice, text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let from = dice.below(chars.len());
    let to = from + 1 + dice.below(chars.len() - from);
    let part: String = chars[from..to].iter().collect();
    let part = part.trim().to_owned();
    if dice.one_in(2) { part.to_uppercase() } else { part }
}

fn condition(dice: &mut Dice, users: &[Value]) -> Value {
    let some = |dice: &mut Dice, field: &str| {
        let with: Vec<&Value> = users.iter().map(|u| value(u, field)).filter(|v| !v.is_null()).collect();
        if with.is_empty() { json!("2026-01-01T00:00:00.000Z") } else { with[dice.below(with.len())].clone() }
    };
    let texts = ["username", "email", "phone", "externalId", "name", "nickname", "company", "school"];
    let ordered = ["createdAt", "updatedAt", "lastLogin", "loginsCount", "birthdate", "age"];
    let exact = ["status", "gender", "phone", "username", "email", "externalId", "name", "school", "id", "loginsCount"];
    let (field, operator, value) = match dice.below(8) {
        0 | 1 => {
            let field = dice.of(&texts);
            let text = some(dice, field);
            let text = part(dice, text.as_str().unwrap_or("x"));
            let text = if text.is_empty() { "a".to_owned() } else { text };
            (field, dice.of(&["CONTAINS", "CONTAINS", "NOT_CONTAINS"]), json!(text))
        }
        2 | 3 => {
            let field = dice.of(&ordered);
            let (a, b) = (some(dice, field), some(dice, field));
            match dice.below(3) {
                0 => (field, "GREATER", a),
                1 => (field, "LESSER", a),
                _ if compare(&a, &b).is_le() => (field, "BETWEEN", json!([a, b])),
                _ => (field, "BETWEEN", json!([b, a])),
            }
        }
        4 | 5 => {
            let field = dice.of(&exact);
            let (a, b) = (some(dice, field), some(dice, field));
            match dice.below(4) {
                0 => (field, "NOT_EQUAL", a),
                1 => (field, "IN", json!([a, b])),
                _ => (field, "EQUAL", a),
            }
        }
        6 => (
            dice.of(&["email", "phone", "lastLogin", "name", "age", "company"]),
            dice.of(&["IS_NULL", "NOT_NULL"]),
            Value::Null,
        ),
        _ => {
            let mut one = || {
                json!({ "organizationCode": "org", "departmentId": dice.of(&["root", "left", "leaf", "none"]),
                "includeChildrenDepartments": dice.one_in(2) })
            };
            let (a, b) = (one(), one());
            match dice.below(5) {
                0 => ("department", "IS_NULL", Value::Null),
                1 => ("department", "NOT_NULL", Value::Null),
                2 => ("department", "NOT_EQUAL", a),
                3 => ("department", "EQUAL", a),
                _ => ("department", "IN", json!([a, b])),
            }
        }
    };
    json!({ "field": field, "operator": operator, "value": value })
}

fn by(keys: &[(String, bool)], a: &Value, b: &Value) -> Ordering {
    let default = [("createdAt".to_owned(), true)];
    let keys = if keys.is_empty() { &default } else { keys };
    for (field, descending) in keys {
        let (x, y) = (folded(&a[field], field), folded(&b[field], field));
        let order = match (x.is_null(), y.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            _ if *descending => compare(&y, &x),
            _ => compare(&x, &y),
        };
        if order.is_ne() {
            return order;
        }
    }
    let (x, y) = (id(a), id(b));
    if keys.last().is_some_and(|(_, descending)| *descending) { y.cmp(x) } else { x.cmp(y) }
}

/// Asks something at random, and compares the page.
async fn ask(admin: &Client, dice: &mut Dice, users: &[Value]) {
    let conditions: Vec<Value> = (0..dice.below(4)).map(|_| condition(dice, users)).collect();
    let fields = ["phone", "email", "name", "username", "nickname", "identityNumber", "company", "externalId"];
    let mut on: Vec<&str> = fields[..6].to_vec();
    if dice.one_in(2) {
        on = (0..1 + dice.below(3)).map(|_| dice.of(&fields)).collect();
    }
    let keywords = dice.one_in(2).then(|| {
        let user = &users[dice.below(users.len())];
        let text = user[dice.of(&fields)].as_str().unwrap_or("nobody").to_owned();
        part(dice, &text)
    });
    let keywords = keywords.filter(|k| !k.is_empty());
    let sortable =
        ["createdAt", "updatedAt", "email", "username", "externalId", "phone", "status", "loginsCount", "lastLogin"];
    let keys: Vec<(String, bool)> =
        (0..dice.below(3)).map(|_| (dice.of(&sortable).to_owned(), dice.one_in(2))).collect();
    let sort: Vec<Value> =
        keys.iter().map(|(f, d)| json!({ "field": f, "order": if *d { "desc" } else { "asc" } })).collect();
    let (page, limit) = (1 + dice.below(3), 1 + dice.below(12));
    let body = json!({ "keywords": keywords, "advancedFilter": conditions, "options": {
        "fuzzySearchOn": on, "sort": sort, "pagination": { "page": page, "limit": limit } } });

    let matches = |user: &&Value| {
        let all = |c: &Value| holds(user, c["field"].as_str().unwrap(), c["operator"].as_str().unwrap(), &c["value"]);
        let word = keywords.as_deref().is_none_or(|k| on.iter().any(|f| contains(&user[f], k)));
        conditions.iter().all(all) && word
    };
    let mut wanted: Vec<&Value> = users.iter().filter(matches).collect();
    wanted.sort_by(|a, b| by(&keys, a, b));
    let shown: Vec<&str> = wanted.iter().skip((page - 1) * limit).take(limit).map(|u| id(u)).collect();
    let reply = admin.post("/api/v3/list-users", body.clone()).await.ok();
    let found: Vec<&str> = reply["list"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(found, shown, "{body}");
    assert_eq!(reply["totalCount"], wanted.len(), "{body}");
}

/// Everybody as the API shows them, with the departments that hold them from above.
async fn everybody(admin: &Client) -> Vec<Value> {
    let mut users = Vec::new();
    for page in 1.. {
        let query = format!("withCustomData=true&withDepartmentIds=true&limit=50&page={page}");
        let reply = admin.get(&format!("/api/v3/list-users?{query}")).await.ok();
        users.extend(reply["list"].as_array().unwrap().iter().cloned());
        if users.len() as u64 >= reply["totalCount"].as_u64().unwrap() {
            break;
        }
    }
    for user in &mut users {
        let mut tree: Vec<Value> = user["departmentIds"].as_array().unwrap().clone();
        if tree.contains(&json!("leaf")) {
            tree.push(json!("left"));
        }
        if !tree.is_empty() {
            tree.push(json!("top"));
        }
        user["tree"] = json!(tree);
    }
    users
}

async fn departments(server: &Server) {
    run(
        server,
        "INSERT INTO organizations (pool_id, id, code, created_at, updated_at) VALUES ($1, 'top', 'org', 0, 0)",
        &[],
    )
    .await;
    for id in DEPARTMENTS {
        let sql = "INSERT INTO departments (pool_id, id, organization_id, name, name_key, is_virtual, enabled, custom_data, created_at, updated_at)
                   VALUES ($1, $2, 'top', $2, $2, FALSE, TRUE, '{}', 0, 0)";
        run(server, sql, vals![id]).await;
    }
}

async fn join(server: &Server, user: &str, department: &str) {
    let sql = "INSERT INTO department_members (pool_id, department_id, user_id, is_leader, is_main, joined_at)
               VALUES ($1, $2, $3, FALSE, TRUE, 0)";
    run(server, sql, vals![department, user]).await;
    let above: &[&str] = match department {
        "leaf" => &["leaf", "left", "top"],
        "left" => &["left", "top"],
        _ => &["top"],
    };
    for department in above {
        let sql =
            "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at) VALUES ($1, $2, $3, 0)";
        run(server, sql, vals![*department, user]).await;
    }
}

#[tokio::test]
async fn any_search_finds_what_reading_everybody_finds() {
    let (server, admin) = start().await;
    let mut dice = Dice(2026);
    departments(&server).await;
    for round in 0..5 {
        for n in 0..16 {
            let made = create(&admin, new_user(&mut dice, round * 100 + n)).await;
            server.clock.advance(Millis(if dice.one_in(2) { 0 } else { 1500 }));
            if dice.one_in(2) {
                join(&server, id(&made), dice.of(&DEPARTMENTS)).await;
            }
            if dice.one_in(2) {
                let sql = "UPDATE users SET logins_count = $2, last_login_at = $3 WHERE pool_id = $1 AND id = $4";
                let at = server.clock.now() - Millis(dice.below(100_000) as i64);
                run(&server, sql, vals![dice.below(9) as i64, at, id(&made)]).await;
            }
        }
        let users = everybody(&admin).await;
        for _ in 0..4 {
            let user = &users[dice.below(users.len())];
            let change = match dice.below(3) {
                0 => json!({ "name": dice.of(&NAMES), "email": null }),
                1 => json!({ "company": dice.of(&COMPANIES) }),
                _ => json!({ "status": "Suspended" }),
            };
            let mut body = change;
            body["userId"] = user["userId"].clone();
            admin.post("/api/v3/update-user", body).await;
        }
        let gone = users[dice.below(users.len())]["userId"].clone();
        admin.post("/api/v3/delete-users-batch", json!({ "userIds": [gone] })).await.ok();
        if round < 4 {
            index(&server).await;
        }
        let users = everybody(&admin).await;
        for _ in 0..60 {
            ask(&admin, &mut dice, &users).await;
        }
    }
}
