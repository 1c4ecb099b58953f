//! What the plans "Hybrid OP" and "Form Post OP" check, and that nothing of it is on by default (G5).

use super::*;

/// `code`, `token`, `id_token` of the response as asked for.
const TYPES: &[&str] =
    &["id_token", "token", "id_token token", "code id_token", "code token", "code id_token token", "code", "none"];

fn half_hash(of: &str) -> String {
    watchword_crypto::jose::half_hash("RS256", of)
}

#[tokio::test]
async fn each_response_type_brings_what_it_names_and_nothing_else() {
    let s = Server::start().await;
    let app = fronted(&s).await;
    let ada = s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    for kind in TYPES {
        let more = [("response_type", *kind), ("nonce", "n-1"), ("scope", "openid offline_access")];
        let page = browser.get(&request(&app, &more)).await;
        let mark = if kind.contains("token") { '#' } else { '?' };
        assert!(page.location.as_deref().is_some_and(|l| l.starts_with(&format!("{CALLBACK}{mark}"))), "{kind}");
        let back = page.returned();
        let words: Vec<&str> = kind.split(' ').collect();
        for (word, member) in [("code", "code"), ("token", "access_token"), ("id_token", "id_token")] {
            assert_eq!(back.contains_key(member), words.contains(&word), "{kind}: {member}");
        }
        assert!(!back.contains_key("refresh_token"), "{kind}");
        assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("st-1", "https://id.example.com/oidc"), "{kind}");
        if let Some(token) = back.get("id_token") {
            let id = claims(token);
            assert_eq!((id["nonce"].as_str(), id["sub"].as_str()), (Some("n-1"), Some(ada.as_str())), "{kind}");
            let expected = back.get("code").map(|code| half_hash(code));
            assert_eq!(id.get("c_hash").and_then(Value::as_str), expected.as_deref(), "{kind}");
        }
        if let Some(token) = back.get("access_token") {
            s.anonymous().bearer(token).get("/api/v3/list-enrolled-factors").await.ok();
            assert_eq!(back["token_type"], "Bearer");
        }
        if let Some(code) = back.get("code") {
            let reply = exchange(&s, &app, code, &[]).await;
            assert_eq!(reply.http, 200, "{kind}: {}", reply.text);
            let id = claims(reply.body["id_token"].as_str().expect("an ID token"));
            assert_eq!((id["nonce"].as_str(), id.get("c_hash")), (Some("n-1"), None), "{kind}");
        }
    }
}

#[tokio::test]
async fn an_id_token_in_the_browser_needs_a_nonce_and_no_token_travels_in_a_query() {
    let s = Server::start().await;
    let app = fronted(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    for kind in ["id_token", "code id_token", "code id_token token", "id_token token"] {
        let page = browser.get(&request(&app, &[("response_type", kind)])).await;
        assert_eq!(page.error(), "invalid_request", "{kind}");
        assert!(page.location.as_deref().is_some_and(|l| l.contains('#')), "{kind}");
    }
    browser.get(&request(&app, &[("response_type", "code token")])).await.code();
    let more = [("response_type", "code token"), ("response_mode", "query")];
    let page = browser.get(&request(&app, &more)).await;
    assert_eq!(page.error(), "invalid_request");
    assert!(page.location.as_deref().is_some_and(|l| l.starts_with(&format!("{CALLBACK}#"))));
}

#[tokio::test]
async fn an_application_that_has_not_opted_in_gets_codes_only() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let half = super::app(&s, json!({ "response_types": ["code", "id_token", "code id_token"] }), json!({})).await;
    let mut browser = Browser::new(&s);
    for (app, kinds) in [(&app, &TYPES[..6]), (&half, &["id_token", "code id_token"][..])] {
        for kind in kinds {
            let page = browser.get(&request(app, &[("response_type", *kind), ("nonce", "n")])).await;
            assert_eq!(page.error(), "unauthorized_client", "{kind}");
        }
    }
}

#[tokio::test]
async fn form_post_carries_the_response_in_a_form_that_submits_itself_under_a_nonce() {
    let s = Server::start().await;
    let app = fronted(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    let state = "\"><script>alert(1)</script>";
    let more = [("response_mode", "form_post"), ("response_type", "code id_token"), ("nonce", "n"), ("state", state)];
    let page = browser.get(&request(&app, &more)).await;
    let (action, members) = page.form("cb").expect("a form");
    assert_eq!(action, CALLBACK);
    let members: BTreeMap<String, String> = members.into_iter().collect();
    assert_eq!(members["state"], state);
    assert!(members.contains_key("id_token") && members["iss"].ends_with("/oidc"));
    assert_eq!(exchange(&s, &app, &members["code"], &[]).await.http, 200);
    assert_eq!(page.text.matches("<script").count(), 1);
    let policy = page.headers["content-security-policy"].to_str().expect("text");
    let nonce = policy.split("'nonce-").nth(1).and_then(|p| p.split('\'').next()).expect("a nonce");
    assert!(page.text.contains(&format!("<script nonce=\"{nonce}\">")));
    assert!(policy.contains("form-action https://app.example.com;") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers["cache-control"], "no-store");
    let refused = browser.get(&request(&app, &[("response_mode", "form_post"), ("prompt", "none login")])).await;
    let (_, members) = refused.form("cb").expect("errors travel alike");
    assert!(members.contains(&("error".into(), "invalid_request".into())));
}

#[tokio::test]
async fn a_web_message_goes_to_the_origin_of_the_registered_address_only() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    let more = [("response_mode", "web_message"), ("prompt", "none"), ("state", "</script><b>")];
    let page = browser.get(&request(&app, &more)).await;
    assert!(page.text.contains("\"https://app.example.com\"); }") && !page.text.contains("<b>"), "{}", page.text);
    assert!(page.text.contains("authorization_response") && page.text.contains("\"code\":"));
    let policy = page.headers["content-security-policy"].to_str().expect("text");
    assert!(policy.contains("frame-ancestors https://app.example.com"), "{policy}");
    assert_eq!(page.headers["cross-origin-opener-policy"], "unsafe-none");
}
