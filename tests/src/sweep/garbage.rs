//! Input made from each operation's own schema, spoiled: it is refused or it works, and never breaks the server.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use watchword_testkit::{Reply, Server, encode, seconds};
use watchword_web::{Op, Shape};

use super::examples::{Call, valid};
use super::{Places, named, status};
use crate::chance::Chance;

/// Calls per operation.
const CASES: u64 = 40;

/// The sequence of one case of one operation.
fn chance_of(op: &Op, case: u64) -> Chance {
    // FNV-1a of the name.
    let hash = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    Chance(named(op).bytes().fold(0xcbf2_9ce4_8422_2325, hash).wrapping_add(case))
}

fn any(chance: &mut Chance) -> Value {
    const TEXTS: &[&str] = &[
        "",
        " ",
        "a",
        "null",
        "0",
        "-1",
        "true",
        "' OR 1=1 --",
        "%",
        "_",
        "\\",
        "\"",
        "../../etc/passwd",
        "\u{202e}abc",
        "\u{0}",
        "\u{1f600}\u{200d}",
        "ﬀ İ ß",
        "Ａｄａ",
        "中文名字",
        "a@b",
        "ada@example.com",
        "+8613800138000",
        "2024-02-30",
        "000000000000000000000000",
        "000000",
        "{}",
        "[]",
        "<script>",
        "=1+1",
        "\r\nX: y",
        "9223372036854775808",
        "HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ",
        "otpauth://totp/x?secret=A",
        "http://127.0.0.1/",
        "\u{feff}",
        "e\u{301}",
    ];
    match chance.below(14) {
        0 => Value::Null,
        1 => json!(chance.one_in(2)),
        2 => json!([0, -1, 1, 50, 51, 1000, 2_147_483_648_i64, i64::MIN, i64::MAX][chance.below(9)]),
        3 => json!([0.5, -0.0, 1e18, 1e-300, 1e300, 253_402_300_800_000.0][chance.below(6)]),
        4 => json!(u64::MAX),
        5 => json!([]),
        6 => json!({}),
        7 => json!("x".repeat([200, 5_000, 70_000][chance.below(3)])),
        8 => (0..chance.below(70)).fold(json!([]), |deep, _| json!([deep])),
        9 => json!((0..chance.below(200)).collect::<Vec<_>>()),
        10 => json!({ "a": { "b": [null, {}] }, "": 1, "$ne": null }),
        _ => json!(TEXTS[chance.below(TEXTS.len())]),
    }
}

/// A value of this schema, more or less.
fn like(schema: &Value, document: &Value, chance: &mut Chance, depth: usize) -> Value {
    if depth > 8 || chance.one_in(8) {
        return any(chance);
    }
    if let Some(name) = schema["$ref"].as_str() {
        let target = document.pointer(name.trim_start_matches('#')).cloned().unwrap_or_default();
        return like(&target, document, chance, depth + 1);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(list) = schema[key].as_array().filter(|l| !l.is_empty()) {
            return like(&list[chance.below(list.len())], document, chance, depth + 1);
        }
    }
    if let Some(list) = schema["enum"].as_array().filter(|l| !l.is_empty()) {
        return list[chance.below(list.len())].clone();
    }
    match schema["type"].as_str().unwrap_or("object") {
        "object" => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let mut out = Map::new();
            for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                let keep = if required.contains(&json!(name)) { !chance.one_in(20) } else { chance.one_in(3) };
                if keep {
                    out.insert(name.clone(), like(member, document, chance, depth + 1));
                }
            }
            if chance.one_in(10) {
                out.insert("surplus".into(), any(chance));
            }
            Value::Object(out)
        }
        "array" => {
            Value::Array((0..chance.below(4)).map(|_| like(&schema["items"], document, chance, depth + 1)).collect())
        }
        "integer" | "number" => json!([0, 1, 10, 50, -1, 1_767_225_600_000_i64][chance.below(6)]),
        "boolean" => json!(chance.one_in(2)),
        _ => match chance.below(3) {
            0 => json!("ada"),
            1 => json!("000000000000000000000000"),
            _ => any(chance),
        },
    }
}

/// The places inside a value.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    let escape = |k: &str| k.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| places(v, &format!("{at}/{}", escape(k)), out)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| places(v, &format!("{at}/{i}"), out)),
        _ => {}
    }
}

/// The valid input with one to three places spoiled.
fn spoiled(valid: &Value, chance: &mut Chance) -> Value {
    let mut value = valid.clone();
    for _ in 0..=chance.below(3) {
        let mut all = Vec::new();
        places(&value, "", &mut all);
        let at = &all[chance.below(all.len())];
        let with = any(chance);
        if let Some(place) = value.pointer_mut(at) {
            *place = with;
        }
    }
    value
}

fn schema_of(op: &Op, document: &Value) -> Value {
    let found = &document["paths"][op.path][op.method.to_ascii_lowercase()];
    let body = found["requestBody"]["content"].as_object().and_then(|c| c.values().next());
    if let Some(media) = body {
        return media["schema"].clone();
    }
    let mut properties = Map::new();
    for parameter in found["parameters"].as_array().into_iter().flatten() {
        properties.insert(parameter["name"].as_str().unwrap_or_default().into(), parameter["schema"].clone());
    }
    json!({ "type": "object", "properties": properties })
}

/// The members of a query as a JSON object.
fn read_query(path: &str) -> Value {
    let query = path.split_once('?').map_or("", |(_, q)| q);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Value::Object(pairs.map(|(k, v)| (k.to_owned(), json!(v))).collect())
}

fn write_query(value: &Value) -> String {
    let mut out = Vec::new();
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Array(list) => {
                out.extend(list.iter().take(60).map(|v| format!("{}[]={}", encode(name), encode(&text(v)))))
            }
            other => out.push(format!("{}={}", encode(name), encode(&text(other)))),
        }
    }
    out.join("&").chars().take(12_000).collect()
}

fn with_input(call: &Call, input: &Value) -> Call {
    if call.body.is_some() {
        return Call { body: Some(input.clone()), ..call.clone() };
    }
    let base = call.path.split('?').next().unwrap_or_default();
    Call { path: format!("{base}?{}", write_query(input)), ..call.clone() }
}

/// Why this reply must not be, if so.
fn problem(op: &Op, reply: &Reply) -> Option<String> {
    let said = status(op, reply);
    let failed = (500..600).contains(&said) && said != 501;
    let http = match op.shape {
        Shape::OAuth => reply.http < 500,
        _ => reply.http == 200 || reply.http == 429,
    };
    let wrapped = match op.shape {
        // A success has whatever its RFC says; 204 has nothing.
        Shape::OAuth => {
            let done = reply.http == op.success && (reply.body.is_object() || op.success == 204);
            reply.body["error"].is_string() || done
        }
        Shape::Bare => reply.body.is_object(),
        Shape::Picture => reply.body.is_object() || reply.text.starts_with("<svg "),
        Shape::V3 | Shape::Flat | Shape::V2 => {
            said != 0 && reply.body["message"].is_string() && reply.body["requestId"].is_string()
        }
    };
    (failed || !http || !wrapped)
        .then(|| format!("{} {}", reply.http, reply.text.chars().take(600).collect::<String>()))
}

async fn attempt(op: &Op, call: &Call, input: &Value) -> Option<String> {
    match AssertUnwindSafe(with_input(call, input).send()).catch_unwind().await {
        Ok(reply) => problem(op, &reply),
        Err(_) => Some("the connection broke: the handler panicked".into()),
    }
}

/// Drops whatever is not needed to fail.
async fn smallest(op: &Op, call: &Call, mut input: Value) -> Value {
    let mut all = Vec::new();
    places(&input, "", &mut all);
    for at in all.iter().rev().take(300).filter(|at| !at.is_empty()) {
        let mut fewer = input.clone();
        let (parent, last) = at.rsplit_once('/').unwrap_or_default();
        match fewer.pointer_mut(parent) {
            Some(Value::Object(map)) => drop(map.shift_remove(&last.replace("~1", "/").replace("~0", "~"))),
            Some(Value::Array(list)) if last.parse::<usize>().is_ok_and(|i| i < list.len()) => {
                list.remove(last.parse().unwrap_or_default());
            }
            _ => continue,
        }
        if attempt(op, call, &fewer).await.is_some() {
            input = fewer;
        }
    }
    input
}

async fn torment(op: &Op, s: &Server, call: &Call, document: &Value) -> Option<String> {
    let example = call.body.clone().unwrap_or_else(|| read_query(&call.path));
    for case in 0..CASES {
        let mut chance = chance_of(op, case);
        let input = if case % 2 == 0 {
            spoiled(&example, &mut chance)
        } else {
            like(&schema_of(op, document), document, &mut chance, 0)
        };
        if attempt(op, call, &input).await.is_some() {
            let least = smallest(op, call, input).await;
            let why = attempt(op, call, &least).await.unwrap_or_else(|| "only once".into());
            let shown: String = least.to_string().chars().take(1500).collect();
            return Some(format!("{} case {case}: {shown}\n  answered {why}", named(op)));
        }
        // Past the pauses of limits, within the life of a token.
        s.clock.advance(seconds(61));
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_refused_in_an_envelope_and_breaks_nothing() {
    let document = watchword_web::openapi::document(&watchword_web::operations(), "https://id.example.com");
    let mut failures = Vec::new();
    let mut places = Places::default();
    for op in watchword_web::operations() {
        let s = places.next().await;
        let call = valid(s, &op).await;
        failures.extend(torment(&op, s, &call, &document).await);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_generator_makes_the_same_calls_in_every_run() {
    let ops = watchword_web::operations();
    let one = any(&mut chance_of(&ops[0], 7));
    assert_eq!(one, any(&mut chance_of(&ops[0], 7)));
    let different = (0..CASES).map(|n| any(&mut chance_of(&ops[0], n)).to_string());
    assert!(different.collect::<std::collections::BTreeSet<_>>().len() > 10);
}
