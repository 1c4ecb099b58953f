//! What the certification plan "Basic OP" of the OpenID Foundation checks at the browser.

use super::*;
use watchword_testkit::seconds;

#[tokio::test]
async fn a_code_comes_back_with_state_and_issuer_and_brings_tokens() {
    let s = Server::start().await;
    let (app, ada) = (plain(&s).await, s.user("ada").await);
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[("nonce", "n-1")]).await;
    assert!(page.location.as_deref().is_some_and(|l| l.starts_with(&format!("{CALLBACK}?"))), "{:?}", page.location);
    let back = page.returned();
    assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("st-1", "https://id.example.com/oidc"));
    let reply = exchange(&s, &app, &back["code"], &[]).await;
    assert_eq!(reply.http, 200, "{}", reply.text);
    let id = claims(reply.body["id_token"].as_str().expect("an ID token"));
    assert_eq!((id["nonce"].as_str(), id["sub"].as_str()), (Some("n-1"), Some(ada.as_str())));
    assert_eq!((id["aud"].as_str(), id["amr"].clone()), (Some(app.id.as_str()), json!(["pwd"])));
    assert_eq!(id["acr"], "urn:watchword:acr:one-factor");
    let user = s.anonymous().bearer(reply.body["access_token"].as_str().expect("an access token"));
    user.get("/api/v3/list-enrolled-factors").await.ok();
    assert!(reply.body.get("refresh_token").is_none_or(Value::is_null), "nobody asked for offline_access");
}

#[tokio::test]
async fn a_request_by_post_and_one_at_the_applications_path_are_as_good() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    // The form of another site brings no cookies; the browser is known all the same.
    let form =
        [("client_id", app.id.as_str()), ("redirect_uri", CALLBACK), ("response_type", "code"), ("scope", "openid")];
    browser.post_from_elsewhere("/oidc/auth", &form).await.code();
    browser.get(&format!("/{}/oidc/auth?{}", app.id, query(&app, &[]))).await.code();
    browser.get(&format!("/oauth/auth?{}", query(&app, &[]))).await.code();
    let other = plain(&s).await;
    assert_eq!(browser.get(&format!("/{}/oidc/auth?{}", other.id, query(&app, &[]))).await.http, 404);
}

#[tokio::test]
async fn prompt_none_answers_without_a_page_whether_somebody_is_signed_in_or_not() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let none = request(&app, &[("prompt", "none")]);
    let refused = browser.get(&none).await;
    assert_eq!(refused.error(), "login_required");
    assert_eq!(refused.returned()["state"], "st-1");
    let first = sign_in(&mut browser, &app, "ada", &[]).await;
    let first = id_token(&s, &app, &first).await;
    s.clock.advance(seconds(30));
    let again = browser.get(&none).await;
    let again = id_token(&s, &app, &again).await;
    assert_eq!((&again["sub"], &again["auth_time"]), (&first["sub"], &first["auth_time"]));
    assert_eq!(browser.get(&request(&app, &[("prompt", "none login")])).await.error(), "invalid_request");
}

#[tokio::test]
async fn prompt_login_and_an_age_that_is_over_ask_for_the_password_again() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let first = sign_in(&mut browser, &app, "ada", &[]).await;
    let first = id_token(&s, &app, &first).await;
    s.clock.advance(seconds(5));
    for more in [("prompt", "login"), ("max_age", "1"), ("max_age", "0")] {
        let page = browser.get(&request(&app, &[more])).await;
        assert!(page.offers("login"), "{more:?}");
        let page = log_in(&mut browser, &page, "ada").await;
        let again = id_token(&s, &app, &page).await;
        assert_eq!(again["auth_time"], s.clock.now().as_seconds(), "{more:?}");
        assert!(again["auth_time"].as_i64() > first["auth_time"].as_i64());
        s.clock.advance(seconds(5));
    }
    let page = browser.get(&request(&app, &[("max_age", "10000")])).await;
    page.code();
    // A request of the same moment as the sign-in still asks: it is the interaction that must have seen the password.
    let page = browser.get(&request(&app, &[("prompt", "login")])).await;
    let page = log_in(&mut browser, &page, "ada").await;
    page.code();
    assert!(browser.get(&request(&app, &[("prompt", "login")])).await.offers("login"));
}

#[tokio::test]
async fn hints_locales_and_unknown_parameters_are_taken() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    s.user("bob").await;
    let mut browser = Browser::new(&s);
    let more = [
        ("login_hint", "ada<script>"),
        ("ui_locales", "fr zh-CN en"),
        ("claims_locales", "zh"),
        ("display", "popup"),
        ("acr_values", "1 2"),
        ("extra", "foobar"),
    ];
    let page = browser.get(&request(&app, &more)).await;
    assert!(page.text.contains("lang=\"zh-CN\"") && page.text.contains("登录"));
    assert!(!page.text.contains("<script") && page.text.contains("ada&#"), "{}", page.text);
    let page = log_in(&mut browser, &page, "ada").await;
    let reply = exchange(&s, &app, &page.code(), &[]).await;
    let hint = reply.body["id_token"].as_str().expect("an ID token").to_owned();
    let none = [("prompt", "none"), ("id_token_hint", hint.as_str())];
    browser.get(&request(&app, &none)).await.code();
    // Another user in this browser is not the one who is meant.
    let page = browser.get(&request(&app, &[("prompt", "login")])).await;
    log_in(&mut browser, &page, "bob").await.code();
    assert_eq!(browser.get(&request(&app, &none)).await.error(), "login_required");
    let page = browser.get(&request(&app, &[("id_token_hint", hint.as_str())])).await;
    let page = log_in(&mut browser, &page, "bob").await;
    assert_eq!(page.error(), "login_required");
    for wrong in ["x", "a.b.c", &format!("{}x", hint)] {
        assert_eq!(browser.get(&request(&app, &[("id_token_hint", wrong)])).await.error(), "invalid_request");
    }
}

#[tokio::test]
async fn claims_are_told_in_the_id_token_where_the_request_names_them() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let body = json!({ "username": "ada", "password": PASSWORD, "email": "ada@example.com", "name": "Ada" });
    s.admin().await.post("/api/v3/create-user", body).await.ok();
    let mut browser = Browser::new(&s);
    let wish = r#"{"id_token":{"email":{"essential":true},"auth_time":null},"userinfo":{"name":{"essential":true}}}"#;
    let page = sign_in(&mut browser, &app, "ada", &[("claims", wish), ("scope", "openid")]).await;
    let id = id_token(&s, &app, &page).await;
    assert_eq!(id["email"], "ada@example.com");
    assert!(id.get("name").is_none(), "name was asked for elsewhere");
    for wrong in ["[]", "{", r#"{"id_token":3}"#, r#"{"id_token":{"email":"yes"}}"#] {
        assert_eq!(browser.get(&request(&app, &[("claims", wrong)])).await.error(), "invalid_request", "{wrong}");
    }
    let impossible = r#"{"id_token":{"acr":{"essential":true,"values":["urn:other"]}}}"#;
    let page = browser.get(&request(&app, &[("claims", impossible)])).await;
    assert_eq!(page.error(), "unmet_authentication_requirements");
    let other = r#"{"id_token":{"sub":{"value":"somebody-else"}}}"#;
    let page = browser.get(&request(&app, &[("claims", other), ("prompt", "none")])).await;
    assert_eq!(page.error(), "login_required");
}

#[tokio::test]
async fn what_discovery_does_not_offer_is_refused() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let mut browser = Browser::new(&s);
    let object = "eyJhbGciOiJub25lIn0.e30.";
    assert_eq!(browser.get(&request(&app, &[("request", object)])).await.error(), "invalid_request_object");
    let uri = browser.get(&request(&app, &[("request_uri", "https://evil.example/r")])).await;
    assert_eq!(uri.error(), "request_uri_not_supported");
    let missing = browser.get(&request(&app, &[("response_type", "")])).await;
    assert_eq!(missing.error(), "invalid_request");
    assert_eq!(browser.get(&request(&app, &[("response_type", "device")])).await.error(), "unsupported_response_type");
    assert_eq!(browser.get(&request(&app, &[("scope", "nothing")])).await.error(), "invalid_scope");
}

#[tokio::test]
async fn refresh_tokens_come_with_offline_access_and_rotate() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let more = [("scope", "openid offline_access"), ("prompt", "consent")];
    let page = sign_in(&mut browser, &app, "ada", &more).await;
    let reply = exchange(&s, &app, &page.code(), &[]).await;
    let refresh = reply.body["refresh_token"].as_str().expect("a refresh token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
    ];
    let renewed = s.anonymous().post_form("/oidc/token", &form).await;
    assert_eq!(renewed.http, 200, "{}", renewed.text);
    assert_eq!(s.anonymous().post_form("/oidc/token", &form).await.body["error"], "invalid_grant");
}
