//! Pictures that only people read; and tests, which try every text.

use serde_json::json;
use watchword_domain::{Audit, Ctx, captcha};
use watchword_kit::PoolId;
use watchword_testkit::{PASSWORD, Reply, Server, minutes, seconds};

use crate::security_settings::{anomaly, set};

const SIGNS: &str = "23479ACEFHJKLMNPRTUWXY";

/// A picture that was drawn, read.
pub struct Picture {
    pub token: String,
    pub text: String,
}

/// Asks for a picture by name and finds its text, which has four signs, by trying.
pub async fn picture(s: &Server) -> Picture {
    let drawn = s.app().get("/api/v3/get-captcha-code").await.ok();
    let token = drawn["captchaToken"].as_str().expect("a token").to_owned();
    let id = watchword_crypto::hash::token_hash(&token);
    Picture { text: read(s, &id).await, token }
}

/// The text of a stored picture.
pub async fn read(s: &Server, id: &str) -> String {
    let ctx = Ctx::system(s.services.clone(), PoolId::new(&s.pool.id), Audit::CaptchaIssue);
    let mut tx = s.services.db.read().await.expect("a transaction");
    let row = watchword_store::captcha::TABLE.get(&mut tx, ctx.pool(), id).await.expect("a row").expect("a picture");
    let signs: Vec<char> = SIGNS.chars().collect();
    for n in 0..signs.len().pow(4) {
        let text: String = (0..4).map(|k| signs[n / signs.len().pow(k) % signs.len()]).collect();
        if captcha::hash_of(&ctx, id, &text) == row.code_hash {
            return text;
        }
    }
    panic!("no text has this hash");
}

async fn start() -> Server {
    let s = Server::start().await;
    s.user("ada").await;
    let changes = anomaly(json!({ "robotVerify": "always_enable" }));
    set(&s.admin().await, json!({ "verifyCodeLength": 4, "loginAnomalyDetection": changes })).await;
    s
}

async fn sign_in(s: &Server, agent: &str, options: serde_json::Value) -> Reply {
    let payload = json!({ "username": "ada", "password": PASSWORD });
    let body = json!({ "connection": "PASSWORD", "passwordPayload": payload, "options": options });
    s.app().header("user-agent", agent).post("/api/v3/signin", body).await
}

#[tokio::test]
async fn a_picture_is_an_svg_around_a_png_that_is_never_the_same() {
    let s = start().await;
    let first = s.app().get("/api/v3/captcha-code?r=1").await;
    assert_eq!((first.http, &first.headers["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
    assert!(first.text.starts_with("<svg ") && first.text.contains("data:image/png;base64,"), "{}", first.text);
    assert_eq!(first.headers["cache-control"], "no-store");
    let second = s.app().get("/api/v3/captcha-code?r=1").await;
    assert_ne!(first.text, second.text);
    let named = s.app().get("/api/v3/get-captcha-code").await.ok();
    assert!(named["captchaCodeSvg"].as_str().unwrap().starts_with("<svg "));
    s.anonymous().get("/api/v3/captcha-code").await.refused_with(404, 2011);
}

#[tokio::test]
async fn a_picture_without_a_name_counts_for_the_agent_and_application_that_asked_once() {
    let s = start().await;
    s.app().header("user-agent", "Agent/1").get("/api/v3/captcha-code").await;
    let mut tx = s.services.db.read().await.unwrap();
    let (id,): (String,) = tx.one(&String::from("SELECT id FROM captchas"), &[]).await.unwrap();
    drop(tx);
    let text = read(&s, &id).await;
    sign_in(&s, "Agent/2", json!({ "captchaCode": text })).await.refused_with(403, 2001);
    sign_in(&s, "Agent/1", json!({ "captchaCode": text.to_lowercase() })).await.ok();
    sign_in(&s, "Agent/1", json!({ "captchaCode": text })).await.refused_with(403, 2001);
}

#[tokio::test]
async fn a_picture_dies_after_three_wrong_texts_and_after_five_minutes() {
    let s = start().await;
    let drawn = picture(&s).await;
    for _ in 0..3 {
        sign_in(&s, "A", json!({ "captchaCode": "????", "captchaToken": drawn.token })).await.refused_with(403, 2001);
    }
    let right = json!({ "captchaCode": drawn.text, "captchaToken": drawn.token });
    sign_in(&s, "A", right).await.refused_with(403, 2001);
    let drawn = picture(&s).await;
    s.advance(minutes(5) + seconds(1));
    let late = json!({ "captchaCode": drawn.text, "captchaToken": drawn.token });
    sign_in(&s, "A", late).await.refused_with(403, 2001);
}

#[tokio::test]
async fn of_many_that_use_one_picture_at_once_one_gets_past_it() {
    let s = start().await;
    let drawn = picture(&s).await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let payload = json!({ "username": "ada", "password": PASSWORD });
            let options = json!({ "captchaCode": drawn.text, "captchaToken": drawn.token });
            let body = json!({ "connection": "PASSWORD", "passwordPayload": payload, "options": options });
            let app = s.app();
            tokio::spawn(async move { app.post("/api/v3/signin", body).await })
        })
        .collect();
    let mut past = 0;
    for task in tasks {
        past += usize::from(task.await.unwrap().body["statusCode"] == 200);
    }
    assert_eq!(past, 1);
}

#[tokio::test]
async fn one_address_cannot_have_pictures_without_end() {
    let s = start().await;
    for _ in 0..60 {
        s.app().get("/api/v3/get-captcha-code").await.ok();
    }
    assert_eq!(s.app().get("/api/v3/get-captcha-code").await.http, 429);
    s.advance(minutes(1) + seconds(1));
    s.app().get("/api/v3/get-captcha-code").await.ok();
}

/// A burst of guesses is counted like guesses one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_try_a_picture_at_once_three_texts_are_judged() {
    let s = start().await;
    let drawn = picture(&s).await;
    let id = watchword_crypto::hash::token_hash(&drawn.token);
    let pool = PoolId::new(&s.pool.id);
    let tries = (0..32).map(|_| {
        let (s, id, pool) = (&s, &id, &pool);
        async move {
            let mut tx = s.services.db.write().await.expect("a transaction");
            let judged =
                watchword_store::captcha::try_one(&mut tx, pool, id, 3, s.clock.now()).await.expect("an answer");
            tx.commit().await.expect("a commit");
            judged.is_some()
        }
    });
    let judged = futures_util::future::join_all(tries).await.into_iter().filter(|judged| *judged).count();
    assert_eq!(judged, 3);
    let options = json!({ "captchaCode": drawn.text, "captchaToken": drawn.token });
    sign_in(&s, "a", options).await.refused_with(403, 2001);
}
