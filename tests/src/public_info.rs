//! What anyone may read.

use watchword_testkit::Server;

#[tokio::test]
async fn the_keys_for_passwords_lie_where_each_client_looks_for_them() {
    let server = Server::start().await;
    let reply = server.anonymous().get("/api/v3/system").await;
    let body = &reply.body;
    assert_eq!((reply.http, body.get("statusCode")), (200, None), "no envelope: {}", reply.text);
    let pem = body["rsa"]["publicKey"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n") && pem.trim_end().ends_with("-----END PUBLIC KEY-----"));
    let point = body["sm2"]["publicKey"].as_str().unwrap();
    assert!(point.len() == 130 && point.starts_with("04") && point.bytes().all(|b| b.is_ascii_hexdigit()), "{point}");
    assert_eq!((&body["data"]["rsa"], &body["data"]["sm2"]), (&body["rsa"], &body["sm2"]));
    assert_eq!(body["publicIps"], serde_json::json!([]));
    assert!(["server", "console", "login"].iter().all(|part| !body["version"][part].as_str().unwrap().is_empty()));
}

#[tokio::test]
async fn every_node_offers_the_same_keys() {
    let server = Server::start().await;
    let node = server.second_node().await;
    let keys = async |s: &Server| s.anonymous().get("/api/v3/system").await.body["data"].clone();
    assert_eq!(keys(&server).await, keys(&node).await);
}

#[tokio::test]
async fn countries_have_codes_names_and_a_phone_code() {
    let server = Server::start().await;
    let list = server.anonymous().get("/api/v3/get-country-list").await.ok();
    let list = list.as_array().unwrap();
    let china = list.iter().find(|c| c["alpha2"] == "CN").unwrap();
    assert_eq!((china["alpha3"].as_str(), china["phoneCountryCode"].as_str()), (Some("CHN"), Some("+86")));
    assert_eq!((china["flag"].as_str(), china["name"]["zh-CN"]["value"].as_str()), (Some("🇨🇳"), Some("中国")));
    let codes: std::collections::HashSet<&str> = list.iter().map(|c| c["alpha2"].as_str().unwrap()).collect();
    assert!(list.len() > 200 && codes.len() == list.len());
    for c in list {
        let digits = c["phoneCountryCode"].as_str().unwrap().strip_prefix('+').unwrap();
        assert!(!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()), "{c}");
        for lang in ["zh-CN", "en-US", "zh-TW", "ja-JP"] {
            assert!(!c["name"][lang]["value"].as_str().unwrap().is_empty(), "{c}");
        }
    }
}
