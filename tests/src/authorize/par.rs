//! Pushed requests (RFC 9126) at the browser.

use super::*;

async fn push(s: &Server, app: &App, more: &[(&str, &str)]) -> String {
    let mut form = vec![
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "pushed"),
    ];
    form.extend(more);
    let pushed = s.anonymous().post_form("/oidc/request", &form).await;
    assert_eq!(pushed.http, 201, "{}", pushed.text);
    pushed.body["request_uri"].as_str().expect("a name").to_owned()
}

fn by_name(app: &App, uri: &str) -> String {
    format!("/oidc/auth?client_id={}&request_uri={}", app.id, encode(uri))
}

#[tokio::test]
async fn a_browser_brings_the_name_of_a_pushed_request_and_what_else_it_says_does_not_count() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let uri = push(&s, &app, &[("nonce", "n-1")]).await;
    let mut browser = Browser::new(&s);
    let forged =
        format!("{}&scope=openid%20email&state=forged&redirect_uri=https%3A%2F%2Fevil.example", by_name(&app, &uri));
    let page = browser.get(&forged).await;
    let page = log_in(&mut browser, &page, "ada").await;
    assert_eq!(page.returned()["state"], "pushed");
    let reply = exchange(&s, &app, &page.code(), &[]).await;
    assert_eq!(reply.body["scope"], "openid", "{}", reply.text);
    assert_eq!(claims(reply.body["id_token"].as_str().expect("an ID token"))["nonce"], "n-1");
    let again = browser.get(&by_name(&app, &uri)).await;
    assert_eq!((again.http, again.location), (400, None), "a name is used once");
    let other = plain(&s).await;
    let uri = push(&s, &app, &[]).await;
    assert_eq!(browser.get(&by_name(&other, &uri)).await.http, 400, "and by its own client");
}

#[tokio::test]
async fn an_application_that_must_push_is_served_nothing_else() {
    let s = Server::start().await;
    let app = app(&s, json!({ "require_pushed_authorization_requests": true }), json!({})).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    assert_eq!(browser.get(&request(&app, &[])).await.error(), "invalid_request");
    let uri = push(&s, &app, &[]).await;
    let page = browser.get(&by_name(&app, &uri)).await;
    log_in(&mut browser, &page, "ada").await.code();
    let signed_on = push(&s, &app, &[("prompt", "none")]).await;
    browser.get(&by_name(&app, &signed_on)).await.code();
    assert_eq!(browser.get(&request(&app, &[("prompt", "none")])).await.error(), "invalid_request");
}
