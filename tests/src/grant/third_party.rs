//! Applications that ask their users for consent were given scopes, not the account.

use serde_json::json;
use watchword_testkit::{Browser, PASSWORD, Server};
use watchword_web::Access;

use super::{App, refused, register, text};
use crate::authorize::{self, CALLBACK};
use crate::token::limited;

/// What is open to them. Whatever is added here may be read by every application that somebody has agreed to once.
const OPEN: &[&str] = &["GET /api/v3/get-profile", "GET /oidc/me", "POST /oidc/me", "GET /oauth/me", "POST /oauth/me"];

#[test]
fn userinfo_and_the_profile_are_all_that_a_third_party_may_call() {
    let open: Vec<String> = watchword_web::operations()
        .iter()
        .filter(|op| op.third_party)
        .inspect(|op| assert!(op.access == Access::User && op.audit.is_none(), "{} {}", op.method, op.path))
        .map(|op| format!("{} {}", op.method, op.path))
        .collect();
    assert_eq!(open, OPEN);
}

#[tokio::test]
async fn the_token_of_an_application_that_asks_for_consent_opens_no_account() {
    let s = Server::start().await;
    register::allow(&s).await;
    let mut metadata = register::metadata();
    metadata["redirect_uris"] = json!([CALLBACK]);
    let made = limited(&s, &["application:register"]).await.post("/oidc/register", metadata).await.body;
    let registered = App { id: text(&made["client_id"]).into(), secret: text(&made["client_secret"]).into() };
    let asking = authorize::app(&s, json!({ "skip_consent": false }), json!({})).await;
    s.user("ada").await;
    for guest in [registered, asking] {
        let mut browser = Browser::new(&s);
        let page = authorize::sign_in(&mut browser, &guest, "ada", &[("scope", "openid profile")]).await;
        let code = browser.submit(&page, "confirm", &[]).await.code();
        let tokens = authorize::exchange(&s, &guest, &code, &[]).await.body;
        let user = s.anonymous().bearer(text(&tokens["access_token"]));
        assert_eq!(user.get("/oidc/me").await.http, 200);
        let profile = user.get("/api/v3/get-profile").await.ok();
        assert!(profile["userId"].is_string() && profile["email"].is_null(), "{profile}");
        for (path, body) in [
            ("update-password", json!({ "oldPassword": PASSWORD, "newPassword": "an entirely new password" })),
            ("update-profile", json!({ "nickname": "Eve" })),
            ("send-enroll-factor-request", json!({ "factorType": "OTP", "profile": {} })),
            ("decide-device-authorization", json!({ "userCode": "BBBB-BBBB", "approve": true })),
        ] {
            let told = user.post(&format!("/api/v3/{path}"), body).await.refused(403);
            assert!(told["message"].as_str().is_some_and(|m| m.contains("consent")), "{path}: {told}");
        }
        user.get("/api/v3/list-enrolled-factors").await.refused(403);
        user.get("/api/v3/get-security-info").await.refused(403);
    }
    let own = App::of_pool(&s).sign_in(&s, "openid profile").await;
    let user = s.anonymous().bearer(text(&own["access_token"]));
    user.post("/api/v3/update-profile", json!({ "nickname": "Ada" })).await.ok();
    user.get("/api/v3/list-enrolled-factors").await.ok();
    refused(&s.anonymous().bearer("x").get("/oidc/me").await, 401, "invalid_token");
}
