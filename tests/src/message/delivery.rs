//! The outbox, its worker and its providers.

use super::*;

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
    // When the new worker has sent a younger message, it has passed over this one.
    let body = json!({ "phoneNumber": "13900139000", "channel": REGISTER });
    server.app().post("/api/v3/send-sms", body).await.done();
    sms.wait_for(2).await;
    for _ in 0..1000 {
        if states(&server).await.iter().any(|(state, _)| state == "sent") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut both = states(&server).await;
    both.sort();
    assert_eq!(both, [("pending".to_owned(), 1), ("sent".to_owned(), 1)], "held by the dead worker");
    server.advance(watchword::worker::LEASE);
    let id = |r: &Recorded| serde_json::from_slice::<Value>(&r.body).unwrap()["messageId"].clone();
    let requests = sms.wait_for(3).await;
    assert_eq!(id(&requests[0]), id(&requests[2]));
    server.settled().await;
    let mut sent = states(&server).await;
    sent.sort();
    assert_eq!(sent, [("sent".to_owned(), 1), ("sent".to_owned(), 2)]);
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
    demo.settled().await;
    let list = demo.anonymous().get("/dev/inbox.json").await;
    assert_eq!((&list.body["totalCount"], &list.body["list"][0]["medium"]), (&json!(3), &json!("sms")));
    let text = list.body["list"][0]["text"].as_str().unwrap();
    let (to, code) = (list.body["list"][0]["to"].as_str().unwrap(), code_in(text));
    assert!(check(&demo, Medium::Sms, to, REGISTER, &code).await, "{text}");
    let page = demo.anonymous().get("/dev/inbox").await;
    assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script"), "{}", page.text);
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
}

#[tokio::test]
async fn the_development_inbox_keeps_a_hundred_messages_of_a_pool() {
    let demo = Server::with(|settings| settings.demo = true).await;
    for n in 0..105 {
        let body = json!({ "phoneNumber": format!("13800138{n:03}"), "channel": REGISTER });
        demo.app().post("/api/v3/send-sms", body).await.done();
        demo.settled().await;
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
