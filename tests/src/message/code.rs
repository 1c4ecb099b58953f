//! What a code is good for, and how often.

use super::*;

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
