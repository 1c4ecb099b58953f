//! What tokens are worth, and their end.

use serde_json::{Value, json};
use watchword_testkit::{Server, seconds};

use super::{App, app, claims, refused, text};
use crate::token::new_key;

const INTROSPECT: &str = "/oidc/token/introspection";
const REVOKE: &str = "/oidc/token/revocation";

#[tokio::test]
async fn the_application_is_told_what_its_tokens_say() {
    let s = Server::start().await;
    let shop = App::of_pool(&s);
    let tokens = shop.sign_in(&s, "openid profile offline_access").await;
    let access = claims(&tokens["access_token"]);
    let told = shop.introspect(&s, &tokens["access_token"]).await;
    for name in ["sub", "client_id", "exp", "iat", "iss", "jti", "scope", "sid"] {
        assert_eq!(told[name], access[name], "{name}");
    }
    assert_eq!(
        (&told["active"], &told["token_type"], &told["aud"]),
        (&json!(true), &json!("Bearer"), &json!([shop.id]))
    );
    let refresh = shop.introspect(&s, &tokens["refresh_token"]).await;
    assert_eq!((&refresh["active"], &refresh["token_type"]), (&json!(true), &json!("refresh_token")));
    assert_eq!((&refresh["sub"], &refresh["scope"]), (&access["sub"], &json!("openid profile offline_access")));
    assert_eq!(shop.introspect(&s, &tokens["id_token"]).await["token_type"], "id_token");
    s.clock.advance(seconds(1_209_600));
    for token in ["access_token", "id_token"] {
        assert_eq!(shop.introspect(&s, &tokens[token]).await, json!({ "active": false }), "{token}");
    }
}

#[tokio::test]
async fn nobody_is_told_of_anothers_tokens_and_the_answer_does_not_say_why() {
    let s = Server::start().await;
    let pool = s.new_pool("Other").await;
    let (shop, other) = (App::of_pool(&s), app(&s, json!({})).await);
    let foreign = App { id: pool.app_id, secret: pool.app_secret };
    let (key_id, key_secret) = new_key(&s, &[]).await;
    let key = App { id: key_id, secret: key_secret };
    let tokens = shop.sign_in(&s, "openid offline_access").await;
    for stranger in [&other, &foreign, &key] {
        for token in ["access_token", "refresh_token", "id_token"] {
            assert_eq!(stranger.introspect(&s, &tokens[token]).await, json!({ "active": false }));
            let done = stranger.post(&s, REVOKE, &[("token", text(&tokens[token]))]).await;
            assert_eq!(done.http, 200, "{}", done.text);
        }
        assert_eq!(stranger.introspect(&s, &json!("nonsense")).await, json!({ "active": false }));
    }
    assert_eq!(shop.introspect(&s, &tokens["access_token"]).await["active"], true, "strangers revoke nothing");
    assert_eq!(shop.refresh(&s, &tokens["refresh_token"], &[]).await.http, 200);
}

#[tokio::test]
async fn without_proof_nobody_is_told_anything() {
    let s = Server::start().await;
    let shop = App::of_pool(&s);
    let tokens = shop.sign_in(&s, "openid").await;
    let token = [("token", text(&tokens["access_token"]))];
    for path in [INTROSPECT, REVOKE, "/oauth/token/introspection", "/oauth/token/revocation"] {
        refused(&shop.post_as_public(&s, path, &token).await, 401, "invalid_client");
        refused(&s.anonymous().post_form(path, &token).await, 401, "invalid_client");
        refused(&shop.post(&s, path, &[]).await, 400, "invalid_request");
    }
    // Where the application says that it does not authenticate there, its id is enough, for its own tokens.
    let oidc = json!({ "introspection_endpoint_auth_method": "none", "revocation_endpoint_auth_method": "none" });
    let open = app(&s, oidc).await;
    let own = open.sign_in(&s, "openid").await;
    let own = [("token", text(&own["access_token"]))];
    assert_eq!(open.post_as_public(&s, INTROSPECT, &own).await.body["active"], true);
    assert_eq!(open.post_as_public(&s, INTROSPECT, &token).await.body, json!({ "active": false }));
    assert_eq!(open.post_as_public(&s, REVOKE, &own).await.http, 200);
    assert_eq!(open.post_as_public(&s, INTROSPECT, &own).await.body, json!({ "active": false }));
    refused(&open.post_as_public(&s, "/oidc/token", &[("grant_type", "refresh_token")]).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_revoked_token_takes_its_session_along() {
    let s = Server::start().await;
    let node = s.second_node().await;
    let shop = App::of_pool(&s);
    for (kind, path) in
        [("access_token", REVOKE), ("refresh_token", REVOKE), ("refresh_token", "/oauth/token/revocation")]
    {
        let tokens = shop.sign_in(&s, "openid offline_access").await;
        let other = shop.sign_in(&s, "openid offline_access").await;
        let form = [("token", text(&tokens[kind])), ("token_type_hint", "nonsense")];
        let done = shop.post(&s, path, &form).await;
        assert_eq!((done.http, &done.body["data"]["success"]), (200, &json!(true)));
        for token in ["access_token", "refresh_token", "id_token"] {
            assert_eq!(shop.introspect(&node, &tokens[token]).await, json!({ "active": false }), "{kind} {token}");
        }
        refused(&shop.refresh(&node, &tokens["refresh_token"], &[]).await, 400, "invalid_grant");
        assert_eq!(shop.introspect(&s, &other["access_token"]).await["active"], true, "nobody else's");
        assert_eq!(shop.post(&s, path, &form).await.http, 200, "once more is no error");
    }
    let tokens = shop.sign_in(&s, "openid").await;
    let id = [("token", text(&tokens["id_token"]))];
    refused(&shop.post(&s, REVOKE, &id).await, 400, "unsupported_token_type");
    assert_eq!(shop.post(&s, REVOKE, &[("token", "nonsense")]).await.http, 200);
}

#[tokio::test]
async fn a_clients_own_token_is_revoked_alone() {
    let s = Server::start().await;
    let shop = app(&s, json!({ "grant_types": ["client_credentials"] })).await;
    let form = [("grant_type", "client_credentials")];
    let (one, two) = (shop.post(&s, "/oidc/token", &form).await.body, shop.post(&s, "/oidc/token", &form).await.body);
    assert_eq!(shop.post(&s, REVOKE, &[("token", text(&one["access_token"]))]).await.http, 200);
    assert_eq!(shop.introspect(&s, &one["access_token"]).await, json!({ "active": false }));
    assert_eq!(shop.introspect(&s, &two["access_token"]).await["active"], true);
    let rows = async || {
        let mut tx = s.services.db.read().await.unwrap();
        tx.one::<(i64,)>(&"SELECT COUNT(*) AS n FROM revoked_tokens".to_owned(), &[]).await.unwrap().0
    };
    assert_eq!(rows().await, 1);
    s.clock.advance(seconds(1_209_601));
    watchword::worker::forget(&s.services).await;
    assert_eq!(rows().await, 0, "what has expired need not be remembered");
}

#[tokio::test]
async fn the_old_validation_endpoint_answers_the_claims_of_a_valid_token_only() {
    let s = Server::start().await;
    let shop = App::of_pool(&s);
    let tokens = shop.sign_in(&s, "openid").await;
    let ask = async |query: String| s.anonymous().get(&format!("/api/v2/oidc/validate_token?{query}")).await;
    for kind in ["access_token", "id_token"] {
        let told = ask(format!("{kind}={}", text(&tokens[kind]))).await.body;
        assert_eq!(told, claims(&tokens[kind]), "{kind}");
    }
    ask(format!("access_token={}", text(&tokens["id_token"]))).await.refused(401);
    ask(format!("id_token={}", text(&tokens["access_token"]))).await.refused(401);
    ask(String::new()).await.refused(400);
    shop.post(&s, REVOKE, &[("token", text(&tokens["access_token"]))]).await;
    for kind in ["access_token", "id_token"] {
        ask(format!("{kind}={}", text(&tokens[kind]))).await.refused(401);
    }
}

#[tokio::test]
async fn a_pem_key_is_told_from_what_is_none() {
    let s = Server::start().await;
    let ask = async |key: Value| {
        s.anonymous().post("/api/v2/oidc/validate_pem_key", json!({ "key": key })).await.body["valid"].clone()
    };
    let system = s.anonymous().get("/api/v3/system").await.body;
    assert_eq!(ask(system["rsa"]["publicKey"].clone()).await, true);
    assert_eq!(ask(json!("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")).await, false);
    assert_eq!(ask(Value::Null).await, false);
}
