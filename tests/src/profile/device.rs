//! Whence a user has signed in.

use serde_json::json;
use watchword_testkit::{PASSWORD, minutes};

use super::*;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const PHONE_APP: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1";

async fn from(s: &Server, agent: &str) -> Client {
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": PASSWORD } });
    let client = s.app().header("user-agent", agent);
    let tokens = client.post("/api/v3/signin", body).await.ok();
    client.bearer(tokens["access_token"].as_str().expect("a token"))
}

#[tokio::test]
async fn devices_are_listed_signed_out_and_forgotten_one_by_one() {
    let s = Server::start().await;
    s.user("ada").await;
    let desk = from(&s, FIREFOX).await;
    s.advance(minutes(1));
    let phone = from(&s, PHONE_APP).await;
    let again = from(&s, PHONE_APP).await;
    let list = desk.get("/api/v3/mydevices/list").await.ok();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    let (first, second) = (&list[0], &list[1]);
    assert_eq!(
        (first["device"]["name"].clone(), first["device"]["type"].clone()),
        (json!("Safari on iOS"), json!("Mobile"))
    );
    assert_eq!((first["device"]["version"].clone(), first["online"].clone()), (json!("17.5"), json!(true)));
    assert_eq!((second["device"]["userAgent"].clone(), second["lastIp"].clone()), (json!(FIREFOX), json!("127.0.0.1")));
    assert_eq!(second["device"]["type"], "Browser");

    let id = |device: &Value| json!({ "deviceId": device["device"]["deviceId"] });
    desk.post("/api/v3/mydevices/revoke-session", id(first)).await.done();
    assert!(!alive(&phone).await && !alive(&again).await && alive(&desk).await);
    let list = desk.get("/api/v3/mydevices/list?page=1&limit=10").await.ok();
    assert_eq!((list[0]["online"].clone(), list[1]["online"].clone()), (json!(false), json!(true)));
    desk.post("/api/v3/mydevices/unbind", id(first)).await.done();
    desk.post("/api/v3/mydevices/unbind", id(first)).await.refused(404);
    assert_eq!(desk.get("/api/v3/mydevices/list").await.ok().as_array().map(Vec::len), Some(1));
    desk.get("/api/v3/mydevices/list?limit=51").await.refused_at("limit");

    s.user("eve").await;
    let eve = s.signed_in("eve").await;
    for path in ["/api/v3/mydevices/unbind", "/api/v3/mydevices/revoke-session"] {
        eve.post(path, id(second)).await.refused(404);
    }
    assert!(alive(&desk).await);
    from(&s, PHONE_APP).await;
    assert_eq!(desk.get("/api/v3/mydevices/list").await.ok().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_refresh_token_of_a_device_goes_with_its_sessions() {
    let (s, _, client) = ada().await;
    let tokens = sign_in(&s, PASSWORD).await.ok();
    let list = client.get("/api/v3/mydevices/list").await.ok();
    let id = json!({ "deviceId": list[0]["device"]["deviceId"] });
    client.post("/api/v3/mydevices/revoke-session", id).await.done();
    assert!(!alive(&client).await, "the present session is one of the device's");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().expect("a token")),
        ("client_id", &s.pool.app_id),
        ("client_secret", &s.pool.app_secret),
    ];
    assert_ne!(s.anonymous().post_form("/oidc/token", &form).await.http, 200);
}

#[tokio::test]
async fn a_user_signs_out_everywhere_else_or_everywhere() {
    const ALL: &str = "/api/v3/mydevices/revoke-all-sessions";
    let s = Server::start().await;
    s.user("ada").await;
    s.user("eve").await;
    let eve = s.signed_in("eve").await;
    let (desk, phone, same) = (from(&s, FIREFOX).await, from(&s, PHONE_APP).await, from(&s, FIREFOX).await);
    let app = crate::authorize::plain(&s).await;
    let mut browser = watchword_testkit::Browser::new(&s);
    crate::authorize::sign_in(&mut browser, &app, "ada", &[]).await.code();
    desk.post(ALL, json!({})).await.done();
    assert!(alive(&desk).await && !alive(&phone).await && !alive(&same).await && alive(&eve).await);
    let silent = crate::authorize::request(&app, &[("prompt", "none")]);
    assert_eq!(browser.get(&silent).await.error(), "login_required");
    let phone = from(&s, PHONE_APP).await;
    desk.post(ALL, json!({ "includeCurrent": true })).await.done();
    assert!(!alive(&desk).await && !alive(&phone).await && alive(&eve).await);
    assert_eq!(s.audited("user.sessions_end").await, 2);
}
