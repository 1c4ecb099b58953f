//! Signing in.

mod gate;
mod newcomer;
mod race;
mod second_factor;

use serde_json::{Value, json};
use watchword_testkit::{PASSWORD, Server, minutes};

/// Changes how long what nobody uses lasts.
pub async fn idle(s: &Server, changes: Value) {
    use watchword_domain::{Audit, Ctx, pool};
    let ctx = Ctx::system(s.services.clone(), watchword_kit::PoolId::new(&s.pool.id), Audit::PoolUpdate);
    pool::patch(&ctx, changes.as_object().expect("an object")).await.expect("settings");
}

#[tokio::test]
async fn how_long_something_may_lie_unused_has_bounds() {
    use watchword_domain::{Audit, Ctx, pool};
    let s = Server::start().await;
    let ctx = Ctx::system(s.services.clone(), watchword_kit::PoolId::new(&s.pool.id), Audit::PoolUpdate);
    for name in ["signOnIdleSeconds", "refreshIdleSeconds"] {
        for wrong in [0, 299, 31_536_001] {
            let changes = json!({ name: wrong });
            let refused = pool::patch(&ctx, changes.as_object().expect("an object")).await.expect_err("out of bounds");
            assert_eq!(refused.field(), Some(name));
        }
    }
}

async fn with(s: &Server, payload: Value) -> watchword_testkit::Reply {
    s.app().post("/api/v3/signin", json!({ "connection": "PASSWORD", "passwordPayload": payload })).await
}

#[tokio::test]
async fn every_name_of_a_user_signs_in_whatever_its_case_and_width() {
    let s = Server::start().await;
    let body = json!({ "username": "Ada", "email": "Ada@Example.com", "phone": "13800000000", "password": PASSWORD });
    s.admin().await.post("/api/v3/create-user", body).await.ok();
    for name in [
        json!({ "username": "ada" }),
        json!({ "username": "ＡＤＡ" }),
        json!({ "account": "ADA" }),
        json!({ "account": "ada@example.COM" }),
        json!({ "email": "ADA@example.com" }),
        json!({ "phone": "13800000000" }),
        json!({ "phone": "+8613800000000" }),
        json!({ "account": "13800000000" }),
    ] {
        let mut payload = name.clone();
        payload["password"] = json!(PASSWORD);
        let tokens = with(&s, payload).await.ok();
        assert!(tokens["access_token"].is_string(), "{name}");
        assert_eq!(tokens["expire_in"], tokens["expires_in"]);
        assert_eq!(tokens["token_type"], "Bearer");
    }
}

#[tokio::test]
async fn unknown_users_wrong_passwords_and_suspended_users_are_one_refusal() {
    let s = Server::start().await;
    s.user("ada").await;
    let bob = s.user("bob").await;
    s.admin().await.post("/api/v3/create-user", json!({ "username": "nopass" })).await.ok();
    let suspend = json!({ "userId": bob, "status": "Suspended" });
    s.admin().await.post("/api/v3/update-user", suspend).await.ok();
    let mut said = Vec::new();
    for name in ["nobody", "ada", "bob", "nopass"] {
        let mut body =
            with(&s, json!({ "username": name, "password": "wrong wrong wrong" })).await.refused_with(403, 2333);
        body.as_object_mut().unwrap().remove("requestId");
        said.push(body);
    }
    assert!(said.windows(2).all(|w| w[0] == w[1]), "{said:?}");
    with(&s, json!({ "username": "bob", "password": PASSWORD })).await.refused_with(403, 2120008);
}

#[tokio::test]
async fn one_name_is_needed_and_only_one() {
    let s = Server::start().await;
    with(&s, json!({ "password": PASSWORD })).await.refused_at("passwordPayload");
    with(&s, json!({ "password": PASSWORD, "username": "a", "email": "b" })).await.refused_at("passwordPayload");
    s.app().post("/api/v3/signin", json!({ "connection": "PASSWORD" })).await.refused_at("passwordPayload");
    s.app().post("/api/v3/signin", json!({ "connection": "TELEPATHY" })).await.refused_at("connection");
    let ldap = json!({ "connection": "LDAP", "ldapPayload": { "password": "x", "sAMAccountName": "y" } });
    s.app().post("/api/v3/signin", ldap).await.refused(501);
}

#[tokio::test]
async fn the_application_must_exist_and_its_secret_must_be_right_when_it_is_sent() {
    let s = Server::start().await;
    s.user("ada").await;
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": PASSWORD } });
    s.anonymous().post("/api/v3/signin", body.clone()).await.refused_with(404, 2011);
    s.anonymous().header("x-authing-app-id", "nope").post("/api/v3/signin", body.clone()).await.refused_with(404, 2011);
    let mut with_secret = body.clone();
    with_secret["client_id"] = json!(s.pool.app_id);
    with_secret["client_secret"] = json!("wrong");
    s.anonymous().post("/api/v3/signin", with_secret.clone()).await.refused(401);
    with_secret["client_secret"] = json!(s.pool.app_secret);
    assert!(s.anonymous().post("/api/v3/signin", with_secret).await.ok()["access_token"].is_string());
}

#[tokio::test]
async fn five_wrong_passwords_pause_that_address_under_every_name_and_other_addresses_not_at_all() {
    let s = Server::start().await;
    let body = json!({ "username": "ada", "email": "ada@example.com", "password": PASSWORD });
    s.admin().await.post("/api/v3/create-user", body).await.ok();
    let names = [json!({ "username": "ada" }), json!({ "email": "ada@example.com" }), json!({ "account": "ADA" })];
    let attempt = |i: usize, password: &str| {
        let mut payload = names[i % 3].clone();
        payload["password"] = json!(password);
        payload
    };
    for i in 0..5 {
        with(&s, attempt(i, "wrong wrong wrong")).await.refused_with(403, 2333);
    }
    for i in 0..3 {
        assert_eq!(with(&s, attempt(i, PASSWORD)).await.http, 429);
    }
    let spoofed = s.app().header("x-forwarded-for", "203.0.113.7");
    let spoof = json!({ "connection": "PASSWORD", "passwordPayload": attempt(0, PASSWORD), "options": { "clientIp": "203.0.113.7" } });
    assert_eq!(spoofed.post("/api/v3/signin", spoof).await.http, 429, "headers of strangers count for nothing");
    s.clock.advance(minutes(2));
    assert!(with(&s, attempt(0, PASSWORD)).await.ok()["access_token"].is_string());
}

#[tokio::test]
async fn encrypted_passwords_are_read_and_broken_ones_are_simply_wrong() {
    let s = Server::start().await;
    s.user("ada").await;
    let send = |password: String, kind: &'static str| {
        let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": password },
            "options": { "passwordEncryptType": kind } });
        let app = s.app();
        async move { app.post("/api/v3/signin", body).await }
    };
    let public = s.anonymous().get("/api/v3/system").await.body;
    let pem = public["rsa"]["publicKey"].as_str().unwrap();
    let rsa = watchword_testkit::encrypt::rsa(pem, PASSWORD);
    assert!(send(rsa.clone(), "rsa").await.ok()["access_token"].is_string());
    for broken in ["AAAA".to_owned(), format!("{}AAAA", &rsa[..rsa.len() - 4]), PASSWORD.to_owned()] {
        send(broken, "rsa").await.refused_with(403, 2333);
        s.clock.advance(minutes(20));
    }
    send("04ffff".into(), "sm2").await.refused_with(403, 2333);
}

#[tokio::test]
async fn tenants_are_refused_aloud() {
    let s = Server::start().await;
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "a", "password": "b" },
        "options": { "tenantId": "t" } });
    s.app().post("/api/v3/signin", body).await.refused(501);
}

#[tokio::test]
async fn a_sign_in_is_counted_and_left_in_the_trail() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    s.sign_in("ada").await.ok();
    with(&s, json!({ "username": "ada", "password": "wrong wrong wrong" })).await.refused_with(403, 2333);
    let user = s.admin().await.get(&format!("/api/v3/get-user?userId={ada}")).await.ok();
    assert_eq!((user["loginsCount"].as_i64(), user["lastLogin"].as_str()), (Some(1), Some("2026-01-01T00:00:00.000Z")));
    assert_eq!(s.audited("login.signin").await, 2);
}

#[tokio::test]
async fn an_application_is_given_no_scope_that_it_may_not_ask_for() {
    let s = Server::start().await;
    s.user("ada").await;
    let body = json!({ "appName": "Narrow", "redirectUris": ["https://app.example.com/cb"],
        "oidcConfig": { "scope": "openid profile" } });
    let made = s.admin().await.post("/api/v3/create-application", body).await.ok();
    let app = s.anonymous().header("x-authing-app-id", made["appId"].as_str().expect("an id"));
    let ask = |scope: &str| {
        let body = json!({ "connection": "PASSWORD", "options": { "scope": scope },
            "passwordPayload": { "username": "ada", "password": PASSWORD } });
        let app = app.clone();
        async move { app.post("/api/v3/signin", body).await }
    };
    assert_eq!(ask("openid profile").await.ok()["scope"], "openid profile");
    ask("openid email").await.refused_at("options.scope");
    ask("openid offline_access").await.refused_at("options.scope");
}

#[tokio::test]
async fn users_whose_consent_is_asked_for_sign_in_at_the_page_only() {
    let s = Server::start().await;
    s.user("ada").await;
    let body = json!({ "appName": "Stranger", "redirectUris": ["https://app.example.com/cb"],
        "oidcConfig": { "skip_consent": false } });
    let made = s.admin().await.post("/api/v3/create-application", body).await.ok();
    let app = s.anonymous().header("x-authing-app-id", made["appId"].as_str().expect("an id"));
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": PASSWORD } });
    let refused = app.post("/api/v3/signin", body).await.refused(403);
    assert!(refused["message"].as_str().expect("a message").contains("/oidc/auth"), "{refused}");
}

/// What takes long is counted, not timed.
#[tokio::test]
async fn a_wrong_password_costs_the_same_whatever_is_stored_and_whether_there_is_a_user() {
    let s = Server::start().await;
    let admin = s.admin().await;
    s.user("ada").await;
    admin.post("/api/v3/create-user", json!({ "username": "nopass" })).await.ok();
    let md5 = json!({ "username": "imported", "password": "496ec69c8e946fb4ab3695fda9cb1a25", "salt": "s4lt" });
    admin.post("/api/v3/create-user", md5).await.ok();
    let cost = |name: &str, password: &str| {
        let payload = json!({ "username": name, "password": password });
        let s = &s;
        async move {
            let before = s.services.passwords.evaluated();
            with(s, payload).await;
            s.services.passwords.evaluated() - before
        }
    };
    for name in ["ada", "nopass", "imported", "nobody"] {
        assert_eq!(cost(name, "wrong wrong wrong").await, 1, "{name}");
    }
    assert_eq!(cost("imported", PASSWORD).await, 1, "hashed anew");
    assert_eq!(cost("imported", PASSWORD).await, 1);
}
