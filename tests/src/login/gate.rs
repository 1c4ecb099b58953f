//! What stands before a sign-in whatever the factor: pictures, locks, confirmed addresses, old passwords.

use serde_json::{Value, json};
use watchword_kit::Millis;
use watchword_testkit::{Browser, Client, PASSWORD, Reply, Server, minutes, seconds};

use crate::authorize;
use crate::captcha::{Picture, picture};
use crate::security_settings::{anomaly, set};

const WRONG: &str = "wrong wrong wrong";

fn body(name: &str, password: &str, options: Value) -> Value {
    let payload = json!({ "username": name, "password": password });
    json!({ "connection": "PASSWORD", "passwordPayload": payload, "options": options })
}

async fn tries(app: &Client, name: &str, password: &str) -> Reply {
    app.post("/api/v3/signin", body(name, password, json!({}))).await
}

async fn with_picture(app: &Client, name: &str, password: &str, picture: &Picture) -> Reply {
    let options = json!({ "captchaCode": picture.text, "captchaToken": picture.token });
    app.post("/api/v3/signin", body(name, password, options)).await
}

async fn conditions(s: &Server, changes: Value) {
    let admin = s.admin().await;
    set(&admin, json!({ "verifyCodeLength": 4, "loginAnomalyDetection": anomaly(changes) })).await;
}

fn check(limit: i64) -> Value {
    json!({ "enabled": true, "limit": limit, "timeInterval": 300 })
}

#[tokio::test]
async fn every_sign_in_and_every_code_needs_a_picture_when_the_pool_says_always() {
    let s = Server::with(|settings| settings.demo = true).await;
    s.user("ada").await;
    s.sign_in("ada").await.ok();
    conditions(&s, json!({ "robotVerify": "always_enable" })).await;
    tries(&s.app(), "ada", PASSWORD).await.refused_with(403, 2000);
    tries(&s.app(), "nobody", PASSWORD).await.refused_with(403, 2000);
    let drawn = picture(&s).await;
    with_picture(&s.app(), "ada", PASSWORD, &drawn).await.ok();
    with_picture(&s.app(), "ada", PASSWORD, &drawn).await.refused_with(403, 2001);
    let send = json!({ "email": "ada@example.com", "channel": "CHANNEL_REGISTER" });
    s.app().post("/api/v3/send-email", send.clone()).await.refused_with(403, 2000);
    let drawn = picture(&s).await;
    let mut with = send;
    with["captchaCode"] = json!(drawn.text.to_lowercase());
    with["captchaToken"] = json!(drawn.token);
    s.app().post("/api/v3/send-email", with).await.done();
    let sms = json!({ "phoneNumber": "13800000000", "channel": "CHANNEL_REGISTER" });
    s.app().post("/api/v3/send-sms", sms).await.refused_with(403, 2000);
}

#[tokio::test]
async fn wrong_passwords_of_one_account_lead_to_a_picture_and_a_right_one_ends_that() {
    for changes in [
        json!({ "robotVerify": "condition_set", "robotVerifyLoginPasswordFailCheck": check(2) }),
        json!({ "loginFailStrategy": "captcha", "loginPasswordFailCheck": check(2) }),
    ] {
        let s = Server::start().await;
        s.user("ada").await;
        s.user("bob").await;
        for on in [false, true] {
            if on {
                conditions(&s, changes.clone()).await;
            }
            for _ in 0..2 {
                tries(&s.app(), "ada", WRONG).await.refused_with(403, 2333);
                tries(&s.app(), "nobody", WRONG).await.refused_with(403, 2333);
            }
            if !on {
                tries(&s.app(), "ada", PASSWORD).await.ok();
                s.advance(minutes(20));
            }
        }
        tries(&s.app(), "ada", PASSWORD).await.refused_with(403, 2000);
        tries(&s.app(), "nobody", PASSWORD).await.refused_with(403, 2000);
        tries(&s.app(), "bob", PASSWORD).await.ok();
        with_picture(&s.app(), "ada", PASSWORD, &picture(&s).await).await.ok();
        tries(&s.app(), "ada", PASSWORD).await.ok();
    }
}

#[tokio::test]
async fn failures_from_one_address_lead_to_a_picture_until_their_time_is_over() {
    let s = Server::start().await;
    s.user("ada").await;
    conditions(&s, json!({ "robotVerify": "condition_set", "loginFailCheck": check(3) })).await;
    for name in ["a", "b", "c"] {
        tries(&s.app(), name, WRONG).await.refused_with(403, 2333);
    }
    tries(&s.app(), "ada", PASSWORD).await.refused_with(403, 2000);
    s.advance(seconds(301));
    tries(&s.app(), "ada", PASSWORD).await.ok();
}

#[tokio::test]
async fn an_address_that_is_not_listed_and_an_hour_that_is_not_usual_lead_to_a_picture() {
    let s = Server::start().await;
    s.user("ada").await;
    let listed = |list: &str| json!({ "robotVerifyLoginIpWhitelistCheck": { "enabled": true, "ipWhitelist": list } });
    let hours =
        |list: Value| json!({ "robotVerifyLoginTimeCheckEnable": true, "robotVerifyloginWeekStartEndTime": list });
    // The clock of a test starts on a Thursday at midnight, UTC.
    for (condition, needed) in [
        (listed("127.0.0.1"), false),
        (listed("127.0.0.0/8"), false),
        (listed("192.0.2.1"), true),
        (listed(""), true),
        (hours(json!(["4 00:00-01:00"])), false),
        (hours(json!(["4 08:00-09:00+08:00"])), false),
        (hours(json!(["4 01:00-02:00", "5 00:00-24:00"])), true),
    ] {
        for policy in ["condition_set", "disable"] {
            let mut changes = condition.clone();
            changes["robotVerify"] = json!(policy);
            conditions(&s, changes).await;
            let reply = tries(&s.app(), "ada", PASSWORD).await;
            if needed && policy == "condition_set" {
                reply.refused_with(403, 2000);
            } else {
                reply.ok();
            }
        }
    }
}

#[tokio::test]
async fn wrong_passwords_lock_an_account_that_exists_and_one_that_does_not_until_the_lock_ends() {
    for changes in [
        json!({ "accountLock": "condition_set", "accountLockLoginPasswordFailCheck": check(3) }),
        json!({ "loginFailStrategy": "block-account", "loginPasswordFailCheck": check(3) }),
    ] {
        let s = Server::start().await;
        s.user("ada").await;
        conditions(&s, changes).await;
        for name in ["ada", "nobody"] {
            for _ in 0..3 {
                tries(&s.app(), name, WRONG).await.refused_with(403, 2333);
            }
            tries(&s.app(), name, PASSWORD).await.refused_with(403, 2005);
        }
        s.advance(minutes(60));
        tries(&s.app(), "ada", PASSWORD).await.refused_with(403, 2005);
        s.advance(Millis::hours(24));
        tries(&s.app(), "ada", PASSWORD).await.ok();
    }
}

#[tokio::test]
async fn three_wrong_passwords_do_not_lock_while_locks_are_off() {
    let s = Server::start().await;
    s.user("ada").await;
    conditions(&s, json!({ "accountLockLoginPasswordFailCheck": check(3) })).await;
    for _ in 0..3 {
        tries(&s.app(), "ada", WRONG).await.refused_with(403, 2333);
    }
    tries(&s.app(), "ada", PASSWORD).await.ok();
}

#[tokio::test]
async fn nobody_elses_failures_lock_an_owner_out_of_a_place_where_the_owner_has_been() {
    let s = Server::start().await;
    let id = s.user("ada").await;
    let admin = s.admin().await;
    conditions(&s, json!({ "accountLock": "condition_set", "accountLockLoginPasswordFailCheck": check(3) })).await;
    // The lock that failures from elsewhere have left.
    let mut tx = s.services.db.write().await.unwrap();
    let lock = watchword_store::throttle::Throttle {
        straight: 3,
        blocked_until: s.clock.now() + Millis::hours(24),
        locked: false,
    };
    let pool = watchword_kit::PoolId::new(&s.pool.id);
    watchword_store::throttle::set(&mut tx, &pool, &format!("lock:{id}"), &lock, s.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    tries(&s.app(), "ada", PASSWORD).await.refused_with(403, 2005);
    admin.post("/api/v3/update-user", json!({ "userId": id, "status": "Activated" })).await.ok();
    tries(&s.app(), "ada", PASSWORD).await.ok();
    let mut tx = s.services.db.write().await.unwrap();
    watchword_store::throttle::set(&mut tx, &pool, &format!("lock:{id}"), &lock, s.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    tries(&s.app(), "ada", PASSWORD).await.ok();
}

#[tokio::test]
async fn an_administrator_opens_a_lock_by_a_new_password_or_by_activating_the_account() {
    let s = Server::start().await;
    let id = s.user("ada").await;
    conditions(&s, json!({ "accountLock": "condition_set", "accountLockLoginPasswordFailCheck": check(2) })).await;
    for change in [json!({ "status": "Activated" }), json!({ "password": "another-good-one-7" })] {
        for _ in 0..2 {
            tries(&s.app(), "ada", WRONG).await.refused_with(403, 2333);
        }
        tries(&s.app(), "ada", PASSWORD).await.refused_with(403, 2005);
        let mut body = json!({ "userId": id });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        s.admin().await.post("/api/v3/update-user", body).await.ok();
        s.advance(minutes(20));
    }
    tries(&s.app(), "ada", "another-good-one-7").await.ok();
}

#[tokio::test]
async fn users_open_a_lock_by_a_new_password_of_their_own_and_on_the_page_that_asks_for_one() {
    const NEW: &str = "another-good-one-7";
    let s = Server::behind_a_proxy(|_| {}).await;
    let shop = authorize::plain(&s).await;
    conditions(&s, json!({ "accountLock": "condition_set", "accountLockLoginPasswordFailCheck": check(2) })).await;
    let home = "203.0.113.7";
    let away = s.app().header("x-forwarded-for", "198.51.100.9");
    let lock = async |name: &'static str| {
        for _ in 0..2 {
            tries(&away, name, WRONG).await.refused_with(403, 2333);
        }
        tries(&away, name, PASSWORD).await.refused_with(403, 2005);
    };

    s.user("ada").await;
    let at_home = s.app().header("x-forwarded-for", home);
    let tokens = tries(&at_home, "ada", PASSWORD).await.ok();
    lock("ada").await;
    let change = json!({ "oldPassword": PASSWORD, "newPassword": NEW });
    let ada = at_home.bearer(tokens["access_token"].as_str().unwrap());
    ada.post("/api/v3/update-password", change).await.done();
    tries(&away, "ada", NEW).await.ok();

    let bob = json!({ "username": "bob", "password": PASSWORD, "options": { "resetPasswordOnFirstLogin": true } });
    s.admin().await.post("/api/v3/create-user", bob).await.ok();
    let mut browser = Browser::new(&s);
    browser.headers.push(("x-forwarded-for", home.into()));
    let page = authorize::sign_in(&mut browser, &shop, "bob", &[]).await;
    lock("bob").await;
    browser.submit(&page, "password", &[("password", NEW), ("again", NEW)]).await.code();
    tries(&away, "bob", NEW).await.ok();
}

#[tokio::test]
async fn users_open_their_own_locks_when_the_pool_lets_them() {
    const UNLOCK: &str = "/api/v3/self-unlock-account";
    let s = Server::with(|settings| settings.demo = true).await;
    let admin = s.admin().await;
    let user = json!({ "username": "ada", "email": "ada@example.com", "phone": "13800000000", "password": PASSWORD });
    admin.post("/api/v3/create-user", user).await.ok();
    conditions(&s, json!({ "accountLock": "condition_set", "accountLockLoginPasswordFailCheck": check(2) })).await;
    let off = json!({ "email": "ada@example.com", "passCode": "0000" });
    s.app().post(UNLOCK, off).await.refused(403);
    for (strategy, medium) in [("captcha", "email"), ("captcha", "sms"), ("password-captcha", "email")] {
        set(&admin, json!({ "selfUnlockAccount": { "enabled": true, "strategy": strategy } })).await;
        s.advance(minutes(20));
        for _ in 0..2 {
            tries(&s.app(), "ada", WRONG).await.refused_with(403, 2333);
        }
        tries(&s.app(), "ada", PASSWORD).await.refused_with(300, 1643);
        let mut body = if medium == "email" {
            let send = json!({ "email": "ada@example.com", "channel": "CHANNEL_UNLOCK_ACCOUNT" });
            s.app().post("/api/v3/send-email", send).await.done();
            json!({ "email": "ADA@example.com" })
        } else {
            let send = json!({ "phoneNumber": "13800000000", "channel": "CHANNEL_IDENTITY_VERIFICATION" });
            s.app().post("/api/v3/send-sms", send).await.done();
            json!({ "phone": "13800000000" })
        };
        let code = s.newest_code().await;
        body["passCode"] = json!(code);
        if strategy == "password-captcha" {
            s.app().post(UNLOCK, body.clone()).await.refused_at("password");
            body["password"] = json!(PASSWORD);
        }
        let mut wrong = body.clone();
        wrong["passCode"] = json!(if code == "0000" { "1111" } else { "0000" });
        s.app().post(UNLOCK, wrong).await.refused_with(403, 2001);
        tries(&s.app(), "ada", PASSWORD).await.refused_with(300, 1643);
        s.app().post(UNLOCK, body.clone()).await.ok();
        tries(&s.app(), "ada", PASSWORD).await.ok();
        s.app().post(UNLOCK, body).await.refused_with(403, 2001);
    }
}

#[tokio::test]
async fn an_address_must_be_confirmed_before_a_password_counts_when_the_pool_says_so() {
    let s = Server::with(|settings| settings.demo = true).await;
    let admin = s.admin().await;
    let user = json!({ "username": "ada", "email": "ada@example.com", "password": PASSWORD });
    let id = admin.post("/api/v3/create-user", user).await.ok()["userId"].clone();
    let by = |name: &str, value: &str| {
        let payload = json!({ name: value, "password": PASSWORD });
        let body = json!({ "connection": "PASSWORD", "passwordPayload": payload });
        let app = s.app();
        async move { app.post("/api/v3/signin", body).await }
    };
    by("email", "ada@example.com").await.ok();
    set(&admin, json!({ "loginRequireEmailVerified": true })).await;
    by("username", "ada").await.ok();
    for name in ["email", "account"] {
        let refusal = by(name, "ada@example.com").await.refused(403);
        assert!(refusal["message"].as_str().unwrap().contains("confirm"), "{refusal}");
    }
    let letters = s.messages().await;
    assert_eq!(letters.len(), 1, "one link a minute");
    assert!(letters[0]["text"].as_str().unwrap().contains("/verify-email?"), "{letters:?}");
    admin.post("/api/v3/update-user", json!({ "userId": id, "emailVerified": true })).await.ok();
    by("email", "ada@example.com").await.ok();
}

/// Otherwise a locked account would tell right passwords from wrong ones by another door.
#[tokio::test]
async fn unlocking_tells_nobody_whether_a_password_is_right() {
    const UNLOCK: &str = "/api/v3/self-unlock-account";
    let s = Server::with(|settings| settings.demo = true).await;
    let admin = s.admin().await;
    let user = json!({ "username": "ada", "email": "ada@example.com", "password": PASSWORD });
    let id = admin.post("/api/v3/create-user", user).await.ok()["userId"].as_str().unwrap().to_owned();
    conditions(&s, json!({ "accountLock": "condition_set", "accountLockLoginPasswordFailCheck": check(2) })).await;
    set(&admin, json!({ "selfUnlockAccount": { "enabled": true, "strategy": "password-captcha" } })).await;
    for _ in 0..2 {
        tries(&s.app(), "ada", WRONG).await.refused_with(403, 2333);
    }
    s.advance(minutes(20));
    let ask = |password: &str, code: &str| {
        let body = json!({ "email": "ada@example.com", "passCode": code, "password": password });
        let app = s.app();
        async move { app.post(UNLOCK, body).await }
    };
    let evaluated = s.services.passwords.evaluated();
    let mut told = Vec::new();
    for password in [PASSWORD, WRONG] {
        told.push(ask(password, "0000").await.refused_with(403, 2001));
    }
    assert_eq!(s.services.passwords.evaluated(), evaluated, "without the code no password is judged");
    let send = json!({ "email": "ada@example.com", "channel": "CHANNEL_UNLOCK_ACCOUNT" });
    s.app().post("/api/v3/send-email", send.clone()).await.done();
    let code = s.newest_code().await;
    told.push(ask(WRONG, &code).await.refused_with(403, 2001));
    assert!(told.windows(2).all(|w| w[0]["message"] == w[1]["message"]), "{told:?}");
    told.push(ask(PASSWORD, &code).await.refused_with(403, 2001));
    tries(&s.app(), "ada", PASSWORD).await.refused_with(300, 1643);
    // A wrong password counts as one at sign-in does: with the one before, the picture is asked for.
    let pool = watchword_kit::PoolId::new(&s.pool.id);
    let bucket = format!("lock:{id}");
    let mut tx = s.services.db.read().await.unwrap();
    let used = watchword_store::quota::used_up(&mut tx, &pool, &bucket, 1, s.clock.now());
    assert!(used.await.unwrap().is_some(), "the failure is counted against the account");
    drop(tx);
    s.advance(minutes(2));
    s.app().post("/api/v3/send-email", send).await.done();
    ask(PASSWORD, &s.newest_code().await).await.ok();
    tries(&s.app(), "ada", PASSWORD).await.ok();
}

#[tokio::test]
async fn unlocking_needs_a_picture_where_sign_in_does() {
    let s = Server::with(|settings| settings.demo = true).await;
    conditions(&s, json!({ "robotVerify": "always_enable" })).await;
    set(&s.admin().await, json!({ "selfUnlockAccount": { "enabled": true, "strategy": "captcha" } })).await;
    let mut body = json!({ "email": "ada@example.com", "passCode": "0000" });
    s.app().post("/api/v3/self-unlock-account", body.clone()).await.refused_with(403, 2000);
    let drawn = picture(&s).await;
    body["captchaCode"] = json!(drawn.text);
    body["captchaToken"] = json!(drawn.token);
    s.app().post("/api/v3/self-unlock-account", body).await.refused_with(403, 2001);
}

#[tokio::test]
async fn whoever_has_an_old_password_and_nothing_else_can_choose_a_new_one() {
    let s = Server::start().await;
    s.user("ada").await;
    set(&s.admin().await, json!({ "passwordRotation": { "enabled": true, "maxAgeDays": 30 } })).await;
    s.advance(Millis::days(31));
    let token = s.sign_in("ada").await.refused_with(300, 2058)["data"]["passwordResetToken"].clone();
    let reset = |password: &str| {
        let body = json!({ "passwordResetToken": token, "password": password });
        let app = s.app();
        async move { app.post("/api/v3/reset-password", body).await }
    };
    reset(PASSWORD).await.refused_at("password");
    reset("an entirely new password").await.ok();
    s.sign_in("ada").await.refused_with(403, 2333);
    tries(&s.app(), "ada", "an entirely new password").await.ok();
    reset("yet another new password").await.refused(403);
}

#[tokio::test]
async fn an_old_password_must_be_changed_when_the_pool_says_so() {
    let s = Server::start().await;
    let id = s.user("ada").await;
    s.advance(Millis::days(31));
    s.sign_in("ada").await.ok();
    let admin = s.admin().await;
    set(&admin, json!({ "passwordRotation": { "enabled": true, "maxAgeDays": 30 } })).await;
    s.sign_in("ada").await.refused_with(300, 2058);
    admin.post("/api/v3/update-user", json!({ "userId": id, "password": PASSWORD })).await.ok();
    s.sign_in("ada").await.ok();
    s.advance(Millis::days(30));
    s.sign_in("ada").await.ok();
    s.advance(minutes(1));
    s.sign_in("ada").await.refused_with(300, 2058);
}
