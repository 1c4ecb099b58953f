//! Management tokens and signed requests.

use serde_json::json;
use watchword_testkit::{Server, minutes};

const TOKEN: &str = "/api/v3/get-management-token";

fn with(id: &str, secret: &str) -> serde_json::Value {
    json!({ "accessKeyId": id, "accessKeySecret": secret })
}

#[tokio::test]
async fn the_pools_key_gets_a_token_that_names_its_pool() {
    let server = Server::start().await;
    let data = server.anonymous().post(TOKEN, with(&server.pool.key_id, &server.pool.key_secret)).await.ok();
    assert_eq!(data["expires_in"], 7200);
    assert!(data["access_token"].as_str().unwrap().split('.').count() == 3);
}

#[tokio::test]
async fn a_wrong_id_and_a_wrong_secret_get_the_same_answer_and_the_same_pause() {
    let server = Server::start().await;
    let client = server.anonymous();
    for _ in 0..10 {
        let mut a = client.post(TOKEN, with(&server.pool.key_id, "wrong")).await.refused(401);
        let mut b = client.post(TOKEN, with("0123456789abcdef01234567", "wrong")).await.refused(401);
        a["requestId"] = json!("");
        b["requestId"] = json!("");
        assert_eq!(a, b);
    }
    let known = client.post(TOKEN, with(&server.pool.key_id, "wrong")).await;
    let unknown = client.post(TOKEN, with("0123456789abcdef01234567", "wrong")).await;
    assert_eq!((known.http, unknown.http), (429, 429));
    assert_eq!(known.headers["retry-after"], unknown.headers["retry-after"]);
    server.clock.advance(minutes(1));
    client.post(TOKEN, with(&server.pool.key_id, "wrong")).await.refused(401);
}
