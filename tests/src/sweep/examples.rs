//! One valid call of every operation. The sweeps make them, spoil them and watch what happens.

mod account;
mod app;
mod department;

use serde_json::{Value, json};
use watchword_crypto::transport::{RsaSize, RsaTransportKey};
use watchword_testkit::{Client, PASSWORD, RECOVERY_CODE, Reply, SECRET, Server};
use watchword_web::Op;

use super::named;

/// A call that is about to be made.
#[derive(Clone)]
pub struct Call {
    pub client: Client,
    pub method: &'static str,
    /// With the query.
    pub path: String,
    pub body: Option<Value>,
    pub form: bool,
}

impl Call {
    pub async fn send(&self) -> Reply {
        if let Some(file) = self.body.as_ref().and_then(|b| b["file"].as_str()) {
            let texts = self.body.as_ref().and_then(Value::as_object).into_iter().flatten();
            let texts: Vec<(&str, &str)> = texts.filter_map(|(k, v)| Some((k.as_str(), v.as_str()?))).collect();
            let texts: Vec<(&str, &str)> = texts.into_iter().filter(|(k, _)| *k != "file").collect();
            return self.client.post_file(&self.path, &texts, "file", file.as_bytes()).await;
        }
        match (&self.body, self.form) {
            (Some(body), true) => {
                let pairs: Vec<(String, String)> = body
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(k, v)| (k.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
                    .collect();
                let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                self.client.post_form(&self.path, &pairs).await
            }
            (body, _) => self.client.call(self.method, &self.path, body.clone()).await,
        }
    }

    pub fn by(&self, client: &Client) -> Call {
        Call { client: client.clone(), ..self.clone() }
    }

    /// What the call says about whom, as text.
    pub fn text(&self) -> String {
        format!("{} {}", self.path, self.body.as_ref().map(Value::to_string).unwrap_or_default())
    }
}

/// A form of the pool's application.
fn form(s: &Server, path: String, mut body: Value) -> Call {
    body["client_id"] = s.pool.app_id.clone().into();
    body["client_secret"] = s.pool.app_secret.clone().into();
    Call { client: s.anonymous(), method: "POST", path, body: Some(body), form: true }
}

/// Makes what the operation needs and answers a call that will succeed.
pub async fn valid(s: &Server, op: &Op) -> Call {
    let admin = s.admin().await;
    if let Some(call) = department::valid(s, op, &admin).await {
        return call;
    }
    if let Some(call) = account::valid(s, op, &admin).await {
        return call;
    }
    if let Some(call) = app::valid(s, op, &admin).await {
        return call;
    }
    let path = |query: &str| format!("{}{query}", op.path);
    let call = |client: &Client, path: String, body: Option<Value>| Call {
        client: client.clone(),
        method: op.method,
        path,
        body,
        form: false,
    };
    let get = |query: String| call(&admin, path(&query), None);
    let post = |body: Value| call(&admin, path(""), Some(body));
    match named(op).as_str() {
        // token, access-keys
        "POST /api/v3/get-management-token" => {
            let body = json!({ "accessKeyId": s.pool.key_id, "accessKeySecret": s.pool.key_secret });
            call(&s.anonymous(), path(""), Some(body))
        }
        "GET /api/v3/list-access-key" => get(String::new()),
        "GET /api/v3/get-access-key" => get(format!("?userId={}&accessKeyId={}", s.pool.id, key(&admin).await)),
        "POST /api/v3/create-access-key" => post(json!({ "type": "userpool" })),
        "POST /api/v3/update-access-key" => post(json!({ "accessKeyId": key(&admin).await, "enable": false })),
        "POST /api/v3/delete-access-key" => post(json!({ "accessKeyId": key(&admin).await })),
        // users
        "GET /api/v3/list-users" => get("?page=1&limit=10".into()),
        "POST /api/v3/list-users-by-keywords" => post(json!({ "keywords": "a" })),
        "POST /api/v3/list-users" => post(json!({ "keywords": "a", "options": { "pagination": { "page": 1 } } })),
        "GET /api/v3/get-user" => get(format!("?userId={}", s.user("ada").await)),
        "GET /api/v3/get-user-batch" => get(format!("?userIds={}", s.user("ada").await)),
        "POST /api/v3/create-user" => post(json!({ "username": "ada", "password": PASSWORD })),
        "POST /api/v3/create-users-batch" => post(json!({ "list": [{ "username": "ada" }, { "username": "bob" }] })),
        "POST /api/v3/update-user" => post(json!({ "userId": s.user("ada").await, "nickname": "Countess" })),
        "POST /api/v3/update-user-batch" => {
            post(json!({ "list": [{ "userId": s.user("ada").await, "nickname": "Countess" }] }))
        }
        "POST /api/v3/delete-users-batch" => post(json!({ "userIds": [s.user("ada").await] })),
        "POST /api/v3/is-user-exists" => {
            s.user("ada").await;
            post(json!({ "username": "ada" }))
        }
        "POST /api/v3/kick-users" => {
            let id = s.user("ada").await;
            s.signed_in("ada").await;
            post(json!({ "userId": id, "appIds": [s.pool.app_id] }))
        }
        // groups
        "GET /api/v3/get-group" | "GET /api/v3/list-group-members" | "GET /api/v3/get-group-authorized-resources" => {
            group(&admin).await;
            get("?code=team".into())
        }
        "GET /api/v3/list-groups" | "GET /api/v3/get-all-groups" => {
            group(&admin).await;
            get(String::new())
        }
        "POST /api/v3/create-group" | "POST /api/v3/create-or-update-group" => {
            let rule = json!([{ "field": "status", "operator": "EQUAL", "value": "Activated" }]);
            post(json!({ "code": "active", "name": "Active", "description": "", "type": "dynamic", "rule": rule }))
        }
        "POST /api/v3/create-groups-batch" => {
            post(json!({ "list": [{ "code": "team", "name": "Team", "description": "", "type": "static" }] }))
        }
        "POST /api/v3/update-group" => {
            group(&admin).await;
            post(json!({ "code": "team", "description": "who works together", "name": "Team" }))
        }
        "POST /api/v3/delete-groups-batch" => {
            group(&admin).await;
            post(json!({ "codeList": ["team"] }))
        }
        "POST /api/v3/add-group-members" | "POST /api/v3/remove-group-members" => {
            group(&admin).await;
            post(json!({ "code": "team", "userIds": [s.user("ada").await] }))
        }
        "GET /api/v3/get-user-groups" => get(format!("?userId={}", s.user("ada").await)),
        // roles
        "GET /api/v3/get-role"
        | "GET /api/v3/list-role-members"
        | "GET /api/v3/list-role-departments"
        | "GET /api/v3/get-role-authorized-resources" => {
            role(&admin).await;
            get("?code=reader&namespace=default".into())
        }
        "GET /api/v3/list-roles" => get("?page=1&limit=10".into()),
        "GET /api/v3/list-role-assignments" => {
            let ada = s.user("ada").await;
            role(&admin).await;
            let target = json!([{ "targetType": "USER", "targetIdentifier": ada }]);
            admin.post("/api/v3/assign-role", json!({ "code": "reader", "targets": target })).await.ok();
            get("?roleCode=reader".into())
        }
        "POST /api/v3/create-role" => post(json!({ "code": "reader", "name": "Readers", "disableTime": null })),
        "POST /api/v3/create-roles-batch" => post(json!({ "list": [{ "code": "reader" }, { "code": "writer" }] })),
        "POST /api/v3/update-role" => {
            role(&admin).await;
            post(json!({ "code": "reader", "newCode": "writer", "name": "Writers", "status": "ENABLE" }))
        }
        "POST /api/v3/delete-roles-batch" => {
            role(&admin).await;
            post(json!({ "codeList": ["reader"], "namespace": "default" }))
        }
        "POST /api/v3/multiple-namespace-delete-roles-batch" => {
            role(&admin).await;
            post(json!({ "roleList": [{ "code": "reader", "namespace": "default" }] }))
        }
        "POST /api/v3/check-role-params" => {
            post(json!({ "namespace": "default", "code": "reader", "name": "Readers" }))
        }
        "POST /api/v3/create-admin-role" => post(json!({ "code": "auditor", "name": "Auditors" })),
        "POST /api/v3/delete-admin-roles" => {
            admin.post("/api/v3/create-admin-role", json!({ "code": "auditor", "name": "Auditors" })).await.ok();
            post(json!({ "codeList": ["auditor"] }))
        }
        "POST /api/v3/assign-role" | "POST /api/v3/revoke-role" => {
            role(&admin).await;
            let target = json!({ "targetType": "USER", "targetIdentifier": s.user("ada").await });
            post(json!({ "code": "reader", "targets": [target] }))
        }
        "POST /api/v3/assign-role-batch" | "POST /api/v3/revoke-role-batch" => {
            role(&admin).await;
            let target = json!({ "targetType": "USER", "targetIdentifier": s.user("ada").await });
            post(json!({ "roles": [{ "code": "reader" }], "targets": [target] }))
        }
        "POST /api/v3/check-role-mutual-exclusion" => {
            role(&admin).await;
            post(json!({ "roles": [{ "code": "reader" }] }))
        }
        "GET /api/v3/get-user-roles" => get(format!("?userId={}", s.user("ada").await)),
        "POST /api/v3/has-any-role" => post(json!({ "userId": s.user("ada").await, "roles": [{ "code": "reader" }] })),
        "POST /api/v3/resign-user" => post(json!({ "userId": s.user("ada").await })),
        "POST /api/v3/resign-user-batch" => post(json!({ "userIds": [s.user("ada").await] })),
        "GET /api/v3/list-archived-users" => get("?page=1&limit=10".into()),
        "POST /api/v3/check-session-status" => post(json!({ "userId": s.user("ada").await, "appId": s.pool.app_id })),
        "GET /api/v3/get-user-login-history"
        | "GET /api/v3/get-user-loggedin-apps"
        | "GET /api/v3/get-user-accessible-apps"
        | "GET /api/v3/get-user-authorized-apps"
        | "GET /api/v3/get-user-authorized-resources"
        | "GET /api/v3/get-user-principal-authentication-info"
        | "GET /api/v3/get-user-identities"
        | "GET /api/v3/get-user-logged-in-identities"
        | "GET /api/v3/get-user-sync-relations" => get(format!("?userId={}", s.user("ada").await)),
        "POST /api/v3/reset-user-principal-authentication-info" => post(json!({ "userId": s.user("ada").await })),
        "POST /api/v3/get-user-password-ciphertext" => post(json!({ "userId": s.user("ada").await })),
        "POST /api/v3/batch-get-user-encrypt-password" => post(json!({ "userIds": [s.user("ada").await] })),
        "POST /api/v3/send-user-reset-password-email-link" => {
            let ada = json!({ "username": "ada", "email": "ada@example.com" });
            let ada = admin.post("/api/v3/create-user", ada).await.ok();
            post(json!({ "users": [{ "userId": ada["userId"] }] }))
        }
        "POST /api/v3/link-identity" => post(json!({
            "userId": s.user("ada").await, "extIdpId": "62f20932716fbcc10d966ee5", "type": "openid",
            "userIdInIdp": "ou_1", "provider": "lark",
        })),
        "POST /api/v3/unlink-identity" => {
            let link = json!({ "userId": s.user("ada").await, "extIdpId": "62f20932716fbcc10d966ee5",
                "userIdInIdp": "ou_1", "provider": "lark" });
            admin.post("/api/v3/link-identity", link.clone()).await.ok();
            post(json!({ "userId": link["userId"], "extIdpId": link["extIdpId"] }))
        }
        "POST /api/v3/delete-user-sync-relations" => post(json!({ "userId": s.user("ada").await, "provider": "lark" })),
        "POST /api/v3/users/field/decrypt" => {
            let key = RsaTransportKey::generate(RsaSize::Rsa2048).expect("a key");
            let der = data_encoding::BASE64.encode(key.to_pkcs8().expect("DER").reveal());
            let content = watchword_testkit::encrypt::rsa(key.public_pem(), "13800138000");
            post(json!({ "privateKey": der, "data": [{ "encryptedContent": content }] }))
        }
        // posts
        "GET /api/v3/list-post" => get("?page=1&limit=10".into()),
        "POST /api/v3/list-post" => post(json!({ "keywords": "dev" })),
        "GET /api/v3/get-post" => get(format!("?code={}", new_post(&admin).await["code"].as_str().expect("a code"))),
        "POST /api/v3/get-post-by-id" => post(json!({ "idList": [new_post(&admin).await["id"]] })),
        "POST /api/v3/create-post" => post(json!({ "code": "dev", "name": "Developer" })),
        "POST /api/v3/update-post" => post(json!({ "code": new_post(&admin).await["code"], "name": "Coder" })),
        "POST /api/v3/remove-post" => post(json!({ "code": new_post(&admin).await["code"] })),
        "POST /api/v3/set-user-posts" => {
            post(json!({ "userId": s.user("ada").await, "postIds": [new_post(&admin).await["id"]] }))
        }
        "POST /api/v3/user-connection-post" => {
            post(json!({ "userId": s.user("ada").await, "postId": new_post(&admin).await["id"] }))
        }
        "GET /api/v3/get-user-posts" => get(format!("?userId={}", s.user("ada").await)),
        "GET /api/v3/get-user-post" => {
            let body = json!({ "userId": s.user("ada").await, "postId": new_post(&admin).await["id"] });
            admin.post("/api/v3/user-connection-post", body.clone()).await.done();
            get(format!("?userId={}", body["userId"].as_str().expect("an id")))
        }
        // custom fields
        "GET /api/v3/get-user-base-fields" => get(String::new()),
        "GET /api/v3/list-user-base-fields" | "GET /api/v3/list-custom-fields" => {
            get("?targetType=USER&dataType=STRING".into())
        }
        "POST /api/v3/set-user-base-fields" => post(json!({ "list": [{ "key": "company", "label": "Firm" }] })),
        "GET /api/v3/get-custom-fields" => get("?targetType=USER".into()),
        "POST /api/v3/set-custom-fields" => {
            post(json!({ "list": [{ "targetType": "USER", "key": "school", "dataType": "STRING" }] }))
        }
        "POST /api/v3/delete-custom-fields" => {
            new_field(&admin).await;
            post(json!({ "list": [{ "targetType": "USER", "key": "school" }] }))
        }
        "POST /api/v3/set-custom-data" => {
            new_field(&admin).await;
            let list = json!([{ "key": "school", "value": "pku" }]);
            post(json!({ "targetType": "USER", "targetIdentifier": s.user("ada").await, "list": list }))
        }
        "GET /api/v3/get-custom-data" => get(format!("?targetType=USER&targetIdentifier={}", s.user("ada").await)),
        // who may register
        "POST /api/v3/add-whitelist" | "POST /api/v3/delete-whitelist" => {
            post(json!({ "type": "EMAIL", "list": ["ada@example.com"] }))
        }
        "POST /api/v3/add-whitelist-of-app" | "POST /api/v3/delete-whitelist-of-app" => {
            post(json!({ "appId": s.pool.app_id, "type": "EMAIL", "list": ["ada@example.com"] }))
        }
        "GET /api/v3/list-whitelist" => get("?type=EMAIL".into()),
        "GET /api/v3/list-whitelist-of-app" => get(format!("?type=EMAIL&appId={}", s.pool.app_id)),
        // import and export
        "POST /api/v3/import-users" => post(json!({ "rows": [{ "username": "ada" }] })),
        "GET /api/v3/get-import-job" | "POST /api/v3/cancel-import-job" => {
            let id = waiting_job(s, &admin).await;
            match op.method {
                "GET" => get(format!("?jobId={id}")),
                _ => post(json!({ "jobId": id })),
            }
        }
        "POST /api/v3/export-users" => {
            s.user("ada").await;
            post(json!({ "limit": 10 }))
        }
        // second factors of users
        "POST /api/v3/import-otp" => {
            let id = s.user("ada").await;
            post(json!({ "list": [{ "userId": id, "otp": { "secret": SECRET, "recoveryCode": RECOVERY_CODE } }] }))
        }
        "GET /api/v3/get-otp-secret-by-user" => get(format!("?userId={}", s.user_with_otp("ada").await)),
        "POST /api/v3/set-mfa-status" => {
            let id = s.user_with_otp("ada").await;
            post(json!({ "userId": id, "mfaTriggerData": { "totpMfaEnabled": false } }))
        }
        "GET /api/v3/get-mfa-status" => get(format!("?userId={}", s.user_with_otp("ada").await)),
        "GET /api/v3/get-user-mfa-info" => get(format!("?userId={}", s.user_with_otp("ada").await)),
        "GET /api/v3/get-mfa-trigger-data" => {
            get(format!("?userId={}&appId={}", s.user_with_otp("ada").await, s.pool.app_id))
        }
        // applications
        "POST /api/v3/create-application" => post(json!({ "appName": "Shop" })),
        "GET /api/v3/get-application"
        | "GET /api/v3/get-application-simple-info"
        | "GET /api/v3/get-application-secret" => get(format!("?appId={}", s.pool.app_id)),
        "GET /api/v3/list-application-simple-info" | "GET /api/v3/list-applications" => get("?page=1&limit=10".into()),
        "POST /api/v3/delete-application" => {
            let made = admin.post("/api/v3/create-application", json!({ "appName": "Old shop" })).await.ok();
            post(json!({ "appId": made["appId"] }))
        }
        "POST /api/v3/refresh-application-secret" => post(json!({ "appId": s.pool.app_id })),
        "POST /api/v3/update-application-mfa-settings" => {
            post(json!({ "appId": s.pool.app_id, "enabledFactors": ["OTP"], "disabledFactors": ["SMS"] }))
        }
        // security settings, public information
        "GET /api/v3/get-security-settings" => get(String::new()),
        "POST /api/v3/update-security-settings" => post(json!({ "registerDisabled": true })),
        "GET /api/v3/get-global-mfa-settings" => get(String::new()),
        "POST /api/v3/disable-global-mfa-settings" => post(json!({ "disableFactors": ["SMS"] })),
        "POST /api/v3/update-global-mfa-settings" => post(json!({ "enabledFactors": ["OTP"] })),
        "GET /api/v3/system" | "GET /api/v3/get-country-list" => call(&s.anonymous(), path(""), None),
        // sign-in and messages
        "POST /api/v3/signin" => {
            s.user("ada").await;
            let body =
                json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": PASSWORD } });
            call(&s.app(), path(""), Some(body))
        }
        "POST /api/v3/send-sms" => {
            let body =
                json!({ "phoneNumber": "13800138000", "phoneCountryCode": "+86", "channel": "CHANNEL_REGISTER" });
            call(&s.app(), path(""), Some(body))
        }
        "POST /api/v3/send-email" => {
            call(&s.app(), path(""), Some(json!({ "email": "ada@example.com", "channel": "CHANNEL_REGISTER" })))
        }
        // a user's own second factors
        "POST /api/v3/send-enroll-factor-request" => {
            s.user("ada").await;
            call(&s.signed_in("ada").await, path(""), Some(json!({ "factorType": "OTP", "profile": {} })))
        }
        "POST /api/v3/enroll-factor" => {
            s.user("ada").await;
            let user = s.signed_in("ada").await;
            let body = enrolment(s, &user).await;
            call(&user, path(""), Some(body))
        }
        "POST /api/v3/reset-factor" | "GET /api/v3/get-factor" => {
            s.user_with_otp("ada").await;
            let user = s.signed_in_with_otp("ada", SECRET).await;
            let listed = user.get("/api/v3/list-enrolled-factors").await.ok();
            let id = listed[0]["factorId"].as_str().expect("a factor").to_owned();
            match op.method {
                "GET" => call(&user, path(&format!("?factorId={id}")), None),
                _ => call(&user, path(""), Some(json!({ "factorId": id }))),
            }
        }
        "GET /api/v3/list-enrolled-factors" | "GET /api/v3/list-factors-to-enroll" => {
            s.user("ada").await;
            call(&s.signed_in("ada").await, path(""), None)
        }
        "POST /api/v3/mfa-totp-verify"
        | "POST /api/v2/mfa/totp/verify"
        | "POST /api/v2/applications/mfa/totp/verify" => {
            s.user_with_otp("ada").await;
            call(&s.waiting("ada").await, path(""), Some(json!({ "totp": s.code(SECRET, 0) })))
        }
        "POST /api/v2/mfa/totp/recovery" => {
            s.user_with_otp("ada").await;
            call(&s.waiting("ada").await, path(""), Some(json!({ "recoveryCode": RECOVERY_CODE })))
        }
        "POST /api/v2/applications/mfa/sms/verify" => {
            let phone = "13800138000";
            let body = by_message(s, "SMS", json!({ "phone": phone, "phoneCountryCode": "+86" })).await;
            call(&body.0, path(""), Some(json!({ "phone": phone, "phoneCountryCode": "+86", "code": body.1 })))
        }
        "POST /api/v2/applications/mfa/email/verify" => {
            let email = "ada@example.com";
            let body = by_message(s, "EMAIL", json!({ "email": email })).await;
            call(&body.0, path(""), Some(json!({ "email": email, "code": body.1 })))
        }
        // OpenID Connect
        "POST /oidc/token" | "POST /oauth/token" => {
            let tokens = offline(s, "ada").await;
            form(s, path(""), json!({ "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] }))
        }
        "POST /oidc/token/introspection"
        | "POST /oauth/token/introspection"
        | "POST /oidc/token/revocation"
        | "POST /oauth/token/revocation" => {
            let tokens = offline(s, "ada").await;
            form(s, path(""), json!({ "token": tokens["access_token"] }))
        }
        "POST /oidc/request" => form(s, path(""), json!({ "response_type": "code", "scope": "openid" })),
        "POST /oidc/device_authorization" => {
            let app = crate::grant::app(s, json!({ "grant_types": [crate::grant::DEVICE] })).await;
            let body = json!({ "client_id": app.id, "client_secret": app.secret, "scope": "openid" });
            Call { form: true, ..call(&s.anonymous(), path(""), Some(body)) }
        }
        "GET /api/v3/get-device-authorization" | "POST /api/v3/decide-device-authorization" => {
            let app = crate::grant::app(s, json!({ "grant_types": [crate::grant::DEVICE] })).await;
            let begun = app.post(s, "/oidc/device_authorization", &[]).await.body;
            let code = begun["user_code"].as_str().expect("a code").to_owned();
            let user = s.signed_in_as("ada").await.0;
            match op.method {
                "GET" => call(&user, path(&format!("?userCode={code}")), None),
                _ => call(&user, path(""), Some(json!({ "userCode": code, "approve": true }))),
            }
        }
        "POST /oidc/register" => {
            crate::grant::register::allow(s).await;
            post(crate::grant::register::metadata())
        }
        "GET /oidc/register/{client_id}" | "PUT /oidc/register/{client_id}" | "DELETE /oidc/register/{client_id}" => {
            crate::grant::register::allow(s).await;
            let made = admin.post("/oidc/register", crate::grant::register::metadata()).await.body;
            let own = s.anonymous().bearer(made["registration_access_token"].as_str().expect("a token"));
            let path = op.path.replace("{client_id}", made["client_id"].as_str().expect("an id"));
            call(&own, path, (op.method == "PUT").then(crate::grant::register::metadata))
        }
        "GET /oidc/me" | "POST /oidc/me" | "GET /oauth/me" | "POST /oauth/me" => {
            call(&s.signed_in_as("ada").await.0, path(""), None)
        }
        "GET /api/v2/oidc/validate_token" => {
            let token = s.signed_in_as("ada").await.1;
            call(&s.anonymous(), path(&format!("?access_token={token}")), None)
        }
        "POST /api/v2/oidc/validate_pem_key" => call(&s.anonymous(), path(""), Some(json!({ "key": "none" }))),
        "GET /oidc/.well-known/openid-configuration"
        | "GET /oidc/.well-known/jwks.json"
        | "GET /.well-known/oauth-authorization-server"
        | "GET /.well-known/oauth-authorization-server/oidc"
        | "GET /.well-known/oauth-protected-resource" => call(&s.anonymous(), path(""), None),
        "GET /{appId}/oidc/.well-known/jwks.json" | "GET /{appId}/oidc/.well-known/openid-configuration" => {
            call(&s.anonymous(), op.path.replace("{appId}", &s.pool.app_id), None)
        }
        "POST /mfa/token/introspection" => {
            s.user_with_otp("ada").await;
            let token = s.sign_in("ada").await.refused(300)["data"]["mfaToken"].clone();
            Call { form: true, ..call(&s.anonymous(), path(""), Some(json!({ "token": token }))) }
        }
        other => panic!(
            "no example of {other}: add an arm to `valid` in tests/src/sweep/examples.rs that makes what the operation \
             needs and answers a call that succeeds"
        ),
    }
}

/// Tokens of a new user, a refresh token among them.
pub async fn offline(s: &Server, username: &str) -> Value {
    s.user(username).await;
    let payload = json!({ "username": username, "password": PASSWORD });
    s.sign_in_with(username, payload, "openid profile offline_access").await.ok()
}

/// Begins the enrolment of an authenticator and answers the body that finishes it.
pub async fn enrolment(s: &Server, user: &Client) -> Value {
    let begin = json!({ "factorType": "OTP", "profile": {} });
    let started = user.post("/api/v3/send-enroll-factor-request", begin).await.ok();
    let uri = started["otpData"]["qrCodeUri"].as_str().expect("a URI");
    let secret = uri.split(['?', '&']).find_map(|part| part.strip_prefix("secret=")).expect("a secret");
    json!({ "factorType": "OTP", "enrollmentToken": started["enrollmentToken"],
        "enrollmentData": { "passCode": s.code(secret, 0) } })
}

async fn new_post(admin: &Client) -> Value {
    admin.post("/api/v3/create-post", json!({ "code": "dev", "name": "Developer" })).await.ok()
}

async fn new_field(admin: &Client) {
    let list = json!([{ "targetType": "USER", "key": "school", "dataType": "STRING" }]);
    admin.post("/api/v3/set-custom-fields", json!({ "list": list })).await.ok();
}

async fn group(admin: &Client) {
    let body = json!({ "code": "team", "name": "Team", "description": "", "type": "static" });
    admin.post("/api/v3/create-group", body).await.ok();
}

async fn role(admin: &Client) {
    admin.post("/api/v3/create-role", json!({ "code": "reader", "name": "Readers" })).await.ok();
}

/// An import that nobody goes on with.
async fn waiting_job(s: &Server, admin: &Client) -> String {
    s.kill_worker();
    while !s.worker_is_dead() {
        tokio::task::yield_now().await;
    }
    let begun = admin.post("/api/v3/import-users", json!({ "rows": [{ "username": "bob" }] })).await.ok();
    begun["jobId"].as_str().expect("an id").to_owned()
}

async fn key(admin: &Client) -> String {
    let made = admin.post("/api/v3/create-access-key", json!({ "type": "userpool" })).await.ok();
    made[0]["accessKeyId"].as_str().expect("an id").to_owned()
}

/// A user with this factor bound who waits for the second factor, and the code that was sent.
pub async fn by_message(s: &Server, kind: &str, target: Value) -> (Client, String) {
    let id = s.user("ada").await;
    let admin = s.admin().await;
    let (members, path, mut ask) = if kind == "SMS" {
        let members = json!({ "mfaPhone": target["phone"], "mfaPhoneCountryCode": target["phoneCountryCode"] });
        let ask = json!({ "phoneNumber": target["phone"], "phoneCountryCode": target["phoneCountryCode"] });
        (members, "/api/v3/send-sms", ask)
    } else {
        (json!({ "mfaEmail": target["email"] }), "/api/v3/send-email", json!({ "email": target["email"] }))
    };
    admin.post("/api/v3/set-mfa-status", json!({ "userId": id, "mfaTriggerData": members })).await.ok();
    admin.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": [kind] })).await.ok();
    let waiting = s.waiting("ada").await;
    ask["channel"] = json!("CHANNEL_VERIFY_MFA");
    waiting.post(path, ask).await.ok();
    (waiting, s.newest_code().await)
}
