//! Accounts elsewhere, as their user sees them.

use serde_json::{Value, json};
use watchword_testkit::Server;

const SOURCE: &str = "62f20932716fbcc10d966ee5";

#[tokio::test]
async fn a_user_sees_and_unlinks_identities_of_their_own_unless_it_is_the_last_way_in() {
    let s = Server::start().await;
    let id = s.user("ada").await;
    let (admin, client) = (s.admin().await, s.signed_in("ada").await);
    let link = json!({ "userId": id, "extIdpId": SOURCE, "userIdInIdp": "ou_1", "provider": "lark" });
    admin.post("/api/v3/link-identity", link.clone()).await.ok();
    let list = client.get("/api/v3/get-identities").await;
    assert_eq!((list.ok()[0]["provider"].clone(), list.ok()[0]["userIdInIdp"].clone()), (json!("lark"), json!("ou_1")));
    assert!(!list.text.contains("Token\""), "{}", list.text);
    let (eve, _) = s.signed_in_as("eve").await;
    assert_eq!(eve.get("/api/v3/get-identities").await.ok(), json!([]));
    eve.post("/api/v3/unlink-extidp", json!({ "extIdpId": SOURCE })).await.refused(404);

    let nameless = json!({ "userId": id, "username": null, "externalId": "hr-1" });
    admin.post("/api/v3/update-user", nameless).await.ok();
    client.post("/api/v3/unlink-extidp", json!({ "extIdpId": SOURCE })).await.refused(422);
    assert_eq!(client.get("/api/v3/get-identities").await.ok().as_array().map(Vec::len), Some(1));
    admin.post("/api/v3/update-user", json!({ "userId": id, "username": "ada" })).await.ok();
    client.post("/api/v3/unlink-extidp", json!({ "extIdpId": SOURCE })).await.done();
    client.post("/api/v3/unlink-extidp", json!({ "extIdpId": SOURCE })).await.refused(404);
    assert_eq!(client.get("/api/v3/get-identities").await.ok(), Value::Array(Vec::new()));
    assert_eq!(s.audited("user.own_identity_unlink").await, 4);
}

#[tokio::test]
async fn no_identity_source_can_be_connected_yet() {
    let s = Server::start().await;
    assert_eq!(s.app().get("/api/v3/get-application-enabled-extidps").await.ok(), json!([]));
    s.app().get("/api/v3/link-extidp?ext_idp_conn_identifier=x&app_id=x&id_token=x").await.refused(501);
}
