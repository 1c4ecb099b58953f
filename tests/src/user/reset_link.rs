//! New passwords by a link: used once, in time, by whoever reads the user's mail.

use futures_util::future::join_all;
use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, Reply, SECRET, Server, minutes};

use super::{count, create, id, letters, start};

const NEW: &str = "an entirely new password";

/// A server whose messages can be read, and its management client.
async fn demo() -> (Server, Client) {
    let server = Server::with(|settings| settings.demo = true).await;
    let admin = server.admin().await;
    (server, admin)
}

async fn ada(admin: &Client) -> String {
    let ada = json!({ "username": "ada", "email": "Ada@Example.com", "password": PASSWORD });
    id(&create(admin, ada).await).to_owned()
}

async fn send(admin: &Client, users: Value) -> Value {
    admin.post("/api/v3/send-user-reset-password-email-link", json!({ "users": users })).await.ok()
}

/// Path and query of the newest link.
async fn link(server: &Server) -> String {
    let newest = letters(server).await.into_iter().next().expect("a letter").1;
    let url = newest.split_whitespace().find(|word| word.contains("/reset-password?")).expect("a link");
    url.strip_prefix("https://id.example.com").expect("the configured address").to_owned()
}

async fn set(client: &Client, link: &str, password: &str, again: &str) -> Reply {
    let members: Vec<(&str, &str)> =
        link.split_once('?').unwrap().1.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let member = |name: &str| members.iter().find(|m| m.0 == name).unwrap().1;
    let form = [("pool", member("pool")), ("token", member("token")), ("password", password), ("again", again)];
    client.post_form("/reset-password", &form).await
}

async fn sign_in(server: &Server, password: &str) -> Reply {
    server.sign_in_with("ada", json!({ "password": password, "username": "ada" }), "openid").await
}

#[tokio::test]
async fn a_link_sets_a_password_once_ends_sessions_and_tells_the_user() {
    let (server, admin) = demo().await;
    let ada = ada(&admin).await;
    admin
        .post("/api/v3/update-user", json!({ "userId": ada, "options": { "resetPasswordOnNextLogin": true } }))
        .await
        .ok();
    sign_in(&server, PASSWORD).await.refused_with(300, 1639);
    let user = json!({ "userId": "ada", "userIdType": "username" });
    assert_eq!(send(&admin, json!([user])).await, json!([{ "userId": "ada", "success": true }]));
    let link = link(&server).await;
    let browser = server.anonymous();
    for _ in 0..2 {
        let page = browser.get(&link).await;
        assert_eq!((page.http, page.headers["cache-control"].to_str().unwrap()), (200, "no-store"));
        assert!(page.text.contains("<form method=\"post\"") && !page.text.contains("<script"), "{}", page.text);
    }
    sign_in(&server, PASSWORD).await.refused_with(300, 1639);

    assert_eq!(set(&browser, &link, NEW, "something else").await.http, 400);
    let weak = set(&browser, &link, "password1", "password1").await;
    assert!(weak.http == 400 && weak.text.contains("<form"), "{}", weak.text);
    assert_eq!(set(&browser, &link, NEW, NEW).await.http, 200);
    let session = sign_in(&server, NEW).await.ok();
    sign_in(&server, PASSWORD).await.refused_with(403, 2333);
    assert_eq!(set(&browser, &link, "another new password", "another new password").await.http, 400);
    let client = server.app().bearer(session["access_token"].as_str().unwrap());
    client.get("/api/v3/list-enrolled-factors").await.ok();
    assert!(letters(&server).await[0].1.contains("was changed"), "the user is told");
    assert_eq!((server.audited("user.password_reset").await, count(&server, "password_resets", "1 = 1").await), (1, 0));
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_trail_has_the_address_of_whoever_opened_the_page_and_their_browser() {
    let server = Server::behind_a_proxy(|settings| settings.demo = true).await;
    let admin = server.admin().await;
    ada(&admin).await;
    send(&admin, json!([{ "userId": "ada", "userIdType": "username" }])).await;
    let link = link(&server).await;
    let browser = server.anonymous().header("x-forwarded-for", "198.51.100.1, 203.0.113.7");
    let browser = browser.header("user-agent", "Browser of Ada");
    assert_eq!(set(&browser, &link, NEW, NEW).await.http, 200);
    let from = "action = 'user.password_reset' AND ip = '203.0.113.7' AND user_agent = 'Browser of Ada'";
    assert_eq!(count(&server, "audit_logs", from).await, 1);
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_leaves_the_second_factor() {
    let (server, admin) = demo().await;
    let ada = ada(&admin).await;
    let tokens = sign_in(&server, PASSWORD).await.ok();
    let session = server.app().bearer(tokens["access_token"].as_str().unwrap());
    server.import(&ada, SECRET).await;
    send(&admin, json!([{ "userId": ada }])).await;
    let newest = letters(&server).await;
    let at = newest.iter().position(|l| l.1.contains("/reset-password?")).expect("a link");
    let url = newest[at].1.split_whitespace().find(|w| w.contains("/reset-password?")).unwrap();
    set(&server.anonymous(), url, NEW, NEW).await;
    session.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    sign_in(&server, NEW).await.refused_with(300, 1635);
}

#[tokio::test]
async fn a_link_is_over_after_ten_minutes_and_by_whatever_makes_it_another_account() {
    let (server, admin) = demo().await;
    let ada = ada(&admin).await;
    let browser = server.anonymous();
    let fresh = async || {
        server.advance(minutes(2));
        assert_eq!(send(&admin, json!([{ "userId": ada }])).await[0]["success"], true);
        link(&server).await
    };
    let patch = |members: Value| {
        let mut patch = members;
        patch["userId"] = ada.as_str().into();
        admin.post("/api/v3/update-user", patch)
    };
    let late = fresh().await;
    server.advance(minutes(10));
    assert_eq!(set(&browser, &late, NEW, NEW).await.http, 400);
    let older = fresh().await;
    let newer = fresh().await;
    assert_eq!(set(&browser, &older, NEW, NEW).await.http, 400, "a newer one takes its place");
    patch(json!({ "email": "ada@elsewhere.example" })).await.ok();
    assert_eq!(set(&browser, &newer, NEW, NEW).await.http, 400, "the address is another one");
    let before = fresh().await;
    patch(json!({ "password": "set by an administrator" })).await.ok();
    assert_eq!(set(&browser, &before, NEW, NEW).await.http, 400, "the password is another one");
    let suspended = fresh().await;
    patch(json!({ "status": "Suspended" })).await.ok();
    patch(json!({ "status": "Activated" })).await.ok();
    assert_eq!(set(&browser, &suspended, NEW, NEW).await.http, 400, "it went with the sessions");
    let soon = server.clock.now() + minutes(3);
    let timed = fresh().await;
    patch(json!({ "suspendAt": soon.iso() })).await.ok();
    server.kill_worker();
    server.advance(minutes(2));
    assert_eq!(set(&browser, &timed, NEW, NEW).await.http, 400, "the account is to be suspended by now");
    for wrong in ["?pool=x&token=y", "?pool=&token="] {
        assert_eq!(set(&browser, wrong, NEW, NEW).await.http, 400);
    }
    let other = server.new_pool("Another pool").await;
    let token = timed.split("token=").nth(1).unwrap();
    let foreign = format!("/reset-password?pool={}&token={token}", other.id);
    assert_eq!(set(&browser, &foreign, NEW, NEW).await.http, 400);
    assert_eq!(server.audited("user.password_reset").await, 0);
}

#[tokio::test]
async fn each_result_says_whether_a_link_is_on_its_way() {
    let (server, admin) = demo().await;
    let ada = ada(&admin).await;
    let silent = server.user("silent").await;
    let asleep = json!({ "username": "asleep", "email": "asleep@example.com", "status": "Suspended" });
    let asleep = create(&admin, asleep).await;
    let users = json!([
        { "userId": ada }, { "userId": silent }, { "userId": id(&asleep) },
        { "userId": "0123456789abcdef01234567" }, { "userId": "ada@example.com", "userIdType": "email" },
    ]);
    let results = send(&admin, users).await;
    let success: Vec<&Value> = results.as_array().unwrap().iter().map(|r| &r["success"]).collect();
    // The last is Ada again, within the minute.
    assert_eq!(success, [true, false, false, false, false]);
    assert_eq!(results[4]["userId"], "ada@example.com");
    assert_eq!(letters(&server).await.len(), 1);
    assert_eq!(server.audited("user.password_link_send").await, 1);
    let path = "/api/v3/send-user-reset-password-email-link";
    admin.post(path, json!({ "users": [] })).await.refused_at("users");
    admin.post(path, json!({ "users": vec![json!({ "userId": ada }); 51] })).await.refused_at("users");
}

#[tokio::test]
async fn without_a_provider_no_link_can_be_sent() {
    let (_server, admin) = start().await;
    let ada = ada(&admin).await;
    let body = json!({ "users": [{ "userId": ada }] });
    admin.post("/api/v3/send-user-reset-password-email-link", body).await.refused(501);
}

#[tokio::test]
async fn a_page_shows_nothing_of_a_link_as_markup() {
    let (server, _) = demo().await;
    let page = server.anonymous().get("/reset-password?pool=%22%3E%3Cb%3E&token=%3Cimg%3E").await;
    assert!(page.http == 200 && !page.text.contains("<b>") && !page.text.contains("<img"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_use_one_link_at_two_nodes_one_sets_the_password() {
    let (one, admin) = demo().await;
    let two = one.second_node().await;
    // The second node is no demo, and would try to deliver the letters.
    two.kill_worker();
    let ada = ada(&admin).await;
    for round in 0..3 {
        one.advance(minutes(2));
        send(&admin, json!([{ "userId": ada }])).await;
        let letters = letters(&one).await;
        let url = letters.iter().flat_map(|l| l.1.split_whitespace()).find(|w| w.contains("/reset-password?"));
        let url = url.expect("a link").to_owned();
        let passwords: Vec<String> = (0..16).map(|n| format!("password of round {round} by {n}")).collect();
        let calls = passwords.iter().enumerate().map(|(n, password)| {
            let node = if n % 2 == 0 { &one } else { &two };
            let (client, url) = (node.anonymous(), url.clone());
            async move { set(&client, &url, password, password).await.http }
        });
        let replies = join_all(calls).await;
        let won: Vec<usize> = replies.iter().enumerate().filter(|(_, http)| **http == 200).map(|(n, _)| n).collect();
        assert_eq!(won.len(), 1, "{replies:?}");
        sign_in(&one, &passwords[won[0]]).await.ok();
    }
}

#[tokio::test]
async fn a_password_made_here_signs_its_user_in_after_being_read_in_the_letter() {
    let (server, admin) = demo().await;
    let user = json!({ "username": "ada", "email": "ada@example.com", "options": {
        "autoGeneratePassword": true, "sendNotification": { "sendEmailNotification": true },
    } });
    create(&admin, user).await;
    let text = letters(&server).await[0].1.clone();
    let password = text.split("Password: ").nth(1).expect("the password").trim().to_owned();
    sign_in(&server, &password).await.ok();
}
