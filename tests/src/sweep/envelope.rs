//! Every answer is wrapped, named and not to be stored, whatever went wrong.

use serde_json::Value;
use watchword_testkit::{Client, Reply};
use watchword_web::Shape;

use super::examples::{Call, valid};
use super::{Places, named, server};

fn wrapped(op: &str, shape: Shape, reply: &Reply, expected: u64) {
    let context = format!("{op}: {} {}", reply.http, reply.text);
    let header = |name: &str| reply.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let picture = shape == Shape::Picture && expected == 200;
    let kind = if picture { "image/svg+xml" } else { "application/json" };
    assert!(header("content-type").starts_with(kind), "{context}");
    assert_eq!(header("cache-control"), "no-store", "{context}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{context}");
    assert_eq!(header("x-request-id").len(), 32, "{context}");
    if shape == Shape::OAuth {
        if !(200..300).contains(&expected) {
            assert!(reply.body["error"].is_string(), "{context}");
            assert!((400..500).contains(&reply.http), "{context}");
        }
        return;
    }
    if picture {
        return assert!(reply.text.starts_with("<svg "), "{context}");
    }
    if shape == Shape::Bare && expected == 200 {
        assert!(reply.body.is_object(), "{context}");
        return;
    }
    assert_eq!(reply.body["statusCode"], expected, "{context}");
    assert_eq!(reply.body["requestId"], header("x-request-id"), "{context}");
    assert!(reply.body["message"].as_str().is_some_and(|m| !m.is_empty()), "{context}");
    if shape == Shape::V2 {
        assert!(reply.body["code"].is_u64(), "{context}");
    }
}

async fn raw(call: &Call, body: Vec<u8>) -> Reply {
    call.client.post_raw(&call.path, body).await
}

#[tokio::test]
async fn success_and_a_body_that_is_no_json_are_wrapped() {
    let mut places = Places::default();
    for op in watchword_web::operations() {
        let s = places.next().await;
        let call = valid(s, &op).await;
        if op.method == "POST" {
            for broken in [&b"{"[..], b"[1", b"\xff\xfe", b"{\"a\":1,\"a\":2}"] {
                let reply = raw(&call, broken.to_vec()).await;
                let expected = if op.path == "/mfa/token/introspection" && reply.http == 200 && broken == b"\xff\xfe" {
                    reply.body["statusCode"].as_u64().unwrap_or(200)
                } else {
                    400
                };
                // The application of an OAuth request is named in its body, so without one nobody is asking.
                wrapped(&named(&op), op.shape, &reply, expected);
            }
        }
        wrapped(&named(&op), op.shape, &call.send().await, super::expected(&op));
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let mut places = Places::default();
    for op in watchword_web::operations().into_iter().filter(|op| op.method == "POST") {
        let s = places.next().await;
        let call = valid(s, &op).await;
        let reply = raw(&call, vec![b' '; op.body_limit + 1]).await;
        let context = format!("{}: {} {}", named(&op), reply.http, reply.text);
        match op.shape {
            Shape::OAuth => assert!(reply.http >= 400 && reply.body["error"].is_string(), "{context}"),
            _ => wrapped(&named(&op), op.shape, &reply, 413),
        }
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405() {
    let s = server().await;
    let admin = s.admin().await;
    let ops = watchword_web::operations();
    for op in &ops {
        let path = op.path.replace("{appId}", &s.pool.app_id);
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if ops.iter().any(|other| other.path == op.path && other.method == method) {
                continue;
            }
            let reply = admin.call(method, &path, None).await;
            assert_eq!(reply.http, 405, "{method} {path}: {}", reply.text);
            wrapped(&format!("{method} {path}"), Shape::V3, &reply, 405);
        }
    }
}

#[tokio::test]
async fn a_path_that_is_none_is_404_and_one_of_the_api_501() {
    let s = server().await;
    for (path, expected) in
        [("/nothing", 404), ("/api/v3/no-such-operation", 501), ("/apix/v3/get-user", 404), ("/api/v4/a/b", 501)]
    {
        for client in [s.anonymous(), s.admin().await] {
            for method in ["GET", "POST"] {
                wrapped(path, Shape::V3, &client.call(method, path, None).await, expected);
            }
        }
    }
    let strange = s.anonymous().get("/api/v3/%3Cscript%3E%E4%B8%AD").await;
    assert!(!strange.text.contains("<script"), "{}", strange.text);
}

#[tokio::test]
async fn a_path_that_is_too_long_is_wrapped() {
    let s = server().await;
    for op in watchword_web::operations().into_iter().filter(|op| op.method == "GET") {
        let long = format!("{}?x={}", op.path.replace("{appId}", &s.pool.app_id), "a".repeat(9_000));
        let reply = s.admin().await.get(&long).await;
        wrapped(&named(&op), if op.shape == Shape::Bare { Shape::V3 } else { op.shape }, &reply, 413);
    }
}

#[tokio::test]
async fn refusals_are_told_in_chinese_to_whoever_asks_for_it() {
    let s = server().await;
    let chinese =
        |body: &Value| body["message"].as_str().unwrap_or_default().chars().any(|c| ('一'..='龥').contains(&c));
    for op in watchword_web::operations().into_iter().filter(|op| op.method == "POST") {
        if op.shape == Shape::OAuth {
            continue;
        }
        let path = op.path;
        let by = |headers: &[(&str, &str)]| -> Client {
            headers.iter().fold(s.app(), |client, (name, value)| client.header(name, value))
        };
        let ask = async |headers: &[(&str, &str)]| by(headers).post_raw(path, "{").await.body;
        assert!(chinese(&ask(&[("x-authing-lang", "zh-CN")]).await), "{}", named(&op));
        assert!(chinese(&ask(&[("accept-language", "zh-CN,zh;q=0.9,en;q=0.8")]).await), "{}", named(&op));
        assert!(!chinese(&ask(&[("x-authing-lang", "en-US"), ("accept-language", "zh-CN")]).await), "{}", named(&op));
        assert!(!chinese(&ask(&[]).await), "{}", named(&op));
    }
    let nothing = s.anonymous().header("x-authing-lang", "zh-CN").get("/nothing").await;
    assert!(chinese(&nothing.body), "{}", nothing.text);
}
