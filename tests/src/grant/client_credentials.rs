//! Tokens that clients have in their own name.

use serde_json::{Value, json};
use watchword_testkit::Server;

use super::{App, app, claims, part, refused, text};
use crate::token::new_key;

#[tokio::test]
async fn an_application_that_asked_for_the_grant_has_a_token_in_its_own_name() {
    let s = Server::start().await;
    let shop = app(&s, json!({ "grant_types": ["client_credentials"], "access_token_expire": 600 })).await;
    let form = [("grant_type", "client_credentials"), ("scope", "orders:read openid offline_access")];
    let tokens = shop.post(&s, "/oidc/token", &form).await.body;
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(tokens["scope"], "orders:read", "what needs a user is not granted");
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none());
    let told = claims(&tokens["access_token"]);
    assert_eq!((&told["sub"], &told["aud"], &told["client_id"]), (&json!(shop.id), &json!(shop.id), &json!(shop.id)));
    assert!(told.get("sid").is_none());
    assert_eq!(part(&tokens["access_token"], 0)["typ"], "at+jwt");
    assert_eq!(shop.introspect(&s, &tokens["access_token"]).await["active"], true);
    let user = s.anonymous().bearer(text(&tokens["access_token"]));
    user.get("/api/v3/list-enrolled-factors").await.refused(401);
    refused(&user.get("/oidc/me").await, 401, "invalid_token");
}

#[tokio::test]
async fn a_grant_that_the_application_has_not_asked_for_is_refused() {
    let s = Server::start().await;
    let plain = App::of_pool(&s);
    for grant in ["client_credentials", "password", super::DEVICE, super::EXCHANGE] {
        let form = [("grant_type", grant), ("username", "ada"), ("password", "x")];
        refused(&plain.post(&s, "/oidc/token", &form).await, 400, "unauthorized_client");
    }
    let authing = [("grant_type", "http://authing.cn/oidc/grant_type/authing_token")];
    refused(&plain.post(&s, "/oidc/token", &authing).await, 400, "unsupported_grant_type");
    refused(&plain.post(&s, "/oidc/token", &[("grant_type", "magic")]).await, 400, "unsupported_grant_type");
    refused(&plain.post(&s, "/oidc/token", &[]).await, 400, "invalid_request");
    let only_codes = app(&s, json!({ "grant_types": ["authorization_code"] })).await;
    let tokens = only_codes.sign_in(&s, "openid offline_access").await;
    refused(&only_codes.refresh(&s, &tokens["refresh_token"], &[]).await, 400, "unauthorized_client");
    let public = app(&s, json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "none" })).await;
    let form = [("grant_type", "client_credentials")];
    refused(&public.post_as_public(&s, "/oidc/token", &form).await, 400, "unauthorized_client");
}

#[tokio::test]
async fn an_access_key_is_a_client_as_the_sdks_have_it_and_its_token_manages_nothing() {
    let s = Server::start().await;
    let (id, secret) = new_key(&s, &["user:read"]).await;
    let key = App { id: id.clone(), secret };
    let form = [("grant_type", "client_credentials"), ("scope", "orders:read")];
    // The Node SDK names its application by header besides.
    let by_sdk = key.post_by(&s.app(), "/oidc/token", &form).await.body;
    assert_eq!(claims(&by_sdk["access_token"])["aud"], json!(s.pool.app_id));
    let tokens = key.post(&s, "/oidc/token", &form).await.body;
    let told = claims(&tokens["access_token"]);
    assert_eq!((&told["sub"], &told["aud"], &tokens["expires_in"]), (&json!(id), &json!(id), &json!(7200)));
    let bearer = s.anonymous().bearer(text(&tokens["access_token"]));
    bearer.get("/api/v3/list-users").await.refused(401);
    bearer.get("/api/v3/list-enrolled-factors").await.refused(401);
    assert_eq!(key.introspect(&s, &tokens["access_token"]).await["active"], true);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    refused(&key.post(&s, "/oidc/token", &refresh).await, 400, "unauthorized_client");
    let wrong = App { id: id.clone(), secret: "wrong".into() };
    refused(&wrong.post(&s, "/oidc/token", &form).await, 401, "invalid_client");
    let disable = json!({ "accessKeyId": id, "enable": false });
    s.admin().await.post("/api/v3/update-access-key", disable).await.ok();
    refused(&key.post(&s, "/oidc/token", &form).await, 401, "invalid_client");
}

#[tokio::test]
async fn resources_are_those_that_the_application_may_ask_for() {
    let s = Server::start().await;
    let (a, b) = ("https://a.example.com/api", "https://b.example.com/api");
    let oidc = json!({ "grant_types": ["client_credentials"], "resources": [a, b], "scope": "read write" });
    let shop = app(&s, oidc).await;
    let ask = async |more: &[(&str, &str)]| {
        shop.post(&s, "/oidc/token", &[&[("grant_type", "client_credentials")], more].concat()).await
    };
    let aud = |reply: watchword_testkit::Reply| -> Value { claims(&reply.body["access_token"])["aud"].clone() };
    assert_eq!(aud(ask(&[("resource", a)]).await), json!(a));
    assert_eq!(aud(ask(&[("resource", a), ("resource", b)]).await), json!([a, b]));
    assert_eq!(aud(ask(&[]).await), json!(shop.id));
    refused(&ask(&[("resource", "https://c.example.com")]).await, 400, "invalid_target");
    refused(&ask(&[("resource", a), ("resource", "https://c.example.com")]).await, 400, "invalid_target");
    refused(&ask(&[("scope", "admin")]).await, 400, "invalid_scope");
    assert_eq!(ask(&[("scope", "read")]).await.body["scope"], "read");
}

#[tokio::test]
async fn an_application_chooses_how_its_tokens_are_signed() {
    let s = Server::start().await;
    for alg in ["RS256", "ES256", "EdDSA"] {
        let oidc = json!({ "access_token_signing_alg": alg, "id_token_signed_response_alg": alg });
        let shop = app(&s, oidc).await;
        let tokens = shop.sign_in(&s, "openid offline_access").await;
        let keys = s.anonymous().get(&format!("/{}/oidc/.well-known/jwks.json", shop.id)).await.body;
        let keys = keys["keys"].as_array().unwrap().clone();
        assert_eq!(keys[0]["kty"], "RSA", "the official SDKs look at the first key");
        for token in ["access_token", "id_token"] {
            let header = part(&tokens[token], 0);
            assert_eq!(header["alg"], alg);
            let key = keys.iter().find(|k| k["kid"] == header["kid"]).expect("published");
            let key = watchword_crypto::jose::VerifyKey::from_jwk(key).unwrap();
            assert!(watchword_crypto::jose::verify(text(&tokens[token]), &[key]).is_ok(), "{alg} {token}");
        }
        let hash = watchword_crypto::jose::half_hash(alg, text(&tokens["access_token"]));
        assert_eq!(claims(&tokens["id_token"])["at_hash"], json!(hash));
        let user = s.anonymous().bearer(text(&tokens["access_token"]));
        user.get("/api/v3/list-enrolled-factors").await.ok();
        assert_eq!(shop.introspect(&s, &tokens["id_token"]).await["active"], true);
    }
    let shared = s.anonymous().get("/oidc/.well-known/jwks.json").await.body;
    assert!(shared["keys"].as_array().unwrap().iter().all(|k| k["kty"] == "RSA"), "{shared}");
}

#[tokio::test]
async fn the_right_secret_ends_the_row_of_wrong_ones() {
    let s = Server::start().await;
    let shop = app(&s, json!({ "grant_types": ["client_credentials"] })).await;
    let (right, wrong) = (shop.secret.clone(), "0".repeat(32));
    let shop = |secret: &str| App { id: shop.id.clone(), secret: secret.to_owned() };
    let form = [("grant_type", "client_credentials")];
    for _ in 0..3 {
        for _ in 0..8 {
            refused(&shop(&wrong).post(&s, "/oidc/token", &form).await, 401, "invalid_client");
        }
        assert_eq!(shop(&right).post(&s, "/oidc/token", &form).await.http, 200);
    }
    for _ in 0..10 {
        refused(&shop(&wrong).post(&s, "/oidc/token", &form).await, 401, "invalid_client");
    }
    assert_eq!(shop(&wrong).post(&s, "/oidc/token", &form).await.http, 429);
    assert_eq!(shop(&right).post(&s, "/oidc/token", &form).await.http, 200, "a pause refuses wrong secrets only");
}
