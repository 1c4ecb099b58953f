//! How many messages may be asked for.

use super::*;

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
    // Its code would be too old to be sent.
    post.sms.wait_for(1).await;
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
