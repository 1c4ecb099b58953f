//! What is kept, what is refused, and that nothing is kept that does not act.

use serde_json::{Value, json};
use watchword_testkit::{Client, Server};

const GET: &str = "/api/v3/get-security-settings";
const UPDATE: &str = "/api/v3/update-security-settings";

pub async fn set(admin: &Client, changes: Value) -> Value {
    admin.post(UPDATE, changes).await.ok()
}

/// `loginAnomalyDetection` in which nothing acts, with these members in their places.
pub fn anomaly(changes: Value) -> Value {
    let check = json!({ "enabled": false, "limit": 50, "timeInterval": 300, "unit": "Second" });
    let mut all = json!({
        "loginFailStrategy": "captcha",
        "robotVerify": "disable",
        "accountLock": "disable",
        "loginFailCheck": check,
        "loginPasswordFailCheck": check,
        "accountLockLoginPasswordFailCheck": check,
        "robotVerifyLoginPasswordFailCheck": check,
        "robotVerifyLoginIpWhitelistCheck": { "enabled": false, "ipWhitelist": "" },
        "robotVerifyLoginTimeCheckEnable": false,
        "robotVerifyloginWeekStartEndTime": [],
    });
    for (name, value) in changes.as_object().expect("an object") {
        all[name] = value.clone();
    }
    all
}

#[tokio::test]
async fn a_new_pool_has_the_defaults_of_the_contract() {
    let s = Server::start().await;
    let settings = s.admin().await.get(GET).await.ok();
    assert_eq!(settings["authingTokenExpiresIn"], 129_600);
    assert_eq!(settings["verifyCodeLength"], 6);
    assert_eq!(settings["changeEmailStrategy"], json!({ "verifyOldEmail": true }));
    assert_eq!(settings["changePhoneStrategy"], json!({ "verifyOldPhone": true }));
    let cookies = json!({ "cookieExpiresIn": 1_209_600, "cookieExpiresOnBrowserSession": false });
    assert_eq!(settings["cookieSettings"], cookies);
    assert_eq!(settings["registerDisabled"], false);
    assert_eq!(settings["loginAnomalyDetection"]["loginFailCheck"]["limit"], 50);
    assert_eq!(settings["selfUnlockAccount"], json!({ "enabled": false, "strategy": "captcha" }));
    assert_eq!(settings["allowedOrigins"], "");
}

#[tokio::test]
async fn what_is_given_is_kept_and_what_is_absent_stays() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let other = s.new_pool("Other").await;
    let before = admin.get(GET).await.ok();
    let strict = anomaly(json!({
        "accountLock": "condition_set",
        "robotVerifyLoginIpWhitelistCheck": { "enabled": true, "ipWhitelist": "192.0.2.7,198.51.100.0/24" },
        "robotVerifyloginWeekStartEndTime": ["1 09:00-18:00+08:00"],
    }));
    let changes = json!({
        "allowedOrigins": ["https://app.example.com", "http://localhost:3000"],
        "verifyCodeLength": 8,
        "verifyCodeMaxAttempts": 3,
        "changeEmailStrategy": { "verifyOldEmail": false },
        "cookieSettings": { "cookieExpiresIn": 3600, "cookieExpiresOnBrowserSession": true },
        "registerAnomalyDetection": { "enabled": true, "limit": 5, "timeInterval": 60 },
        "loginAnomalyDetection": strict,
        "selfUnlockAccount": { "enabled": true, "strategy": "password-captcha" },
    });
    let after = set(&admin, changes.clone()).await;
    assert_eq!(after["allowedOrigins"], "https://app.example.com\nhttp://localhost:3000");
    for (name, value) in changes.as_object().unwrap() {
        if name != "allowedOrigins" {
            assert_eq!(&after[name], value, "{name}");
        }
    }
    for name in ["changePhoneStrategy", "registerDisabled", "qrcodeLoginStrategy", "passwordPolicy"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!(set(&admin, json!({})).await, after);
    assert_eq!(admin.get(GET).await.ok(), after);
    assert_eq!(s.admin_of(&other).await.get(GET).await.ok(), before, "another pool keeps its own");
}

#[tokio::test]
async fn what_this_server_cannot_do_is_refused_and_nothing_beside_it_is_kept() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let before = admin.get(GET).await.ok();
    let mut qrcode = before["qrcodeLoginStrategy"].clone();
    set(&admin, json!({ "qrcodeLoginStrategy": qrcode, "authingTokenExpiresIn": 129_600 })).await;
    qrcode["returnFullUserInfo"] = json!(true);
    for changes in [
        json!({ "authingTokenExpiresIn": 3600 }),
        json!({ "completePasswordAfterPassCodeLogin": true }),
        json!({ "enableLoginAccountSwitch": true }),
        json!({ "qrcodeLoginStrategy": qrcode }),
    ] {
        let mut changes = changes;
        changes["registerDisabled"] = json!(true);
        admin.post(UPDATE, changes).await.refused(501);
    }
    assert_eq!(admin.get(GET).await.ok(), before);
}

#[tokio::test]
async fn a_value_out_of_bounds_is_refused_at_its_place() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let before = admin.get(GET).await.ok();
    let check = json!({ "enabled": true, "limit": 0, "timeInterval": 300 });
    let list = json!({ "enabled": true, "ipWhitelist": "192.0.2.0/33" });
    for (changes, place) in [
        (json!({ "verifyCodeLength": 3 }), "verifyCodeLength"),
        (json!({ "verifyCodeLength": -1 }), "verifyCodeLength"),
        (json!({ "verifyCodeMaxAttempts": 11 }), "verifyCodeMaxAttempts"),
        (
            json!({ "cookieSettings": { "cookieExpiresIn": 1, "cookieExpiresOnBrowserSession": false } }),
            "cookieSettings.cookieExpiresIn",
        ),
        (
            json!({ "registerAnomalyDetection": { "enabled": true, "limit": 0, "timeInterval": 1 } }),
            "registerAnomalyDetection.limit",
        ),
        (
            json!({ "loginAnomalyDetection": anomaly(json!({ "loginFailCheck": check })) }),
            "loginAnomalyDetection.loginFailCheck.limit",
        ),
        (
            json!({ "loginAnomalyDetection": anomaly(json!({ "robotVerify": "sometimes" })) }),
            "loginAnomalyDetection.robotVerify",
        ),
        (
            json!({ "loginAnomalyDetection": anomaly(json!({ "robotVerifyLoginIpWhitelistCheck": list })) }),
            "loginAnomalyDetection.robotVerifyLoginIpWhitelistCheck.ipWhitelist",
        ),
        (
            json!({ "loginAnomalyDetection": anomaly(json!({ "robotVerifyloginWeekStartEndTime": ["0 09:00-18:00"] })) }),
            "loginAnomalyDetection.robotVerifyloginWeekStartEndTime[0]",
        ),
        (
            json!({ "passwordPolicy": { "minLength": 7, "minStrength": 1, "patterns": [], "refuseSimilar": false } }),
            "passwordPolicy.minLength",
        ),
        (
            json!({ "passwordPolicy": { "minLength": 8, "minStrength": 1, "patterns": ["(?=x)"], "refuseSimilar": false } }),
            "passwordPolicy.patterns[0]",
        ),
        (json!({ "passwordRotation": { "enabled": true, "maxAgeDays": 0 } }), "passwordRotation.maxAgeDays"),
    ] {
        admin.post(UPDATE, changes).await.refused_at(place);
    }
    for wrong in [
        "*",
        "null",
        "https://*.example.com",
        "https://app.example.com/",
        "https://APP.example.com",
        "ftp://a.example",
        "https://u@a.example",
        "app.example.com",
        "https://a.example:443",
        "",
    ] {
        admin.post(UPDATE, json!({ "allowedOrigins": [wrong] })).await.refused_at("allowedOrigins[0]");
    }
    admin
        .post(UPDATE, json!({ "allowedOrigins": ["https://a.example", "https://a.example"] }))
        .await
        .refused_at("allowedOrigins[1]");
    assert_eq!(admin.get(GET).await.ok(), before);
}

#[tokio::test]
async fn a_code_has_the_length_and_the_tries_that_the_pool_says() {
    let s = Server::with(|settings| settings.demo = true).await;
    let admin = s.admin().await;
    admin.post("/api/v3/create-user", json!({ "username": "ada", "email": "ada@example.com" })).await.ok();
    for (length, tries) in [(6, 5), (8, 2)] {
        set(&admin, json!({ "verifyCodeLength": length, "verifyCodeMaxAttempts": tries })).await;
        s.advance(watchword_testkit::minutes(2));
        let body = json!({ "email": "ada@example.com", "channel": "CHANNEL_LOGIN" });
        s.app().post("/api/v3/send-email", body).await.done();
        let code = s.newest_code().await;
        assert_eq!(code.len(), length);
        let sign_in = |code: String| {
            let payload = json!({ "email": "ada@example.com", "passCode": code });
            let body = json!({ "connection": "PASSCODE", "passCodePayload": payload });
            let app = s.app();
            async move { app.post("/api/v3/signin", body).await }
        };
        for _ in 0..tries {
            sign_in("x".repeat(length)).await.refused_with(403, 2001);
        }
        sign_in(code).await.refused_with(403, 2001);
    }
}
