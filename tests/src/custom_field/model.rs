//! Random fields and values against plain models of what they mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use watchword_testkit::encode;

use super::*;

/// A small generator (Steele, Lea and Flood's SplitMix64): every run makes the same calls.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

const TYPES: [&str; 5] = ["STRING", "NUMBER", "DATETIME", "BOOLEAN", "ENUM"];
const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// What the model knows of a field.
#[derive(Clone)]
struct Known {
    data_type: &'static str,
    unique: bool,
    encrypted: bool,
    /// At most this many letters, all of them x or y.
    short: bool,
}

fn value(chance: &mut Chance) -> Value {
    match chance.below(12) {
        0 => Value::Null,
        1 => json!(chance.coin()),
        2 => json!(chance.below(3)),
        3 => json!(chance.below(3) as f64),
        4 => json!("2026-01-31"),
        5 => json!("2026-13-31"),
        6 => json!([1]),
        7 => json!({ "x": 1 }),
        8 => json!("red"),
        _ => json!((0..chance.below(5)).map(|_| ["x", "y", "X", "Ｙ"][chance.below(4)]).collect::<String>()),
    }
}

impl Known {
    fn takes(&self, value: &Value) -> bool {
        let fits = match self.data_type {
            "STRING" => value.is_string(),
            "NUMBER" => value.is_number(),
            "DATETIME" => value.is_i64() || value.is_u64() || *value == json!("2026-01-31"),
            "BOOLEAN" => value.is_boolean(),
            _ => *value == json!("red"),
        };
        let text = value.as_str().unwrap_or_default();
        fits && (!self.short || (text.len() <= 2 && text.chars().all(|c| "xy".contains(c))))
    }
}

/// The form in which the model compares values: letters and digits of this test only.
fn same(value: &Value) -> String {
    match value {
        Value::String(s) => s.to_lowercase().replace('ｙ', "y"),
        Value::Number(n) => format!("{}", n.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn custom_data_is_taken_and_refused_as_the_definitions_say() {
    for seed in 0..6 {
        let (_s, admin) = start().await;
        let chance = &mut Chance(seed);
        let mut known: BTreeMap<&str, Known> = BTreeMap::new();
        for key in KEYS.into_iter().take(5) {
            let data_type = TYPES[chance.below(5)];
            let unique = chance.coin() && ["STRING", "NUMBER"].contains(&data_type);
            let short = data_type == "STRING" && chance.coin();
            let field = Known { data_type, unique, encrypted: chance.coin(), short };
            let mut body =
                json!({ "key": key, "dataType": data_type, "isUnique": unique, "encrypted": field.encrypted });
            if data_type == "ENUM" {
                body["options"] = json!([{ "value": "red", "label": "Red" }]);
            }
            if short {
                body["validateRules"] = json!([{ "type": "REGEXP", "content": "[xy]{0,2}" }]);
            }
            define(&admin, json!([body])).await.ok();
            known.insert(key, field);
        }
        let mut users: Vec<(String, BTreeMap<&str, Value>)> = Vec::new();
        for n in 0..4 {
            users.push((made(&admin, &format!("u{n}"), json!({})).await, BTreeMap::new()));
        }
        for step in 0..60 {
            let who = chance.below(users.len());
            let patch: BTreeMap<&str, Value> =
                (0..1 + chance.below(2)).map(|_| (KEYS[chance.below(6)], value(chance))).collect();
            let fits = patch.iter().all(|(k, v)| v.is_null() || known.get(k).is_none_or(|f| f.takes(v)));
            let taken = patch.iter().any(|(k, v)| {
                known.get(k).is_some_and(|f| f.unique)
                    && !v.is_null()
                    && users
                        .iter()
                        .enumerate()
                        .any(|(i, (_, data))| i != who && data.get(k).is_some_and(|other| same(other) == same(v)))
            });
            let body: Map<String, Value> = patch.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
            let reply = match chance.coin() {
                true => update(&admin, &users[who].0, Value::Object(body)).await,
                false => {
                    let list = json!([{ "userId": users[who].0, "customData": body }]);
                    admin.post("/api/v3/update-user-batch", json!({ "list": list })).await
                }
            };
            let expected = match (fits, taken) {
                (false, _) => 400,
                (true, true) => 409,
                (true, false) => 200,
            };
            assert_eq!(reply.body["statusCode"], expected, "seed {seed}, step {step}: {patch:?} {}", reply.text);
            if expected == 200 {
                for (key, value) in patch {
                    match value {
                        Value::Null => users[who].1.remove(key),
                        value => users[who].1.insert(key, value),
                    };
                }
            }
            let (id, data) = &users[who];
            assert_eq!(data_of(&admin, id).await, json!(data), "seed {seed}, step {step}");
        }
    }
}

#[tokio::test]
async fn lists_of_fields_are_what_the_model_selects() {
    let (_s, admin) = start().await;
    let chance = &mut Chance(7);
    let words = ["Age", "age group", "学校", "School", "schooling"];
    let mut all: Vec<Value> = Vec::new();
    for n in 0..40 {
        let data_type = TYPES[chance.below(5)];
        let word = |chance: &mut Chance| words[chance.below(words.len())];
        let mut field = json!({
            "targetType": (["USER", "GROUP"][chance.below(2)]), "key": format!("{}{n}", word(chance)),
            "dataType": data_type, "label": word(chance), "visibleInUserCenter": chance.coin(),
            "visibleInAdminConsole": chance.coin(),
        });
        if data_type == "ENUM" {
            field["options"] = json!([{ "value": "a", "label": "A" }]);
        }
        if chance.coin() {
            field["i18n"] = json!({ "label": { "en-US": { "enabled": true, "value": word(chance) },
                "zh-CN": { "enabled": false, "value": word(chance) } } });
        }
        all.push(field);
    }
    define(&admin, json!(all)).await.ok();
    for case in 0..120 {
        let target = ["USER", "GROUP", "ROLE"][chance.below(3)];
        let data_type = ["", "STRING", "NUMBER", "DATETIME", "BOOLEAN", "OBJECT", "SELECT", "ENUM"][chance.below(8)];
        let keyword = ["", "AGE", "school", "学", "zzz"][chance.below(5)];
        let lang = ["", "en-US", "zh-CN", "ja-JP"][chance.below(4)];
        let shown = [None, Some(true), Some(false)];
        let (user, console) = (shown[chance.below(3)], shown[chance.below(3)]);
        let (page, limit) = (1 + chance.below(3), 1 + chance.below(10));
        let mut found: Vec<&Value> = all
            .iter()
            .filter(|f| f["targetType"] == target)
            .filter(|f| match data_type {
                "" => true,
                "SELECT" => f["dataType"] == "ENUM",
                other => f["dataType"] == other,
            })
            .filter(|f| {
                let text = |v: &Value| v.as_str().unwrap_or_default().to_lowercase();
                let local = |tag: &str| text(&f["i18n"]["label"][tag]["value"]);
                let mut names: BTreeSet<String> = BTreeSet::from([text(&f["key"]), text(&f["label"])]);
                match lang {
                    "" => names.extend(["en-US", "zh-CN"].map(local)),
                    tag => drop(names.insert(local(tag))),
                }
                names.iter().any(|n| n.contains(&keyword.to_lowercase()))
            })
            .collect();
        found.sort_by_key(|f| f["key"].as_str().unwrap_or_default());
        let is = |f: &Value, member: &str, wish: Option<bool>| wish.is_none_or(|wish| f[member] == wish);
        let number = |member: &str| found.iter().filter(|f| f[member] == true).count();
        let count = json!({ "all": found.len(), "userVisible": number("visibleInUserCenter"),
            "adminVisible": number("visibleInAdminConsole") });
        let keys: Vec<&str> = found
            .iter()
            .filter(|f| is(f, "visibleInUserCenter", user) && is(f, "visibleInAdminConsole", console))
            .map(|f| f["key"].as_str().unwrap_or_default())
            .skip((page - 1) * limit)
            .take(limit)
            .collect();
        let mut query = format!(
            "targetType={target}&dataType={data_type}&page={page}&limit={limit}&keyword={}&lang={lang}",
            encode(keyword)
        );
        for (name, wish) in [("userVisible", user), ("adminVisible", console)] {
            if let Some(wish) = wish {
                query += &format!("&{name}={wish}");
            }
        }
        let reply = admin.get(&format!("/api/v3/list-custom-fields?{query}")).await.ok();
        let got: Vec<&str> =
            reply["list"].as_array().expect("a list").iter().map(|f| f["key"].as_str().unwrap_or_default()).collect();
        assert_eq!((got, &reply["count"]), (keys, &count), "case {case}: {query}");
    }
    admin.get("/api/v3/list-custom-fields?targetType=USER&lang=fr").await.refused_at("lang");
    admin.get("/api/v3/list-custom-fields?targetType=USER&limit=51").await.refused_at("limit");
    admin.get("/api/v3/list-custom-fields?dataType=STRING").await.refused_at("targetType");
}
