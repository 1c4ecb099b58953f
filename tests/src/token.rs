//! Management tokens, signed requests, and who may do what with them.

use data_encoding::BASE64;
use serde_json::{Value, json};
use watchword_crypto::signature;
use watchword_domain::token;
use watchword_store::{Record, access_key};
use watchword_testkit::user::PASSWORD;
use watchword_testkit::{Client, Pool, Reply, Server, minutes, seconds};
use watchword_web::{Access, Op, Shape, operations};

const TOKEN: &str = "/api/v3/get-management-token";
const ENABLE: &str = "/api/v3/update-global-mfa-settings";
/// The moment at which every test begins, as an HTTP date.
const NOW: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

fn with(id: &str, secret: &str) -> Value {
    json!({ "accessKeyId": id, "accessKeySecret": secret })
}

/// A new key with these permissions: id, secret.
pub async fn new_key(server: &Server, permissions: &[&str]) -> (String, String) {
    let body = json!({ "type": "userpool", "permissions": permissions });
    let made = server.admin().await.post("/api/v3/create-access-key", body).await.ok();
    let text = |name: &str| made[0][name].as_str().unwrap().to_owned();
    (text("accessKeyId"), text("accessKeySecret"))
}

/// A client of a new key with these permissions.
pub async fn limited(server: &Server, permissions: &[&str]) -> Client {
    let (id, secret) = new_key(server, permissions).await;
    let token = server.anonymous().post(TOKEN, with(&id, &secret)).await.ok();
    server.anonymous().bearer(token["access_token"].as_str().unwrap())
}

/// A new user, signed in at this application: user id, tokens.
pub async fn signed_in(server: &Server, app_id: &str) -> (String, Value) {
    let username = server.services.ids.next(server.clock.now());
    let user_id = server.user(&username).await;
    (user_id, sign_in(server, app_id, &username).await.ok())
}

pub async fn sign_in(server: &Server, app_id: &str, username: &str) -> Reply {
    let body = json!({
        "connection": "PASSWORD", "passwordPayload": { "username": username, "password": PASSWORD },
        "options": { "scope": "openid offline_access" },
    });
    server.anonymous().header("x-authing-app-id", app_id).post("/api/v3/signin", body).await
}

#[tokio::test]
async fn the_token_of_a_key_names_its_pool_to_who_decodes_it_plainly() {
    let server = Server::start().await;
    let other = server.new_pool("Other").await;
    let data = server.anonymous().post(TOKEN, with(&other.key_id, &other.key_secret)).await.ok();
    assert_eq!(data["expires_in"], 7200);
    let token = data["access_token"].as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    let padded = format!("{payload}{}", "=".repeat((4 - payload.len() % 4) % 4));
    let claims: Value = serde_json::from_slice(&BASE64.decode(padded.as_bytes()).unwrap()).unwrap();
    assert_eq!(claims["scoped_userpool_id"], json!(other.id));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7200);
}

#[tokio::test]
async fn no_payload_holds_a_character_that_plain_base64_lacks() {
    let server = Server::start().await;
    for n in 0..500 {
        let now = server.services.clock.now() + seconds(n * 7919);
        let mut key = access_key::AccessKey::sample();
        key.id = server.services.ids.next(now);
        key.pool_id = server.services.ids.next(now);
        let token = token::issue_management(&server.services, &key, now);
        let payload = token.split('.').nth(1).unwrap();
        assert!(!payload.contains(['-', '_']), "{payload}");
    }
}

#[tokio::test]
async fn a_token_works_for_two_hours_with_and_without_bearer() {
    let server = Server::start().await;
    let data = server.anonymous().post(TOKEN, with(&server.pool.key_id, &server.pool.key_secret)).await.ok();
    let token = data["access_token"].as_str().unwrap();
    let ways = [token.to_owned(), format!("Bearer {token}"), format!("bearer {token}")];
    server.clock.advance(seconds(7199));
    for way in &ways {
        server.anonymous().header("authorization", way).get("/api/v3/list-access-key").await.ok();
    }
    server.clock.advance(seconds(1));
    for way in &ways {
        server.anonymous().header("authorization", way).get("/api/v3/list-access-key").await.refused(401);
    }
}

#[tokio::test]
async fn a_wrong_id_and_a_wrong_secret_get_the_same_answer_and_the_same_pause() {
    let server = Server::start().await;
    let client = server.anonymous();
    let unknown = "0123456789abcdef01234567";
    for _ in 0..10 {
        let mut a = client.post(TOKEN, with(&server.pool.key_id, "wrong")).await.refused(401);
        let mut b = client.post(TOKEN, with(unknown, "wrong")).await.refused(401);
        a["requestId"] = json!("");
        b["requestId"] = json!("");
        assert_eq!(a, b);
    }
    let a = client.post(TOKEN, with(&server.pool.key_id, "wrong")).await;
    let b = client.post(TOKEN, with(unknown, "wrong")).await;
    assert_eq!((a.http, b.http), (429, 429));
    assert_eq!(
        (&a.headers["retry-after"], &b.headers["retry-after"]),
        (&"60".parse().unwrap(), &"60".parse().unwrap())
    );
    server.clock.advance(minutes(1));
    client.post(TOKEN, with(&server.pool.key_id, "wrong")).await.refused(401);
    // The next pause is longer, and holds on another node.
    let node = server.second_node().await;
    assert_eq!(node.anonymous().post(TOKEN, with(&server.pool.key_id, "wrong")).await.headers["retry-after"], "120");
}

#[tokio::test]
async fn a_pause_does_not_shut_out_who_has_the_secret_and_ends_with_the_right_one() {
    let server = Server::start().await;
    let client = server.anonymous();
    for _ in 0..10 {
        client.post(TOKEN, with(&server.pool.key_id, "wrong")).await.refused(401);
    }
    assert_eq!(client.post(TOKEN, with(&server.pool.key_id, "wrong")).await.http, 429);
    client.post(TOKEN, with(&server.pool.key_id, &server.pool.key_secret)).await.ok();
    client.post(TOKEN, with(&server.pool.key_id, "wrong")).await.refused(401);
}

#[tokio::test]
async fn trying_invented_ids_does_not_fill_the_database() {
    let server = Server::start().await;
    let client = server.anonymous();
    for n in 0..30 {
        client.post(TOKEN, with(&format!("invented-{n}"), "wrong")).await.refused(401);
    }
    let mut tx = server.services.db.read().await.unwrap();
    let sql = "SELECT bucket FROM throttles WHERE pool_id = ''".to_owned();
    let rows: Vec<(String,)> = tx.all(&sql, &[]).await.unwrap();
    let digits = |b: &str| b.strip_prefix("access_key:").is_some_and(|d| u16::from_str_radix(d, 16).is_ok());
    assert!(!rows.is_empty() && rows.iter().all(|(bucket,)| digits(bucket)), "{rows:?}");
}

#[tokio::test]
async fn each_try_at_a_known_key_leaves_a_row_in_its_pools_trail_without_the_secret() {
    let server = Server::start().await;
    let other = server.new_pool("Other").await;
    server.anonymous().post(TOKEN, with(&other.key_id, "guess-guess")).await.refused(401);
    server.anonymous().post(TOKEN, with(&other.key_id, &other.key_secret)).await.ok();
    let mut tx = server.services.db.read().await.unwrap();
    let sql = format!(
        "SELECT result, actor_kind, actor_id, details FROM audit_logs
         WHERE pool_id = '{}' AND action = 'access_key.token' ORDER BY id",
        other.id
    );
    let rows: Vec<(String, String, String, String)> = tx.all(&sql, &[]).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|r| (r.0.as_str(), r.1.as_str(), r.2.as_str())).collect();
    assert_eq!(seen, [("refused", "anonymous", ""), ("success", "access_key", other.key_id.as_str())]);
    assert!(
        rows.iter().all(|r| r.3.contains(&other.key_id) && !r.3.contains("guess") && !r.3.contains(&other.key_secret))
    );
}

/// A refusal in the operation's shape.
#[track_caller]
fn turned_away(op: &Op, reply: &Reply, status: u16) {
    match op.shape {
        Shape::OAuth => assert_eq!(reply.http, status, "{} {}", op.path, reply.text),
        _ => drop(reply.refused(status)),
    }
}

#[tokio::test]
async fn a_key_without_permissions_may_do_nothing() {
    let server = Server::start().await;
    let client = limited(&server, &[]).await;
    let mut tried = 0;
    for op in operations().iter().filter(|op| matches!(op.access, Access::Key(_))) {
        turned_away(op, &client.call(op.method, op.path, (op.method != "GET").then(|| json!({}))).await, 403);
        tried += 1;
    }
    assert!(tried >= 17, "{tried}");
    // Nor does it learn what there is.
    client.get("/api/v3/no-such-operation").await.refused(403);
    server.admin().await.get("/api/v3/no-such-operation").await.refused(501);
}

#[tokio::test]
async fn a_key_with_one_permission_may_do_that_and_no_more() {
    let server = Server::start().await;
    let client = limited(&server, &["access-key:read"]).await;
    client.get("/api/v3/list-access-key").await.ok();
    let body = client.post("/api/v3/create-access-key", json!({ "type": "userpool" })).await.refused(403);
    assert!(body["message"].as_str().unwrap().contains("access-key:write"), "{body}");
}

#[tokio::test]
async fn a_pool_named_in_the_header_must_be_the_callers() {
    let server = Server::start().await;
    let other = server.new_pool("Other").await;
    let admin = server.admin().await;
    admin.clone().header("x-authing-userpool-id", &server.pool.id).get("/api/v3/list-access-key").await.ok();
    for named in [other.id.as_str(), "0123456789abcdef01234567"] {
        let client = admin.clone().header("x-authing-userpool-id", named);
        client.get("/api/v3/list-access-key").await.refused(403);
        client.post(ENABLE, json!({ "enabledFactors": ["OTP"] })).await.refused(403);
    }
    let none = server.admin_of(&other).await.get("/api/v3/get-global-mfa-settings").await.ok();
    assert_eq!(none["enabledFactors"], json!([]));
}

#[tokio::test]
async fn application_credentials_manage_nothing() {
    let server = Server::start().await;
    let Pool { app_id, app_secret, .. } = server.pool.clone();
    let basic = BASE64.encode(format!("{app_id}:{app_secret}").as_bytes());
    server.anonymous().post(TOKEN, with(&app_id, &app_secret)).await.refused(401);
    let with_basic = server.app().header("authorization", &format!("Basic {basic}"));
    for op in operations().iter().filter(|op| matches!(op.access, Access::Key(_))) {
        turned_away(op, &server.app().call(op.method, op.path, None).await, 401);
        turned_away(op, &with_basic.call(op.method, op.path, None).await, 401);
    }
    let call = Call::get(&server, "/api/v3/list-access-key", "/api/v3/list-access-key?");
    Call { key_id: app_id, secret: app_secret, ..call }.send(&server).await.refused_with(401, 1300);
}

#[tokio::test]
async fn a_users_token_manages_nothing_and_a_management_token_is_no_user() {
    let server = Server::start().await;
    let (_, tokens) = signed_in(&server, &server.pool.app_id).await;
    let token = tokens["access_token"].as_str().unwrap();
    let user = server.anonymous().bearer(token);
    let admin = server.admin().await;
    user.get("/api/v3/list-enrolled-factors").await.ok();
    for op in &operations() {
        match op.access {
            Access::Key(_) => turned_away(op, &user.call(op.method, op.path, None).await, 401),
            Access::User | Access::UserOrMfa => {
                let reply = admin.call(op.method, op.path, None).await;
                turned_away(op, &reply, 401);
                // The older shape calls it `code`, that of OAuth by a word.
                let body = &reply.body;
                let said = body["apiCode"] == 2020 || body["code"] == 2020 || body["error"] == "invalid_token";
                assert!(said, "{} {body}", op.path);
            }
            _ => {}
        }
    }
}

async fn admin_token(server: &Server) -> String {
    let data = server.anonymous().post(TOKEN, with(&server.pool.key_id, &server.pool.key_secret)).await.ok();
    data["access_token"].as_str().unwrap().to_owned()
}

/// A signed request as the Node SDK makes it; the signature is computed when it is sent, from `signed` and the headers
/// as they were made, so that a test can change what travels.
#[derive(Clone)]
struct Call {
    key_id: String,
    secret: String,
    method: &'static str,
    /// What travels.
    path: String,
    body: Option<String>,
    headers: Vec<(&'static str, String)>,
    /// What is signed.
    signed_path: String,
    signed_headers: Vec<(&'static str, String)>,
}

impl Call {
    fn new(server: &Server, method: &'static str, path: &str, signed_path: &str, body: Option<&str>) -> Call {
        let headers = vec![
            ("date", NOW.to_owned()),
            ("x-authing-lang", "en-US".into()),
            ("x-authing-sdk-version", "authing-node-sdk:4.0.1".into()),
            ("x-authing-signature-method", "HMAC-SHA1".into()),
            ("x-authing-signature-nonce", server.services.entropy.hex(16)),
            ("x-authing-signature-version", "1.0".into()),
        ];
        Call {
            key_id: server.pool.key_id.clone(),
            secret: server.pool.key_secret.clone(),
            method,
            path: path.into(),
            body: body.map(str::to_owned),
            headers: headers.clone(),
            signed_path: signed_path.into(),
            signed_headers: headers,
        }
    }

    fn get(server: &Server, path: &str, signed_path: &str) -> Call {
        Call::new(server, "GET", path, signed_path, None)
    }

    fn post(server: &Server) -> Call {
        let (body, signed) = (r#"{"enabledFactors":["OTP"]}"#, format!(r#"{ENABLE}?enabledFactors=["OTP"]"#));
        Call::new(server, "POST", ENABLE, &signed, Some(body))
    }

    /// Sends and signs another value of a header.
    fn header(mut self, name: &'static str, value: &str) -> Call {
        for list in [&mut self.headers, &mut self.signed_headers] {
            list.retain(|(n, _)| *n != name);
            list.push((name, value.to_owned()));
            list.sort();
        }
        self
    }

    /// Sends another value than was signed, or none.
    fn tampered(mut self, name: &'static str, value: Option<&str>) -> Call {
        self.headers.retain(|(n, _)| *n != name);
        self.headers.extend(value.map(|v| (name, v.to_owned())));
        self
    }

    fn without(mut self, name: &'static str) -> Call {
        self.headers.retain(|(n, _)| *n != name);
        self.signed_headers.retain(|(n, _)| *n != name);
        self
    }

    async fn send(&self, server: &Server) -> Reply {
        let mut string = format!("{}\n", self.method);
        for (name, value) in &self.signed_headers {
            string.push_str(&format!("{name}:{value}\n"));
        }
        string.push_str(&self.signed_path);
        let signature = signature::sign(self.secret.as_bytes(), &string);
        let credentials = format!("authing {}:{signature}", self.key_id);
        let mut client = server.anonymous().header("authorization", &credentials);
        for (name, value) in &self.headers {
            client = client.header(name, value);
        }
        match &self.body {
            Some(body) => client.post_raw(&self.path, body.clone()).await,
            None => client.get(&self.path).await,
        }
    }
}

#[tokio::test]
async fn a_request_signed_as_the_node_sdk_does_is_accepted() {
    let server = Server::start().await;
    assert_eq!(Call::post(&server).send(&server).await.ok()["enabledFactors"], json!(["OTP"]));
    let app_id = server.pool.app_id.clone();
    let path = format!("/api/v3/get-application?appId={app_id}");
    assert_eq!(Call::get(&server, &path, &path).send(&server).await.ok()["appId"], json!(app_id));
    let listed = Call::get(
        &server,
        "/api/v3/list-access-key?status%5B%5D=activated&status%5B%5D=revoked",
        r#"/api/v3/list-access-key?status=["activated","revoked"]"#,
    );
    assert_eq!(listed.send(&server).await.ok()[0]["accessKeyId"], json!(server.pool.key_id));
}

#[tokio::test]
async fn a_dangling_question_mark_may_be_signed_where_there_are_no_parameters() {
    let server = Server::start().await;
    for signed in ["/api/v3/list-access-key", "/api/v3/list-access-key?"] {
        Call::get(&server, "/api/v3/list-access-key", signed).send(&server).await.ok();
    }
    Call::get(&server, "/api/v3/list-access-key", "/api/v3/list-access-key?x=1")
        .send(&server)
        .await
        .refused_with(401, 1300);
}

#[tokio::test]
async fn whatever_is_changed_on_the_way_is_noticed() {
    let server = Server::start().await;
    let post = || Call::post(&server);
    let other_nonce = "00000000000000000000000000000000";
    let cases: Vec<(&str, u32, Call)> = vec![
        ("body", 1300, Call { body: Some(r#"{"enabledFactors":["SMS"]}"#.into()), ..post() }),
        ("added member", 1300, Call { body: Some(r#"{"enabledFactors":["OTP"],"x":1}"#.into()), ..post() }),
        ("path", 1300, Call { path: "/api/v3/disable-global-mfa-settings".into(), ..post() }),
        ("query", 1300, Call { path: format!("{ENABLE}?x=1"), ..post() }),
        ("method", 1300, Call { signed_path: post().signed_path, method: "GET", ..post() }),
        ("secret", 1300, Call { secret: "0".repeat(32), ..post() }),
        ("key", 1300, Call { key_id: "0123456789abcdef01234567".into(), ..post() }),
        ("nonce", 1300, post().tampered("x-authing-signature-nonce", Some(other_nonce))),
        ("nonce taken away", 1300, post().tampered("x-authing-signature-nonce", None)),
        ("no nonce signed", 1300, post().without("x-authing-signature-nonce")),
        ("date", 1300, post().tampered("date", Some("Thu, 01 Jan 2026 00:00:01 GMT"))),
        ("language", 1300, post().tampered("x-authing-lang", Some("zh-CN"))),
        ("added header", 1300, post().tampered("x-authing-userpool-id", Some(&server.pool.id))),
        ("signature method", 1301, post().header("x-authing-signature-method", "HMAC-SHA256")),
        ("signature version", 1302, post().header("x-authing-signature-version", "2.0")),
        ("date in words", 1303, post().header("date", "yesterday")),
        ("date in seconds", 1303, post().header("date", "1767225600")),
        ("no date", 1304, post().without("date")),
        ("date taken away", 1304, post().tampered("date", None)),
        ("skew", 1305, post().header("date", "Thu, 01 Jan 2026 00:05:01 GMT")),
    ];
    for (what, code, call) in cases {
        let reply = call.send(&server).await;
        assert_eq!(
            (reply.body["statusCode"].as_u64(), reply.body["apiCode"].as_u64()),
            (Some(401), Some(code.into())),
            "{what}: {}",
            reply.text
        );
    }
    let settings = server.admin().await.get("/api/v3/get-global-mfa-settings").await.ok();
    assert_eq!(settings["enabledFactors"], json!([]));
}

#[tokio::test]
async fn a_signature_is_good_once_on_every_node_and_after_a_restart() {
    let server = Server::start().await;
    let node = server.second_node().await;
    let call = Call::post(&server);
    call.send(&server).await.ok();
    call.send(&server).await.refused_with(401, 1306);
    call.send(&node).await.refused_with(401, 1306);
    let server = server.restart().await;
    call.send(&server).await.refused_with(401, 1306);
    // A refused forgery does not use up the nonce of the real request.
    let call = Call::post(&server);
    Call { body: Some("{}".into()), ..call.clone() }.send(&server).await.refused_with(401, 1300);
    call.send(&server).await.ok();
}

#[tokio::test]
async fn parallel_uses_of_one_signature_succeed_once() {
    let server = Server::start().await;
    let node = server.second_node().await;
    let call = Call::post(&server);
    let tries = (0..8).map(|n| call.send(if n % 2 == 0 { &server } else { &node }));
    let mut accepted = 0;
    for reply in join(tries).await {
        if reply.body["statusCode"] == 200 {
            accepted += 1;
        } else {
            reply.refused_with(401, 1306);
        }
    }
    assert_eq!(accepted, 1);
}

/// Runs all at once, on this task.
async fn join<F: Future>(list: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = list.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(out) = future.as_mut().poll(cx)
            {
                *slot = Some(out);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_date_may_be_five_minutes_off_and_milliseconds_too() {
    let server = Server::start().await;
    let now = server.clock.now();
    let at = |offset: i64| Call::post(&server).header("date", &(now + seconds(offset)).0.to_string());
    for offset in [-300, 0, 300] {
        at(offset).send(&server).await.ok();
    }
    for offset in [-301, 301] {
        at(offset).send(&server).await.refused_with(401, 1305);
    }
    // The nonce outlives the latest moment at which its date is still believed.
    let early = at(300);
    early.send(&server).await.ok();
    server.clock.advance(seconds(600));
    early.send(&server).await.refused_with(401, 1306);
}

#[tokio::test]
async fn a_key_that_is_deleted_or_disabled_signs_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (key_id, secret) = new_key(&server, &["access-key:read"]).await;
    let call = || {
        let call = Call::get(&server, "/api/v3/list-access-key", "/api/v3/list-access-key?");
        Call { key_id: key_id.clone(), secret: secret.clone(), ..call }
    };
    call().send(&server).await.ok();
    admin.post("/api/v3/update-access-key", json!({ "accessKeyId": key_id, "enable": false })).await.ok();
    call().send(&server).await.refused_with(401, 1300);
    admin.post("/api/v3/update-access-key", json!({ "accessKeyId": key_id, "enable": true })).await.ok();
    call().send(&server).await.ok();
    admin.post("/api/v3/delete-access-key", json!({ "accessKeyId": key_id })).await.done();
    call().send(&server).await.refused_with(401, 1300);
}

#[tokio::test]
async fn a_signed_request_is_confined_to_the_permissions_of_its_key() {
    let server = Server::start().await;
    let (key_id, secret) = new_key(&server, &["access-key:read"]).await;
    Call { key_id, secret, ..Call::post(&server) }.send(&server).await.refused(403);
}

#[tokio::test]
async fn the_signature_headers_of_the_java_sdk_beside_a_token_mean_nothing() {
    let server = Server::start().await;
    let client = server.anonymous().header("authorization", &admin_token(&server).await);
    let client = client
        .header("date", "1795148267199")
        .header("x-authing-signature-method", "HMAC-SHA1")
        .header("x-authing-signature-nonce", "289PM9fA3WK2tZ8F")
        .header("x-authing-signature-version", "1.0");
    client.get("/api/v3/list-access-key").await.ok();
    client.get("/api/v3/list-access-key").await.ok();
}
