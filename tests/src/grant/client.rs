//! How applications prove themselves.

use data_encoding::BASE64;
use serde_json::{Value, json};
use watchword_crypto::jose::{self, Alg, SigningKey};
use watchword_testkit::jose::possession;
use watchword_testkit::{Server, minutes};

use super::{ASSERTION, App, app, refused, text};

const M2M: &[(&str, &str)] = &[("grant_type", "client_credentials")];

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()))
}

#[tokio::test]
async fn the_secret_comes_by_form_or_by_header_and_not_by_both() {
    let s = Server::start().await;
    let shop = app(&s, json!({ "grant_types": ["client_credentials"] })).await;
    assert_eq!(shop.post(&s, "/oidc/token", M2M).await.http, 200);
    let header = s.anonymous().header("authorization", &basic(&shop.id, &shop.secret));
    assert_eq!(header.post_form("/oidc/token", M2M).await.http, 200);
    // RFC 6749 §2.3.1: form-encoded before it is put together. For hex that is the same text.
    let encoded: String = shop.secret.bytes().map(|b| format!("%{b:02X}")).collect();
    let odd = s.anonymous().header("authorization", &basic(&shop.id, &encoded));
    assert_eq!(odd.post_form("/oidc/token", M2M).await.http, 200);
    refused(&shop.post_by(&header, "/oidc/token", M2M).await, 400, "invalid_request");
    let wrong = s.anonymous().header("authorization", &basic(&shop.id, "wrong")).post_form("/oidc/token", M2M).await;
    refused(&wrong, 401, "invalid_client");
    assert!(wrong.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    refused(&shop.post_as_public(&s, "/oidc/token", M2M).await, 401, "invalid_client");
}

#[tokio::test]
async fn unknown_clients_and_wrong_secrets_are_one_refusal_and_secrets_of_others_are_wrong() {
    let s = Server::start().await;
    let (shop, other) = (app(&s, json!({})).await, app(&s, json!({})).await);
    let crossed = App { id: shop.id.clone(), secret: other.secret };
    let unknown = App { id: "0123456789abcdef01234567".into(), secret: shop.secret };
    for wrong in [crossed, unknown] {
        for path in ["/oidc/token", "/oidc/token/introspection", "/oidc/token/revocation", "/oidc/request"] {
            refused(&wrong.post(&s, path, &[("token", "x")]).await, 401, "invalid_client");
        }
    }
}

#[tokio::test]
async fn wrong_secrets_are_paused_on_every_node_and_the_right_one_is_not() {
    let s = Server::start().await;
    let shop = app(&s, json!({ "grant_types": ["client_credentials"] })).await;
    let wrong = App { id: shop.id.clone(), secret: "wrong".into() };
    for _ in 0..10 {
        refused(&wrong.post(&s, "/oidc/token", M2M).await, 401, "invalid_client");
    }
    let node = s.second_node().await;
    let paused = wrong.post(&node, "/oidc/token/introspection", &[("token", "x")]).await;
    assert_eq!((paused.http, paused.headers["retry-after"].to_str().unwrap()), (429, "60"));
    assert_eq!(shop.post(&node, "/oidc/token", M2M).await.http, 200);
    s.clock.advance(minutes(1));
    refused(&wrong.post(&s, "/oidc/token", M2M).await, 401, "invalid_client");
    assert!(s.audited("login.token").await >= 11, "each try at a known client leaves a row");
}

struct Asserting {
    app: App,
    key: SigningKey,
}

impl Asserting {
    async fn new(s: &Server, alg: Alg) -> Asserting {
        let key = SigningKey::generate_for(alg).unwrap();
        let oidc = json!({ "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"],
            "jwks": { "keys": [key.public_jwk()] } });
        Asserting { app: app(s, oidc).await, key }
    }

    fn claims(&self, s: &Server) -> Value {
        let now = s.clock.now().as_seconds();
        json!({ "iss": self.app.id, "sub": self.app.id, "aud": "https://id.example.com/oidc/token",
            "jti": s.services.entropy.hex(8), "iat": now, "exp": now + 60 })
    }

    async fn send(&self, s: &Server, assertion: &str) -> watchword_testkit::Reply {
        let form = [("client_assertion_type", ASSERTION), ("client_assertion", assertion)];
        s.anonymous().post_form("/oidc/token", &[M2M, &form].concat()).await
    }
}

#[tokio::test]
async fn an_assertion_by_the_clients_own_key_is_proof_once_on_all_nodes() {
    let s = Server::start().await;
    let node = s.second_node().await;
    for alg in Alg::ALL {
        let client = Asserting::new(&s, alg).await;
        let assertion = client.key.sign(&client.claims(&s), "JWT").unwrap();
        assert_eq!(client.send(&s, &assertion).await.http, 200, "{alg:?}");
        refused(&client.send(&node, &assertion).await, 401, "invalid_client");
        let mut issuer = client.claims(&s);
        issuer["aud"] = json!(["https://id.example.com/oidc"]);
        assert_eq!(client.send(&s, &client.key.sign(&issuer, "JWT").unwrap()).await.http, 200);
    }
}

#[tokio::test]
async fn an_assertion_that_is_not_the_clients_own_for_us_and_now_proves_nothing() {
    let s = Server::start().await;
    let client = Asserting::new(&s, Alg::Es256).await;
    let other = Asserting::new(&s, Alg::Es256).await;
    let now = s.clock.now().as_seconds();
    for (name, value) in [
        ("iss", json!(other.app.id)),
        ("aud", json!("https://other.example.com/oidc/token")),
        ("aud", json!(["https://id.example.com/oidc", "https://other.example.com"])),
        ("aud", json!([])),
        ("exp", json!(now - 61)),
        ("exp", json!(now + 3661)),
        ("exp", Value::Null),
        ("nbf", json!(now + 61)),
        ("iat", json!(now + 61)),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!("x".repeat(257))),
    ] {
        let mut claims = client.claims(&s);
        claims[name] = value.clone();
        let reply = client.send(&s, &client.key.sign(&claims, "JWT").unwrap()).await;
        assert_eq!((reply.http, &reply.body["error"]), (401, &json!("invalid_client")), "{name} {value}");
    }
    let claims = client.claims(&s);
    let forged = [
        other.key.sign(&claims, "JWT").unwrap(),
        jose::sign_hs256(client.app.secret.as_bytes(), "JWT", &claims),
        jose::sign_hs256(client.key.public_jwk().to_string().as_bytes(), "JWT", &claims),
        possession(&client.key, &claims, "JWT") + "x",
        possession(&other.key, &claims, "JWT"),
    ];
    for assertion in forged {
        assert_eq!(client.send(&s, &assertion).await.http, 401, "{assertion}");
    }
    // The secret is no way around the key.
    refused(&client.app.post(&s, "/oidc/token", M2M).await, 401, "invalid_client");
    let right = client.key.sign(&claims, "JWT").unwrap();
    let form = [("client_assertion_type", "urn:other"), ("client_assertion", right.as_str())];
    refused(&s.anonymous().post_form("/oidc/token", &[M2M, &form].concat()).await, 401, "invalid_client");
    assert_eq!(client.send(&s, &right).await.http, 200, "it was not spent by being refused");
}

#[tokio::test]
async fn an_assertion_under_the_secret_is_proof_where_the_application_says_so() {
    let s = Server::start().await;
    let oidc = json!({ "token_endpoint_auth_method": "client_secret_jwt", "grant_types": ["client_credentials"] });
    let shop = app(&s, oidc).await;
    let client = Asserting { app: shop, key: SigningKey::generate_for(Alg::EdDsa).unwrap() };
    let right = jose::sign_hs256(client.app.secret.as_bytes(), "JWT", &client.claims(&s));
    assert_eq!(client.send(&s, &right).await.http, 200);
    refused(&client.send(&s, &right).await, 401, "invalid_client");
    let wrong = jose::sign_hs256(b"0123456789abcdef0123456789abcdef", "JWT", &client.claims(&s));
    refused(&client.send(&s, &wrong).await, 401, "invalid_client");
    refused(&client.app.post(&s, "/oidc/token", M2M).await, 401, "invalid_client");
}

#[tokio::test]
async fn settings_that_cannot_act_or_contradict_each_other_are_refused_with_their_place() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let private = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "x" }] });
    for (field, status, oidc) in [
        ("oidcConfig.jwks_uri", 501, json!({ "jwks_uri": "https://a.example/jwks" })),
        ("oidcConfig.grant_types", 501, json!({ "grant_types": ["http://authing.cn/oidc/grant_type/authing_token"] })),
        ("oidcConfig.jwks.keys[0]", 400, json!({ "jwks": private })),
        ("oidcConfig.jwks", 400, json!({ "jwks": { "keys": [] } })),
        ("oidcConfig.token_endpoint_auth_method", 400, json!({ "token_endpoint_auth_method": "private_key_jwt" })),
        (
            "oidcConfig.id_token_signed_response_alg",
            400,
            json!({ "token_endpoint_auth_method": "none", "id_token_signed_response_alg": "HS256" }),
        ),
        ("oidcConfig.access_token_signing_alg", 400, json!({ "access_token_signing_alg": "HS256" })),
        ("oidcConfig.resources[0]", 400, json!({ "resources": ["https://api.example.com/#x"] })),
        ("oidcConfig.scope", 400, json!({ "scope": "" })),
        ("oidcConfig.require_pkce", 400, json!({ "require_pkce": "yes" })),
        ("oidcConfig.dpop_bound_access_tokens", 400, json!({ "dpop_bound_access_tokens": 1 })),
    ] {
        let body = json!({ "appName": "A", "oidcConfig": oidc });
        let told = admin.post("/api/v3/create-application", body).await.refused(status);
        assert!(text(&told["message"]).starts_with(&format!("{field}:")), "{told}");
    }
    let public = app(&s, json!({ "token_endpoint_auth_method": "none" })).await;
    let shown = admin.get(&format!("/api/v3/get-application?appId={}", public.id)).await.ok();
    assert_eq!(shown["oidcConfig"]["id_token_signed_response_alg"], "RS256");
}
