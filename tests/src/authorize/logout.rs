//! What the plans "RP-initiated logout" and "Back-channel logout" check, and open redirects (M3).

use super::*;
use watchword_send::testing::{Answer, HttpTrap};
use watchword_testkit::jose::part;
use watchword_testkit::{minutes, seconds};

async fn hint_of(s: &Server, app: &App, page: &Page) -> (String, String) {
    let reply = exchange(s, app, &page.code(), &[]).await;
    let text = |name: &str| reply.body[name].as_str().unwrap_or_else(|| panic!("{name}: {}", reply.text)).to_owned();
    (text("id_token"), text("access_token"))
}

fn end(params: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = params.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect();
    format!("/oidc/session/end?{}", pairs.join("&"))
}

#[tokio::test]
async fn a_hint_signs_out_at_once_and_the_browser_goes_where_the_application_has_registered() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    let (hint, access) = hint_of(&s, &app, &page).await;
    s.clock.advance(minutes(5));
    let out =
        browser.get(&end(&[("id_token_hint", &hint), ("post_logout_redirect_uri", GOODBYE), ("state", "a b&c")])).await;
    assert_eq!(out.location.as_deref(), Some(format!("{GOODBYE}?state=a+b%26c").as_str()));
    assert_eq!(browser.get(&request(&app, &[("prompt", "none")])).await.error(), "login_required");
    s.anonymous().bearer(&access).get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
    assert!(!browser.cookies.keys().any(|name| name.contains("sso")));
    assert_eq!(s.audited("login.sign_out").await, 1);
    // Nobody is signed in any more; the browser goes on all the same.
    let again = browser.get(&end(&[("id_token_hint", &hint), ("post_logout_redirect_uri", GOODBYE)])).await;
    assert_eq!(again.location.as_deref(), Some(GOODBYE));
}

#[tokio::test]
async fn without_a_hint_the_user_is_asked_and_nothing_happens_until_they_say_so() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let none = request(&app, &[("prompt", "none")]);
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    for params in [vec![], vec![("client_id", app.id.as_str())], vec![("client_id", app.id.as_str()), ("state", "x")]] {
        let page = browser.get(&end(&params)).await;
        assert!(page.offers("end") && page.location.is_none(), "{params:?}: {}", page.text);
        browser.get(&none).await.code();
    }
    let params = [("client_id", app.id.as_str()), ("post_logout_redirect_uri", GOODBYE), ("state", "x")];
    let page = browser.get(&end(&params)).await;
    // A form of another site is no yes.
    let (action, hidden) = page.form("end").expect("a form");
    let mut forged: Vec<(&str, &str)> = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let mut elsewhere = browser.clone();
    elsewhere.headers.push(("sec-fetch-site", "cross-site".into()));
    assert_eq!(elsewhere.post(&action, &forged).await.http, 403);
    forged.retain(|(n, _)| *n != "csrf");
    assert!(browser.post(&action, &forged).await.offers("end"));
    browser.get(&none).await.code();
    let out = browser.submit(&page, "end", &[]).await;
    assert_eq!(out.location.as_deref(), Some(format!("{GOODBYE}?state=x").as_str()));
    assert_eq!(browser.get(&none).await.error(), "login_required");
    let page = browser.get(&end(&[])).await;
    assert_eq!((page.http, page.location), (200, None), "nothing left to end");
}

#[tokio::test]
async fn a_hint_of_another_user_is_no_yes_and_a_bad_one_is_refused_here() {
    let s = Server::start().await;
    let (app, other) = (plain(&s).await, plain(&s).await);
    s.user("ada").await;
    s.user("bob").await;
    let mut bobs = Browser::new(&s);
    let page = sign_in(&mut bobs, &app, "bob", &[]).await;
    let (bobs_hint, _) = hint_of(&s, &app, &page).await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    let (hint, access) = hint_of(&s, &app, &page).await;
    assert!(browser.get(&end(&[("id_token_hint", &bobs_hint)])).await.offers("end"));
    let forged = format!("{}x", &hint[..hint.len() - 4]);
    for wrong in ["x", "a.b.c", &forged, &access] {
        let page = browser.get(&end(&[("id_token_hint", wrong), ("post_logout_redirect_uri", GOODBYE)])).await;
        assert!(matches!(page.http, 400 | 404) && page.location.is_none(), "{wrong}: {}", page.http);
    }
    let page = browser.get(&end(&[("id_token_hint", &hint), ("client_id", &other.id)])).await;
    assert_eq!((page.http, page.location), (400, None));
    browser.get(&request(&app, &[("prompt", "none")])).await.code();
}

#[tokio::test]
async fn the_browser_is_sent_to_no_address_that_is_not_registered() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    let (hint, _) = hint_of(&s, &app, &page).await;
    for wrong in [
        "https://evil.example",
        "https://app.example.com/bye/",
        "https://app.example.com/bye?x",
        "https://app.example.com/bye#x",
        "https://app.example.com:444/bye",
        "https://app.example.com@evil.example/bye",
        "//app.example.com/bye",
        "/bye",
        "javascript:alert(1)",
        CALLBACK,
    ] {
        let page = browser.get(&end(&[("id_token_hint", &hint), ("post_logout_redirect_uri", wrong)])).await;
        assert_eq!((page.http, page.location), (400, None), "{wrong}");
        let page = browser.get(&end(&[("post_logout_redirect_uri", wrong)])).await;
        assert_eq!((page.http, page.location), (400, None), "{wrong}");
    }
    browser.get(&request(&app, &[("prompt", "none")])).await.code();
}

#[tokio::test]
async fn the_older_address_signs_out_and_goes_nowhere_that_is_not_registered() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    for wrong in ["https://evil.example", "//app.example.com/bye", "javascript:alert(1)", CALLBACK] {
        sign_in(&mut browser, &app, "ada", &[]).await.code();
        let page = browser.get(&format!("/login/profile/logout?redirect_uri={}", encode(wrong))).await;
        let page = browser.submit(&page, "logout", &[]).await;
        assert_eq!((page.http, page.location), (200, None), "{wrong}");
        assert_eq!(browser.get(&request(&app, &[("prompt", "none")])).await.error(), "login_required");
    }
}

#[tokio::test]
async fn the_older_address_goes_to_any_application_at_which_the_browser_is_signed_in() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    let page = browser.get(&format!("/login/profile/logout?redirect_uri={}", encode(GOODBYE))).await;
    let out = browser.submit(&page, "logout", &[]).await;
    assert_eq!(out.location.as_deref(), Some(GOODBYE));
    assert_eq!(browser.get(&request(&app, &[("prompt", "none")])).await.error(), "login_required");
}

#[tokio::test]
async fn a_sign_in_by_api_is_ended_by_its_id_token() {
    let s = Server::start().await;
    s.user("ada").await;
    let tokens = s.sign_in("ada").await.ok();
    let user = s.app().bearer(tokens["access_token"].as_str().expect("a token"));
    user.get("/api/v3/list-enrolled-factors").await.ok();
    let out = Browser::new(&s).get(&end(&[("id_token_hint", tokens["id_token"].as_str().expect("an ID token"))])).await;
    assert_eq!(out.http, 200);
    user.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
}

/// Two applications that share sign-on and are told when it ends.
async fn told(s: &Server, trap: &HttpTrap) -> (App, App) {
    let oidc = json!({ "backchannel_logout_uri": format!("{}/out", trap.url()) });
    let shared = json!({ "ssoEnabled": true });
    (app(s, oidc.clone(), shared.clone()).await, app(s, oidc, shared).await)
}

async fn wait_for(s: &Server, trap: &HttpTrap, n: usize) -> Vec<watchword_send::testing::Recorded> {
    for _ in 0..2000 {
        let got = trap.requests();
        if got.len() >= n {
            return got;
        }
        s.services.outbox.notify_one();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("{} of {n} notices arrived", trap.requests().len());
}

#[tokio::test]
async fn every_application_of_the_sign_on_is_told_by_a_logout_token() {
    let (s, trap) = (Server::start().await, HttpTrap::start().await);
    let (one, two) = told(&s, &trap).await;
    let ada = s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &one, "ada", &[]).await;
    let (hint, _) = hint_of(&s, &one, &page).await;
    let page = browser.get(&request(&two, &[])).await;
    let (other, _) = hint_of(&s, &two, &page).await;
    browser.get(&end(&[("id_token_hint", &hint)])).await;
    let got = wait_for(&s, &trap, 2).await;
    let mut audiences = Vec::new();
    for request in got {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/out"));
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
        let text = request.text();
        let token = text.strip_prefix("logout_token=").expect("a token");
        let told = claims(token);
        let sid =
            [&hint, &other].map(|t| claims(t)).into_iter().find(|c| c["aud"] == told["aud"]).expect("ours")["sid"]
                .clone();
        assert_eq!((told["sub"].as_str(), &told["sid"]), (Some(ada.as_str()), &sid));
        assert_eq!(told["iss"], "https://id.example.com/oidc");
        assert!(told["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
        assert!(told.get("nonce").is_none() && told["jti"].is_string() && told["iat"].is_i64());
        let header = part(token, 0);
        assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("logout+jwt"), Some("RS256")));
        audiences.push(told["aud"].as_str().expect("an audience").to_owned());
        // It is good for nothing else.
        s.anonymous().bearer(token).get("/api/v3/list-enrolled-factors").await.refused(401);
        assert_eq!(Browser::new(&s).get(&end(&[("id_token_hint", token)])).await.http, 400);
    }
    audiences.sort();
    let mut both = [one.id, two.id];
    both.sort();
    assert_eq!(audiences, both);
}

#[tokio::test]
async fn a_logout_token_names_the_session_whether_or_not_the_application_requires_that() {
    let (s, trap) = (Server::start().await, HttpTrap::start().await);
    s.user("ada").await;
    for (n, required) in [true, false].into_iter().enumerate() {
        let uri = format!("{}/out", trap.url());
        let oidc = json!({ "backchannel_logout_uri": uri, "backchannel_logout_session_required": required });
        let app = app(&s, oidc, json!({})).await;
        let mut browser = Browser::new(&s);
        let page = sign_in(&mut browser, &app, "ada", &[]).await;
        let (hint, _) = hint_of(&s, &app, &page).await;
        browser.get(&end(&[("id_token_hint", &hint)])).await;
        let got = wait_for(&s, &trap, n + 1).await;
        let text = got[n].text();
        let told = claims(text.strip_prefix("logout_token=").expect("a token"));
        assert_eq!(told["sid"], claims(&hint)["sid"], "{required}");
    }
}

#[tokio::test]
async fn an_application_that_is_down_is_told_later_and_again_with_the_same_id() {
    let (s, trap) = (Server::start().await, HttpTrap::start().await);
    let (one, _) = told(&s, &trap).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &one, "ada", &[]).await;
    let (hint, _) = hint_of(&s, &one, &page).await;
    trap.answer(Answer::new(503, "later"));
    browser.get(&end(&[("id_token_hint", &hint)])).await;
    wait_for(&s, &trap, 1).await;
    s.settled().await;
    assert_eq!(trap.requests().len(), 1, "not at once");
    s.advance(seconds(3));
    let got = wait_for(&s, &trap, 2).await;
    let ids: Vec<Value> = got.iter().map(|r| claims(&r.text()["logout_token=".len()..])["jti"].clone()).collect();
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_user_who_is_thrown_out_is_signed_out_at_the_applications_too() {
    let (s, trap) = (Server::start().await, HttpTrap::start().await);
    let (one, _) = told(&s, &trap).await;
    let id = s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &one, "ada", &[]).await;
    exchange(&s, &one, &page.code(), &[]).await;
    let admin = s.admin().await;
    admin.post("/api/v3/update-user", json!({ "userId": id, "password": "another good passphrase" })).await.ok();
    let got = wait_for(&s, &trap, 1).await;
    assert_eq!(claims(&got[0].text()["logout_token=".len()..])["sub"], id.as_str());
}

#[tokio::test]
async fn only_addresses_that_can_be_called_are_kept_for_sign_outs() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for wrong in [
        "http://app.example.com/out",
        "ftp://app.example.com",
        "/out",
        "https://app.example.com/#x",
        "https://u:p@app.example.com/",
    ] {
        let body = json!({ "appName": "Shop", "oidcConfig": { "backchannel_logout_uri": wrong } });
        admin.post("/api/v3/create-application", body).await.refused_at("oidcConfig.backchannel_logout_uri");
    }
}
