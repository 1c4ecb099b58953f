//! Which pages of other origins may call from a browser.

use serde_json::json;
use watchword_testkit::{Reply, Server};

use crate::security_settings::set;

const ORIGIN: &str = "https://app.example.com";
const ALLOW: &str = "access-control-allow-origin";

fn allowed(reply: &Reply) -> Option<&str> {
    assert!(!reply.headers.contains_key("access-control-allow-credentials"));
    reply.headers.get(ALLOW).map(|v| v.to_str().unwrap())
}

async fn from(s: &Server, origin: &str) -> (Reply, Reply) {
    let page = s.app().header("origin", origin);
    let preflight = page.clone().header("access-control-request-method", "POST");
    let preflight = preflight.call("OPTIONS", "/api/v3/signin", None).await;
    (preflight, page.post("/api/v3/signin", json!({})).await)
}

#[tokio::test]
async fn a_page_of_a_listed_origin_may_call_and_no_other() {
    let s = Server::start().await;
    let (before, reply) = from(&s, ORIGIN).await;
    assert_eq!((allowed(&before), allowed(&reply)), (None, None));
    set(&s.admin().await, json!({ "allowedOrigins": [ORIGIN, "http://localhost:3000"] })).await;
    for origin in [ORIGIN, "http://localhost:3000"] {
        let (before, reply) = from(&s, origin).await;
        assert_eq!((allowed(&before), allowed(&reply)), (Some(origin), Some(origin)));
        assert_eq!(before.http, 204);
        let headers = before.headers["access-control-allow-headers"].to_str().unwrap();
        assert!(headers.contains("authorization") && headers.contains("x-authing-app-id"), "{headers}");
        assert_eq!(reply.headers["vary"], "Origin");
    }
    for other in [
        "null",
        "https://APP.example.com",
        "https://app.example.com.",
        "https://app.example.com:443",
        "https://app.example.com:8443",
        "http://app.example.com",
        "https://app.example.com/",
        "https://evil.app.example.com",
        "https://app.example.com.evil.example",
        "https://notapp.example.com",
        "https://app.example.com, https://evil.example",
        "https://evil.example",
    ] {
        let (before, reply) = from(&s, other).await;
        assert_eq!((allowed(&before), allowed(&reply)), (None, None), "{other}");
    }
    set(&s.admin().await, json!({ "allowedOrigins": [] })).await;
    let (before, reply) = from(&s, ORIGIN).await;
    assert_eq!((allowed(&before), allowed(&reply)), (None, None));
}

#[tokio::test]
async fn a_page_reads_replies_of_the_pool_that_lists_it_and_of_no_other() {
    let s = Server::start().await;
    let other = s.new_pool("Other").await;
    set(&s.admin().await, json!({ "allowedOrigins": [ORIGIN] })).await;
    let of = |app: &str| s.anonymous().header("origin", ORIGIN).header("x-authing-app-id", app);
    let own = of(&s.pool.app_id).post("/api/v3/signin", json!({})).await;
    let foreign = of(&other.app_id).post("/api/v3/signin", json!({})).await;
    assert_eq!((allowed(&own), allowed(&foreign)), (Some(ORIGIN), None));
}

#[tokio::test]
async fn a_preflight_of_a_path_that_takes_another_method_or_is_none_is_harmless() {
    let s = Server::start().await;
    let reply = s.anonymous().call("OPTIONS", "/api/v3/get-user", None).await;
    assert_eq!((reply.http, allowed(&reply)), (204, None));
    let reply = s.anonymous().header("origin", ORIGIN).call("OPTIONS", "/nowhere", None).await;
    assert_eq!(allowed(&reply), None);
}
