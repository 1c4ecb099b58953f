//! Addresses of pictures are texts: the server never asks for what lies there (L2).

use serde_json::{Value, json};
use watchword_send::testing::HttpTrap;
use watchword_testkit::{Browser, PASSWORD, Server, minutes};

#[tokio::test]
async fn no_picture_that_anybody_names_is_ever_fetched() {
    let canary = HttpTrap::start().await;
    let s = Server::with(|settings| settings.demo = true).await;
    let admin = s.admin().await;
    let at = |name: &str| format!("{}/{name}.png", canary.url());
    let created =
        json!({ "username": "ada", "password": PASSWORD, "photo": at("created"), "email": "ada@example.com" });
    let ada = admin.post("/api/v3/create-user", created).await.ok()["userId"].as_str().expect("an id").to_owned();
    admin.post("/api/v3/update-user", json!({ "userId": ada, "photo": at("updated") })).await.ok();
    let batch = json!({ "list": [{ "username": "bob", "photo": at("batch") }] });
    admin.post("/api/v3/create-users-batch", batch).await.ok();
    let rows = json!([{ "username": "cyd", "photo": at("row") }]);
    crate::job::import(&s, json!({ "rows": rows })).await;
    let link = json!({ "userId": ada, "extIdpId": "62f20932716fbcc10d966ee5", "type": "openid", "userIdInIdp": "ou_1",
        "provider": "lark", "userInfoInIdp": { "photo": at("linked"), "picture": at("claim") } });
    admin.post("/api/v3/link-identity", link).await;
    let app = json!({ "appId": s.pool.app_id, "appLogo": at("logo") });
    admin.post("/api/v3/update-application", app).await;

    let user = s.signed_in("ada").await;
    user.post("/api/v3/update-profile", json!({ "photo": at("own") })).await.ok();
    // Everywhere it is shown.
    user.get("/api/v3/get-profile").await.ok();
    user.get("/oidc/me").await;
    admin.get(&format!("/api/v3/get-user?userId={ada}")).await.ok();
    admin.get("/api/v3/list-users").await.ok();
    admin.post("/api/v3/export-users", json!({ "limit": 10 })).await;
    let path = format!("/oidc/auth?client_id={}&response_type=code&scope=openid&redirect_uri=x", s.pool.app_id);
    Browser::new(&s).get(&path).await;
    s.advance(minutes(1));
    s.mailed(&s.app(), "ada@example.com", "CHANNEL_LOGIN").await;
    s.messages().await;
    let asked: Vec<String> = canary.requests().into_iter().map(|r| r.target).collect();
    assert!(asked.is_empty(), "{asked:?}");

    // It would have heard of them.
    let shown: Value = user.get("/api/v3/get-profile").await.ok();
    assert_eq!(shown["photo"], at("own"));
    watchword_testkit::Client::new(&canary.url()).get("/own.png").await;
    assert_eq!(canary.requests().len(), 1);
}
