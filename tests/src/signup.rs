//! Registration: who may, what a new account has, and what nobody can say of themselves.

use futures_util::future::join_all;
use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, Server, encrypt, minutes};

const EMAIL: &str = "ada@example.com";
const PHONE: &str = "13800138000";

/// A server in demo mode, and a client of an application with every way of registration.
async fn open() -> (Server, Client) {
    open_for(json!(["PHONE_CODE", "EMAIL_CODE", "EMAIL_PASSWORD"])).await
}

async fn open_for(methods: Value) -> (Server, Client) {
    let s = Server::with(|settings| settings.demo = true).await;
    let config = json!({ "enabledBasicRegisterMethods": methods, "defaultRegisterMethod": "PASSWORD" });
    let app = json!({ "appName": "Open", "registerConfig": config });
    let made = s.admin().await.post("/api/v3/create-application", app).await.ok();
    let app = s.anonymous().header("x-authing-app-id", made["appId"].as_str().expect("an id"));
    (s, app)
}

fn by_password(payload: Value) -> Value {
    let mut payload = payload;
    payload["password"] = PASSWORD.into();
    json!({ "connection": "PASSWORD", "passwordPayload": payload })
}

async fn sign_in(app: &Client, username: &str) -> watchword_testkit::Reply {
    let payload = json!({ "account": username, "password": PASSWORD });
    app.post("/api/v3/signin", json!({ "connection": "PASSWORD", "passwordPayload": payload })).await
}

async fn users(s: &Server) -> i64 {
    let mut tx = s.services.db.read().await.expect("a transaction");
    tx.one::<(i64,)>(&String::from("SELECT COUNT(*) AS n FROM users"), &[]).await.expect("a count").0
}

#[tokio::test]
async fn an_account_made_by_a_password_signs_in_and_its_address_waits_to_be_proven() {
    let (s, app) = open().await;
    let mut body = by_password(json!({ "username": "Ada", "email": "Ada@Example.com" }));
    body["profile"] = json!({ "nickname": "Countess", "gender": "F", "locality": "London", "browser": "x" });
    let reply = app.post("/api/v3/signup", body).await;
    let made = reply.ok();
    assert_eq!((made["username"].as_str(), made["email"].as_str()), (Some("Ada"), Some("Ada@Example.com")));
    assert_eq!((made["emailVerified"].clone(), made["status"].clone()), (json!(false), json!("Activated")));
    assert_eq!((made["userSourceType"].clone(), made["city"].clone()), (json!("register"), json!("London")));
    assert_eq!(made["registerSource"], json!(["basic:email"]));
    assert!(made["userSourceId"].is_string() && made["passwordSecurityLevel"] == 3, "{made}");
    assert!(!reply.text.contains("token") && !reply.text.contains(PASSWORD), "{}", reply.text);
    sign_in(&app, "ada@example.com").await.ok();
    assert_eq!(s.audited("user.signup").await, 1);

    let letter = s.letter_to(EMAIL).await.expect("the link that proves the address");
    let url = letter.split_whitespace().find(|w| w.contains("/verify-email?")).expect("a link");
    let members: Vec<(&str, &str)> =
        url.split_once('?').expect("a query").1.split('&').filter_map(|p| p.split_once('=')).collect();
    let member = |name: &str| members.iter().find(|m| m.0 == name).expect("a member").1;
    let form = [("app", member("app")), ("email", EMAIL), ("token", member("token"))];
    assert_eq!(s.anonymous().post_form("/verify-email", &form).await.http, 200);
    let id = made["userId"].as_str().expect("an id");
    let shown = s.admin().await.get(&format!("/api/v3/get-user?userId={id}")).await.ok();
    assert_eq!(shown["emailVerified"], true);
}

#[tokio::test]
async fn an_account_made_by_a_code_has_its_target_proven_and_the_code_is_used_up() {
    let (s, app) = open().await;
    let code = s.mailed(&app, EMAIL, "CHANNEL_REGISTER").await;
    let body =
        |code: &str| json!({ "connection": "PASSCODE", "passCodePayload": { "email": EMAIL, "passCode": code } });
    let wrong = if code == "000000" { "000001" } else { "000000" };
    app.post("/api/v3/signup", body(wrong)).await.refused_with(403, 2001);
    let made = app.post("/api/v3/signup", body(&code)).await.ok();
    assert_eq!(
        (made["emailVerified"].clone(), made["registerSource"].clone()),
        (json!(true), json!(["basic:email-code"]))
    );
    app.post("/api/v3/signup", body(&code)).await.refused_with(403, 2001);
    s.advance(minutes(1));
    let again = s.mailed(&app, EMAIL, "CHANNEL_REGISTER").await;
    app.post("/api/v3/signup", body(&again)).await.refused_with(409, 2026);
    app.post("/api/v3/signup", body(&again)).await.refused_with(403, 2001);
    s.advance(minutes(1));
    let login = s.mailed(&app, EMAIL, "CHANNEL_LOGIN").await;
    app.post("/api/v3/signup", body(&login)).await.refused_with(403, 2001);

    let code = s.texted(&app, PHONE, "CHANNEL_REGISTER").await;
    let body = json!({ "connection": "PASSCODE", "passCodePayload": { "phone": PHONE, "passCode": code },
        "options": { "passwordForPhonePassCode": PASSWORD, "clientIp": "192.0.2.1", "context": {} } });
    let made = app.post("/api/v3/signup", body).await.ok();
    assert_eq!((made["phoneVerified"].clone(), made["phone"].clone()), (json!(true), json!(PHONE)));
    sign_in(&app, PHONE).await.ok();
}

#[tokio::test]
async fn what_the_application_does_not_offer_is_refused_and_leaves_no_account() {
    let (s, app) = open_for(json!(["EMAIL_CODE"])).await;
    app.post("/api/v3/signup", by_password(json!({ "username": "ada" }))).await.refused(403);
    let code = s.texted(&app, PHONE, "CHANNEL_REGISTER").await;
    let body = json!({ "connection": "PASSCODE", "passCodePayload": { "phone": PHONE, "passCode": code } });
    app.post("/api/v3/signup", body).await.refused(403);
    let silent = s.admin().await.post("/api/v3/create-application", json!({ "appName": "Silent" })).await.ok();
    let silent = s.anonymous().header("x-authing-app-id", silent["appId"].as_str().expect("an id"));
    silent.post("/api/v3/signup", by_password(json!({ "username": "ada" }))).await.refused_with(403, 2031);
    assert_eq!(users(&s).await, 0);
}

#[tokio::test]
async fn a_whitelist_decides_who_may_register() {
    let (s, app) = open().await;
    let list = json!({ "type": "EMAIL", "list": ["Ada@example.com"] });
    s.admin().await.post("/api/v3/add-whitelist", list).await.ok();
    app.post("/api/v3/signup", by_password(json!({ "email": "eve@example.com" }))).await.refused(403);
    app.post("/api/v3/signup", by_password(json!({ "email": EMAIL }))).await.ok();
    assert_eq!(users(&s).await, 1);
}

#[tokio::test]
async fn nobody_registers_with_what_only_others_may_say() {
    let (s, app) = open().await;
    let admin = s.admin().await;
    let field =
        |key: &str, own: bool| json!({ "targetType": "USER", "key": key, "dataType": "NUMBER", "userEditable": own });
    admin.post("/api/v3/set-custom-fields", json!({ "list": [field("age", true), field("rank", false)] })).await.ok();
    admin
        .post("/api/v3/set-user-base-fields", json!({ "list": [{ "key": "company", "userEditable": false }] }))
        .await
        .ok();
    let with = |profile: Value| {
        let mut body = by_password(json!({ "username": "ada" }));
        body["profile"] = profile;
        app.post("/api/v3/signup", body)
    };
    with(json!({ "company": "Acme" })).await.refused(403);
    with(json!({ "customData": { "rank": 1 } })).await.refused(403);
    with(json!({ "customData": { "undefined": 1 } })).await.refused(403);
    with(json!({ "customData": { "age": "old" } })).await.refused_at("profile.customData.age");
    with(json!({ "birthdate": "yesterday" })).await.refused_at("profile.birthdate");
    let mut body = by_password(json!({ "username": "ada", "emailVerified": true, "status": "Suspended" }));
    body["profile"] = json!({ "customData": { "age": 36 }, "emailVerified": true, "phoneVerified": true,
        "status": "Archived", "userPoolId": "x", "externalId": "boss", "loginsCount": 7, "resetPasswordOnNextLogin": true,
        "departmentIds": ["x"], "username": "root", "userSourceType": "adminCreated" });
    body["options"] = json!({ "context": { "age": 37 } });
    body["status"] = "Resigned".into();
    let made = app.post("/api/v3/signup", body).await.ok();
    assert_eq!((made["username"].clone(), made["status"].clone()), (json!("ada"), json!("Activated")));
    assert_eq!((made["emailVerified"].clone(), made["phoneVerified"].clone()), (json!(false), json!(false)));
    assert_eq!((made["externalId"].clone(), made["loginsCount"].clone()), (Value::Null, json!(0)));
    assert_eq!((made["customData"]["age"].clone(), made["userSourceType"].clone()), (json!(37), json!("register")));
    assert_eq!(users(&s).await, 1);
}

#[tokio::test]
async fn a_further_address_or_number_needs_a_code_of_its_own() {
    let (s, app) = open().await;
    let mut body = by_password(json!({ "username": "ada" }));
    body["profile"] = json!({ "email": EMAIL, "phone": PHONE });
    app.post("/api/v3/signup", body.clone()).await.refused_at("options.emailPassCodeForInformationCompletion");
    let (email, phone) =
        (s.mailed(&app, EMAIL, "CHANNEL_COMPLETE_EMAIL").await, s.texted(&app, PHONE, "CHANNEL_COMPLETE_PHONE").await);
    body["options"] = json!({ "emailPassCodeForInformationCompletion": email,
        "phonePassCodeForInformationCompletion": if phone == "000000" { "000001" } else { "000000" } });
    app.post("/api/v3/signup", body.clone()).await.refused_with(403, 2001);
    assert_eq!(users(&s).await, 0);
    s.advance(minutes(1));
    let (email, phone) =
        (s.mailed(&app, EMAIL, "CHANNEL_COMPLETE_EMAIL").await, s.texted(&app, PHONE, "CHANNEL_COMPLETE_PHONE").await);
    body["options"] =
        json!({ "emailPassCodeForInformationCompletion": email, "phonePassCodeForInformationCompletion": phone });
    let made = app.post("/api/v3/signup", body).await.ok();
    assert_eq!((made["emailVerified"].clone(), made["phoneVerified"].clone()), (json!(true), json!(true)));
    let mut spare = by_password(json!({ "username": "bob" }));
    spare["options"] = json!({ "phonePassCodeForInformationCompletion": "123456" });
    app.post("/api/v3/signup", spare).await.refused_at("options.phonePassCodeForInformationCompletion");
}

#[tokio::test]
async fn bad_passwords_are_refused_and_a_broken_ciphertext_is_not_told_from_a_good_one() {
    let (s, app) = open().await;
    for weak in ["short", "password1", "qwertyuiop"] {
        let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": weak } });
        app.post("/api/v3/signup", body).await.refused_at("passwordPayload.password");
    }
    app.post("/api/v3/signup", json!({ "connection": "PASSWORD" })).await.refused_at("passwordPayload");
    app.post("/api/v3/signup", by_password(json!({}))).await.refused_at("passwordPayload");
    app.post("/api/v3/signup", json!({ "connection": "PASSCODE", "passCodePayload": { "passCode": "1" } }))
        .await
        .refused_at("passCodePayload");
    let key = s.anonymous().get("/api/v3/system").await.body["rsa"]["publicKey"].as_str().expect("a key").to_owned();
    let with = |name: &str, password: &str| {
        let payload = json!({ "username": name, "password": password });
        let options = json!({ "passwordEncryptType": "rsa" });
        app.post("/api/v3/signup", json!({ "connection": "PASSWORD", "passwordPayload": payload, "options": options }))
    };
    with("ada", &encrypt::rsa(&key, PASSWORD)).await.ok();
    with("bob", "bm90IGEgY2lwaGVydGV4dA==").await.ok();
    sign_in(&app, "ada").await.ok();
    sign_in(&app, "bob").await.refused_with(403, 2333);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_name_has_one_owner_however_many_register_with_it_at_once() {
    let (one, app) = open().await;
    let two = one.second_node().await;
    let names = ["ada", "ADA", " Ada", "ａｄａ"];
    let calls = (0..32).map(|n| {
        let node = if n % 2 == 0 { &one } else { &two };
        let client = app.at_server(&node.url);
        let body = by_password(json!({ "username": names[n % names.len()] }));
        async move { client.post("/api/v3/signup", body).await }
    });
    let replies = join_all(calls).await;
    let won = replies.iter().filter(|r| r.body["statusCode"] == 200).count();
    assert_eq!((won, users(&one).await), (1, 1));
    for reply in replies.iter().filter(|r| r.body["statusCode"] != 200) {
        assert!(reply.body["apiCode"] == 2026 || reply.http == 429, "{}", reply.text);
    }
}

async fn set(s: &Server, settings: Value) {
    s.admin().await.post("/api/v3/update-security-settings", settings).await.ok();
}

#[tokio::test]
async fn the_pool_closes_registration_for_every_application() {
    let (s, app) = open().await;
    set(&s, json!({ "registerDisabled": true })).await;
    app.post("/api/v3/signup", by_password(json!({ "username": "ada" }))).await.refused_with(403, 2031);
    assert_eq!(users(&s).await, 0);
    set(&s, json!({ "registerDisabled": false })).await;
    app.post("/api/v3/signup", by_password(json!({ "username": "ada" }))).await.ok();
}

#[tokio::test]
async fn one_address_registers_as_often_as_the_pool_says() {
    let (s, app) = open().await;
    let limit = json!({ "registerAnomalyDetection": { "enabled": true, "limit": 2, "timeInterval": 60 } });
    set(&s, limit).await;
    let register = |name: &str| app.post("/api/v3/signup", by_password(json!({ "username": name })));
    register("ada").await.ok();
    register("bob").await.ok();
    assert_eq!(register("cyd").await.http, 429);
    s.advance(minutes(1));
    register("cyd").await.ok();
}

#[tokio::test]
async fn a_new_password_keeps_the_pools_policy_also_where_its_user_chooses_it() {
    let (s, app) = open().await;
    let policy = json!({ "minLength": 10, "minStrength": 1, "patterns": ["[0-9]"], "refuseSimilar": true });
    set(&s, json!({ "passwordPolicy": policy })).await;
    let with = |password: &str| {
        let payload = json!({ "username": "lovelace", "password": password });
        app.post("/api/v3/signup", json!({ "connection": "PASSWORD", "passwordPayload": payload }))
    };
    with("no digits in here").await.refused_at("passwordPayload.password");
    with("lovelace has 1 digit").await.refused_at("passwordPayload.password");
    with("tulips and 1 digit").await.ok();
}

#[tokio::test]
async fn nobody_is_welcomed_at_an_address_that_they_have_not_proven() {
    let (s, app) = open().await;
    let template = json!({ "type": "WELCOME_EMAIL", "customizeEnabled": true, "name": "Hi", "subject": "Hi",
        "sender": "{{app_name}}", "content": "Hello {{user_name}}" });
    s.admin().await.post("/api/v3/update-email-template", template).await.ok();
    let mut body = by_password(json!({ "email": "victim@example.com" }));
    body["profile"] = json!({ "nickname": "CLICK http://evil.example NOW" });
    app.post("/api/v3/signup", body).await.ok();
    let letters = s.messages().await;
    assert_eq!(letters.len(), 1, "the link that proves the address, and nothing else: {letters:?}");
    assert!(!format!("{letters:?}").contains("evil"), "{letters:?}");
    let code = s.mailed(&app, EMAIL, "CHANNEL_REGISTER").await;
    let payload = json!({ "email": EMAIL, "passCode": code });
    app.post("/api/v3/signup", json!({ "connection": "PASSCODE", "passCodePayload": payload })).await.ok();
    let welcomed = s.letter_to(EMAIL).await.expect("a letter");
    assert!(!welcomed.contains(&code), "{welcomed}");
}
