//! Codes by SMS and e-mail: what is sent, how often, and for what a code is good.

mod check;
mod code;
mod delivery;
mod email_provider;
mod limits;
mod secrecy;
mod template;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use watchword_domain::message::{self, Medium, provider};
use watchword_domain::outbox::{Event, notify_user};
use watchword_domain::{Audit, Ctx};
use watchword_kit::{Millis, PoolId, Secret};
use watchword_send::testing::{Answer, Behaviour, HttpTrap, Recorded, SmtpTrap, Stage};
use watchword_testkit::{Pool, Reply, Server, code_in, minutes, seconds};

const LOGIN: &str = "CHANNEL_LOGIN";
const REGISTER: &str = "CHANNEL_REGISTER";
const PASSWORD: &str = "correct horse battery staple";
const PHONE: &str = "+8613800138000";

/// A server whose pool sends to traps.
pub struct Post {
    pub server: Server,
    pub mail: SmtpTrap,
    sms: HttpTrap,
}

impl Post {
    pub async fn start() -> Post {
        Post::with(Server::start().await).await
    }

    async fn with(server: Server) -> Post {
        let (mail, sms) = (SmtpTrap::start().await, HttpTrap::start().await);
        provide(&server, &server.pool, Medium::Email, smtp(&mail)).await;
        provide(&server, &server.pool, Medium::Sms, receiver(&sms)).await;
        Post { server, mail, sms }
    }

    async fn text(&self, phone: &str, channel: &str) -> Reply {
        self.server.app().post("/api/v3/send-sms", json!({ "phoneNumber": phone, "channel": channel })).await
    }

    async fn mail(&self, email: &str, channel: &str) -> Reply {
        self.server.app().post("/api/v3/send-email", json!({ "email": email, "channel": channel })).await
    }

    /// The code in the `n`th SMS, counted from 1.
    async fn code(&self, n: usize) -> String {
        code_of(&self.sms.wait_for(n).await[n - 1])
    }

    async fn check(&self, medium: Medium, target: &str, purpose: &str, code: &str) -> bool {
        check(&self.server, medium, target, purpose, code).await
    }

    /// Waits until the worker has nothing left that is due.
    async fn settled(&self) {
        self.server.settled().await;
    }

    async fn states(&self) -> Vec<(String, i64)> {
        states(&self.server).await
    }
}

fn smtp(trap: &SmtpTrap) -> Value {
    json!({ "host": "127.0.0.1", "port": trap.addr().port(), "security": "none", "from": "id@example.com" })
}

fn receiver(trap: &HttpTrap) -> Value {
    json!({ "driver": "http", "url": trap.url(), "secret": "0123456789abcdef" })
}

async fn provide(server: &Server, pool: &Pool, medium: Medium, config: Value) {
    let ctx = Ctx::system(server.services.clone(), PoolId::new(&pool.id), Audit::ProviderUpdate);
    provider::set(&ctx, medium, &Secret::new(config.to_string())).await.expect("a provider");
}

fn code_of(request: &Recorded) -> String {
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    body["code"].as_str().expect("a code").to_owned()
}

async fn check(server: &Server, medium: Medium, target: &str, purpose: &str, code: &str) -> bool {
    let ctx = Ctx::system(server.services.clone(), PoolId::new(&server.pool.id), Audit::MessageSend);
    let mut tx = ctx.write().await.expect("a transaction");
    let right = message::check_code(&mut tx, &ctx, medium, target, purpose, code).await.expect("an answer");
    ctx.commit(tx, json!({})).await.expect("a commit");
    right
}

/// State and attempts of every message, oldest first.
async fn states(server: &Server) -> Vec<(String, i64)> {
    let sql = String::from("SELECT state, attempts FROM outbox ORDER BY created_at, id");
    server.services.db.read().await.expect("a read").all(&sql, &[]).await.expect("rows")
}

/// Puts a user into the database and answers the id.
async fn make_user(server: &Server, columns: &str, values: &str) -> String {
    let id = server.services.ids.next(server.clock.now());
    let sql = format!(
        "INSERT INTO users (pool_id, id, status, work_status, email_verified, phone_verified, gender, custom_data,
             reset_password_on_next_login, source_type, register_source, logins_count, created_at, updated_at, {columns})
         VALUES ('{}', '{}', 'Activated', 'Active', FALSE, FALSE, 'U', '{{}}', FALSE, 'import', '[]', 0, 0, 0, {values})",
        server.pool.id, id,
    );
    let mut tx = server.services.db.write().await.expect("a transaction");
    tx.run(&sql, &[]).await.expect("a user");
    tx.commit().await.expect("a commit");
    id
}

/// A user who can sign in as `name` with [`PASSWORD`] and has this phone number.
async fn make_member(server: &Server, name: &str, phone: &str) -> String {
    let body = json!({ "username": name, "password": PASSWORD, "phone": phone });
    let made = server.admin().await.post("/api/v3/create-user", body).await.ok();
    made["userId"].as_str().unwrap().to_owned()
}

async fn sign_in(server: &Server, name: &str) -> Reply {
    let payload = json!({ "username": name, "password": PASSWORD });
    let body = json!({ "connection": "PASSWORD", "passwordPayload": payload });
    server.app().post("/api/v3/signin", body).await
}

#[tokio::test]
async fn a_code_by_sms_arrives_and_is_good_once_for_what_it_was_sent_for() {
    let post = Post::start().await;
    post.text("138 0013 8000", REGISTER).await.done();
    let request = &post.sms.wait_for(1).await[0];
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["to"], &body["purpose"]), (&json!(PHONE), &json!("register")));
    let code = code_of(request);
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
    assert_eq!(body["text"].as_str().unwrap().matches(&code).count(), 1);

    assert!(!post.check(Medium::Sms, PHONE, LOGIN, &code).await, "another purpose");
    assert!(!post.check(Medium::Email, PHONE, REGISTER, &code).await, "another medium");
    assert!(!post.check(Medium::Sms, "+8613800138001", REGISTER, &code).await, "another target");
    assert!(post.check(Medium::Sms, PHONE, REGISTER, &code).await);
    assert!(!post.check(Medium::Sms, PHONE, REGISTER, &code).await, "a second time");
}

#[tokio::test]
async fn a_code_by_email_arrives_in_the_language_of_the_request_from_the_configured_sender() {
    let post = Post::start().await;
    let zh = post.server.app().header("x-authing-lang", "zh-CN").header("host", "evil.example");
    zh.post("/api/v3/send-email", json!({ "email": "Ada@Example.com", "channel": REGISTER })).await.done();
    let mail = &post.mail.wait_for(1).await[0];
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("id@example.com", &["ada@example.com".to_owned()][..]));
    let text = mail.text().unwrap();
    assert!(text.contains("注册账号") && text.contains("1 分钟") && !mail.data.contains("evil.example"), "{text}");
    let code: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
    assert!(!mail.header("Subject").unwrap().contains(&code));
    assert!(post.check(Medium::Email, "ada@example.com", REGISTER, &code).await);
}

/// Polls all at once on this task.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|f| Box::pin(f)).collect();
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        for (future, slot) in futures.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(done.drain(..).flatten().collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn unknown_accounts_get_the_same_answer_and_limits_and_no_message() {
    let post = Post::start().await;
    make_user(&post.server, "phone, phone_key", "'13800138000', '+8613800138000'").await;
    let shape = |reply: &Reply| {
        let mut body = reply.body.clone();
        body["requestId"] = Value::Null;
        (reply.http, body.to_string())
    };
    // Where people may register by a code, that of a sign-in reaches newcomers, too: see login/newcomer.rs.
    let closed = json!({ "registerDisabled": true });
    post.server.admin().await.post("/api/v3/update-security-settings", closed).await.ok();
    for channel in [LOGIN, "CHANNEL_RESET_PASSWORD", "CHANNEL_VERIFY_MFA", "CHANNEL_DELETE_ACCOUNT"] {
        let (known, unknown) = (post.text("13800138000", channel).await, post.text("13900139000", channel).await);
        assert_eq!(shape(&known), shape(&unknown), "{channel}");
        let (known, unknown) = (post.text("13800138000", channel).await, post.text("13900139000", channel).await);
        assert_eq!(shape(&known), shape(&unknown), "{channel}, too soon");
        post.server.advance(minutes(1));
    }
    post.settled().await;
    let to: Vec<_> = post.sms.requests().iter().map(|r| r.text().contains(PHONE)).collect();
    assert_eq!(to, [true; 4]);
}

#[tokio::test]
async fn without_a_provider_the_answer_is_501_with_the_command_and_nothing_is_charged() {
    let server = Server::start().await;
    let body = json!({ "phoneNumber": "13800138000", "channel": REGISTER });
    let refusal = server.app().post("/api/v3/send-sms", body.clone()).await.refused(501);
    assert!(refusal["message"].as_str().unwrap().contains("watchword provider set sms"), "{refusal}");
    let sms = HttpTrap::start().await;
    provide(&server, &server.pool, Medium::Sms, receiver(&sms)).await;
    server.app().post("/api/v3/send-sms", body).await.done();
    sms.wait_for(1).await;
    let mail = json!({ "email": "a@example.com", "channel": REGISTER });
    server.app().post("/api/v3/send-email", mail).await.refused(501);
}

#[tokio::test]
async fn bad_targets_and_channels_are_named() {
    let post = Post::start().await;
    post.text("not a number", REGISTER).await.refused_at("phoneNumber");
    post.mail("a@b@c", REGISTER).await.refused_at("email");
    let send = |body| async { post.server.app().post("/api/v3/send-sms", body).await };
    send(json!({ "phoneNumber": "13800138000", "channel": "CHANNEL_UPDATE_EMAIL" })).await.refused_at("channel");
    let code = json!({ "phoneNumber": "13800138000", "channel": REGISTER, "phoneCountryCode": "x" });
    send(code).await.refused_at("phoneCountryCode");
    let body = json!({ "phoneNumber": "13800138000", "channel": REGISTER });
    post.server.anonymous().post("/api/v3/send-sms", body).await.refused_with(404, 2011);
    assert!(post.states().await.is_empty());
}

#[tokio::test]
async fn every_channel_of_the_contract_sends() {
    let post = Post::start().await;
    make_user(&post.server, "phone_key, email_key", "'+8613800138000', 'ada@example.com'").await;
    for channel in watchword_api::message::SmsChannel::ALL {
        // Ten messages a day are fewer than there are channels.
        post.text("13800138000", channel.as_str()).await.done();
        post.settled().await;
        post.server.clock.advance(Millis::hours(3));
    }
    for channel in watchword_api::message::EmailChannel::ALL {
        post.mail("ada@example.com", channel.as_str()).await.done();
        post.settled().await;
        post.server.clock.advance(Millis::hours(3));
    }
    assert_eq!((post.sms.requests().len(), post.mail.messages().len()), (11, 11));
}

#[tokio::test]
async fn a_link_confirms_the_address_once_and_only_when_the_button_is_pressed() {
    let post = Post::start().await;
    let ada = make_user(&post.server, "email, email_key", "'Ada@example.com', 'ada@example.com'").await;
    let verified = async || {
        let pool = PoolId::new(&post.server.pool.id);
        let mut tx = post.server.services.db.read().await.unwrap();
        watchword_store::user::TABLE.get(&mut tx, &pool, &ada).await.unwrap().unwrap().email_verified
    };
    let client = post.server.app().header("host", "evil.example");
    let body = json!({ "email": "ada@example.com", "channel": "CHANNEL_VERIFY_EMAIL_LINK" });
    client.post("/api/v3/send-email", body).await.done();
    let text = post.mail.wait_for(1).await[0].text().unwrap();
    let link = text.lines().find_map(|l| l.strip_prefix("https://id.example.com")).expect("a link").to_owned();
    let page = post.server.anonymous().get(&link).await;
    assert!(page.text.contains("ada@example.com") && page.text.contains("<form method=\"post\""), "{}", page.text);
    assert!(!verified().await, "opening the link changes nothing");

    let (path, query) = link.split_once('?').unwrap();
    let token = query.split("token=").nth(1).unwrap();
    let press = async |token: &str| {
        let form = [("app", post.server.pool.app_id.as_str()), ("email", "ada@example.com"), ("token", token)];
        post.server.anonymous().post_form(path, &form).await.http
    };
    for _ in 0..6 {
        assert_eq!(press("wrong").await, 400);
    }
    assert_eq!((press(token).await, verified().await), (200, true));
    assert_eq!(press(token).await, 400, "a second time");
    let spoof = post.server.anonymous().get("/verify-email?email=Call+0800+now&token=x&app=x").await;
    assert!(!spoof.text.contains("0800"));
}
