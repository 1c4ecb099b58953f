//! Passwords that an administrator sets.

use serde_json::{Value, json};
use watchword_crypto::password::{Argon, Verdict, verify};
use watchword_testkit::Server;

use super::{count, create, id, letters, start, stored};

const PASSWORD: &str = "correct horse battery";

async fn hash_of(server: &Server, user: &Value) -> String {
    stored(server, id(user)).await.unwrap().password_hash.expect("a password")
}

fn accepts(hash: &str, password: &str) -> bool {
    verify(password, hash, &Argon::default()) != Verdict::Wrong
}

#[tokio::test]
async fn a_password_is_hashed_rated_and_never_shown() {
    let (server, admin) = start().await;
    let reply = admin.post("/api/v3/create-user", json!({ "username": "ada", "password": PASSWORD })).await;
    let made = reply.ok();
    assert_eq!(made["passwordSecurityLevel"], 3);
    assert_eq!(made["passwordLastSetAt"], "2026-01-01T00:00:00.000Z");
    assert!(!reply.text.contains("argon") && !reply.text.contains(PASSWORD), "{}", reply.text);
    let hash = hash_of(&server, &made).await;
    assert!(hash.starts_with("$argon2id$") && accepts(&hash, PASSWORD) && !accepts(&hash, "another"));
    let none = create(&admin, json!({ "username": "bob" })).await;
    assert_eq!((&none["passwordSecurityLevel"], &none["passwordLastSetAt"]), (&Value::Null, &Value::Null));
    assert_eq!(stored(&server, id(&none)).await.unwrap().password_hash, None);
}

#[tokio::test]
async fn a_weak_password_is_refused_without_a_user() {
    let (server, admin) = start().await;
    for weak in ["", "short", "password123", &"x".repeat(257)] {
        admin.post("/api/v3/create-user", json!({ "username": "ada", "password": weak })).await.refused_at("password");
    }
    assert_eq!(count(&server, "users", "1 = 1").await, 0);
}

#[tokio::test]
async fn hashes_of_other_systems_are_kept_as_they_are_and_accept_their_password() {
    let (server, admin) = start().await;
    // MD5 of "correct horse battery" followed by "s4lt".
    let md5 = "496ec69c8e946fb4ab3695fda9cb1a25";
    let bcrypt = "$2b$04$dVgdhfS/I33EsQdYsQtmseJP6TiD5vD9px9v0DaWgxen0nQQI8Mzm";
    let as_hash = create(&admin, json!({ "username": "a", "passwordHash": bcrypt })).await;
    assert_eq!(hash_of(&server, &as_hash).await, bcrypt);
    let kept = json!({ "username": "b", "password": bcrypt, "options": { "keepPassword": true } });
    assert_eq!(hash_of(&server, &create(&admin, kept).await).await, bcrypt);
    assert!(accepts(bcrypt, "correct horse 密码"));
    let salted = create(&admin, json!({ "username": "c", "password": md5, "salt": "s4lt" })).await;
    assert!(accepts(&hash_of(&server, &salted).await, PASSWORD), "MD5 over password, then salt");
    assert!(!accepts(&hash_of(&server, &salted).await, md5), "the digest itself is no password");
    assert_eq!(salted["passwordSecurityLevel"], Value::Null);
}

#[tokio::test]
async fn wishes_that_contradict_each_other_are_refused() {
    let (server, admin) = start().await;
    let hash = "$2b$04$dVgdhfS/I33EsQdYsQtmseJP6TiD5vD9px9v0DaWgxen0nQQI8Mzm";
    for (field, user) in [
        ("passwordHash", json!({ "passwordHash": "plain text" })),
        ("passwordHash", json!({ "passwordHash": "$2b$31$dVgdhfS/I33EsQdYsQtmseJP6TiD5vD9px9v0DaWgxen0nQQI8Mzm" })),
        ("passwordHash", json!({ "passwordHash": hash, "password": PASSWORD })),
        ("password", json!({ "password": PASSWORD, "options": { "keepPassword": true } })),
        ("password", json!({ "options": { "keepPassword": true } })),
        ("password", json!({ "password": PASSWORD, "salt": "s4lt" })),
        ("salt", json!({ "salt": "s4lt" })),
        ("salt", json!({ "password": "462d16477bcb9d105ef38a7ead417d29", "salt": "s".repeat(129) })),
        ("password", json!({ "password": PASSWORD, "options": { "passwordEncryptType": "rsa" } })),
        ("password", json!({ "password": PASSWORD, "options": { "passwordEncryptType": "sm2" } })),
        ("options.autoGeneratePassword", json!({ "options": { "autoGeneratePassword": true } })),
    ] {
        let mut user = user;
        user["username"] = "ada".into();
        admin.post("/api/v3/create-user", user.clone()).await.refused_at(field);
    }
    assert_eq!(count(&server, "users", "1 = 1").await, 0);
}

#[tokio::test]
async fn a_password_may_come_encrypted_and_is_judged_like_any_other() {
    let (server, admin) = start().await;
    let system = server.anonymous().get("/api/v3/system").await.body;
    let pem = system["rsa"]["publicKey"].as_str().expect("a public key");
    let user = |password: &str| {
        let sealed = watchword_testkit::encrypt::rsa(pem, password);
        json!({ "username": "ada", "password": sealed, "options": { "passwordEncryptType": "rsa" } })
    };
    admin.post("/api/v3/create-user", user("password1")).await.refused_at("password");
    let made = create(&admin, user(PASSWORD)).await;
    assert!(accepts(&hash_of(&server, &made).await, PASSWORD));
    let patch = json!({ "userId": id(&made), "password": user("another long secret")["password"],
        "options": { "passwordEncryptType": "rsa" } });
    admin.post("/api/v3/update-user", patch).await.ok();
    assert!(accepts(&hash_of(&server, &made).await, "another long secret"));
}

#[tokio::test]
async fn a_full_batch_with_passwords_takes_one_place_before_the_hash() {
    let server = Server::with(|s| (s.password_workers, s.password_queue) = (1, 0)).await;
    let admin = server.admin().await;
    let list: Vec<Value> = (0..50).map(|n| json!({ "username": format!("u{n}"), "password": PASSWORD })).collect();
    admin.post("/api/v3/create-users-batch", json!({ "list": list })).await.ok();
    assert_eq!(count(&server, "users", "password_hash IS NOT NULL").await, 50);
    let hashes: std::collections::HashSet<String> = {
        let mut tx = server.services.db.read().await.unwrap();
        let rows = tx.all::<(String,)>(&String::from("SELECT password_hash FROM users"), &[]).await.unwrap();
        rows.into_iter().map(|(hash,)| hash).collect()
    };
    assert_eq!(hashes.len(), 50, "every hash has a salt of its own");
}

#[tokio::test]
async fn a_made_password_goes_to_the_user_and_to_nobody_else() {
    let server = Server::with(|s| s.demo = true).await;
    let admin = server.admin().await;
    let user = json!({
        "username": "ada", "email": "ada@example.com",
        "options": {
            "autoGeneratePassword": true, "resetPasswordOnFirstLogin": true,
            "sendNotification": { "sendEmailNotification": true, "appId": server.pool.app_id },
        },
    });
    let reply = admin.post("/api/v3/create-user", user.clone()).await;
    let made = reply.ok();
    assert_eq!(made["resetPasswordOnNextLogin"], true);
    let letters = letters(&server).await;
    assert_eq!(letters.len(), 1);
    let (target, text) = &letters[0];
    assert_eq!(target, "ada@example.com");
    let hash = hash_of(&server, &made).await;
    let password = text.split_whitespace().find(|word| accepts(&hash, word)).expect("the password is in the letter");
    assert!(password.len() >= 20);
    assert!(!reply.text.contains(password));
    assert!(text.contains("https://id.example.com"), "{text}");

    let mut no_address = user.clone();
    no_address["email"] = Value::Null;
    no_address["username"] = "bob".into();
    admin.post("/api/v3/create-user", no_address).await.refused_at("email");
    let mut strange = user;
    strange["username"] = "bob".into();
    strange["email"] = "bob@example.com".into();
    strange["options"]["sendNotification"]["appId"] = "0123456789abcdef01234567".into();
    admin.post("/api/v3/create-user", strange).await.refused_with(404, 2011);
    assert_eq!(count(&server, "users", "1 = 1").await, 1);
}

#[tokio::test]
async fn without_a_provider_nobody_can_be_told() {
    let (server, admin) = start().await;
    let user = json!({
        "username": "ada", "email": "ada@example.com",
        "options": { "sendNotification": { "sendEmailNotification": true } },
    });
    admin.post("/api/v3/create-user", user).await.refused(501);
    assert_eq!(count(&server, "users", "1 = 1").await, 0);
}

#[tokio::test]
async fn a_new_password_is_told_where_the_administrator_says() {
    let server = Server::with(|s| s.demo = true).await;
    let admin = server.admin().await;
    let made = create(&admin, json!({ "username": "ada", "phone": "13800138000", "password": PASSWORD })).await;
    let old = hash_of(&server, &made).await;
    let patch = json!({
        "userId": id(&made),
        "options": {
            "autoGeneratePassword": true,
            "sendPasswordResetedNotification": {
                "sendDefaultPhoneNotification": true, "inputSendEmailNotification": "Boss@Example.com",
            },
        },
    });
    admin.post("/api/v3/update-user", patch).await.ok();
    let hash = hash_of(&server, &made).await;
    assert!(hash != old && !accepts(&hash, PASSWORD));
    let mut letters = letters(&server).await;
    letters.sort();
    let targets: Vec<&str> = letters.iter().map(|(target, _)| target.as_str()).collect();
    assert_eq!(targets, ["+8613800138000", "boss@example.com"]);
    assert!(letters.iter().all(|(_, text)| text.split_whitespace().any(|word| accepts(&hash, word))));

    let nothing_new = json!({
        "userId": id(&made), "name": "Ada",
        "options": { "sendPasswordResetedNotification": { "sendDefaultPhoneNotification": true } },
    });
    admin.post("/api/v3/update-user", nothing_new).await.refused_at("options.sendPasswordResetedNotification");
}

#[tokio::test]
async fn an_authenticator_comes_with_the_user() {
    let (server, admin) = start().await;
    let user = json!({
        "username": "ada", "otp": { "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "recoveryCode": "b471-8ec0-874a-087f-bccb-cd54" },
    });
    let made = create(&admin, user).await;
    let info = admin.get(&format!("/api/v3/get-user-mfa-info?userId={}", id(&made))).await.ok();
    assert_eq!(info["totpStatus"], "enabled");
    assert_eq!(count(&server, "recovery_codes", "1 = 1").await, 1);
    let bad = json!({ "list": [{ "username": "b" }, { "username": "c", "otp": { "secret": "not base32!" } }] });
    admin.post("/api/v3/create-users-batch", bad).await.refused_at("list[1].otp.secret");
    assert_eq!(count(&server, "users", "1 = 1").await, 1);
}
