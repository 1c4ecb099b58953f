//! The states of an account: what each answers at sign-in, to sessions and to readers.

use serde_json::{Value, json};
use watchword_domain::user::life;
use watchword_kit::Millis;
use watchword_testkit::{Client, PASSWORD, Server, minutes};

use super::{count, create, get, id, start};

const STATES: [&str; 5] = ["Activated", "Suspended", "Deactivated", "Resigned", "Archived"];

/// A server whose worker changes nothing unless a test says so.
async fn quiet() -> (Server, Client) {
    let (server, admin) = start().await;
    server.kill_worker();
    (server, admin)
}

async fn set(admin: &Client, id: &str, members: Value) -> Value {
    let mut patch = members;
    patch["userId"] = id.into();
    admin.post("/api/v3/update-user", patch).await.ok()
}

fn iso(at: Millis) -> String {
    at.iso()
}

async fn transitions(server: &Server) -> usize {
    life::transitions(&server.services).await.expect("a round")
}

#[tokio::test]
async fn only_an_active_user_signs_in_and_a_wrong_password_tells_nothing_of_the_state() {
    let (server, admin) = start().await;
    for status in STATES {
        let name = status.to_lowercase();
        let made = create(&admin, json!({ "username": name, "password": PASSWORD, "status": status })).await;
        let work = if status == "Resigned" { "Closed" } else { "Active" };
        assert_eq!((&made["status"], &made["workStatus"]), (&json!(status), &json!(work)));
        match server.sign_in(&name).await {
            reply if status == "Activated" => drop(reply.ok()),
            reply => drop(reply.refused_with(403, 2_120_008)),
        }
        let wrong = json!({ "password": "not the password", "username": name });
        server.sign_in_with(&name, wrong, "openid").await.refused_with(403, 2333);
    }
}

#[tokio::test]
async fn leaving_a_state_says_since_when_and_work_ends_with_resigning() {
    let (server, admin) = start().await;
    let made = create(&admin, json!({ "username": "ada" })).await;
    assert_eq!(made["statusChangedAt"], Value::Null);
    let mut since = Value::Null;
    for (status, work) in [
        ("Activated", "Active"),
        ("Suspended", "Active"),
        ("Resigned", "Closed"),
        ("Archived", "Closed"),
        ("Deactivated", "Closed"),
        ("Activated", "Active"),
    ] {
        server.advance(minutes(1));
        let before = get(&admin, id(&made), "").await.ok()["status"].clone();
        set(&admin, id(&made), json!({ "status": status })).await;
        if before != status {
            since = json!(iso(server.clock.now()));
        }
        let shown = get(&admin, id(&made), "").await.ok();
        assert_eq!((&shown["status"], &shown["workStatus"]), (&json!(status), &json!(work)));
        assert_eq!(shown["statusChangedAt"], since);
    }
}

#[tokio::test]
async fn whoever_is_to_be_suspended_is_out_at_that_moment_even_while_no_worker_runs() {
    let (server, admin) = quiet().await;
    let ada = server.user("ada").await;
    let payload = json!({ "password": PASSWORD, "username": "ada" });
    let tokens = server.sign_in_with("ada", payload, "openid offline_access").await.ok();
    let session = server.app().bearer(tokens["access_token"].as_str().unwrap());
    let at = server.clock.now() + minutes(10);
    let shown = set(&admin, &ada, json!({ "suspendAt": iso(at) })).await;
    assert_eq!((&shown["suspendAt"], &shown["status"]), (&json!(iso(at)), &json!("Activated")));

    server.clock.set(at - Millis(1));
    session.get("/api/v3/list-enrolled-factors").await.ok();
    server.sign_in("ada").await.ok();
    assert_eq!(transitions(&server).await, 0);

    server.clock.set(at);
    session.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    server.sign_in("ada").await.refused_with(403, 2_120_008);
    let refresh = tokens["refresh_token"].as_str().expect("a refresh token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", server.pool.app_id.as_str()),
        ("client_secret", server.pool.app_secret.as_str()),
    ];
    assert_eq!(server.anonymous().post_form("/oidc/token", &form).await.http, 400);
    let asked = json!({ "userId": ada, "appId": server.pool.app_id });
    assert_eq!(admin.post("/api/v3/check-session-status", asked).await.ok()["active"], false);
    let apps = admin.get(&format!("/api/v3/get-user-accessible-apps?userId={ada}")).await.ok();
    assert_eq!(apps, json!([]));

    let later = at + minutes(1);
    server.clock.set(later);
    assert_eq!(transitions(&server).await, 1);
    let shown = get(&admin, &ada, "").await.ok();
    assert_eq!((&shown["status"], &shown["suspendAt"]), (&json!("Suspended"), &Value::Null));
    assert_eq!(shown["statusChangedAt"], iso(later));
    assert_eq!(count(&server, "sessions", "revoked_at IS NULL").await, 0);
    assert_eq!(count(&server, "refresh_tokens", "1 = 1").await, 0);
    assert_eq!((transitions(&server).await, server.audited("user.transition").await), (0, 1));
}

#[tokio::test]
async fn a_sign_in_that_waits_for_its_second_factor_ends_at_the_moment_of_suspension() {
    let (server, admin) = quiet().await;
    let ada = server.user_with_otp("ada").await;
    let waiting = server.waiting("ada").await;
    set(&admin, &ada, json!({ "suspendAt": iso(server.clock.now() + minutes(1)) })).await;
    server.advance(minutes(1));
    let code = server.code(watchword_testkit::SECRET, 0);
    waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": code })).await.refused(401);
}

#[tokio::test]
async fn an_account_wakes_at_its_time_and_its_old_sessions_do_not() {
    let (server, admin) = quiet().await;
    let (session, _) = server.signed_in_as("ada").await;
    let ada = admin.post("/api/v3/list-users", json!({ "keywords": "ada" })).await.ok();
    let ada = ada["list"][0]["userId"].as_str().unwrap().to_owned();
    let (sleep, wake) = (server.clock.now() + minutes(10), server.clock.now() + minutes(20));
    set(&admin, &ada, json!({ "suspendAt": iso(sleep), "activateAt": iso(wake) })).await;
    // Both moments pass before anybody looks.
    server.clock.set(wake + minutes(5));
    server.sign_in("ada").await.refused_with(403, 2_120_008);
    assert_eq!(transitions(&server).await, 1);
    let shown = get(&admin, &ada, "").await.ok();
    assert_eq!(shown["status"], "Activated");
    assert_eq!((&shown["suspendAt"], &shown["activateAt"]), (&Value::Null, &Value::Null));
    session.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    server.sign_in("ada").await.ok();

    let leaver = server.user("bob").await;
    set(&admin, &leaver, json!({ "status": "Suspended", "activateAt": iso(server.clock.now() + minutes(1)) })).await;
    set(&admin, &leaver, json!({ "status": "Resigned" })).await;
    server.advance(minutes(5));
    assert_eq!(transitions(&server).await, 0, "whoever has left stays away");
}

#[tokio::test]
async fn the_worker_changes_states_by_itself() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    set(&admin, &ada, json!({ "suspendAt": iso(server.clock.now() + minutes(1)) })).await;
    server.advance(minutes(1));
    for _ in 0..1000 {
        if get(&admin, &ada, "").await.ok()["status"] == "Suspended" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("ada is still not suspended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_change_a_state_once() {
    let (one, admin) = quiet().await;
    let two = one.second_node().await;
    two.kill_worker();
    let soon = iso(one.clock.now() + minutes(1));
    for n in 0..20 {
        let ada = one.user(&format!("user{n}")).await;
        set(&admin, &ada, json!({ "suspendAt": soon })).await;
    }
    one.advance(minutes(1));
    let (first, second) = tokio::join!(transitions(&one), transitions(&two));
    assert_eq!((first + second, one.audited("user.transition").await), (20, 20));
}

#[tokio::test]
async fn a_moment_that_cannot_be_is_refused() {
    let (server, admin) = start().await;
    let now = server.clock.now();
    for (field, members) in [
        ("suspendAt", json!({ "suspendAt": "tomorrow" })),
        ("suspendAt", json!({ "suspendAt": iso(now) })),
        ("activateAt", json!({ "activateAt": iso(now - minutes(1)) })),
        ("activateAt", json!({ "suspendAt": iso(now + minutes(1)), "activateAt": iso(now + minutes(1)) })),
        ("activateAt", json!({ "status": "Resigned", "activateAt": iso(now + minutes(1)) })),
        ("suspendAt", json!({ "status": "Archived", "suspendAt": iso(now + minutes(1)) })),
    ] {
        let mut user = members;
        user["username"] = "ada".into();
        admin.post("/api/v3/create-user", user).await.refused_at(field);
    }
    let made = create(&admin, json!({ "username": "ada", "suspendAt": iso(now + minutes(1)) })).await;
    let cleared = set(&admin, id(&made), json!({ "suspendAt": null })).await;
    assert_eq!(cleared["suspendAt"], Value::Null);
}

#[tokio::test]
async fn the_archive_lists_whoever_is_archived_now_in_the_order_of_archiving() {
    let (server, admin) = start().await;
    let born = create(&admin, json!({ "username": "born", "status": "Archived" })).await;
    let mut archived = vec![id(&born).to_owned()];
    for n in 0..4 {
        let made = create(&admin, json!({ "username": format!("u{n}") })).await;
        server.advance(minutes(1));
        set(&admin, id(&made), json!({ "status": "Archived" })).await;
        archived.push(id(&made).to_owned());
    }
    create(&admin, json!({ "username": "active" })).await;
    set(&admin, &archived.remove(2), json!({ "status": "Activated" })).await;
    let list = async |query: &str| {
        let page = admin.get(&format!("/api/v3/list-archived-users{query}")).await.ok();
        let ids: Vec<String> =
            page["list"].as_array().unwrap().iter().map(|u| u["userId"].as_str().unwrap().to_owned()).collect();
        (page["totalCount"].as_i64().unwrap(), ids)
    };
    assert_eq!(list("").await, (4, archived.clone()));
    assert_eq!(list("?page=2&limit=3").await, (4, archived[3..].to_vec()));
    let since = server.clock.now().as_seconds() - 60;
    assert_eq!(list(&format!("?startAt={since}")).await, (2, archived[2..].to_vec()));
    let first = admin.get("/api/v3/list-archived-users?limit=1").await.ok();
    assert_eq!(first["list"][0]["archivedAt"], born["createdAt"]);
    admin.get("/api/v3/list-archived-users?limit=51").await.refused_at("limit");
    admin.get("/api/v3/list-archived-users?page=0").await.refused_at("page");
}

#[tokio::test]
async fn a_session_counts_only_while_it_lives_and_for_its_application() {
    let (server, admin) = start().await;
    let other = admin.post("/api/v3/create-application", json!({ "appName": "Other" })).await.ok();
    let ada = server.user("ada").await;
    let active = async |app: &str| {
        let asked = json!({ "userId": ada, "appId": app });
        admin.post("/api/v3/check-session-status", asked).await.ok()["active"].clone()
    };
    let app = server.pool.app_id.as_str();
    assert_eq!(active(app).await, false);
    server.signed_in("ada").await;
    assert_eq!((active(app).await, active(other["appId"].as_str().unwrap()).await), (json!(true), json!(false)));
    admin.post("/api/v3/kick-users", json!({ "userId": ada, "appIds": [app] })).await.ok();
    assert_eq!(active(app).await, false);
    server.signed_in("ada").await;
    server.advance(Millis::days(31));
    let admin = server.admin().await;
    let ask =
        |user: &str, app: &str| admin.post("/api/v3/check-session-status", json!({ "userId": user, "appId": app }));
    assert_eq!(ask(&ada, app).await.ok()["active"], false, "it has expired");
    ask("0123456789abcdef01234567", app).await.refused_with(404, 2004);
    ask(&ada, "0123456789abcdef01234567").await.refused_with(404, 2011);
}

#[tokio::test]
async fn no_password_leaves_the_server_in_any_form() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    let stored = super::stored(&server, &ada).await.unwrap().password_hash.unwrap();
    for (path, body, nobody) in [
        (
            "/api/v3/get-user-password-ciphertext",
            json!({ "userId": "ada", "userIdType": "username" }),
            json!({ "userId": "bob", "userIdType": "username" }),
        ),
        (
            "/api/v3/batch-get-user-encrypt-password",
            json!({ "userIds": [ada] }),
            json!({ "userIds": [ada, "0123456789abcdef01234567"] }),
        ),
    ] {
        let reply = admin.post(path, body).await;
        reply.refused(501);
        assert!(!reply.text.contains(&stored) && !reply.text.contains("argon"), "{}", reply.text);
        admin.post(path, nobody).await.refused_with(404, 2004);
    }
}

#[tokio::test]
async fn what_nothing_can_have_given_a_user_is_an_empty_list() {
    let (server, admin) = start().await;
    server.user("ada").await;
    for path in ["/api/v3/get-user-principal-authentication-info", "/api/v3/get-user-authorized-resources"] {
        let ask = async |name: &str| admin.get(&format!("{path}?userId={name}&userIdType=username")).await;
        assert_eq!(ask("ada").await.ok(), json!({ "totalCount": 0, "list": [] }));
        ask("bob").await.refused_with(404, 2004);
    }
    let within = async |space: &str| {
        let path = "/api/v3/get-user-authorized-resources?userId=ada&userIdType=username&namespace=";
        admin.get(&format!("{path}{space}")).await
    };
    within("default").await.ok();
    within("nowhere").await.refused(404);
    let by_name = |name: &str| json!({ "userId": name, "options": { "userIdType": "username" } });
    let path = "/api/v3/reset-user-principal-authentication-info";
    assert_eq!(admin.post(path, by_name("ada")).await.ok()["success"], true);
    admin.post(path, by_name("bob")).await.refused_with(404, 2004);
}

#[tokio::test]
async fn an_access_key_of_a_user_sleeps_with_its_owner() {
    let (server, admin) = quiet().await;
    let ada = server.user("ada").await;
    let key = json!({ "type": "userpool", "userId": ada });
    let key = admin.post("/api/v3/create-access-key", key).await.ok()[0].clone();
    let ask = || {
        let body = json!({ "accessKeyId": key["accessKeyId"], "accessKeySecret": key["accessKeySecret"] });
        let client = server.anonymous();
        async move { client.post("/api/v3/get-management-token", body).await }
    };
    ask().await.ok();
    set(&admin, &ada, json!({ "suspendAt": iso(server.clock.now() + minutes(1)) })).await;
    server.advance(minutes(1));
    ask().await.refused(401);
}

/// What an account must be, kept beside the server by the plainest rules.
#[derive(Clone)]
struct Model {
    status: &'static str,
    closed: bool,
    since: Option<Millis>,
    suspend_at: Option<Millis>,
    activate_at: Option<Millis>,
    /// Clients that were signed in, and whether they still are.
    sessions: Vec<(Client, bool)>,
}

impl Model {
    fn enter(&mut self, status: &'static str, now: Millis) {
        if status == self.status {
            return;
        }
        if self.status == "Activated" {
            self.sessions.iter_mut().for_each(|s| s.1 = false);
        }
        (self.status, self.since) = (status, Some(now));
        self.closed = status == "Resigned" || (self.closed && status != "Activated");
        if ["Resigned", "Archived"].contains(&status) {
            (self.suspend_at, self.activate_at) = (None, None);
        }
    }

    fn pass(&mut self, now: Millis) {
        let mut due: Vec<(Millis, bool)> = Vec::new();
        due.extend(self.suspend_at.filter(|at| *at <= now).map(|at| (at, true)));
        due.extend(self.activate_at.filter(|at| *at <= now).map(|at| (at, false)));
        due.sort();
        for (_, suspend) in due {
            if suspend {
                self.suspend_at = None;
                if self.status == "Activated" {
                    self.enter("Suspended", now);
                }
            } else {
                self.activate_at = None;
                if ["Suspended", "Deactivated"].contains(&self.status) {
                    self.enter("Activated", now);
                }
            }
        }
    }

    fn may_enter(&self, now: Millis) -> bool {
        self.status == "Activated" && self.suspend_at.is_none_or(|at| at > now)
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[tokio::test]
async fn however_states_follow_each_other_sign_in_sessions_and_readers_agree() {
    let (server, admin) = quiet().await;
    for seed in 0..6 {
        let mut dice = Dice(seed);
        let name = format!("user{seed}");
        let user = server.user(&name).await;
        let mut model = Model {
            status: "Activated",
            closed: false,
            since: None,
            suspend_at: None,
            activate_at: None,
            sessions: Vec::new(),
        };
        for step in 0..40 {
            let now = server.clock.now();
            match dice.below(6) {
                0 | 1 => {
                    let status = STATES[usize::try_from(dice.below(5)).unwrap()];
                    set(&admin, &user, json!({ "status": status })).await;
                    model.enter(status, now);
                }
                2 => {
                    admin.post("/api/v3/resign-user", json!({ "userId": user })).await.ok();
                    model.enter("Resigned", now);
                }
                3 => {
                    let over = ["Resigned", "Archived"].contains(&model.status);
                    let at = now + minutes(1 + i64::try_from(dice.below(5)).unwrap());
                    let (field, other, own) = match dice.below(2) {
                        0 => ("suspendAt", model.activate_at, &mut model.suspend_at),
                        _ => ("activateAt", model.suspend_at, &mut model.activate_at),
                    };
                    let reply = admin.post("/api/v3/update-user", json!({ "userId": user, field: iso(at) })).await;
                    if over || other == Some(at) {
                        reply.refused(400);
                    } else {
                        reply.ok();
                        *own = Some(at);
                    }
                }
                4 => {
                    server.advance(minutes(1 + i64::try_from(dice.below(4)).unwrap()));
                    // The worker comes sooner or later.
                    if dice.below(2) == 0 {
                        transitions(&server).await;
                        model.pass(server.clock.now());
                    }
                }
                _ => {
                    let reply = server.sign_in(&name).await;
                    if model.may_enter(now) {
                        let token = reply.ok()["access_token"].as_str().unwrap().to_owned();
                        model.sessions.push((server.app().bearer(&token), true));
                    } else {
                        reply.refused_with(403, 2_120_008);
                    }
                }
            }
            let now = server.clock.now();
            let (at, open) = (format!("seed {seed} step {step}"), model.may_enter(now));
            let shown = get(&admin, &user, "").await.ok();
            let work = if model.closed { "Closed" } else { "Active" };
            assert_eq!((&shown["status"], &shown["workStatus"]), (&json!(model.status), &json!(work)), "{at}");
            assert_eq!(shown["statusChangedAt"], json!(model.since.map(iso)), "{at}");
            assert_eq!(shown["suspendAt"], json!(model.suspend_at.map(iso)), "{at}");
            assert_eq!(shown["activateAt"], json!(model.activate_at.map(iso)), "{at}");
            for (client, alive) in &model.sessions {
                let expected = if *alive && open { 200 } else { 401 };
                let reply = client.get("/api/v3/list-enrolled-factors").await;
                assert_eq!(reply.body["statusCode"], expected, "{at}: {}", reply.text);
            }
            let asked = json!({ "userId": user, "appId": server.pool.app_id });
            let active = admin.post("/api/v3/check-session-status", asked).await.ok()["active"].clone();
            assert_eq!(active, open && model.sessions.iter().any(|s| s.1), "{at}");
            let archive = admin.get("/api/v3/list-archived-users?limit=50").await.ok();
            assert_eq!(archive.to_string().contains(&user), model.status == "Archived", "{at}");
        }
    }
}
