//! Tokens that are worth nothing without the client's key.

use serde_json::{Value, json};
use watchword_crypto::hash::token_hash;
use watchword_crypto::jose::{Alg, SigningKey};
use watchword_testkit::{Client, PASSWORD, Server, seconds};

use super::{App, app, claims, proof, refused, text};

const FORM: &[(&str, &str)] =
    &[("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("scope", "openid offline_access")];

async fn shop(s: &Server, more: Value) -> App {
    s.user("ada").await;
    let mut oidc = json!({ "grant_types": ["password", "refresh_token"] });
    oidc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app(s, oidc).await
}

fn with(s: &Server, proof: &str) -> Client {
    s.anonymous().header("dpop", proof)
}

#[tokio::test]
async fn a_bound_token_needs_a_fresh_proof_of_its_key_at_each_call() {
    let s = Server::start().await;
    let shop = shop(&s, json!({})).await;
    for alg in Alg::ALL {
        let key = SigningKey::generate_for(alg).unwrap();
        let client = with(&s, &proof(&s, &key, "POST", "/oidc/token", |_| {}));
        let tokens = shop.post_by(&client, "/oidc/token", FORM).await.body;
        assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
        let token = text(&tokens["access_token"]).to_owned();
        assert_eq!(claims(&tokens["access_token"])["cnf"]["jkt"], json!(key.kid()));
        assert_eq!(shop.introspect(&s, &tokens["access_token"]).await["cnf"]["jkt"], json!(key.kid()));
        let call = async |scheme: &str, key: &SigningKey, method: &str, path: &str, ath: Option<&str>| {
            let proof = proof(&s, key, method, path, |c| {
                if let Some(ath) = ath {
                    c["ath"] = token_hash(ath).into();
                }
            });
            with(&s, &proof).header("authorization", &format!("{scheme} {token}")).get("/oidc/me").await
        };
        assert_eq!(call("DPoP", &key, "GET", "/oidc/me", Some(&token)).await.http, 200);
        let other = SigningKey::generate_for(alg).unwrap();
        for reply in [
            call("Bearer", &key, "GET", "/oidc/me", Some(&token)).await,
            call("DPoP", &other, "GET", "/oidc/me", Some(&token)).await,
            call("DPoP", &key, "POST", "/oidc/me", Some(&token)).await,
            call("DPoP", &key, "GET", "/oidc/token", Some(&token)).await,
            call("DPoP", &key, "GET", "/oidc/me", Some("another token")).await,
            call("DPoP", &key, "GET", "/oidc/me", None).await,
        ] {
            assert_eq!(reply.http, 401, "{}", reply.text);
        }
        // Nor by the query, nor raw.
        refused(&s.anonymous().get(&format!("/oidc/me?access_token={token}")).await, 401, "invalid_token");
        s.anonymous().header("authorization", &token).get("/api/v3/list-enrolled-factors").await.refused(401);
        let api = proof(&s, &key, "GET", "/api/v3/list-enrolled-factors", |c| c["ath"] = token_hash(&token).into());
        let bound = with(&s, &api).header("authorization", &format!("DPoP {token}"));
        bound.get("/api/v3/list-enrolled-factors?x=1").await.ok();
        bound.get("/api/v3/list-enrolled-factors").await.refused(401);
    }
}

#[tokio::test]
async fn a_proof_that_is_old_used_or_meant_for_another_request_gets_no_tokens() {
    let s = Server::start().await;
    let node = s.second_node().await;
    let shop = shop(&s, json!({})).await;
    let key = SigningKey::generate_for(Alg::Es256).unwrap();
    let now = s.clock.now().as_seconds();
    for (name, value) in [
        ("htm", json!("GET")),
        ("htm", json!("post")),
        ("htu", json!("https://evil.example.com/oidc/token")),
        ("htu", json!("https://id.example.com/oidc/me")),
        ("htu", json!("https://id.example.com:444/oidc/token")),
        ("iat", json!(now - 301)),
        ("iat", json!(now + 61)),
        ("iat", Value::Null),
        ("jti", Value::Null),
    ] {
        let wrong = proof(&s, &key, "POST", "/oidc/token", |c| c[name] = value.clone());
        let reply = shop.post_by(&with(&s, &wrong), "/oidc/token", FORM).await;
        assert_eq!((reply.http, &reply.body["error"]), (400, &json!("invalid_dpop_proof")), "{name} {value}");
    }
    let named = key.sign(
        &json!({ "jti": "x", "htm": "POST", "htu": "https://id.example.com/oidc/token", "iat": now }),
        "dpop+jwt",
    );
    refused(&shop.post_by(&with(&s, &named.unwrap()), "/oidc/token", FORM).await, 400, "invalid_dpop_proof");
    let right =
        proof(&s, &key, "POST", "/oidc/token", |c| c["htu"] = json!("https://ID.example.com:443/oidc/token?x#y"));
    assert_eq!(shop.post_by(&with(&s, &right), "/oidc/token", FORM).await.body["token_type"], "DPoP");
    refused(&shop.post_by(&with(&node, &right), "/oidc/token", FORM).await, 400, "invalid_dpop_proof");
}

#[tokio::test]
async fn a_public_clients_refresh_token_is_bound_and_a_confidential_ones_is_not() {
    let s = Server::start().await;
    let public = shop(&s, json!({ "token_endpoint_auth_method": "none" })).await;
    let confidential = app(&s, json!({ "grant_types": ["password", "refresh_token"] })).await;
    for (client, bound) in [(&public, true), (&confidential, false)] {
        let own = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
        let own = if bound { &own[..1] } else { &own[..] };
        let (key, other) =
            (SigningKey::generate_for(Alg::EdDsa).unwrap(), SigningKey::generate_for(Alg::EdDsa).unwrap());
        let ask = async |key: Option<&SigningKey>, form: &[(&str, &str)]| {
            let caller = match key {
                Some(key) => with(&s, &proof(&s, key, "POST", "/oidc/token", |_| {})),
                None => s.anonymous(),
            };
            caller.post_form("/oidc/token", &[own, form].concat()).await
        };
        let tokens = ask(Some(&key), FORM).await.body;
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens["refresh_token"]))];
        if bound {
            refused(&ask(None, &refresh).await, 400, "invalid_grant");
            refused(&ask(Some(&other), &refresh).await, 400, "invalid_grant");
            assert_eq!(ask(Some(&key), &refresh).await.body["token_type"], "DPoP");
        } else {
            assert_eq!(ask(Some(&other), &refresh).await.http, 200);
        }
        s.clock.advance(seconds(1));
    }
}

#[tokio::test]
async fn an_application_that_demands_it_has_no_tokens_without() {
    let s = Server::start().await;
    let shop = shop(&s, json!({ "dpop_bound_access_tokens": true })).await;
    refused(&shop.post(&s, "/oidc/token", FORM).await, 400, "invalid_dpop_proof");
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": PASSWORD } });
    s.anonymous().header("x-authing-app-id", &shop.id).post("/api/v3/signin", body).await.refused(400);
    let key = SigningKey::generate_for(Alg::Es256).unwrap();
    let client = with(&s, &proof(&s, &key, "POST", "/oidc/token", |_| {}));
    assert_eq!(shop.post_by(&client, "/oidc/token", FORM).await.body["token_type"], "DPoP");
}
