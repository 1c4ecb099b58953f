//! Requests that their client has signed (RFC 9101).

use data_encoding::BASE64URL_NOPAD;
use watchword_crypto::jose::{Alg, SigningKey, sign_hs256};
use watchword_testkit::seconds;

use super::*;

const TYPE: &str = "oauth-authz-req+jwt";

fn wish(s: &Server, app: &App) -> Value {
    json!({
        "iss": app.id, "aud": "https://id.example.com/oidc", "exp": s.clock.now().as_seconds() + 300,
        "client_id": app.id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid email",
        "state": "signed", "nonce": "n-1", "max_age": 3600,
        "claims": { "id_token": { "phone_number": null } },
    })
}

async fn ask(browser: &mut Browser, app: &App, object: &str) -> Page {
    browser.get(&request(app, &[("request", object), ("scope", "openid"), ("nonce", "outside")])).await
}

#[tokio::test]
async fn what_the_client_has_signed_counts_and_nothing_beside_it() {
    let s = Server::start().await;
    let key = SigningKey::generate_for(Alg::Es256).expect("a key");
    let keys = json!({ "jwks": { "keys": [key.public_jwk()] } });
    let (by_key, by_secret) = (app(&s, keys, json!({})).await, plain(&s).await);
    let body = json!({ "username": "ada", "password": PASSWORD, "email": "ada@example.com" });
    s.admin().await.post("/api/v3/create-user", body).await.ok();
    let mut browser = Browser::new(&s);
    for (app, object) in [
        (&by_key, key.sign(&wish(&s, &by_key), TYPE).expect("signed")),
        (&by_secret, sign_hs256(by_secret.secret.as_bytes(), "JWT", &wish(&s, &by_secret))),
    ] {
        let page = ask(&mut browser, app, &object).await;
        let page = log_in(&mut browser, &page, "ada").await;
        assert_eq!(page.returned()["state"], "signed");
        let id = id_token(&s, app, &page).await;
        assert_eq!((&id["nonce"], &id["email"]), (&json!("n-1"), &json!("ada@example.com")));
    }
}

#[tokio::test]
async fn a_signed_request_may_be_pushed() {
    let s = Server::start().await;
    let app = app(&s, json!({ "require_pushed_authorization_requests": true }), json!({})).await;
    s.user("ada").await;
    let object = sign_hs256(app.secret.as_bytes(), TYPE, &wish(&s, &app));
    let form = [("client_id", app.id.as_str()), ("client_secret", app.secret.as_str()), ("request", &object)];
    let pushed = s.anonymous().post_form("/oidc/request", &form).await;
    let uri = encode(pushed.body["request_uri"].as_str().expect("a name"));
    let mut browser = Browser::new(&s);
    let page = browser.get(&format!("/oidc/auth?client_id={}&request_uri={uri}", app.id)).await;
    assert_eq!(log_in(&mut browser, &page, "ada").await.returned()["state"], "signed");
}

#[tokio::test]
async fn an_object_that_the_client_has_not_signed_for_this_server_now_is_refused() {
    let s = Server::start().await;
    let (app, other) = (plain(&s).await, plain(&s).await);
    let mut browser = Browser::new(&s);
    let signed = |secret: &str, change: &dyn Fn(&mut Value)| {
        let mut claims = wish(&s, &app);
        change(&mut claims);
        sign_hs256(secret.as_bytes(), TYPE, &claims)
    };
    let set = |name: &'static str, value: Value| move |claims: &mut Value| claims[name] = value.clone();
    let without = |name: &'static str| {
        move |claims: &mut Value| {
            claims.as_object_mut().expect("an object").remove(name);
        }
    };
    let header = BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#);
    let unsigned = format!("{header}.{}.", BASE64URL_NOPAD.encode(wish(&s, &app).to_string().as_bytes()));
    let past = json!(s.clock.now().as_seconds() - 61);
    for (why, object) in [
        ("unsigned", unsigned),
        ("another's secret", signed(&other.secret, &|_| {})),
        ("another client", signed(&app.secret, &set("iss", json!(other.id)))),
        ("another client inside", signed(&app.secret, &set("client_id", json!(other.id)))),
        ("another server", signed(&app.secret, &set("aud", json!("https://other.example")))),
        ("no audience", signed(&app.secret, &without("aud"))),
        ("over", signed(&app.secret, &set("exp", past))),
        ("for ever", signed(&app.secret, &without("exp"))),
        ("an object in an object", signed(&app.secret, &set("request", json!("x")))),
        ("an object elsewhere", signed(&app.secret, &set("request_uri", json!("https://evil.example")))),
        ("a client's assertion", signed(&app.secret, &set("sub", json!(app.id)))),
        ("a key by another's hand", SigningKey::generate_for(Alg::Rs256).unwrap().sign(&wish(&s, &app), TYPE).unwrap()),
    ] {
        assert_eq!(ask(&mut browser, &app, &object).await.error(), "invalid_request_object", "{why}");
    }
    // What is inside is judged like any request: this address is not registered.
    let object = signed(&app.secret, &set("redirect_uri", json!("https://evil.example")));
    let page = ask(&mut browser, &app, &object).await;
    assert_eq!((page.http, page.location), (400, None));
    let late = signed(&app.secret, &|_| {});
    s.clock.advance(seconds(400));
    assert_eq!(ask(&mut browser, &app, &late).await.error(), "invalid_request_object");
}

#[tokio::test]
async fn discovery_says_how_requests_may_be_signed() {
    let s = Server::start().await;
    let told = s.anonymous().get("/oidc/.well-known/openid-configuration").await.body;
    assert_eq!(
        (&told["request_parameter_supported"], &told["request_uri_parameter_supported"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(told["request_object_signing_alg_values_supported"], json!(["HS256", "RS256", "ES256", "EdDSA"]));
}
