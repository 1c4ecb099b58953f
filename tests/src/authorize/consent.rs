//! Consent: what an application may ask for, what the user has agreed to, and that no other way leads to the data.

use super::*;

const CLAIMS: &str = r#"{"id_token":{"email":null},"userinfo":{"email":{"essential":true},"phone_number":null}}"#;

async fn ada(s: &Server) {
    let body = json!({ "username": "ada", "password": PASSWORD, "email": "ada@example.com", "name": "Ada",
        "phone": "13800000000", "phoneCountryCode": "+86", "streetAddress": "1 Main Street" });
    s.admin().await.post("/api/v3/create-user", body).await.ok();
}

/// The claims of ID token and userinfo.
async fn told(s: &Server, app: &App, page: &Page) -> (Value, Value) {
    let reply = exchange(s, app, &page.code(), &[]).await;
    assert_eq!(reply.http, 200, "{}", reply.text);
    let user = s.anonymous().bearer(reply.body["access_token"].as_str().expect("an access token"));
    (claims(reply.body["id_token"].as_str().expect("an ID token")), user.get("/oidc/me").await.body)
}

#[tokio::test]
async fn a_claim_that_is_named_needs_the_consent_that_its_scope_needs() {
    let s = Server::start().await;
    let app = app(&s, json!({ "skip_consent": false }), json!({})).await;
    ada(&s).await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[("scope", "openid")]).await;
    browser.submit(&page, "confirm", &[]).await.code();
    let (named, none) = (("claims", CLAIMS), ("prompt", "none"));
    browser.get(&request(&app, &[("scope", "openid"), none])).await.code();
    let silent = browser.get(&request(&app, &[("scope", "openid"), named, none])).await;
    assert_eq!(silent.error(), "consent_required", "nobody has agreed to tell the address");
    let page = browser.get(&request(&app, &[("scope", "openid"), named])).await;
    assert!(page.offers("confirm"), "{}", page.text);
    assert!(page.text.contains("e-mail address") && page.text.contains("phone number"), "{}", page.text);
    let page = browser.submit(&page, "confirm", &[]).await;
    let (id, me) = told(&s, &app, &page).await;
    assert_eq!((&id["email"], id.get("phone_number")), (&json!("ada@example.com"), None));
    assert_eq!((&me["email"], &me["phone_number"]), (&json!("ada@example.com"), &json!("+8613800000000")));
    browser.get(&request(&app, &[("scope", "openid"), named, none])).await.code();
}

#[tokio::test]
async fn a_claim_of_a_scope_that_the_application_may_not_ask_for_is_not_told() {
    let s = Server::start().await;
    let app = app(&s, json!({ "scope": "openid profile" }), json!({})).await;
    ada(&s).await;
    let mut browser = Browser::new(&s);
    let named = r#"{"id_token":{"email":{"essential":true},"name":null,"address":null},"userinfo":{"email":null}}"#;
    let page = sign_in(&mut browser, &app, "ada", &[("scope", "openid"), ("claims", named)]).await;
    let (id, me) = told(&s, &app, &page).await;
    assert_eq!((&id["name"], id.get("email"), id.get("address")), (&json!("Ada"), None, None), "{id}");
    assert!(me.get("email").is_none() && me.get("sub").is_some(), "{me}");
}

#[tokio::test]
async fn a_token_without_openid_does_not_tell_the_claims_that_its_request_named() {
    let s = Server::start().await;
    let app = plain(&s).await;
    ada(&s).await;
    let mut browser = Browser::new(&s);
    let more = [("scope", "openid profile offline_access"), ("claims", CLAIMS)];
    let page = sign_in(&mut browser, &app, "ada", &more).await;
    let reply = exchange(&s, &app, &page.code(), &[]).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", reply.body["refresh_token"].as_str().expect("a refresh token")),
        ("scope", "profile"),
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
    ];
    let less = s.anonymous().post_form("/oidc/token", &form).await.body;
    let me = s.anonymous().bearer(less["access_token"].as_str().expect("an access token")).get("/oauth/me").await;
    assert_eq!((&me.body["name"], me.body.get("email")), (&json!("Ada"), None), "{}", me.text);
}

#[tokio::test]
async fn prompt_consent_asks_but_for_the_refresh_token_of_an_application_that_skips_consent() {
    let s = Server::start().await;
    let (own, other) = (plain(&s).await, app(&s, json!({ "skip_consent": false }), json!({})).await);
    s.user("ada").await;
    let (consent, offline) = (("prompt", "consent"), ("scope", "openid offline_access"));
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &own, "ada", &[consent]).await;
    assert!(page.offers("confirm"), "{}", page.text);
    browser.submit(&page, "confirm", &[]).await.code();
    assert!(browser.get(&request(&own, &[consent])).await.offers("confirm"), "each time");
    browser.get(&request(&own, &[])).await.code();
    // OpenID Connect Core §11 wants the word from every client that asks for a refresh token.
    browser.get(&request(&own, &[consent, offline])).await.code();
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &other, "ada", &[consent, offline]).await;
    browser.submit(&page, "confirm", &[]).await.code();
    assert!(browser.get(&request(&other, &[consent, offline])).await.offers("confirm"));
}

#[tokio::test]
async fn scopes_in_any_order_are_the_same_scopes() {
    let s = Server::start().await;
    let app = plain(&s).await;
    ada(&s).await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[("scope", "email phone profile openid")]).await;
    let (id, me) = told(&s, &app, &page).await;
    assert_eq!((&id["email"], &me["email"]), (&json!("ada@example.com"), &json!("ada@example.com")));
    assert_eq!((&me["name"], &me["phone_number"]), (&json!("Ada"), &json!("+8613800000000")));
}

#[tokio::test]
async fn the_scope_address_tells_the_address_and_nothing_else() {
    let s = Server::start().await;
    let app = plain(&s).await;
    ada(&s).await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[("scope", "openid address")]).await;
    let (_, me) = told(&s, &app, &page).await;
    assert_eq!(me["address"]["street_address"], "1 Main Street", "{me}");
    let names: Vec<&str> = me.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["address", "sub"]);
}
