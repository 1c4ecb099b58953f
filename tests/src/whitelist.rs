//! Who may register.

use serde_json::{Value, json};
use watchword_domain::ctx::{Actor, Request};
use watchword_domain::{Ctx, whitelist};
use watchword_kit::PoolId;
use watchword_store::Record;
use watchword_store::user::User;
use watchword_testkit::{Client, Server, seconds};

async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let admin = server.admin().await;
    (server, admin)
}

fn values(reply: &Value) -> Vec<&str> {
    reply["list"].as_array().expect("a list").iter().map(|e| e["value"].as_str().expect("a value")).collect()
}

async fn add(admin: &Client, kind: &str, list: &[&str]) -> Value {
    admin.post("/api/v3/add-whitelist", json!({ "type": kind, "list": list })).await.ok()
}

/// Whether registration lets somebody in who has these names.
async fn admits(s: &Server, app: &str, username: Option<&str>, email: Option<&str>, phone: Option<&str>) -> bool {
    let pool = PoolId::new(&s.pool.id);
    let ctx = Ctx::new(s.services.clone(), pool, Actor::Anonymous, Request::default(), None);
    let own = |name: Option<&str>| name.map(str::to_owned);
    let new = User { username_key: own(username), email_key: own(email), phone_key: own(phone), ..User::sample() };
    let mut tx = ctx.read().await.expect("a transaction");
    whitelist::admits(&mut tx, &ctx, app, &new).await.expect("an answer")
}

#[tokio::test]
async fn entries_are_kept_as_given_and_compared_as_users_are() {
    let (s, admin) = start().await;
    let added = add(&admin, "EMAIL", &["Ada@Example.com"]).await;
    assert_eq!((&added["value"], &added["createdAt"]), (&json!("Ada@Example.com"), &json!(s.clock.now().iso())));
    s.advance(seconds(1));
    assert_eq!(
        values(&add(&admin, "EMAIL", &["ada@EXAMPLE.com", "bob@example.com"]).await),
        ["bob@example.com", "Ada@Example.com"]
    );
    add(&admin, "PHONE", &["+86 138-0013-8000"]).await;
    add(&admin, "USERNAME", &["Ａｄａ"]).await;
    let list = async |kind: &str| admin.get(&format!("/api/v3/list-whitelist?type={kind}")).await.ok();
    let emails = list("EMAIL").await;
    assert_eq!(
        (values(&emails), &emails["value"]),
        (vec!["bob@example.com", "Ada@Example.com"], &json!("bob@example.com"))
    );
    assert_eq!(values(&list("PHONE").await), ["+86 138-0013-8000"]);
    let delete = async |kind: &str, value: &str| {
        let reply = admin.post("/api/v3/delete-whitelist", json!({ "type": kind, "list": [value] })).await;
        assert_eq!((&reply.ok()["success"], &reply.body["success"]), (&json!(true), &json!(true)));
    };
    delete("PHONE", "13800138000").await;
    delete("USERNAME", "ADA").await;
    delete("EMAIL", "ADA@example.com").await;
    delete("EMAIL", "nobody@example.com").await;
    assert_eq!(values(&list("EMAIL").await), ["bob@example.com"]);
    assert_eq!(list("PHONE").await, json!({ "value": "", "createdAt": "", "list": [] }));
    assert_eq!(values(&list("USERNAME").await), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_an_entry_is_refused_at_its_place_and_nothing_is_added() {
    let (_s, admin) = start().await;
    let send = async |kind: &str, list: Value| {
        admin.post("/api/v3/add-whitelist", json!({ "type": kind, "list": list })).await
    };
    send("EMAIL", json!(["ada@example.com", "not an address"])).await.refused_at("list[1]");
    send("PHONE", json!(["12"])).await.refused_at("list[0]");
    send("USERNAME", json!(["", "a"])).await.refused_at("list[0]");
    send("EMAIL", json!([])).await.refused_at("list");
    send("EMAIL", Value::Null).await.refused_at("list");
    let many: Vec<String> = (0..501).map(|n| format!("u{n}")).collect();
    send("USERNAME", json!(many)).await.refused_at("list");
    send("OTHER", json!(["a"])).await.refused_at("type");
    assert_eq!(admin.get("/api/v3/list-whitelist?type=EMAIL").await.ok()["list"], json!([]));
}

#[tokio::test]
async fn a_whitelist_is_the_pools_or_an_applications_and_goes_with_it() {
    let (s, admin) = start().await;
    let shop = admin.post("/api/v3/create-application", json!({ "appName": "Shop" })).await.ok();
    let shop = shop["appId"].as_str().expect("an id").to_owned();
    let body = json!({ "appId": shop, "type": "EMAIL", "list": ["ada@example.com"] });
    assert_eq!(values(&admin.post("/api/v3/add-whitelist-of-app", body.clone()).await.ok()), ["ada@example.com"]);
    let list = format!("/api/v3/list-whitelist-of-app?type=EMAIL&appId={shop}");
    assert_eq!(values(&admin.get(&list).await.ok()), ["ada@example.com"]);
    assert_eq!(values(&admin.get("/api/v3/list-whitelist?type=EMAIL").await.ok()), [""; 0]);
    let other = s.new_pool("Other").await;
    let stranger = s.admin_of(&other).await;
    stranger.get(&list).await.refused_with(404, 2011);
    stranger.post("/api/v3/add-whitelist-of-app", body.clone()).await.refused_with(404, 2011);
    stranger.post("/api/v3/delete-whitelist-of-app", body.clone()).await.refused_with(404, 2011);
    assert_eq!(admin.post("/api/v3/delete-whitelist-of-app", body.clone()).await.ok()["success"], true);
    assert_eq!(values(&admin.get(&list).await.ok()), [""; 0]);
    admin.post("/api/v3/add-whitelist-of-app", body).await.ok();
    admin.post("/api/v3/delete-application", json!({ "appId": shop })).await.ok();
    let mut tx = s.services.db.read().await.expect("a transaction");
    let left = tx.one::<(i64,)>(&"SELECT COUNT(*) AS n FROM whitelist".to_owned(), &[]).await.expect("a count");
    assert_eq!(left.0, 0);
}

#[tokio::test]
async fn registration_admits_who_is_on_every_list_that_has_entries_for_their_names() {
    let (s, admin) = start().await;
    let app = &s.pool.app_id;
    assert!(admits(&s, app, Some("ada"), Some("ada@example.com"), None).await, "no list asks nothing");
    add(&admin, "EMAIL", &["Ada@Example.com"]).await;
    assert!(admits(&s, app, Some("anyone"), Some("ada@example.com"), None).await);
    assert!(!admits(&s, app, Some("anyone"), Some("bob@example.com"), None).await);
    assert!(admits(&s, app, Some("anyone"), None, None).await, "who has no address is not asked for one");
    let own = json!({ "appId": app, "type": "USERNAME", "list": ["ada"] });
    admin.post("/api/v3/add-whitelist-of-app", own).await.ok();
    assert!(!admits(&s, app, Some("anyone"), Some("ada@example.com"), None).await);
    assert!(admits(&s, app, Some("ada"), Some("ada@example.com"), None).await);
    assert!(admits(&s, "another", Some("anyone"), Some("ada@example.com"), None).await);
    add(&admin, "PHONE", &["13800138000"]).await;
    assert!(admits(&s, "another", None, None, Some("+8613800138000")).await);
    assert!(!admits(&s, "another", None, None, Some("+8613800138001")).await);
    s.user("whoever").await;
}
