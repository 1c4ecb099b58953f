//! Examples of what users do with their own account.

use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, Server, minutes};
use watchword_web::Op;

use super::super::named;
use super::Call;

const EMAIL: &str = "ada@example.com";
const PHONE: &str = "13800138000";
const NEW: (&str, &str) = ("new@example.com", "13900139000");

pub async fn valid(s: &Server, op: &Op, admin: &Client) -> Option<Call> {
    let call = |client: &Client, query: &str, body: Option<Value>| Call {
        client: client.clone(),
        method: op.method,
        path: format!("{}{query}", op.path),
        body,
        form: false,
    };
    let name = named(op);
    Some(match name.as_str() {
        "POST /api/v3/signup" => {
            let config =
                json!({ "enabledBasicRegisterMethods": ["EMAIL_PASSWORD"], "defaultRegisterMethod": "PASSWORD" });
            let app = json!({ "appName": "Open", "registerConfig": config });
            let app = admin.post("/api/v3/create-application", app).await.ok();
            let client = s.anonymous().header("x-authing-app-id", app["appId"].as_str().expect("an id"));
            let payload = json!({ "username": "ada", "password": PASSWORD });
            call(&client, "", Some(json!({ "connection": "PASSWORD", "passwordPayload": payload })))
        }
        "POST /api/v3/pre-check-code" => {
            let payload = json!({ "email": EMAIL, "passCode": "123456", "channel": "CHANNEL_REGISTER" });
            call(&s.app(), "", Some(json!({ "codeType": "EMAIL", "emailCodePayload": payload })))
        }
        "POST /api/v3/validate-password" => {
            s.user("ada").await;
            call(&s.app(), "", Some(json!({ "username": "ada", "password": PASSWORD })))
        }
        "GET /api/v3/get-profile"
        | "GET /api/v3/get-security-info"
        | "GET /api/v3/get-user-select-login-public-accounts"
        | "GET /api/v3/mydevices/list"
        | "GET /api/v3/get-my-login-history"
        | "GET /api/v3/get-my-logged-in-apps"
        | "GET /api/v3/get-my-accessible-apps"
        | "GET /api/v3/get-my-tenant-list"
        | "GET /api/v3/get-my-role-list"
        | "GET /api/v3/get-my-group-list"
        | "GET /api/v3/get-my-department-list"
        | "GET /api/v3/get-my-authorized-resources"
        | "GET /api/v3/get-identities" => call(&member(s, admin).await, "", None),
        "GET /api/v3/get-application-enabled-extidps" => call(&s.app(), "", None),
        "POST /api/v3/update-profile" => {
            call(&member(s, admin).await, "", Some(json!({ "nickname": "Countess", "gender": "F" })))
        }
        "POST /api/v3/update-password" => {
            let body = json!({ "oldPassword": PASSWORD, "newPassword": "an entirely new password" });
            call(&member(s, admin).await, "", Some(body))
        }
        "POST /api/v3/bind-email" => {
            let (client, _) = s.signed_in_as("ada").await;
            let code = s.mailed(&client, EMAIL, "CHANNEL_BIND_EMAIL").await;
            call(&client, "", Some(json!({ "email": EMAIL, "passCode": code })))
        }
        "POST /api/v3/bind-phone" => {
            let (client, _) = s.signed_in_as("ada").await;
            let code = s.texted(&client, PHONE, "CHANNEL_BIND_PHONE").await;
            call(&client, "", Some(json!({ "phoneNumber": PHONE, "passCode": code })))
        }
        "POST /api/v3/unbind-email" => {
            let client = member(s, admin).await;
            let code = s.mailed(&client, EMAIL, "CHANNEL_UNBIND_EMAIL").await;
            call(&client, "", Some(json!({ "passCode": code })))
        }
        "POST /api/v3/unbind-phone" => {
            let client = member(s, admin).await;
            let code = s.texted(&client, PHONE, "CHANNEL_UNBIND_PHONE").await;
            call(&client, "", Some(json!({ "passCode": code })))
        }
        "POST /api/v3/verify-update-email-request" => {
            let client = member(s, admin).await;
            let body = email_change(s, &client).await;
            call(&client, "", Some(body))
        }
        "POST /api/v3/update-email" => {
            let client = member(s, admin).await;
            let body = email_change(s, &client).await;
            let begun = client.post("/api/v3/verify-update-email-request", body).await.ok();
            call(&client, "", Some(json!({ "updateEmailToken": begun["updateEmailToken"] })))
        }
        "POST /api/v3/verify-update-phone-request" => {
            let client = member(s, admin).await;
            let body = phone_change(s, &client).await;
            call(&client, "", Some(body))
        }
        "POST /api/v3/update-phone" => {
            let client = member(s, admin).await;
            let body = phone_change(s, &client).await;
            let begun = client.post("/api/v3/verify-update-phone-request", body).await.ok();
            call(&client, "", Some(json!({ "updatePhoneToken": begun["updatePhoneToken"] })))
        }
        "POST /api/v3/verify-reset-password-request" => {
            member(s, admin).await;
            let body = forgotten(s).await;
            call(&s.app(), "", Some(body))
        }
        "POST /api/v3/reset-password" => {
            member(s, admin).await;
            let body = forgotten(s).await;
            let begun = s.app().post("/api/v3/verify-reset-password-request", body).await.ok();
            let body =
                json!({ "passwordResetToken": begun["passwordResetToken"], "password": "an entirely new password" });
            call(&s.app(), "", Some(body))
        }
        "POST /api/v3/verify-delete-account-request" => {
            let body = json!({ "verifyMethod": "PASSWORD", "passwordPayload": { "password": PASSWORD } });
            call(&member(s, admin).await, "", Some(body))
        }
        "POST /api/v3/delete-account" => {
            let client = member(s, admin).await;
            let body = json!({ "verifyMethod": "PASSWORD", "passwordPayload": { "password": PASSWORD } });
            let begun = client.post("/api/v3/verify-delete-account-request", body).await.ok();
            call(&client, "", Some(json!({ "deleteAccountToken": begun["deleteAccountToken"] })))
        }
        "POST /api/v3/mydevices/unbind" | "POST /api/v3/mydevices/revoke-session" => {
            let client = member(s, admin).await;
            let list = client.get("/api/v3/mydevices/list").await.ok();
            call(&client, "", Some(json!({ "deviceId": list[0]["device"]["deviceId"] })))
        }
        "POST /api/v3/mydevices/revoke-all-sessions" => {
            call(&member(s, admin).await, "", Some(json!({ "includeCurrent": true })))
        }
        "POST /api/v3/unlink-extidp" => {
            let client = member(s, admin).await;
            let id = client.get("/api/v3/get-profile").await.ok()["userId"].clone();
            let link = json!({ "userId": id, "extIdpId": "62f20932716fbcc10d966ee5", "userIdInIdp": "ou_1",
                "provider": "lark" });
            admin.post("/api/v3/link-identity", link).await.ok();
            call(&client, "", Some(json!({ "extIdpId": "62f20932716fbcc10d966ee5" })))
        }
        "POST /api/v2/upload" => {
            call(&member(s, admin).await, "", Some(json!({ "folder": "photos", "file": "GIF89a..." })))
        }
        _ => return None,
    })
}

/// A user with address and number who is signed in.
async fn member(s: &Server, admin: &Client) -> Client {
    let user = json!({ "username": "ada", "email": EMAIL, "phone": PHONE, "password": PASSWORD });
    admin.post("/api/v3/create-user", user).await.ok();
    s.advance(minutes(1));
    s.signed_in("ada").await
}

async fn email_change(s: &Server, client: &Client) -> Value {
    let (new, old) =
        (s.mailed(client, NEW.0, "CHANNEL_UPDATE_EMAIL").await, s.mailed(client, EMAIL, "CHANNEL_UPDATE_EMAIL").await);
    let payload = json!({ "newEmail": NEW.0, "newEmailPassCode": new, "oldEmail": EMAIL, "oldEmailPassCode": old });
    json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": payload })
}

async fn phone_change(s: &Server, client: &Client) -> Value {
    let (new, old) =
        (s.texted(client, NEW.1, "CHANNEL_BIND_PHONE").await, s.texted(client, PHONE, "CHANNEL_UNBIND_PHONE").await);
    let payload =
        json!({ "newPhoneNumber": NEW.1, "newPhonePassCode": new, "oldPhoneNumber": PHONE, "oldPhonePassCode": old });
    json!({ "verifyMethod": "PHONE_PASSCODE", "phonePassCodePayload": payload })
}

async fn forgotten(s: &Server) -> Value {
    let code = s.mailed(&s.app(), EMAIL, "CHANNEL_RESET_PASSWORD").await;
    json!({ "verifyMethod": "EMAIL_PASSCODE", "emailPassCodePayload": { "email": EMAIL, "passCode": code } })
}
