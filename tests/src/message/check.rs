//! Codes that are asked about before they are used.

use super::*;

async fn pre_check(server: &Server, code: &str, channel: &str) -> Reply {
    let payload = json!({ "phone": "13800138000", "passCode": code, "channel": channel });
    server.app().post("/api/v3/pre-check-code", json!({ "codeType": "SMS", "smsCodePayload": payload })).await
}

#[tokio::test]
async fn a_right_code_stays_good_and_each_wrong_try_counts() {
    let post = Post::start().await;
    post.text("13800138000", REGISTER).await.done();
    let code = post.code(1).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..7 {
        assert_eq!(pre_check(&post.server, &code, REGISTER).await.ok(), json!({ "isValid": true }));
    }
    assert_eq!(pre_check(&post.server, &code, LOGIN).await.ok()["isValid"], false);
    for _ in 0..5 {
        let told = pre_check(&post.server, wrong, REGISTER).await.ok();
        assert_eq!(told, json!({ "isValid": false, "message": "the code is wrong or expired" }));
    }
    assert_eq!(pre_check(&post.server, &code, REGISTER).await.ok()["isValid"], false, "voided by five wrong tries");
    assert!(!post.check(Medium::Sms, PHONE, REGISTER, &code).await);
    assert_eq!(post.server.audited("message.code_check").await, 14);
}

#[tokio::test]
async fn a_checked_code_is_used_once_and_not_asked_about_again() {
    let post = Post::start().await;
    post.text("13800138000", REGISTER).await.done();
    let code = post.code(1).await;
    assert_eq!(pre_check(&post.server, &code, REGISTER).await.ok()["isValid"], true);
    assert!(post.check(Medium::Sms, PHONE, REGISTER, &code).await);
    assert_eq!(pre_check(&post.server, &code, REGISTER).await.ok()["isValid"], false);
}

#[tokio::test]
async fn a_link_cannot_be_voided_by_asking_about_it() {
    let post = Post::start().await;
    let payload = json!({ "email": "ada@example.com", "passCode": "1", "channel": "CHANNEL_VERIFY_EMAIL_LINK" });
    let body = json!({ "codeType": "EMAIL", "emailCodePayload": payload });
    post.server.app().post("/api/v3/pre-check-code", body).await.refused_at("emailCodePayload.channel");
    post.server
        .app()
        .post("/api/v3/pre-check-code", json!({ "codeType": "EMAIL" }))
        .await
        .refused_at("emailCodePayload");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_of_guesses_at_two_nodes_does_not_outrun_the_count() {
    let post = Post::start().await;
    let two = post.server.second_node().await;
    two.kill_worker();
    post.text("13800138000", REGISTER).await.done();
    let code = post.code(1).await;
    let calls = (0..60).map(|n| {
        let node = if n % 2 == 0 { &post.server } else { &two };
        let guess = format!("{:06}", (code.parse::<u32>().expect("digits") + 1 + n) % 1_000_000);
        async move { pre_check(node, &guess, REGISTER).await.ok()["isValid"].clone() }
    });
    assert!(futures_util::future::join_all(calls).await.iter().all(|valid| *valid == json!(false)));
    assert_eq!(pre_check(&post.server, &code, REGISTER).await.ok()["isValid"], false);
    let mut tx = post.server.services.db.read().await.expect("a transaction");
    let sql = String::from("SELECT attempts FROM verification_codes WHERE consumed_at IS NULL");
    assert_eq!(tx.one::<(i64,)>(&sql, &[]).await.expect("a row").0, 5, "none beyond the bound was judged");
}
