//! One's own account: read, changed, protected.

mod action_token;
mod contact;
mod device;
mod password;
mod remove;

use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, Reply, SECRET, Server};

const EMAIL: &str = "ada@example.com";
const PHONE: &str = "13800138000";
const SCOPES: &str = "openid profile email phone address offline_access";

/// A server in demo mode with a user who has everything: id and a signed-in client.
async fn ada() -> (Server, String, Client) {
    let s = Server::with(|settings| settings.demo = true).await;
    let user = json!({ "username": "ada", "email": "Ada@Example.com", "phone": PHONE, "password": PASSWORD });
    let made = s.admin().await.post("/api/v3/create-user", user).await.ok();
    let client = session(&s, PASSWORD).await;
    (s, made["userId"].as_str().expect("an id").to_owned(), client)
}

async fn sign_in(s: &Server, password: &str) -> Reply {
    s.sign_in_with("ada", json!({ "username": "ada", "password": password }), SCOPES).await
}

async fn session(s: &Server, password: &str) -> Client {
    s.app().bearer(sign_in(s, password).await.ok()["access_token"].as_str().expect("an access token"))
}

async fn get(s: &Server, id: &str) -> Value {
    s.admin().await.get(&format!("/api/v3/get-user?userId={id}&withCustomData=true")).await.ok()
}

async fn alive(client: &Client) -> bool {
    let reply = client.get("/api/v3/get-profile").await;
    assert!([200, 401].contains(&reply.body["statusCode"].as_u64().unwrap_or_default()), "{}", reply.text);
    reply.body["statusCode"] == 200
}

fn other(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn a_profile_tells_what_the_scopes_of_the_token_allow() {
    let (s, id, client) = ada().await;
    let admin = s.admin().await;
    let update = json!({ "userId": id, "country": "UK", "nickname": "Countess", "customData": { "badge": 1 } });
    admin.post("/api/v3/update-user", update).await.ok();
    let whole =
        client.get("/api/v3/get-profile?withCustomData=true&withIdentities=true&withDepartmentIds=true").await.ok();
    assert_eq!((whole["userId"].as_str(), whole["email"].as_str()), (Some(id.as_str()), Some("Ada@Example.com")));
    assert_eq!((whole["phone"].clone(), whole["country"].clone()), (json!(PHONE), json!("UK")));
    assert_eq!((whole["customData"].clone(), whole["identities"].clone()), (json!({ "badge": 1 }), json!([])));
    assert_eq!(whole["departmentIds"], json!([]));
    assert!(client.get("/api/v3/get-profile").await.ok().get("customData").is_none());

    let with = async |scope: &str| {
        let tokens = s.sign_in_with("ada", json!({ "username": "ada", "password": PASSWORD }), scope).await.ok();
        let client = s.app().bearer(tokens["access_token"].as_str().expect("a token"));
        client.get("/api/v3/get-profile?withCustomData=true").await.ok()
    };
    let plain = with("openid profile").await;
    assert_eq!((plain["nickname"].clone(), plain["username"].clone()), (json!("Countess"), json!("ada")));
    assert!(plain["email"].is_null() && plain["phone"].is_null() && plain["country"].is_null(), "{plain}");
    let little = with("openid email").await;
    assert_eq!((little["email"].clone(), little["userId"].clone()), (json!("Ada@Example.com"), json!(id)));
    let silent = ["nickname", "username", "phone", "lastIp", "customData", "identityNumber"];
    assert!(silent.iter().all(|name| little[name].is_null()), "{little}");
}

#[tokio::test]
async fn users_change_what_the_pool_lets_them_and_nothing_else() {
    let (s, id, client) = ada().await;
    let admin = s.admin().await;
    let field =
        |key: &str, own: bool| json!({ "targetType": "USER", "key": key, "dataType": "STRING", "userEditable": own });
    admin.post("/api/v3/set-custom-fields", json!({ "list": [field("motto", true), field("rank", false)] })).await.ok();
    let change = |body: Value| client.post("/api/v3/update-profile", body);
    let changed =
        change(json!({ "nickname": "Countess", "gender": "F", "customData": { "motto": "count" } })).await.ok();
    assert_eq!((changed["nickname"].clone(), changed["gender"].clone()), (json!("Countess"), json!("F")));
    for (field, value) in [("username", "root"), ("externalId", "boss"), ("identityNumber", "1")] {
        let body = change(json!({ field: value })).await.refused(403);
        assert!(body["message"].as_str().expect("text").starts_with(field), "{body}");
    }
    change(json!({ "customData": { "rank": "general" } })).await.refused(403);
    change(json!({ "customData": { "undefined": 1 } })).await.refused(403);
    change(json!({ "nickname": "x", "customData": { "motto": 7 } })).await.refused_at("customData.motto");
    // What is there may come back, and no more than that is changed.
    change(json!({ "username": "ada", "externalId": null, "nickname": null, "name": "Ada" })).await.ok();
    let unwanted = json!({ "name": "A", "emailVerified": true, "phoneVerified": true, "status": "Suspended",
        "email": "eve@example.com", "phone": "1", "password": "x", "userPoolId": "x", "userId": "x", "poolId": "x",
        "loginsCount": 99, "resetPasswordOnNextLogin": true, "departmentIds": [], "suspendAt": "2030-01-01" });
    change(unwanted).await.ok();
    let stored = get(&s, &id).await;
    assert_eq!((stored["name"].clone(), stored["nickname"].clone()), (json!("A"), Value::Null));
    assert_eq!((stored["emailVerified"].clone(), stored["status"].clone()), (json!(false), json!("Activated")));
    assert_eq!(
        (stored["email"].clone(), stored["customData"].clone()),
        (json!("Ada@Example.com"), json!({ "motto": "count" }))
    );
    assert_eq!((stored["username"].clone(), stored["resetPasswordOnNextLogin"].clone()), (json!("ada"), json!(false)));
    sign_in(&s, PASSWORD).await.ok();

    let open =
        json!({ "list": [{ "key": "username", "userEditable": true }, { "key": "name", "userEditable": false }] });
    admin.post("/api/v3/set-user-base-fields", open).await.ok();
    change(json!({ "name": "B" })).await.refused(403);
    s.user("bob").await;
    change(json!({ "username": "BOB" })).await.refused_with(409, 2026);
    assert_eq!(change(json!({ "username": "lovelace" })).await.ok()["username"], "lovelace");
    assert_eq!(s.audited("user.profile_update").await, 12);
}

#[tokio::test]
async fn fields_that_the_pool_hides_are_not_told_to_users_nor_changed_by_what_they_send_back() {
    let (s, id, client) = ada().await;
    let admin = s.admin().await;
    let field = |key: &str, seen: bool| json!({ "targetType": "USER", "key": key, "dataType": "STRING", "userEditable": true, "visibleInUserCenter": seen });
    admin.post("/api/v3/set-custom-fields", json!({ "list": [field("motto", true), field("rank", false)] })).await.ok();
    let data = json!({ "motto": "count", "rank": "general" });
    admin.post("/api/v3/update-user", json!({ "userId": id, "nickname": "Countess", "customData": data })).await.ok();
    let mine = async || client.get("/api/v3/get-profile?withCustomData=true").await.ok();
    let before = mine().await;
    assert_eq!((&before["nickname"], &before["customData"]), (&json!("Countess"), &json!({ "motto": "count" })));
    let hide = |key: &str, seen: bool| {
        let body = json!({ "list": [{ "key": key, "visibleInUserCenter": seen }] });
        admin.post("/api/v3/set-user-base-fields", body)
    };
    hide("nickname", false).await.ok();
    hide("lastIp", false).await.ok();
    let hidden = mine().await;
    assert_eq!((&hidden["nickname"], &hidden["lastIp"]), (&Value::Null, &Value::Null));
    assert_eq!(hidden["email"], before["email"]);
    let changed = client.post("/api/v3/update-profile", json!({ "nickname": null, "name": "Ada" })).await.ok();
    assert_eq!((&changed["nickname"], &changed["name"]), (&Value::Null, &json!("Ada")));
    assert_eq!(get(&s, &id).await["nickname"], "Countess", "administrators see it, and it is as it was");
    hide("nickname", true).await.ok();
    assert_eq!(mine().await["nickname"], "Countess");
    let refused = hide("userId", false).await.refused(501);
    assert!(refused["message"].as_str().expect("text").starts_with("list[0].visibleInUserCenter"), "{refused}");
}

#[tokio::test]
async fn the_score_follows_from_what_protects_the_account() {
    let s = Server::with(|settings| settings.demo = true).await;
    let (client, _) = s.signed_in_as("ada").await;
    let info = client.get("/api/v3/get-security-info").await.ok();
    assert_eq!(
        info,
        json!({ "passwordSecurityLevel": 3, "mfaEnrolled": false, "passwordSet": true,
        "emailBinded": false, "phoneBinded": false, "securityScore": 30 })
    );
    let code = s.mailed(&client, EMAIL, "CHANNEL_BIND_EMAIL").await;
    client.post("/api/v3/bind-email", json!({ "email": EMAIL, "passCode": code })).await.done();
    assert_eq!(client.get("/api/v3/get-security-info").await.ok()["securityScore"], 45);
    let id = client.get("/api/v3/get-profile").await.ok()["userId"].as_str().expect("an id").to_owned();
    s.import(&id, SECRET).await;
    let client = s.signed_in_with_otp("ada", SECRET).await;
    let info = client.get("/api/v3/get-security-info").await.ok();
    assert_eq!((info["mfaEnrolled"].clone(), info["securityScore"].clone()), (json!(true), json!(85)));
    let unproven = json!({ "userId": id, "emailVerified": false });
    s.admin().await.post("/api/v3/update-user", unproven).await.ok();
    assert_eq!(client.get("/api/v3/get-security-info").await.ok()["securityScore"], 75);
}

#[tokio::test]
async fn there_are_no_public_accounts_to_switch_to() {
    let (_s, _, client) = ada().await;
    let path = "/api/v3/get-user-select-login-public-accounts?withOriginUser=true";
    assert_eq!(client.get(path).await.ok(), json!([]));
}
