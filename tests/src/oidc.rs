//! Keys, discovery, and the truth in tokens.

mod discovery;
mod keys;
mod userinfo;

use serde_json::json;
use watchword_testkit::jose::{claims, part};
use watchword_testkit::{SECRET, Server};

#[tokio::test]
async fn access_tokens_are_signed_by_the_first_published_key_for_the_application() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    let token = s.sign_in("ada").await.ok()["access_token"].as_str().unwrap().to_owned();
    for path in ["/oidc/.well-known/jwks.json".to_owned(), format!("/{}/oidc/.well-known/jwks.json", s.pool.app_id)] {
        let keys = s.anonymous().get(&path).await.body["keys"].clone();
        assert_eq!(keys[0]["kid"], part(&token, 0)["kid"]);
        for key in keys.as_array().unwrap() {
            assert_eq!(
                (key["kty"].as_str(), key["alg"].as_str(), key["use"].as_str()),
                (Some("RSA"), Some("RS256"), Some("sig"))
            );
            assert!(key.get("d").is_none() && key["n"].is_string());
        }
    }
    let claims = claims(&token);
    assert_eq!((claims["aud"].as_str(), claims["sub"].as_str()), (Some(s.pool.app_id.as_str()), Some(ada.as_str())));
    assert_eq!(claims["iss"], "https://id.example.com/oidc");
}

#[tokio::test]
async fn the_id_token_tells_the_truth_about_how_the_user_signed_in() {
    let s = Server::start().await;
    s.user("ada").await;
    s.user_with_otp("bob").await;
    let plain = s.sign_in("ada").await.ok();
    assert_eq!(claims(plain["id_token"].as_str().unwrap())["amr"], json!(["pwd"]));
    let reply = s.waiting("bob").await.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    let id = claims(reply["id_token"].as_str().unwrap());
    assert_eq!(id["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(id["auth_time"], s.clock.now().as_seconds());
    let body = json!({ "recoveryCode": watchword_testkit::RECOVERY_CODE });
    let recovered = s.waiting("bob").await.post("/api/v2/mfa/totp/recovery", body).await.body;
    assert_eq!(claims(recovered["data"]["id_token"].as_str().unwrap())["amr"], json!(["pwd", "rc", "mfa"]));
}

#[tokio::test]
async fn discovery_names_our_issuer_whatever_the_host_header() {
    let s = Server::start().await;
    let document = s.anonymous().header("host", "evil.example").header("x-forwarded-host", "evil.example");
    let document = document.get("/oidc/.well-known/openid-configuration").await.body;
    assert_eq!(document["issuer"], "https://id.example.com/oidc");
    assert!(!document.to_string().contains("evil"));
    assert_eq!(document["authorization_endpoint"], "https://id.example.com/oidc/auth");
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["request_uri_parameter_supported"], false);
}

#[tokio::test]
async fn introspection_takes_a_form_json_or_the_header_and_says_no_more_than_it_must() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let token = s.sign_in("ada").await.refused(300)["data"]["mfaToken"].as_str().unwrap().to_owned();
    let by_form = s.anonymous().post_form("/mfa/token/introspection", &[("token", &token)]).await.body;
    let by_json = s.anonymous().post("/mfa/token/introspection", json!({ "token": token })).await.body;
    let by_header = s.anonymous().bearer(&token).post_raw("/mfa/token/introspection", "").await.body;
    assert_eq!((by_form["active"].as_bool(), by_form["userId"].as_str()), (Some(true), Some(ada.as_str())));
    assert_eq!((&by_json, &by_header), (&by_form, &by_form));
    let nothing = s.anonymous().post_raw("/mfa/token/introspection", "").await.body;
    assert_eq!(nothing, json!({ "active": false }));
}
