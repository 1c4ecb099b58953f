//! How long codes and tokens live, as the application says.

use watchword_testkit::seconds;

use super::*;

const MORE: [(&str, &str); 2] = [("scope", "openid offline_access"), ("prompt", "consent")];

/// The tokens that a fresh sign-in brings.
async fn tokens(s: &Server, app: &App) -> Value {
    let mut browser = Browser::new(s);
    let page = sign_in(&mut browser, app, "ada", &MORE).await;
    let reply = exchange(s, app, &page.code(), &[]).await;
    assert_eq!(reply.http, 200, "{}", reply.text);
    reply.body
}

async fn refresh(s: &Server, app: &App, tokens: &Value) -> u16 {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().expect("a refresh token")),
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
    ];
    s.anonymous().post_form("/oidc/token", &form).await.http
}

#[tokio::test]
async fn a_code_lives_as_long_as_the_application_says() {
    let s = Server::start().await;
    s.user("ada").await;
    let (usual, short) = (plain(&s).await, app(&s, json!({ "authorization_code_expire": 30 }), json!({})).await);
    for (app, late, works) in [(&usual, 599, true), (&usual, 600, false), (&short, 29, true), (&short, 30, false)] {
        let page = sign_in(&mut Browser::new(&s), app, "ada", &[]).await;
        s.clock.advance(seconds(late));
        let reply = exchange(&s, app, &page.code(), &[]).await;
        assert_eq!(reply.http == 200, works, "{late}: {}", reply.text);
    }
}

#[tokio::test]
async fn tokens_live_as_long_as_the_application_says() {
    let s = Server::start().await;
    s.user("ada").await;
    let oidc = json!({ "access_token_expire": 300, "id_token_expire": 120, "refresh_token_expire": 3600 });
    let (usual, short) = (plain(&s).await, app(&s, oidc, json!({})).await);
    for (app, access, id) in [(&usual, 1_209_600, 1_209_600), (&short, 300, 120)] {
        let tokens = tokens(&s, app).await;
        let access_token = claims(tokens["access_token"].as_str().expect("an access token"));
        let id_token = claims(tokens["id_token"].as_str().expect("an ID token"));
        let life = |token: &Value| token["exp"].as_i64().expect("exp") - token["iat"].as_i64().expect("iat");
        assert_eq!((life(&access_token), life(&id_token), &tokens["expires_in"]), (access, id, &json!(access)));
    }
    let (of_usual, of_short) = (tokens(&s, &usual).await, tokens(&s, &short).await);
    let alive = async |tokens: &Value| {
        s.anonymous().bearer(tokens["access_token"].as_str().expect("a token")).get("/oidc/me").await.http == 200
    };
    s.clock.advance(seconds(299));
    assert!(alive(&of_short).await && alive(&of_usual).await);
    s.clock.advance(seconds(1));
    assert!(!alive(&of_short).await && alive(&of_usual).await);
    s.clock.advance(seconds(3301));
    assert_eq!((refresh(&s, &short, &of_short).await, refresh(&s, &usual, &of_usual).await), (400, 200));
    let fresh = tokens(&s, &short).await;
    s.clock.advance(seconds(3599));
    assert_eq!(refresh(&s, &short, &fresh).await, 200);
}
