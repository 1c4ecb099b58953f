//! Codes by SMS and e-mail: what is sent, how often, and for what a code is good.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use watchword_domain::message::{self, Medium, provider};
use watchword_domain::outbox::{Event, notify_user};
use watchword_domain::{Audit, Ctx};
use watchword_kit::{Millis, PoolId, Secret};
use watchword_send::testing::{Answer, Behaviour, HttpTrap, Recorded, SmtpTrap, Stage};
use watchword_testkit::{Pool, Reply, Server, minutes, seconds};

const LOGIN: &str = "CHANNEL_LOGIN";
const REGISTER: &str = "CHANNEL_REGISTER";
const PASSWORD: &str = "correct horse battery staple";
const PHONE: &str = "+8613800138000";

/// A server whose pool sends to traps.
struct Post {
    server: Server,
    mail: SmtpTrap,
    sms: HttpTrap,
}

impl Post {
    async fn start() -> Post {
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
        settled(&self.server).await;
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

async fn settled(server: &Server) {
    for _ in 0..400 {
        let sql = format!(
            "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM outbox WHERE state = 'pending' AND (claimed_until > {0} OR next_at <= {0})",
            server.clock.now().0
        );
        let (busy,): (i64,) = server.services.db.read().await.expect("a read").one(&sql, &[]).await.expect("a row");
        if busy == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the worker does not come to rest: {:?}", states(server).await);
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

#[tokio::test]
async fn twenty_parallel_requests_in_twenty_spellings_send_one_message() {
    let post = Post::start().await;
    let spellings = ["13800138000", "+8613800138000", "008613800138000", "138-0013-8000", "013800138000"];
    let sends: Vec<_> = (0..20)
        .map(|n| {
            let (client, phone) = (post.server.app(), spellings[n % spellings.len()]);
            tokio::spawn(async move {
                client.post("/api/v3/send-sms", json!({ "phoneNumber": phone, "channel": REGISTER })).await
            })
        })
        .collect();
    let mut sent = 0;
    for send in sends {
        let reply = send.await.unwrap();
        if reply.body["statusCode"] == 200 {
            sent += 1;
        } else {
            reply.refused_with(422, 2080);
        }
    }
    post.settled().await;
    assert_eq!((sent, post.sms.requests().len()), (1, 1));
}

#[tokio::test]
async fn spellings_of_one_mailbox_share_the_minute_and_other_mailboxes_do_not() {
    let post = Post::start().await;
    post.mail("ada.l@gmail.com", REGISTER).await.done();
    for same in ["ADA.L@GMAIL.COM", "adal@gmail.com", "ada.l+x@googlemail.com", " ada.l@gmail.com. "] {
        post.mail(same, "CHANNEL_BIND_EMAIL").await.refused_with(422, 2080);
    }
    post.mail("ada.l@example.com", REGISTER).await.done();
    post.mail("adal@example.com", REGISTER).await.done();
    post.text("13800138000", REGISTER).await.done();
    post.settled().await;
    assert_eq!((post.mail.messages().len(), post.sms.requests().len()), (3, 1));
}

#[tokio::test]
async fn the_minute_is_shared_by_nodes_and_ends_after_a_minute() {
    let post = Post::start().await;
    let other = post.server.second_node().await;
    post.text("13800138000", REGISTER).await.done();
    let again = json!({ "phoneNumber": "13800138000", "channel": REGISTER });
    other.app().post("/api/v3/send-sms", again.clone()).await.refused_with(422, 2080);
    post.server.advance(seconds(59));
    other.app().post("/api/v3/send-sms", again.clone()).await.refused_with(422, 2080);
    post.server.advance(seconds(1));
    other.app().post("/api/v3/send-sms", again).await.done();
    assert_eq!(post.sms.wait_for(2).await.len(), 2);
}

#[tokio::test]
async fn a_target_gets_ten_messages_a_day() {
    let post = Post::start().await;
    for _ in 0..10 {
        post.text("13800138000", REGISTER).await.done();
        post.server.advance(minutes(1));
    }
    let refusal = post.text("13800138000", REGISTER).await;
    refusal.refused(429);
    assert_eq!(refusal.http, 429);
    assert!(refusal.headers.contains_key("retry-after"));
    post.server.advance(Millis::hours(24));
    post.text("13800138000", REGISTER).await.done();
}

#[tokio::test]
async fn an_address_and_a_pool_have_limits_of_their_own() {
    let post = Post::start().await;
    let change = |settings: &mut watchword_domain::pool::PoolSettings| {
        settings.messages_per_ip_and_hour = 3;
        settings.messages_per_day = 5;
    };
    let ctx = Ctx::system(post.server.services.clone(), PoolId::new(&post.server.pool.id), Audit::PoolUpdate);
    let mut tx = ctx.write().await.unwrap();
    watchword_domain::pool::change(&mut tx, &ctx, change).await.unwrap();
    ctx.commit(tx, json!({})).await.unwrap();
    for n in 0..3 {
        post.mail(&format!("a{n}@example.com"), REGISTER).await.done();
    }
    post.mail("a3@example.com", REGISTER).await.refused(429);
    post.server.advance(Millis::hours(1));
    post.mail("a3@example.com", REGISTER).await.done();
    post.mail("a4@example.com", REGISTER).await.done();
    // The pool's day, though the address has an hour's worth left.
    post.mail("a5@example.com", REGISTER).await.refused(429);
    post.server.advance(Millis::hours(23));
    post.mail("a5@example.com", REGISTER).await.done();
}

#[tokio::test]
async fn a_code_dies_after_a_minute_and_a_reset_by_email_after_five() {
    let post = Post::start().await;
    make_user(&post.server, "email, email_key", "'ada@example.com', 'ada@example.com'").await;
    post.text("13800138000", REGISTER).await.done();
    let code = post.code(1).await;
    post.server.advance(seconds(60));
    assert!(!post.check(Medium::Sms, PHONE, REGISTER, &code).await);

    post.mail("ada@example.com", "CHANNEL_RESET_PASSWORD").await.done();
    let text = post.mail.wait_for(1).await[0].text().unwrap();
    let code: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
    post.server.advance(seconds(299));
    assert!(post.check(Medium::Email, "ada@example.com", "CHANNEL_RESET_PASSWORD", &code).await);
    post.mail("ada@example.com", "CHANNEL_RESET_PASSWORD").await.done();
    let text = post.mail.wait_for(2).await[1].text().unwrap();
    let code: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
    post.server.advance(seconds(300));
    assert!(!post.check(Medium::Email, "ada@example.com", "CHANNEL_RESET_PASSWORD", &code).await);
}

#[tokio::test]
async fn five_wrong_tries_void_a_code_and_a_new_one_voids_the_old() {
    let post = Post::start().await;
    post.text("13800138000", REGISTER).await.done();
    let first = post.code(1).await;
    let wrong = if first == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert!(!post.check(Medium::Sms, PHONE, REGISTER, wrong).await);
    }
    assert!(!post.check(Medium::Sms, PHONE, REGISTER, &first).await, "voided by five wrong tries");

    post.server.advance(minutes(1));
    post.text("13800138000", REGISTER).await.done();
    let second = post.code(2).await;
    for _ in 0..4 {
        assert!(!post.check(Medium::Sms, PHONE, REGISTER, "x").await);
    }
    assert!(post.check(Medium::Sms, PHONE, REGISTER, &second).await, "four wrong tries are forgiven");
}

#[tokio::test]
async fn of_sixty_four_parallel_checks_of_one_code_one_succeeds() {
    let post = Post::start().await;
    let other = post.server.second_node().await;
    post.text("13800138000", REGISTER).await.done();
    let code = post.code(1).await;
    let checks = (0..64).map(|n| {
        let server = if n % 2 == 0 { &post.server } else { &other };
        check(server, Medium::Sms, PHONE, REGISTER, &code)
    });
    let mut tasks = Vec::new();
    for check in checks {
        tasks.push(check);
    }
    let right = join_all(tasks).await.into_iter().filter(|right| *right).count();
    assert_eq!(right, 1);
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
async fn a_provider_that_is_down_is_tried_again_later_and_later() {
    let post = Post::start().await;
    make_user(&post.server, "email_key", "'ada@example.com'").await;
    post.mail.on(Stage::Greeting, Behaviour::Close);
    post.mail("ada@example.com", "CHANNEL_RESET_PASSWORD").await.done();
    for (attempt, wait) in [(1, 3), (2, 10), (3, 40)] {
        post.settled().await;
        assert_eq!(post.states().await, [("pending".to_owned(), attempt)]);
        post.server.advance(seconds(1));
        post.settled().await;
        assert_eq!(post.states().await, [("pending".to_owned(), attempt)], "not at once");
        if attempt == 3 {
            post.mail.behave();
        }
        post.server.advance(seconds(wait));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    post.mail.wait_for(1).await;
    post.settled().await;
    assert_eq!(post.states().await, [("sent".to_owned(), 4)]);
    assert_eq!(post.mail.messages().len(), 1);
}

#[tokio::test]
async fn a_permanent_refusal_and_an_outlived_message_are_given_up_and_forget_what_they_said() {
    let post = Post::start().await;
    post.sms.answer(Answer::new(400, "no"));
    post.text("13800138000", REGISTER).await.done();
    post.settled().await;
    assert_eq!(post.states().await, [("failed".to_owned(), 1)]);
    post.sms.answer(Answer::new(503, "later"));
    post.text("13900139000", REGISTER).await.done();
    post.settled().await;
    post.server.advance(minutes(2));
    post.settled().await;
    assert_eq!(post.states().await, [("failed".to_owned(), 1), ("expired".to_owned(), 1)]);
    let sql = String::from("SELECT body_sealed FROM outbox");
    let bodies: Vec<(Vec<u8>,)> = post.server.services.db.read().await.unwrap().all(&sql, &[]).await.unwrap();
    assert!(bodies.iter().all(|(body,)| body.is_empty()));
}

#[tokio::test]
async fn a_provider_that_hangs_holds_up_its_own_pool_only() {
    let post = Post::start().await;
    let (other, fast) = (post.server.new_pool("Other").await, HttpTrap::start().await);
    provide(&post.server, &other, Medium::Sms, receiver(&fast)).await;
    post.sms.answer(Answer::Hang);
    for n in 0..40 {
        post.text(&format!("138001380{n:02}"), REGISTER).await.done();
    }
    let client = post.server.anonymous().header("x-authing-app-id", &other.app_id);
    client.post("/api/v3/send-sms", json!({ "phoneNumber": "13800138000", "channel": REGISTER })).await.done();
    assert_eq!(fast.wait_for(1).await.len(), 1);
    assert!(post.sms.requests().len() <= watchword::worker::PER_PROVIDER);
}

#[tokio::test]
async fn a_message_outlives_the_crash_of_its_worker_and_keeps_its_id() {
    let post = Post::start().await;
    post.sms.push(Answer::Hang);
    post.text("13800138000", REGISTER).await.done();
    post.sms.wait_for(1).await;
    let Post { server, mail: _mail, sms } = post;
    let server = server.restart().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sms.requests().len(), 1, "held by the dead worker");
    server.advance(watchword::worker::LEASE);
    let id = |r: &Recorded| serde_json::from_slice::<Value>(&r.body).unwrap()["messageId"].clone();
    let requests = sms.wait_for(2).await;
    assert_eq!(id(&requests[0]), id(&requests[1]));
    settled(&server).await;
    assert_eq!(states(&server).await, [("sent".to_owned(), 2)]);
}

#[tokio::test]
async fn nodes_share_the_outbox_without_sending_twice() {
    let post = Post::start().await;
    let _others = [post.server.second_node().await, post.server.second_node().await];
    for n in 0..30 {
        post.text(&format!("138001380{n:02}"), REGISTER).await.done();
    }
    post.sms.wait_for(30).await;
    post.settled().await;
    assert_eq!(post.sms.requests().len(), 30);
    assert_eq!(post.states().await, vec![("sent".to_owned(), 1); 30]);
}

#[tokio::test]
async fn a_code_and_a_providers_secret_are_in_no_reply_no_log_no_trail_and_no_database_file() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    // The server and its worker run on this test's thread.
    let _guard = tracing::subscriber::set_default(subscriber);
    // With a second subscriber about, events that other threads met first are judged for this one, too.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let post = Post::start().await;
    let config = json!({ "driver": "http", "url": post.sms.url(), "secret": "provider-secret-0123456789" });
    provide(&post.server, &post.server.pool, Medium::Sms, config).await;
    // While it waits, while it is alive, and when it is over.
    post.sms.push(Answer::new(503, "later"));
    let reply = post.text("13800138000", REGISTER).await;
    post.settled().await;
    let code = post.code(1).await;
    assert!(!reply.text.contains(&code));
    assert!(!post.check(Medium::Sms, PHONE, LOGIN, &code).await);
    let mut files = vec![dump(&post.server).await];
    post.server.advance(seconds(3));
    post.sms.wait_for(2).await;
    post.settled().await;
    files.push(dump(&post.server).await);
    let log = log.0.lock().unwrap().clone();
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("not sent") && log.contains("send-sms"), "the log is a log: {log}");
    let digits = |c: char| !c.is_ascii_alphanumeric();
    assert!(!log.contains("provider-secret") && !log.split(digits).any(|word| word == code), "{log}");
    for file in files {
        let found = |needle: &str| file.windows(needle.len()).any(|w| w == needle.as_bytes());
        assert!(found(PHONE), "the dump is a dump");
        assert!(!found("provider-secret"));
        assert!(!found(&format!("{code} is your code")) && !found(&format!("\"{code}\"")));
        // Six digits alone turn up in ids and times by chance; a stored code would stand between other characters.
        let bare = file.windows(8).filter(|w| &w[1..7] == code.as_bytes());
        assert_eq!(bare.filter(|w| !w[0].is_ascii_hexdigit() && !w[7].is_ascii_hexdigit()).count(), 0);
    }
}

/// Where the server's log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Every byte of the database: SQLite's files, or every row of PostgreSQL's tables of ours as text.
async fn dump(server: &Server) -> Vec<u8> {
    if let Some(path) = server.database_url().strip_prefix("sqlite:") {
        let mut all = std::fs::read(path).unwrap();
        all.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        return all;
    }
    let mut all = Vec::new();
    for table in ["outbox", "verification_codes", "rate_counters", "audit_logs", "message_providers"] {
        let sql = format!("SELECT CAST(t.* AS TEXT) AS line FROM {table} t");
        let rows: Vec<(String,)> = server.services.db.read().await.unwrap().all(&sql, &[]).await.unwrap();
        all.extend(rows.into_iter().flat_map(|(line,)| line.into_bytes()));
    }
    all
}

#[tokio::test]
async fn the_trail_has_one_row_per_message_with_a_masked_target() {
    let post = Post::start().await;
    post.text("13800138000", REGISTER).await.done();
    post.text("13800138000", REGISTER).await.refused(422);
    post.text("13900139000", LOGIN).await.done();
    let sql = String::from("SELECT details FROM audit_logs WHERE action = 'message.send' ORDER BY at, id");
    let rows: Vec<(String,)> = post.server.services.db.read().await.unwrap().all(&sql, &[]).await.unwrap();
    let rows: Vec<Value> = rows.iter().map(|(d,)| serde_json::from_str(d).unwrap()).collect();
    assert_eq!(
        rows,
        [
            json!({ "medium": "sms", "channel": REGISTER, "to": "+86****8000", "sent": true }),
            json!({ "medium": "sms", "channel": LOGIN, "to": "+86****9000", "sent": false }),
        ]
    );
}

#[tokio::test]
async fn the_development_inbox_exists_in_demo_mode_only_and_shows_messages_as_text() {
    let plain = Server::start().await;
    assert_eq!(plain.anonymous().get("/dev/inbox").await.http, 404);

    let demo = Server::with(|settings| settings.demo = true).await;
    let ctx = Ctx::system(demo.services.clone(), PoolId::new(&demo.pool.id), Audit::PoolUpdate);
    let mut tx = ctx.write().await.unwrap();
    let rename = String::from("UPDATE applications SET name = '<script>alert(1)</script>'");
    tx.run(&rename, &[]).await.unwrap();
    ctx.commit(tx, json!({})).await.unwrap();
    for n in 0..3 {
        let body = json!({ "phoneNumber": format!("1380013800{n}"), "channel": REGISTER });
        demo.app().post("/api/v3/send-sms", body).await.done();
    }
    settled(&demo).await;
    let list = demo.anonymous().get("/dev/inbox.json").await;
    assert_eq!((&list.body["totalCount"], &list.body["list"][0]["medium"]), (&json!(3), &json!("sms")));
    let text = list.body["list"][0]["text"].as_str().unwrap();
    let (to, code) = (list.body["list"][0]["to"].as_str().unwrap(), six_digits(text));
    assert!(check(&demo, Medium::Sms, to, REGISTER, &code).await, "{text}");
    let page = demo.anonymous().get("/dev/inbox").await;
    assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script"), "{}", page.text);
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
}

fn six_digits(text: &str) -> String {
    let is_code = |w: &&str| w.len() == 6 && w.bytes().all(|b| b.is_ascii_digit());
    text.split(|c: char| !c.is_ascii_alphanumeric()).find(is_code).expect("a code").to_owned()
}

#[tokio::test]
async fn the_development_inbox_keeps_a_hundred_messages_of_a_pool() {
    let demo = Server::with(|settings| settings.demo = true).await;
    for n in 0..105 {
        let body = json!({ "phoneNumber": format!("13800138{n:03}"), "channel": REGISTER });
        demo.app().post("/api/v3/send-sms", body).await.done();
        settled(&demo).await;
        demo.clock.advance(minutes(1));
    }
    let list = demo.anonymous().get("/dev/inbox.json").await;
    assert_eq!((&list.body["totalCount"], &list.body["list"][0]["to"]), (&json!(100), &json!("+8613800138104")));
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_what_is_not_stays() {
    let post = Post::start().await;
    post.text("13800138000", REGISTER).await.done();
    post.settled().await;
    let count = async |table: &str| {
        let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {table}");
        let (n,): (i64,) = post.server.services.db.read().await.unwrap().one(&sql, &[]).await.unwrap();
        n
    };
    let trail = count("audit_logs").await;
    watchword::worker::forget(&post.server.services).await;
    assert_eq!((count("verification_codes").await, count("rate_counters").await, count("outbox").await), (1, 4, 1));
    post.server.clock.advance(Millis::hours(25));
    watchword::worker::forget(&post.server.services).await;
    assert_eq!((count("verification_codes").await, count("rate_counters").await, count("outbox").await), (0, 0, 1));
    post.server.clock.advance(Millis::days(7));
    watchword::worker::forget(&post.server.services).await;
    assert_eq!((count("outbox").await, count("audit_logs").await), (0, trail));
    post.server.clock.advance(Millis::days(393));
    watchword::worker::forget(&post.server.services).await;
    assert_eq!(count("audit_logs").await, 0);
}

#[tokio::test]
async fn a_code_for_sign_in_signs_in_once() {
    let post = Post::start().await;
    make_member(&post.server, "ada", "13800138000").await;
    post.text("13800138000", LOGIN).await.done();
    let code = post.code(1).await;
    let body = json!({ "connection": "PASSCODE", "passCodePayload": { "passCode": code, "phone": "13800138000" } });
    let tokens = post.server.app().post("/api/v3/signin", body.clone()).await.ok();
    assert!(tokens["access_token"].is_string());
    post.server.app().post("/api/v3/signin", body).await.refused(403);
}

#[tokio::test]
async fn with_a_token_a_code_goes_to_the_users_own_number_only() {
    let post = Post::start().await;
    make_member(&post.server, "ada", "13800138000").await;
    make_member(&post.server, "bob", "13900139000").await;
    let token = sign_in(&post.server, "ada").await.ok()["access_token"].as_str().unwrap().to_owned();
    let ada = post.server.app().bearer(&token);
    for channel in ["CHANNEL_VERIFY_MFA", "CHANNEL_UNBIND_MFA", "CHANNEL_UNBIND_PHONE", "CHANNEL_DELETE_ACCOUNT"] {
        let send = |phone| json!({ "phoneNumber": phone, "channel": channel });
        ada.post("/api/v3/send-sms", send("13800138000")).await.done();
        ada.post("/api/v3/send-sms", send("13900139000")).await.refused(403);
        // The refusal counts as a message, so that numbers cannot be tried one after the other.
        ada.post("/api/v3/send-sms", send("13900139000")).await.refused_with(422, 2080);
        post.server.advance(minutes(1));
    }
    let body = json!({ "phoneNumber": "13800138000", "channel": "CHANNEL_VERIFY_MFA" });
    post.server.app().bearer("forged").post("/api/v3/send-sms", body.clone()).await.refused_with(401, 2020);
    let other = post.server.new_pool("Other").await;
    let elsewhere = post.server.anonymous().header("x-authing-app-id", &other.app_id).bearer(&token);
    elsewhere.post("/api/v3/send-sms", body).await.refused_with(404, 2011);
    post.settled().await;
    assert!(post.sms.requests().iter().all(|r| r.text().contains(PHONE)));
    assert_eq!(post.sms.requests().len(), 4);
}

#[tokio::test]
async fn who_waits_for_a_second_factor_gets_a_code_to_a_bound_number() {
    let post = Post::start().await;
    let ada = make_member(&post.server, "ada", "13800138000").await;
    let list = json!([{ "userId": ada, "otp": { "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" } }]);
    post.server.admin().await.post("/api/v3/import-otp", json!({ "list": list })).await.done();
    let waiting = sign_in(&post.server, "ada").await.refused(300);
    let client = post.server.app().bearer(waiting["data"]["mfaToken"].as_str().unwrap());
    let send = |phone| json!({ "phoneNumber": phone, "channel": "CHANNEL_VERIFY_MFA" });
    client.post("/api/v3/send-sms", send("13700137000")).await.refused(403);
    let sql = format!(
        "INSERT INTO mfa_factors (pool_id, id, user_id, kind, is_primary, enabled, target, target_country_code,
             weak_seed, source, created_at, updated_at)
         VALUES ('{}', 'f1', '{ada}', 'SMS', TRUE, TRUE, '+8613700137000', '+86', FALSE, 'enroll', 0, 0)",
        post.server.pool.id
    );
    let mut tx = post.server.services.db.write().await.unwrap();
    tx.run(&sql, &[]).await.unwrap();
    tx.commit().await.unwrap();
    post.server.advance(minutes(1));
    client.post("/api/v3/send-sms", send("13700137000")).await.done();
    let code = post.code(1).await;
    assert!(post.check(Medium::Sms, "+8613700137000", "CHANNEL_VERIFY_MFA", &code).await);
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

#[tokio::test]
async fn users_are_told_of_changes_by_mail_otherwise_by_sms_otherwise_not_at_all() {
    let post = Post::start().await;
    let both = make_user(&post.server, "email_key, phone_key, locale", "'ada@example.com', '+8613800138000', 'zh-CN'");
    let users = [
        both.await,
        make_user(&post.server, "phone_key", "'+8613900139000'").await,
        make_user(&post.server, "username_key", "'nobody'").await,
    ];
    let tell = async |user: &str, event: Event| {
        let pool = PoolId::new(&post.server.pool.id);
        let ctx = Ctx::system(post.server.services.clone(), pool, Audit::UserUpdate);
        let mut tx = ctx.write().await.unwrap();
        let user = watchword_store::user::TABLE.get(&mut tx, ctx.pool(), user).await.unwrap().unwrap();
        notify_user(&mut tx, &ctx, &user, event).await.unwrap();
        ctx.commit(tx, json!({})).await.unwrap();
    };
    for user in &users {
        tell(user, Event::FactorBound).await;
        // Notices have no limit of one per minute.
        tell(user, Event::AccountCreated { password: Some(Secret::new("first-pass".into())) }).await;
    }
    post.settled().await;
    let (mails, texts) = (post.mail.messages(), post.sms.requests());
    assert_eq!((mails.len(), texts.len()), (2, 2));
    assert!(mails.iter().any(|m| m.text().unwrap().contains("MFA")));
    assert!(mails.iter().any(|m| m.text().unwrap().contains("first-pass")));
    let purposes: Vec<_> =
        texts.iter().map(|r| serde_json::from_slice::<Value>(&r.body).unwrap()["purpose"].clone()).collect();
    assert!(purposes.contains(&json!("factor_bound")) && purposes.contains(&json!("account_created")), "{purposes:?}");

    let ctx = Ctx::system(post.server.services.clone(), PoolId::new(&post.server.pool.id), Audit::ProviderUpdate);
    provider::remove(&ctx, Medium::Email).await.unwrap();
    tell(&users[0], Event::PasswordChanged).await;
    assert_eq!(post.states().await.len(), 4, "without a provider nothing is queued");
}

#[tokio::test]
async fn a_providers_configuration_is_checked_sealed_and_shown_masked() {
    let post = Post::start().await;
    let ctx = Ctx::system(post.server.services.clone(), PoolId::new(&post.server.pool.id), Audit::ProviderUpdate);
    let shown = provider::get_masked(&ctx, Medium::Sms).await.unwrap();
    assert_eq!((&shown["driver"], &shown["secret"]), (&json!("http"), &json!("***")));
    let faults = |medium, config: Value| {
        let found = watchword::worker::check_provider(medium, &config.to_string(), true);
        found.into_iter().map(|(field, _)| field).collect::<Vec<_>>()
    };
    assert!(faults(Medium::Email, smtp(&post.mail)).is_empty() && faults(Medium::Sms, receiver(&post.sms)).is_empty());
    assert_eq!(faults(Medium::Email, json!({ "host": "x" })), ["config"]);
    assert_eq!(
        faults(Medium::Sms, json!({ "driver": "http", "url": "https://x.example", "secret": "short" })),
        ["secret"]
    );
    let loud = watchword::worker::check_provider(Medium::Email, "{\"host\":\"x\",\"port\":\"hunter2\"}", true);
    assert!(!format!("{loud:?}").contains("hunter2"));
}
