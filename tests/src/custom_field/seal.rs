//! Encrypted and masked values, and the decryption of values that callers encrypted themselves.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use watchword_crypto::transport::{RsaSize, RsaTransportKey, Sm2TransportKey};
use watchword_testkit::encrypt;

use super::*;

const CANARY: &str = "canary-5fd1c0d7a9-custom";

async fn stored(s: &Server) -> String {
    let mut all = Vec::new();
    for sql in [
        "SELECT custom_data FROM users WHERE pool_id = $1",
        "SELECT custom_data FROM groups WHERE pool_id = $1",
        "SELECT value_key FROM user_custom_values WHERE pool_id = $1",
        "SELECT value_key FROM custom_unique_values WHERE pool_id = $1",
        "SELECT details FROM audit_logs WHERE pool_id = $1",
    ] {
        all.extend(rows(s, sql).await);
    }
    all.join("\n")
}

async fn secret(admin: &Client, more: Value) {
    let mut field = json!({ "key": "secret", "dataType": "STRING", "encrypted": true });
    field.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    define(admin, json!([field])).await.ok();
}

#[tokio::test]
async fn an_encrypted_value_is_read_as_it_was_written_and_lies_nowhere_in_the_open() {
    let (s, admin) = start().await;
    others(&s).await;
    secret(&admin, json!({})).await;
    secret(&admin, json!({ "targetType": "GROUP" })).await;
    let ada = made(&admin, "ada", json!({ "secret": CANARY, "open": 1 })).await;
    let list = json!([{ "key": "secret", "value": CANARY }]);
    let body = json!({ "targetType": "GROUP", "targetIdentifier": "dev", "list": list });
    admin.post("/api/v3/set-custom-data", body).await.ok();
    assert!(!stored(&s).await.contains(CANARY), "{}", stored(&s).await);
    let s = s.restart().await;
    let admin = s.admin().await;
    let expected = json!({ "secret": CANARY, "open": 1 });
    assert_eq!(data_of(&admin, &ada).await, expected);
    let flat = admin.get(&format!("/api/v3/get-user?userId={ada}&flatCustomData=true")).await.ok();
    assert_eq!(flat["secret"], CANARY);
    assert_eq!(admin.get("/api/v3/list-users?withCustomData=true").await.ok()["list"][0]["customData"], expected);
    let group = admin.get("/api/v3/get-custom-data?targetType=GROUP&targetIdentifier=dev").await.ok();
    assert_eq!(group, json!({ "secret": CANARY }));
    let kept = update(&admin, &ada, json!({ "open": 2 })).await.ok();
    assert_eq!(kept["customData"]["secret"], CANARY, "what does not change stays sealed and opens");
    update(&admin, &ada, json!({ "secret": null })).await.ok();
    assert_eq!(data_of(&admin, &ada).await, json!({ "open": 2 }));
}

#[tokio::test]
async fn sealed_values_are_bound_to_their_owner() {
    let (s, admin) = start().await;
    secret(&admin, json!({})).await;
    let ada = made(&admin, "ada", json!({ "secret": "hers" })).await;
    let bob = made(&admin, "bob", json!({ "secret": "his" })).await;
    let sql = format!(
        "UPDATE users SET custom_data = (SELECT u.custom_data FROM users u WHERE u.pool_id = $1 AND u.id = '{ada}')
         WHERE pool_id = $1 AND id = '{bob}'"
    );
    run(&s, &sql).await;
    admin.get(&format!("/api/v3/get-user?userId={bob}&withCustomData=true")).await.refused(500);
    assert_eq!(data_of(&admin, &ada).await["secret"], "hers");
}

#[tokio::test]
async fn nobody_writes_what_looks_sealed() {
    let (_s, admin) = start().await;
    let forged = json!({ "$sealed": ["AAAA", "MAC:00"] });
    create(&admin, "ada", json!({ "any": forged })).await.refused_at("customData.any");
    let ada = made(&admin, "ada", json!({})).await;
    update(&admin, &ada, json!({ "any": forged })).await.refused_at("customData.any");
}

#[tokio::test]
async fn encrypted_values_are_unique_without_being_readable() {
    let (s, admin) = start().await;
    secret(&admin, json!({ "isUnique": true })).await;
    let ada = made(&admin, "ada", json!({ "secret": CANARY })).await;
    create(&admin, "bob", json!({ "secret": CANARY.to_uppercase() })).await.refused(409);
    let bob = made(&admin, "bob", json!({ "secret": "another" })).await;
    update(&admin, &ada, json!({ "secret": "third" })).await.ok();
    update(&admin, &bob, json!({ "secret": CANARY })).await.ok();
    assert!(!stored(&s).await.to_lowercase().contains(CANARY));
    let delete = json!({ "list": [{ "targetType": "USER", "key": "secret" }] });
    admin.post("/api/v3/delete-custom-fields", delete).await.ok();
    assert!(!stored(&s).await.contains("$sealed"));
}

#[tokio::test]
async fn tokens_do_not_carry_encrypted_values() {
    let (s, admin) = start().await;
    secret(&admin, json!({})).await;
    let ada = s.user("ada").await;
    update(&admin, &ada, json!({ "secret": CANARY, "open": 1 })).await.ok();
    let payload = json!({ "password": watchword_testkit::PASSWORD, "username": "ada" });
    let tokens = s.sign_in_with("ada", payload, "openid extended_fields").await.ok();
    let token = tokens["id_token"].as_str().expect("an ID token");
    let claims = token.split('.').nth(1).expect("claims");
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!(claims["extended_fields"], json!({ "open": 1 }));
}

#[tokio::test]
async fn masked_values_are_plain_only_for_keys_that_may_read_them() {
    let (s, admin) = start().await;
    let fields = json!([
        { "key": "tel", "dataType": "STRING", "desensitization": true, "encrypted": true },
        { "key": "age", "dataType": "NUMBER", "desensitization": true },
    ]);
    define(&admin, fields).await.ok();
    let plain = json!({ "tel": "13800138000", "age": 40, "open": "x" });
    let masked = json!({ "tel": "13****00", "age": "****", "open": "x" });
    let ada = made(&admin, "ada", plain.clone()).await;
    assert_eq!(data_of(&admin, &ada).await, plain);
    let clerk = with_grants(&s, &["user:read", "user:write", "custom-data:read"]).await;
    assert_eq!(data_of(&clerk, &ada).await, masked);
    let by_itself = format!("/api/v3/get-custom-data?targetType=USER&targetIdentifier={ada}");
    assert_eq!(clerk.get(&by_itself).await.ok(), masked);
    assert_eq!(clerk.get("/api/v3/list-users?withCustomData=true").await.ok()["list"][0]["customData"], masked);
    assert_eq!(update(&clerk, &ada, json!({ "age": 41 })).await.ok()["customData"], masked);
    // Reading all of it, changing one member and writing all of it back destroys nothing.
    let mut back = data_of(&clerk, &ada).await;
    back["open"] = json!("y");
    update(&clerk, &ada, back).await.ok();
    assert_eq!(data_of(&admin, &ada).await, json!({ "tel": "13800138000", "age": 41, "open": "y" }));
    update(&clerk, &ada, json!({ "tel": "13****01" })).await.ok();
    assert_eq!(data_of(&admin, &ada).await["tel"], "13****01", "another text is a new value");
    let trusted = with_grants(&s, &["user:read", "custom-data:read-plain"]).await;
    assert_eq!(data_of(&trusted, &ada).await["age"], 41);
}

#[tokio::test]
async fn a_callers_key_opens_what_was_encrypted_to_it() {
    let (_s, admin) = start().await;
    let key = RsaTransportKey::generate(RsaSize::Rsa2048).expect("a key");
    let der = BASE64.encode(key.to_pkcs8().expect("DER").reveal());
    let content = encrypt::rsa(key.public_pem(), "13800138000");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    let send = async |key: &str, content: &str| {
        let data = json!([{ "userId": "ada", "fieldName": "phone", "encryptedContent": content }]);
        admin.post("/api/v3/users/field/decrypt", json!({ "privateKey": key, "data": data })).await
    };
    let expected = json!([{ "userId": "ada", "fieldName": "phone", "decryptedContent": "13800138000" }]);
    assert_eq!(send(&pem, &content).await.ok(), expected);
    assert_eq!(send(&der, &content).await.ok(), expected);
    let bare = json!({ "privateKey": pem, "data": [{ "encryptedContent": content }] });
    let told = admin.post("/api/v3/users/field/decrypt", bare).await.ok();
    assert_eq!(told, json!([{ "decryptedContent": "13800138000" }]));
    let another = RsaTransportKey::generate(RsaSize::Rsa2048).expect("a key");
    let another = BASE64.encode(another.to_pkcs8().expect("DER").reveal());
    send(&another, &content).await.refused_at("data[0].encryptedContent");
    send(&pem, "AAAA").await.refused_at("data[0].encryptedContent");
    for bad in ["", "x", "private key", &"0".repeat(64), &"z".repeat(64)] {
        send(bad, &content).await.refused_at("privateKey");
    }
    let sm2 = HEXLOWER.encode(&[7; 32]);
    assert!(Sm2TransportKey::from_bytes(&[7; 32]).is_ok());
    send(&sm2, "00").await.refused_at("data[0].encryptedContent");
    admin.post("/api/v3/users/field/decrypt", json!({ "privateKey": pem, "data": [] })).await.refused_at("data");
}
