//! Second factors as an administrator sees them.

mod import;
mod status;

use serde_json::json;
use watchword_testkit::{SECRET, Server};

#[tokio::test]
async fn the_secret_is_read_back_in_canonical_form_and_the_reading_is_audited() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    s.import(&ada, "hxdm vjec-jjws rb3h wizr 4ifu gftm xboz").await;
    let read = s.admin().await.get(&format!("/api/v3/get-otp-secret-by-user?userId={ada}")).await.ok();
    assert_eq!(read["secret"], SECRET);
    assert_eq!(s.audited("otp.secret_read").await, 1);
}

#[tokio::test]
async fn the_secret_of_a_user_without_authenticator_is_422_and_of_an_unknown_one_404() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    let admin = s.admin().await;
    admin.get(&format!("/api/v3/get-otp-secret-by-user?userId={ada}")).await.refused(422);
    admin.get("/api/v3/get-otp-secret-by-user?userId=000000000000000000000000").await.refused_with(404, 2004);
}

#[tokio::test]
async fn mfa_info_follows_what_is_bound() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    let admin = s.admin().await;
    let path = "/api/v3/get-user-mfa-info?userId=ada&userIdType=username";
    let none = json!({ "totpStatus": "disabled", "faceMfaStatus": "disabled", "smsMfaStatus": "disabled",
        "emailMfaStatus": "disabled" });
    assert_eq!(admin.get(path).await.ok(), none);
    s.import(&ada, SECRET).await;
    assert_eq!(admin.get(path).await.ok()["totpStatus"], "enabled");
}
