//! What a new password must be.

use serde_json::{Value, json};
use watchword_testkit::Server;

use super::settings::set;

fn policy(changes: Value) -> Value {
    let mut all = json!({ "minLength": 8, "minStrength": 1, "patterns": [], "refuseSimilar": false });
    for (name, value) in changes.as_object().expect("an object") {
        all[name] = value.clone();
    }
    json!({ "passwordPolicy": all })
}

/// Whether the password is taken at creation and at a change, which must agree.
async fn taken(s: &Server, n: usize, password: &str) -> bool {
    let admin = s.admin().await;
    let user = json!({ "username": format!("lovelace{n}"), "name": "Augusta King", "password": password });
    let made = admin.post("/api/v3/create-user", user).await;
    let other = json!({ "username": format!("other{n}"), "name": "Augusta King" });
    let id = admin.post("/api/v3/create-user", other).await.ok()["userId"].clone();
    let changed = admin.post("/api/v3/update-user", json!({ "userId": id, "password": password })).await;
    if made.body["statusCode"] != 200 {
        made.refused_at("password");
        changed.refused_at("password");
        return false;
    }
    changed.ok();
    true
}

#[tokio::test]
async fn length_strength_form_and_likeness_count_when_the_pool_says_so() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for (n, (rule, wrong, right)) in [
        (json!({ "minLength": 14 }), "tulip-anvil-7", "tulip-anvil-789"),
        (json!({ "minStrength": 3 }), "tulipanvilbell", "Tulip-anvil-7"),
        (json!({ "patterns": ["[0-9]", "[A-Z]"] }), "tulip-anvil-7", "Tulip-anvil-7"),
        (json!({ "refuseSimilar": true }), "Augusta King 1815", "Tulip-anvil-7"),
    ]
    .into_iter()
    .enumerate()
    {
        set(&admin, policy(json!({}))).await;
        assert!(taken(&s, n * 10, wrong).await, "{rule} is off");
        set(&admin, policy(rule.clone())).await;
        assert!(!taken(&s, n * 10 + 1, wrong).await, "{rule} is on");
        assert!(taken(&s, n * 10 + 2, right).await, "{rule} is on");
    }
}

#[tokio::test]
async fn a_common_password_is_refused_whatever_the_policy() {
    let s = Server::start().await;
    set(&s.admin().await, policy(json!({}))).await;
    assert!(!taken(&s, 1, "password1").await);
}

#[tokio::test]
async fn a_password_made_here_keeps_the_rules_or_is_not_made() {
    let s = Server::with(|settings| settings.demo = true).await;
    let admin = s.admin().await;
    let make = |n: usize| {
        let user = json!({
            "username": format!("ada{n}"), "email": format!("ada{n}@example.com"),
            "options": {
                "autoGeneratePassword": true,
                "sendNotification": { "sendEmailNotification": true, "appId": s.pool.app_id },
            },
        });
        let admin = admin.clone();
        async move { admin.post("/api/v3/create-user", user).await }
    };
    set(&admin, policy(json!({ "minLength": 40, "patterns": ["_"] }))).await;
    make(1).await.ok();
    set(&admin, policy(json!({ "patterns": ["^x$"] }))).await;
    make(2).await.refused(422);
}
