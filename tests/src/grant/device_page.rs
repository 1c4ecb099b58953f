//! The page at which a user signs a device in (RFC 8628 §3.3).

use serde_json::{Value, json};
use watchword_testkit::{Browser, PASSWORD, Page, SECRET, Server, seconds};

use super::{App, DEVICE, app, claims, refused, text};

async fn tv(s: &Server, more: Value) -> App {
    let mut oidc = json!({ "grant_types": [DEVICE, "refresh_token"] });
    oidc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app(s, oidc).await
}

async fn begin(s: &Server, tv: &App) -> Value {
    tv.post(s, "/oidc/device_authorization", &[("scope", "openid offline_access")]).await.body
}

async fn poll(s: &Server, tv: &App, begun: &Value) -> watchword_testkit::Reply {
    s.clock.advance(seconds(5));
    tv.post(s, "/oidc/token", &[("grant_type", DEVICE), ("device_code", text(&begun["device_code"]))]).await
}

/// Types the code and signs in.
async fn type_code(browser: &mut Browser, code: &str) -> Page {
    let page = browser.get("/device").await;
    browser.submit(&page, "device", &[("user_code", code)]).await
}

async fn log_in(browser: &mut Browser, page: &Page, name: &str) -> Page {
    browser.submit(page, "login", &[("account", name), ("password", PASSWORD)]).await
}

#[tokio::test]
async fn a_user_types_the_code_signs_in_sees_what_is_asked_and_agrees() {
    let s = Server::start().await;
    let tv = tv(&s, json!({})).await;
    let ada = s.user("ada").await;
    let begun = begin(&s, &tv).await;
    let mut browser = Browser::new(&s);
    let address = text(&begun["verification_uri_complete"]).strip_prefix("https://id.example.com").unwrap();
    let page = browser.get(address).await;
    assert!(page.text.contains(text(&begun["user_code"])), "filled in: {}", page.text);
    let typed = text(&begun["user_code"]).replace('-', " ").to_lowercase();
    let page = type_code(&mut browser, &typed).await;
    assert!(page.offers("login"), "{}", page.text);
    let page = log_in(&mut browser, &page, "ada").await;
    let auth_time = s.clock.now().as_seconds();
    assert!(page.offers("confirm") && page.text.contains("Shop"), "{}", page.text);
    assert!(page.text.contains("A device is waiting") && page.text.contains("stay signed in"), "{}", page.text);
    refused(&poll(&s, &tv, &begun).await, 400, "authorization_pending");
    let done = browser.submit(&page, "confirm", &[]).await;
    assert!(done.http == 200 && done.text.contains("is signed in"), "{}", done.text);
    let tokens = poll(&s, &tv, &begun).await.body;
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["sub"], &id["aud"], &id["amr"]), (&json!(ada), &json!(tv.id), &json!(["pwd"])));
    assert_eq!((&id["auth_time"], &id["acr"]), (&json!(auth_time), &json!("urn:watchword:acr:one-factor")));
    assert_eq!(tv.refresh(&s, &tokens["refresh_token"], &[]).await.http, 200);
    // Neither the page nor the code can be used again.
    assert_eq!(browser.submit(&page, "confirm", &[]).await.http, 403);
    assert_eq!(type_code(&mut browser, &typed).await.http, 404);
    refused(&poll(&s, &tv, &begun).await, 400, "invalid_grant");
    assert_eq!(s.audited("login.device_decide").await, 1);
}

#[tokio::test]
async fn whoever_is_signed_on_is_asked_all_the_same_and_a_no_is_told_to_the_device() {
    let s = Server::start().await;
    let tv = tv(&s, json!({})).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let first = begin(&s, &tv).await;
    let page = type_code(&mut browser, text(&first["user_code"])).await;
    let page = log_in(&mut browser, &page, "ada").await;
    browser.submit(&page, "confirm", &[]).await;
    let second = begin(&s, &tv).await;
    let page = type_code(&mut browser, text(&second["user_code"])).await;
    assert!(page.offers("confirm") && !page.offers("login"), "{}", page.text);
    let other = browser.get("/device").await;
    assert!(other.offers("device"));
    let no = browser.submit(&page, "abort", &[]).await;
    assert!(no.http == 200 && no.text.contains("refused"), "{}", no.text);
    refused(&poll(&s, &tv, &second).await, 400, "access_denied");
    assert_eq!(browser.submit(&page, "confirm", &[]).await.http, 403, "a no is final");
    refused(&poll(&s, &tv, &second).await, 400, "access_denied");
}

#[tokio::test]
async fn wrong_codes_are_refused_and_guessing_ends_soon() {
    let s = Server::start().await;
    let tv = tv(&s, json!({})).await;
    let begun = begin(&s, &tv).await;
    let mut browser = Browser::new(&s);
    for wrong in ["", "BBBB-BBBB", "<script>"] {
        let page = type_code(&mut browser, wrong).await;
        assert!(page.http == 404 && page.offers("device") && !page.text.contains("<script"), "{wrong}: {}", page.text);
    }
    for _ in 3..60 {
        assert_eq!(type_code(&mut browser, "BBBB-BBBB").await.http, 404);
    }
    let page = type_code(&mut browser, text(&begun["user_code"])).await;
    assert_eq!(page.http, 429);
    assert!(page.headers.contains_key("retry-after"));
    s.clock.advance(watchword_testkit::minutes(10));
    assert_eq!(type_code(&mut browser, text(&begun["user_code"])).await.http, 404, "it is too late by then");
}

#[tokio::test]
async fn a_form_from_elsewhere_types_no_code() {
    let s = Server::start().await;
    let tv = tv(&s, json!({})).await;
    let begun = begin(&s, &tv).await;
    let code = ("user_code", text(&begun["user_code"]));
    let mut browser = Browser::new(&s);
    let page = browser.get("/device").await;
    let (_, hidden) = page.form("device").expect("a form");
    let csrf = ("csrf", hidden[0].1.as_str());
    assert_eq!(browser.post("/device", &[code]).await.http, 403);
    assert_eq!(browser.post("/device", &[code, ("csrf", "x")]).await.http, 403);
    assert_eq!(Browser::new(&s).post("/device", &[code, csrf]).await.http, 403, "the token is this browser's");
    assert_eq!(browser.post_from_elsewhere("/device", &[code, csrf]).await.http, 403);
    assert!(browser.post("/device", &[code, csrf]).await.offers("login"));
}

#[tokio::test]
async fn a_second_factor_is_asked_for_on_the_page_and_is_as_old_as_it_was() {
    let s = Server::start().await;
    let tv = tv(&s, json!({})).await;
    let ada = s.user_with_otp("ada").await;
    let factors = json!({ "appId": tv.id, "enabledFactors": ["OTP"] });
    s.admin().await.post("/api/v3/update-application-mfa-settings", factors).await.ok();
    let begun = begin(&s, &tv).await;
    let mut browser = Browser::new(&s);
    let page = type_code(&mut browser, text(&begun["user_code"])).await;
    let page = log_in(&mut browser, &page, "ada").await;
    assert!(page.offers("factor") && !page.offers("confirm"), "{}", page.text);
    let page = browser.submit(&page, "factor", &[("passCode", &s.code(SECRET, 0))]).await;
    let proven = s.clock.now();
    assert!(page.offers("confirm"), "{}", page.text);
    s.clock.advance(watchword_testkit::minutes(6));
    browser.submit(&page, "confirm", &[]).await;
    let tokens = poll(&s, &tv, &begun).await.body;
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["amr"], &id["acr"]), (&json!(["pwd", "otp", "mfa"]), &json!("urn:watchword:acr:two-factor")));
    assert_eq!(id["auth_time"], proven.as_seconds());
    // Six minutes after the proof nothing may be unbound: the device has not proven anything itself.
    let listed = s.anonymous().bearer(text(&tokens["access_token"]));
    let reset = listed.post("/api/v3/reset-factor", json!({ "factorId": factor(&listed).await })).await;
    reset.refused(403);
    assert_eq!(id["sub"], ada.as_str());
}

async fn factor(user: &watchword_testkit::Client) -> Value {
    user.get("/api/v3/list-enrolled-factors").await.ok()[0]["factorId"].clone()
}

#[tokio::test]
async fn an_application_of_somebody_else_is_consented_to_on_the_page_and_nowhere_else() {
    let s = Server::start().await;
    let tv = tv(&s, json!({ "skip_consent": false })).await;
    s.user("ada").await;
    let begun = begin(&s, &tv).await;
    let own = App::of_pool(&s);
    let name = json!({ "username": "ada", "password": PASSWORD });
    let sign_in = json!({ "connection": "PASSWORD", "passwordPayload": name,
        "options": { "scope": "openid offline_access" } });
    let tokens = s.anonymous().header("x-authing-app-id", &own.id).post("/api/v3/signin", sign_in).await.ok();
    let by_api = s.anonymous().bearer(text(&tokens["access_token"]));
    let decide = json!({ "userCode": begun["user_code"], "approve": true });
    let told = by_api.post("/api/v3/decide-device-authorization", decide.clone()).await.refused(403);
    assert!(told["message"].as_str().is_some_and(|m| m.contains("https://id.example.com/device")), "{told}");
    let mut browser = Browser::new(&s);
    let page = type_code(&mut browser, text(&begun["user_code"])).await;
    let page = log_in(&mut browser, &page, "ada").await;
    browser.submit(&page, "confirm", &[]).await;
    assert_eq!(poll(&s, &tv, &begun).await.http, 200);
    // Once agreed, the application of the pool may say yes for the user.
    let again = begin(&s, &tv).await;
    let decide = json!({ "userCode": again["user_code"], "approve": true });
    by_api.post("/api/v3/decide-device-authorization", decide).await.ok();
    assert_eq!(poll(&s, &tv, &again).await.http, 200);
}
