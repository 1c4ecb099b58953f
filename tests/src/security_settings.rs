//! Security settings of the whole user pool.

mod password;
mod settings;

pub use settings::{anomaly, set};

use serde_json::json;
use watchword_testkit::Server;

const GET: &str = "/api/v3/get-global-mfa-settings";
const ENABLE: &str = "/api/v3/update-global-mfa-settings";
const DISABLE: &str = "/api/v3/disable-global-mfa-settings";

#[tokio::test]
async fn factors_are_switched_on_and_off_and_others_stay_as_they_are() {
    let server = Server::start().await;
    let admin = server.admin().await;
    assert_eq!(admin.get(GET).await.ok(), json!({ "enabledFactors": [] }));
    assert_eq!(
        admin.post(ENABLE, json!({ "enabledFactors": ["EMAIL"] })).await.ok()["enabledFactors"],
        json!(["EMAIL"])
    );
    let both = json!({ "enabledFactors": ["OTP", "EMAIL"] });
    assert_eq!(admin.post(ENABLE, json!({ "enabledFactors": ["OTP", "OTP"] })).await.ok(), both);
    assert_eq!(admin.get(GET).await.ok(), both);
    assert_eq!(admin.post(ENABLE, json!({ "enabledFactors": [] })).await.ok(), both);
    let left = admin.post(DISABLE, json!({ "disableFactors": ["EMAIL", "SMS", "FACE"] })).await.ok();
    assert_eq!(left, json!({ "enabledFactors": ["OTP"] }));
    assert_eq!(admin.get(GET).await.ok(), left);
}

#[tokio::test]
async fn a_face_cannot_be_asked_for_and_nothing_else_is_switched_on_beside_it() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.post(ENABLE, json!({ "enabledFactors": ["OTP", "FACE"] })).await.refused(501);
    admin.post(ENABLE, json!({ "enabledFactors": ["OTP", "IRIS"] })).await.refused_at("enabledFactors[1]");
    admin.post(ENABLE, json!({})).await.refused_at("enabledFactors");
    assert_eq!(admin.get(GET).await.ok()["enabledFactors"], json!([]));
}

#[tokio::test]
async fn another_pool_keeps_its_settings() {
    let server = Server::start().await;
    let other = server.new_pool("Other").await;
    server.admin().await.post(ENABLE, json!({ "enabledFactors": ["OTP"] })).await.ok();
    assert_eq!(server.admin_of(&other).await.get(GET).await.ok()["enabledFactors"], json!([]));
}

#[tokio::test]
async fn parallel_changes_either_hold_or_say_conflict() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let tasks: Vec<_> = ["OTP", "SMS", "EMAIL"]
        .map(|factor| {
            let admin = admin.clone();
            tokio::spawn(async move { (factor, admin.post(ENABLE, json!({ "enabledFactors": [factor] })).await) })
        })
        .into();
    let mut held = Vec::new();
    for task in tasks {
        let (factor, reply) = task.await.unwrap();
        if reply.body["statusCode"] == 200 {
            held.push(factor);
        } else {
            reply.refused(409);
        }
    }
    let now = admin.get(GET).await.ok();
    let on = now["enabledFactors"].as_array().unwrap();
    assert!(
        !held.is_empty() && held.len() == on.len() && held.iter().all(|f| on.contains(&json!(f))),
        "{held:?} {now}"
    );
}
