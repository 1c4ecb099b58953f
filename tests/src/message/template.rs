//! E-mail templates: listed, written, previewed, and really sent.

use serde_json::{Value, json};
use watchword_testkit::{PASSWORD, Server, minutes, seconds};

use super::Post;

const UPDATE: &str = "/api/v3/update-email-template";
const PREVIEW: &str = "/api/v3/preview-email-template";

fn template(kind: &str, more: Value) -> Value {
    let mut all = json!({
        "type": kind, "customizeEnabled": true, "name": "Ours", "subject": "{{app_name}} & {{code}}",
        "sender": "{{client_name}} desk", "content": "<p>Hello {{user_name}}: <b>{{code}}</b></p>",
    });
    for (name, value) in more.as_object().expect("an object") {
        all[name] = value.clone();
    }
    all
}

#[tokio::test]
async fn every_type_has_a_default_in_english_and_in_chinese() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let english = admin.get("/api/v3/get-email-templates").await.ok();
    let chinese = admin.clone().header("x-authing-lang", "zh-CN").get("/api/v3/get-email-templates").await.ok();
    assert_eq!(english["templates"].as_array().unwrap().len(), 15);
    assert!(english["categories"][0]["titleEn"].is_string());
    for (en, zh) in english["templates"].as_array().unwrap().iter().zip(chinese["templates"].as_array().unwrap()) {
        assert_eq!((&en["type"], &en["customizeEnabled"]), (&zh["type"], &json!(false)));
        assert_ne!(en["content"], zh["content"], "{en}");
        let preview = admin.post(PREVIEW, json!({ "type": en["type"] })).await.ok();
        assert!(!preview["content"].as_str().unwrap().contains("{{"), "{preview}");
        assert_eq!(preview["sender"], "Test pool");
    }
}

#[tokio::test]
async fn a_template_dresses_its_message_while_it_is_on_and_no_other() {
    let post = Post::start().await;
    let admin = post.server.admin().await;
    admin.post(UPDATE, template("REGISTER_VERIFY_CODE", json!({}))).await.ok();
    post.mail("ada@example.com", super::REGISTER).await.done();
    let mail = post.mail.wait_for(1).await.remove(0);
    let (html, text) = (mail.html().expect("html"), mail.text().expect("text"));
    let code: String = text.split(|c: char| !c.is_ascii_digit()).find(|w| w.len() == 6).expect("a code").to_owned();
    assert_eq!(html.trim(), format!("<p>Hello ada@example.com: <b>{code}</b></p>"));
    assert_eq!(mail.header("Subject").unwrap(), format!("Test pool & {code}"));
    assert!(mail.header("From").unwrap().contains("Test pool desk"), "{:?}", mail.header("From"));
    post.server.advance(minutes(2));
    let admin = post.server.admin().await;
    post.mail("ada@example.com", "CHANNEL_BIND_EMAIL").await.done();
    assert!(post.mail.wait_for(2).await.remove(1).html().is_none(), "another type keeps this server's text");
    post.server.advance(minutes(2));
    admin.post(UPDATE, template("REGISTER_VERIFY_CODE", json!({ "customizeEnabled": false }))).await.ok();
    post.mail("ada@example.com", super::REGISTER).await.done();
    assert!(post.mail.wait_for(3).await.remove(2).html().is_none());
}

#[tokio::test]
async fn what_a_user_calls_himself_is_no_markup_and_no_header() {
    let post = Post::start().await;
    let admin = post.server.admin().await;
    let own = json!({ "subject": "{{user_name}}", "sender": "{{user_name}}", "content": "<p>{{user_name}}</p>" });
    admin.post(UPDATE, template("USER_PASSWORD_RESET_NOTIFICATION", own)).await.ok();
    let name = "<script>alert('{{code}}')</script> & \"Ada\"";
    let user = json!({ "username": "ada", "nickname": name, "email": "ada@example.com", "password": PASSWORD });
    let id = admin.post("/api/v3/create-user", user).await.ok()["userId"].as_str().unwrap().to_owned();
    let ctx = watchword_domain::Ctx::system(
        post.server.services.clone(),
        watchword_kit::PoolId::new(&post.server.pool.id),
        watchword_domain::Audit::UserUpdate,
    );
    let mut tx = ctx.write().await.unwrap();
    let row = watchword_store::user::TABLE.get(&mut tx, ctx.pool(), &id).await.unwrap().unwrap();
    watchword_domain::outbox::notify_user(&mut tx, &ctx, &row, watchword_domain::outbox::Event::PasswordChanged)
        .await
        .unwrap();
    ctx.commit(tx, json!({})).await.unwrap();
    let mail = post.mail.wait_for(1).await.remove(0);
    let html = mail.html().expect("html");
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>") && html.contains("{{code}}"), "{html}");
    assert!(!mail.header("Subject").unwrap().contains('\n'));
}

#[tokio::test]
async fn a_code_lives_as_long_as_its_template_says() {
    let s = Server::with(|settings| settings.demo = true).await;
    let admin = s.admin().await;
    let user = json!({ "username": "ada", "email": "ada@example.com", "password": PASSWORD });
    admin.post("/api/v3/create-user", user).await.ok();
    for (life, after, good) in [(None, 61, false), (Some(600), 599, true), (Some(600), 601, false)] {
        if let Some(life) = life {
            let admin = s.admin().await;
            admin.post(UPDATE, template("LOGIN_VERIFY_CODE", json!({ "expiresIn": life }))).await.ok();
        }
        s.advance(minutes(2));
        let send = json!({ "email": "ada@example.com", "channel": "CHANNEL_LOGIN" });
        s.app().post("/api/v3/send-email", send).await.done();
        let code = s.newest_code().await;
        s.advance(seconds(after));
        let payload = json!({ "email": "ada@example.com", "passCode": code });
        let reply =
            s.app().post("/api/v3/signin", json!({ "connection": "PASSCODE", "passCodePayload": payload })).await;
        if good { drop(reply.ok()) } else { drop(reply.refused_with(403, 2001)) }
    }
}

#[tokio::test]
async fn a_preview_shows_what_is_given_over_what_is_kept() {
    let s = Server::start().await;
    let admin = s.admin().await;
    admin.post(UPDATE, template("LOGIN_VERIFY_CODE", json!({}))).await.ok();
    let preview = admin.post(PREVIEW, json!({ "type": "LOGIN_VERIFY_CODE" })).await.ok();
    assert_eq!(preview["subject"], "Test pool & 123456");
    assert_eq!(preview["content"], "<p>Hello ada@example.com: <b>123456</b></p>");
    let given = json!({ "type": "LOGIN_VERIFY_CODE", "content": "{{code}} {{expires_in}}", "expiresIn": 300 });
    let preview = admin.post(PREVIEW, given).await.ok();
    assert_eq!((&preview["content"], &preview["sender"]), (&json!("123456 5"), &json!("Test pool desk")));
}

#[tokio::test]
async fn a_template_that_runs_code_or_says_nothing_is_refused_and_not_kept() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let before = admin.get("/api/v3/get-email-templates").await.ok();
    for (more, place) in [
        (json!({ "content": "{{{code}}}" }), "content"),
        (json!({ "content": "{{#each x}}{{code}}{{/each}}" }), "content"),
        (json!({ "content": "{{constructor}} {{code}}" }), "content"),
        (json!({ "content": "<%= process.env %> {{code}}" }), "content"),
        (json!({ "content": "no code at all" }), "content"),
        (json!({ "content": "" }), "content"),
        (json!({ "content": "x".repeat(40_000) }), "content"),
        (json!({ "subject": "two\r\nBcc: eve@example.com" }), "subject"),
        (json!({ "subject": "" }), "subject"),
        (json!({ "sender": "{{sender}}" }), "sender"),
        (json!({ "expiresIn": 29 }), "expiresIn"),
        (json!({ "expiresIn": 3601 }), "expiresIn"),
        (json!({ "type": "NO_SUCH" }), "type"),
        (json!({ "type": "WELCOME_EMAIL", "expiresIn": 60 }), "expiresIn"),
    ] {
        admin.post(UPDATE, template("LOGIN_VERIFY_CODE", more)).await.refused_at(place);
    }
    for more in [
        json!({ "tplEngine": "ejs" }),
        json!({ "redirectTo": "https://example.com" }),
        json!({ "type": "CONSOLE_CONDUCTED_VERIFY" }),
        json!({ "type": "USER_PASSWORD_UPDATE_REMIND" }),
    ] {
        admin.post(UPDATE, template("LOGIN_VERIFY_CODE", more)).await.refused(501);
    }
    admin.post(PREVIEW, json!({ "type": "LOGIN_VERIFY_CODE", "content": "{{#if x}}" })).await.refused_at("content");
    admin.post(PREVIEW, json!({ "type": "LOGIN_VERIFY_CODE", "tplEngine": "ejs" })).await.refused(501);
    assert_eq!(admin.get("/api/v3/get-email-templates").await.ok(), before);
    let other = s.new_pool("Other").await;
    admin.post(UPDATE, template("LOGIN_VERIFY_CODE", json!({}))).await.ok();
    let theirs = s.admin_of(&other).await.get("/api/v3/get-email-templates").await.ok();
    assert_eq!(theirs, before, "another pool keeps its own");
}
