//! Two nodes on one database: a session never outlives the password that opened it, and whoever changes a user at the
//! same moment waits, but never for each other. On PostgreSQL a wrong order of locks shows as 503.

use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde_json::{Value, json};
use watchword_testkit::{Browser, Client, PASSWORD, RECOVERY_CODE, Reply, SECRET, Server, encode};

use crate::authorize::{App, exchange, plain, request, sign_in};
use crate::race::Nodes;
use crate::security_settings::{anomaly, set};

const OTHER: &str = "quite another long secret";
const ROUNDS: usize = 6;

impl Nodes {
    fn node(&self, n: usize) -> &Server {
        if n.is_multiple_of(2) { &self.one } else { &self.two }
    }
}

async fn signs_in(s: &Server, name: &str, password: &str) -> Reply {
    let payload = json!({ "username": name, "password": password });
    s.sign_in_with(name, payload, "openid profile offline_access").await
}

fn access_of(reply: &Reply) -> Option<String> {
    let token = &reply.body["data"]["access_token"];
    token.as_str().or(reply.body["access_token"].as_str()).map(str::to_owned)
}

async fn is_dead(s: &Server, token: &str, what: &str) {
    let reply = s.anonymous().bearer(token).get("/api/v3/list-enrolled-factors").await;
    assert_eq!(reply.body["statusCode"], 401, "{what}: {}", reply.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_outlives_the_password_that_opened_it() {
    let nodes = Nodes::start().await;
    let admin = nodes.two.admin().await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        let id = nodes.one.user(&name).await;
        let tries = (0..24).map(|n| {
            let (node, name, admin, id) = (nodes.node(n), &name, &admin, &id);
            async move {
                if n == 11 {
                    let patch = json!({ "userId": id, "password": OTHER });
                    admin.post("/api/v3/update-user", patch).await.ok();
                    return None;
                }
                access_of(&signs_in(node, name, PASSWORD).await)
            }
        });
        for token in join_all(tries).await.into_iter().flatten() {
            is_dead(&nodes.one, &token, &format!("round {round}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_second_factor_completes_a_sign_in_whose_password_was_changed() {
    let nodes = Nodes::start().await;
    let admin = nodes.two.admin().await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        let id = nodes.one.user_with_otp(&name).await;
        let waiting = nodes.one.waiting(&name).await;
        let body = json!({ "totp": nodes.one.code(SECRET, 0) });
        let change = json!({ "userId": id, "password": OTHER });
        let (proven, changed) =
            tokio::join!(waiting.post("/api/v3/mfa-totp-verify", body), admin.post("/api/v3/update-user", change));
        changed.ok();
        if let Some(token) = access_of(&proven) {
            is_dead(&nodes.one, &token, &format!("round {round}")).await;
        }
    }
}

/// An application that is opened while the user signs out is either not opened or ended with the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn signing_out_leaves_no_session_that_was_opened_at_the_same_moment() {
    let nodes = Nodes::start().await;
    let app = plain(&nodes.one).await;
    let silent = request(&app, &[("prompt", "none")]);
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        nodes.one.user(&name).await;
        let mut browser = Browser::new(&nodes.one);
        let page = sign_in(&mut browser, &app, &name, &[]).await;
        let hint =
            exchange(&nodes.one, &app, &page.code(), &[]).await.body["id_token"].as_str().expect("a hint").to_owned();
        let out = format!("/oidc/session/end?id_token_hint={}", encode(&hint));
        let visits = (0..12).map(|n| {
            let mut tab = browser.at(nodes.node(n));
            let path = if n == 5 { &out } else { &silent };
            async move { tab.get(path).await }
        });
        for page in join_all(visits).await {
            assert!(page.http < 500, "{} {}", page.http, page.text);
            if page.location.is_none() || !page.returned().contains_key("code") {
                continue;
            }
            let opened = exchange(&nodes.two, &app, &page.code(), &[]).await;
            assert!(access_of(&opened).is_none(), "round {round}: {}", opened.text);
        }
    }
}

/// A password that was proven before another one was set opens nothing, wherever the sign-in waited.
#[tokio::test]
async fn what_an_old_password_has_begun_ends_with_it() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let admin = s.admin().await;
    let id = s.user("ada").await;
    let must = json!({ "userId": id, "options": { "resetPasswordOnNextLogin": true } });
    admin.post("/api/v3/update-user", must).await.ok();
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    assert!(page.offers("password"), "{}", page.text);
    let again = json!({ "userId": id, "password": OTHER, "options": { "resetPasswordOnNextLogin": true } });
    admin.post("/api/v3/update-user", again).await.ok();
    let mine = "the thief's own long secret";
    browser.submit(&page, "password", &[("password", mine), ("again", mine)]).await;
    signs_in(&s, "ada", mine).await.refused_with(403, 2333);
}

/// Everything that happens to an account, at both nodes at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_happens_to_a_user_at_once_nobody_waits_for_whoever_waits_for_them() {
    let nodes = Nodes::start().await;
    let app = plain(&nodes.one).await;
    let admins = [nodes.one.admin().await, nodes.two.admin().await];
    // Counters of failures and locks take part.
    let check = json!({ "enabled": true, "limit": 2, "timeInterval": 300 });
    set(
        &admins[0],
        json!({ "loginAnomalyDetection": anomaly(json!({
        "accountLock": "condition_set", "accountLockLoginPasswordFailCheck": check })) }),
    )
    .await;
    let mut users = Vec::new();
    for n in 0..3 {
        let name = format!("user{n}");
        let id = nodes.one.user_with_otp(&name).await;
        let plain = format!("plain{n}");
        users.push((plain.clone(), nodes.one.user(&plain).await));
        users.push((name, id));
    }
    let mut alive: Vec<String> = Vec::new();
    for round in 0..4 {
        let mut all: Vec<BoxFuture<'_, Vec<String>>> = Vec::new();
        for (u, (name, id)) in users.iter().enumerate() {
            for step in 0..STEPS {
                let n = u + step + round;
                let at = Act { node: nodes.node(n), admin: &admins[n % 2], app: &app, name, id };
                all.push(at.act(step).boxed());
            }
        }
        alive.extend(join_all(all).await.into_iter().flatten());
        nodes.one.clock.advance(watchword_testkit::minutes(16));
    }
    assert!(!alive.is_empty(), "somebody got in");
    for (name, id) in &users {
        admins[0].post("/api/v3/update-user", json!({ "userId": id, "password": OTHER })).await.ok();
        let reply = signs_in(&nodes.two, name, OTHER).await;
        assert!([200, 300].contains(&reply.body["statusCode"].as_u64().unwrap_or(0)), "{}", reply.text);
    }
    for token in alive {
        is_dead(&nodes.two, &token, "after the last change").await;
    }
}

const STEPS: usize = 12;

struct Act<'a> {
    node: &'a Server,
    admin: &'a Client,
    app: &'a App,
    name: &'a str,
    id: &'a str,
}

fn went_well(reply: Reply) -> Reply {
    let status = reply.body["statusCode"].as_u64().unwrap_or(u64::from(reply.http));
    assert!(status < 500 && reply.http < 500, "{} {}", reply.http, reply.text);
    reply
}

impl Act<'_> {
    /// A client with a session, by whatever is owed, and its tokens.
    async fn enter(&self) -> Option<(Client, Value)> {
        let reply = went_well(signs_in(self.node, self.name, PASSWORD).await);
        let waiting = reply.body["data"]["mfaToken"].as_str().map(|token| self.node.app().bearer(token));
        let reply = match waiting {
            Some(waiting) => {
                let body = json!({ "totp": self.node.code(SECRET, 0) });
                went_well(waiting.post("/api/v3/mfa-totp-verify", body).await)
            }
            None => reply,
        };
        let token = access_of(&reply)?;
        Some((self.node.app().bearer(&token), reply.body["data"].clone()))
    }

    async fn post(&self, client: &Client, path: &str, body: Value) -> Reply {
        went_well(client.post(path, body).await)
    }

    /// One thing that happens; answers the access tokens that came of it.
    async fn act(self, step: usize) -> Vec<String> {
        let mut tokens = Vec::new();
        match step {
            0 | 1 => tokens.extend(self.enter().await.map(|(_, data)| text(&data, "access_token"))),
            2 => drop(went_well(signs_in(self.node, self.name, "wrong wrong wrong").await)),
            3 => {
                let patch = json!({ "userId": self.id, "password": PASSWORD });
                self.post(self.admin, "/api/v3/update-user", patch).await;
            }
            4 => {
                if let Some((user, data)) = self.enter().await {
                    tokens.push(text(&data, "access_token"));
                    for (old, new) in [(PASSWORD, OTHER), (OTHER, PASSWORD)] {
                        let body = json!({ "oldPassword": old, "newPassword": new });
                        self.post(&user, "/api/v3/update-password", body).await;
                    }
                    let patch = json!({ "userId": self.id, "password": PASSWORD });
                    self.post(self.admin, "/api/v3/update-user", patch).await;
                }
            }
            5 => {
                let mut browser = Browser::new(self.node);
                let page = sign_in(&mut browser, self.app, self.name, &[]).await;
                assert!(page.http < 500, "{} {}", page.http, page.text);
                if page.location.is_some() {
                    let code = page.code();
                    let reply = went_well(exchange(self.node, self.app, &code, &[]).await);
                    tokens.extend(access_of(&reply));
                    // The code again: what it opened ends.
                    went_well(exchange(self.node, self.app, &code, &[]).await);
                    let hint = reply.body["id_token"].as_str().unwrap_or_default().to_owned();
                    let out = browser.get(&format!("/oidc/session/end?id_token_hint={}", encode(&hint))).await;
                    assert!(out.http < 500, "{} {}", out.http, out.text);
                }
            }
            6 => {
                if let Some((_, data)) = self.enter().await {
                    let out = Browser::new(self.node)
                        .get(&format!("/oidc/session/end?id_token_hint={}", encode(&text(&data, "id_token"))))
                        .await;
                    assert!(out.http < 500, "{} {}", out.http, out.text);
                }
            }
            7 => {
                if let Some((_, data)) = self.enter().await {
                    let refresh = text(&data, "refresh_token");
                    let pool = &self.node.pool;
                    let form = [
                        ("grant_type", "refresh_token"),
                        ("refresh_token", refresh.as_str()),
                        ("client_id", pool.app_id.as_str()),
                        ("client_secret", pool.app_secret.as_str()),
                    ];
                    for _ in 0..2 {
                        let reply = went_well(self.node.anonymous().post_form("/oidc/token", &form).await);
                        tokens.extend(access_of(&reply));
                    }
                }
            }
            8 => {
                let reply = went_well(signs_in(self.node, self.name, PASSWORD).await);
                if let Some(token) = reply.body["data"]["mfaToken"].as_str() {
                    let body = json!({ "recoveryCode": RECOVERY_CODE });
                    let waiting = self.node.app().bearer(token);
                    tokens.extend(access_of(&self.post(&waiting, "/api/v2/mfa/totp/recovery", body).await));
                }
                self.node_import().await;
            }
            9 => {
                if let Some((user, _)) = self.enter().await {
                    let begin = json!({ "factorType": "OTP", "profile": {} });
                    let begun = self.post(&user, "/api/v3/send-enroll-factor-request", begin).await;
                    let token = begun.body["data"]["enrollmentToken"].clone();
                    let wrong = json!({ "factorType": "OTP", "enrollmentToken": token,
                        "enrollmentData": { "passCode": "000000" } });
                    self.post(&user, "/api/v3/enroll-factor", wrong).await;
                    let mine = went_well(user.get("/api/v3/list-enrolled-factors").await);
                    let factor = mine.body["data"][0]["factorId"].clone();
                    self.post(&user, "/api/v3/reset-factor", json!({ "factorId": factor })).await;
                }
            }
            10 => {
                let apps = json!({ "userId": self.id, "appIds": [self.node.pool.app_id, self.app.id] });
                self.post(self.admin, "/api/v3/kick-users", apps).await;
                if let Some((user, _)) = self.enter().await {
                    let devices = went_well(user.get("/api/v3/mydevices/list").await);
                    let device = devices.body["data"][0]["device"]["deviceId"].clone();
                    self.post(&user, "/api/v3/mydevices/revoke-session", json!({ "deviceId": device })).await;
                }
            }
            _ => {
                for status in ["Suspended", "Activated"] {
                    let patch = json!({ "userId": self.id, "status": status });
                    self.post(self.admin, "/api/v3/update-user", patch).await;
                }
            }
        }
        tokens
    }

    /// For those who have an authenticator it is the same again, with the recovery code that was spent.
    async fn node_import(&self) {
        if self.name.starts_with("user") {
            let list = json!([{ "userId": self.id, "otp": { "secret": SECRET, "recoveryCode": RECOVERY_CODE } }]);
            self.post(self.admin, "/api/v3/import-otp", json!({ "list": list })).await;
        }
    }
}

fn text(data: &Value, name: &str) -> String {
    data[name].as_str().unwrap_or_default().to_owned()
}
