//! send-enroll-factor-request and enroll-factor.

use serde_json::{Value, json};
use watchword_testkit::{Client, SECRET, Server, seconds};

async fn start(client: &Client) -> Value {
    client.post("/api/v3/send-enroll-factor-request", json!({ "factorType": "OTP", "profile": {} })).await.ok()
}

fn secret_of(started: &Value) -> String {
    let uri = started["otpData"]["qrCodeUri"].as_str().expect("a URI");
    let query = uri.split_once('?').expect("a query").1;
    query.split('&').find_map(|p| p.strip_prefix("secret=")).expect("a secret").to_owned()
}

fn finish(started: &Value, code: &str) -> Value {
    json!({ "factorType": "OTP", "enrollmentToken": started["enrollmentToken"], "enrollmentData": { "passCode": code } })
}

#[tokio::test]
async fn a_scanned_secret_is_bound_by_its_code_and_the_code_is_spent() {
    let s = Server::start().await;
    s.user("ada").await;
    let user = s.signed_in("ada").await;
    let started = start(&user).await;
    let secret = secret_of(&started);
    assert_eq!(secret.len(), 32, "160 bits");
    let code = s.code(&secret, 0);
    user.post("/api/v3/enroll-factor", finish(&started, &code)).await.done();
    let listed = user.get("/api/v3/list-enrolled-factors").await.ok();
    assert_eq!(listed[0]["factorType"], "OTP");
    assert_eq!(listed[0]["profile"], json!({}));
    let one = user.get(&format!("/api/v3/get-factor?factorId={}", listed[0]["factorId"].as_str().unwrap())).await.ok();
    assert_eq!(one, listed[0]);
    let replay = user.post("/api/v3/mfa-totp-verify", json!({ "totp": code })).await.ok();
    assert_eq!(replay["verified"], false, "the proving code is used up");
    let next = user.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(&secret, 1) })).await.ok();
    assert_eq!(next["verified"], true);
    assert_eq!(s.sign_in("ada").await.refused_with(300, 1635)["data"]["totpMfaEnabled"], true);
}

#[tokio::test]
async fn the_uri_names_pool_and_user_and_the_picture_is_that_uri() {
    let s = Server::start().await;
    s.user("ada").await;
    let started = start(&s.signed_in("ada").await).await;
    let uri = started["otpData"]["qrCodeUri"].as_str().unwrap();
    let secret = secret_of(&started);
    let expected =
        format!("otpauth://totp/Test%20pool:ada?secret={secret}&period=30&digits=6&algorithm=SHA1&issuer=Test%20pool");
    assert_eq!(uri, expected);
    let picture = started["otpData"]["qrCodeDataUrl"].as_str().unwrap();
    assert_eq!(watchword_testkit::qr::read(picture), (228, expected));
}

#[tokio::test]
async fn a_pending_secret_neither_opens_nor_closes_the_door() {
    let s = Server::start().await;
    s.user("ada").await;
    let user = s.signed_in("ada").await;
    let started = start(&user).await;
    user.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(&secret_of(&started), 0) })).await.refused(422);
    assert!(s.sign_in("ada").await.ok()["access_token"].is_string());
    let info = s.admin().await.get("/api/v3/get-user-mfa-info?userId=ada&userIdType=username").await.ok();
    assert_eq!(info["totpStatus"], "disabled");
}

#[tokio::test]
async fn the_token_lives_a_minute() {
    let s = Server::start().await;
    s.user("ada").await;
    let user = s.signed_in("ada").await;
    let started = start(&user).await;
    s.clock.advance(seconds(61));
    let late = user.post("/api/v3/enroll-factor", finish(&started, &s.code(&secret_of(&started), 0))).await;
    late.refused(403);
    let started = start(&user).await;
    s.clock.advance(seconds(55));
    user.post("/api/v3/enroll-factor", finish(&started, &s.code(&secret_of(&started), 0))).await.done();
}

#[tokio::test]
async fn every_token_that_is_not_good_is_refused_in_the_same_words() {
    let s = Server::start().await;
    s.user("ada").await;
    s.user("bob").await;
    let (ada, ada_elsewhere) = (s.signed_in("ada").await, s.signed_in("ada").await);
    let bob = s.signed_in("bob").await;
    let first = start(&ada).await;
    let second = start(&ada).await;
    let code = |started: &Value| s.code(&secret_of(started), 0);
    let unknown = json!({ "enrollmentToken": "AAAA" });
    let mut said = Vec::new();
    for (client, started, code) in [
        (&ada, &first, code(&first)),
        (&bob, &second, code(&second)),
        (&ada_elsewhere, &second, code(&second)),
        (&ada, &unknown, "123456".into()),
    ] {
        let body = client.post("/api/v3/enroll-factor", finish(started, &code)).await.refused(403);
        said.push(body["message"].clone());
    }
    let mut as_sms = finish(&second, &code(&second));
    as_sms["factorType"] = json!("SMS");
    said.push(ada.post("/api/v3/enroll-factor", as_sms).await.refused(403)["message"].clone());
    ada.post("/api/v3/enroll-factor", finish(&second, &code(&second))).await.done();
    said.push(ada.post("/api/v3/enroll-factor", finish(&second, &code(&second))).await.refused(403)["message"].clone());
    assert!(said.windows(2).all(|w| w[0] == w[1]), "{said:?}");
}

#[tokio::test]
async fn tokens_are_128_random_bytes_and_none_comes_twice() {
    let s = Server::start().await;
    let mut seen = std::collections::HashSet::new();
    for i in 0..8 {
        s.user(&format!("u{i}")).await;
        let user = s.signed_in(&format!("u{i}")).await;
        for _ in 0..5 {
            let token = start(&user).await["enrollmentToken"].as_str().unwrap().to_owned();
            assert_eq!(token.len(), 172, "base64 of 128 bytes");
            assert!(seen.insert(token));
        }
        let sixth = user.post("/api/v3/send-enroll-factor-request", json!({ "factorType": "OTP" })).await;
        assert_eq!(sixth.http, 429, "five starts a minute");
    }
}

#[tokio::test]
async fn five_wrong_codes_kill_the_token_and_count_as_failed_guesses() {
    let s = Server::start().await;
    s.user("ada").await;
    let user = s.signed_in("ada").await;
    let started = start(&user).await;
    let secret = secret_of(&started);
    user.post("/api/v3/enroll-factor", finish(&started, "")).await.refused_with(403, 6001);
    for _ in 0..4 {
        user.post("/api/v3/enroll-factor", finish(&started, &s.wrong_code(&secret))).await.refused_with(403, 6001);
    }
    let sixth = user.post("/api/v3/enroll-factor", finish(&started, &s.code(&secret, 0))).await;
    assert_eq!(sixth.body["statusCode"], 429, "the user's guesses are used up: {}", sixth.text);
    s.clock.advance(seconds(30));
    let missing = json!({ "factorType": "OTP", "enrollmentToken": "x", "enrollmentData": {} });
    assert_eq!(user.post("/api/v3/enroll-factor", missing).await.http, 429);
}

#[tokio::test]
async fn a_bound_factor_is_not_enrolled_over() {
    let s = Server::start().await;
    s.user_with_otp("ada").await;
    let user = s.signed_in_with_otp("ada", SECRET).await;
    user.post("/api/v3/send-enroll-factor-request", json!({ "factorType": "OTP" })).await.refused(409);
    let waiting = s.waiting("ada").await;
    waiting.post("/api/v3/send-enroll-factor-request", json!({ "factorType": "OTP" })).await.refused(403);
}

#[tokio::test]
async fn two_enrolments_finishing_together_bind_exactly_one_factor() {
    let s = Server::start().await;
    for round in 0..6 {
        let name = format!("u{round}");
        s.user(&name).await;
        let (one, two) = (s.signed_in(&name).await, s.signed_in(&name).await);
        let first = start(&one).await;
        // The second start voids the first, so both sessions finish the one that is left, and only its owner may.
        let second = start(&two).await;
        let (a, b) = tokio::join!(
            one.post("/api/v3/enroll-factor", finish(&first, &s.code(&secret_of(&first), 0))),
            two.post("/api/v3/enroll-factor", finish(&second, &s.code(&secret_of(&second), 0))),
        );
        a.refused(403);
        b.done();
        let many = (0..8).map(|_| two.post("/api/v3/enroll-factor", finish(&second, &s.code(&secret_of(&second), 0))));
        for reply in futures_util::future::join_all(many).await {
            assert_ne!(reply.body["statusCode"], 200);
        }
        assert_eq!(two.get("/api/v3/list-enrolled-factors").await.ok().as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn one_token_finished_64_times_at_once_binds_once() {
    let s = Server::start().await;
    s.user("ada").await;
    let user = s.signed_in("ada").await;
    let started = start(&user).await;
    let body = finish(&started, &s.code(&secret_of(&started), 0));
    let replies =
        futures_util::future::join_all((0..64).map(|_| user.post("/api/v3/enroll-factor", body.clone()))).await;
    assert_eq!(replies.iter().filter(|r| r.body["statusCode"] == 200).count(), 1);
    assert_eq!(user.get("/api/v3/list-enrolled-factors").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_owes_a_first_factor_enrols_with_the_mfa_token_and_is_signed_in_by_it() {
    let s = Server::start().await;
    s.admin().await.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": ["OTP"] })).await.ok();
    s.user("ada").await;
    let waiting = s.waiting("ada").await;
    assert_eq!(waiting.get("/api/v3/list-factors-to-enroll").await.ok(), json!([{ "factorType": "OTP" }]));
    let started = start(&waiting).await;
    let reply = waiting.post("/api/v3/enroll-factor", finish(&started, &s.code(&secret_of(&started), 0))).await.ok();
    let user = s.app().bearer(reply["access_token"].as_str().expect("tokens"));
    assert_eq!(user.get("/api/v3/list-enrolled-factors").await.ok()[0]["factorType"], "OTP");
    waiting.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2021);
}

#[tokio::test]
async fn the_recovery_code_of_an_enrolment_is_good_once_it_is_finished() {
    let s = Server::start().await;
    s.user("ada").await;
    let user = s.signed_in("ada").await;
    let started = start(&user).await;
    let code = started["otpData"]["recoveryCode"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 29);
    assert!(code.split('-').all(|g| g.len() == 4 && g.bytes().all(|b| b"0123456789abcdef".contains(&b))), "{code}");
    user.post("/api/v3/enroll-factor", finish(&started, &s.code(&secret_of(&started), 0))).await.done();
    let reply = s.waiting("ada").await.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": code })).await;
    assert_eq!(reply.body["code"], 200, "{}", reply.text);
}

#[tokio::test]
async fn a_face_cannot_be_enrolled_and_is_not_offered() {
    let s = Server::start().await;
    s.user("ada").await;
    let user = s.signed_in("ada").await;
    user.post("/api/v3/send-enroll-factor-request", json!({ "factorType": "FACE" })).await.refused(501);
    let offered = user.get("/api/v3/list-factors-to-enroll").await.ok();
    assert!(!offered.as_array().unwrap().contains(&json!({ "factorType": "FACE" })));
    let photo =
        json!({ "factorType": "FACE", "enrollmentToken": "x", "enrollmentData": { "photo": "http://127.0.0.1/" } });
    user.post("/api/v3/enroll-factor", photo).await.refused(501);
    user.post("/api/v3/send-enroll-factor-request", json!({ "factorType": "SMS" }))
        .await
        .refused_at("profile.phoneNumber");
    user.post("/api/v3/send-enroll-factor-request", json!({ "factorType": "EMAIL" })).await.refused_at("profile.email");
}
