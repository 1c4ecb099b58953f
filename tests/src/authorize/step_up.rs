//! Second factors on the sign-in pages (A8 to A11, C3): asked for, bound at first sign-in, recovered, stepped up to.

use super::*;
use watchword_testkit::{RECOVERY_CODE, SECRET, minutes, qr};

async fn factor(browser: &mut Browser, page: &Page, code: &str) -> Page {
    browser.submit(page, "factor", &[("passCode", code)]).await
}

#[tokio::test]
async fn a_bound_factor_is_asked_for_and_a_code_is_spent_once() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user_with_otp("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    assert!(page.offers("factor") && page.offers("recovery") && page.location.is_none(), "{}", page.text);
    assert!(!browser.cookies.keys().any(|name| name.contains("sso")), "nobody is signed on yet");
    assert_eq!(browser.get(&request(&app, &[("prompt", "none")])).await.error(), "login_required");
    let wrong = factor(&mut browser, &page, &s.wrong_code(SECRET)).await;
    assert_eq!((wrong.http, wrong.location.clone()), (403, None));
    let done = factor(&mut browser, &page, &s.code(SECRET, 0)).await;
    let id = id_token(&s, &app, &done).await;
    assert_eq!(
        (id["amr"].clone(), id["acr"].as_str()),
        (json!(["pwd", "otp", "mfa"]), Some("urn:watchword:acr:two-factor"))
    );
    let mut other = Browser::new(&s);
    let page = sign_in(&mut other, &app, "ada", &[]).await;
    assert_eq!(factor(&mut other, &page, &s.code(SECRET, 0)).await.http, 403, "spent on the page is spent");
    let waiting = s.waiting("ada").await;
    let reply = waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    assert_eq!(reply["verified"], false, "and at the API");
}

#[tokio::test]
async fn no_step_leads_past_the_second_factor() {
    let s = Server::start().await;
    let app = super::app(&s, json!({ "skip_consent": false }), json!({})).await;
    s.user_with_otp("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    let (action, hidden) = page.form("factor").expect("a form");
    for step in ["end", "confirm", "password", "enroll", "bind"] {
        let at = action.replace("/factor", &format!("/{step}"));
        let members = [
            ("csrf", hidden[0].1.as_str()),
            ("factorType", "OTP"),
            ("password", "another good passphrase"),
            ("again", "another good passphrase"),
            ("enrollmentToken", "x"),
            ("passCode", "123456"),
        ];
        let tried = browser.post(&at, &members).await;
        assert_eq!(tried.location, None, "{step}: {}", tried.text);
        assert!(!browser.cookies.keys().any(|name| name.contains("sso")), "{step}");
    }
}

#[tokio::test]
async fn an_application_that_wants_a_factor_lets_a_new_user_bind_one_and_keeps_asking() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let body = json!({ "appId": app.id, "mfaPolicies": [{ "mfaPolicy": "OTP", "sort": 0 }] });
    let reply = s
        .admin()
        .await
        .post("/api/v3/update-application-mfa-settings", json!({ "appId": app.id, "enabledFactors": ["OTP"] }))
        .await;
    if reply.body["statusCode"] != 200 {
        s.admin().await.post("/api/v3/update-application-mfa-settings", body).await.ok();
    }
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    assert!(page.offers("enroll") && !page.offers("factor"), "{}", page.text);
    let page = browser.submit(&page, "enroll", &[]).await;
    let picture = page.text.split("<img src=\"").nth(1).and_then(|p| p.split('"').next()).expect("a picture");
    let picture = picture.replace("&#43;", "+").replace("&#61;", "=").replace("&#47;", "/");
    let uri = qr::read(&picture).1;
    let secret = uri.split(['?', '&']).find_map(|part| part.strip_prefix("secret=")).expect("a secret").to_owned();
    assert_eq!(browser.submit(&page, "bind", &[("passCode", "000000x")]).await.location, None);
    let done = browser.submit(&page, "bind", &[("passCode", s.code(&secret, 0).as_str())]).await;
    assert_eq!(id_token(&s, &app, &done).await["amr"], json!(["pwd", "otp", "mfa"]));
    browser.get(&request(&app, &[("prompt", "none")])).await.code();
    let mut other = Browser::new(&s);
    assert!(sign_in(&mut other, &app, "ada", &[]).await.offers("factor"));
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_and_the_next_one_is_shown_before_going_on() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user_with_otp("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    let wrong = browser.submit(&page, "recovery", &[("recoveryCode", "0000-0000-0000-0000-0000-0000")]).await;
    assert_eq!(wrong.http, 403);
    let page = browser.submit(&page, "recovery", &[("recoveryCode", RECOVERY_CODE)]).await;
    let next = page.text.split("<code>").nth(1).and_then(|p| p.split('<').next()).expect("a code").to_owned();
    assert!(next.len() == 29 && next != RECOVERY_CODE, "{next}");
    let done = browser.submit(&page, "end", &[]).await;
    assert_eq!(id_token(&s, &app, &done).await["amr"], json!(["pwd", "rc", "mfa"]));
    let mut other = Browser::new(&s);
    let page = sign_in(&mut other, &app, "ada", &[]).await;
    assert_eq!(other.submit(&page, "recovery", &[("recoveryCode", RECOVERY_CODE)]).await.http, 403);
    let page = other.submit(&page, "recovery", &[("recoveryCode", next.as_str())]).await;
    assert!(page.offers("end"), "{}", page.text);
}

#[tokio::test]
async fn a_request_may_step_a_sign_on_up_and_the_cookie_is_renewed_by_it() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let id = s.user("ada").await;
    let mut browser = Browser::new(&s);
    let first = sign_in(&mut browser, &app, "ada", &[]).await;
    let first = id_token(&s, &app, &first).await;
    s.import(&id, SECRET).await;
    s.clock.advance(minutes(2));
    let two = [("acr_values", "urn:watchword:acr:two-factor")];
    let none = browser.get(&request(&app, &[two[0], ("prompt", "none")])).await;
    assert_eq!(none.error(), "interaction_required");
    let mut thief = browser.clone();
    let page = browser.get(&request(&app, &two)).await;
    assert!(page.offers("factor") && !page.offers("login"), "{}", page.text);
    let done = factor(&mut browser, &page, &s.code(SECRET, 0)).await;
    let id = id_token(&s, &app, &done).await;
    assert_eq!((id["acr"].as_str(), &id["auth_time"]), (Some("urn:watchword:acr:two-factor"), &first["auth_time"]));
    assert_eq!(thief.get(&request(&app, &[("prompt", "none")])).await.error(), "login_required");
    browser.get(&request(&app, &[two[0], ("prompt", "none")])).await.code();
}

#[tokio::test]
async fn a_user_without_a_factor_binds_one_where_the_request_wants_two() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let wish = r#"{"id_token":{"acr":{"essential":true,"value":"urn:watchword:acr:two-factor"}}}"#;
    let page = sign_in(&mut browser, &app, "ada", &[("claims", wish)]).await;
    assert!(page.offers("enroll") && page.location.is_none(), "{}", page.text);
}

#[tokio::test]
async fn single_sign_on_to_an_application_that_wants_more_asks_for_more() {
    let s = Server::start().await;
    let shared = json!({ "ssoEnabled": true });
    let (lax, strict) = (app(&s, json!({}), shared.clone()).await, app(&s, json!({}), shared).await);
    s.user("ada").await;
    let body = json!({ "appId": strict.id, "enabledFactors": ["OTP"] });
    s.admin().await.post("/api/v3/update-application-mfa-settings", body).await.ok();
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &lax, "ada", &[]).await.code();
    assert_eq!(browser.get(&request(&strict, &[("prompt", "none")])).await.error(), "interaction_required");
    assert!(browser.get(&request(&strict, &[])).await.offers("enroll"));
    browser.get(&request(&lax, &[("prompt", "none")])).await.code();
}

#[tokio::test]
async fn guesses_on_pages_count_with_guesses_everywhere_else() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user_with_otp("ada").await;
    let waiting = s.waiting("ada").await;
    let wrong = s.wrong_code(SECRET);
    for _ in 0..3 {
        waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": wrong })).await.ok();
    }
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    for _ in 0..2 {
        factor(&mut browser, &page, &wrong).await;
    }
    // The fifth closes the door, and ends every sign-in that waits at it.
    let page = factor(&mut browser, &page, &s.code(SECRET, 0)).await;
    assert_eq!(page.location, None, "{}", page.text);
    waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.refused(401);
    let page = browser.get(&request(&app, &[])).await;
    let page = log_in(&mut browser, &page, "ada").await;
    assert_eq!(factor(&mut browser, &page, &s.code(SECRET, 0)).await.http, 429);
}
