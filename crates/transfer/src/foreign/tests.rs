//! A user of each system, as its export writes it.

use serde_json::{Value, json};
use watchword_kit::Lang;

use super::*;
use crate::hash::Style;

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("an object") };
    object
}

#[test]
fn a_keycloak_user_keeps_name_state_attributes_and_password() {
    let user = keycloak::user(object(json!({
        "id": "a1b2", "username": "ada", "email": "ada@example.com", "emailVerified": true, "firstName": "Ada",
        "lastName": "Lovelace", "enabled": false, "createdTimestamp": 1_600_000_000_000_i64, "totp": false,
        "requiredActions": ["UPDATE_PASSWORD"], "realmRoles": ["user"],
        "attributes": { "locale": ["en"], "phoneNumber": ["+14155550123"], "phoneNumberVerified": ["true"],
            "team": ["red"], "tags": ["a", "b"] },
        "credentials": [{ "type": "otp" }, { "type": "password",
            "secretData": "{\"value\":\"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=\",\"salt\":\"c2FsdA==\"}",
            "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}" }],
    })))
    .unwrap();
    let expected = json!({
        "externalId": "a1b2", "username": "ada", "email": "ada@example.com", "emailVerified": true, "givenName": "Ada",
        "familyName": "Lovelace", "createdAt": "2020-09-13T12:26:40.000Z", "status": "Suspended",
        "resetPasswordOnNextLogin": true, "locale": "en", "phone": "+14155550123", "phoneVerified": true,
        "passwordHash": "$pbkdf2-sha256$i=27500,l=20$c2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTA",
        "customData": { "team": "red", "tags": ["a", "b"] },
    });
    assert_eq!(Value::Object(user), expected);
    let odd = json!({ "username": "x", "credentials": [{ "type": "password", "secretData": "hunter2" }] });
    let said = keycloak::user(object(odd)).unwrap_err().message(Lang::En);
    assert!(said.starts_with("passwordHash:") && !said.contains("hunter2"), "{said}");
}

#[test]
fn an_auth0_user_meets_the_hash_of_the_other_file() {
    let file = "{\"_id\":{\"$oid\":\"60425dc43519d90068f82973\"},\"passwordHash\":\"$2b$10$second\"}\n\n\
                {\"_id\":{\"$oid\":\"50425dc43519d90068f82973\"},\"email\":\"x\",\"passwordHash\":\"$2b$10$first\"}\n";
    let hashes = auth0::Hashes::read(file.as_bytes()).unwrap();
    let user = |id: &str| {
        let from = json!({ "user_id": id, "email": "a@b.c", "email_verified": false, "name": "a@b.c",
            "nickname": "Ada", "blocked": true, "logins_count": 3, "last_ip": "192.0.2.1",
            "created_at": "2020-01-02T03:04:05.678Z", "app_metadata": { "plan": "free", "x": 1 },
            "user_metadata": { "plan": "paid" }, "identities": [{ "provider": "auth0" }] });
        auth0::user(object(from), Some(&hashes)).unwrap()
    };
    let expected = json!({
        "externalId": "auth0|60425dc43519d90068f82973", "email": "a@b.c", "emailVerified": false, "nickname": "Ada",
        "createdAt": "2020-01-02T03:04:05.678Z", "lastIp": "192.0.2.1", "loginsCount": 3, "status": "Suspended",
        "passwordHash": "$2b$10$second", "customData": { "plan": "paid", "x": 1 },
    });
    assert_eq!(Value::Object(user("auth0|60425dc43519d90068f82973")), expected);
    assert!(!user("google-oauth2|123").contains_key("passwordHash"));
    assert!(!format!("{hashes:?}").contains("2b"));
    assert!(auth0::Hashes::read("{\"_id\":\"no id\",\"passwordHash\":\"x\"}".as_bytes()).is_err());
}

#[test]
fn a_firebase_user_without_a_password_needs_no_parameters() {
    let from = json!({ "localId": "f1", "email": "a@b.c", "emailVerified": true, "displayName": "Ada",
        "createdAt": "1600000000000", "lastSignedInAt": "1600000000000", "disabled": true, "salt": "x",
        "customAttributes": "{\"admin\":true}", "phoneNumber": "+14155550123", "providerUserInfo": [] });
    let user = firebase::user(object(from), &Style::Auto).unwrap();
    let expected = json!({
        "externalId": "f1", "email": "a@b.c", "emailVerified": true, "phone": "+14155550123", "phoneVerified": true,
        "name": "Ada", "createdAt": "2020-09-13T12:26:40.000Z", "lastLogin": "2020-09-13T12:26:40.000Z",
        "status": "Suspended", "customData": { "admin": true },
    });
    assert_eq!(Value::Object(user), expected);
}

#[test]
fn a_genauth_user_keeps_what_we_know() {
    let from = json!({ "userId": "64f0", "email": null, "emailVerified": false, "phone": "", "phoneVerified": false,
        "username": "ada", "departmentIds": ["x"], "mainDepartmentId": "x", "unknownToUs": 1, "gender": "F",
        "customData": null });
    let user = genauth::user(object(from)).unwrap();
    assert_eq!(Value::Object(user), json!({ "userId": "64f0", "username": "ada", "gender": "F" }));
}
