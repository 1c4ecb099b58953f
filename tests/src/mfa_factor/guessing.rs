//! Limits on guessing a second factor.

use serde_json::{Value, json};
use watchword_testkit::{Reply, SECRET, Server, minutes, seconds};

async fn guess(s: &Server, totp: Value) -> Reply {
    s.waiting("ada").await.post("/api/v3/mfa-totp-verify", json!({ "totp": totp })).await
}

#[tokio::test]
async fn only_a_string_of_six_digits_can_verify_and_nothing_else_crashes() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let code = s.code(SECRET, 0);
    let full_width: String = code.chars().map(|c| char::from_u32(c as u32 - 48 + 0xff10).unwrap()).collect();
    let arabic: String = code.chars().map(|c| char::from_u32(c as u32 - 48 + 0x660).unwrap()).collect();
    let odd = [
        format!(" {code}"),
        format!("{code} "),
        format!("{} {}", &code[..3], &code[3..]),
        full_width,
        arabic,
        format!("+{code}"),
        code[..5].to_owned(),
        format!("0{code}"),
        String::new(),
        "x".repeat(1000),
    ];
    for odd in odd {
        let reply = guess(&s, json!(odd)).await.ok();
        assert_eq!(reply, json!({ "verified": false }), "{odd:?}");
        s.clock.advance(minutes(16));
    }
    for wrong_type in [json!(123456), json!([code]), json!({ "a": 1 }), json!(true)] {
        guess(&s, wrong_type).await.refused_at("totp");
    }
    guess(&s, Value::Null).await.refused_with(400, 6003);
    assert_eq!(guess(&s, json!(s.code(SECRET, 0))).await.ok()["verified"], true);
}

#[tokio::test]
async fn wrong_replayed_and_late_codes_are_told_in_the_same_words() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let user = s.signed_in_with_otp("ada", SECRET).await;
    let mut bodies = Vec::new();
    for code in [s.code(SECRET, 0), s.code(SECRET, -2), s.code(SECRET, 2), s.wrong_code(SECRET)] {
        let mut body = user.post("/api/v3/mfa-totp-verify", json!({ "totp": code })).await.body;
        body.as_object_mut().unwrap().remove("requestId");
        bodies.push(body);
    }
    assert!(bodies.windows(2).all(|w| w[0] == w[1]), "{bodies:?}");
}

#[tokio::test]
async fn a_later_code_kills_the_earlier_ones() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let user = s.signed_in_with_otp("ada", SECRET).await;
    for (steps, verified) in [(1, true), (0, false), (-1, false), (1, false)] {
        let reply = user.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, steps) })).await.ok();
        assert_eq!(reply["verified"], verified, "step {steps}");
    }
}

#[tokio::test]
async fn a_code_spent_at_one_endpoint_is_spent_at_every_other() {
    let s = Server::start().await;
    let paths = ["/api/v3/mfa-totp-verify", "/api/v2/mfa/totp/verify", "/api/v2/applications/mfa/totp/verify"];
    for (i, spend) in paths.iter().enumerate() {
        for (j, replay) in paths.iter().enumerate() {
            let name = format!("u{i}{j}");
            s.user_with_otp(&name).await;
            let code = json!({ "totp": s.code(SECRET, 0) });
            let (one, two) = (s.waiting(&name).await, s.waiting(&name).await);
            let first = one.post(spend, code.clone()).await;
            assert!(first.text.contains("access_token"), "{}", first.text);
            let second = two.post(replay, code).await;
            assert!(!second.text.contains("access_token"), "{spend} then {replay}: {}", second.text);
        }
    }
}

#[tokio::test]
async fn five_failures_close_the_door_everywhere_and_the_pause_doubles() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let user = s.signed_in_with_otp("ada", SECRET).await;
    s.clock.advance(minutes(1));
    let verify = |code: String| user.post("/api/v3/mfa-totp-verify", json!({ "totp": code }));
    for _ in 0..5 {
        assert_eq!(verify(s.wrong_code(SECRET)).await.ok()["verified"], false);
    }
    for (pause, more) in [(60, true), (120, true), (240, false)] {
        let closed = verify(s.code(SECRET, 0)).await;
        assert_eq!((closed.http, closed.body["statusCode"].as_i64()), (429, Some(429)), "also for the right code");
        assert!(closed.headers.contains_key("retry-after"));
        let elsewhere = s.sign_in("ada").await.refused(300);
        let waiting = s.app().bearer(elsewhere["data"]["mfaToken"].as_str().unwrap());
        assert_eq!(waiting.post("/api/v2/mfa/totp/verify", json!({ "totp": s.code(SECRET, 0) })).await.http, 429);
        s.clock.advance(seconds(pause - 1));
        assert_eq!(verify(s.code(SECRET, 0)).await.http, 429, "{pause} s are not over");
        s.clock.advance(seconds(1));
        if more {
            assert_eq!(verify(s.wrong_code(SECRET)).await.ok()["verified"], false);
        }
    }
    assert_eq!(verify(s.code(SECRET, 0)).await.ok()["verified"], true);
    assert_eq!(verify(s.wrong_code(SECRET)).await.http, 200, "a success ends the row");
}

#[tokio::test]
async fn failures_survive_a_restart_and_count_across_nodes() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let node = s.second_node().await;
    let (here, there) = (s.waiting("ada").await, node.waiting("ada").await);
    for client in [&here, &there, &here, &there] {
        let reply = client.post("/api/v3/mfa-totp-verify", json!({ "totp": s.wrong_code(SECRET) })).await;
        assert_eq!(reply.ok()["verified"], false);
    }
    drop(node);
    let s = s.restart().await;
    assert_eq!(guess(&s, json!(s.wrong_code(SECRET))).await.ok()["verified"], false);
    assert_eq!(guess(&s, json!(s.code(SECRET, 0))).await.http, 429);
}

#[tokio::test]
async fn a_burst_of_500_guesses_is_judged_no_more_often_than_the_limit() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let waiting = s.waiting("ada").await;
    let wrong = s.wrong_code(SECRET);
    let burst = (0..500).map(|_| waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": wrong })));
    let replies = futures_util::future::join_all(burst).await;
    let judged = replies.iter().filter(|r| r.body["data"]["verified"] == false).count();
    assert!(judged <= 5, "{judged} guesses were judged");
    assert!(replies.iter().all(|r| r.body["statusCode"] != 500));
    assert_eq!(guess(&s, json!(s.code(SECRET, 0))).await.http, 429);
}

#[tokio::test]
async fn closing_the_door_ends_the_sign_ins_that_wait() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let waiting = s.waiting("ada").await;
    for _ in 0..5 {
        waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.wrong_code(SECRET) })).await.ok();
    }
    s.clock.advance(seconds(61));
    waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.refused_with(401, 2021);
    assert_eq!(guess(&s, json!(s.code(SECRET, 0))).await.ok()["verified"], true);
}

#[tokio::test]
async fn a_hundred_failures_in_thirty_days_lock_until_a_recovery_code_opens() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let mut failures = 0;
    while failures < 100 {
        s.clock.advance(minutes(16));
        assert_eq!(guess(&s, json!(s.wrong_code(SECRET))).await.ok()["verified"], false);
        failures += 1;
        if failures == 50 {
            s.clock.advance(minutes(16));
            assert_eq!(
                guess(&s, json!(s.code(SECRET, 0))).await.ok()["verified"],
                true,
                "a success does not clear them"
            );
        }
    }
    s.clock.advance(minutes(16));
    guess(&s, json!(s.code(SECRET, 0))).await.refused_with(403, 2005);
    s.clock.advance(minutes(60 * 24 * 2));
    guess(&s, json!(s.code(SECRET, 0))).await.refused_with(403, 2005);
    let body = json!({ "recoveryCode": watchword_testkit::RECOVERY_CODE });
    let reply = s.waiting("ada").await.post("/api/v2/mfa/totp/recovery", body).await;
    assert_eq!(reply.body["code"], 200, "the recovery code has a counter of its own: {}", reply.text);
    assert_eq!(guess(&s, json!(s.code(SECRET, 0))).await.ok()["verified"], true);
}
