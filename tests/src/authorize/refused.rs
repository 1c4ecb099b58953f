//! What is told to the user and never to the client (G2), and addresses that are almost right (M3).

use super::*;

#[tokio::test]
async fn an_unknown_client_or_address_is_told_here_and_the_browser_goes_nowhere() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    for wrong in [
        "",
        "https://app.example.com/cb/",
        "https://app.example.com/CB",
        "https://APP.example.com/cb",
        "https://app.example.com:443/cb",
        "https://app.example.com:8443/cb",
        "http://app.example.com/cb",
        "https://user@app.example.com/cb",
        "https://app.example.com@evil.example/cb",
        "https://app.example.com/x/../cb",
        "https://app.example.com/%63b",
        "https://app.example.com/cb%2e",
        "https://app.example.com\\@evil.example/cb",
        "https://app.example.com/cb#x",
        "https://app.example.com/cb?x=1",
        "https://app.example.com.evil.example/cb",
        "https://*.example.com/cb",
        "//app.example.com/cb",
        "/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://app.example.com/cb",
        "https://app.example.com/cb\u{0}",
        "https://app.example.com/cb\r\nx: y",
    ] {
        for more in [("prompt", "none"), ("prompt", "consent"), ("response_type", "")] {
            let page = browser.get(&request(&app, &[("redirect_uri", wrong), more])).await;
            assert_eq!(page.http, 400, "{wrong:?}: {}", page.text);
            assert_eq!(page.location, None, "{wrong:?}");
            assert!(!page.text.contains("evil.example"), "{wrong:?}: what was asked is not repeated");
        }
    }
    for wrong in ["", "nobody", "' OR 1=1 --", "\u{0}"] {
        let page = browser.get(&request(&app, &[("client_id", wrong)])).await;
        assert!(matches!(page.http, 400 | 404) && page.location.is_none(), "{wrong:?}: {}", page.http);
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", request(&app, &[]));
    let page = browser.get(&twice).await;
    assert_eq!((page.http, page.location), (400, None));
    let twice = format!("{}&client_id={}", request(&app, &[]), app.id);
    assert_eq!(browser.get(&twice).await.location, None);
    let twice = format!("{}&scope=openid", request(&app, &[]));
    assert_eq!(browser.get(&twice).await.error(), "invalid_request");
}

#[tokio::test]
async fn an_address_of_another_application_or_pool_is_no_address_of_this_one() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let more = json!({ "redirectUris": ["https://other.example.com/cb"] });
    let other = super::app(&s, json!({}), more).await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[("redirect_uri", "https://other.example.com/cb")])).await;
    assert_eq!((page.http, page.location), (400, None));
    let page = browser.get(&request(&other, &[])).await;
    assert_eq!((page.http, page.location), (400, None));
}

#[tokio::test]
async fn a_native_application_may_listen_at_any_port_of_this_machine_and_at_its_own_scheme() {
    let s = Server::start().await;
    let native = json!({
        "appType": "native", "redirectUris": ["http://127.0.0.1:7777/cb", "com.example.shop:/cb"],
    });
    let native = super::app(&s, json!({ "token_endpoint_auth_method": "none" }), native).await;
    let web = super::app(&s, json!({}), json!({ "redirectUris": ["http://127.0.0.1:7777/cb"] })).await;
    let challenge = challenge();
    let pkce = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256"), ("prompt", "none")];
    let mut browser = Browser::new(&s);
    for right in ["http://127.0.0.1:7777/cb", "http://127.0.0.1:50000/cb", "com.example.shop:/cb"] {
        let mut more = pkce.to_vec();
        more.push(("redirect_uri", right));
        assert_eq!(browser.get(&request(&native, &more)).await.error(), "login_required", "{right}");
    }
    for wrong in ["http://127.0.0.1:50000/other", "http://127.0.0.2:7777/cb", "http://localhost:7777/cb"] {
        let page = browser.get(&request(&native, &[("redirect_uri", wrong)])).await;
        assert_eq!((page.http, page.location), (400, None), "{wrong}");
    }
    let page = browser.get(&request(&web, &[("redirect_uri", "http://127.0.0.1:50000/cb")])).await;
    assert_eq!((page.http, page.location), (400, None), "the port is free for native applications only");
}

#[tokio::test]
async fn addresses_in_replies_are_the_configured_ones_whatever_the_host_header() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    browser.headers.push(("x-forwarded-host", "evil.example".into()));
    browser.headers.push(("forwarded", "host=evil.example".into()));
    let page = browser.get(&request(&app, &[])).await;
    assert!(!page.text.contains("evil.example"));
    let page = log_in(&mut browser, &page, "ada").await;
    assert!(page.location.as_deref().is_some_and(|l| l.starts_with(CALLBACK) && !l.contains("evil")));
    assert_eq!(page.returned()["iss"], "https://id.example.com/oidc");
}

#[tokio::test]
async fn one_address_opens_so_many_sign_in_pages_and_leaves_no_long_requests_behind() {
    let s = Server::with(|settings| settings.sign_in_pages = 5).await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let long = "x".repeat(4000);
    let more = [("state", long.as_str()), ("nonce", long.as_str()), ("login_hint", long.as_str())];
    assert_eq!(browser.get(&request(&app, &more)).await.error(), "invalid_request");
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    for _ in 1..5 {
        assert!(Browser::new(&s).get(&request(&app, &[])).await.offers("login"));
    }
    let page = Browser::new(&s).get(&request(&app, &[])).await;
    assert!(page.http == 429 && page.headers.contains_key("retry-after"), "{}", page.text);
    browser.get(&request(&app, &[("prompt", "none")])).await.code();
    s.clock.advance(watchword_testkit::minutes(11));
    assert!(Browser::new(&s).get(&request(&app, &[])).await.offers("login"));
}
