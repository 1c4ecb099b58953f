//! Secrets that are given to the server, or by it, are in no log and not in its database as they are.

use std::io::Write;
use std::sync::{Arc, Mutex};

use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use watchword_testkit::{Browser, Server, minutes};

use super::snapshot::Snapshot;
use crate::message::Post;
use crate::{authorize, grant};

const PASSWORD: &str = "canary-Password-5fd1c0d7a9";
const SEED: &str = "KRUGS4ZANFZSAYJAMNQW4YLSPEQHGZLF";
const CUSTOM: &str = "canary-Custom-field-91b7e2";
const RECOVERY: &str = "ca4a-5eed-0bad-f00d-1234-abcd";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The secret as it is and in the forms in which it could lie about.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut raws = vec![secret.as_bytes().to_vec()];
    raws.extend(BASE32_NOPAD.decode(secret.as_bytes()));
    raws.extend(HEXLOWER.decode(secret.as_bytes()));
    let compact = secret.replace('-', "");
    raws.push(compact.clone().into_bytes());
    raws.extend(HEXLOWER.decode(compact.as_bytes()));
    let mut out = Vec::new();
    for raw in raws.into_iter().filter(|raw| raw.len() >= 8) {
        for text in [
            HEXLOWER.encode(&raw),
            HEXLOWER.encode(&raw).to_uppercase(),
            BASE32_NOPAD.encode(&raw),
            BASE32_NOPAD.encode(&raw).to_lowercase(),
            // Without the last characters, which depend on what follows.
            BASE64_NOPAD.encode(&raw[..raw.len() / 3 * 3]),
            BASE64URL_NOPAD.encode(&raw[..raw.len() / 3 * 3]),
            format!("{raw:?}").trim_matches(['[', ']']).to_owned(),
        ] {
            out.push(text.into_bytes());
        }
        out.push(raw);
    }
    out
}

fn hits(haystack: &[u8], name: &str, secret: &str, place: &str) -> Option<String> {
    let found = forms(secret).into_iter().find(|form| haystack.windows(form.len()).any(|w| w == form.as_slice()))?;
    Some(format!("{name} lies in {place} as {}", String::from_utf8_lossy(&found)))
}

/// Every kind of secret passes through the server once, most of them wrongly, too: refusals are logged more fully.
async fn live(s: &Server) -> Vec<(&'static str, String)> {
    let admin = s.admin().await;
    let basic = BASE64.encode(format!("{}:{}", s.pool.app_id, s.pool.app_secret).as_bytes());
    s.anonymous().header("authorization", &format!("Basic {basic}")).post("/oidc/token", json!({})).await;
    let mut secrets = vec![
        ("the password", PASSWORD.to_owned()),
        ("the OTP seed", SEED.to_owned()),
        ("the recovery code", RECOVERY.to_owned()),
        ("the encrypted custom value", CUSTOM.to_owned()),
        ("the pool's access key", s.pool.key_secret.clone()),
        ("the application's secret", s.pool.app_secret.clone()),
    ];
    let text = |v: &Value| v.as_str().expect("text").to_owned();
    let made = admin.post("/api/v3/create-user", json!({ "username": "ada", "password": PASSWORD })).await.ok();
    let otp = json!({ "secret": SEED, "recoveryCode": RECOVERY });
    let import = |user: &Value| json!({ "list": [{ "userId": user, "otp": otp }] });
    admin.post("/api/v3/import-otp", import(&made["userId"])).await.done();
    admin.post("/api/v3/import-otp", import(&json!("nobody"))).await.refused(404);
    admin.get(&format!("/api/v3/get-otp-secret-by-user?userId={}", text(&made["userId"]))).await.ok();
    let key = admin.post("/api/v3/create-access-key", json!({ "type": "userpool" })).await.ok();
    secrets.push(("a new access key", text(&key[0]["accessKeySecret"])));
    let id = json!({ "appId": s.pool.app_id });
    let shown = admin.post("/api/v3/refresh-application-secret", id).await.ok();
    secrets.push(("the application's new secret", text(&shown["secret"])));

    let payload = |password: &str| json!({ "username": "ada", "password": password });
    let sign_in = |password: &str| json!({ "connection": "PASSWORD", "passwordPayload": payload(password) });
    s.app().post("/api/v3/signin", sign_in(&format!("{PASSWORD}x"))).await.refused(403);
    let waiting = s.app().post("/api/v3/signin", sign_in(PASSWORD)).await.refused(300);
    let mfa_token = text(&waiting["data"]["mfaToken"]);
    let waiting = s.app().bearer(&mfa_token);
    waiting.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": "0000-0000-0000-0000-0000-0000" })).await;
    s.clock.advance(minutes(2));
    let done = waiting.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": RECOVERY })).await;
    assert_eq!(done.body["code"], 200, "{}", done.text);
    secrets.push(("the next recovery code", text(&done.body["recoveryCode"])));
    let access = text(&done.body["data"]["access_token"]);
    s.app().bearer(&access).post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SEED, 0) })).await.ok();
    secrets.extend([("an mfaToken", mfa_token), ("an access token", access)]);

    let refresh = super::examples::offline(s, "bob").await;
    secrets.push(("a refresh token", text(&refresh["refresh_token"])));
    let user = s.app().bearer(refresh["access_token"].as_str().expect("a token"));
    let enrolment = super::examples::enrolment(s, &user).await;
    secrets.push(("an enrolment token", text(&enrolment["enrollmentToken"])));
    user.post("/api/v3/enroll-factor", enrolment).await.done();
    let field =
        json!({ "targetType": "USER", "key": "pin", "dataType": "STRING", "encrypted": true, "isUnique": true });
    admin.post("/api/v3/set-custom-fields", json!({ "list": [field] })).await.ok();
    let pin = |name: &str| json!({ "username": name, "customData": { "pin": CUSTOM } });
    admin.post("/api/v3/create-user", pin("cyd")).await.ok();
    admin.post("/api/v3/create-user", pin("dan")).await.refused(409);
    let first = json!({ "username": "eva", "password": PASSWORD, "options": { "resetPasswordOnFirstLogin": true } });
    admin.post("/api/v3/create-user", first).await.ok();
    let payload = json!({ "username": "eva", "password": PASSWORD });
    let body = json!({ "connection": "PASSWORD", "passwordPayload": payload });
    let told = s.app().post("/api/v3/signin", body).await.refused(300);
    let token = text(&told["data"]["passwordResetToken"]);
    let reset = |password: &str| json!({ "passwordResetToken": token, "password": password });
    s.app().post("/api/v3/reset-password", reset(PASSWORD)).await.refused(400);
    s.app().post("/api/v3/reset-password", reset(&format!("{PASSWORD}y"))).await.ok();
    secrets.push(("a token of a change in two steps", token.clone()));
    // Refused as a whole, with secrets inside.
    admin.post("/api/v3/create-user", json!({ "username": "ada", "password": PASSWORD })).await.refused(409);
    admin.post("/api/v3/create-user", json!({ "username": 7, "password": PASSWORD })).await.refused(400);
    admin.post("/api/v3/create-user", json!({ "username": "c", "password": { "x": PASSWORD } })).await.refused(400);
    admin.post_raw("/api/v3/create-user", format!("{{\"password\":\"{PASSWORD}\"")).await.refused(400);
    secrets
}

/// What the OpenID Provider, its pages and the links in e-mails hand out.
async fn handed_out(post: &Post) -> Vec<(&'static str, String)> {
    let s = &post.server;
    let text = |v: &Value| v.as_str().expect("text").to_owned();
    let oidc = json!({ "grant_types": ["authorization_code", grant::DEVICE] });
    let shop = authorize::app(s, oidc, json!({ "ssoEnabled": true })).await;
    s.user("fay").await;
    let mut browser = Browser::new(s);
    let page = authorize::sign_in(&mut browser, &shop, "fay", &[]).await;
    let mut secrets = vec![("an authorization code", page.code())];
    authorize::exchange(s, &shop, &page.code(), &[("redirect_uri", "https://elsewhere.example.com")]).await;
    secrets.extend(browser.cookies.values().map(|value| ("a cookie", value.clone())));
    assert!(browser.cookies.keys().any(|name| name.contains("sso-")), "{:?}", browser.cookies);

    let device = shop.post(s, "/oidc/device_authorization", &[("scope", "openid")]).await.body;
    secrets.extend([("a device code", text(&device["device_code"])), ("a user code", text(&device["user_code"]))]);
    let poll = [("grant_type", grant::DEVICE), ("device_code", device["device_code"].as_str().expect("text"))];
    shop.post(s, "/oidc/token", &poll).await;
    let form = [("response_type", "code"), ("redirect_uri", authorize::CALLBACK), ("scope", "openid")];
    let uri = text(&shop.post(s, "/oidc/request", &form).await.body["request_uri"]);
    secrets.push(("a request_uri", uri.rsplit(':').next().expect("a name").to_owned()));
    Browser::new(s).get(&authorize::request(&shop, &[("request_uri", &uri)])).await;

    grant::register::allow(s).await;
    let registrar = crate::token::limited(s, &["application:register"]).await;
    let made = registrar.post("/oidc/register", grant::register::metadata()).await.body;
    let token = text(&made["registration_access_token"]);
    let path = text(&made["registration_client_uri"]);
    let path = path.strip_prefix("https://id.example.com").expect("our address");
    assert_eq!(s.anonymous().bearer(&token).get(path).await.http, 200);
    secrets.extend([("a registration token", token), ("a registered secret", text(&made["client_secret"]))]);

    let admin = s.admin().await;
    let gil = json!({ "username": "gil", "email": "gil@example.com" });
    let gil = admin.post("/api/v3/create-user", gil).await.ok();
    let users = json!({ "users": [{ "userId": gil["userId"] }] });
    admin.post("/api/v3/send-user-reset-password-email-link", users).await.ok();
    let letter = post.mail.wait_for(1).await[0].text().expect("a letter");
    let link = letter.split_whitespace().find(|word| word.contains("/reset-password?")).expect("a link");
    let token = link.split_once("token=").expect("a token").1;
    let token = token.split('&').next().expect("a token").to_owned();
    let form = [("pool", s.pool.id.as_str()), ("token", &token), ("password", "weak"), ("again", "weak")];
    assert_eq!(s.anonymous().post_form("/reset-password", &form).await.http, 400);
    secrets.push(("a link to a new password", token));
    secrets
}

// One test, because the log of a process is one.
#[tokio::test]
async fn no_secret_is_in_the_database_or_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    // The client of the tests lives in the same process: what it says about its own requests is not the server's.
    let client = ["hyper", "hyper_util", "reqwest", "h2", "rustls"].map(|name| (name, LevelFilter::OFF));
    let filter = Targets::new().with_default(LevelFilter::TRACE).with_targets(client);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    // With a single subscriber alive, another thread's test could settle that nobody listens at a place in the code.
    let other = tracing::Dispatch::new(tracing_subscriber::registry());
    let guard = tracing::subscriber::set_default(subscriber);
    // No demo, which shows messages as they are, and keeps them so.
    let post = Post::start().await;
    let s = &post.server;
    let mut secrets = live(s).await;
    secrets.extend(handed_out(&post).await);
    drop((guard, other));

    let mut places = vec![("the log", log.0.lock().expect("the log").clone())];
    assert!(String::from_utf8_lossy(&places[0].1).matches("refused").count() > 3, "the log was captured");
    places.push(("the database, read by SQL", Snapshot::of(s).await.all_text().into_bytes()));
    if let Some(path) = s.database_url().strip_prefix("sqlite:") {
        places.push(("the database file", std::fs::read(path).expect("the file")));
        places.push(("the write-ahead log", std::fs::read(format!("{path}-wal")).expect("the file")));
    }
    let found: Vec<String> = places
        .iter()
        .flat_map(|(place, text)| secrets.iter().filter_map(|(name, secret)| hits(text, name, secret, place)))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_search_finds_a_secret_in_each_form() {
    let raw = BASE32_NOPAD.decode(SEED.as_bytes()).expect("base32");
    let lying: [Vec<u8>; 5] = [
        SEED.as_bytes().to_vec(),
        raw.clone(),
        HEXLOWER.encode(&raw).into_bytes(),
        BASE64.encode(&raw).into_bytes(),
        format!("{raw:?}").into_bytes(),
    ];
    for text in lying {
        let place = [b"before".to_vec(), text, b"after".to_vec()].concat();
        assert!(hits(&place, "the seed", SEED, "here").is_some());
    }
    assert!(hits(b"nothing of the kind", "the seed", SEED, "here").is_none());
}
