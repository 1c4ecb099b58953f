//! Authorization codes (G3) and PKCE (G4).

use futures_util::future::join_all;

use super::*;
use watchword_testkit::seconds;

fn refused(reply: &Reply) {
    assert_eq!((reply.http, reply.body["error"].as_str()), (400, Some("invalid_grant")), "{}", reply.text);
}

#[tokio::test]
async fn a_code_that_comes_again_ends_what_it_began() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let code = sign_in(&mut browser, &app, "ada", &[("scope", "openid offline_access")]).await.code();
    let reply = exchange(&s, &app, &code, &[]).await;
    let user = s.anonymous().bearer(reply.body["access_token"].as_str().expect("a token"));
    user.get("/api/v3/list-enrolled-factors").await.ok();
    s.clock.advance(seconds(30));
    refused(&exchange(&s, &app, &code, &[]).await);
    user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", reply.body["refresh_token"].as_str().expect("a refresh token")),
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
    ];
    assert_eq!(s.anonymous().post_form("/oidc/token", &form).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_is_bound_to_client_address_and_time() {
    let s = Server::start().await;
    let (app, other) = (plain(&s).await, plain(&s).await);
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    let fresh = request(&app, &[]);
    let code = browser.get(&fresh).await.code();
    refused(&exchange(&s, &other, &code, &[]).await);
    assert_eq!(exchange(&s, &app, &code, &[]).await.http, 200, "a stranger's try spends nothing");
    let code = browser.get(&fresh).await.code();
    refused(&exchange(&s, &app, &code, &[("redirect_uri", "https://app.example.com/cb/")]).await);
    refused(&exchange(&s, &app, &code, &[]).await);
    let code = browser.get(&fresh).await.code();
    let missing = exchange(&s, &app, &code, &[("redirect_uri", "")]).await;
    assert_eq!(missing.body["error"], "invalid_request");
    let code = browser.get(&fresh).await.code();
    s.clock.advance(seconds(601));
    refused(&exchange(&s, &app, &code, &[]).await);
    refused(&exchange(&s, &app, "nonsense", &[]).await);
    assert_eq!(exchange(&s, &app, "", &[("code", "")]).await.body["error"], "invalid_request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_exchanges_of_one_code_at_two_nodes_give_tokens_once() {
    let s = Server::start().await;
    let two = s.second_node().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    for round in 0..5 {
        let code = browser.get(&request(&app, &[])).await.code();
        let all = (0..64).map(|n| exchange(if n % 2 == 0 { &s } else { &two }, &app, &code, &[]));
        let replies = join_all(all).await;
        let won = replies.iter().filter(|r| r.http == 200).count();
        assert_eq!(won, 1, "round {round}");
        assert!(replies.iter().all(|r| r.http < 500), "round {round}");
    }
}

#[tokio::test]
async fn a_challenge_needs_its_verifier_and_only_s256_is_taken() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    let challenge = challenge();
    let with = request(&app, &[("code_challenge", &challenge), ("code_challenge_method", "S256")]);
    let code = browser.get(&with).await.code();
    assert_eq!(exchange(&s, &app, &code, &[("code_verifier", VERIFIER)]).await.http, 200);
    for wrong in ["", "short", &VERIFIER.to_lowercase(), &challenge, &format!("{VERIFIER}x")] {
        let code = browser.get(&with).await.code();
        refused(&exchange(&s, &app, &code, &[("code_verifier", wrong)]).await);
    }
    let code = browser.get(&request(&app, &[])).await.code();
    refused(&exchange(&s, &app, &code, &[("code_verifier", VERIFIER)]).await);
    for wrong in [
        [("code_challenge", challenge.as_str()), ("code_challenge_method", "plain")],
        [("code_challenge", challenge.as_str()), ("code_challenge_method", "")],
        [("code_challenge", ""), ("code_challenge_method", "S256")],
        [("code_challenge", "short"), ("code_challenge_method", "S256")],
    ] {
        assert_eq!(browser.get(&request(&app, &wrong)).await.error(), "invalid_request", "{wrong:?}");
    }
}

#[tokio::test]
async fn an_application_without_a_secret_must_send_a_challenge() {
    let s = Server::start().await;
    let spa = app(&s, json!({ "token_endpoint_auth_method": "none" }), json!({})).await;
    let strict = app(&s, json!({ "require_pkce": true }), json!({})).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    assert_eq!(browser.get(&request(&spa, &[])).await.error(), "invalid_request");
    assert_eq!(browser.get(&request(&strict, &[])).await.error(), "invalid_request");
    let challenge = challenge();
    let more = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    let code = sign_in(&mut browser, &spa, "ada", &more).await.code();
    let reply = exchange(&s, &spa, &code, &[("client_secret", ""), ("code_verifier", VERIFIER)]).await;
    assert_eq!(reply.http, 200, "{}", reply.text);
}

#[tokio::test]
async fn a_code_is_worth_nothing_once_its_user_is_locked_out_or_owes_a_second_factor() {
    let s = Server::start().await;
    let (app, admin) = (plain(&s).await, s.admin().await);
    for (name, act) in [("u0", "suspend"), ("u1", "kick"), ("u2", "demand")] {
        let id = s.user(name).await;
        let mut browser = Browser::new(&s);
        let code = sign_in(&mut browser, &app, name, &[]).await.code();
        match act {
            "suspend" => admin.post("/api/v3/update-user", json!({ "userId": id, "status": "Suspended" })).await.ok(),
            "kick" => admin.post("/api/v3/kick-users", json!({ "userId": id, "appIds": [app.id] })).await.ok(),
            _ => admin.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": ["OTP"] })).await.ok(),
        };
        refused(&exchange(&s, &app, &code, &[]).await);
        let none = browser.get(&request(&app, &[("prompt", "none")])).await.error();
        assert_eq!(none, if act == "demand" { "interaction_required" } else { "login_required" }, "{act}");
    }
}

#[tokio::test]
async fn the_scope_of_the_sdks_oauth_module_tells_who_the_user_is() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&format!("/oauth/auth?{}", query(&app, &[("scope", "user")]))).await;
    let code = log_in(&mut browser, &page, "ada").await.code();
    let reply = exchange(&s, &app, &code, &[]).await;
    assert_eq!((reply.http, &reply.body["scope"]), (200, &json!("profile email phone username")), "{}", reply.text);
    assert!(reply.body["id_token"].is_null(), "{}", reply.text);
    let user = s.anonymous().bearer(reply.body["access_token"].as_str().expect("a token"));
    assert_eq!(user.get("/oauth/me").await.body["username"], "ada");
    assert_eq!(user.get("/oidc/me").await.http, 403, "OpenID Connect was not asked for");
}
