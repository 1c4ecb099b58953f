//! Two nodes on one database: what may happen once happens once, however many ask for it at the same moment.

use futures_util::future::join_all;
use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, RECOVERY_CODE, Reply, SECRET, Server, minutes};

/// Requests in one race.
const RUNNERS: usize = 64;
/// Races, each with a fresh user.
const ROUNDS: usize = 4;

pub struct Nodes {
    pub one: Server,
    pub two: Server,
}

impl Nodes {
    pub async fn start() -> Nodes {
        let one = Server::with(|settings| settings.demo = true).await;
        let two = one.second_node().await;
        Nodes { one, two }
    }

    /// The same caller at alternating nodes.
    fn runners(&self, caller: impl Fn(&Server) -> Client) -> Vec<Client> {
        (0..RUNNERS).map(|n| caller(if n % 2 == 0 { &self.one } else { &self.two })).collect()
    }

    /// Everybody sends the same at once; answers those who won.
    async fn race(&self, callers: Vec<Client>, path: &str, body: &Value, won: impl Fn(&Reply) -> bool) -> Vec<Reply> {
        let replies = join_all(callers.iter().map(|client| client.post(path, body.clone()))).await;
        for reply in &replies {
            let status = reply.body["statusCode"].as_u64().unwrap_or(u64::from(reply.http));
            assert!(status < 500, "{path}: {} {}", reply.http, reply.text);
        }
        replies.into_iter().filter(won).collect()
    }

    /// Callers with mfaTokens of several sign-ins of one user.
    async fn waiting(&self, username: &str) -> Vec<Client> {
        let mut tokens = Vec::new();
        for _ in 0..8 {
            let reply = self.one.sign_in(username).await.refused(300);
            tokens.push(reply["data"]["mfaToken"].as_str().expect("an mfaToken").to_owned());
        }
        (0..RUNNERS)
            .map(|n| {
                let node = if n % 2 == 0 { &self.one } else { &self.two };
                node.app().bearer(&tokens[n / 2 % tokens.len()])
            })
            .collect()
    }
}

fn signed_in(reply: &Reply) -> bool {
    reply.text.contains("\"access_token\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_code_is_accepted_once() {
    let nodes = Nodes::start().await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        nodes.one.user_with_otp(&name).await;
        let body = json!({ "totp": nodes.one.code(SECRET, 0) });
        let callers = nodes.waiting(&name).await;
        let verified = |reply: &Reply| reply.body["data"]["verified"] == true || signed_in(reply);
        let won = nodes.race(callers, "/api/v3/mfa-totp-verify", &body, verified).await;
        assert_eq!(won.len(), 1, "round {round}");
        // Nobody else got in by a side door.
        nodes.one.clock.advance(minutes(20));
        let late = nodes.two.waiting(&name).await.post("/api/v3/mfa-totp-verify", body).await;
        assert!(!signed_in(&late), "{}", late.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_code_at_different_endpoints_is_accepted_once() {
    let nodes = Nodes::start().await;
    let paths = ["/api/v3/mfa-totp-verify", "/api/v2/mfa/totp/verify", "/api/v2/applications/mfa/totp/verify"];
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        nodes.one.user_with_otp(&name).await;
        let body = json!({ "totp": nodes.one.code(SECRET, 0) });
        let callers = nodes.waiting(&name).await;
        let posts = callers.iter().enumerate().map(|(n, client)| client.post(paths[n % 3], body.clone()));
        let won = join_all(posts).await.iter().filter(|reply| signed_in(reply)).count();
        assert_eq!(won, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_recovery_code_is_accepted_once() {
    let nodes = Nodes::start().await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        nodes.one.user_with_otp(&name).await;
        let body = json!({ "recoveryCode": RECOVERY_CODE });
        let callers = nodes.waiting(&name).await;
        let won = nodes.race(callers, "/api/v2/mfa/totp/recovery", &body, signed_in).await;
        assert_eq!(won.len(), 1, "round {round}");
        // The one who won holds the next code; the old one is spent.
        let next = won[0].body["recoveryCode"].clone();
        nodes.one.clock.advance(minutes(20));
        let again = nodes.two.waiting(&name).await;
        let reply = again.post("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": next })).await;
        assert!(signed_in(&reply), "{}", reply.text);
        let again = nodes.two.waiting(&name).await;
        assert!(!signed_in(&again.post("/api/v2/mfa/totp/recovery", body).await));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_mfa_token_signs_in_once_though_the_codes_differ() {
    let nodes = Nodes::start().await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        nodes.one.user_with_otp(&name).await;
        let reply = nodes.one.sign_in(&name).await.refused(300);
        let token = reply["data"]["mfaToken"].as_str().expect("an mfaToken").to_owned();
        // A code and the recovery code: each is good, but only one of them can finish the sign-in.
        let callers = nodes.runners(|node| node.app().bearer(&token));
        let ways = [
            ("/api/v3/mfa-totp-verify", json!({ "totp": nodes.one.code(SECRET, 0) })),
            ("/api/v2/mfa/totp/recovery", json!({ "recoveryCode": RECOVERY_CODE })),
        ];
        let posts = callers.iter().enumerate().map(|(n, client)| {
            let (path, body) = &ways[n / 2 % 2];
            client.post(path, body.clone())
        });
        let won = join_all(posts).await.iter().filter(|reply| signed_in(reply)).count();
        assert_eq!(won, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_enrolment_is_finished_once() {
    let nodes = Nodes::start().await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        nodes.one.user(&name).await;
        let token = nodes.one.sign_in(&name).await.ok()["access_token"].as_str().expect("a token").to_owned();
        let begin = json!({ "factorType": "OTP", "profile": {} });
        let user = nodes.one.app().bearer(&token);
        let started = user.post("/api/v3/send-enroll-factor-request", begin).await.ok();
        let uri = started["otpData"]["qrCodeUri"].as_str().expect("a URI");
        let secret = uri.split(['?', '&']).find_map(|part| part.strip_prefix("secret=")).expect("a secret");
        let body = json!({ "factorType": "OTP", "enrollmentToken": started["enrollmentToken"],
            "enrollmentData": { "passCode": nodes.one.code(secret, 0) } });
        let callers = nodes.runners(|node| node.app().bearer(&token));
        let won = nodes.race(callers, "/api/v3/enroll-factor", &body, |reply| reply.body["statusCode"] == 200).await;
        assert_eq!(won.len(), 1, "round {round}");
        let listed = user.get("/api/v3/list-enrolled-factors").await.ok();
        assert_eq!(listed.as_array().expect("a list").len(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_refresh_token_is_spent_once_and_its_later_reuse_ends_the_session() {
    let nodes = Nodes::start().await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        nodes.one.user(&name).await;
        let payload = json!({ "username": name, "password": PASSWORD });
        let tokens = nodes.one.sign_in_with(&name, payload, "openid profile offline_access").await.ok();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().expect("a refresh token")),
            ("client_id", nodes.one.pool.app_id.as_str()),
            ("client_secret", nodes.one.pool.app_secret.as_str()),
        ];
        let callers = nodes.runners(Server::anonymous);
        let replies = join_all(callers.iter().map(|client| client.post_form("/oidc/token", &form))).await;
        let won: Vec<&Reply> = replies.iter().filter(|reply| signed_in(reply)).collect();
        assert_eq!(won.len(), 1, "round {round}");
        assert!(replies.iter().all(|reply| reply.http < 500), "round {round}");
        let access = won[0].body["access_token"].as_str().expect("a token");
        let user = nodes.two.app().bearer(access);
        user.get("/api/v3/list-enrolled-factors").await.ok();
        // At the same moment that is a client that tries again; later it is a thief or its victim.
        nodes.one.clock.advance(minutes(5));
        assert!(!signed_in(&nodes.two.anonymous().post_form("/oidc/token", &form).await));
        user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_name_is_given_to_one_user() {
    let nodes = Nodes::start().await;
    let admin = nodes.one.admin().await;
    let management = json!({ "accessKeyId": nodes.one.pool.key_id, "accessKeySecret": nodes.one.pool.key_secret });
    let reply = nodes.two.anonymous().post("/api/v3/get-management-token", management).await.ok();
    let other = nodes.two.anonymous().bearer(reply["access_token"].as_str().expect("a token"));
    for round in 0..ROUNDS {
        let body = json!({ "username": format!("user{round}") });
        let callers = (0..RUNNERS).map(|n| if n % 2 == 0 { admin.clone() } else { other.clone() }).collect();
        let won = nodes.race(callers, "/api/v3/create-user", &body, |reply| reply.body["statusCode"] == 200).await;
        assert_eq!(won.len(), 1, "round {round}");
    }
}

/// Guesses that arrive together are counted like guesses that arrive one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_of_guesses_does_not_outrun_the_limit() {
    let nodes = Nodes::start().await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        nodes.one.user_with_otp(&name).await;
        let body = json!({ "totp": nodes.one.wrong_code(SECRET) });
        let callers = nodes.waiting(&name).await;
        let judged = |reply: &Reply| reply.body["data"]["verified"] == false;
        let judged = nodes.race(callers, "/api/v3/mfa-totp-verify", &body, judged).await.len();
        assert!((1..=5).contains(&judged), "round {round}: {judged} guesses were judged");
    }
}

/// Binds the factor to a user and answers callers who wait for it, and the code that was sent to one of them.
async fn by_message(nodes: &Nodes, kind: &str, members: Value, path: &str, ask: Value) -> (Vec<Client>, String) {
    let id = nodes.one.user("ada").await;
    let admin = nodes.one.admin().await;
    admin.post("/api/v3/set-mfa-status", json!({ "userId": id, "mfaTriggerData": members })).await.ok();
    admin.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": [kind] })).await.ok();
    let callers = nodes.waiting("ada").await;
    callers[0].post(path, ask).await.ok();
    (callers, nodes.one.newest_code().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_code_sent_by_sms_is_accepted_once() {
    let nodes = Nodes::start().await;
    let (phone, country) = ("13800138000", "+86");
    let members = json!({ "mfaPhone": phone, "mfaPhoneCountryCode": country });
    let ask = json!({ "phoneNumber": phone, "phoneCountryCode": country, "channel": "CHANNEL_VERIFY_MFA" });
    let (callers, code) = by_message(&nodes, "SMS", members, "/api/v3/send-sms", ask).await;
    let body = json!({ "phone": phone, "phoneCountryCode": country, "code": code });
    let won = nodes.race(callers, "/api/v2/applications/mfa/sms/verify", &body, signed_in).await;
    assert_eq!(won.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_code_sent_by_mail_is_accepted_once() {
    let nodes = Nodes::start().await;
    let email = "ada@example.com";
    let ask = json!({ "email": email, "channel": "CHANNEL_VERIFY_MFA" });
    let (callers, code) = by_message(&nodes, "EMAIL", json!({ "mfaEmail": email }), "/api/v3/send-email", ask).await;
    let body = json!({ "email": email, "code": code });
    let won = nodes.race(callers, "/api/v2/applications/mfa/email/verify", &body, signed_in).await;
    assert_eq!(won.len(), 1);
}
