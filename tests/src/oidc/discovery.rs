//! What clients read first is true (the checks of the Config OP plan).

use serde_json::{Value, json};
use watchword_testkit::Server;

use crate::grant::{App, app};

const DOCUMENT: &str = "/oidc/.well-known/openid-configuration";

#[tokio::test]
async fn the_document_has_what_openid_connect_discovery_requires() {
    let s = Server::start().await;
    let d = s.anonymous().get(DOCUMENT).await.body;
    let issuer = "https://id.example.com/oidc";
    assert_eq!(d["issuer"], issuer);
    for required in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
    ] {
        assert!(d[required].as_str().is_some_and(|url| url.starts_with("https://id.example.com/oidc/")), "{required}");
    }
    let has = |list: &str, item: &str| d[list].as_array().is_some_and(|l| l.contains(&json!(item)));
    for (list, item) in [
        ("subject_types_supported", "public"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("scopes_supported", "openid"),
        ("claims_supported", "sub"),
        ("token_endpoint_auth_methods_supported", "private_key_jwt"),
        ("grant_types_supported", "refresh_token"),
    ] {
        assert!(has(list, item), "{list} lacks {item}");
    }
    assert!(!has("id_token_signing_alg_values_supported", "none"));
}

#[tokio::test]
async fn every_endpoint_that_takes_posts_without_a_browser_is_where_the_document_says() {
    let s = Server::start().await;
    let d = s.anonymous().get(DOCUMENT).await.body;
    for name in [
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
        "userinfo_endpoint",
    ] {
        let path = d[name].as_str().unwrap().strip_prefix("https://id.example.com").unwrap();
        let reply = s.anonymous().post_form(path, &[]).await;
        assert_eq!(reply.http, 401, "{name} {}", reply.text);
    }
}

#[tokio::test]
async fn every_grant_and_method_that_is_listed_can_be_chosen_and_no_other() {
    let s = Server::start().await;
    let d = s.anonymous().get(DOCUMENT).await.body;
    let key = watchword_crypto::jose::SigningKey::generate_for(watchword_crypto::jose::Alg::Es256).unwrap();
    let jwks = json!({ "keys": [key.public_jwk()] });
    for (listed, member, many) in [
        ("grant_types_supported", "grant_types", true),
        ("token_endpoint_auth_methods_supported", "token_endpoint_auth_method", false),
        ("introspection_endpoint_auth_methods_supported", "introspection_endpoint_auth_method", false),
        ("revocation_endpoint_auth_methods_supported", "revocation_endpoint_auth_method", false),
        ("id_token_signing_alg_values_supported", "id_token_signed_response_alg", false),
    ] {
        for value in d[listed].as_array().unwrap() {
            let value = if many { json!([value]) } else { value.clone() };
            app(&s, json!({ (member): value, "jwks": jwks })).await;
        }
        let magic = if many { json!(["magic"]) } else { json!("magic") };
        let body = json!({ "appName": "A", "oidcConfig": { (member): magic } });
        s.admin().await.post("/api/v3/create-application", body).await.refused(400);
    }
}

#[tokio::test]
async fn the_same_server_is_described_wherever_clients_look() {
    let s = Server::start().await;
    let d = s.anonymous().get(DOCUMENT).await.body;
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/oidc"] {
        assert_eq!(s.anonymous().get(path).await.body, d, "{path}");
    }
    let shop = App::of_pool(&s);
    let mut own = s.anonymous().get(&format!("/{}{DOCUMENT}", shop.id)).await.body;
    assert_eq!(own["jwks_uri"], format!("https://id.example.com/{}/oidc/.well-known/jwks.json", shop.id));
    own["jwks_uri"] = d["jwks_uri"].clone();
    assert_eq!(own, d);
    s.anonymous().get(&format!("/0123456789abcdef01234567{DOCUMENT}")).await.refused(404);
    let resource = s.anonymous().get("/.well-known/oauth-protected-resource").await.body;
    assert_eq!(resource["resource"], "https://id.example.com");
    assert_eq!(resource["authorization_servers"], json!(["https://id.example.com/oidc"]));
    let evil = s.anonymous().header("host", "evil.example").get("/.well-known/oauth-protected-resource").await;
    assert!(!evil.text.contains("evil"));
}

#[tokio::test]
async fn published_keys_have_no_private_member_and_names_of_their_own() {
    let s = Server::start().await;
    let shop = app(&s, json!({ "id_token_signed_response_alg": "ES256", "access_token_signing_alg": "EdDSA" })).await;
    let keys = s.anonymous().get(&format!("/{}/oidc/.well-known/jwks.json", shop.id)).await.body["keys"].clone();
    let kinds: Vec<&Value> = keys.as_array().unwrap().iter().map(|k| &k["alg"]).collect();
    assert_eq!(kinds, ["RS256", "ES256", "EdDSA"]);
    for key in keys.as_array().unwrap() {
        assert!(["d", "p", "q", "k"].iter().all(|name| key.get(name).is_none()) && key["use"] == "sig", "{key}");
    }
}
