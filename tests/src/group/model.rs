//! Dynamic groups against a plain evaluation of their rules over the users, after each of many changes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use watchword_testkit::Client;

use super::{members, rule, start};
use crate::chance::Chance;

#[derive(Clone, Debug)]
struct Person {
    id: String,
    status: &'static str,
    gender: &'static str,
    company: Option<&'static str>,
    age: Option<i64>,
}

const STATUS: [&str; 3] = ["Activated", "Suspended", "Deactivated"];
const GENDER: [&str; 3] = ["M", "F", "U"];
const COMPANY: [Option<&str>; 4] = [None, Some("Acme Ltd"), Some("ACME"), Some("Zeta")];

/// The conditions of a rule, and what they mean.
type Meaning = (Value, fn(&Person) -> bool);

fn condition(field: &str, operator: &str, value: Value) -> Value {
    json!({ "field": field, "operator": operator, "value": value })
}

fn rules() -> Vec<Meaning> {
    vec![
        (json!([condition("status", "EQUAL", json!("Activated"))]), |p| p.status == "Activated"),
        (json!([condition("company", "CONTAINS", json!("acme")), condition("gender", "EQUAL", json!("F"))]), |p| {
            p.gender == "F" && p.company.is_some_and(|c| c.to_lowercase().contains("acme"))
        }),
        (json!([condition("age", "GREATER", json!(30))]), |p| p.age.is_some_and(|a| a >= 30)),
        (json!([condition("company", "IS_NULL", Value::Null)]), |p| p.company.is_none()),
        (
            json!([
                condition("status", "IN", json!(["Suspended", "Deactivated"])),
                condition("age", "BETWEEN", json!([20, 40])),
            ]),
            |p| p.status != "Activated" && p.age.is_some_and(|a| (20..=40).contains(&a)),
        ),
        (json!([condition("age", "NOT_EQUAL", json!(30))]), |p| p.age != Some(30)),
        (
            json!([condition("company", "NOT_CONTAINS", json!("ACME")), condition("age", "NOT_NULL", Value::Null)]),
            |p| p.age.is_some() && !p.company.is_some_and(|c| c.to_lowercase().contains("acme")),
        ),
    ]
}

fn some(chance: &mut Chance) -> (Value, Person) {
    let person = Person {
        id: String::new(),
        status: STATUS[chance.below(3)],
        gender: GENDER[chance.below(3)],
        company: *chance.pick(&COMPANY),
        age: chance.one_in(3).then(|| 18 + chance.below(4) as i64 * 12),
    };
    (shown(&person), person)
}

fn shown(p: &Person) -> Value {
    json!({ "status": p.status, "gender": p.gender, "company": p.company, "customData": { "age": p.age } })
}

struct World {
    admin: Client,
    chance: Chance,
    people: BTreeMap<String, Person>,
    made: usize,
}

impl World {
    fn somebody(&mut self) -> Option<String> {
        let names: Vec<String> = self.people.keys().cloned().collect();
        (!names.is_empty()).then(|| self.chance.pick(&names).clone())
    }

    async fn create(&mut self, n: usize) {
        let mut list = Vec::new();
        let mut people = Vec::new();
        for _ in 0..n {
            let (mut body, person) = some(&mut self.chance);
            if body["company"].is_null() {
                body.as_object_mut().unwrap().remove("company");
            }
            let name = format!("u{:03}", self.made);
            body["username"] = json!(name);
            self.made += 1;
            list.push(body);
            people.push((name, person));
        }
        let made = self.admin.post("/api/v3/create-users-batch", json!({ "list": list })).await.ok();
        for (i, (name, person)) in people.into_iter().enumerate() {
            let id = made[i]["userId"].as_str().unwrap().to_owned();
            self.people.insert(name, Person { id, ..person });
        }
    }

    async fn change(&mut self, n: usize) {
        let mut list = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for _ in 0..n {
            let Some(name) = self.somebody().filter(|name| !seen.contains(name)) else { continue };
            let (mut body, person) = some(&mut self.chance);
            let id = self.people[&name].id.clone();
            body["userId"] = json!(id);
            list.push(body);
            self.people.insert(name.clone(), Person { id, ..person });
            seen.push(name);
        }
        if !list.is_empty() {
            self.admin.post("/api/v3/update-user-batch", json!({ "list": list })).await.ok();
        }
    }

    async fn step(&mut self) {
        match self.chance.below(8) {
            0 => self.create(1).await,
            1 => self.create(3).await,
            2 => {
                if let Some(name) = self.somebody() {
                    let person = self.people.remove(&name).unwrap();
                    let body = json!({ "userIds": [person.id] });
                    self.admin.post("/api/v3/delete-users-batch", body).await.ok();
                }
            }
            3..=5 => self.change(1).await,
            _ => self.change(4).await,
        }
    }
}

#[tokio::test]
async fn after_any_changes_a_dynamic_group_has_those_for_whom_its_rule_holds() {
    let (_server, admin) = start().await;
    let mut world = World { admin, chance: Chance(7), people: BTreeMap::new(), made: 0 };
    let rules = rules();
    let mut groups: Vec<usize> = Vec::new();
    for step in 0..90 {
        if step % 18 == 0 && groups.len() < rules.len() {
            rule(&world.admin, &format!("g{}", groups.len()), rules[groups.len()].0.clone()).await;
            groups.push(groups.len());
        } else if world.chance.one_in(12) && !groups.is_empty() {
            let (group, to) = (world.chance.below(groups.len()), world.chance.below(rules.len()));
            let body = json!({ "code": format!("g{group}"), "rule": rules[to].0 });
            world.admin.post("/api/v3/update-group", body).await.ok();
            groups[group] = to;
        } else {
            world.step().await;
        }
        for (n, rule) in groups.iter().enumerate() {
            let (_, holds) = &rules[*rule];
            let due: Vec<String> =
                world.people.iter().filter(|(_, p)| holds(p)).map(|(name, _)| name.clone()).collect();
            assert_eq!(members(&world.admin, &format!("g{n}")).await, due, "step {step}, rule {rule}");
        }
    }
    assert!(world.people.len() > 10, "the model did something");
}
