//! `autoRegister`: a sign-in that makes the account first.

use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, Reply, Server};

use crate::security_settings::set;

const EMAIL: &str = "new@example.com";
const PHONE: &str = "13800138000";

async fn open_for(methods: Value) -> (Server, Client) {
    let s = Server::with(|settings| settings.demo = true).await;
    let register = json!({ "enabledBasicRegisterMethods": methods, "defaultRegisterMethod": "PASSWORD" });
    let app = json!({ "appName": "Open", "registerConfig": register });
    let made = s.admin().await.post("/api/v3/create-application", app).await.ok();
    let app = s.anonymous().header("x-authing-app-id", made["appId"].as_str().expect("an id"));
    (s, app)
}

async fn open() -> (Server, Client) {
    open_for(json!(["PHONE_CODE", "EMAIL_CODE", "EMAIL_PASSWORD"])).await
}

async fn by_code(app: &Client, target: Value, code: &str, mut options: Value) -> Reply {
    let mut payload = target;
    payload["passCode"] = json!(code);
    options["scope"] = json!("openid profile email phone");
    app.post("/api/v3/signin", json!({ "connection": "PASSCODE", "passCodePayload": payload, "options": options }))
        .await
}

async fn by_password(app: &Client, mut payload: Value, options: Value) -> Reply {
    payload["password"] = json!(PASSWORD);
    app.post("/api/v3/signin", json!({ "connection": "PASSWORD", "passwordPayload": payload, "options": options }))
        .await
}

fn auto() -> Value {
    json!({ "autoRegister": true })
}

async fn users(s: &Server) -> i64 {
    let mut tx = s.services.db.read().await.expect("a transaction");
    tx.one::<(i64,)>(&String::from("SELECT COUNT(*) AS n FROM users"), &[]).await.expect("a count").0
}

#[tokio::test]
async fn a_code_makes_an_account_with_what_it_proves_and_the_next_one_signs_in() {
    let (s, app) = open().await;
    for (target, medium) in [(json!({ "email": EMAIL }), "email"), (json!({ "phone": PHONE }), "phone")] {
        for round in 0..2 {
            let code = match medium {
                "email" => s.mailed(&app, EMAIL, "CHANNEL_LOGIN").await,
                _ => s.texted(&app, PHONE, "CHANNEL_LOGIN").await,
            };
            let before = users(&s).await;
            let tokens = by_code(&app, target.clone(), &code, auto()).await.ok();
            assert_eq!(users(&s).await - before, i64::from(round == 0), "{medium} {round}");
            let user = app.clone().bearer(tokens["access_token"].as_str().expect("a token"));
            let me = user.get("/api/v3/get-profile").await.ok();
            assert_eq!(me[format!("{medium}Verified")], true, "{me}");
            by_code(&app, target.clone(), &code, auto()).await.refused_with(403, 2001);
            s.advance(watchword_testkit::minutes(2));
        }
    }
    assert_eq!(s.audited("user.signup").await, 2);
}

#[tokio::test]
async fn without_the_wish_or_where_registration_is_closed_an_unknown_target_is_a_wrong_code() {
    let (s, app) = open().await;
    let code = s.mailed(&app, EMAIL, "CHANNEL_LOGIN").await;
    by_code(&app, json!({ "email": EMAIL }), &code, json!({})).await.refused_with(403, 2001);
    s.advance(watchword_testkit::minutes(2));
    let code = s.mailed(&app, EMAIL, "CHANNEL_LOGIN").await;
    by_code(&app, json!({ "email": EMAIL }), "000000", auto()).await.refused_with(403, 2001);
    set(&s.admin().await, json!({ "registerDisabled": true })).await;
    by_code(&app, json!({ "email": EMAIL }), &code, auto()).await.refused_with(403, 2001);
    by_password(&app, json!({ "username": "ada" }), auto()).await.refused_with(403, 2333);
    // Where nobody can register, nobody can have our codes sent to strangers.
    let (s, closed) = open_for(json!([])).await;
    closed.post("/api/v3/send-email", json!({ "email": EMAIL, "channel": "CHANNEL_LOGIN" })).await.done();
    assert!(s.letter_to(EMAIL).await.is_none());
    assert_eq!(users(&s).await, 0);
}

#[tokio::test]
async fn a_password_makes_an_account_by_name_or_address_under_the_rules_of_registration() {
    let (s, app) = open().await;
    by_password(&app, json!({ "username": "ada" }), auto()).await.ok();
    by_password(&app, json!({ "account": "bob@example.com" }), auto()).await.ok();
    by_password(&app, json!({ "account": "13900139000" }), auto()).await.refused_with(403, 2333);
    by_password(&app, json!({ "phone": "13900139000" }), auto()).await.refused_with(403, 2333);
    assert_eq!(users(&s).await, 2);
    let wrong = json!({ "connection": "PASSWORD", "options": auto(),
        "passwordPayload": { "username": "ada", "password": "wrong wrong wrong" } });
    app.post("/api/v3/signin", wrong).await.refused_with(403, 2333);
    let short = json!({ "connection": "PASSWORD", "options": auto(),
        "passwordPayload": { "username": "eve", "password": "short" } });
    app.post("/api/v3/signin", short).await.refused_at("passwordPayload.password");
    set(
        &s.admin().await,
        json!({ "registerAnomalyDetection":
        { "enabled": true, "limit": 1, "timeInterval": 3600 } }),
    )
    .await;
    by_password(&app, json!({ "username": "carol" }), auto()).await.ok();
    assert_eq!(by_password(&app, json!({ "username": "dave" }), auto()).await.http, 429);
    assert_eq!(users(&s).await, 3);
}

#[tokio::test]
async fn custom_data_of_the_sign_in_is_that_of_the_account_it_makes() {
    let (s, app) = open().await;
    let field = |key: &str, editable: bool| {
        json!({ "key": key, "targetType": "USER", "dataType": "STRING",
        "label": key, "userEditable": editable })
    };
    let fields = json!({ "list": [field("team", true), field("grade", false)] });
    s.admin().await.post("/api/v3/set-custom-fields", fields).await.ok();
    let with = |data: Value| json!({ "autoRegister": true, "customData": data });
    by_password(&app, json!({ "username": "ada" }), with(json!({ "grade": "9" }))).await.refused(403);
    by_password(&app, json!({ "username": "ada" }), with(json!({ "unknown": "9" }))).await.refused(403);
    let tokens = by_password(&app, json!({ "username": "ada" }), with(json!({ "team": "red" }))).await.ok();
    let user = app.clone().bearer(tokens["access_token"].as_str().expect("a token"));
    let me = user.get("/api/v3/get-profile?withCustomData=true").await.ok();
    assert_eq!(me["customData"], json!({ "team": "red" }));
    assert_eq!(users(&s).await, 1);
}
