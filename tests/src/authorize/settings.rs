//! What the pool and the application say of sign-ins holds on the pages, too.

use watchword_testkit::seconds;

use super::*;
use crate::captcha;
use crate::security_settings::{anomaly, set};

/// The attributes of the cookie of a sign-on that a page sets.
fn cookie(page: &Page) -> String {
    let lines = page.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("text").to_owned());
    lines.into_iter().find(|line| line.contains("sso-")).expect("the cookie of a sign-on")
}

#[tokio::test]
async fn a_browser_stays_signed_in_for_as_long_as_the_pool_says() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    assert!(cookie(&page).contains("Max-Age=1209600"), "{}", cookie(&page));
    let lasts = |seconds: i64, browser: bool| json!({ "cookieSettings": { "cookieExpiresIn": seconds, "cookieExpiresOnBrowserSession": browser } });
    set(&s.admin().await, lasts(600, false)).await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    assert!(cookie(&page).contains("Max-Age=600"), "{}", cookie(&page));
    let none = request(&app, &[("prompt", "none")]);
    s.clock.advance(seconds(595));
    browser.get(&none).await.code();
    s.clock.advance(seconds(10));
    // The browser of the test keeps cookies for good, as a thief would.
    assert_eq!(browser.get(&none).await.error(), "login_required");
    set(&s.admin().await, lasts(600, true)).await;
    let page = sign_in(&mut Browser::new(&s), &app, "ada", &[]).await;
    assert!(!cookie(&page).contains("Max-Age"), "{}", cookie(&page));
}

#[tokio::test]
async fn a_sign_on_at_one_application_does_not_open_another_that_the_user_may_not_use() {
    let s = Server::start().await;
    let shared = json!({ "ssoEnabled": true });
    let (open, closed) = (app(&s, json!({}), shared.clone()).await, app(&s, json!({}), shared).await);
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &open, "ada", &[]).await.code();
    let none = request(&closed, &[("prompt", "none")]);
    browser.get(&none).await.code();
    let body = json!({ "appId": closed.id, "permissionStrategy": "DENY_ALL" });
    s.admin().await.post("/api/v3/update-application-permission-strategy", body).await.ok();
    assert_eq!(browser.get(&none).await.error(), "access_denied");
    browser.get(&request(&open, &[("prompt", "none")])).await.code();
    let mut other = Browser::new(&s);
    let page = sign_in(&mut other, &closed, "ada", &[]).await;
    assert_eq!((page.http, page.location), (403, None), "{}", page.text);
}

#[tokio::test]
async fn a_sign_in_page_shows_the_picture_that_the_pool_asks_for() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let changes = anomaly(json!({ "robotVerify": "always_enable" }));
    set(&s.admin().await, json!({ "verifyCodeLength": 4, "loginAnomalyDetection": changes })).await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    assert_eq!(page.http, 403, "{}", page.text);
    assert!(page.text.contains("data:image/svg+xml;base64,"), "{}", page.text);
    let (_, hidden) = page.form("login").expect("a form");
    let (_, token) = hidden.iter().find(|(name, _)| name == "captchaToken").expect("the picture is named");
    let text = captcha::read(&s, &hash::token_hash(token)).await;
    let credentials = [("account", "ada"), ("password", PASSWORD)];
    let with = |text: &'static str| [credentials[0], credentials[1], ("captchaCode", text)];
    let again = browser.submit(&page, "login", &with("????")).await;
    assert_eq!(again.http, 403, "{}", again.text);
    let mut form = credentials.to_vec();
    form.push(("captchaCode", &text));
    browser.submit(&page, "login", &form).await.code();
}

#[tokio::test]
async fn a_password_that_has_grown_old_is_changed_on_the_page_before_anything_else() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    set(&s.admin().await, json!({ "passwordRotation": { "enabled": true, "maxAgeDays": 30 } })).await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    s.clock.advance(seconds(31 * 86_400));
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    assert!(page.offers("password") && page.location.is_none(), "{}", page.text);
    let same = [("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(browser.submit(&page, "password", &same).await.http, 400);
    let fresh = [("password", "a quite new passphrase"), ("again", "a quite new passphrase")];
    browser.submit(&page, "password", &fresh).await.code();
}

#[tokio::test]
async fn a_sign_on_that_nobody_uses_ends_when_the_pool_says_so() {
    let s = Server::start().await;
    s.user("ada").await;
    let app = plain(&s).await;
    let silent = request(&app, &[("prompt", "none")]);
    for (idle, unused) in [(86_400, 86_400), (600, 600), (10 * 86_400, 10 * 86_400)] {
        crate::login::idle(&s, json!({ "signOnIdleSeconds": idle })).await;
        let mut browser = Browser::new(&s);
        sign_in(&mut browser, &app, "ada", &[]).await.code();
        s.advance(watchword_testkit::seconds(unused - 1));
        browser.get(&silent).await.code();
        s.advance(watchword_testkit::seconds(unused));
        assert_eq!(browser.get(&silent).await.error(), "login_required", "{idle}");
    }
}
